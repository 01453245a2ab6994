"""Links of parts to heads, on gold spans and end to end: the model's linker beside the rule of the nearest head.

    python eval/links.py data/khabar-news/test.marked --model models/khabar-compact --out eval/results/links-khabar-news

A link is right when both spans and their labels are and they belong together in gold. Intervals: 95%, bootstrap over
documents.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from khabar.config import Source
from khabar.corpus import read_corpus
from khabar.documents import Document
from khabar.faults import FaultLog, KhabarError
from khabar.formats.lines import whole_file
from khabar.scoring import bootstrap, link_set, score_of
from khabar.tagger import Linking, Tagger

LINKINGS: tuple[Linking, ...] = ("learned", "nearest")


def measure(gold: Sequence[Document], found: Sequence[Document]) -> dict[str, Any]:
    """Precision, recall, F1 and interval over all links, and F1 by the part's label."""
    table = np.zeros((len(gold), 1, 3), dtype=np.int64)
    by_label: dict[str, Counter[str]] = {}
    for i, (g, p) in enumerate(zip(gold, found, strict=True)):
        left, right = link_set(g), link_set(p)
        table[i, 0] = len(left & right), len(right), len(left)
        for name, links in (("correct", left & right), ("predicted", right), ("gold", left)):
            for link in links:
                by_label.setdefault(link[5], Counter())[name] += 1
    total = score_of(*table.sum(axis=(0, 1)))
    interval = bootstrap(table)
    labels = {n: score_of(c["correct"], c["predicted"], c["gold"]) for n, c in sorted(by_label.items())}
    return {
        "precision": total.precision,
        "recall": total.recall,
        "f1": total.f1,
        "interval": [interval.low, interval.high],
        "links": total.gold,
        "labels": {n: {"f1": s.f1, "gold": s.gold} for n, s in labels.items()},
    }


def _cell(value: dict[str, Any]) -> str:
    text = f"{100 * value['f1']:.1f}"
    if "interval" in value:
        text += f" [{100 * value['interval'][0]:.1f} – {100 * value['interval'][1]:.1f}]"
    return text


def main(
    gold: Annotated[Path, typer.Argument(help="Annotated file or folder.")],
    model: Annotated[str | None, typer.Option(help="Model; none: the one that ships.")] = None,
    ids: Annotated[str | None, typer.Option(help="File of document ids to take; none: all.")] = None,
    out: Annotated[Path | None, typer.Option(help="Path of the results without suffix.")] = None,
) -> None:
    """Print both linkers' scores on gold spans and end to end."""
    log = FaultLog()
    try:
        corpus = read_corpus(Source(path=str(gold), ids=ids), Tagger.from_pretrained(model).scheme, log)
        log.raise_errors()
        documents = list(corpus.documents)
        found: dict[str, Any] = {}
        for linking in LINKINGS:
            tagger = Tagger.from_pretrained(model, linking=linking)
            found[linking] = {
                "gold spans": measure(documents, tagger.link(documents)),
                "end to end": measure(documents, tagger.tag_documents(documents)),
            }
    except KhabarError as error:
        raise typer.BadParameter(str(error)) from error
    columns = [(linking, spans) for spans in ("gold spans", "end to end") for linking in LINKINGS]
    rows = [("all", [found[a][b] for a, b in columns])]
    for label in found["learned"]["gold spans"]["labels"]:
        rows.append((label, [found[a][b]["labels"].get(label, {"f1": 0.0}) for a, b in columns]))
    lines = [f"# Links: {gold.name}, {len(documents)} documents", ""]
    lines += ["F1 in percent [95% interval over documents].", ""]
    lines += ["| part | in gold | " + " | ".join(f"{a}, {b}" for a, b in columns) + " |", "| --- |" + " ---: |" * 5]
    table = Table(title=f"{gold.name}: F1 of links", title_justify="left")
    for column in ("part", "gold", *(f"{a}, {b}" for a, b in columns)):
        table.add_column(column, justify="left" if column == "part" else "right")
    for name, cells in rows:
        shown = [_cell(c) for c in cells]
        n = str(cells[0].get("links", cells[0].get("gold", "")))
        table.add_row(name, n, *shown)
        lines.append(f"| {name} | {n} | " + " | ".join(shown) + " |")
    Console(highlight=False, width=140).print(table)
    if out is not None:
        with whole_file(out.with_suffix(".json")) as file:
            json.dump({"gold": gold.name, "ids": ids, "documents": len(documents), **found}, file, indent=1)
            file.write("\n")
        with whole_file(out.with_suffix(".md")) as file:
            file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    typer.run(main)
