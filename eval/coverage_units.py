"""Counts how many of the annotated units, rates, modifiers, changes and times of a corpus are understood.

    python eval/coverage_units.py data/khabar-news data/standoff

Prints, by label, the spans understood and all spans, and the most frequent of the others; then, for corpora whose
meta says which claims are planned, forecast and negated (claim numbers, as in the markup's headers), precision and
recall of the statuses. The meta's `date` (ISO 8601) and `region` (ISO 3166) are used where they are there. Writes
nothing.

What counts as understood: a unit of a known kind, where any other noun is a counted one; so currencies and measures
with one code are counted apart, and counted nouns after 3 to 10, which stand in the plural, that were brought to
another form. A rate with a period or a unit, a modifier with a sign (all modifiers of a claim together), a change with
a direction, a time with a value.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from khabar.config import Source
from khabar.corpus import read_corpus
from khabar.currencies import countries_named
from khabar.documents import Document
from khabar.faults import FaultLog
from khabar.nouns import words_of
from khabar.numerals import parse
from khabar.operators import read_change, read_operator
from khabar.scheme import DEFAULT_SCHEME
from khabar.statuses import claim_status, lies_ahead
from khabar.times import read_time
from khabar.units import read_rate, read_unit, unit_of_amount

KINDS = ("planned", "forecast", "negated")


class Tally:
    """Spans understood and not, by row of the table, and the texts of the others."""

    def __init__(self) -> None:
        self.understood: Counter[str] = Counter()
        self.all: Counter[str] = Counter()
        self.missed: dict[str, Counter[str]] = {}

    def add(self, row: str, understood: bool, text: str) -> None:
        self.all[row] += 1
        self.understood[row] += understood
        if not understood:
            self.missed.setdefault(row, Counter())[text] += 1


def date_of(document: Document) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(document.meta.get("date", "")))
    except ValueError:
        return None


def numbers_of(document: Document, key: str) -> set[int]:
    return {int(n) for n in str(document.meta.get(key, "")).split(",") if n.strip().isdigit()}


def add_spans(document: Document, tally: Tally) -> None:
    """Units, rates, changes and times, span by span."""
    date = date_of(document)
    region = str(document.meta.get("region", ""))
    countries = countries_named(document.text) | ({region} if len(region) == 2 else frozenset())
    for span in document.spans:
        text = document.text[span.start : span.end]
        if span.label in ("UNIT", "AMOUNT"):
            read = read_unit if span.label == "UNIT" else unit_of_amount
            unit = read(text, countries=countries)
            tally.add(span.label, unit.kind is not None, text)
            if unit.kind == "currency":
                tally.add(f"{span.label}: currencies with one code", unit.code is not None, text)
            elif unit.kind == "measure":
                tally.add(f"{span.label}: measures with a code", unit.code is not None, text)
        elif span.label == "RATE":
            rate = read_rate(text, countries=countries)
            tally.add("RATE", not rate.reason, text)
        elif span.label == "CHANGE":
            tally.add("CHANGE", read_change(text).direction is not None, text)
        elif span.label == "TIME":
            time = read_time(text, date)
            tally.add("TIME", time.value is not None, f"{text} ({time.reason})")
            if date:
                tally.add("TIME of dated documents", time.value is not None, f"{text} ({time.reason})")


def add_claims(document: Document, tally: Tally, *, statuses: bool) -> Iterator[tuple[set[str], set[str]]]:
    """Modifiers, plural nouns and statuses, claim by claim; yields the statuses of the gold and those found."""
    date, text = date_of(document), document.text
    gold = {kind: numbers_of(document, kind) for kind in KINDS}
    for n, claim in enumerate(document.claims, 1):
        head = document.spans[claim.head]
        parts = {
            label: [text[s.start : s.end] for s in (document.spans[i] for i in claim.parts) if s.label == label]
            for label in ("MODIFIER", "UNIT", "TIME")
        }
        number = parse(text[head.start : head.end])
        if parts["MODIFIER"]:
            operator = read_operator(parts["MODIFIER"], number=number)
            tally.add("MODIFIER (by claim)", operator.sign is not None, " … ".join(parts["MODIFIER"]))
        if number and 3 <= number.low == number.high <= 10 and parts["UNIT"] and head.label == "VALUE":
            unit = read_unit(parts["UNIT"][0])
            if unit.kind == "count":
                first = words_of(parts["UNIT"][0])[0]
                tally.add("UNIT: nouns after 3 to 10 in the singular", unit.key.split()[0] != first, parts["UNIT"][0])
        if statuses:
            times = [read_time(time, date) for time in parts["TIME"]] if date else []
            ahead = any(lies_ahead(time.value, date) for time in times if date)
            status = claim_status(text, head.start, head.end, modifiers=parts["MODIFIER"], future=ahead)
            yield {kind for kind in KINDS if n in gold[kind]}, set(status) - {"reported"}


def main(
    paths: Annotated[list[Path], typer.Argument(help="Corpora: files or folders.")],
    misses: Annotated[int, typer.Option(help="How many of the most frequent misses to show a row.")] = 8,
) -> None:
    """Print what is understood of the units, rates, modifiers, changes and times of corpora."""
    log, tally = FaultLog(), Tally()
    right: Counter[str] = Counter()
    found: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    exact = compared = 0
    for path in paths:
        documents = read_corpus(Source(path=str(path)), DEFAULT_SCHEME, log, allow_bidi=True).documents
        statuses = any(numbers_of(document, kind) for document in documents for kind in KINDS)
        for document in documents:
            add_spans(document, tally)
            for gold, got in add_claims(document, tally, statuses=statuses):
                right.update(gold & got)
                found.update(got)
                wanted.update(gold)
                exact += gold == got
                compared += 1
    log.raise_errors()
    table = Table("label", "understood", "all", "%", "most frequent others")
    for row in sorted(tally.all):
        missed = "، ".join(f"{text} {n}" for text, n in tally.missed.get(row, Counter()).most_common(misses))
        share = f"{100 * tally.understood[row] / tally.all[row]:.1f}"
        table.add_row(row, str(tally.understood[row]), str(tally.all[row]), share, missed)
    console = Console(width=200)
    console.print(table)
    if compared:
        table = Table("status", "right", "found", "gold", "precision", "recall")
        for kind in KINDS:
            precision, recall = (100 * right[kind] / max(1, n) for n in (found[kind], wanted[kind]))
            table.add_row(
                kind, str(right[kind]), str(found[kind]), str(wanted[kind]), f"{precision:.1f}", f"{recall:.1f}"
            )
        console.print(table)
        console.print(f"{exact} of {compared} claims of these corpora have exactly the statuses of the gold.")


if __name__ == "__main__":
    typer.run(main)
