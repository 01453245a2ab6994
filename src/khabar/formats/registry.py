"""Which format a file is in, its reader and its writer; conversion between them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from khabar.documents import Document
from khabar.faults import FaultLog, KhabarError
from khabar.formats import (
    brat,
    cas,
    conll,
    doccano,
    hf_datasets,
    jsonl,
    label_studio,
    markup,
    prodigy,
    spacy_docbin,
)
from khabar.formats.lines import numbered_lines
from khabar.scheme import Scheme

Reader = Callable[[str | Path, Scheme, FaultLog], Iterator[Document]]
Writer = Callable[[Iterable[Document], Path, Scheme, FaultLog], None]
"""Writes documents to a path that appears whole or not at all; what the format can't hold is counted in the log."""


@dataclass(frozen=True)
class Format:
    """One format: how it is read and written, and the suffixes that name it and no other.

    `folder`: a corpus is a folder of files, one or two a document.
    """

    read: Reader
    write: Writer
    suffixes: tuple[str, ...] = ()
    folder: bool = False


FORMATS: dict[str, Format] = {
    "jsonl": Format(jsonl.read, jsonl.write_file, (".ndjson",)),
    "markup": Format(markup.read, markup.write_file, (".marked",)),
    "conll": Format(conll.read, conll.write_file, (".conll", ".bio", ".iob", ".iob2")),
    "label-studio": Format(label_studio.read, label_studio.write_file),
    "doccano": Format(doccano.read, doccano.write_file),
    "doccano-graphemes": Format(doccano.read_graphemes, doccano.write_graphemes),
    "brat": Format(brat.read, brat.write_file, (".ann",), folder=True),
    "cas": Format(cas.read, cas.write_xmi, (".xmi",), folder=True),
    "cas-json": Format(cas.read, cas.write_json, folder=True),
    "prodigy": Format(prodigy.read, prodigy.write_file),
    "spacy": Format(spacy_docbin.read, spacy_docbin.write_file, (".spacy",)),
    "datasets": Format(hf_datasets.read, hf_datasets.write_file, (".parquet",), folder=True),
}
_BY_SUFFIX = {suffix: name for name, form in FORMATS.items() for suffix in form.suffixes}
# Several formats share these: a file's content tells them apart, and these are what a name alone means.
_SHARED = {".jsonl": "jsonl", ".json": "label-studio"}
SUFFIXES = (*_BY_SUFFIX, *_SHARED)
"""What the files of a corpus are called, when a folder is given."""
# What stands in the first record of a file of JSON lines of one tool alone; doccano's are lists.
_PRODIGY_KEYS = ("tokens", "answer", "_input_hash", "_task_hash", "_view_id")
_DOCCANO_KEYS = ("entities", "label", "labels", "Comments", "surfaces")
_CAS_KEYS = ('"%TYPES"', '"%FEATURE_STRUCTURES"', '"%VIEWS"')


def recognise(path: str | Path) -> str:
    """The format of a file, by its suffix or, where several formats share it, by its first lines.

    Raises KhabarError when neither says.
    """
    suffix = Path(path).suffix.lower()
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if suffix == ".txt" and Path(path).with_suffix(".ann").exists():
        return "brat"
    if suffix == ".json" and (found := _kind_of_json(path)):
        return found
    first = [line for _, line in itertools.islice(numbered_lines(path, FaultLog()), 200) if line.strip()]
    if suffix == ".jsonl" or (first and first[0].lstrip().startswith("{")):
        return _kind_of_jsonl(first[0] if first else "")
    if any(line.startswith("=== ") or markup.OPEN in line for line in first):
        return "markup"
    columns = [line.split() for line in first]
    if columns and sum(len(c) >= 2 and (c[-1] == "O" or c[-1][:2] in ("B-", "I-")) for c in columns) > len(columns) / 2:
        return "conll"
    raise KhabarError(
        f"{path}: neither its name nor its first lines say what format it is in. "
        f"Remedy: name it .jsonl, .marked or .conll, or say the format ({', '.join(FORMATS)})."
    )


def _kind_of_json(path: str | Path) -> str | None:
    """Which tool wrote a file of one JSON value, by its beginning; None where it may be JSON lines."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(1 << 14).decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    except OSError as error:
        raise KhabarError(f"{path}: {error.strerror}. Remedy: give the path of a readable file.") from error
    if head.startswith("[") or (head.startswith("{") and '"data"' in head and '"annotations"' in head):
        return "label-studio"
    return "cas-json" if head.startswith("{") and any(key in head for key in _CAS_KEYS) else None


def _kind_of_jsonl(line: str) -> str:
    """Which tool wrote a file of JSON lines, by the keys of its first record; Khabar's own where nothing says."""
    record = first_record(line)
    if "claims" in record:
        return "jsonl"
    if any(key in record for key in _PRODIGY_KEYS):
        return "prodigy"
    return "doccano" if any(isinstance(record.get(key), list) for key in _DOCCANO_KEYS) else "jsonl"


def format_for_output(path: str | Path, name: str | None = None) -> str:
    """The format to write `path` in: the one named, else by suffix.

    Raises KhabarError for a name or suffix that says none.
    """
    if name is not None:
        if name not in FORMATS:
            raise KhabarError(f"{name!r} is no format. Remedy: give one of {', '.join(FORMATS)}.")
        return name
    suffix = Path(path).suffix.lower()
    found = _BY_SUFFIX.get(suffix, _SHARED.get(suffix))
    if found is None:
        raise KhabarError(f"{path}: its name says no format. Remedy: say it with --to ({', '.join(FORMATS)}).")
    return found


def write_documents(
    documents: Iterable[Document],
    path: str | Path,
    scheme: Scheme,
    log: FaultLog,
    *,
    format: str | None = None,
) -> None:
    """Writes documents; the file or folder appears whole or not at all, and losses are counted in `log`.

    Raises KhabarError for a format that is not known or a document that it can't hold at all.
    """
    form = FORMATS[format_for_output(path, format)]
    try:
        form.write(documents, Path(path), scheme, log)
    except ValueError as error:
        raise KhabarError(f"{path}: {error}. Remedy: take another format, or mend the document.") from error


def first_record(line: str) -> dict[str, Any]:
    """The record a line of JSON holds; empty when it holds none."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
