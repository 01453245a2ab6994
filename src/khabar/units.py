"""Units and rates: what a number counts or measures, and per what.

Codes are ISO 4217 for money (currencies.py), UCUM for measures and time (measures.py), ISO 8601 durations for the
periods of rates. Counted nouns get a key that is one for all their forms (nouns.py). What may be several things has no
code, the flag `ambiguous` and its alternatives.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Literal

from babel.numbers import get_currency_symbol

from khabar.currencies import currency, currency_codes
from khabar.durations import duration, leading_number
from khabar.measures import measure, percent
from khabar.nouns import key_of, lemma, undefined, words_of

Kind = Literal["currency", "measure", "percent", "time", "count"]

_SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₪": "ILS", "₺": "TRY", "₽": "RUB", "₹": "INR"}
_LATIN = {
    code.lower(): code
    for code in ("km", "m", "cm", "mm", "kg", "g", "mg", "t", "L", "mL", "km2", "m2", "m3", "kW", "MW", "GW")
}
_HOMOGRAPHS = {"عقد": ("a",), "عقود": ("a",), "عقدا": ("a",), "غرامات": ("g",)}
"""Counted nouns that may as well be a time or a measure: contracts or decades, fines or grams."""
_BELOW_ZERO = "تحت الصفر"
_GROUPS = frozenset(("ثنائية", "ثلاثية", "رباعية", "خماسية", "سداسية", "سباعية"))
_FRACTIONS = re.compile(r"^و(?:نصف|ربع|ثلث)(?:ا|ه|ها)?$")


@dataclass(frozen=True, slots=True)
class Unit:
    """What a number counts or measures.

    `code`: ISO 4217, UCUM, or `%`; None for counted nouns and where it is not sure. `key`: one name for all forms of
    the unit. `alternatives`: the codes it may stand for where `code` is None or was settled by a convention. `factor`:
    how many of `code` one of the unit is (a piastre is 1/100 EGP), None where that differs. `reason`: why `kind` is
    None.
    Flags: `ambiguous`, `default` (a convention settled it), `country_of_document`, `part` (of a currency), `points`
    (percentage points), `below_zero` (the value is negative), `qualified` (words after the name restrict it: a كيلو of
    tomatoes), `multiple` (ضعف), `each` (a pronoun stands for the unit), `group` (ثلاثية), `no_code`.
    """

    kind: Kind | None
    code: str | None = None
    key: str = ""
    alternatives: tuple[str, ...] = ()
    factor: Fraction | None = Fraction(1)
    flags: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """Per what a number holds: an ISO 8601 duration as `period`, or `number` of the unit `per`, or both.

    `str()` gives `P1D`, `per برميل`, `per 100000 نسمة`. Flags: `share` (of every ten, one), `each` (a pronoun stands
    for the unit), `instant` (a part of the day that recurs: every morning), and those of its unit. `reason`: why it is
    empty.
    """

    period: str | None = None
    number: int | Fraction = 1
    per: Unit | None = None
    flags: tuple[str, ...] = ()
    reason: str = ""

    def __str__(self) -> str:
        per = (
            []
            if self.per is None
            else [self.per.code if self.per.kind == "currency" and self.per.code else self.per.key]
        )
        number = [] if self.number == 1 else [str(self.number)]
        counted = " ".join([*number, *per]) or ("each" if "each" in self.flags else "")
        return " ".join(filter(None, [f"per {counted}" if counted else "", self.period or ""]))


def read_unit(text: str, *, countries: Collection[str] = (), dual: bool = False) -> Unit:
    """The unit that the text of a UNIT span names. Never raises.

    `countries`: ISO 3166 alpha-2 codes of the countries the document names, which may settle a bare دينار
    (currencies.countries_named finds them). `dual`: the word may be a dual, as in AMOUNT spans.
    """
    words = [word for word in words_of(text) if word not in ("(", ")", "«", "»", '"')]
    if not words:
        return Unit(None, reason="no word")
    joined = " ".join(words)
    if found := percent(joined):
        return Unit("percent", found.code, found.key, factor=found.factor, flags=found.flags)
    if symbol := _symbol(joined):
        return symbol
    if not any(character.isalpha() for character in joined):
        return Unit(None, reason="no word")
    if (homograph := _HOMOGRAPHS.get(undefined(words[0]))) and len(words) == 1:
        return Unit("count", None, key_of(words), homograph, flags=("ambiguous",))
    if words[0] in ("تحت", "دون") and joined.startswith(_BELOW_ZERO):
        return Unit("measure", None, "درجة", ("Cel", "[degF]"), flags=("ambiguous", "below_zero"))
    return _measured(words) or _money(words, countries) or _counted(words, dual)


def _measured(words: Sequence[str]) -> Unit | None:
    if undefined(words[0]) in ("كيلو", "كيلوات"):
        key = " ".join(["كيلوغرام", *words[1:]])
        return Unit("measure", "kg", key, ("km",), flags=("default",) if len(words) == 1 else ("default", "qualified"))
    found = measure(words)
    if found is None:
        return None
    unit, used = found
    rest = words[used:]
    if unit.key.startswith("اوقية") or (words[0].endswith("اوقية") and unit.code == "[oz_tr]"):
        if rest:
            return None
        return Unit("measure", None, "اوقية", ("[oz_tr]", "MRU"), flags=("ambiguous",))
    if unit.kind == "time" and rest and unit.key == "عقد":
        return None
    kind: Kind = "time" if unit.kind == "time" else "measure"
    code, alternatives, flags = unit.code, unit.alternatives, unit.flags
    if " ".join(rest).startswith(_BELOW_ZERO):
        rest, flags = rest[2:], (*flags, "below_zero")
        alternatives = ("Cel", "[degF]") if code is None else alternatives
    key = " ".join([unit.key, *rest])
    if rest:
        flags = (*flags, "qualified")
        key = key_of(words) if kind == "time" else key
    return Unit(kind, code, key, alternatives, unit.factor, flags)


def _money(words: Sequence[str], countries: Collection[str]) -> Unit | None:
    found = currency(words, countries)
    if found is None:
        return None
    money, used = found
    rest = words[used:]
    flags = (*money.flags, "qualified") if rest else money.flags
    code = money.codes[0] if len(money.codes) == 1 else None
    key = " ".join([money.name, *rest])
    return Unit("currency", code, key, money.codes if code is None else (), money.factor, flags)


def _counted(words: Sequence[str], dual: bool) -> Unit:
    key = key_of([word for word in words if word not in ("/", "،", ",", ".")], dual=dual)
    if not key:
        return Unit(None, reason="no word")
    return Unit("count", None, key, flags=("multiple",) if key.split()[0] == "ضعف" else ())


@cache
def _arabic_symbols() -> dict[str, str]:
    symbols = {get_currency_symbol(code, locale="ar"): code for code in sorted(currency_codes())}
    return {" ".join(words_of(symbol)): code for symbol, code in symbols.items() if symbol != code}


def _symbol(text: str) -> Unit | None:
    code = (
        _SYMBOLS.get(text)
        or _arabic_symbols().get(text)
        or (text.upper() if text.upper() in currency_codes() else None)
    )
    if code and text.isascii() and text.islower():
        code = None
    if code:
        return Unit("currency", code, code, flags=("default",) if text in ("$", "£", "¥") else ())
    if text.lower() in _LATIN:
        return Unit("measure", _LATIN[text.lower()], _LATIN[text.lower()])
    return None


def unit_of_amount(text: str, *, countries: Collection[str] = ()) -> Unit:
    """The unit inside an AMOUNT span, whose word carries the number too: شخصين, ساعة ونصف, نقطة مئوية ونصف."""
    words = [word for word in words_of(text) if not _FRACTIONS.match(word) and word not in ("ناقص", "سالب")]
    if words and (lemma(words[0]) in _GROUPS or words[0].removeprefix("ب") in _GROUPS):
        return Unit("count", None, "هدف", flags=("group", "default"))
    kept: list[str] = []
    for word in words:
        if word in ("الي", "او", "-") or (kept and word in kept):
            break
        kept.append(word)
    if kept and kept[0][0] in "وبلف" and len(kept[0]) > 4 and measure(kept) is None and currency(kept) is None:
        bare = [kept[0][1:], *kept[1:]]
        if measure(bare) or currency(bare):
            kept = bare
    if len(kept) == 2 and undefined(kept[0]) == undefined(kept[1]):
        kept = kept[:1]
    return read_unit(" ".join(kept), countries=countries, dual=True)


_ADVERBS = {
    "يومي": "P1D",
    "ليلي": "P1D",
    "اسبوعي": "P1W",
    "شهري": "P1M",
    "فصلي": "P3M",
    "سنوي": "P1Y",
}
_RECURRING = {"صباح": "P1D", "مساء": "P1D", "ليلة": "P1D"}
_OPENERS = (
    ("علي", "اساس"),
    ("من", "كل"),
    ("من", "بين", "كل"),
    ("عن", "كل"),
    ("علي", "كل"),
    ("في", "كل"),
    ("مع", "كل"),
    ("لكل",),
    ("كل",),
    ("كلا",),
    ("بكل",),
    ("مقابل",),
    ("في",),
    ("عن",),
    ("علي",),
    ("من",),
)
_SHARES = {("من", "كل"), ("من", "بين", "كل"), ("من",)}
_EACH = re.compile(r"^(?:(?:من)?(?:ها|هم|هما|هن|نا)|واحد|واحدة|منها|منهم|منهما|منهن)$")


def read_rate(text: str, *, countries: Collection[str] = ()) -> Rate:
    """The rate that the text of a RATE span names: an ISO 8601 period, ISO 4217 and UCUM units. Never raises."""
    words = words_of(text)
    if words and words[0].startswith("و") and words[0] not in ("وحدة", "واحد", "واحدة") and len(words[0]) > 3:
        words[0] = words[0][1:]
    if not words:
        return Rate(reason="no word")
    period = None
    if len(words) > 1 and (adverb := _adverb(words[-1])) and words[0] != "علي":
        words, period = words[:-1], adverb
    opener = next((o for o in _OPENERS if tuple(words[: len(o)]) == o), ())
    rest = list(words[len(opener) :])
    if rest and (adverb := _adverb(rest[0])) and len(rest) == 1:
        return Rate(adverb)
    if not rest or _EACH.match(rest[0]) or (rest[0] in ("الواحد", "الواحدة") and len(rest) <= 2):
        flags = ("each", "share") if opener in _SHARES and not rest else ("each",)
        return Rate(period, per=None, flags=flags) if rest or opener else Rate(reason="no unit")
    return _per(rest, opener, period, countries)


def _adverb(word: str) -> str | None:
    bare = undefined(word)
    return _ADVERBS.get(bare) or _ADVERBS.get(bare[:-1] if bare.endswith(("ا", "ة")) else bare)


def _per(words: list[str], opener: tuple[str, ...], period: str | None, countries: Collection[str]) -> Rate:
    share = ("share",) if opener in _SHARES else ()
    words = [word for word in words if word not in ("الواحد", "الواحدة", "واحد", "واحدة")] or words
    first = undefined(words[0])
    if first in _RECURRING and len(words) == 1:
        return Rate(_RECURRING[first], flags=("instant",))
    if not share:
        for start in (words, [words[0][1:], *words[1:]] if words[0][0] in "لب" else words):
            found = duration(start)
            if found and found[1] == len(start):
                return Rate(found[0].iso, flags=found[0].flags)
    number: int | Fraction = 1
    if leading := leading_number(words):
        if leading[0].low != leading[0].high:
            return Rate(period, reason=f"per a range of {leading[0].low} to {leading[0].high}")
        number, words = leading[0].low, words[leading[1] :]
    elif share and first in ("مليون", "الف", "مئة", "مليار"):
        return Rate(reason="number not understood")
    while words and words[0] in ("من", "عن"):
        words = words[1:]
    if not words:
        return Rate(period, number, flags=share) if number != 1 else Rate(period, reason="" if period else "no unit")
    if words[0].startswith("ل") and not words[0].startswith("لل") and len(words[0]) > 3 and not opener:
        plain = [words[0][1:], *words[1:]]
        if measure(plain) or currency(plain) or lemma(words[0]) == lemma(words[0][1:]):
            words = plain
    if undefined(words[0]) != words[0]:
        words = [undefined(words[0]), *(undefined(word) if word.startswith("ال") else word for word in words[1:])]
    unit = read_unit(" ".join(words), countries=countries)
    if unit.kind == "measure" and unit.key == "اوقية":
        unit = Unit("measure", "[oz_tr]", "اوقية", ("MRU",), flags=("default",))
    if unit.kind is None:
        return Rate(period, reason=unit.reason)
    return Rate(period, number, unit, (*share, *unit.flags))
