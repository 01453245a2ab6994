"""Number phrases: digits, number words and scale words composed into one value, left to right."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from khabar.digits import Exact, exact, readings
from khabar.numbertokens import CLOSING, Tokens
from khabar.numberwords import words

Kind = Literal["cardinal", "ordinal", "fraction", "percent", "range", "vague"]
Reading = tuple[Exact, Exact, Kind | Literal["score"]]
"""Low, high and kind of one way to read an expression; a score is a range in the end."""

# After ألفا and مليونا these show that no noun follows: the word is an accusative, not a dual before its noun.
NO_NOUN = words("من في الي علي عن بعد قبل خلال منذ حتي ثم او ان مع كما لكن الا امس اليوم")
YEARS = frozenset(map(str, range(1900, 2101)))
_YEAR_OPENERS = words("في عام سنه العام منذ بحلول مطلع نهايه اواخر")


@dataclass(slots=True)
class Value:
    """A value in the making: a closed range, exact when both ends meet, and other readings of the same words."""

    low: Exact
    high: Exact
    end: int
    """Index of the token after the last one read."""
    others: list[Reading] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    kind: Kind = "cardinal"
    scale: int = 0
    """The last scale word read; 0 for none."""
    lead: int = 1
    """Product of the scale words of the first group."""
    coefficient: Exact | None = None
    """What stands before those scale words."""
    step: int = 0
    """What follows with و is added if it is below this."""
    open: bool = False
    """A definite scale word may follow: نصف المليون, عشرات الآلاف."""

    def times(self, factor: Exact, slack: int = 0) -> None:
        """Multiplies every reading; `slack` widens the upper end of a vague one."""
        self.low, self.high = exact(self.low * factor), exact(self.high * factor + slack)
        self.others = [(exact(low * factor), exact(high * factor + slack), kind) for low, high, kind in self.others]

    def plus(self, other: Value, *, sign: int = 1) -> None:
        """Adds a value that follows: its readings, flags and end."""
        self.others = [
            *(
                (exact(low + sign * other.low), exact(high + sign * other.high), kind)
                for low, high, kind in self.others
            ),
            *((exact(self.low + sign * low), exact(self.high + sign * high), kind) for low, high, kind in other.others),
        ]
        self.low, self.high = exact(self.low + sign * other.low), exact(self.high + sign * other.high)
        self.end = other.end
        self.flag(*other.flags)
        if other.kind == "vague":
            self.kind = "vague"

    def flag(self, *flags: str) -> None:
        self.flags += [flag for flag in flags if flag not in self.flags]

    @property
    def is_exact(self) -> bool:
        return self.low == self.high


def one(value: Exact, end: int, kind: Kind = "cardinal") -> Value:
    """An exact value; a definite scale word may follow a fraction."""
    return Value(value, value, end, kind=kind, open=kind == "fraction")


class Phrases(Tokens):
    """Reads values from the tokens of a text; None where no number begins."""

    def tens(self, i: int) -> Value | None:
        """0 to 99 in words, units before tens; بضع and نيف make a range of it."""
        word = self.word(i)
        if word is None:
            return None
        ten, j = 0, self.joined(i + 1)
        if j >= 0 and (other := self.word(j)) is not None and (word.definite or not other.definite):
            ten = other.ten
        after = self.plain(i + 1)
        teen = after is not None and after.unit == 10 and not (after.definite or after.pronoun)
        if word.few or word.over:
            low = 3 if word.few else 1
            if teen and word.few:
                return Value(13, 19, i + 2, kind="vague")
            if ten:
                return Value(ten + low, ten + 9, j + 1, kind="vague")
            alone = word.few or (self.whole and i == 0)
            return Value(low, 9, i + 1, kind="vague", open=True) if alone else None
        if 0 < word.unit < 10 and not word.pronoun:
            if teen:
                return one(word.unit + 10, i + 2)
            if ten:
                return one(word.unit + ten, j + 1)
        if word.bound and (word.unit != 1 or word.definite or not self.whole):
            return None
        if word.unit >= 0:
            return one(word.unit, i + 1)
        return one(word.ten, i + 1) if word.ten else None

    def hundreds(self, i: int) -> Value | None:
        """0 to 999 in words; the rest below a hundred may be digits (مئة و20) or lack its و (خمسمئة خمسون)."""
        word, after = self.word(i), self.plain(i + 1)
        if word is None:
            return None
        if word.hundred:
            value = one(word.hundred, i + 1)
        elif after is not None and 3 <= word.unit <= 9 and (after.hundred == 100 or after.scale == 100):
            value = one(word.unit * 100, i + 2)
        else:
            return self.tens(i)
        value.step = 100
        j = self.joined(value.end)
        at = j if j >= 0 else value.end
        if self.is_digits(at):
            short = j >= 0 and len(self.at(at)) <= 2 and not self.slash(at)
            rest = one(int(self.at(at)), at + 1) if short else None
        else:
            other = self.word(at) if j >= 0 else self.plain(at)
            rest = self.tens(at) if other is not None and (word.definite or not other.definite) else None
            if rest is not None and (self.parts(rest.end) or (j < 0 and rest.low < 11)):
                rest = None
        if rest is not None and rest.high < 100:
            value.plus(rest)
            value.step = 0
            if j < 0:
                value.flag("juxtaposed")
        return value

    def parts(self, i: int) -> int:
        """Denominator of a broken plural at `i`: 4 for أرباع."""
        word = self.plain(i)
        return word.parts if word is not None else 0

    def number(self, i: int) -> Value | None:
        """A number in digits: with groups set off by a space (1 200), a fraction (3/4) or both (2 1/4, 3½)."""
        run, end = self.at(i), i + 1
        if self.slash(i) and (share := self.ratio(i)) is not None:
            return share
        if len(run) <= 3 and run.isdigit() and run[0] != "0":
            while end < i + 7 and self.is_digits(end) and self.is_group(end):
                run, end = run + self.at(end), end + 1
                if not run.isdigit():
                    break
        scaled = self.scale(end, definite=True) is not None or self.percent(end) > 0
        found = readings(run, scaled=scaled)
        if not found:
            return None
        value = one(found[0], end)
        value.others = [(other, other, "cardinal") for other in found[1:]]
        word = self.plain(end)
        if self.glued(end - 1) and word is not None and word.fraction and len(self.at(end)) == 1:
            value.plus(one(word.fraction, end + 1))
        elif run.isdigit() and self.is_digits(end) and self.slash(end):
            part = self.ratio(end)
            if part is not None and part.high < 1:
                part.others = []
                value.plus(part)
        return value

    def is_group(self, i: int) -> bool:
        """Whether token `i` continues digits after one space: three digits, the last group perhaps with decimals."""
        gap, run = self.text[self.tokens[i - 1].end : self.tokens[i].start], self.at(i)
        tail = run[3:]
        return (
            len(gap) == 1
            and len(run) >= 3
            and run[:3].isdigit()
            and (not tail or (tail[0] in ".,٫" and tail[1:].isdigit()))
            and not self.slash(i)
        )

    def ratio(self, i: int) -> Value | None:
        """Digits, a slash, digits: a fraction, perhaps a score (3/1) or a date (5/20); a season (2019/2020) is none."""
        top, bottom = self.at(i), self.at(i + 2)
        if not (top.isdigit() and bottom.isdigit()) or max(len(top), len(bottom)) > 9 or not int(bottom):
            return None
        a, b = int(top), int(bottom)
        if a >= 1000:
            return None
        value = one(exact(Fraction(a, b)), i + 3, "fraction")
        if a >= b or (b > 12 and a <= 31 and b < 100):
            value.others = [(a, b, "score")]
        return value

    def part(self, i: int) -> Value | None:
        """A fraction in words without a scale: نصف, ثلثي, ثلاثة أرباع."""
        word = self.word(i)
        if word is None:
            return None
        if word.fraction is not None and word.unit < 0:
            value = one(word.fraction, i + 1, "fraction")
            value.open = not word.pronoun
            return value
        if word.unit > 0 and (parts := self.parts(i + 1)):
            return one(Fraction(word.unit, parts), i + 2, "fraction")
        return None

    def group(self, i: int) -> Value | None:
        """A coefficient with the scale words it counts, or either alone; clitics of token `i` are passed over."""
        word = self.word(i)
        if self.is_digits(i):
            value = self.number(i)
        elif word is None or word.ordinal:
            return None
        elif word.scale:
            return self.scaled(self.bare_scale(i))
        elif word.multiple or word.group:
            count = one(word.multiple or word.group, i + 1)
            count.flag("multiple" if word.multiple else "group")
            return count if word.multiple or self.whole else None
        else:
            value = self.part(i) or self.hundreds(i)
            if value is not None and value.is_exact and (parts := self.parts(value.end)):
                value = one(exact(Fraction(value.low) / parts), value.end + 1, "fraction")
            if value is None or word.pronoun:
                return value
            value.open = value.open or word.definite
        if value is None:
            return None
        if not self.whole and self.at(i) in YEARS and self.at(i - 1) in _YEAR_OPENERS and value.end == i + 1:
            return value
        j = self.joined(value.end)
        if j >= 0 and value.kind == "cardinal" and value.low < 1000:
            # ثلاثة ونصف مليون: the part belongs to what the scale word counts.
            part = self.part(j)
            if part is not None and self.scale(part.end, definite=False) is not None:
                value.plus(part)
        return self.scaled(value)

    def bare_scale(self, i: int) -> Value:
        """A scale word without a coefficient: one, two in the dual, or a vague plural."""
        word = self.tokens[i].word
        assert word is not None
        size, end = word.scale, i + 1
        value = Value(size, size, end, scale=size, lead=size, step=size)
        if word.long_scale:
            value.flag("billion")
        if word.plural:
            value.low, value.high, value.kind, value.open = 2 * size, 10 * size - 1, "vague", True
            return value
        if word.times == 2:
            value.times(2)
        if self.repeats(end, max(1, word.times)):
            value.end += 1
        elif word.times == 0:
            j = self.joined(end)
            counted = self.is_digits(j) or (j >= 0 and (other := self.word(j)) is not None and not other.ordinal)
            if not counted and self.scale(end, definite=False) is None:
                noun = self.is_noun(end) and self.at(end) not in NO_NOUN
                first = 2 if noun or self.whole else 1
                value.low = value.high = first * size
                value.others = [((3 - first) * size, (3 - first) * size, "cardinal")]
        return value

    def repeats(self, i: int, count: int) -> bool:
        """مليون واحد, مليونين اثنين: whether the word at `i` says a count of one or two once more."""
        word, j = self.plain(i), self.joined(i + 1)
        if word is None or word.unit != count or word.definite or word.bound:
            return False
        following, other = self.plain(i + 1), self.word(j) if j >= 0 else None
        return not (following is not None and following.unit == 10) and not (other is not None and other.ten)

    def scaled(self, value: Value) -> Value:
        """The value times the scale words that follow it, each larger than the one before (ألف مليون)."""
        coefficient = value.low if not value.scale else None
        at_digits = self.is_digits(value.end - 1)
        if at_digits and not value.scale and 2 <= value.low <= 9:
            hundred = self.plain(value.end)
            if hundred is not None and hundred.hundred == 100 and not hundred.definite:
                value.times(100)
                value.end, value.step = value.end + 1, 100
        while True:
            at = value.end
            if at_digits and self.at(at) in CLOSING and self.glued(at - 1):
                at += 1
            word = self.scale(at, definite=value.open)
            if word is None or word.scale <= value.scale:
                break
            if word.scale <= 100 and not (word.scale == 12 or (value.kind == "vague" and word.plural)):
                break
            # Tens of thousands reach 99,999; three to nine thousands end at 9,000.
            value.times(word.scale, word.scale - 1 if value.kind == "vague" and value.scale else 0)
            if value.kind == "fraction":
                value.kind = "cardinal"
            value.scale = value.step = word.scale
            value.lead *= word.scale
            value.end, at_digits = at + 1, False
            value.coefficient = coefficient
            if word.long_scale:
                value.flag("billion")
        return value

    def quantity(self, i: int) -> Value | None:
        """Groups that و adds up: descending scales, a fraction of the last scale, نيف, and إلا that takes away."""
        value = self.group(i)
        if value is None:
            return None
        while value.kind in ("cardinal", "fraction"):
            j = self.joined(value.end)
            juxtaposed = j < 0
            if juxtaposed and (j := self.juxtaposed(value)) < 0:
                break
            other = self.word(j)
            if other is not None and other.over:
                size = value.scale or value.step or 10
                value.low, value.high, value.end, value.kind = value.low + 1, value.high + size - 1, j + 1, "vague"
                break
            if other is not None and other.definite and not value.open and other.fraction is None:
                break
            more = self.group(j)
            if more is None or value.kind == "fraction":
                break
            if more.kind == "fraction":
                if self.fits_as_part(more):
                    self.add_part(value, more)
                break
            if more.high < value.step or self.completes(value, more):
                value.plus(more)
                value.step, value.scale = more.step, more.scale
                if juxtaposed:
                    value.flag("juxtaposed")
            elif not self.multiply_sum(value, more):
                break
        if self.at(value.end) == "الا" and value.kind == "cardinal":
            less = self.part(value.end + 1) or (self.group(value.end + 1) if self.whole else None)
            if less is not None and less.high < value.low:
                if less.kind == "fraction":
                    less.times(value.scale or 1)
                value.plus(less, sign=-1)
        return value

    def completes(self, value: Value, more: Value) -> bool:
        """مئة ألف وألف: after whole hundreds of a scale its singular or dual counts one or two more of it."""
        if value.coefficient is None or more.coefficient is not None or more.kind != "cardinal":
            return False
        return value.scale == more.scale > 100 and value.coefficient >= 100 and value.coefficient % 100 == 0

    def juxtaposed(self, value: Value) -> int:
        """ألف خمسمئة: hundreds that continue a thousand without و, as hurried writers leave it out."""
        word, after = self.plain(value.end), self.plain(value.end + 1)
        if word is None or word.definite or value.step != 1000:
            return -1
        return value.end if word.hundred or (word.unit > 2 and after is not None and after.hundred == 100) else -1

    def fits_as_part(self, part: Value) -> bool:
        """Whether a fraction belongs to the number before it; "and half the people" in running text does not."""
        return self.whole or not self.is_definite(part.end)

    def add_part(self, value: Value, part: Value) -> None:
        """مليون ونصف: the fraction is one of the last scale. After hundreds and thousands it may be one of a unit."""
        size = value.scale if value.scale > 100 else value.step or 1
        of_unit, of_scale = part.low, exact(part.low * size)
        base = value.low
        value.plus(one(of_scale if size > 100 else of_unit, part.end))
        if size in (100, 1000):
            other = exact(base + (of_unit if size > 100 else of_scale))
            value.others.append((other, other, "cardinal"))
        value.step = 0

    def multiply_sum(self, value: Value, more: Value) -> bool:
        """ألف و200 مليون is 1,200 million in the press: the sum is what the second scale word counts."""
        coefficient = more.coefficient
        if value.scale != 1000 or coefficient is None or more.lead < 10**6 or value.low >= 10**6 or value.low % 1000:
            return False
        if not 100 <= coefficient < 1000:
            return False
        value.others = [(value.low, value.high, "cardinal"), (more.low, more.high, "cardinal")]
        value.low = value.high = exact((value.low + coefficient) * more.lead)
        value.end, value.scale, value.step, value.lead = more.end, more.scale, more.step, more.lead
        return True
