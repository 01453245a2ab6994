"""Archives: plain text in bulk, read document by document from text files (packed or not), JSONL and Parquet."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow
import pyarrow.parquet

from khabar.faults import FaultLog, KhabarError, Origin, Severity
from khabar.formats.lines import decoded_lines
from khabar.text import lone_surrogate

PACKED: dict[str, Callable[[IO[bytes]], Iterable[bytes]]] = {
    ".bz2": bz2.BZ2File,
    ".gz": lambda file: gzip.GzipFile(fileobj=file),
    ".xz": lzma.LZMAFile,
}
JSON_LINES = (".jsonl", ".ndjson")
KINDS = (".txt", *JSON_LINES, ".parquet")

LONGEST = 500_000
"""Characters of one document from which it goes on as another: a file without blank lines need not fit in memory."""


@dataclass
class ArchiveLog(FaultLog):
    """Counts every fault and lists the first of each kind: an archive in another encoding has one a line."""

    listed: int = 100

    def add(
        self, kind: str, message: str, remedy: str = "", *, origin: Origin | None = None, severity: Severity = "error"
    ) -> None:
        self.count(kind)
        if self.counts[kind] <= self.listed:
            super().add(kind, message, remedy, origin=origin, severity=severity)


def kind_of(path: Path) -> str | None:
    """The suffix that says what is in a file, without that of its packing; None for a file of another kind."""
    name = path.name.lower()
    for packing in PACKED:
        name = name.removesuffix(packing)
    return next((kind for kind in KINDS if name.endswith(kind)), None)


def files_of(root: str | Path, names: Sequence[str]) -> list[Path]:
    """The files that `names` mean below `root`: files, folders (all they hold, sorted) and patterns with `*`.

    A file that several names mean is taken once. Raises KhabarError for a name that means none.
    """
    found: dict[Path, None] = {}
    for name in names:
        path = Path(root) / name
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.is_file() and kind_of(p))
        elif "*" in name:
            files = sorted(p for p in Path(root).glob(name) if p.is_file() and kind_of(p))
        else:
            files = [path]
            if not path.is_file() or not kind_of(path):
                raise KhabarError(f"{path}: no such file of text. Remedy: {_known()}")
        if not files:
            raise KhabarError(f"{path}: no file of text below it. Remedy: {_known()}")
        found |= dict.fromkeys(files)
    return list(found)


def _known() -> str:
    return f"name files that end in {', '.join(KINDS)}, or but for Parquet in these and {', '.join(PACKED)}."


def texts(
    files: Sequence[Path],
    log: FaultLog,
    *,
    text_field: str = "text",
    advance: Callable[[int], None] | None = None,
) -> Iterator[str]:
    """The documents of all files in order, none of them blank.

    Plain text has a blank line between documents; JSONL and Parquet have a record a document, whose text is in
    `text_field`. What can't be used is reported to `log` and left out: a line that is not UTF-8, a record without
    a text, a file without a document. `advance` is told how many bytes on disk were read since it was last called.
    Raises KhabarError for a file that can't be read or is cut short, and when no file holds a document.
    """
    nothing = True
    for path in files:
        empty = True
        for text in _documents(path, log, text_field, advance or (lambda _: None)):
            empty = nothing = False
            yield text
        if empty:
            log.add("no document", "the file holds none that can be used", origin=Origin(str(path), 1), severity="note")
    if nothing:
        faults = "".join(f"\n  {fault}" for fault in log.faults[:5])
        raise KhabarError(
            f"no document in {len(files)} file(s). Remedy: check data.train, data.text_field and the encoding.{faults}"
        )


def _documents(path: Path, log: FaultLog, text_field: str, advance: Callable[[int], None]) -> Iterator[str]:
    kind = kind_of(path)
    try:
        with path.open("rb") as raw:
            if kind == ".parquet":
                found = _parquet(raw, path, log, text_field)
            else:
                unpack = PACKED.get(path.suffix.lower())
                lines = decoded_lines(unpack(raw) if unpack else raw, str(path), log)
                found = _records(lines, path, log, text_field) if kind in JSON_LINES else _blocks(lines, log)
            position = 0
            for text in found:
                if text and not text.isspace():
                    yield text
                else:
                    log.count("documents without a character")
                # Parquet goes to and fro in its file.
                if (reached := raw.tell()) > position:
                    advance(reached - position)
                    position = reached
            advance(max(0, path.stat().st_size - position))
    except (OSError, EOFError, lzma.LZMAError, zlib.error, pyarrow.ArrowException) as error:
        raise KhabarError(
            f"{path}: can't be read: {error}. Remedy: fetch or write the file again; it is damaged, cut short or not "
            "what its name says."
        ) from error


def _blocks(lines: Iterator[tuple[int, str]], log: FaultLog) -> Iterator[str]:
    block: list[str] = []
    length = 0
    for _, line in lines:
        blank = not line.strip()
        if block and (blank or length + len(line) > LONGEST):
            if not blank:
                log.count(f"documents longer than {LONGEST:,} characters, cut at a line")
            yield "\n".join(block)
            block, length = [], 0
        if not blank:
            block.append(line)
            length += len(line) + 1
    if block:
        yield "\n".join(block)


def _records(lines: Iterator[tuple[int, str]], path: Path, log: FaultLog, text_field: str) -> Iterator[str]:
    for number, line in lines:
        if not line.strip():
            continue
        origin = Origin(str(path), number)
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            log.add("broken JSON", f"not a record: {error}", "write one JSON object a line", origin=origin)
            continue
        text = record.get(text_field) if isinstance(record, dict) else None
        if not isinstance(text, str):
            log.add("no text", f"no text under {text_field!r}", "name the right data.text_field", origin=origin)
        elif (at := lone_surrogate(text)) is not None:
            log.add("broken Unicode", f"a lone surrogate at character {at}", "write it whole", origin=origin)
        else:
            yield text


def _parquet(raw: IO[bytes], path: Path, log: FaultLog, text_field: str) -> Iterator[str]:
    table = pyarrow.parquet.ParquetFile(raw)
    names = table.schema_arrow.names
    kind = table.schema_arrow.field(text_field).type if text_field in names else None
    if kind is None or not (pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind)):
        raise KhabarError(
            f"{path}: no column {text_field!r} of text; its columns are {', '.join(names)}. "
            "Remedy: name the right one as data.text_field."
        )
    for batch in table.iter_batches(batch_size=256, columns=[text_field]):
        for text in batch.column(0).to_pylist():
            if text is None:
                log.count("Parquet rows without a text")
            else:
                yield text
