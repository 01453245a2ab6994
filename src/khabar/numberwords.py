"""Number words: the lexicon, generated from stems × case × gender × hamza, and what one written word stands for."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, lru_cache

FOLD = str.maketrans(
    dict.fromkeys("أإآٱ", "ا")
    | dict.fromkeys("ىی", "ي")
    | {"ة": "ه", "ۀ": "ه", "ک": "ك", "ـ": None}
    | {
        chr(c): None
        for a, b in ((0x610, 0x61A), (0x64B, 0x65F), (0x670, 0x670), (0x6D6, 0x6ED))
        for c in range(a, b + 1)
    }
)
"""Letters that spellings mix up become one; vowel signs, hamza signs and tatweel go."""

_DAMMA, _FATHA, _SHADDA, _TANWIN = "\u064f", "\u064e", "\u0651", "\u064b"
_PRESENTATION = "\ufb50"


def words(text: str) -> frozenset[str]:
    """A set of words written with spaces between them."""
    return frozenset(text.split())


PRONOUNS = ("ه", "ها", "هم", "هن", "هما", "نا", "كم")

DIGIT_STEMS = {3: "ثلاث", 4: "اربع", 5: "خمس", 6: "ست", 7: "سبع", 8: "ثمان", 9: "تسع", 10: "عشر"}
PART_STEMS = {2: "نصف", 3: "ثلث", 4: "ربع", 5: "خمس", 6: "سدس", 7: "سبع", 8: "ثمن", 9: "تسع", 10: "عشر"}
_PART_PLURALS = dict(
    zip(
        range(2, 11),
        ("انصاف", "اثلاث", "ارباع", "اخماس", "اسداس", "اسباع", "اثمان", "اتساع", "اعشار"),
        strict=True,
    )
)
_ORDINAL_STEMS = {3: "ثالث", 4: "رابع", 5: "خامس", 6: "سادس", 7: "سابع", 8: "ثامن", 9: "تاسع", 10: "عاشر"}
_GROUPS = {2: "ثنائيه", 3: "ثلاثيه", 4: "رباعيه", 5: "خماسيه", 6: "سداسيه", 7: "سباعيه", 9: "تساعيه"}
_SCALES: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {
    10**3: (("الف",), ("الاف", "الوف")),
    10**6: (("مليون", "ميليون"), ("ملايين", "ملاين", "مليونات")),
    10**9: (("مليار", "ميليار"), ("مليارات", "ملايير", "ميليارات")),
    10**12: (("تريليون", "ترليون", "تريلون"), ("تريليونات", "ترليونات", "تريلونات")),
    10**15: (("كوادريليون", "كوادرليون"), ("كوادريليونات", "كوادرليونات")),
}
_BILLION = (("بليون", "بيليون"), ("بلايين", "بليونات"))
_HUNDRED = ("مئه", "مائه", "ميه", "مايه")


@dataclass(frozen=True, slots=True)
class Word:
    """What one written word can contribute to a number. -1, 0 and None mean: nothing of that sort."""

    unit: int = -1
    """0 to 10."""
    ten: int = 0
    hundred: int = 0
    scale: int = 0
    """10 and 100 in the plurals عشرات and مئات, a dozen, 1,000 and beyond."""
    times: int = 1
    """2 in a dual; 0 in ألفا, مليونا, which is one in the accusative or two before a noun."""
    plural: bool = False
    fraction: Fraction | None = None
    parts: int = 0
    """Denominator of a broken plural: 4 in أرباع."""
    ordinal: int = 0
    few: bool = False
    """بضع: three to nine."""
    over: bool = False
    """نيف: something above a round number."""
    group: int = 0
    """ثلاثية: a score or series of three."""
    multiple: int = 0
    """ضعفي: two times."""
    bound: bool = False
    """Stands only in a compound: أحد in أحد عشر."""
    long_scale: bool = False
    """بليون, which is 10^9 in the press and 10^12 in long-scale usage."""
    pronoun: bool = False
    conj: bool = False
    """Written together with و."""
    clitic: str = ""
    """ف, ب, ل or ك written before it, after any و."""
    definite: bool = False


def _digits() -> dict[str, Word]:
    found = {form: Word(unit=0) for form in ("صفر", "صفرا")}
    found |= {form: Word(unit=1) for form in ("واحد", "واحده", "واحدا")}
    found |= {form: Word(unit=1, bound=True) for form in ("احد", "احدي", "حدي")}
    found |= {form: Word(unit=2) for form in ("اثنان", "اثنين", "اثنتان", "اثنتين", "ثنتان", "ثنتين")}
    found |= {form: Word(unit=2, bound=True) for form in ("اثنا", "اثني", "اثنتا", "اثنتي")}
    for n, stem in DIGIT_STEMS.items():
        part = Fraction(1, n) if PART_STEMS[n] == stem else None
        found |= {form: Word(unit=n, fraction=part) for form in (stem, stem + "ا")}
        found[stem + "ه"] = Word(unit=n)
        found |= {f"{stem}ت{suffix}": Word(unit=n, pronoun=True) for suffix in PRONOUNS}
        tens = 20 if n == 10 else n * 10
        found |= {stem + ending: Word(ten=tens) for ending in ("ون", "ين")}
    found |= {form: Word(unit=8) for form in ("ثماني", "ثمانيا", "ثمانيه")}
    del found["عشرا"]
    return found | {"عشرا": Word(unit=10, fraction=Fraction(1, 10))}


def _hundreds() -> dict[str, Word]:
    found = {form: Word(hundred=100) for form in _HUNDRED}
    # ميتا and ميتي are a company and "my dead": without their hamza only the full duals are read as 200.
    found |= {f"{m}{end}": Word(hundred=200) for m in ("مئت", "مائت", "مايت") for end in ("ان", "ين", "ا", "ي")}
    found |= {form: Word(hundred=200) for form in ("ميتان", "ميتين")}
    for n in range(3, 10):
        for stem in (DIGIT_STEMS[n], "ثماني") if n == 8 else (DIGIT_STEMS[n],):
            found |= {stem + hundred: Word(hundred=n * 100) for hundred in _HUNDRED}
    found |= {form: Word(scale=100, plural=True) for form in ("مئات", "مائات", "ميات", "مايات")}
    return found | {"عشرات": Word(scale=10, plural=True)}


def _scale(value: int, singulars: tuple[str, ...], plurals: tuple[str, ...], *, long: bool = False) -> dict[str, Word]:
    one = Word(scale=value, long_scale=long)
    found: dict[str, Word] = {}
    for stem in singulars:
        found |= {stem: one, stem + "ا": replace(one, times=0)}
        found |= {stem + end: replace(one, times=2) for end in ("ان", "ين", "ي")}
    return found | {form: replace(one, plural=True) for form in plurals}


def _parts() -> dict[str, Word]:
    found: dict[str, Word] = {}
    for n, stem in PART_STEMS.items():
        one, two = Word(fraction=Fraction(1, n)), Word(fraction=Fraction(2, n))
        counted = DIGIT_STEMS.get(n) == stem
        if n > 2:
            found |= {stem + end: two for end in (("ان", "ي") if counted else ("ان", "ين", "ي"))}
            found |= {f"{stem}{end}{p}": replace(two, pronoun=True) for end in "اي" for p in PRONOUNS}
        if not counted:
            found |= {stem: one, stem + "ا": two if n == 3 else one}
        found |= {stem + p: replace(one, pronoun=True) for p in (PRONOUNS[1:] if counted else PRONOUNS)}
        plural = Word(parts=n)
        found |= {_PART_PLURALS[n] + p: replace(plural, pronoun=bool(p)) for p in ("", *PRONOUNS)}
    return found


def _ordinals() -> dict[str, Word]:
    found = {form: Word(ordinal=1) for form in ("اول", "اولي", "اولا", "اولين", "اولون", "اوليين", "اوائل")}
    found |= {form: Word(ordinal=1, bound=True) for form in ("حادي", "حاديه")}
    found |= {form: Word(ordinal=2) for form in ("ثان", "ثاني", "ثانيه", "ثانيا")}
    for n, stem in _ORDINAL_STEMS.items():
        found |= {stem + end: Word(ordinal=n) for end in ("", "ه", "ا")}
    found |= {"اولا" + p: Word(ordinal=1, pronoun=True) for p in ("ها", "هم", "هن", "هما")}
    for n, stem in {1: "اول", 2: "ثاني", 3: "ثالث", 4: "رابع", 5: "خامس"}.items():
        found |= {stem + p: Word(ordinal=n, pronoun=True) for p in ("ها", "هم", "هن", "هما")}
    return found


@cache
def lexicon() -> dict[str, Word]:
    """Every folded form without clitics, with what it stands for."""
    found = _parts() | _ordinals() | _digits() | _hundreds()
    for value, (singulars, plurals) in _SCALES.items():
        found |= _scale(value, singulars, plurals)
    found |= _scale(10**9, *_BILLION, long=True)
    found |= {form: Word(scale=12) for form in ("دزينه", "درزن", "دزن")}
    found |= {form: Word(scale=12, times=2) for form in ("دزينتان", "دزينتين", "دزينتا", "دزينتي")}
    found |= {form: Word(scale=12, plural=True) for form in ("دزينات",)}
    found |= {form: Word(few=True) for form in ("بضع", "بضعه")}
    found |= {form: Word(over=True) for form in ("نيف", "نيفا")}
    found |= {form: Word(group=n) for n, form in _GROUPS.items()}
    return found | {form: Word(multiple=2) for form in ("ضعف", "ضعفا", "ضعفان", "ضعفين", "ضعفي")}


@cache
def _by_damma() -> dict[str, Word]:
    """Readings that a damma on the first letter settles: خُمس is a fifth, خُمسين two fifths."""
    return {
        stem + end: Word(fraction=Fraction(1 if not end else 2, n))
        for n, stem in PART_STEMS.items()
        for end in (("",) if n == 2 else ("", "ا", "ي", "ان", "ين"))
    }


def _prefixes() -> dict[str, list[tuple[str, bool, str, bool]]]:
    """Prefix, whether it holds و, its other clitic and whether it holds the article; longest first, by first letter."""
    found: dict[str, list[tuple[str, bool, str, bool]]] = {}
    for conj in ("", "و"):
        for clitic in ("", "ف", "ب", "ل", "ك", "فب", "فل", "فك"):
            for article in ("", "ال"):
                written = (conj + clitic + article).replace("لال", "لل")
                if written and not (conj and clitic.startswith("ف")):
                    found.setdefault(written[0], []).append((written, bool(conj), clitic, bool(article)))
    for entries in found.values():
        entries.sort(key=lambda entry: -len(entry[0]))
    return found


_PREFIXES = _prefixes()


def _vowelled(raw: str, stem: str, word: Word) -> Word | None:
    """The word as its vowel signs settle it; None where they say that it is no number."""
    at = raw.find("ل")
    if word.scale == 1000 and stem[0] == "ا" and _SHADDA in raw[at + 1 : at + 3]:
        return None
    if word.times == 0 and _TANWIN in raw:
        return replace(word, times=1)
    if word.fraction == Fraction(2, 3) and stem == "ثلثا" and _TANWIN in raw:
        return replace(word, fraction=Fraction(1, 3))
    first = raw.find(stem[0], max(0, len(raw.translate(FOLD)) - len(stem)))
    mark = raw[first + 1 : first + 2]
    if mark == _DAMMA and stem in _by_damma() and (word.unit > 0 or word.ten):
        sure = _by_damma()[stem]
        return replace(sure, conj=word.conj, clitic=word.clitic, definite=word.definite)
    if mark == _FATHA and word.unit > 0 and word.fraction:
        return replace(word, fraction=None)
    return word


@lru_cache(maxsize=1 << 16)
def analyse(raw: str) -> tuple[str, Word | None]:
    """The folded form of a written word, and what it stands for in numbers (None: nothing).

    Clitics (و ف ب ل ك and the article) are taken off. Vowel signs decide where they are written.
    """
    if raw[0] >= _PRESENTATION or max(raw) >= _PRESENTATION:
        raw = unicodedata.normalize("NFKC", raw)
    form = raw.translate(FOLD)
    known = lexicon()
    stem, word = form, known.get(form)
    if word is not None and form == "واحد" and "أ" in raw:
        stem, word = "احد", replace(known["احد"], conj=True)
    if word is None and form:
        for prefix, conj, clitic, definite in _PREFIXES.get(form[0], ()):
            bare = known.get(form[len(prefix) :]) if form.startswith(prefix) else None
            # كمية and كميات are quantities, not "like a hundred".
            if bare is not None and not (clitic.endswith("ك") and form.endswith(("كميه", "كميات"))):
                stem, word = form[len(prefix) :], replace(bare, conj=conj, clitic=clitic, definite=definite)
                break
    if word is not None and len(form) != len(raw):
        word = _vowelled(raw, stem, word)
    elif word is None and len(raw) == 1 and 0 < unicodedata.numeric(raw, 0.0) < 1:
        word = Word(fraction=Fraction(unicodedata.numeric(raw)).limit_denominator(100))
    return form, word


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write a number: the choices that grammar, habit and region leave."""

    oblique: bool = False
    feminine: bool = False
    """Gender of what is counted: ثلاث نساء, ثلاثة رجال."""
    hundred: str = "مئة"
    fused: bool = True
    hamza: bool = True
    bare: bool = False
    """A dual at the end without its ن, as before a noun: مئتا, ألفي."""
    tanwin: bool = False


