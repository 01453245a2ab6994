"""Round trips of generated documents through every format: how many come back otherwise than they should.

    python eval/fuzz_formats.py --documents 10000 --seed 1

The documents hold what makes offsets go wrong: Arabic with and without marks, emoji and other characters beyond U+FFFF,
clusters of several code points, direction marks, every kind of white space, nested meta, confidences, spans of both
layers at one place, heads without claims. Each is written, read again and compared with what the format should give
back: the document itself, less what its writer said that the format can't hold. A document that a format can't hold at
all must be refused. Prints a table and writes it to eval/results/formats.json and .md.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import regex
import typer

from khabar.corpus import find_files
from khabar.documents import Claim, Document, Span, sort_spans
from khabar.faults import FaultLog, KhabarError
from khabar.formats import FORMATS, write_documents
from khabar.formats.lines import whole_file
from khabar.scheme import DEFAULT_SCHEME as SCHEME
from khabar.text import atoms

WORDS = [
    *("حلب", "وقالت", "إنَّ", "مُحَمَّدٌ", "بـ100", "1,200", "٪", "٣٫٥", "60-70", "لا", "ﷺ", "ﻻ", "الـ15", "شخصين"),
    *("😀", "😀😀", "👨‍👩‍👧‍👦", "👍🏽", "🇩🇿🇹🇳", "❤️", "𝟙𝒜", "𓀀𓂀", "𠀀", "𞤀"),
    *("a\u0301", "e\u0301\u0327", "\u0600١٢", "نص\u0651\u0670", "ا\u0653", "\u0301", "क्षि", "각"),
    *("\u200f", "\u202bنص\u202c", "\u2066x\u2069", "\u061c", "ن\u200cن", "\ufeff", "\u200d"),
    *("،،،", "؟!", "...", "ههه", "<b>", "&amp;", "]]>", '"', "'", "\\", "\\n", "%20", "⟦", "=", "{}", "#", "a/b"),
]
GAPS = [" "] * 12 + ["", "", "\n", "\n", "  ", "\t", "\u00a0", "\u202f", "\r\n", "\r", "\u2028", "\x85", " \n ", "\n\n"]
CONTROLS = ["\x0b", "\x0c", "\x1c", "\x07", "\x1b"]
RANGES = [(0x21, 0x7E), (0x600, 0x6FF), (0x750, 0x77F), (0xFE70, 0xFEFC), (0x300, 0x36F), (0x1F300, 0x1FAFF)]


def _text(rng: random.Random) -> str:
    pieces = [rng.choice(GAPS) if rng.random() < 0.05 else ""]
    for _ in range(rng.randint(1, 14)):
        if rng.random() < 0.15:
            low, high = rng.choice(RANGES)
            pieces.append("".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 4))))
        else:
            pieces.append(rng.choice(WORDS))
        pieces.append(rng.choice(CONTROLS) if rng.random() < 0.002 else rng.choice(GAPS))
    if rng.random() < 0.9:
        pieces.pop()
    return "".join(pieces)


def _meta(rng: random.Random) -> dict[str, Any]:
    kind = rng.random()
    if kind < 0.4:
        return {}
    if kind < 0.7:
        return {"date": f"2024-{rng.randint(1, 12):02}-01", "desk": "اقتصاد"}
    return {
        "url": "https://example.org/a?b=1&c=<د>",
        "n": rng.randint(-(2**70), 2**70),
        "tree": {"a": [1, None, True, {"ب": 0.1 + rng.random()}], "": "😀\n\t\u2028"},
        "meta": rng.choice([None, [], "نص", {"text": 1}]),
    }


def _id(rng: random.Random, n: int) -> str:
    return rng.choice(["doc-{}", "أخبار/{}", "a:{} b", ".{}.x", "{}%20", 'q"{}?', "{}.", "😀{}"]).format(n)


def make_document(rng: random.Random, n: int) -> Document:
    """A valid document."""
    text = _text(rng)
    while not (cut := atoms(text)):
        text = _text(rng)
    scored = rng.choice([0.0, 0.0, 0.5, 1.0])
    spans: list[Span] = []
    for labels in SCHEME.layers.values():
        at = 0
        while at < len(cut):
            length = rng.choice([0, 0, 1, 1, 2, 3])
            if length and at + length <= len(cut):
                score = rng.random() if rng.random() < scored else None
                spans.append(Span(cut[at].start, cut[at + length - 1].end, rng.choice(labels), score))
            at += max(length, 1)
    parts = [i for i, s in enumerate(spans) if s.label in SCHEME.parts]
    # Most corpora link all heads, some none; a part may serve several heads.
    linked = rng.choice([1.0] * 6 + [0.0, 0.5])
    claims = [
        Claim(i, tuple(sorted(rng.sample(parts, rng.randint(0, min(3, len(parts)))))))
        for i, s in enumerate(spans)
        if s.label in SCHEME.heads and rng.random() < linked
    ]
    ordered, moved = sort_spans(spans, claims)
    return Document(_id(rng, n), text, ordered, moved, _meta(rng))


ALONE = "span(s) without the claim that markup reads a fault without"
Losses = Counter[str]
# The document that should come back, or None where the format has to refuse it.
Expected = Callable[[Document, Losses], Document | None]


def _same(document: Document, losses: Losses) -> Document:
    return document


def _keep(document: Document, kept: list[int]) -> Document:
    """The document with some of its spans; a claim goes with its head."""
    index = {old: new for new, old in enumerate(kept)}
    claims = [
        Claim(index[c.head], tuple(index[p] for p in c.parts if p in index)) for c in document.claims if c.head in index
    ]
    return replace(document, spans=tuple(document.spans[i] for i in kept), claims=tuple(claims))


def _unscored(document: Document) -> Document:
    return replace(document, spans=tuple(replace(s, score=None) for s in document.spans))


def _every_head_claims(document: Document) -> Document:
    heads = {c.head for c in document.claims}
    bare = [Claim(i) for i, s in enumerate(document.spans) if s.label in SCHEME.heads and i not in heads]
    return replace(document, claims=tuple(sorted([*document.claims, *bare], key=lambda c: c.head)))


def _jsonl(document: Document, losses: Losses) -> Document:
    given = [s.score for s in document.spans if s.score is not None]
    rounded = sum(score != round(score, 4) for score in given)
    losses["confidence(s) that Khabar JSONL can't hold but to four places"] += rounded
    spans = tuple(replace(s, score=None if s.score is None else round(s.score, 4)) for s in document.spans)
    return replace(document, spans=spans)


def _markup(document: Document, losses: Losses) -> Document | None:
    lines = document.text.split("\n")
    crossing = any(a.start < b.start < a.end < b.end for a in document.spans for b in document.spans)
    odd_meta = any(not isinstance(v, str) for v in document.meta.values())
    odd_id = bool(document.meta) and document.id.split() != [document.id] and "=" in document.id
    if crossing or odd_meta or odd_id or "⟦" in document.text or not lines[0].strip():
        return None
    if any(line.endswith("\r") or regex.fullmatch(r"=== \S.*", line) for line in lines):
        return None
    losses["confidence(s) that markup can't hold"] += sum(s.score is not None for s in document.spans)
    losses["document(s) with empty lines at the end that markup can't hold"] += not lines[-1].strip()
    linked = {i for c in document.claims for i in (c.head, *c.parts)}
    needing = {*SCHEME.heads, *SCHEME.parts} - {*SCHEME.free}
    losses[ALONE] += sum(s.label in needing and i not in linked for i, s in enumerate(document.spans))
    while not lines[-1].strip():
        lines.pop()
    return replace(_unscored(document), text="\n".join(lines))


def _conll(document: Document, losses: Losses) -> Document:
    labels = next(iter(SCHEME.layers.values()))
    cut = atoms(document.text)
    text, moved = "", {}
    for i, atom in enumerate(cut):
        gap = document.text[cut[i - 1].end : atom.start] if i else ""
        if i:
            text += "\n" if "\n" in gap else " "
            losses["places where spacing changes that CoNLL can't hold"] += gap != " "
        moved[atom.start] = len(text)
        text += document.text[atom.start : atom.end]
    spans = []
    for span in document.spans:
        if span.label not in labels:
            losses["spans of other layers that CoNLL can't hold"] += 1
            continue
        losses["confidences that CoNLL can't hold"] += span.score is not None
        losses["spans whole over a line break that CoNLL can't hold"] += "\n" in document.text[span.start : span.end]
        start = None
        for atom in [a for a in cut if span.start <= a.start < span.end]:
            at, end = moved[atom.start], moved[atom.start] + atom.end - atom.start
            if start is not None and text[at - 1] == "\n":
                spans.append(Span(start, at - 1, span.label))
                start = None
            start = at if start is None else start
        spans.append(Span(start or 0, end, span.label))
    losses["claims that CoNLL can't hold"] += len(document.claims)
    losses["document id(s) and meta that CoNLL can't hold"] += 1
    return Document("", text, tuple(spans))


def _graphemes(document: Document, losses: Losses) -> Document:
    edges = {m.end() for m in regex.finditer(r"\X", document.text)} | {0}
    kept = [i for i, s in enumerate(document.spans) if s.start in edges and s.end in edges]
    found = _keep(document, kept)
    links = [sum(len(c.parts) for c in d.claims) for d in (document, found)]
    losses["span(s) that cut one of the grapheme clusters, which doccano can't hold"] += len(document.spans) - len(kept)
    losses["link(s) of spans that doccano can't hold"] += links[0] - links[1]
    return found


def _bare(expected: Expected) -> Expected:
    return lambda document, losses: _every_head_claims(_unscored(expected(document, losses) or document))


def _brat(document: Document, losses: Losses) -> Document:
    losses["document(s) with meta that brat can't hold"] += bool(document.meta)
    return replace(document, meta={})


def _xmi(document: Document, losses: Losses) -> Document | None:
    strings = (document.text, document.id, json.dumps(document.meta, ensure_ascii=False))
    return None if any(regex.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", s) for s in strings) else document


def _to_utf16(path: Path) -> None:
    """Label Studio tasks as it wrote them before it counted code points."""
    tasks = json.loads(path.read_text(encoding="utf-8"))
    for task in tasks:
        text = task["data"]["text"]
        for region in task["annotations"][0]["result"]:
            for end in ("start", "end") if region["type"] == "labels" else ():
                region["value"][end] = len(text[: region["value"][end]].encode("utf-16-le")) // 2
    path.write_text(json.dumps(tasks), encoding="utf-8")


def _code_points_without_surfaces(path: Path) -> None:
    """doccano examples as a script that counts code points makes them."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    for record in records:
        utf16 = record["text"].encode("utf-16-le")
        for entity in record["entities"]:
            for end in ("start_offset", "end_offset"):
                entity[end] = len(utf16[: 2 * entity[end]].decode("utf-16-le"))
        del record["surfaces"]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def _without_surfaces(path: Path) -> None:
    """doccano examples as doccano itself writes them."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    for record in records:
        del record["surfaces"]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


@dataclass(frozen=True)
class Trip:
    """One way out and back: the format, what should come back, what another tool did to the file in between."""

    format: str
    suffix: str
    expected: Expected = _same
    meddle: Callable[[Path], None] | None = None


TRIPS = {
    "Khabar JSONL": Trip("jsonl", ".jsonl", _jsonl),
    "bracket markup": Trip("markup", ".marked", _markup),
    "CoNLL": Trip("conll", ".conll", _conll),
    "Label Studio JSON": Trip("label-studio", ".json"),
    "Label Studio JSON, offsets in UTF-16": Trip("label-studio", ".json", meddle=_to_utf16),
    "doccano JSONL": Trip("doccano", ".jsonl"),
    "doccano JSONL, no surfaces": Trip("doccano", ".jsonl", _bare(_same), _without_surfaces),
    "doccano JSONL, no surfaces, code points": Trip("doccano", ".jsonl", _bare(_same), _code_points_without_surfaces),
    "doccano JSONL, graphemes": Trip("doccano-graphemes", ".jsonl", _graphemes),
    "doccano JSONL, graphemes, no surfaces": Trip("doccano-graphemes", ".jsonl", _bare(_graphemes), _without_surfaces),
    "brat standoff": Trip("brat", "", _brat),
    "CAS XMI": Trip("cas", "", _xmi),
    "CAS JSON": Trip("cas-json", ""),
    "Prodigy JSONL": Trip("prodigy", ".jsonl"),
    "spaCy DocBin": Trip("spacy", ".spacy"),
    "Hugging Face datasets, Parquet": Trip("datasets", ""),
}


@dataclass
class Result:
    """What came of one trip."""

    documents: int
    refused: int
    mismatches: int
    losses: dict[str, int]
    read: dict[str, int]
    examples: list[str]


def travel(trip: Trip, documents: list[Document], folder: Path) -> Result:
    """Writes, reads and compares."""
    losses: Losses = Counter()
    wanted: list[tuple[Document, Document]] = []
    wrong: list[str] = []
    refused = 0
    for document in documents:
        if (expected := trip.expected(document, losses)) is not None:
            wanted.append((document, expected))
            continue
        refused += 1
        path = folder / f"refused{refused}{trip.suffix}"
        try:
            write_documents([document], path, SCHEME, FaultLog(), format=trip.format)
            wrong.append(f"{document.id}: written, though the format can't hold it")
        except KhabarError:
            pass
    path, said, heard = folder / f"all{trip.suffix}", FaultLog(), FaultLog()
    write_documents([document for document, _ in wanted], path, SCHEME, said, format=trip.format)
    if trip.meddle is not None:
        trip.meddle(path)
    wrong += _compare(trip, [expected for _, expected in wanted], _read(trip, path, heard))
    if said.counts != +losses:
        wrong.append(f"losses said {dict(said.counts)}, made {dict(+losses)}")
    if len(heard.errors) != losses[ALONE]:
        wrong += [f"fault: {fault}" for fault in heard.errors]
    read = Counter(heard.counts)
    for fault in heard.faults:
        read[f"{'fault' if fault.severity == 'error' else 'repaired'}: {fault.kind}"] += 1
    return Result(len(documents), refused, len(wrong), dict(said.counts), dict(read), wrong[:5])


def _read(trip: Trip, path: Path, log: FaultLog) -> Iterator[Document]:
    for file in find_files(path):
        yield from FORMATS[trip.format].read(file, SCHEME, log)


def _compare(trip: Trip, wanted: list[Document], found: Iterator[Document]) -> list[str]:
    """What is different, document by document; by ids, since a folder is read in the order of its names."""
    if trip.format == "conll":
        pairs = [(a, replace(b, id="")) for a, b in zip(wanted, found, strict=True)]
        return [f"{a} came back as {b}" for a, b in pairs if a != b]
    again = {document.id: document for document in found}
    different = [f"{a} came back as {again.get(a.id)}" for a in wanted if again.pop(a.id, None) != a]
    return different + [f"{name} was not written" for name in again]


def main(
    documents: Annotated[int, typer.Option(help="How many documents.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Seed of the generator.")] = 1,
    only: Annotated[str | None, typer.Option(help="Formats whose name holds this; none: all.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write NAME.json and NAME.md; none: nowhere.")] = None,
) -> None:
    """Send generated documents through every format and back."""
    rng = random.Random(seed)
    made = [make_document(rng, n) for n in range(documents)]
    results = {}
    for name, trip in TRIPS.items():
        if only is None or only.lower() in name.lower():
            with tempfile.TemporaryDirectory() as folder:
                results[name] = travel(trip, made, Path(folder))
    _report(results, made, seed, out)
    if any(result.mismatches for result in results.values()):
        raise typer.Exit(1)


def _report(results: dict[str, Result], made: list[Document], seed: int, out: Path | None) -> None:
    spans, claims = (sum(len(getattr(d, what)) for d in made) for what in ("spans", "claims"))
    links = sum(len(c.parts) for d in made for c in d.claims)
    beyond = sum(any(c > "\uffff" for c in d.text) for d in made)
    lines = [
        "# Round trips through every format",
        "",
        f"{len(made)} generated documents (seed {seed}): {spans} spans, {claims} claims, {links} links;",
        f"{beyond} texts hold characters beyond U+FFFF.",
        "",
        "| format | documents | refused | mismatches | declared losses | said in reading |",
        "| --- | ---: | ---: | ---: | --- | --- |",
    ]
    for name, result in results.items():
        said, read = ("; ".join(f"{n} {what}" for what, n in sorted(d.items())) for d in (result.losses, result.read))
        numbers = f"{result.documents} | {result.refused} | {result.mismatches}"
        lines.append(f"| {name} | {numbers} | {said or 'none'} | {read or 'nothing'} |")
    typer.echo("\n".join(lines))
    for name, result in results.items():
        for example in result.examples:
            typer.echo(f"{name}: {example}", err=True)
    if out is not None:
        record = {
            "documents": len(made),
            "seed": seed,
            "formats": {
                name: {
                    "documents": r.documents,
                    "refused": r.refused,
                    "mismatches": r.mismatches,
                    "losses": r.losses,
                    "read": r.read,
                }
                for name, r in results.items()
            },
        }
        with whole_file(out.with_suffix(".json")) as file:
            json.dump(record, file, ensure_ascii=False, indent=2)
            file.write("\n")
        with whole_file(out.with_suffix(".md")) as file:
            file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    typer.run(main)
