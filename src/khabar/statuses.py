"""The status of a claim: whether its number is reported, planned, forecast or denied, by the words before its head.

A rule of cues: a cue (تعتزم, يتوقع, نفى) opens a mode that lasts until a word of reporting or contrast (مؤكدا, بل,
بعدما) or the end of the sentence. Negation reaches the number itself (لا 55, ليس مترين) or its bound (لا يتجاوز). A
project that a whole article describes as planned is not seen. Measured by eval/coverage_units.py.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from khabar.nouns import listed, words_of

Kind = Literal["reported", "planned", "forecast"]
_Mode = Literal["reported", "planned", "forecast", "negated"]


@dataclass(frozen=True, slots=True)
class Status:
    """How a number is said: reported, planned or forecast, and whether it is denied or negated.

    `bound`: the negation is that of a bound (لم يتجاوز), which the operator says already; the number itself stands.
    """

    kind: Kind = "reported"
    negated: bool = False
    bound: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The kind, unless it is `reported` and negated, and `negated`."""
        if not self.negated:
            return (self.kind,)
        return ("negated",) if self.kind == "reported" else (self.kind, "negated")


_START = re.compile(r"[.!?؟…]+[\"'»”’)\]]*\s+|\n")


def _cues(stems: str) -> re.Pattern[str]:
    """Matches words made of the stems, with the clitics before and the endings after them."""
    joined = "|".join(stems.split())
    return re.compile(f"(?:و|ف)?(?:ل|ب|ال|لل|بال|كال)?(?:{joined})(?:ه|ها|هم|نا|ا|ان|ين|ون|وا|ة|ت|ات|ي)?")


_PLANNED = _cues(
    "[تيان]?عتزم معتزم اعتزام [تيان]خطط خطة خطط [تين]ستهدف مستهدف استهداف [تين]نوي نية [تين]ستعد [تي]قضي تعهد "
    "[تي]تعهد [تي]طمح طموح سوف مزمع [تي]سعي [تي]هدف مقترح برمج اوصي [تي]فاوض [تي]تفاوض وعد مناقصة تعاقد"
)
_FORECAST = _cues("[تينا]?توقع متوقع مرجح [تي]رجح رجح [تي]رتقب مرتقب احتمال محتمل [تي]راهن تنبا [تي]تنبا")
_OPENING: dict[tuple[str, str], _Mode] = {
    ("من", "المقرر"): "planned",
    ("من", "شان"): "planned",
    ("كان", "مقررا"): "reported",
    ("ماض", "في"): "planned",
    ("ماضية", "في"): "planned",
    ("من", "المنتظر"): "forecast",
    ("ينتظر", "ان"): "forecast",
    ("وينتظر", "ان"): "forecast",
    ("علي", "ان"): "planned",
}
_ESTIMATING = _cues("[تي]قدر [تي]ري راي تقدير محلل خبير باحث ارصاد البنك صندوق")
_DENIED = _cues("نفي نفت [تي]نفي ناف نافي فند [تي]فند كذب [تي]كذب استبعد [تي]ستبعد مستبعد شائعة شائعات مزاعم زعم انكر")
_CLOSING = _cues(
    "اكد موكد مؤكد اوضح موضح قال قائل [تي]قول مضيف اضاف مشير مذكر مبين معتبر محذر مقر متابع لافت بل لكن بينما فيما "
    "بعدما مقابل مقارنة حين رغم علما"
)
_FUTURE = re.compile(r"[وف]?س[يتن][ء-ي]{3,}")
_NO_FUTURE = re.compile(
    "[وف]?(?:سنو|سنت|سنغ|سند|سنة|سنجا|ستمن|ستراي|سيار|سياس|سيد|سيطر|سين|سيول|سيئ|سيف|سيرا|سيلف|سيت|ست[ةيوا]|ستمئ|ستري|ستهلك)"
)
_PERFECT = listed(
    "تراجع تجاوز تعهد توقع تسلم تخطي تقدم تلقي تمكن تضاعف تاخر تعرض تعدي تولي توفي تم تحول تفاقم تدهور تكبد تسبب"
)
_NOT = listed("لا لم لن ليس ليست ولا ولم ولن وليس وليست فلا فلم فليس الا بالا فلن لست غير")
_BOUNDS = _cues("[تي]?تجاوز جاوز [تي]زيد [تي]زد زيد [تي]تعدي [تي]تعد [تي]فوق [تي]تخطي [تي]تخط [تي]بلغ [تي]صل [تي]صلح")
_APPROXIMATORS = listed("نحو حوالي قرابة زهاء اكثر ازيد اقل من الي علي عن بنحو ما يقارب")
_RELATIVE = frozenset(("الذي", "التي", "الذين", "اللذين", "اللتين"))
_EXCEPT = frozenset(("سوي", "الا", "غير"))


