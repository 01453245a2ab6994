r"""Claims against gold: values on gold spans and end to end, full claims, statuses; every wrong value with its text.

    python eval/claims.py data/khabar-news/test.marked --values eval/values/khabar-news-test.jsonl \
        --out eval/results/claims-khabar-news

`--values` has the value of every gold head, as people read it: `{"id", "values": [{"low", "high", "flags"?}]}`, in the
order of the claims. Measures, each with a 95% interval (bootstrap over documents):

- *value, gold spans*: share of gold heads whose text `khabar.numerals` reads as the gold value.
- *value, end to end*: F1 of (head, value): the head's offsets and label are right, and so is the value.
- *full claim, end to end*: F1 of claims whose head and value are right, whose unit and operator are those of the gold
  spans, and that share a SUBJECT or a PROPERTY span with gold, where gold has any.
- *status, gold spans*: of the claims that the article's header calls planned, forecast or negated, and of those that
  the rule of cues calls so: F1.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from khabar.claims import NumericClaim, numeric_claims
from khabar.config import Source
from khabar.corpus import read_corpus
from khabar.documents import Document
from khabar.faults import FaultLog, KhabarError
from khabar.formats.lines import whole_file
from khabar.scheme import Scheme
from khabar.scoring import bootstrap, score_of
from khabar.tagger import Tagger

Ends = tuple[Fraction, Fraction]
Gold = dict[int, Ends]
STATUSES = ("planned", "forecast", "negated")


def read_values(path: Path) -> dict[str, list[Ends]]:
    """Gold values by document, in the order of its claims."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {r["id"]: [(Fraction(v["low"]), Fraction(v["high"])) for v in r["values"]] for r in rows}


def ends(claim: NumericClaim) -> Ends | None:
    """The value as the head alone gives it, without the sign that a unit below zero adds."""
    if claim.value is None:
        return None
    low, high = Fraction(claim.value.low), Fraction(claim.value.high)
    if claim.unit is not None and "below_zero" in claim.unit.flags and high <= 0:
        low, high = -high, -low
    return low, high


def head_of(claim: NumericClaim) -> tuple[int, int, str]:
    return claim.head.start, claim.head.end, claim.head.label


def unit_of(claim: NumericClaim) -> tuple[str | None, ...]:
    return () if claim.unit is None else (claim.unit.kind, claim.unit.code or claim.unit.key)


def shares_part(gold: NumericClaim, found: NumericClaim) -> bool:
    """Whether a SUBJECT or PROPERTY is the same, or gold has neither."""
    own, other = ({(p.start, p.end, p.label) for p in (*c.of("SUBJECT"), *c.of("PROPERTY"))} for c in (gold, found))
    return not own or bool(own & other)


def figure(table: np.ndarray) -> dict[str, Any]:
    """F1 of [documents, 1, 3] counts of correct, predicted, gold."""
    total, interval = score_of(*table.sum(axis=(0, 1))), bootstrap(table)
    return {
        "precision": total.precision,
        "recall": total.recall,
        "f1": total.f1,
        "interval": [interval.low, interval.high],
        "gold": total.gold,
    }


def measure(
    gold: Sequence[Document], found: Sequence[Document], values: dict[str, list[Ends]], scheme: Scheme
) -> dict[str, Any]:
    """All measures. Raises KhabarError when the values do not fit the claims."""
    n = len(gold)
    on_gold, value, full = (np.zeros((n, 1, 3), dtype=np.int64) for _ in range(3))
    status = {name: np.zeros((n, 1, 3), dtype=np.int64) for name in STATUSES}
    misses = []
    for d, (g, p) in enumerate(zip(gold, found, strict=True)):
        claims = numeric_claims(g, scheme)
        wanted = values.get(g.id, [])
        if len(wanted) != len(claims):
            raise KhabarError(f"{g.id}: {len(claims)} claims but {len(wanted)} values. Remedy: bring them in step.")
        for claim, want in zip(claims, wanted, strict=True):
            right = ends(claim) == want
            on_gold[d, 0] += (right, 1, 1)
            if not right:
                got = None if claim.value is None else [str(claim.value.low), str(claim.value.high), *claim.flags]
                at = [g.id, claim.head.start, claim.head.end]
                misses.append({"at": at, "gold": [str(want[0]), str(want[1])], "read as": got})
            for name in STATUSES if "date" in g.meta else ():
                said = str(claim.number) in str(g.meta.get(name, "")).split(",")
                heard = name in claim.status
                status[name][d, 0] += (said and heard, heard, said)
        by_head = {head_of(c): (c, want) for c, want in zip(claims, wanted, strict=True)}
        predicted = numeric_claims(p, scheme)
        value[d, 0, 1:] = full[d, 0, 1:] = len(predicted), len(claims)
        for claim in predicted:
            if head_of(claim) not in by_head:
                continue
            match, want = by_head[head_of(claim)]
            if ends(claim) != want:
                continue
            value[d, 0, 0] += 1
            same = unit_of(claim) == unit_of(match) and claim.operator == match.operator
            full[d, 0, 0] += same and shares_part(match, claim)
    found_figures = {
        "value, gold spans": figure(on_gold),
        "value, end to end": figure(value),
        "full claim, end to end": figure(full),
    }
    if any(table.any() for table in status.values()):
        found_figures |= {f"status {name}, gold spans": figure(table) for name, table in status.items()}
    return {"measures": found_figures, "wrong values": misses}


def main(
    gold: Annotated[Path, typer.Argument(help="Annotated file or folder.")],
    values: Annotated[Path, typer.Option(help="Gold values of its heads.")],
    model: Annotated[str | None, typer.Option(help="Model; none: the one that ships.")] = None,
    ids: Annotated[str | None, typer.Option(help="File of document ids to take; none: all.")] = None,
    out: Annotated[Path | None, typer.Option(help="Path of the results without suffix.")] = None,
) -> None:
    """Print the measures; write them and every wrong value to OUT.json and OUT.md."""
    log = FaultLog()
    try:
        tagger = Tagger.from_pretrained(model)
        documents = list(read_corpus(Source(path=str(gold), ids=ids), tagger.scheme, log).documents)
        log.raise_errors()
        found = measure(documents, tagger.tag_documents(documents), read_values(values), tagger.scheme)
    except KhabarError as error:
        raise typer.BadParameter(str(error)) from error
    lines = [f"# Claims: {gold.name}, {len(documents)} documents", ""]
    lines += ["Percent [95% interval over documents].", "", "| measure | F1 | precision | recall | in gold |"]
    lines += ["| --- | ---: | ---: | ---: | ---: |"]
    for name, row in found["measures"].items():
        low, high = (100 * x for x in row["interval"])
        rest = f"{100 * row['precision']:.1f} | {100 * row['recall']:.1f} | {row['gold']}"
        lines.append(f"| {name} | {100 * row['f1']:.1f} [{low:.1f} – {high:.1f}] | {rest} |")
    lines += ["", f"Wrong values on gold spans: {len(found['wrong values'])}", ""]
    lines += [f"- {m['at']}: gold {m['gold']}, read as {m['read as']}" for m in found["wrong values"]]
    text = "\n".join(lines) + "\n"
    typer.echo(text)
    if out is not None:
        with whole_file(out.with_suffix(".json")) as file:
            json.dump({"gold": gold.name, "ids": ids, **found}, file, ensure_ascii=False, indent=1)
            file.write("\n")
        with whole_file(out.with_suffix(".md")) as file:
            file.write(text)


if __name__ == "__main__":
    typer.run(main)
