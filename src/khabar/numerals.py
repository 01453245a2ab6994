"""Numerals: Arabic number expressions as exact numbers or closed ranges, in running text or one at a time.

Conventions: an ASCII comma before three digits groups thousands, `1.200` may too (`ambiguous`), `٫` is decimal; مليار
is 10^9, تريليون 10^12, بليون 10^9 (flag `billion`); vague words are ranges (عشرات 20 to 99, مئات 200 to 999, آلاف
2,000 to 9,999, عشرات الآلاف 20,000 to 99,999, بضعة 3 to 9, بضعة آلاف 3,000 to 9,000; kind and flag `vague`).

Further flags: `ambiguous` (there are `alternatives`), `score`, `or`, `descending`, `list`, `ratio`, `clock`,
`below_zero`, `percent` (of a range), `permille`, `multiple`, `group`, `dual`, `unit`, `juxtaposed` (a missing و),
`name` (digits that touch a Latin letter or hang on a word by a dash), `rounded` (in JSON alone).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from khabar.amounts import amount
from khabar.digits import written
from khabar.numberphrases import Value
from khabar.numberranges import Expressions, Number, to_number
from khabar.numberwords import words
from khabar.text import lone_surrogate

__all__ = ["Found", "Number", "answer_lines", "find", "parse"]

_DASHES = frozenset("-–−‑")
_CHAINS = _DASHES | {"/", ":", "."}
_CLITICS = words("و ب ل ف ك وب ول فب فل")
_TRAILING = frozenset(".،,؛:!؟?")
_MONTHS = {"ثاني": ("كانون", "تشرين", "ربيع"), "اول": ("كانون", "تشرين", "ربيع"), "اولي": ("جمادي",)}
_WEST = words("هام بروميتش برومويتش بوينت لايف فرجينيا")
_TENTHS = words("درجه نقطه ثانيه")


@dataclass(frozen=True, slots=True)
class Found:
    """A number expression in a text: `text[start:end]`, code points, half-open."""

    start: int
    end: int
    text: str
    number: Number


def parse(text: str) -> Number | None:
    """The value of a text that is one number expression (a VALUE or AMOUNT span, say); None if it is none.

    Beyond what `find` reads: two numbers joined by و are a range (10 و15), a unit that carries its number counts
    (شخصين: 2, flag `dual`; ساعة ونصف: 3/2, flag `unit`), and so do ثلاثية and the like (flag `group`). A sound plural
    in -ين looks like a dual: that the text is an amount at all is the caller's word.
    """
    reader = Expressions(text, whole=True)
    tokens = reader.tokens
    while tokens and tokens[-1].text in _TRAILING:
        tokens.pop()
    if not tokens or reader.percent(0) == len(tokens):
        return None
    if tokens[0].text in _CLITICS and reader.glued(0) and reader.is_digits(1):
        del tokens[0]
    value = reader.expression(0)
    if value is not None and (listed := _consecutive(reader)) is not None:
        listed.others.append((value.low, value.high, "range"))
        value = listed
    while value is not None and value.end < len(tokens):
        comma = reader.at(value.end) in ("،", ",")
        following = value.end + 1 if comma else reader.after_and(value.end)
        more = reader.operand(following) if following else None
        if more is None:
            return amount(reader)
        low, high = min(value.low, more.low), max(value.high, more.high)
        value.low, value.high, value.end, value.kind = low, high, more.end, "range"
        value.flag("list")
    return to_number(value) if value is not None else amount(reader)


def _consecutive(reader: Expressions) -> Value | None:
    """5,6 و7 counts up: three numbers with a comma, not 5.6 and 7."""
    first, _, second = reader.at(0).partition(",")
    if len(reader.tokens) != 3 or reader.at(1) != "و" or not (reader.is_digits(0) and reader.is_digits(2)):
        return None
    counts = (first, second, reader.at(2))
    if not all(count.isdigit() and len(count) < 3 for count in counts):
        return None
    a, b, c = map(int, counts)
    return Value(a, c, 3, kind="range", flags=["list"]) if (b, c) == (a + 1, a + 2) else None


def find(text: str) -> list[Found]:
    """Every number expression in running text, the longest at each place, in order.

    Clitics written together with a number word stay in its span; before digits they are outside. Dates, clock times,
    versions and the like (12/10/2019, 14:30) are no numbers, nor are weekdays, months and other homographs that the
    words around them give away.
    """
    reader = Expressions(text)
    tokens, found, i = reader.tokens, [], 0
    while i < len(tokens):
        token = tokens[i]
        if token.digits and (after := _chain(reader, i)):
            i = after
            continue
        if after := reader.percent(i) if token.letters else 0:
            i = after
            continue
        candidate = token.digits or token.word is not None or not token.letters or bool(reader.sign(i)[0])
        value = reader.expression(i) if candidate or reader.article(i) else None
        if value is None or (value.end == i + 1 and _homograph(reader, i)):
            i += 1
            continue
        if token.digits and _named(reader, i, value.end):
            value.flag("name")
        start, end = token.start, tokens[value.end - 1].end
        found.append(Found(start, end, text[start:end], to_number(value)))
        i = value.end
    return found


def _chain(reader: Expressions, i: int) -> int:
    """Index after a chain of digits that is no number (a date, a telephone number, a time); 0 if there is none."""
    end, marks = i, []
    while reader.glued(end) and reader.at(end + 1) in _CHAINS and reader.glued(end + 1) and reader.is_digits(end + 2):
        marks.append(reader.at(end + 1))
        end += 2
    return end + 1 if len(marks) > 1 or ":" in marks else 0


def _named(reader: Expressions, i: int, end: int) -> bool:
    """Whether digits belong to a name: كوفيد-19, F16, G20."""
    tokens = reader.tokens
    if reader.glued(i - 1):
        if reader.at(i - 1) in _DASHES:
            return reader.glued(i - 2) and tokens[i - 2].letters
        if tokens[i - 1].letters and reader.text[tokens[i].start - 1].isascii():
            return True
    return reader.glued(end - 1) and tokens[end].letters and reader.text[tokens[end].start].isascii()


def _homograph(reader: Expressions, i: int) -> bool:
    """Whether a single word is no number here: الاثنين is a weekday, لست "I am not", ثمن a price."""
    word, form, after = reader.word(i), reader.at(i), reader.at(i + 1)
    if word is None:
        return False
    before, raw = reader.at(i - 1), reader.text[reader.tokens[i].start : reader.tokens[i].end]
    if word.fraction is not None and word.unit < 0:
        if after.endswith(("نهائي", "نهائيه")) or after.startswith("سنوي") or (form == "تسعي" and raw.endswith("ى")):
            return True
        if "\u064f" in raw or "ثلث" in form:
            return False
        return "ثمن" in form or (form.endswith("ي") and not (after.startswith("ال") or after in _TENTHS))
    if word.ordinal:
        return _no_rank(reader, i, form.removeprefix("و").removeprefix("ال"), raw)
    if word.unit == 0:
        return before in ("شهر", "تحت", "فوق")
    if word.unit == 1:
        return before in ("دفعه", "عبد")
    if word.unit == 2:
        return word.definite and form.endswith("الاثنين")
    if word.unit == 6 and not after.endswith("ات"):
        return form in ("لست", "فست", "كست") or after in _WEST
    if word.multiple:
        # ضعف alone is a weakness more often than a double.
        return not (form.endswith(("ضعفي", "ضعفين")) or (form.endswith("ضعفا") and after == "ما"))
    return form in ("ميه", "الميه", "ميتين", "ميتان")


def _no_rank(reader: Expressions, i: int, stem: str, raw: str) -> bool:
    """Whether an ordinal is no rank here: months, آل ثاني, أولي ("preliminary"), 30 ثانية, ثاني أكسيد, أول من أمس."""
    word, before, after = reader.word(i), reader.at(i - 1), reader.at(i + 1)
    if (
        before.removeprefix("و") in _MONTHS.get(stem, ())
        or before in ("ال", "امس")
        or after == "اكسيد"
        or stem == "اوائل"
    ):
        return True
    if stem == "اولي" and not raw.endswith("ى"):
        return True
    if after == "من" and reader.at(i + 2) == "امس":
        return True
    return stem.endswith("ثانيه") and not (word is not None and word.definite) and _counted(reader, i)


def _counted(reader: Expressions, i: int) -> bool:
    """Whether a number stands right before token `i`."""
    word = reader.word(i - 1)
    return reader.is_digits(i - 1) or (word is not None and not word.ordinal)


def as_json(number: Number) -> dict[str, Any]:
    """A number for JSON: whole numbers as integers, others as decimal strings (flag `rounded` if they had to be)."""
    (low, cut_low), (high, cut_high) = written(number.low), written(number.high)
    flags = [*number.flags, *(["rounded"] if cut_low or cut_high else [])]
    record: dict[str, Any] = {"low": low, "high": high, "kind": number.kind, "flags": flags}
    if number.alternatives:
        record["alternatives"] = [as_json(other) for other in number.alternatives]
    return record


def answer_lines(lines: Iterable[str], *, whole: bool = False) -> Iterator[str]:
    """One line of JSON for each line of text: the expressions found in it, or with `whole` the line's value or null.

    Offsets count code points of the line without its line break.
    """
    for line in lines:
        text = line.rstrip("\r\n")
        answer: Any
        if whole:
            number = parse(text)
            answer = None if number is None else _located(0, len(text), text, number)
        else:
            answer = [_located(f.start, f.end, f.text, f.number) for f in find(text)]
        yield json.dumps(answer, ensure_ascii=lone_surrogate(text) is not None)


def _located(start: int, end: int, text: str, number: Number) -> dict[str, Any]:
    return {"start": start, "end": end, "text": text, **as_json(number)}
