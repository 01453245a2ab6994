"""Rows: numeric claims as tables with fixed, documented columns, in CSV, JSON lines and Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from khabar.claims import NumericClaim, Part
from khabar.digits import written
from khabar.faults import KhabarError
from khabar.formats.lines import whole_file, whole_path

JOINED = " | "
"""What stands between several values of one column in CSV, which has no lists."""
_TEXTS = pa.list_(pa.string())

COLUMNS: dict[str, tuple[pa.DataType, str]] = {
    "document": (pa.string(), "Id of the document."),
    "date": (pa.string(), "Date of the document, YYYY-MM-DD, if it has one (meta key `date`)."),
    "claim": (pa.int64(), "Number of the claim in its document, from 1, in the order of the heads."),
    "sentence": (pa.string(), "The sentence that holds the head."),
    "sentence_start": (pa.int64(), "Where the sentence begins: code points from the start of the text."),
    "head": (pa.string(), "The number as written."),
    "head_start": (pa.int64(), "Where it begins."),
    "head_end": (pa.int64(), "Where it ends, exclusive."),
    "low": (pa.string(), "Lower end of the value, as an exact decimal or fraction; null if it was not understood."),
    "high": (pa.string(), "Upper end; the same as `low` for one number. For a score, the second number."),
    "value_kind": (pa.string(), "cardinal, ordinal, fraction, percent, range or vague."),
    "operator": (pa.string(), "What the text says of the value: =, ≈, >, ≥, <, ≤, range or vague."),
    "unit_text": (pa.string(), "The unit as written."),
    "unit_kind": (pa.string(), "currency, measure, percent, time or count."),
    "unit": (pa.string(), "ISO 4217 code, UCUM code, %, or for counted nouns one key for all their forms."),
    "unit_factor": (pa.string(), "How many of `unit` one of the written unit is: 1/100 for a piastre; null if unsure."),
    "unit_alternatives": (_TEXTS, "Codes the unit may stand for, where that is not sure."),
    "rate_text": (_TEXTS, "Per what, as written."),
    "rate": (_TEXTS, "ISO 8601 duration (P1D: a day) or `per X`."),
    "change_text": (_TEXTS, "The word of change, as written."),
    "change": (pa.string(), "up, down or same."),
    "property": (_TEXTS, "What is measured or what happened."),
    "subject": (_TEXTS, "Whom or what the number is about."),
    "source": (_TEXTS, "Whom the number is attributed to."),
    "time_text": (_TEXTS, "When the claim holds, as written."),
    "time": (_TEXTS, "The same as ISO 8601 dates or intervals; empty where it needs a date the document lacks."),
    "status": (_TEXTS, "reported, planned, forecast, negated; a denied forecast is both."),
    "entities": (_TEXTS, "Named entities inside head and parts, as LABEL:text."),
    "modifier_text": (_TEXTS, "Approximators and bounds, as written."),
    "parts": (pa.string(), "JSON list of the parts: label, start, end, score."),
    "confidence": (pa.float64(), "The lowest confidence among head and parts; null for gold annotations."),
    "flags": (_TEXTS, "What to know before relying on the row: ambiguous, vague, score, default …"),
}
"""Name, type and meaning of each column, in order."""

SCHEMA = pa.schema([pa.field(name, kind, metadata={"description": text}) for name, (kind, text) in COLUMNS.items()])


def _shown(parts: Iterable[Part]) -> list[str]:
    return [part.text for part in parts]


def to_row(claim: NumericClaim) -> dict[str, Any]:
    """One claim as a row of COLUMNS."""
    value, unit = claim.value, claim.unit
    return {
        "document": claim.document,
        "date": claim.date,
        "claim": claim.number,
        "sentence": claim.sentence,
        "sentence_start": claim.sentence_start,
        "head": claim.head.text,
        "head_start": claim.head.start,
        "head_end": claim.head.end,
        "low": None if value is None else str(written(value.low)[0]),
        "high": None if value is None else str(written(value.high)[0]),
        "value_kind": None if value is None else value.kind,
        "operator": claim.operator,
        "unit_text": claim.unit_text,
        "unit_kind": None if unit is None else unit.kind,
        "unit": None if unit is None else unit.code or unit.key or None,
        "unit_factor": None if unit is None or unit.code is None or unit.factor is None else str(unit.factor),
        "unit_alternatives": [] if unit is None else list(unit.alternatives),
        "rate_text": _shown(claim.of("RATE")),
        "rate": list(claim.rates),
        "change_text": _shown(claim.of("CHANGE")),
        "change": claim.change,
        "property": _shown(claim.of("PROPERTY")),
        "subject": _shown(claim.of("SUBJECT")),
        "source": _shown(claim.of("SOURCE")),
        "time_text": _shown(claim.of("TIME")),
        "time": list(claim.times),
        "status": list(claim.status),
        "entities": [f"{e.label}:{e.text}" for e in claim.entities],
        "modifier_text": _shown(claim.of("MODIFIER")),
        "parts": json.dumps(
            [{"label": p.label, "start": p.start, "end": p.end, "score": p.score} for p in claim.parts],
            ensure_ascii=False,
        ),
        "confidence": claim.confidence,
        "flags": list(claim.flags),
    }


class _Csv:
    def __init__(self, path: Path, stack: ExitStack) -> None:
        file = stack.enter_context(whole_file(path))
        self._writer = csv.DictWriter(file, list(COLUMNS), lineterminator="\n")
        self._writer.writeheader()

    def write(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            joined = {k: JOINED.join(v) if isinstance(v, list) else v for k, v in row.items()}
            self._writer.writerow(joined)


class _JsonLines:
    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._file = stack.enter_context(whole_file(path))

    def write(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")


class _Parquet:
    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._writer = stack.enter_context(pq.ParquetWriter(stack.enter_context(whole_path(path)), SCHEMA))

    def write(self, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))


_WRITERS: dict[str, Any] = {".csv": _Csv, ".jsonl": _JsonLines, ".ndjson": _JsonLines, ".parquet": _Parquet}


@contextmanager
def writer(path: Path) -> Iterator[Any]:
    """Something with `write(rows)` for a .csv, .jsonl or .parquet file, which appears whole or not at all.

    Raises KhabarError for another suffix.
    """
    made = _WRITERS.get(path.suffix.lower())
    if made is None:
        raise KhabarError(f"{path}: rows are written as .csv, .jsonl or .parquet. Remedy: give such a name.")
    with ExitStack() as stack:
        yield made(path, stack)


def columns_markdown() -> str:
    """The table of columns for the documentation."""
    lines = ["| column | type | meaning |", "| --- | --- | --- |"]
    kinds = {pa.string(): "text", pa.int64(): "integer", pa.float64(): "number", _TEXTS: "list of texts"}
    lines += [f"| `{name}` | {kinds[kind]} | {text} |" for name, (kind, text) in COLUMNS.items()]
    return "\n".join(lines)
