"""Mentions of dates: what an expression said, and how it is settled against the document's date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from khabar import calendars
from khabar.calendars import Era, OutsideCalendarError, Period

Options = Callable[[dt.date], list[Period]]


@dataclass
class Mention:
    """What an expression said: a `period`, or `options` around the document's date to choose from.

    `in_year`: the period once a year is known, for pairs that say it once; `year` the one that was said. `direction`:
    `past`, `next` or `this` where a word says so; `lean`: which option is meant where none does. `weekday`: one that
    was said beside a relative day, to be checked.
    """

    period: Period | None = None
    options: Options | None = None
    in_year: Callable[[int], Period] | None = None
    year: int | None = None
    direction: str = ""
    lean: str = "nearest"
    weekday: int | None = None
    flags: list[str] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)

    def mapped(self, change: Callable[[Period], Period], *flags: str) -> Mention:
        """The same, with every period changed and flags added."""
        options, in_year = self.options, self.in_year
        return replace(
            self,
            period=change(self.period) if self.period else None,
            options=(lambda date: [change(p) for p in options(date)]) if options else None,
            in_year=(lambda year: change(in_year(year))) if in_year else None,
            flags=[*self.flags, *flags],
        )


Hit = tuple[Mention, int]
Settled = tuple[Period, list[str], list[str]]
"""A period, its flags, and the alternatives to it."""


def yearly(in_year: Callable[[int], Period], era: Era = "gregorian", *flags: str, direction: str = "") -> Mention:
    """Something that comes once a year, no year said."""

    def options(date: dt.date) -> list[Period]:
        year = date.year if era == "gregorian" else calendars.hijri_year(date)
        found = []
        for candidate in (year - 1, year, year + 1):
            try:
                found.append(in_year(candidate))
            except OutsideCalendarError:
                continue
        return found

    return Mention(options=options, in_year=in_year, direction=direction, flags=list(flags))


def settled(said: Mention, date: dt.date | None, *, future: bool = False, year: int | None = None) -> Settled | None:
    """The period that was meant; None where it needs the document's date and there is none.

    Without a word of direction it is the nearest option, of weekdays the last one up to the date, or with `future` the
    coming one; flagged `assumed`, with the nearest option on the other side as an alternative. `year` serves where the
    expression itself says none.
    """
    if said.period is not None:
        return said.period, list(said.flags), list(said.alternatives)
    if year is not None and said.in_year:
        return said.in_year(year), list(said.flags), list(said.alternatives)
    options = said.options(date) if date and said.options else []
    if date is None or not options:
        return None
    flags, alternatives = list(said.flags), list(said.alternatives)
    chosen = options[0]
    if len(options) > 1:
        chosen = _choice(options, date, said.direction or ("next" if future else said.lean))
        if not said.direction:
            flags.append("assumed")
            alternatives += _others(options, chosen, date)
    if said.weekday is not None and chosen.first.weekday() != said.weekday:
        flags.append("weekday_mismatch")
    return chosen, flags, alternatives


def _distance(period: Period, date: dt.date) -> int:
    if period.first <= date <= period.last:
        return 0
    return min(abs((period.first - date).days), abs((period.last - date).days))


def _choice(options: Sequence[Period], date: dt.date, direction: str) -> Period:
    if direction == "past":
        ended = [p for p in options if p.last <= date]
        return ended[-1] if ended else options[0]
    if direction == "next":
        coming = [p for p in options if p.first > date]
        return coming[0] if coming else options[-1]
    if direction == "this":
        running = [p for p in options if p.first <= date <= p.last]
        options = running or options
    return min(options, key=lambda period: _distance(period, date))


def _others(options: Sequence[Period], chosen: Period, date: dt.date) -> list[str]:
    """The nearest option on the other side of the date."""
    ahead = chosen.first > date
    rest = [p for p in options if p != chosen and (p.first > date) != ahead]
    return [min(rest, key=lambda period: _distance(period, date)).iso] if rest else []
