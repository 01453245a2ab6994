from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khabar.numerals import parse
from khabar.operators import read_change, read_operator


@pytest.mark.parametrize(
    ("sign", "texts"),
    [
        ("≈", "نحو؛ بنحو؛ حوالى؛ قرابة؛ زهاء؛ ما يقارب؛ ما يناهز؛ في حدود؛ تقريبا"),
        (">", "أكثر من؛ اكثر من؛ ما يزيد على؛ أزيد من؛ تجاوز؛ وتتخطى؛ يفوق؛ فوق؛ متجاوزا"),
        ("<", "أقل من؛ دون؛ ما دون؛ تحت؛ يقل عن؛ لم تبلغ"),
        ("≥", "ما لا يقل عن؛ لا تقل عن؛ على الأقل؛ على أقل تقدير؛ ألا يقل عن؛ فأكثر؛ أو يزيد؛ فصاعدا؛ تبدأ من"),
        ("≤", "لا يتجاوز؛ لم تتعد؛ ولن يزيد على؛ لم تكن تتجاوز؛ بحد أقصى؛ على الأكثر؛ لا أكثر؛ تصل إلى؛ حتى"),
        ("range", "بين؛ ما بين؛ بما بين؛ من"),
        ("=", "ما يعادل؛ ما نسبته؛ في المتوسط"),
    ],
)
def test_modifiers_have_one_sign(sign: str, texts: str) -> None:
    assert {text: read_operator([text]).sign for text in texts.split("؛ ")} == dict.fromkeys(texts.split("؛ "), sign)


def test_two_spans_make_one_operator() -> None:
    assert read_operator(["تقل", "عن"]).sign == "<"
    assert read_operator(["لا تزيد", "على"]).sign == "≤"
    assert read_operator(["لم تكن", "تتعدى"]).sign == "≤"
    assert read_operator(["نحو", "على الأقل"]) == read_operator(["على الأقل", "نحو"])
    assert "approximate" in read_operator(["نحو", "على الأقل"]).flags


def test_what_goes_beyond_the_sign_is_flagged() -> None:
    assert read_operator(["ما يزيد قليلا على"]).flags == ("slightly",)
    assert read_operator(["يقترب من"]).flags == ("from_below",)
    assert read_operator(["ما يعادل"]).flags == ("conversion",)
    assert read_operator(["يصل إلى"]).flags == ("up_to",)
    assert "conflict" in read_operator(["أكثر من", "أقل من"]).flags


def test_without_modifiers_the_number_tells() -> None:
    assert read_operator([]).sign == "="
    assert read_operator([], number=parse("10 و15")).sign == "range"
    assert read_operator([], number=parse("عشرات")).sign == "vague"
    assert read_operator([], number=parse("3-1")).sign == "="
    assert read_operator(["نحو"], number=parse("10 إلى 15")).sign == "≈"


def test_a_preposition_alone_is_no_operator() -> None:
    assert read_operator(["عن"]).sign is None
    assert "عن" in read_operator(["عن"]).reason


@pytest.mark.parametrize(
    ("direction", "texts"),
    [
        ("up", "ارتفع؛ وارتفعت؛ سترتفع؛ بزيادة؛ الزيادة؛ ينمو؛ نموا؛ قفزة؛ وأضاف؛ رُفع؛ لرفع؛ صعودا؛ تضاعفت؛ مرتفعا"),
        ("down", "انخفض؛ بتراجع؛ متراجعة؛ هوى؛ وهبطت؛ تقلّصت؛ انكماش؛ خفضنا؛ ففقد؛ نزولا؛ تخصم؛ أقل؛ وتدنّ"),
        ("same", "استقر؛ ثابت؛ من دون تغيير؛ لم يتغير؛ وأبقت؛ ظل؛ بقي"),
    ],
)
def test_changes_have_a_direction(direction: str, texts: str) -> None:
    found = {text: read_change(text).direction for text in texts.split("؛ ")}
    assert found == dict.fromkeys(texts.split("؛ "), direction)


def test_a_change_that_says_no_direction_has_a_reason() -> None:
    assert read_change("انتقل").direction is None and read_change("انتقل").reason
    assert read_change("تباطؤ").flags == ("of_growth",)
    assert read_change("تحسن").flags == ("improvement",)
    assert read_change("لم يرتفع").flags == ("negated",)


@given(st.lists(st.text(max_size=30), max_size=3), st.text(max_size=30))
def test_any_text_is_an_operator_and_a_change_or_has_a_reason(texts: list[str], text: str) -> None:
    operator, change = read_operator(texts), read_change(text)
    assert (operator.sign is None) == bool(operator.reason)
    assert (change.direction is None) == bool(change.reason)
