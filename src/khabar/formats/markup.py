"""Bracket markup for people: `⟦VALUE:1|100 ألف⟧ ⟦UNIT:1|دولار⟧`.

A file holds documents, each a line `=== id` and then marked text; a file without such a line is one document named
after the file. Words `key=value` after the id are the document's meta. The number after a label is the claim's, 1…n in
order of the heads; `:1,2` serves two claims.
Removing every `⟦…|` and `⟧` gives back the text to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from khabar.documents import Claim, Document, Span, sort_spans
from khabar.faults import FaultLog, Origin
from khabar.formats.lines import numbered_lines, whole_file
from khabar.scheme import Scheme

OPEN, CLOSE = "⟦", "⟧"
_OPENING = re.compile(r"⟦([^\s:|⟦⟧]+)(?::([0-9]+(?:,[0-9]+)*))?\|")
_HEADER = re.compile(r"=== (\S.*)")
_META = re.compile(r"[^\s=]+=\S+")


@dataclass
class _Block:
    """A document's marked text and where it begins."""

    id: str
    meta: dict[str, str]
    line: int
    lines: list[str] = field(default_factory=list)


def read(path: str | Path, scheme: Scheme, log: FaultLog) -> Iterator[Document]:
    """Reads documents; every fault of the markup is reported with its line."""
    block: _Block | None = None
    for number, line in numbered_lines(path, log):
        if header := _HEADER.fullmatch(line):
            if block is not None:
                yield _document(block, path, scheme, log)
            block = _Block(*_name_and_meta(header[1]), number + 1)
            continue
        if block is None:
            if not line.strip():
                continue
            block = _Block(Path(path).name.split(".")[0], {}, number)
        block.lines.append(line)
    if block is not None:
        yield _document(block, path, scheme, log)


def _name_and_meta(header: str) -> tuple[str, dict[str, str]]:
    """The id, and the `key=value` words after it."""
    words = header.split()
    n = len(words)
    while n > 1 and _META.fullmatch(words[n - 1]):
        n -= 1
    return " ".join(words[:n]), dict(word.split("=", 1) for word in words[n:])


def _document(block: _Block, path: str | Path, scheme: Scheme, log: FaultLog) -> Document:
    while block.lines and not block.lines[-1].strip():
        block.lines.pop()
    while block.lines and not block.lines[0].strip():
        block.lines.pop(0)
        block.line += 1
    origin = Origin(str(path), block.line)
    text, marked = _parse("\n".join(block.lines), scheme, log, origin)
    heads: dict[int, int] = {}
    for i, (span, numbers) in enumerate(marked):
        if span.label not in scheme.heads:
            continue
        place = _place(origin, text, span)
        if len(numbers) != 1:
            log.add("head number", f"{_shown(text, span)} heads a claim", "give it exactly one number", origin=place)
        for number in numbers:
            if number in heads:
                log.add("head number", f"claim {number} has two heads", "number the heads 1…n", origin=place)
            heads.setdefault(number, i)
    if sorted(heads) != list(range(1, len(heads) + 1)) or list(heads) != sorted(heads):
        log.add(
            "head number",
            f"document {block.id!r}: heads are numbered {list(heads)}",
            "number the heads 1…n in the order of the text",
            origin=origin,
        )
    parts: dict[int, list[int]] = {number: [] for number in heads}
    for i, (span, numbers) in enumerate(marked):
        if span.label not in scheme.heads:
            _claim_numbers(i, span, numbers, parts, text, scheme, log, origin)
    claims = [Claim(head, tuple(parts[number])) for number, head in heads.items()]
    spans, claims_sorted = sort_spans([span for span, _ in marked], claims)
    return Document(block.id, text, spans, claims_sorted, dict(block.meta), origin)


def _claim_numbers(
    index: int,
    span: Span,
    numbers: list[int],
    parts: dict[int, list[int]],
    text: str,
    scheme: Scheme,
    log: FaultLog,
    origin: Origin,
) -> None:
    place = _place(origin, text, span)
    if numbers and span.label not in scheme.parts:
        log.add(
            "claim part", f"{_shown(text, span)} takes no number", f"parts are {', '.join(scheme.parts)}", origin=place
        )
        return
    if not numbers and span.label in scheme.parts and span.label not in scheme.free:
        log.add("claim part", f"{_shown(text, span)} belongs to no claim", "give it its claim's number", origin=place)
    for number in numbers:
        if number not in parts:
            log.add(
                "claim without head",
                f"{_shown(text, span)} belongs to claim {number}, which has no head",
                f"mark the number itself as {' or '.join(scheme.heads)}:{number}",
                origin=place,
            )
        else:
            parts[number].append(index)


def _place(origin: Origin, text: str, span: Span) -> Origin:
    return Origin(origin.path, origin.line + text.count("\n", 0, span.start))


def _shown(text: str, span: Span) -> str:
    return f"{span.label} {text[span.start : span.end]!r}"


