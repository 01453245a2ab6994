"""Durations: سبع ساعات ونصف الساعة, شهرين, نحو ثلاثة أعوام as ISO 8601 durations, with their bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from khabar.measures import iso_duration, measure
from khabar.nouns import is_known, singulars, undefined
from khabar.numerals import Number, parse

_CODES = ("a", "mo", "wk", "d", "h", "min", "s")
_APPROXIMATORS = {
    ("نحو",): "approximate",
    ("حوالي",): "approximate",
    ("قرابة",): "approximate",
    ("زهاء",): "approximate",
    ("قراب",): "approximate",
    ("ما", "يقارب"): "approximate",
    ("ما", "يقرب", "من"): "approximate",
    ("ما", "يناهز"): "approximate",
    ("اكثر", "من"): "more_than",
    ("ازيد", "من"): "more_than",
    ("ما", "يزيد", "علي"): "more_than",
    ("ما", "يزيد", "عن"): "more_than",
    ("اقل", "من"): "less_than",
    ("ما", "لا", "يقل", "عن"): "at_least",
}
_PARTS = {"نصف": Fraction(1, 2), "ربع": Fraction(1, 4), "ثلث": Fraction(1, 3)}
_ONE = frozenset(("واحد", "واحدة", "كامل", "كاملة", "واحدا"))
_SEVERAL = frozenset(("عدة", "بعض"))
_FEW = (3, 10)
_LONGEST = 7


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time of `low` to `high` units (UCUM code a, mo, wk, d, h, min or s); equal for an exact one."""

    low: Fraction
    high: Fraction
    code: str
    flags: tuple[str, ...] = ()

    @property
    def iso(self) -> str:
        """ISO 8601 duration; of a range, its two ends joined by `..`."""
        low = iso_duration(self.low, self.code)
        return low if self.low == self.high else f"{low}..{iso_duration(self.high, self.code)}"


@lru_cache(maxsize=20_000)
def cardinal(text: str) -> Number | None:
    """The number that a text is, if it is one that can count things: no ordinal, no dual or other amount."""
    number = parse(text)
    if (
        number is None
        or number.kind in ("ordinal", "percent")
        or {"dual", "unit", "group", "score", "descending"} & set(number.flags)
    ):
        return None
    return number


def leading_number(words: Sequence[str]) -> tuple[Number, int] | None:
    """The number that words begin with, the longest, and how many of them it takes; None if they begin with none."""
    for length in range(min(_LONGEST, len(words)), 0, -1):
        if number := cardinal(" ".join(words[:length])):
            return number, length
    return None


def time_unit(word: str) -> tuple[str, Fraction] | None:
    """UCUM code and factor of a folded word that is a unit of time in any form (الساعات, عاما, شهرين); else None."""
    found = measure([word])
    return (found[0].code, found[0].factor) if found and found[0].kind == "time" and found[0].code in _CODES else None


def is_dual(word: str) -> bool:
    """Whether a folded time word is a dual: ساعتين, العامان."""
    bare = undefined(word)
    return bare.endswith(("ين", "ان")) and not is_known(bare) and time_unit(word) is not None


def is_plural(word: str) -> bool:
    """Whether a folded time word is a plural: ساعات, اعوام."""
    bare = undefined(word)
    return (
        time_unit(word) is not None and not is_dual(word) and bare not in singulars(bare)[:1] and not bare.endswith("ا")
    )


def duration(words: Sequence[str], *, bare: bool = True) -> tuple[Duration, int] | None:
    """The duration that folded words begin with, and how many of them it takes; None if they begin with none.

    With `bare`, a unit alone counts too: شهر is one month, أشهر is 3 to 10 of them (flag `vague`).
    """
    flags: list[str] = []
    start = 0
    for approximator, flag in _APPROXIMATORS.items():
        if tuple(words[: len(approximator)]) == approximator:
            flags.append(flag)
            start = len(approximator)
    found = _quantity(words[start:], bare)
    if found is None:
        return None
    low, high, code, more, used = found
    return Duration(low, high, code, (*flags, *more)), start + used


def _quantity(
    words: Sequence[str], bare: bool, *, more: bool = True
) -> tuple[Fraction, Fraction, str, tuple[str, ...], int] | None:
    if not words:
        return None
    flags: tuple[str, ...] = ()
    if leading := leading_number(words):
        number, used = leading
        unit = time_unit(words[used]) if used < len(words) else None
        low, high = Fraction(number.low), Fraction(number.high)
        if "vague" in number.flags or number.kind == "vague":
            flags = ("vague",)
        used += 1
    else:
        word, used = words[0], 1
        if word in _SEVERAL and len(words) > 1:
            word, used = words[1], 2
        unit = time_unit(word)
        if unit is None and len(word) > 4 and word[0] in "لبوف":
            word = word[1:]
            unit = time_unit(word)
        counted = leading_number(words[used:]) if unit and is_plural(word) else None
        if is_dual(word):
            low = high = Fraction(2)
            if words[used : used + 1] == ["او"] and (other := leading_number(words[used + 1 :])):
                high, used = Fraction(other[0].high), used + 1 + other[1]
        elif counted and time_unit("".join(words[used + counted[1] : used + counted[1] + 1])) is None:
            low, high, used = Fraction(counted[0].low), Fraction(counted[0].high), used + counted[1]
        elif unit and is_plural(word) and (bare or used == 2):
            low, high, flags = Fraction(_FEW[0]), Fraction(_FEW[1]), ("vague",)
        elif unit and bare and used == 1:
            low = high = Fraction(1)
        else:
            return None
        if used < len(words) and words[used] in _ONE:
            used += 1
    if unit is None:
        return None
    code, factor = unit
    part, taken = _and_part(words[used:])
    used += taken
    low, high = (low + part) * factor, (high + part) * factor
    if (
        more
        and used < len(words)
        and words[used].startswith("و")
        and (rest := _quantity([words[used][1:], *words[used + 1 : used + 8]], False, more=False))
    ):
        joined = _joined(low, code, rest[0], rest[2]) if low == high and rest[0] == rest[1] else None
        if joined:
            return joined[0], joined[0], joined[1], flags, used + rest[4]
    return low, high, code, flags, used


def _and_part(words: Sequence[str]) -> tuple[Fraction, int]:
    """ونصف, ونصف الساعة after a unit: what it adds, and the words it takes."""
    if not words or not words[0].startswith("و") or words[0][1:] not in _PARTS:
        return Fraction(0), 0
    named = len(words) > 1 and time_unit(words[1]) is not None
    return _PARTS[words[0][1:]], 2 if named else 1


def _joined(low: Fraction, code: str, more: Fraction, smaller: str) -> tuple[Fraction, str] | None:
    """سنتين وثمانية أشهر, in the smaller unit; None where one unit is no multiple of the other."""
    sizes = {("a", "mo"): 12, ("wk", "d"): 7, ("d", "h"): 24, ("h", "min"): 60, ("min", "s"): 60}
    size = sizes.get((code, smaller))
    return (low * size + more, smaller) if size else None
