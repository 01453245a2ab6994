"""Amounts: units that carry their number, as duals (شخصين) or with a fraction (ساعة ونصف)."""

from __future__ import annotations

from khabar.numberphrases import Value, one
from khabar.numberranges import Expressions, Number, to_number
from khabar.numberwords import words

_ENDINGS = ("ان", "ين")
_SHORTEST_DUAL = 4
_LONGEST_UNIT = 3
_JOINTS = words("الي او - –")
# Frequent words that end like a dual and are none.
_LIKE_DUALS = """
لبنان ايران طهران عمان افغانستان باكستان كردستان تركمانستان كازاخستان اوزبكستان طاجيكستان قرغيزستان داغستان
بلوشستان يابان فلسطين حطين برلين صين ميلان لوزان اردوغان سليمان سلمان عثمان مروان رضوان عدنان نعمان غسان حسان
لقمان حسين ياسين ياسمين بوتين ستالين لينين رمضان شعبان نيسان حزيران تشرين مكان زمان امان ضمان لسان دخان بيان
كيان ديوان ايمان جبان حنان انسان ميدان برلمان سلطان سرطان شيطان فستان بستان حصان ميزان عنوان عدوان نقصان فقدان
طيران دوران سكان رهان مهرجان لجان برهان بلدان جدران نيران جيران فرسان شبان قضبان اركان اوطان احيان اديان الوان
اوزان اسنان احزان اغصان اذان فنان حزين سجين يقين ثمين سمين امين يمين جنين حنين متين معين تعيين تامين تمكين
تحسين تدشين تمرين تخزين تكوين تلوين تدوين قوانين مساكين شياطين سلاطين بساتين فساتين عناوين موازين دواوين
ميادين براهين مجانين سكاكين بنزين كوكايين انسولين فيتامين بروتين هيروين مورفين حين بين اين بيتكوين سنين رزين
هجين كمين ثخين رصين مسكين
"""
_NO_DUAL = words(_LIKE_DUALS)


def amount(reader: Expressions) -> Number | None:
    """The value of a whole expression whose unit carries the number; None if it is no such thing."""
    value, n = _side(reader, 0), len(reader.tokens)
    if value is None and reader.is_noun(0) and _joins(reader, 1) and reader.at(2)[:2] == reader.at(0)[:2]:
        # شخص أو شخصين: beside its dual a singular noun is one.
        value = one(1, 1)
        value.flag("unit")
    if value is not None and value.end < n and reader.at(value.end) in _JOINTS:
        right = _side(reader, value.end + 1)
        value = reader.range(value, right) if right is not None else None
    return to_number(value) if value is not None and value.end == n else None


def _side(reader: Expressions, i: int) -> Value | None:
    """One amount, or a number beside an amount (سنتين إلى ست)."""
    sign, start = reader.sign(i)
    value = _carried(reader, start)
    if value is None:
        return reader.operand(i)
    if sign < 0:
        value.times(-1)
    reader.below_zero(value)
    return value


def _carried(reader: Expressions, i: int) -> Value | None:
    """A dual, or up to three words of a unit, and perhaps a fraction of it (بنقطة مئوية ونصف)."""
    end = i
    while (
        end < i + _LONGEST_UNIT
        and reader.is_noun(end)
        and not (end > i and (_joins(reader, end) or reader.at(end) == "تحت"))
    ):
        end += 1
    if end == i:
        return None
    dual = is_dual(reader.at(i))
    j = reader.joined(end)
    part = reader.part(j) if j >= 0 else None
    if part is None and not dual:
        return None
    value = one(2 if dual else 1, end)
    value.flag("dual" if dual else "unit")
    if part is None:
        return value if end == i + 1 else None
    value.plus(part)
    while value.end < len(reader.tokens) and reader.is_noun(value.end) and not _joins(reader, value.end):
        value.end += 1
    return value


def _joins(reader: Expressions, i: int) -> bool:
    return reader.at(i) in _JOINTS


def is_dual(form: str) -> bool:
    """Whether a folded word has the form of an indefinite dual."""
    if len(form) < _SHORTEST_DUAL or not form.endswith(_ENDINGS) or form.startswith("ال"):
        return False
    return form not in _NO_DUAL and not (form[0] in "وبلك" and (form[1:] in _NO_DUAL or form[1:].startswith("ال")))
