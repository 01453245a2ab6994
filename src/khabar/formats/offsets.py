"""Offsets as tools count them: in code points, UTF-16 units or grapheme clusters; which one a file counts in.

Khabar counts code points. JavaScript and Java count UTF-16 units, in which a character beyond U+FFFF is two; doccano
can count grapheme clusters (UAX #29), in which a letter and its marks are one; a browser reads CRLF as one character.
Where a tool writes the surface beside the offsets, the unit is the one in which `text[start:end]` is that surface.
Where it doesn't, the unit is the one in which most spans of the file begin and end on atom edges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import regex

from khabar.text import atoms


class Unit(StrEnum):
    """What an offset counts."""

    CODE_POINTS = "code points"
    UTF16 = "UTF-16 units"
    GRAPHEMES = "grapheme clusters"
    CODE_POINTS_CRLF = "code points with CRLF as one"
    UTF16_CRLF = "UTF-16 units with CRLF as one"


_COUNTED = {
    Unit.UTF16: regex.compile(r"(?s:.)"),
    Unit.GRAPHEMES: regex.compile(r"\X"),
    Unit.CODE_POINTS_CRLF: regex.compile(r"\r\n|(?s:.)"),
    Unit.UTF16_CRLF: regex.compile(r"\r\n|(?s:.)"),
}
_BEYOND_BMP = regex.compile("[\U00010000-\U0010ffff]")
# Label Studio drops line breaks or writes them as \n; it and brat turn runs of white space into one space.
_ESCAPED = regex.compile(r"\\[nrt]")
_SPACE = regex.compile(r"\s+")

Pieces = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled stretch as a tool wrote it.

    `pieces`: start and end (half-open) in the tool's unit; more than one where the tool cuts a span, as brat does at
    line breaks. `surface`: the text that the tool wrote beside the offsets, or None.
    """

    label: str
    pieces: Pieces
    surface: str | None = None
    score: float | None = None


def differs(text: str, unit: Unit) -> bool:
    """Whether offsets into `text` can be other numbers in `unit` than in code points."""
    if unit in (Unit.UTF16, Unit.UTF16_CRLF) and _BEYOND_BMP.search(text):
        return True
    if unit in (Unit.CODE_POINTS_CRLF, Unit.UTF16_CRLF):
        return "\r\n" in text
    return unit is Unit.GRAPHEMES and any(m.end() - m.start() > 1 for m in _COUNTED[unit].finditer(text))


def edges(text: str, unit: Unit) -> list[int | None]:
    """The code point offset for every offset in `unit`, from 0 to the text's end; None in the middle of a character."""
    if unit is Unit.CODE_POINTS:
        return list(range(len(text) + 1))
    found: list[int | None] = []
    for match in _COUNTED[unit].finditer(text):
        found.append(match.start())
        if unit in (Unit.UTF16, Unit.UTF16_CRLF) and match[0] > "\uffff":
            found.append(None)
    found.append(len(text))
    return found


def positions(text: str, unit: Unit) -> dict[int, int]:
    """The offset in `unit` for every code point offset that has one."""
    return {at: offset for offset, at in enumerate(edges(text, unit)) if at is not None}


def same_surface(found: str, written: str) -> bool:
    """Whether `written` is what a tool would show for `found`: the same but for how much white space, and which."""
    if found == written:
        return True
    plain = [_ESCAPED.sub("\n", surface) for surface in (found, written)]
    edges_of = [(surface[:1].isspace(), surface[-1:].isspace()) for surface in plain]
    bare = [_SPACE.sub("", surface) for surface in plain]
    return edges_of[0] == edges_of[1] and bare[0] == bare[1] != ""


def read_mark(text: str, mark: Mark, table: Sequence[int | None]) -> Pieces | None:
    """The mark's pieces in code points; None if they are empty, outside the text, or hold another surface.

    `table`: what `edges` gives for the text and the unit supposed.
    """
    found = []
    for start, end in mark.pieces:
        if not 0 <= start < end < len(table):
            return None
        first, last = table[start], table[end]
        if first is None or last is None:
            return None
        found.append((first, last))
    if mark.surface is not None and not same_surface(" ".join(text[a:b] for a, b in found), mark.surface):
        return None
    return tuple(found)


@dataclass(frozen=True)
class Choice:
    """The unit of each text; None where its marks fit in none.

    `on_edges`: of the marks that came without a surface, how many lie on atom edges in each unit.
    """

    units: list[Unit | None]
    on_edges: Counter[Unit]


def choose_units(records: Sequence[tuple[str, Sequence[Mark]]], units: Sequence[Unit]) -> Choice:
    """Which of `units` the offsets of each text count; where several fit, what the rest of the file says.

    The first of `units` is what the tool is known to count, and holds where nothing speaks against it.
    """
    chosen: list[Unit | None] = [units[0]] * len(records)
    votes: Counter[Unit] = Counter()
    on_edges: Counter[Unit] = Counter()
    undecided: list[tuple[int, list[Unit]]] = []
    silent: list[int] = []
    for i, (text, marks) in enumerate(records):
        if not marks:
            continue
        shown = any(mark.surface is not None for mark in marks)
        if not shown:
            silent.append(i)
            cut = atoms(text)
            starts, ends = {a.start for a in cut}, {a.end for a in cut}
        fitting: dict[tuple[Pieces | None, ...], Unit] = {}
        seen = set()
        for unit in units:
            counted = unit if differs(text, unit) else Unit.CODE_POINTS
            table = edges(text, counted)
            reading = tuple(read_mark(text, mark, table) for mark in marks)
            if not shown:
                on_edges[unit] += sum(p is not None and p[0][0] in starts and p[-1][1] in ends for p in reading)
                continue
            seen.add(reading)
            if None not in reading:
                fitting.setdefault(reading, unit)
        if shown:
            found = list(fitting.values())
            if len(found) > 1:
                undecided.append((i, found))
            else:
                chosen[i] = found[0] if found else None
                if found and len(seen) > 1:
                    votes[found[0]] += 1
    for i, found in undecided:
        chosen[i] = max(found, key=lambda unit: (votes[unit], -units.index(unit)))
    for i in silent:
        chosen[i] = max(units, key=lambda unit: (on_edges[unit], -units.index(unit)))
    return Choice(chosen, on_edges)
