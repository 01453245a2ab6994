"""Numeric claims: linked spans as records that people can check, with value, unit, operator, rate, time and status."""

from __future__ import annotations

import bisect
import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from khabar.currencies import countries_named
from khabar.documents import Claim, Document, Span
from khabar.numerals import Number, parse
from khabar.operators import read_change, read_operator
from khabar.scheme import Scheme
from khabar.statuses import claim_status
from khabar.text import atoms, sentence_starts
from khabar.times import read_time
from khabar.units import Unit, read_rate, read_unit, unit_of_amount

WHOLE_DAY = "date"
"""The key of `Document.meta` that holds the document's date, YYYY-MM-DD."""


@dataclass(frozen=True, slots=True)
class Part:
    """A span of a claim with its text."""

    label: str
    text: str
    start: int
    end: int
    score: float | None


@dataclass(frozen=True, slots=True)
class NumericClaim:
    """One numeric claim of a document.

    `number` counts the document's claims from 1. `value` and `unit` are None where they were not understood or there is
    no unit. `operator` is =, ≈, >, ≥, <, ≤, range or vague. `rates`: ISO 8601 durations or `per X`; `times`: ISO 8601
    dates and intervals; `change`: up, down or same; `status`: reported, planned, forecast, negated. `entities` are the
    named entities inside head and parts. `confidence` is the lowest of head and parts, None for gold. `flags` say what
    to know before relying on it; those of a part are prefixed with the part (`unit:ambiguous`).
    """

    document: str
    date: str | None
    number: int
    sentence: str
    sentence_start: int
    head: Part
    parts: tuple[Part, ...]
    value: Number | None
    operator: str | None
    unit: Unit | None
    unit_text: str | None
    rates: tuple[str, ...]
    change: str | None
    times: tuple[str, ...]
    status: tuple[str, ...]
    entities: tuple[Part, ...]
    confidence: float | None
    flags: tuple[str, ...]

    def of(self, label: str) -> tuple[Part, ...]:
        """The parts of one label, in the order of the text."""
        return tuple(part for part in self.parts if part.label == label)


def document_date(document: Document) -> datetime.date | None:
    """The date in a document's meta, or None if there is none that reads as YYYY-MM-DD."""
    try:
        return datetime.date.fromisoformat(str(document.meta.get(WHOLE_DAY, ""))[:10])
    except ValueError:
        return None


def numeric_claims(document: Document, scheme: Scheme) -> list[NumericClaim]:
    """The claims of a document, gold or predicted, in the order of their heads; labels as the guidelines mean them."""
    text = document.text
    cut = atoms(text)
    sentences = [cut[i].start for i in sentence_starts(text, cut)]
    countries = countries_named(text)
    date = document_date(document)
    first = next(iter(scheme.layers))
    names = document.of_layer(first, scheme) if first != scheme.layer_of(scheme.heads[0]) else []
    return [_claim(document, claim, n, sentences, countries, date, names) for n, claim in enumerate(document.claims, 1)]


def _part(text: str, span: Span) -> Part:
    return Part(span.label, text[span.start : span.end], span.start, span.end, span.score)


def _sentence(text: str, starts: Sequence[int], at: int) -> tuple[str, int]:
    """The sentence around an offset, and where it begins."""
    i = max(bisect.bisect_right(starts, at) - 1, 0)
    begin = starts[i] if starts else 0
    end = starts[i + 1] if i + 1 < len(starts) else len(text)
    return text[begin:end].rstrip(), begin


def _claim(
    document: Document,
    claim: Claim,
    number: int,
    sentences: Sequence[int],
    countries: frozenset[str],
    date: datetime.date | None,
    names: Sequence[Span],
) -> NumericClaim:
    text, spans = document.text, document.spans
    head = _part(text, spans[claim.head])
    parts = tuple(sorted((_part(text, spans[p]) for p in claim.parts), key=lambda p: p.start))
    flags: list[str] = []

    def noted(prefix: str, given: Sequence[str]) -> None:
        flags.extend(f"{prefix}:{flag}" if prefix else flag for flag in given)

    value = parse(head.text)
    if value is None:
        flags.append("value:not understood")
    else:
        noted("", value.flags)
    unit, unit_text = _unit(head, parts, countries)
    if unit is not None:
        noted("unit", unit.flags)
        if unit.kind is None:
            flags.append("unit:not understood")
        if "below_zero" in unit.flags and value is not None and value.low >= 0:
            value = Number(-value.high, -value.low, value.kind, value.flags, value.alternatives)
    modifiers = [p.text for p in parts if p.label == "MODIFIER"]
    operator = read_operator(modifiers, number=value)
    noted("operator", operator.flags)
    rates = [read_rate(p.text, countries=countries) for p in parts if p.label == "RATE"]
    for rate in rates:
        noted("rate", rate.flags)
    changes = [read_change(p.text) for p in parts if p.label == "CHANGE"]
    directions = {c.direction for c in changes if c.direction is not None}
    if len(directions) > 1:
        flags.append("change:conflict")
    times = [read_time(p.text, date) for p in parts if p.label == "TIME"]
    for time in times:
        noted("time", time.flags)
    future = date is not None and any(
        t.value is not None and t.value[:4].isdigit() and t.value[:10] > date.isoformat()[: len(t.value[:10])]
        for t in times
    )
    status = claim_status(text, head.start, head.end, modifiers=modifiers, future=future)
    own = (head, *parts)
    inside = [n for n in names if any(p.start <= n.start and n.end <= p.end for p in own)]
    scores = [p.score for p in own]
    sentence, start = _sentence(text, sentences, head.start)
    return NumericClaim(
        document=document.id,
        date=date.isoformat() if date else None,
        number=number,
        sentence=sentence,
        sentence_start=start,
        head=head,
        parts=parts,
        value=value,
        operator=operator.sign,
        unit=unit,
        unit_text=unit_text,
        rates=tuple(shown for rate in rates if (shown := str(rate))),
        change=directions.pop() if len(directions) == 1 else None,
        times=tuple(time.value for time in times if time.value),
        status=status,
        entities=tuple(_part(text, n) for n in inside),
        confidence=None if None in scores else min(s for s in scores if s is not None),
        flags=tuple(dict.fromkeys(flags)),
    )


def _unit(head: Part, parts: Sequence[Part], countries: frozenset[str]) -> tuple[Unit | None, str | None]:
    """The claim's unit and its text: that of its UNIT, else what an AMOUNT carries in itself."""
    for part in parts:
        if part.label == "UNIT":
            return read_unit(part.text, countries=countries), part.text
    if head.label == "AMOUNT":
        return unit_of_amount(head.text, countries=countries), head.text
    return None, None
