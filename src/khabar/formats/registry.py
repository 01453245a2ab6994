"""Which format a file is in, and its reader."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from khabar.documents import Document
from khabar.faults import FaultLog, KhabarError
from khabar.formats import conll, jsonl, markup
from khabar.formats.lines import numbered_lines, whole_file
from khabar.scheme import Scheme

Reader = Callable[[str | Path, Scheme, FaultLog], Iterator[Document]]

FORMATS: dict[str, Reader] = {"jsonl": jsonl.read, "markup": markup.read, "conll": conll.read}
_SUFFIXES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".marked": "markup",
    ".conll": "conll",
    ".bio": "conll",
    ".iob": "conll",
    ".iob2": "conll",
}


def recognise(path: str | Path) -> str:
    """The format of a file, by its suffix or, for .txt and the like, by its first lines.

    Raises KhabarError when neither says.
    """
    suffix = Path(path).suffix.lower()
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    first = [line for _, line in itertools.islice(numbered_lines(path, FaultLog()), 200) if line.strip()]
    if any(line.startswith("=== ") or markup.OPEN in line for line in first):
        return "markup"
    if first and first[0].lstrip().startswith("{"):
        return "jsonl"
    columns = [line.split() for line in first]
    if columns and sum(len(c) >= 2 and (c[-1] == "O" or c[-1][:2] in ("B-", "I-")) for c in columns) > len(columns) / 2:
        return "conll"
    raise KhabarError(
        f"{path}: neither its name nor its first lines say what format it is in. "
        f"Remedy: name it .jsonl, .marked or .conll, or say the format ({', '.join(FORMATS)})."
    )


def write_documents(documents: Iterable[Document], path: str | Path, *, format: str | None = None) -> None:
    """Writes documents as Khabar JSONL or markup; the file appears whole or not at all."""
    name = format or _SUFFIXES.get(Path(path).suffix.lower(), "jsonl")
    writers = {"jsonl": jsonl.write, "markup": markup.write}
    if name not in writers:
        raise KhabarError(f"{path}: can't write {name} here. Remedy: write .jsonl or .marked.")
    with whole_file(path) as file:
        writers[name](documents, file)
