"""Number expressions: signs, percent, ordinals, and two numbers joined to a range, a score or a ratio."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from khabar.digits import Exact, exact
from khabar.numberphrases import NO_NOUN, YEARS, Kind, Phrases, Reading, Value, one
from khabar.numberwords import words

_DASHES = frozenset("-–—−‑")
_BETWEEN = words("بين وبين مابين لبين فبين")
_BEFORE_FIRST = words("نحو حوالي قرابه زهاء سن عمر عامي سنتي عام سنه نسبه الساعه")
_DEGREES = words("درجه درجات درجتين درجتان مئويه")
# خمس before these, the article or a possessive is a fifth: a counted noun is indefinite.
_THIS = words("هذا هذه ذلك تلك هؤلاء ما")
_POSSESSED = ("ها", "هم", "هما", "نا")
_PREPOSITIONS = words(
    "منها منهم منهما منا فيها فيهم عنها غيرها غيرهم عليها اليها لديها لديهم بينها بينهم بعدها قبلها هنا"
)
_CHANGE = re.compile(
    "[وف]?[سلب]?(?:ال|ل)?(?:"
    "[يتن]?رفع|[اي]رتفع|[تن]رتفع|ارتفاع|مرتفع|[يت]?قفز|[يت]?صعد|صعود|زاد|زياده|[يت]زيد|[يت]?زداد|ازداد|نما$|نمت$|نمو$|[يت]نمو$"
    "|[يت]?تضاعف|[ايت]رتق|[يت]?تحسن|[ايت]نخفض|انخفاض|منخفض|[يت]?خفض|تخفيض|[يت]?تراجع|متراجع|[يت]?هبط|هبوط|[يت]?نزل(?!اء)|نزول"
    "|[ايت]نحدر|[يت]?تقلص|تقليص|[ايت]نهار|[يت]?تقدم|[ايت]نتقل|منتقل|انتقال|[يت]?صحح|تصحيح"
    ")"
)
_STOPS = frozenset(".؟!؛\n")
_CLAUSE = 18
_WIDEST = 10
_RANKED = (100, 1000)
_HIGHEST_SCORE = 200


@dataclass(frozen=True, slots=True)
class Number:
    """The value of a number expression: a closed range, exact when `low` and `high` meet.

    `kind`: cardinal, ordinal (the value is the rank), fraction (of a whole), percent (5 for 5%, 1 for 10‰), range or
    vague.
    A score is a range whose ends stand in the order of the text (flag `score`).
    `alternatives` are the other readings; there are some exactly when `flags` has `ambiguous`.
    """

    low: Exact
    high: Exact
    kind: Kind = "cardinal"
    flags: tuple[str, ...] = ()
    alternatives: tuple[Number, ...] = ()


def to_number(value: Value) -> Number:
    """The finished number of a value."""
    low, high = exact(value.low), exact(value.high)
    others: list[Number] = []
    for reading in dict.fromkeys(value.others):
        if reading != (low, high, "score" if "score" in value.flags else value.kind):
            other_low, other_high, kind = reading
            if kind == "score":
                others.append(Number(other_low, other_high, "range", ("score",)))
            else:
                others.append(Number(other_low, other_high, kind))
    flags = [flag for flag in value.flags if flag != value.kind]
    if value.kind == "vague":
        flags.append("vague")
    if others:
        flags.append("ambiguous")
    return Number(low, high, value.kind, tuple(flags), tuple(others))


class Expressions(Phrases):
    """Reads whole number expressions."""

    def ordinal(self, i: int) -> Value | None:
        """A rank in words: الثالث, الحادي عشر, الخامسة والعشرون, المئة والخامسة; with والنصف a time of day."""
        word = self.word(i)
        if word is None:
            return None
        if word.definite and (word.hundred or word.scale) in _RANKED and not word.plural:
            j = self.joined(i + 1)
            rest = self.ordinal(j) if j >= 0 and (other := self.word(j)) is not None and other.ordinal else None
            if rest is not None:
                rest.plus(one(word.hundred or word.scale, rest.end))
            return rest
        if not word.ordinal:
            return None
        value = one(word.ordinal, i + 1, "ordinal")
        after, j = self.plain(i + 1), self.joined(i + 1)
        other = self.word(j) if j >= 0 else None
        if after is not None and after.unit == 10 and not after.definite and (word.ordinal > 1 or word.bound):
            value = one(word.ordinal + 10, i + 2, "ordinal")
        elif other is not None and other.ten and other.definite == word.definite:
            value = one(word.ordinal + other.ten, j + 1, "ordinal")
        elif word.bound:
            return None
        base = self.word(value.end + 1)
        if self.at(value.end) == "بعد" and base is not None and base.definite:
            if (base.hundred or base.scale) in _RANKED and not base.plural:
                value.plus(one(base.hundred or base.scale, value.end + 2))
            return value
        j, sign = self.joined(value.end), 1
        if self.at(value.end) == "الا":
            j, sign = value.end + 1, -1
        part = self.part(j) if j >= 0 and word.definite and value.low <= 12 else None
        if part is not None and (sign < 0 or ((half := self.word(j)) is not None and half.definite)):
            value.plus(part, sign=sign)
            value.flag("clock")
        if self.at(i).endswith("ثانيه") and not word.definite and value.end == i + 1:
            value.others = [(1, 1, "cardinal")]
        return value

    def with_article(self, i: int) -> Value | None:
        """الـ15: a rank, or a definite count (الدول الـ15); with a scale word or percent a count."""
        j = self.article(i)
        value = self.quantity(j) if j else None
        if value is None:
            return None
        if self.at(value.end) == ")" and j == i + 2:
            value.end += 1
        if value.end <= j + 2 and isinstance(value.low, int) and not value.scale and not self.percent(value.end):
            value.others = [(value.low, value.high, "cardinal")]
            value.kind = "ordinal"
        return value

    def operand(self, i: int) -> Value | None:
        """One number with its sign and percent."""
        sign, j = self.sign(i)
        if not sign and self.at(i) in ("%", "٪") and self.glued(i) and self.is_digits(i + 1):
            j = i + 1
        value = self.quantity(j) if j > i else self.ordinal(i) or self.with_article(i) or self.quantity(i)
        if value is None:
            return None
        self.add_decimals(value)
        self.settle(value, j)
        if sign < 0:
            # A dash that opens a line or a list may be a bullet; before a counted noun it is one.
            unsure = self.at(i) in _DASHES and self.at(i - 1) in ("", "\n", ":") and not self.whole
            if not (unsure and self.is_noun(value.end) and self.at(value.end) not in _DEGREES):
                value.times(-1)
                value.low, value.high = value.high, value.low
            if unsure:
                value.others.append((-value.high, -value.low, value.kind))
        if end := self.percent(value.end) or (value.end if self.at(i) in ("%", "٪") else 0):
            value.end = end
            value.flag("percent")
        elif end := self.permille(value.end):
            value.times(Fraction(1, 10))
            value.end = end
            value.flag("percent", "permille")
        self.below_zero(value)
        if "percent" in value.flags and value.is_exact:
            value.kind = "percent"
            value.others = [(low, high, "percent") for low, high, _ in value.others]
        return value

    def settle(self, value: Value, i: int) -> None:
        """Says what a single word leaves open: خمس is 5 or a fifth, العشرين 20 or the twentieth."""
        word = self.word(i)
        if word is None or value.end != i + 1 or value.kind != "cardinal":
            return
        if word.unit > 0 and word.fraction is not None:
            noun = self.at(i + 1) if self.is_noun(i + 1) else ""
            possessed = noun.endswith(_POSSESSED) and noun not in _PREPOSITIONS
            if not word.definite and noun and (noun in _THIS or self.is_definite(i + 1) or possessed):
                value.others = [(value.low, value.low, "cardinal")]
                value.low = value.high = word.fraction
                value.kind = "fraction"
            elif noun and not word.definite and (noun.endswith("ات") or not self.is_definite(i + 2)):
                return
            elif not (word.definite and self.is_definite(i - 1)):
                value.others = [(word.fraction, word.fraction, "fraction")]
        elif word.definite and (word.ten or (word.hundred or word.scale) in _RANKED) and not word.plural:
            value.others.append((value.low, value.low, "ordinal"))
        elif word.unit in (5, 7, 9, 10) and self.text[self.tokens[i].end - 1] == "ه":
            # خمسه is a careless خمسة, or "a fifth of it".
            part = Fraction(1, word.unit)
            value.others = [(part, part, "fraction")]

    def add_decimals(self, value: Value) -> None:
        """ثلاثة فاصلة خمسة: the digits after the decimal sign in words."""
        if self.at(value.end) != "فاصله" or value.kind != "cardinal" or not isinstance(value.low, int):
            return
        at = value.end + 1
        # Digits keep their leading zeros: 3 فاصلة 05.
        more = self.quantity(at)
        if more is None or not isinstance(more.low, int) or not more.is_exact or not 0 <= more.low < 10**9:
            return
        places = len(self.at(at)) if self.is_digits(at) and self.at(at).isdigit() else len(str(more.low))
        value.plus(one(Fraction(more.low, 10**places), more.end))

    def below_zero(self, value: Value) -> None:
        """5 تحت الصفر, 5 درجات تحت الصفر: the number is negative, and the words belong to the expression."""
        end = value.end
        while end < value.end + 2 and self.at(end) in _DEGREES:
            end += 1
        if self.at(end) == "تحت" and self.at(end + 1) in ("الصفر", "صفر") and value.low > 0:
            value.times(-1)
            value.low, value.high, value.end = value.high, value.low, end + 2
            value.flag("below_zero")

    def after_between(self, i: int) -> bool:
        """Whether the number at `i` opens a range with بين."""
        return self.at(i - 1) in _BETWEEN or (self.at(i - 1) in _BEFORE_FIRST and self.at(i - 2) in _BETWEEN)

    def after_and(self, i: int) -> int:
        """Where something begins that و joins to what ends before `i`; 0 if there is no و."""
        if self.at(i) == "و":
            return i + 1
        word = self.word(i)
        return i if (word is not None and word.conj and not word.clitic) or self.at(i) in ("وال", "ولل") else 0

    def expression(self, i: int) -> Value | None:
        """The longest number expression that begins at token `i`."""
        value = self.operand(i)
        if value is None:
            return None
        end, between = value.end, not self.whole and self.after_between(i)
        joint = self.at(end)
        if joint in _DASHES:
            return self.dashed(value, self.operand(end + 1)) or value
        if joint in ("الي", "حتي", "او"):
            right = self.operand(end + 1)
            if right is not None and (self.whole or self.is_span(i, value, right, joint)):
                joined = self.range(value, right)
                if joined is not None:
                    joined.flag(*(["or"] if joint == "او" else []))
                    return joined
        if joint == "مقابل" and self.whole:
            return self.score(value, self.operand(end + 1)) or value
        if joint == "من" and (self.at(end + 1) == "كل" or self.whole):
            return self.share(value, self.operand(end + (2 if self.at(end + 1) == "كل" else 1))) or value
        if joint == "علي" and self.whole:
            return self.share(value, self.operand(end + 1)) or value
        if (between or self.whole) and (j := self.after_and(end)):
            right = self.operand(j)
            if right is not None:
                return self.range(value, right) or value
        if between and (j := self.joined(i + 1)) >= 0 and value.end == j + 1 and value.kind == "cardinal":
            unit, ten = self.word(i), self.word(j)
            if unit is not None and ten is not None and 0 < unit.unit < 10 and ten.ten:
                # بين خمسة وعشرين: two numbers are wanted, and units come before tens.
                split = Value(unit.unit, ten.ten, value.end, kind="range")
                split.others = [(value.low, value.high, "cardinal")]
                return split
        return value

    def is_span(self, i: int, left: Value, right: Value, joint: str) -> bool:
        """Whether two numbers in running text that a preposition joins are the ends of one range.

        Not after a word of change: "rose from 5 to 7" is two numbers. Then a scale word at the end may still count for
        the first (`ambiguous`). Nor after a year, or where only the first is a percentage.
        """
        if left.kind != right.kind and ("percent" in left.flags or "ordinal" in (left.kind, right.kind)):
            return False
        if self.at(i) in YEARS and self.at(left.end + 1) not in YEARS and left.end == i + 1:
            return False
        if joint == "الي" and self.at(i - 1) == "من" and self.changes(i - 2):
            if right.coefficient is not None and left.lead == 1 and left.high < right.coefficient:
                left.others.append((exact(left.low * right.lead), exact(left.high * right.lead), left.kind))
            return False
        lead = right.lead if left.lead == 1 and right.coefficient is not None else 1
        return self.at(i - 1) in ("من", *_BETWEEN) or right.high <= left.low * lead * _WIDEST

    def changes(self, i: int) -> bool:
        """Whether the clause up to token `i` says that something rose or fell."""
        for at in range(i, max(-1, i - _CLAUSE), -1):
            text = self.at(at)
            if text in _STOPS or "تراوح" in text or text == "اي":
                return False
            if _CHANGE.match(text):
                return True
        return False

    def range(self, left: Value, right: Value) -> Value | None:
        """Two numbers as one range. A scale word at the end counts for both: 5 إلى 7 آلاف.

        In running text the left one must be the smaller; in a whole expression they are put in order (`descending`).
        """
        first = Value(left.low, left.high, left.end, list(left.others), list(left.flags), left.kind)
        unsure: list[Reading] = []
        if right.lead > 1 and left.lead == 1 and "percent" not in left.flags and right.coefficient is not None:
            if first.high < right.coefficient:
                first.times(right.lead)
            elif first.low < 1000:
                unsure.append((right.low, exact(first.high * right.lead), "range"))
        elif left.coefficient is not None and right.lead == 1 and left.coefficient < right.low < min(1000, left.low):
            # 10 آلاف إلى 15: the scale word may stand for both.
            unsure.append((right.low, first.high, "range"))
            right = Value(right.low, right.high, right.end, list(right.others), list(right.flags), right.kind)
            right.times(left.lead)
        descending = first.low > right.high
        if descending and not self.whole:
            return None
        low, high = (right, first) if descending else (first, right)
        vague = "vague" in (left.kind, right.kind)
        value = Value(low.low, high.high, right.end, kind="vague" if vague else "range")
        value.flag(*left.flags, *right.flags, *(["descending"] if descending else []))
        pairs = zip(low.others, high.others, strict=False)
        value.others = [(a[0], b[1], "range") for a, b in pairs]
        if len(low.others) != len(high.others):
            value.others = [(a[0], high.high, "range") for a in low.others]
            value.others += [(low.low, b[1], "range") for b in high.others]
        value.others += unsure
        # Five to seven, خمس إلى سبع, is never a fifth to a seventh, nor 5 to a seventh.
        value.others = [(a, b, kind) for a, b, kind in value.others if a <= b]
        return value

    def dashed(self, left: Value, right: Value | None) -> Value | None:
        """A dash: a range when it ascends, else a score. 1-2 may be either: a score unless a noun follows."""
        if right is None or "ordinal" in (left.kind, right.kind):
            return None
        if left.low and left.high < right.low:
            value, score = self.range(left, right), self.score(left, right)
            if value is None or score is None or right.high >= 10:
                return value
            if self.is_noun(right.end) and self.at(right.end) not in NO_NOUN:
                value.others.append((value.low, value.high, "score"))
                return value
            score.others = [(value.low, value.high, "range")]
            return score
        return self.score(left, right)

    def score(self, left: Value, right: Value | None) -> Value | None:
        """Two plain numbers against each other, in the order of the text."""
        if right is None or not (left.is_exact and right.is_exact) or left.scale or right.scale:
            return None
        if not (0 <= left.low <= _HIGHEST_SCORE and 0 <= right.low <= _HIGHEST_SCORE):
            return None
        if left.kind != "cardinal" or right.kind != "cardinal":
            return None
        return Value(left.low, right.low, right.end, kind="range", flags=["score"])

    def share(self, part: Value, whole: Value | None) -> Value | None:
        """واحد من كل أربعة: a fraction."""
        if whole is None or not (part.is_exact and whole.is_exact):
            return None
        if not part.low or not -whole.low < part.low < whole.low:
            return None
        value = one(exact(Fraction(part.low) / Fraction(whole.low)), whole.end, "fraction")
        value.flag("ratio")
        return value
