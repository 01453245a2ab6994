"""Gathers the scores of finished runs into one table and one JSON file of `eval/results/`.

    python eval/collect.py runs/anercorp --out eval/results/anercorp --published eval/published/anercorp.yaml

Every run is a folder that `train.py` filled, of one seed or several. For each test corpus and layer the table has the
mean and deviation over seeds of strict (seqeval strict IOB2) and lenient (seqeval's default mode) micro-F1, and the 95%
bootstrap interval over documents: the mean of the seeds' limits.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from khabar.config import load_config
from khabar.faults import KhabarError
from khabar.formats.lines import whole_file
from khabar.scoring import mean_and_deviation

Row = dict[str, Any]
READINGS = {"strict": "strict", "default": "lenient"}


def seeds_of(run: Path) -> list[dict[str, Any]]:
    """The scores of each seed of a run. Raises KhabarError for a run that is not finished."""
    folders = sorted(run.glob("seed-*"), key=lambda p: int(p.name.split("-")[1])) or [run]
    try:
        return [json.loads((folder / "scores.json").read_text(encoding="utf-8")) for folder in folders]
    except OSError as error:
        raise KhabarError(f"{run}: {error}. Remedy: finish the run (train.py --resume), with data.test.") from error


def rows_of(run: Path) -> list[Row]:
    """One row a test corpus and layer."""
    seeds = seeds_of(run)
    config = load_config(run / "config.yaml")
    corpora = [s.get("corpora") or {config.data.test[0].path: s["test"]} for s in seeds]
    rows = []
    for corpus, first in corpora[0].items():
        for layer in first["layers"]:
            found = [c[corpus]["layers"][layer] for c in corpora]
            row: Row = {"run": run.name, "corpus": corpus, "layer": layer, "seeds": [s["seed"] for s in seeds]}
            for reading, name in READINGS.items():
                row[name] = mean_and_deviation([f[reading]["micro"]["f1"] for f in found])
                limits = [f[reading]["interval"] for f in found]
                row[name]["interval"] = [sum(i[end] for i in limits) / len(limits) for end in ("low", "high")]
            row["macro"] = mean_and_deviation([f["strict"]["macro_f1"] for f in found])
            labels = {label for f in found for label in f["strict"]["labels"]}
            row["labels"] = {
                label: mean_and_deviation(
                    [f["strict"]["labels"][label]["f1"] if label in f["strict"]["labels"] else 0.0 for f in found]
                )
                | {"gold": next(f["strict"]["labels"][label]["gold"] for f in found if label in f["strict"]["labels"])}
                for label in sorted(labels)
            }
            rows.append(row)
        if (links := [c[corpus]["links"] for c in corpora if c[corpus]["links"]]) and len(links) == len(corpora):
            rows[-1]["links"] = mean_and_deviation([link["f1"] for link in links])
    return rows


def _cell(value: dict[str, Any]) -> str:
    text = f"{100 * value['mean']:.1f}"
    if value["deviation"] is not None:
        text += f" ± {100 * value['deviation']:.1f}"
    if interval := value.get("interval"):
        text += f" [{100 * interval[0]:.1f} – {100 * interval[1]:.1f}]"
    return text


def to_markdown(rows: list[Row], title: str, command: str, published: list[dict[str, Any]], labels: bool) -> str:
    """The table for people."""
    lines = [f"# {title}", "", f"`{command}`", ""]
    lines += ["| run | test corpus | layer | seeds | strict F1 | lenient F1 | macro (strict) | links |"]
    lines += ["| --- | --- | --- | ---: | --- | --- | --- | --- |"]
    for row in rows:
        cells = [row["run"], row["corpus"], row["layer"], str(len(row["seeds"]))]
        cells += [_cell(row[key]) for key in ("strict", "lenient", "macro")]
        cells.append(_cell(row["links"]) if "links" in row else "")
        lines.append("| " + " | ".join(cells) + " |")
    lines += [
        "",
        "F1 in percent: mean ± sample deviation over seeds [95% bootstrap interval over documents, mean over",
    ]
    lines += ["seeds]. Strict: seqeval with strict IOB2; lenient: its default mode, which most papers report."]
    if published:
        lines += ["", "Published, same split:", "", "| model | F1 (lenient) | parameters | source |"]
        lines += ["| --- | ---: | ---: | --- |"]
        lines += [f"| {p['model']} | {p['f1']} | {p['parameters']} | {p['source']} |" for p in published]
    if labels:
        names = sorted({label for row in rows for label in row["labels"]})
        lines += ["", "Strict F1 a label (mean over seeds; gold spans in brackets):", ""]
        lines += ["| run | test corpus | " + " | ".join(names) + " |", "| --- | --- |" + " --- |" * len(names)]
        merged: dict[tuple[str, str], dict[str, Any]] = {}
        for row in rows:
            merged.setdefault((row["run"], row["corpus"]), {}).update(row["labels"])
        for (run, corpus), found in merged.items():
            cells = [f"{100 * found[n]['mean']:.1f} ({found[n]['gold']})" if n in found else "" for n in names]
            lines.append(f"| {run} | {corpus} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main(
    runs: Annotated[list[Path], typer.Argument(help="Folders of finished runs.")],
    out: Annotated[Path, typer.Option(help="Path of the results without suffix; .json and .md are written.")],
    title: Annotated[str | None, typer.Option(help="Heading of the table; none: the file's name.")] = None,
    command: Annotated[str, typer.Option(help="The command that makes the runs and this table.")] = "",
    published: Annotated[Path | None, typer.Option(help="YAML list of published figures to set beside.")] = None,
    labels: Annotated[bool, typer.Option("--labels", help="Add a table of F1 a label.")] = False,
) -> None:
    """Gather the scores of runs into OUT.json and OUT.md."""
    try:
        rows = [row for run in runs for row in rows_of(run)]
    except KhabarError as error:
        raise typer.BadParameter(str(error)) from error
    beside = yaml.safe_load(published.read_text(encoding="utf-8")) if published else []
    with whole_file(out.with_suffix(".json")) as file:
        json.dump({"rows": rows, "published": beside}, file, ensure_ascii=False, indent=1)
        file.write("\n")
    text = to_markdown(rows, title or out.name, command, beside, labels)
    with whole_file(out.with_suffix(".md")) as file:
        file.write(text)
    typer.echo(text)


if __name__ == "__main__":
    typer.run(main)