_UNIT_WORDS = ("", "واحد", "", "ثلاث", "أربع", "خمس", "ست", "سبع", "ثماني", "تسع", "عشر")


def _below_hundred(n: int, way: Spelling) -> str:
    she, oblique = way.feminine, way.oblique
    unit, ten = (n, 0) if n <= 10 else (n % 10, n // 10)
    if ten == 1:
        if unit == 1:
            return "إحدى عشرة" if she else "أحد عشر"
        if unit == 2:
            return ("اثنتي عشرة" if oblique else "اثنتا عشرة") if she else ("اثني عشر" if oblique else "اثنا عشر")
        return f"{_UNIT_WORDS[unit]} عشرة" if she else f"{_counting(unit)} عشر"
    if unit == 1:
        word = ("إحدى" if ten else "واحدة") if she else "واحد"
    elif unit == 2:
        word = ("اثنت" if she else "اثن") + ("ين" if oblique else "ان")
    elif she:
        word = "ثمان" if unit == 8 and ten else _UNIT_WORDS[unit]
    else:
        word = _counting(unit)
    if not ten:
        return word
    stem = "عشر" if ten == 2 else _UNIT_WORDS[ten].removesuffix("ي")
    tens = stem + ("ين" if oblique else "ون")
    return f"{word} و{tens}" if unit else tens


def _counting(unit: int) -> str:
    """A unit before masculine nouns, which takes the feminine ending; nothing for none."""
    return _UNIT_WORDS[unit] + "ة" if unit else ""


def _below_thousand(n: int, way: Spelling, *, last: bool = True) -> str:
    hundreds, rest = divmod(n, 100)
    parts = [_below_hundred(rest, way)] if rest else []
    if hundreds == 1:
        parts.insert(0, way.hundred)
    elif hundreds == 2:
        # مية has only full duals: ميتا and ميتي are other words.
        bare = way.bare and last and not rest and way.hundred != "مية"
        parts.insert(0, way.hundred[:-1] + "ت" + ("ي" if way.oblique else "ا") + ("" if bare else "ن"))
    elif hundreds:
        stem = _UNIT_WORDS[hundreds]
        parts.insert(0, stem.removesuffix("ي") + way.hundred if way.fused else f"{stem} {way.hundred}")
    return " و".join(parts)


_SCALE_WORDS = {
    10**15: ("كوادريليون", "كوادريليونات"),
    10**12: ("تريليون", "تريليونات"),
    10**9: ("مليار", "مليارات"),
    10**6: ("مليون", "ملايين"),
    10**3: ("ألف", "آلاف"),
}


def spell(n: int, way: Spelling) -> str:
    """A whole number from 0 to 10^18 - 1 in words, written one way. Raises ValueError for other numbers."""
    if not 0 <= n < 10**18:
        raise ValueError(f"{n} is outside 0 to 10^18 - 1")
    parts, rest = [], n
    counted = replace(way, feminine=False)
    for scale, (one, many) in _SCALE_WORDS.items():
        count, rest = divmod(rest, scale)
        if count == 1:
            parts.append(one + ("اً" if way.tanwin else ""))
        elif count == 2:
            parts.append(one + ("ي" if way.oblique else "ا") + ("" if way.bare and not rest else "ن"))
        elif count:
            small = count % 100
            noun = many if 3 <= small <= 10 else one + ("اً" if way.tanwin and small > 10 else "")
            parts.append(f"{_below_thousand(count, counted)} {noun}")
    if rest or not n:
        parts.append(_below_thousand(rest, way) if rest else "صفر")
    text = " و".join(parts)
    return text if way.hamza else text.translate(str.maketrans("أإآ", "ااا"))


_FLAGS = (False, True)
WAYS = tuple(
    Spelling(*way) for way in itertools.product(_FLAGS, _FLAGS, ("مئة", "مائة", "مية"), _FLAGS, _FLAGS, _FLAGS, _FLAGS)
)
"""Every way to write a number; many come out the same for a given one."""


def spellings(n: int, *, clitics: Iterable[str] = ("",)) -> Iterator[str]:
    """Spellings of a whole number from 0 to 10^18 - 1, each once: case, gender, hundreds, hamza, tanwin, bare duals.

    Each is preceded by each of `clitics` (و, ب, ل …), but for كمية, "quantity". Raises ValueError for other numbers.
    Grammar: Wright, A Grammar of the Arabic Language, volume I, on the numerals.
    """
    found = dict.fromkeys(spell(n, way) for way in WAYS)
    for clitic in clitics:
        yield from (clitic + text for text in found if not (clitic.endswith("ك") and text.startswith("مية")))
