"""Clock times in a TIME text: الساعة 14:10, الثامنة صباحا, السادسة وأربع دقائق مساء."""

from __future__ import annotations

from collections.abc import Sequence

from khabar.durations import leading_number
from khabar.nouns import listed
from khabar.numerals import parse

_HALVES = {"والنصف": 30, "والربع": 15, "والثلث": 20, "ونصف": 30, "وربع": 15}
_PARTS = listed("صباحا مساء ظهرا عصرا فجرا ليلا")
_ZONES = listed("بتوقيت بالتوقيت")


def split_clocks(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The folded words that tell no clock time, and the clock times as flags `clock:HH:MM`, in order."""
    rest: list[str] = []
    flags: list[str] = []
    i = 0
    while i < len(words):
        clock = _clock(words, i)
        if clock is None:
            rest.append(words[i])
            i += 1
            continue
        hour, minute, i = clock
        flags.append(f"clock:{hour:02}:{minute:02}")
    return rest, list(dict.fromkeys(flags))


def _integer(words: Sequence[str], i: int) -> int | None:
    word = words[i] if i < len(words) else ""
    return int(word) if word.isascii() and word.isdigit() and len(word) <= 4 else None


def _clock(words: Sequence[str], i: int) -> tuple[int, int, int] | None:
    """Hour, minute and next index of a clock time at `i`, with the part of the day and the time zone after it."""
    named = words[i].endswith("الساعة")
    j = i + 1 if named else i
    found = _written(words, j, named) or _spoken(words, j, named)
    if found is None or found[0] > 24 or found[1] > 59:
        return None
    hour, minute, j = found
    said = words[j] if j < len(words) else ""
    if said in ("بعد", "قبل") and words[j + 1 : j + 2] in (["الظهر"], ["ظهر"]):
        hour += 12 if said == "بعد" and hour < 12 else 0
        j += 2
    elif said in _PARTS:
        late = said in ("مساء", "عصرا") or (said == "ظهرا" and hour < 7) or (said == "ليلا" and hour > 5)
        hour += 12 if late and hour < 12 else 0
        j += 1
    if j < len(words) and words[j] in _ZONES:
        j += 3 if words[j + 2 : j + 3] == ["المكرمة"] else 2
    return hour, minute, j


def _written(words: Sequence[str], j: int, named: bool) -> tuple[int, int, int] | None:
    """14:10, and after الساعة also 16 and 0700."""
    number = _integer(words, j)
    if number is None:
        return None
    minute = _integer(words, j + 2) if words[j + 1 : j + 2] == [":"] else None
    if minute is not None and len(words[j + 2]) == 2:
        return number, minute, j + 3
    if not named:
        return None
    return (number // 100, number % 100, j + 1) if len(words[j]) == 4 else (number, 0, j + 1)


def _spoken(words: Sequence[str], i: int, named: bool) -> tuple[int, int, int] | None:
    """An hour as an ordinal, الثامنة, with what is added to it; a clock time only if something near says so."""
    for length in (2, 1):
        phrase = words[i : i + length]
        if len(phrase) < length or not all(word.isalpha() for word in phrase):
            continue
        number = parse(" ".join(phrase))
        if number is None or number.kind != "ordinal" or number.low != number.high or number.low != int(number.low):
            continue
        if not 1 <= number.low <= 12 or "ال" not in words[i][:4] or not words[i].endswith("ة"):
            return None
        hour, j = int(number.low), i + length
        following = words[j] if j < len(words) else ""
        if following in _HALVES:
            return hour, _HALVES[following], j + 1
        if added := _added(words, j):
            return hour, added[0], added[1]
        to_another = following in ("حتي", "الي") and any(word in _PARTS for word in words[j:])
        near_noon = following in ("بعد", "قبل") and words[j + 1 : j + 2] == ["الظهر"]
        return (hour, 0, j) if named or following in _PARTS | _ZONES or to_another or near_noon else None
    return None


def _added(words: Sequence[str], j: int) -> tuple[int, int] | None:
    """Minutes added to an hour: و45 دقيقة, وأربع دقائق."""
    if j >= len(words) or not words[j].startswith("و"):
        return None
    alone = words[j] == "و"
    rest = list(words[j + 1 :]) if alone else [words[j][1:], *words[j + 1 :]]
    number = leading_number(rest)
    if number is None or rest[number[1] : number[1] + 1] not in (["دقيقة"], ["دقائق"]):
        return None
    return int(number[0].low), j + alone + number[1] + 1
