r"""Agreement of two annotators over the same documents.

    python eval/agreement.py eval/annotators/first.marked eval/annotators/second.marked \
        --final data/khabar-news --out eval/results/agreement.json

Documents are paired by id; their texts must be the same. Per label and layer: F1 of exact spans (which for spans is the
same whoever is taken as gold; Hripcsak & Rothschild 2005) and Cohen's kappa (1960) over the BIO tags of atoms. For
links: F1 of (part, head) pairs over all spans, and over the pairs whose two spans both annotators marked.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from khabar.config import Source
from khabar.corpus import read_corpus
from khabar.documents import Document
from khabar.faults import FaultLog, KhabarError
from khabar.formats.lines import whole_file
from khabar.labels import codecs
from khabar.scheme import DEFAULT_SCHEME
from khabar.scoring import link_set, score, score_of, tag_pairs


def read(path: Path) -> dict[str, Document]:
    log = FaultLog()
    corpus = read_corpus(Source(path=str(path)), DEFAULT_SCHEME, log)
    log.raise_errors()
    return {d.id: d for d in corpus.documents}


def kappa(a: list[str], b: list[str]) -> float:
    """Cohen's kappa of two tag sequences; 1.0 where both use one and the same tag throughout."""
    n = len(a)
    observed = sum(x == y for x, y in zip(a, b, strict=True)) / n
    left, right = Counter(a), Counter(b)
    expected = sum(left[t] * right[t] for t in left) / n**2
    return 1.0 if expected == 1 else (observed - expected) / (1 - expected)


def shared_links(a: Document, b: Document) -> tuple[int, int, int]:
    """Links in both, in a and in b, among those whose two spans both have."""
    both = {(s.start, s.end, s.label) for s in a.spans} & {(s.start, s.end, s.label) for s in b.spans}
    left, right = ({link for link in link_set(d) if link[:3] in both and link[3:] in both} for d in (a, b))
    return len(left & right), len(left), len(right)


def compare(first: dict[str, Document], second: dict[str, Document]) -> dict[str, Any]:
    """All figures. Raises KhabarError if no document is in both, or a text differs."""
    ids = [name for name in first if name in second]
    if not ids:
        raise KhabarError("the two have no document in common. Remedy: pair files with the same ids.")
    a, b = [first[i] for i in ids], [second[i] for i in ids]
    scores = score(a, b, DEFAULT_SCHEME, DEFAULT_SCHEME.layers)
    layers = {}
    for layer, codec in codecs(DEFAULT_SCHEME).items():
        pairs = tag_pairs(a, b, codec)
        tags = [t for p in pairs for t in p.gold], [t for p in pairs for t in p.predicted]
        strict = scores.layers[layer].strict
        layers[layer] = {
            "kappa": kappa(*tags),
            "f1": strict.micro.f1,
            "labels": {n: {"f1": s.f1, "first": s.gold, "second": s.predicted} for n, s in strict.labels.items()},
        }
    totals = [sum(column) for column in zip(*(shared_links(x, y) for x, y in zip(a, b, strict=True)), strict=True)]
    return {
        "documents": len(ids),
        "words": sum(len(d.text.split()) for d in a),
        "layers": layers,
        "links": {
            "f1": scores.links.f1 if scores.links else 0.0,
            "f1_on_shared_spans": score_of(totals[0], totals[2], totals[1]).f1,
        },
    }


def settled(first: dict[str, Document], second: dict[str, Document], final: dict[str, Document]) -> dict[str, Any]:
    """What adjudication made of the spans that one annotator alone had."""
    found: dict[str, Any] = {}
    for name, own, other in (("first", first, second), ("second", second, first)):
        alone: Counter[str] = Counter()
        kept: Counter[str] = Counter()
        for i in set(own) & set(other) & set(final):
            theirs, last = set(other[i].spans), set(final[i].spans)
            for span in set(own[i].spans) - theirs:
                alone[span.label] += 1
                kept[span.label] += span in last
        found[name] = {"alone": alone.total(), "kept": kept.total(), "labels": dict(alone.most_common())}
    return found


def main(
    first: Annotated[Path, typer.Argument(help="Annotations of the first annotator.")],
    second: Annotated[Path, typer.Argument(help="Those of the second, of the same documents or some of them.")],
    final: Annotated[
        Path | None, typer.Option(help="The adjudicated documents, to count what was settled how.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="JSON file to write.")] = None,
) -> None:
    """Print the agreement of two annotators."""
    try:
        found = compare(read(first), read(second))
        if final is not None:
            found["adjudication"] = settled(read(first), read(second), read(final))
    except KhabarError as error:
        raise typer.BadParameter(str(error)) from error
    console = Console(highlight=False, width=100)
    table = Table(title=f"{found['documents']} documents, {found['words']:,} words", title_justify="left")
    for column in ("layer", "label", "F1 of exact spans", "first", "second", "kappa over atoms"):
        table.add_column(column, justify="left" if column in ("layer", "label") else "right")
    for layer, row in found["layers"].items():
        for label, one in row["labels"].items():
            table.add_row(layer, label, f"{100 * one['f1']:.1f}", str(one["first"]), str(one["second"]), "")
        table.add_row(layer, "all", f"{100 * row['f1']:.1f}", "", "", f"{row['kappa']:.3f}", end_section=True)
    console.print(table)
    links = found["links"]
    console.print(
        f"links: F1 {100 * links['f1']:.1f}; {100 * links['f1_on_shared_spans']:.1f} where both marked both spans"
    )
    for name, row in found.get("adjudication", {}).items():
        most = ", ".join(f"{label} {n}" for label, n in list(row["labels"].items())[:4])
        console.print(f"spans that the {name} annotator alone had: {row['alone']}, kept {row['kept']} ({most} …)")
    if out is not None:
        with whole_file(out) as file:
            json.dump(found, file, ensure_ascii=False, indent=1)
            file.write("\n")


if __name__ == "__main__":
    typer.run(main)
