"""Khabar JSONL: one document a line.

`{"id", "text", "spans": [{"start", "end", "label", "score"?}], "claims": [{"head": i, "parts": [j, …]}], "meta"}`;
claims index into spans; offsets are code points, half-open.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from khabar.documents import Claim, Document, Span, sort_spans
from khabar.faults import FaultLog, Origin
from khabar.formats.lines import numbered_lines, whole_file
from khabar.scheme import Scheme

_KEYS = {"id", "text", "spans", "claims", "meta"}


class _Malformed(ValueError):
    """What is wrong with a record, and the remedy."""

    def __init__(self, kind: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.kind, self.remedy = kind, remedy


def read(path: str | Path, scheme: Scheme, log: FaultLog) -> Iterator[Document]:
    """Reads documents; a record that can't be made one is reported with its line and left out."""
    for number, line in numbered_lines(path, log):
        if line.strip():
            document = parse(line, scheme, log, Origin(str(path), number))
            if document is not None:
                yield document


def parse(line: str, scheme: Scheme, log: FaultLog, origin: Origin) -> Document | None:
    """One line to a document, or None when it is not one (reported in `log`)."""
    try:
        record = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        log.add("broken JSON", str(error), "write one JSON object a line", origin=origin)
        return None
    try:
        return _document(record, scheme, log, origin)
    except _Malformed as fault:
        log.add(fault.kind, str(fault), fault.remedy, origin=origin)
        return None


def _document(record: Any, scheme: Scheme, log: FaultLog, origin: Origin) -> Document:
    if not isinstance(record, dict):
        raise _Malformed("not a document", f"the line holds a {type(record).__name__}", "write an object with a text")
    if not isinstance(record.get("text"), str):
        raise _Malformed("not a document", 'no "text" of type string', "give every record its text")
    name = record.get("id", f"{Path(origin.path).stem}:{origin.line}")
    if not isinstance(name, str | int):
        raise _Malformed("not a document", f"id is a {type(name).__name__}", "write the id as a string")
    for stray in sorted(set(record) - _KEYS):
        log.count(f"key {stray!r} of a record not read")
    meta = record.get("meta") or {}
    if not isinstance(meta, dict):
        raise _Malformed("not a document", f"meta is a {type(meta).__name__}", "write meta as an object")
    spans = [_span(s, i, scheme, log) for i, s in enumerate(_list(record, "spans"))]
    claims = [_claim(c, i) for i, c in enumerate(_list(record, "claims"))]
    return Document(str(name), record["text"], tuple(spans), tuple(claims), meta, origin)


def _list(record: dict[str, Any], key: str) -> list[Any]:
    value = record.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _Malformed("not a document", f"{key} is a {type(value).__name__}", f"write {key} as a list")
    return value


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _span(given: Any, index: int, scheme: Scheme, log: FaultLog) -> Span:
    if not (
        isinstance(given, dict)
        and _is_int(given.get("start"))
        and _is_int(given.get("end"))
        and isinstance(given.get("label"), str)
    ):
        raise _Malformed(
            "not a span", f"span {index} lacks start, end or label", 'write {"start": int, "end": int, "label": str}'
        )
    label, score = given["label"], given.get("score")
    if score is not None and (isinstance(score, bool) or not isinstance(score, int | float)):
        raise _Malformed("not a span", f"span {index} has a score that is no number", "leave it out or mend it")
    if label in scheme.aliases:
        log.count(f"label {label} read as {scheme.aliases[label]}")
        label = scheme.aliases[label]
    return Span(given["start"], given["end"], label, score)


def _claim(given: Any, index: int) -> Claim:
    if not isinstance(given, dict) or not _is_int(given.get("head")):
        raise _Malformed("claim without head", f"claim {index} has no head", "give the index of a head's span")
    parts = given.get("parts") or []
    if not isinstance(parts, list) or not all(_is_int(p) for p in parts):
        raise _Malformed("claim part", f"claim {index} has parts that are no indices", "write a list of integers")
    return Claim(given["head"], tuple(parts))


def to_line(document: Document) -> str:
    """One line of JSON, without its line end."""
    spans, claims = sort_spans(document.spans, document.claims)
    record: dict[str, Any] = {
        "id": document.id,
        "text": document.text,
        "spans": [
            {"start": s.start, "end": s.end, "label": s.label}
            | ({} if s.score is None else {"score": round(float(s.score), 4)})
            for s in spans
        ],
        "claims": [{"head": c.head, "parts": list(c.parts)} for c in claims],
    }
    if document.meta:
        record["meta"] = document.meta
    return json.dumps(record, ensure_ascii=False)


def write(documents: Iterable[Document], file: IO[str]) -> None:
    for document in documents:
        file.write(to_line(document) + "\n")


def write_file(documents: Iterable[Document], path: Path, scheme: Scheme, log: FaultLog) -> None:
    """Writes a file of documents. The format holds all there is, confidences to four places."""
    with whole_file(path) as file:
        for document in documents:
            write([document], file)
            rounded = sum(s.score is not None and round(float(s.score), 4) != s.score for s in document.spans)
            log.count("confidence(s) that Khabar JSONL can't hold but to four places", rounded)
