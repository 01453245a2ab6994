"""Currencies: Arabic names to ISO 4217 codes, by nationality or by the countries a document names.

Names come from CLDR through babel; the press's other spellings and the parts of a currency (قرش, فلس) are added here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache

from babel import Locale
from babel.numbers import get_territory_currencies

from khabar.nouns import fold_word, singulars, undefined, words_of

_ARABIC = Locale("ar")
_NOUNS = {
    "اورو": "يورو",
    "شيقل": "شيكل",
    "شاقل": "شيكل",
    "شيكيل": "شيكل",
    "شلنغ": "شلن",
    "كرون": "كرونة",
    "كورون": "كرونة",
    "نيرة": "نايرا",
    "تاكة": "تاكا",
    "باهت": "باخت",
}
_ADJECTIVES = {
    "اميركي": "امريكي",
    "سترليني": "استرليني",
    "بريطاني": "استرليني",
    "انجليزي": "استرليني",
    "بنغلادشي": "بنغلاديشي",
    "بنجلاديشي": "بنغلاديشي",
    "سيفا": "افريقي",
    "كيني": "كينيي",
    "نيوزلندي": "نيوزيلندي",
}
"""Other spellings of the nouns and adjectives that CLDR writes."""
_EXTRA: dict[str, tuple[str, ...]] = {
    "ليرة لبناني": ("LBP",),
    "جنيه سوري": ("SYP",),
    "فرنك افريقي": ("XOF", "XAF"),
    "فرنك قمري": ("KMF",),
    "اوقية جديد": ("MRU",),
    "اوقية قديم": ("MRO",),
    "شيكل اسرائيلي": ("ILS",),
    "شيكل جديد": ("ILS",),
    "وون كوري": ("KRW",),
    "وون كوري جنوبي": ("KRW",),
    "راند جنوب افريقي": ("ZAR",),
    "ليرة": ("TRY", "SYP", "LBP"),
    "جنيه": ("EGP", "SDG", "SSP", "GBP"),
    "فرنك": ("CHF", "XOF", "XAF", "DJF", "KMF", "BIF", "CDF", "GNF", "RWF", "XPF"),
    "وون": ("KRW",),
}
"""Names that CLDR lacks or has otherwise; of a bare noun, the currencies in use that it may stand for."""
_DEFAULTS = {"دولار": "USD", "روبل": "RUB"}
"""Bare nouns that the press uses of one currency unless it says another."""
_HOMOGRAPHS = frozenset(
    ("سوم", "سول", "بير", "تالا", "سيدي", "كيب", "ليك", "ليف", "ليو", "مارك", "بولا", "كينا", "ليون")
)
"""Names of money that are other words too: money only with their nationality."""
_PARTS: dict[str, dict[str, int]] = {
    "سنت": {"USD": 100, "EUR": 100, "AUD": 100, "CAD": 100, "ZAR": 100},
    "قرش": {"EGP": 100, "SDG": 100, "LBP": 100, "SYP": 100, "JOD": 100, "TRY": 100},
    "فلس": {"IQD": 1000, "JOD": 1000, "KWD": 1000, "BHD": 1000, "AED": 100},
    "هللة": {"SAR": 100},
    "بيسة": {"OMR": 1000},
    "مليم": {"TND": 1000, "EGP": 1000},
    "سنتيم": {"DZD": 100, "MAD": 100, "CHF": 100},
    "اغورة": {"ILS": 100},
    "بنس": {"GBP": 100},
    "كوبيك": {"RUB": 100},
    "درهم": {"LYD": 1000, "QAR": 100},
}
"""Parts of currencies and how many of them make one (ISO 4217 gives them no codes)."""
_COUNTRIES = {
    "السعودية": "SA",
    "الامارات": "AE",
    "فلسطين": "PS",
    "بريطانيا": "GB",
    "انجلترا": "GB",
    "امريكا": "US",
    "اميركا": "US",
    "سورية": "SY",
    "سلطنة عمان": "OM",
    "تركية": "TR",
}
_NATIONS = {
    "كيني": "KE",
    "كوري": "KR",
    "فلسطيني": "PS",
    "بريطاني": "GB",
    "اميركي": "US",
    "موريتاني": "MR",
    "سويسري": "CH",
}


@dataclass(frozen=True, slots=True)
class Currency:
    """What a name of money may stand for: ISO 4217 codes, one where it is sure or settled; parts of a currency too.

    `factor`: how many of the currency one of the unit is (a piastre: 1/100); None where the codes differ in it.
    """

    codes: tuple[str, ...]
    name: str
    factor: Fraction | None = Fraction(1)
    flags: tuple[str, ...] = ()


def _plain(word: str) -> str:
    """An adjective without article, case ending and feminine ending: الكويتية, كويتيا and كويتى are كويتي."""
    word = undefined(word)
    word = word[:-1] if word.endswith(("ا", "ة", "ه")) and len(word) > 4 else word
    return _ADJECTIVES.get(word, word)


def _name(words: Sequence[str]) -> str:
    return " ".join([_NOUNS.get(words[0], words[0]), *map(_plain, words[1:])])


@cache
def _currencies() -> dict[str, tuple[str, ...]]:
    """Codes of the currencies in use by name: noun with adjective, and the noun alone with all its codes."""
    found: dict[str, list[str]] = {}
    for code in sorted(_homes()):
        if words := words_of(_ARABIC.currencies.get(code, "")):
            for name in {_name(words), _name(words[:1])}:
                found.setdefault(name, []).append(code)
    return {name: tuple(codes) for name, codes in found.items()} | _EXTRA


@cache
def _homes() -> dict[str, frozenset[str]]:
    """The territories (ISO 3166 alpha-2) in which a currency is tender."""
    homes: dict[str, set[str]] = {}
    for territory in map(str, _ARABIC.territories):
        if len(territory) == 2 and territory.isalpha():
            for code in get_territory_currencies(territory):
                homes.setdefault(code, set()).add(territory)
    return {code: frozenset(territories) for code, territories in homes.items()}


def currency_codes() -> frozenset[str]:
    """The ISO 4217 codes of the currencies that are tender somewhere."""
    return frozenset(_homes())


def main_country(code: str) -> str | None:
    """The one country (ISO 3166 alpha-2) that a currency belongs to by its code; None for shared ones like EUR."""
    return code[:2] if code[:2] in _homes().get(code, ()) else None


def currency(words: Sequence[str], countries: Collection[str] = ()) -> tuple[Currency, int] | None:
    """The currency that folded words begin with, and how many of them name it; None if they begin with none.

    A bare دولار is USD. Another bare noun that several currencies share is settled only where exactly one of them is
    tender in `countries` (ISO 3166 alpha-2), and flagged so; else all its codes are given.
    """
    if not words:
        return None
    for noun in singulars(undefined(words[0]), dual=True):
        noun = _NOUNS.get(noun, noun)
        for length in range(min(4, len(words)), 0, -1):
            name = _name([noun, *words[1:length]])
            if length > 1 and (part := _part(noun, name, countries)):
                return part, length
            if codes := _currencies().get(name):
                if length == 1 and noun in _HOMOGRAPHS:
                    return None
                return _settled(codes, name, countries, bare=length == 1), length
        if noun in _PARTS and (part := _part(noun, noun, countries)):
            return part, 1
    return None


def _settled(codes: tuple[str, ...], name: str, countries: Collection[str], *, bare: bool) -> Currency:
    if len(codes) == 1:
        return Currency(codes, name)
    if bare and name in _DEFAULTS:
        return Currency((_DEFAULTS[name],), name, flags=("default",))
    at_home = [code for code in codes if _homes().get(code, frozenset()) & set(countries)]
    if len(at_home) == 1:
        return Currency((at_home[0],), name, flags=("country_of_document",))
    return Currency(codes, name, flags=("ambiguous",))


def _part(noun: str, name: str, countries: Collection[str]) -> Currency | None:
    """A part of a currency: the noun alone, or with a nationality (قرشا مصريا)."""
    sizes = _PARTS.get(noun)
    if sizes is None:
        return None
    if name != noun:
        adjective = name.removeprefix(noun + " ")
        codes = tuple(code for code in sizes if main_country(code) == nations().get(adjective))
        if len(codes) != 1:
            return None
        return Currency(codes, name, Fraction(1, sizes[codes[0]]), ("part",))
    found = _settled(tuple(sizes), noun, countries, bare=True)
    factors = {sizes[code] for code in found.codes}
    factor = Fraction(1, factors.pop()) if len(factors) == 1 else None
    return Currency(found.codes, noun, factor, (*found.flags, "part"))


@cache
def nations() -> dict[str, str]:
    """ISO 3166 alpha-2 codes by adjective of nationality (folded, masculine, without article)."""
    found = {}
    for name, codes in _currencies().items():
        words = name.split()
        if len(words) == 2 and words[1].endswith("ي") and len(codes) == 1 and (country := main_country(codes[0])):
            found[words[1]] = country
    found.pop("استرليني", None)
    return found | _NATIONS


@cache
def _territories() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    """Names of countries by their first word: the words after it, the longest first, and the code."""
    arabic = {fold_word(name): str(code) for code, name in _ARABIC.territories.items() if str(code).isalpha()}
    named = {name: code for name, code in arabic.items() if len(code) == 2} | _COUNTRIES
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for name, code in named.items():
        first, *rest = name.split()
        found.setdefault(first, []).append((tuple(rest), code))
    return {first: sorted(names, key=lambda name: -len(name[0])) for first, names in found.items()}


def countries_named(text: str) -> frozenset[str]:
    """The countries (ISO 3166 alpha-2) that a text names, by name or by an adjective of nationality.

    عمان is the country unless the text also names Jordan, whose capital is written the same.
    """
    words, found, i = words_of(text), set[str](), 0
    while i < len(words):
        code, length = _country(words, i)
        found |= {code} if code else set()
        i += length
    if "JO" in found:
        found.discard("OM")
    return frozenset(found)


def _country(words: Sequence[str], i: int) -> tuple[str | None, int]:
    """The country that is named at a word, clitics before it or not, and how many words name it."""
    for form in _forms(words[i]):
        for rest, code in _territories().get(form, ()):
            if tuple(words[i + 1 : i + 1 + len(rest)]) == rest:
                return code, 1 + len(rest)
    return _nation(words[i]), 1


@lru_cache(maxsize=50_000)
def _forms(word: str) -> tuple[str, ...]:
    clitics = [word[n:] for n in (1, 2) if word[:n] in ("و", "ف", "ب", "ل", "ك", "وب", "ول")]
    return (word, *clitics, *(["ال" + word[2:]] if word.startswith("لل") else []))


@lru_cache(maxsize=50_000)
def _nation(word: str) -> str | None:
    forms = singulars(undefined(word))
    return next((code for form in forms if (code := nations().get(_plain(form)))), None)
