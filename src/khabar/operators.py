"""Operators: what the words around a number make of it. Bounds and approximations, the direction of a change.

Arabic says a bound with a comparative (أكثر من), a verb (يتجاوز، تقل عن) or a noun (دون), and turns it round by
negation: لا يتجاوز is ≤, ما لا يقل عن is ≥.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from khabar.nouns import words_of
from khabar.numerals import Number

Sign = Literal["=", "≈", ">", "≥", "<", "≤", "range", "vague"]
Direction = Literal["up", "down", "same"]


@dataclass(frozen=True, slots=True)
class Operator:
    """How a value is meant.

    `=` exactly, `≈` about, the four bounds, `range` between two numbers, `vague` a magnitude (عشرات). Flags:
    `approximate` beside a bound (نحو … على الأقل), `slightly` (a little more than), `from_below` (nearly), `mean`,
    `up_to` (تصل إلى: reached at most), `conversion` (the number restates another in another unit), `conflict` (words
    that don't agree; the first is taken). `reason`: why `sign` is None.
    """

    sign: Sign | None
    flags: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """Whether a quantity rose, fell or stayed.

    Flags: `of_growth` (تباطؤ: the growth fell, not the quantity), `improvement` (better, which is less for a deficit),
    `negated`. `reason`: why `direction` is None.
    """

    direction: Direction | None
    flags: tuple[str, ...] = ()
    reason: str = ""


_NEGATIONS = frozenset(
    ("لا", "لم", "لن", "الا", "ليس", "ليست", "ولا", "فلا", "ولم", "فلم", "ولن", "فلن", "بالا", "وليس")
)
_SIGNS: tuple[tuple[str, Sign], ...] = (
    # Fixed phrases before the words they hold.
    (r"علي الاقل|علي اقل تقدير|اقل تقدير|(?:ب|ك)?حد ادني|ادنا(?:ه|ها)|فصاعدا|فما فوق|او يزيد|(?:و|ف|او )ما فوق", "≥"),
    (r"(?:و|ف|او )اكثر$|[يت]بدا من|(?:بدءا|انطلاقا|ابتداء) من", "≥"),
    (
        r"علي (?:ال)?اكثر(?: تقدير)?|(?:ب|ك)?حد اقصي|اقصا(?:ه|ها)|بالكثير|حتي|فما دون|[يت]صل(?:ون)?(?: الي)?|وصولا الي",
        "≤",
    ),
    (r"(?:في )?(?:ال)?متوسط|(?:في )?(?:ال)?معدل", "="),
    (r"(?:ما )?[يت]?(?:عادل|وازي|ساوي)(?:ها|ه)?|ما نسبته|ما قيمته|ما قدره|بالضبط|تماما", "="),
    (
        r"[يتن]?(?:ت)?(?:ت)?جاوز(?:ت|وا|ون|ا|ه|ها)?|متجاوز(?:ا|ة)?|[يت]?تخط(?:ي|ت|ي)?|[يت]?تعد(?:ي|ت)?|[يت]فوق|فاق(?:ت)?",
        ">",
    ),
    (r"[يت]?زيد(?:ون|وا)?|زاد(?:ت)?|[يت]زد|[يت]زيدوا|(?:با|لا|ا)?كثر|ازيد|فوق|اعلي|[يت]ربو", ">"),
    (r"(?:با|لا|ا)?قل|دون|تحت|[يت]قل(?:ون|وا)?|ادني|اصغر", "<"),
    (r"(?:حوالي|نحو|زهاء|قراب(?:ة|ه)?|قرب|تقريبا|حدود|حول|يشبه|ما يعرف)", "≈"),
    (r"[يت]?قارب(?:ت|ون)?|[يت]قرب|[يت]قترب(?:ون)?|[يت]?ناهز(?:ت|ون)?|[يت]?لامس(?:ت)?|[يت]كاد", "≈"),
    (r"(?:ما )?بين|مابين|من|تراوح(?:ت)?|[يت]تراوح", "range"),
    (r"عشرات|مئات|بضع(?:ة)?|عدة|عدد|بعض|عديد", "vague"),
    (r"[يت]?بلغ(?:ت)?|سوي|تكن|يكن|كان(?:ت)?", "="),
)
_COMPILED = [(re.compile(rf"^(?:{pattern})(?=$| )"), sign) for pattern, sign in _SIGNS]
_TURNED: dict[Sign, Sign] = {">": "≤", "<": "≥", "≤": "<", "≥": "<", "=": "<"}
_LIGHT = frozenset(("من", "تكن", "يكن", "كان", "كانت"))
"""Words that say nothing beside another operator."""
_PREFIXES = ("", "و", "ف", "ب", "ل", "ال", "وب", "ول", "بال", "وال", "فب", "فل", "ك")


def _matches(words: Sequence[str]) -> list[tuple[Sign, str, int]]:
    """Signs that words stand for from left to right: the sign, its words, and where they begin."""
    found: list[tuple[Sign, str, int]] = []
    i = 0
    while i < len(words):
        phrase = " ".join(words[i : i + 4])
        for pattern, sign in _COMPILED:
            hit = None
            for prefix in _PREFIXES:
                if words[i].startswith(prefix) and (hit := pattern.match(phrase[len(prefix) :])):
                    break
            if hit:
                found.append((sign, hit[0], i))
                i += max(1, len(hit[0].split()))
                break
        else:
            i += 1
    return found


def read_operator(modifiers: Iterable[str], *, number: Number | None = None) -> Operator:
    """The operator that the MODIFIER texts of one claim give, in the order of the text. Never raises.

    Two spans may make one (تقل … عن). Without modifiers it is what the number says: `vague` or `range` where it is one.
    """
    words: list[str] = []
    for text in modifiers:
        words += words_of(text)
    words = [word for word in words if any(character.isalpha() for character in word)]
    if not words:
        if number is not None and "vague" in number.flags:
            return Operator("vague")
        ranged = number is not None and number.low != number.high and "score" not in number.flags
        return Operator("range" if ranged else "=")
    found = _matches(words)
    if len(found) > 1:
        found = [one for one in found if one[1] not in _LIGHT]
    signs: list[Sign] = []
    flags: list[str] = []
    for sign, phrase, at in found:
        negated = any(word in _NEGATIONS for word in words[max(0, at - 2) : at])
        signs.append(_TURNED.get(sign, sign) if negated else sign)
        if "قترب" in phrase or "كاد" in phrase:
            flags.append("from_below")
        if sign == "≤" and not negated and re.search("صل|حتي", phrase):
            flags.append("up_to")
        if re.search("عادل|وازي|ساوي", phrase):
            flags.append("conversion")
        if re.search("متوسط|معدل", phrase):
            flags.append("mean")
    if {"قليلا", "بقليل", "قليل"} & set(words):
        flags.append("slightly")
    if not signs:
        return Operator(None, reason=f"no operator known in {' '.join(words)!r}")
    return _resolved(signs, flags)


def _resolved(signs: list[Sign], flags: list[str]) -> Operator:
    """One sign of several: a bound beats an approximation, and anything beats a plain `=`."""
    told = [sign for sign in signs if sign != "="] or signs[:1]
    bounds = [sign for sign in told if sign not in ("≈", "range", "vague")]
    if bounds and "≈" in told:
        flags.append("approximate")
    chosen = (bounds or told)[0]
    if len(set(bounds or told)) > 1:
        flags.append("conflict")
    return Operator(chosen, tuple(dict.fromkeys(flags)))


_UP = """
[ايتنم]?رتفع ارتفاع مرتفع [يتن]?رفع رافع ترفيع مرفوع [يت]?زيد زاد زيادة [يت]?زداد ازداد ازدياد [يتم]?تزايد
[يت]?صعد صعود صاعد [يت]?تصاعد [يت]?قفز قفزة نما نمت نمو [يت]نمو [يت]?كسب مكسب مكاسب [يت]?ربح ارباح اضاف
[يت]ضيف [يت]?تقدم متقدم [يت]?تضاعف مضاعف ضاعف [يت]?تحسن تحسين [يت]?توسع توسيع [يت]?سترد استرد استعاد
[يت]?تعزز [يت]?عزز اعلي اكثر [يت]طيل اطال ارتق [يت]رتقي انتعش انتعاش [يت]?تسارع [يت]تسع اتسع اتساع [يت]علو
علا تنام
"""
_DOWN = """
[ايتنم]?نخفض انخفاض منخفض [يتن]?خفض تخفيض مخفض مخفف تخفيف [يت]خف خفف [يتم]?تراجع [يت]?هبط هبوط هابط هوي هوت
[يت]هوي [يت]?خسر خسارة خسائر [يت]?فقد فقدان [يت]?نزل نزول نازل [يتم]?تقلص [يت]?قلص تقليص [يت]?نكمش انكمش
انكماش منكمش تدن تدني [يت]تدني [يتم]?تباط انحدر [يت]نحدر انحدار نقص نقصان [يت]نقص تناقص [يت]?خصم [يت]?حسم
تقليل [يت]?قلل اقل [يت]قل ادني انزلق [يت]نزلق انزلاق تلاش [يت]تلاشي [يت]?تبخر انهار [يت]نهار انهيار تاكل
انحسر انحسار تضاءل تقهقر
"""
_SAME = """
استقر [يت]ستقر مستقر ثابت ثبت ثبات تثبيت [يت]ثبت بقي [يت]بقي [يت]بق ابقي ابقت ظل [يت]ظل حافظ [يت]حافظ جمد
تجميد
"""
_MOVED = "انتقل [يت]نتقل انتقال [يت]?تراوح [يت]?تغير تغيير [يت]?تحول تبدل عدل تعديل اقرب [يت]فوق"
_BEFORE, _AFTER = "(?:و|ف)?(?:س|ل|ب|ك|ال|لل|بال|ولل)?", "(?:ا|ت|ة|ه|ها|هم|هما|وا|ون|نا|ات|ين|ؤ|ئ|ي)*"
_DIRECTIONS: tuple[tuple[str, Direction | None], ...] = ((_SAME, "same"), (_DOWN, "down"), (_UP, "up"), (_MOVED, None))
_CHANGES = [
    (re.compile(f"{_BEFORE}(?:{'|'.join(stems.split())}){_AFTER}"), direction) for stems, direction in _DIRECTIONS
]


def read_change(text: str) -> Change:
    """The direction that the text of a CHANGE span gives. Never raises."""
    words = words_of(text)
    negated = any(word in _NEGATIONS for word in words)
    if "تغيير" in words and any(word in ("دون", "بدون", "بلا", "ودون") for word in words):
        return Change("same")
    for word in words:
        for pattern, direction in _CHANGES:
            if not pattern.fullmatch(word):
                continue
            if direction is None:
                return Change("same") if negated and "غير" in word else Change(None, reason=f"{word} says no direction")
            flags = ["of_growth"] if "تباط" in word else ["improvement"] if "حسن" in word else []
            return Change(direction, tuple([*flags, "negated"] if negated else flags))
    return Change(None, reason=f"no change known in {' '.join(words)!r}" if words else "no word")
