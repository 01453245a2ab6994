"""Standoff annotations: spans and links of texts that are not ours to give away, joined to a user's own copy by hash.

A standoff file is JSONL without texts: `{"id", "sha256", "atoms", "spans": [{"first", "end", "label"}], "claims",
"meta"}`. Spans count atoms, half-open, and the hash is that of the text's atoms joined by single spaces. Copies of one
article differ in their white space (line ends, indents, no-break spaces) and in nothing else that an annotation could
notice, so both survive it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from khabar.documents import Claim, Document, Span
from khabar.faults import KhabarError
from khabar.text import atoms


def fingerprint(text: str) -> str:
    """SHA-256 of a text's atoms joined by single spaces."""
    return hashlib.sha256(" ".join(text[a.start : a.end] for a in atoms(text)).encode()).hexdigest()


def to_record(document: Document) -> dict[str, Any]:
    """The annotations of a document without one word of it. Raises KeyError for a span that cuts an atom."""
    cut = atoms(document.text)
    first = {atom.start: i for i, atom in enumerate(cut)}
    end = {atom.end: i + 1 for i, atom in enumerate(cut)}
    return {
        "id": document.id,
        "sha256": fingerprint(document.text),
        "atoms": len(cut),
        "spans": [{"first": first[s.start], "end": end[s.end], "label": s.label} for s in document.spans],
        "claims": [{"head": c.head, "parts": list(c.parts)} for c in document.claims],
        "meta": document.meta,
    }


def apply(record: dict[str, Any], text: str) -> Document:
    """A record's annotations on the text they belong to."""
    cut = atoms(text)
    spans = [Span(cut[s["first"]].start, cut[s["end"] - 1].end, s["label"]) for s in record["spans"]]
    claims = [Claim(c["head"], tuple(c["parts"])) for c in record["claims"]]
    return Document(record["id"], text, tuple(spans), tuple(claims), record["meta"])


def read_records(path: str | Path) -> list[dict[str, Any]]:
    """The records of a standoff file. Raises KhabarError, with the line, for one that is none."""
    records = []
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise KhabarError(f"{path}: {error.strerror}. Remedy: give a standoff file, as in data/standoff.") from error
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            missing = {"id", "sha256", "atoms", "spans", "claims", "meta"} - set(record)
        except (ValueError, TypeError) as error:
            raise KhabarError(f"{path}:{number}: {error}. Remedy: take the file whole from a release.") from error
        if missing:
            raise KhabarError(f"{path}:{number}: lacks {', '.join(sorted(missing))}. Remedy: take the file whole.")
        records.append(record)
    return records


@dataclass
class Joined:
    """What came of joining: documents in the order of the records, and the ids whose text was nowhere."""

    documents: list[Document]
    missing: list[str]
    texts_read: int


@dataclass
class Joiner:
    """Finds the texts that records belong to among many others; memory holds only what matched."""

    records: list[dict[str, Any]]
    texts_read: int = 0
    found: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._wanted = {record["sha256"] for record in self.records}

    def offer(self, texts: Iterable[str]) -> None:
        """Looks at texts in turn; the first that matches a record is taken."""
        for text in texts:
            self.texts_read += 1
            name = fingerprint(text)
            if name in self._wanted:
                self.found.setdefault(name, text)

    def joined(self) -> Joined:
        documents = [apply(r, self.found[r["sha256"]]) for r in self.records if r["sha256"] in self.found]
        missing = [r["id"] for r in self.records if r["sha256"] not in self.found]
        return Joined(documents, missing, self.texts_read)


def strings_of(value: Any) -> Iterator[str]:
    """Every string inside a JSON value, and title and body of an object joined as one text too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        strings = [v for v in value.values() if isinstance(v, str)]
        yield from strings
        # Collections keep the headline in a field of its own; an article is its headline and its body.
        yield from (f"{a}\n{b}" for a in strings for b in strings if a is not b and len(strings) <= 12)
        for inner in value.values():
            if isinstance(inner, dict | list):
                yield from strings_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_of(inner)
