"""What to tag: texts, JSONL records and standard input, read one by one, bad ones set aside."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from khabar.documents import Document, check_document
from khabar.faults import Fault, FaultLog, KhabarError, Origin
from khabar.formats.jsonl import parse
from khabar.formats.lines import whole_file
from khabar.scheme import Scheme
from khabar.text import lone_surrogate

STDIN = "-"
_JSON_SUFFIXES = (".jsonl", ".ndjson")


CHUNK = 256
"""Documents handled at once; memory does not grow with the archive."""


@dataclass
class Inputs:
    """Iterates over the documents of several inputs; what can't be used is kept in `rejected`.

    With `annotated`, the documents bring their own spans and claims, and those that have faults are rejected too.
    """

    names: list[str]
    scheme: Scheme
    stdin: IO[bytes]
    annotated: bool = False
    rejected: list[Fault] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    def __iter__(self) -> Iterator[Document]:
        for name in self.names:
            for document in self._open(name):
                if fault := self._unfit(document):
                    self.rejected.append(fault)
                else:
                    self.ids.add(document.id)
                    yield document

    def _unfit(self, document: Document) -> Fault | None:
        if not document.text.strip():
            return Fault("empty document", f"{document.id!r} has no text", "nothing to tag", document.origin)
        if lone_surrogate(document.text) is not None:
            return Fault("broken Unicode", f"{document.id!r} has a lone surrogate", "write it whole", document.origin)
        if document.id in self.ids:
            return Fault("duplicate id", f"{document.id!r} was given before", "rename it", document.origin)
        if self.annotated:
            log = FaultLog()
            check_document(document, self.scheme, log, bidi="note")
            return next(iter(log.errors), None)
        return None

    def chunks(self) -> Iterator[list[Document]]:
        """The documents, up to CHUNK at a time."""
        documents = iter(self)
        while chunk := list(itertools.islice(documents, CHUNK)):
            yield chunk

    def set_aside(self, path: Path) -> str | None:
        """Writes what was rejected to `path`, a JSON object a line, and says so. An older file goes if nothing was."""
        path.unlink(missing_ok=True)
        if not self.rejected:
            return None
        with whole_file(path) as file:
            for fault in self.rejected:
                place = {"file": fault.origin.path, "line": fault.origin.line} if fault.origin else {}
                row = {**place, "kind": fault.kind, "message": fault.message, "remedy": fault.remedy}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        return f"{len(self.rejected)} record(s) set aside in {path}"

    def _open(self, name: str) -> Iterator[Document]:
        if name == STDIN:
            yield from self._read(self.stdin, "stdin", json_lines=None)
            return
        path = Path(name)
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.suffix.lower() in (".txt", *_JSON_SUFFIXES))
            if not files:
                raise KhabarError(f"{name}: no .txt or .jsonl file below it. Remedy: name the files themselves.")
        else:
            files = [path]
        for file in files:
            try:
                with file.open("rb") as stream:
                    yield from self._read(stream, str(file), json_lines=file.suffix.lower() in _JSON_SUFFIXES)
            except OSError as error:
                raise KhabarError(f"{file}: {error.strerror}. Remedy: give a readable .txt or .jsonl file.") from error

    def _read(self, stream: IO[bytes], name: str, *, json_lines: bool | None) -> Iterator[Document]:
        """`json_lines` None: JSONL if the first line is a JSON object with a text, else one plain text."""
        first = stream.readline()
        if json_lines is None:
            json_lines = _is_record(first)
        if json_lines:
            number = 0
            for number, raw in enumerate(_chain(first, stream), 1):
                yield from self._record(raw, Origin(name, number))
            return
        raw_text = (first + stream.read()).removeprefix(b"\xef\xbb\xbf")
        text = self._decode(raw_text, Origin(name, 1))
        if text is not None:
            yield Document(Path(name).stem if name != "stdin" else name, text, origin=Origin(name, 1))

    def _record(self, raw: bytes, origin: Origin) -> Iterator[Document]:
        line = self._decode(raw.removeprefix(b"\xef\xbb\xbf"), origin)
        if line is None or not line.strip():
            return
        log = FaultLog()
        document = parse(line, self.scheme, log, origin)
        self.rejected += log.errors
        if document is not None:
            yield document

    def _decode(self, raw: bytes, origin: Origin) -> str | None:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            line = origin.line + raw.count(b"\n", 0, error.start)
            message = f"byte 0x{raw[error.start]:02X} at byte {error.start}"
            self.rejected.append(Fault("broken UTF-8", message, "save the file as UTF-8", Origin(origin.path, line)))
            return None


def _is_record(line: bytes) -> bool:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and "text" in record


def _chain(first: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from stream
