"""Digit runs: what a run of digits with separators can stand for, and numbers written as decimal strings."""

from __future__ import annotations

import re
from fractions import Fraction

Exact = int | Fraction
"""A number without rounding; whole numbers are always `int`."""

LONGEST = 60
"""Digits beyond which a run is no number (and which keeps Python's `int` fast)."""

_RUN = re.compile(r"([0-9]+)((?:[.,٫٬،][0-9]+)*)")
_TAIL = re.compile(r"([.,٫٬،])([0-9]+)")
_SHOWN = 20


def exact(value: Exact) -> Exact:
    """The same number, as `int` where it is whole."""
    return int(value) if value.denominator == 1 else value


def _decimal(whole: str, digits: str) -> Exact:
    return exact(Fraction(int(whole + digits), 10 ** len(digits)))


def readings(run: str, *, scaled: bool = False) -> tuple[Exact, ...]:
    """All numbers that a run of ASCII digits with separators can mean, the likeliest first; () for none (a date, say).

    `٫` is decimal. `٬` and an ASCII comma before exactly three digits group thousands, unless the whole part is 0;
    any other comma is decimal. `1.200` is 1,200 or 1.2; `5،6` is 5.6 or the two numbers 5 and 6. A repeated separator
    groups, and of two different ones the last is decimal. With `scaled` (a scale word or a percent sign follows)
    `6.940` is 6.94 first, and `10,800` may be 10.8 as well.
    """
    match = _RUN.fullmatch(run) if len(run) <= LONGEST else None
    if match is None:
        return ()
    whole, tail = match[1], _TAIL.findall(match[2])
    if not tail:
        return (int(whole),)
    marks, parts = [mark for mark, _ in tail], [part for _, part in tail]
    groups = len(whole) <= 3 and whole[0] != "0"
    if len(tail) > 1:
        last_is_decimal = marks[-1] != marks[0]
        grouping = marks[:-1] if last_is_decimal else marks
        grouped = parts[: len(grouping)]
        if not groups or len(set(grouping)) > 1 or any(len(part) != 3 for part in grouped):
            return ()
        if not last_is_decimal:
            return (int(whole + "".join(parts)),)
        return () if marks[-1] == "٬" else (_decimal(whole + "".join(grouped), parts[-1]),)
    mark, part = tail[0]
    decimal = _decimal(whole, part)
    thousands = int(whole + part) if groups and len(part) == 3 else None
    if mark == "٫" or (thousands is None and mark in ".,"):
        return (decimal,)
    if thousands is None:
        return (decimal, int(whole), int(part))
    if mark == ".":
        return (decimal, thousands) if scaled else (thousands, decimal)
    return (thousands, decimal) if mark == "," and scaled else (thousands,)


def written(value: Exact) -> tuple[int | str, bool]:
    """A number for JSON: whole ones as `int`, others as a decimal string; and whether the string had to be rounded."""
    value = exact(value)
    if isinstance(value, int):
        return value, False
    rest = value.denominator
    twos = (rest & -rest).bit_length() - 1
    rest >>= twos
    fives = 0
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives) if rest == 1 else _SHOWN
    scaled = round(abs(value) * 10**places)
    text = str(scaled).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{text[:-places]}.{text[-places:]}", rest != 1