def _parse(marked: str, scheme: Scheme, log: FaultLog, origin: Origin) -> tuple[str, list[tuple[Span, list[int]]]]:
    """Marked text to plain text and its spans with their claims' numbers, in text order."""
    out: list[str] = []
    spans: list[tuple[Span, list[int]]] = []
    stack: list[tuple[str, list[int], int, int]] = []
    length = line = i = 0

    def say(message: str, remedy: str, at_line: int) -> None:
        log.add("broken markup", message, remedy, origin=Origin(origin.path, origin.line + at_line))

    while i < len(marked):
        character = marked[i]
        opening = _OPENING.match(marked, i) if character == OPEN else None
        if opening:
            label = opening[1]
            if label in scheme.aliases:
                log.count(f"label {label} read as {scheme.aliases[label]}")
                label = scheme.aliases[label]
            stack.append((label, [int(n) for n in opening[2].split(",")] if opening[2] else [], length, line))
            i = opening.end()
            continue
        if character == OPEN:
            say(f"bad opening {marked[i : i + 20]!r}", "write ⟦LABEL|text⟧ or ⟦LABEL:1|text⟧", line)
        elif character == CLOSE:
            if stack:
                label, numbers, start, _ = stack.pop()
                spans.append((Span(start, length, label), numbers))
            else:
                say(f"⟧ closes nothing, after {''.join(out[-20:])!r}", "remove it or open a span", line)
        else:
            out.append(character)
            length += 1
            line += character == "\n"
        i += 1
    for label, _, _, opened in stack:
        say(f"⟦{label}| is never closed", "close it with ⟧", opened)
    return "".join(out), sorted(spans, key=lambda s: (s[0].start, -s[0].end))


def to_markup(document: Document) -> str:
    """The document's text with its marks.

    Raises ValueError when the text itself holds a bracket of the markup or spans cross each other.
    """
    if OPEN in document.text or CLOSE in document.text:
        raise ValueError(f"document {document.id!r}: its text holds {OPEN} or {CLOSE}, which the markup needs")
    spans, claims = sort_spans(document.spans, document.claims)
    numbers: dict[int, list[int]] = {}
    for n, claim in enumerate(claims, 1):
        for index in (claim.head, *claim.parts):
            numbers.setdefault(index, []).append(n)
    out: list[str] = []
    stack: list[int] = []
    at = 0

    def close_until(position: int) -> None:
        nonlocal at
        while stack and stack[-1] <= position:
            end = stack.pop()
            out.extend((document.text[at:end], CLOSE))
            at = end

    for index, span in enumerate(spans):
        close_until(span.start)
        if stack and span.end > stack[-1]:
            raise ValueError(f"document {document.id!r}: {span} crosses another span; markup can only nest")
        out.append(document.text[at : span.start])
        at = span.start
        serves = ":" + ",".join(map(str, numbers[index])) if index in numbers else ""
        out.append(f"{OPEN}{span.label}{serves}|")
        stack.append(span.end)
    close_until(len(document.text))
    out.append(document.text[at:])
    return "".join(out)


def _header(document: Document) -> str:
    """The line that opens a document. Raises ValueError for an id or meta that it can't hold."""
    words = [document.id]
    for key, value in document.meta.items():
        if not isinstance(value, str) or not _META.fullmatch(f"{key}={value}") or "=" in key:
            raise ValueError(
                f"document {document.id!r}: its meta {key!r} is no word without spaces, which is all markup can hold"
            )
        words.append(f"{key}={value}")
    header = " ".join(words)
    if _name_and_meta(header) != (document.id, document.meta):
        raise ValueError(f"document {document.id!r}: its id can't stand in a line of markup")
    return f"=== {header}"


def _refuse_lost_lines(document: Document) -> None:
    """Raises ValueError for a text with lines that would not be read again as they are."""
    lines = document.text.split("\n")
    for what, lost in (
        ("begins with an empty line", not lines[0].strip()),
        ("has a line that ends with CR", any(line.endswith("\r") for line in lines)),
        ("has a line that begins as a header does", any(_HEADER.fullmatch(line) for line in lines)),
    ):
        if lost:
            raise ValueError(f"document {document.id!r}: its text {what}, which markup can't hold")


def write(documents: Iterable[Document], file: IO[str], *, first: bool = True) -> None:
    """Raises ValueError for a document that markup can't hold."""
    for n, document in enumerate(documents):
        _refuse_lost_lines(document)
        file.write(("" if first and n == 0 else "\n") + f"{_header(document)}\n{to_markup(document)}\n")


def write_file(documents: Iterable[Document], path: Path, scheme: Scheme, log: FaultLog) -> None:
    """Writes a file of documents. Counts what markup can't hold: confidences, empty lines at the end, missing claims.

    Raises ValueError for a document that markup can't hold at all.
    """
    with whole_file(path) as file:
        for n, document in enumerate(documents):
            write([document], file, first=n == 0)
            log.count("confidence(s) that markup can't hold", sum(s.score is not None for s in document.spans))
            empty = not document.text.split("\n")[-1].strip()
            log.count("document(s) with empty lines at the end that markup can't hold", empty)
            linked = {i for claim in document.claims for i in (claim.head, *claim.parts)}
            needing = {*scheme.heads, *scheme.parts} - {*scheme.free}
            alone = sum(s.label in needing and i not in linked for i, s in enumerate(document.spans))
            log.count("span(s) without the claim that markup reads a fault without", alone)
