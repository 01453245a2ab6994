"""CoNLL: one token a line with its BIO tag in the last column, a blank line between sentences.

The format has no offsets and no text: a document's text is its tokens joined by spaces. A sentence is a document of
its own, unless the file marks documents with `-DOCSTART-`; then a document's sentences are its lines.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from khabar.documents import Document, Span
from khabar.faults import FaultLog, Origin
from khabar.formats.lines import numbered_lines, whole_file
from khabar.labels import OUTSIDE, chunks, codecs, repair
from khabar.scheme import Scheme
from khabar.text import atoms

DOCSTART = "-DOCSTART-"
_TAG = re.compile(r"O|[BI]-\S+")
# A token, its tag, and the line they stand on.
_Row = tuple[str, str, int]


def read(path: str | Path, scheme: Scheme, log: FaultLog) -> Iterator[Document]:
    """Reads documents. Broken rows are reported and left out; illegal BIO is repaired and reported."""
    stem = Path(path).name.split(".")[0]
    sentences: list[list[_Row]] = []
    marked = False
    n = 0
    for sentence in _sentences(path, scheme, log):
        if sentence is None:
            if sentences:
                n += 1
                yield _document(f"{stem}-{n}", sentences, path, log)
            sentences, marked = [], True
        elif marked:
            sentences.append(sentence)
        else:
            n += 1
            yield _document(f"{stem}-{n}", [sentence], path, log)
    if sentences:
        yield _document(f"{stem}-{n + 1}", sentences, path, log)


def _sentences(path: str | Path, scheme: Scheme, log: FaultLog) -> Iterator[list[_Row] | None]:
    """Sentences in order; None where a document begins."""
    rows: list[_Row] = []
    for number, line in numbered_lines(path, log):
        columns = line.split()
        if columns and columns[0] != DOCSTART:
            if row := _row(columns, scheme, log, Origin(str(path), number)):
                rows.append(row)
            continue
        if rows:
            yield rows
            rows = []
        if columns:
            yield None
    if rows:
        yield rows


def _row(columns: list[str], scheme: Scheme, log: FaultLog, origin: Origin) -> _Row | None:
    token, tag = columns[0], columns[-1]
    if len(columns) < 2:
        log.add("no tag", f"one column, {token!r}", "write the token, white space and its tag", origin=origin)
        return None
    if not _TAG.fullmatch(tag):
        label = tag[1:].lstrip("-_")
        perhaps = f" (perhaps {tag[0].upper()}-{label})" if tag[0] in "BIbi" and label else ""
        log.add("illegal tag", f"{tag!r}", f"write O, B-LABEL or I-LABEL{perhaps}", origin=origin)
        return None
    label = tag[2:]
    if label in scheme.aliases:
        log.count(f"label {label} read as {scheme.aliases[label]}")
        tag, label = tag[:2] + scheme.aliases[label], scheme.aliases[label]
    if label and not scheme.known(label):
        log.add("unknown label", f"{label!r}", scheme.suggestion(label), origin=origin)
        return None
    if not atoms(token):
        log.add("empty document", f"token {token!r} has no visible character", "remove the row", origin=origin)
        return None
    return token, tag, origin.line


def _document(name: str, sentences: list[list[_Row]], path: str | Path, log: FaultLog) -> Document:
    spans: list[Span] = []
    lines: list[str] = []
    offset = 0
    for sentence in sentences:
        tags, changed = repair([tag for _, tag, _ in sentence])
        for i in changed:
            before = sentence[i - 1][1] if i else "the sentence's start"
            log.add(
                "illegal BIO",
                f"{sentence[i][1]} after {before}, read as {tags[i]}",
                "open a span with B-",
                origin=Origin(str(path), sentence[i][2]),
                severity="repair",
            )
        starts = []
        for token, _, _ in sentence:
            starts.append(offset)
            offset += len(token) + 1
        spans += [
            Span(starts[first], starts[end - 1] + len(sentence[end - 1][0]), label)
            for label, first, end in chunks(tags)
        ]
        lines.append(" ".join(token for token, _, _ in sentence))
    return Document(name, "\n".join(lines), tuple(spans), (), {}, Origin(str(path), sentences[0][0][2]))


def lost(documents: Iterable[Document], scheme: Scheme, layer: str) -> Counter[str]:
    """What CoNLL can't hold of these documents: other layers, claims, confidences, spacing, spans over line breaks."""
    count: Counter[str] = Counter()
    for document in documents:
        count["claims"] += len(document.claims)
        kept = document.of_layer(layer, scheme)
        count["spans of other layers"] += len(document.spans) - len(kept)
        count["confidences"] += sum(s.score is not None for s in kept)
        # A sentence ends at a line break, and a span with it; the rest of it is read as a span of its own.
        count["spans whole over a line break"] += sum("\n" in document.text[s.start : s.end] for s in kept)
        cut = atoms(document.text)
        # Atoms that touch come out with a space between them, other runs of white space as one space.
        count["places where spacing changes"] += sum(
            document.text[a.end : b.start] != " " for a, b in itertools.pairwise(cut)
        )
    return +count


def write(documents: Iterable[Document], file: IO[str], scheme: Scheme, layer: str) -> None:
    """Writes one layer, a token an atom, every document opened by `-DOCSTART-`."""
    codec = codecs(scheme)[layer]
    for document in documents:
        cut = atoms(document.text)
        file.write(f"{DOCSTART} {OUTSIDE}\n\n")
        for i, (atom, tag) in enumerate(zip(cut, codec.encode(document.spans, cut), strict=True)):
            if i and "\n" in document.text[cut[i - 1].end : atom.start]:
                file.write("\n")
            file.write(f"{document.text[atom.start : atom.end]} {tag}\n")
        file.write("\n")


def write_file(documents: Iterable[Document], path: Path, scheme: Scheme, log: FaultLog) -> None:
    """Writes the first layer that the documents have spans of; counts all that CoNLL can't hold."""
    given = list(documents)
    present = {scheme.layer_of(s.label) for d in given for s in d.spans if scheme.known(s.label)}
    layer = next((name for name in scheme.layers if name in present), next(iter(scheme.layers)))
    with whole_file(path) as file:
        write(given, file, scheme, layer)
    for what, n in lost(given, scheme, layer).items():
        log.count(f"{what} that CoNLL can't hold", n)
    log.count("document id(s) and meta that CoNLL can't hold", len(given))