def claim_status(
    text: str, start: int, end: int, *, modifiers: Sequence[str] = (), future: bool = False
) -> tuple[str, ...]:
    """The names of `read_status`: ("reported",), ("planned",), ("forecast", "negated") and so on."""
    return read_status(text, start, end, modifiers=modifiers, future=future).names


def read_status(text: str, start: int, end: int, *, modifiers: Sequence[str] = (), future: bool = False) -> Status:
    """The status of the number at `text[start:end]` (code points). Never raises.

    `modifiers`: the claim's MODIFIER texts, if known. `future`: its time lies after the document's date, so that it is
    no report.
    """
    before = text[:start]
    words = words_of(before[max((m.end() for m in _START.finditer(before)), default=0) :])
    after = words_of(text[end : end + 60])
    mode = _mode(words)
    if mode == "reported" and future:
        mode = "planned"
    if mode in ("planned", "forecast") and words[-1:] == ["من"] and "الي" in after[:6]:
        mode = "reported"
    bound = any(_negates(words_of(modifier)) for modifier in modifiers)
    negated = mode == "negated" or bound or _is_negated(words)
    return Status("reported" if mode == "negated" else mode, negated, bound and mode != "negated")


def lies_ahead(time: str | None, date: dt.date) -> bool:
    """Whether an ISO 8601 date or interval ends after a date, as far as it tells; then what it dates is no report."""
    if time is None or not time.strip("./")[:4].isdigit():
        return False
    end, today = time.split("/")[-1], date.isoformat()
    return end != ".." and end > today[: len(end)]


def _mode(words: Sequence[str]) -> _Mode:
    """The mode that the cues before a number leave it in."""
    mode: _Mode = "reported"
    kept: _Mode | None = None
    estimating = False
    for i, word in enumerate(words):
        following = words[i + 1] if i + 1 < len(words) else ""
        pair = (word.removeprefix("و"), following)
        if kept and word in ("،", ",", ")"):
            mode, kept = kept, None
        if _DENIED.fullmatch(word):
            mode, kept = "negated", None
        elif _FORECAST.fullmatch(word):
            mode, kept = "forecast", None
        elif _PLANNED.fullmatch(word):
            mode, kept = "planned", None
        elif pair in _OPENING and (pair != ("علي", "ان") or (mode == "reported" and words[i + 2 : i + 3] != ["يكون"])):
            mode, kept = _OPENING[pair], None
        elif _CLOSING.fullmatch(word) or pair == ("بعد", "ان") or (word == "وقد" and following in _PERFECT):
            mode, kept, estimating = "reported", None, False
        elif word in ("قد", "ربما", "يمكن", "ويمكن") and mode == "reported":
            if following[:1] in ("ي", "ت") and following not in _PERFECT and not following.endswith("ت"):
                mode = "forecast"
        elif word == "وقد" and not following.startswith("ي"):
            mode, kept = "reported", None
        elif _FUTURE.fullmatch(word) and not _NO_FUTURE.match(word):
            if mode == "reported":
                mode = "forecast" if estimating else "planned"
        elif word in _RELATIVE and mode in ("planned", "forecast") and not _FUTURE.fullmatch(following):
            mode, kept = "reported", mode
        if _ESTIMATING.fullmatch(word):
            estimating = True
    return mode


def _negates(words: Sequence[str]) -> bool:
    """Whether a modifier is negated and names an upper bound: لا يتجاوز, but not ما لا يقل عن."""
    negated = "لا" in words or (bool(words) and words[0] in _NOT)
    return negated and not any(word.endswith(("قل", "قلون", "قلوا")) for word in words)


def _is_negated(words: Sequence[str]) -> bool:
    """Whether the words before a number negate it or its bound: لا 55, لم تتجاوز قيمتها 3."""
    tail = list(words[-10:])
    for i in range(len(tail) - 1, -1, -1):
        following = tail[i + 1 :]
        if tail[i] in ("،", "؛", ":"):
            return False
        if tail[i] in _EXCEPT and any(word in _NOT for word in tail[:i]):
            return False
        if tail[i] in _NOT:
            if any(word.endswith("قل") or word.startswith(("يزال", "تزال")) for word in following[:2]):
                return False
            if all(word in _APPROXIMATORS for word in following) or _BOUNDS.fullmatch(following[0]):
                return True
            return bool({"اكثر", "ازيد", "اقل", "دون"} & set(following[-2:]))
    return False
