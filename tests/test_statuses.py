from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khabar.statuses import claim_status, lies_ahead, read_status


def status(sentence: str, *modifiers: str, future: bool = False) -> tuple[str, ...]:
    """The status of the number that stands between two bars."""
    before, number, after = sentence.split("|")
    text = before + number + after
    return claim_status(text, len(before), len(before) + len(number), modifiers=modifiers, future=future)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("قال المدير إن المصنع أنتج |300| طن.", ("reported",)),
        ("تعتزم البلدية غرس |300| شجرة.", ("planned",)),
        ("من المقرر أن تصل |12| حافلة.", ("planned",)),
        ("وستبني الشركة |40| مسكنا.", ("planned",)),
        ("يتوقع المزارعون أن يبلغ المحصول |70| طنا.", ("forecast",)),
        ("ومن المنتظر أن يحضر |200| زائر.", ("forecast",)),
        ("وقد يبلغ الموج |3| أمتار.", ("reported",)),
        ("نفى الناطق إصابة |8| عمال.", ("negated",)),
        ("المفقودون ثلاثة، لا |9| كما قيل.", ("negated",)),
        ("ويتوقع التاجر ألا يتجاوز الثمن |20| درهما.", ("forecast", "negated")),
        ("لم تفتح سوى |4| متاجر.", ("reported",)),
        ("العدد لا يقل عن |50| تلميذا.", ("reported",)),
        ("لا يزال |5| عمال في المنجم.", ("reported",)),
    ],
)
def test_the_words_before_a_number_tell_its_status(sentence: str, expected: tuple[str, ...]) -> None:
    assert status(sentence) == expected


def test_a_cue_ends_at_the_sentence_and_at_a_word_of_reporting() -> None:
    assert status("تعتزم الشركة التوسع. وباعت |7| سيارات.") == ("reported",)
    assert status("نفى الوزير مقتل عشرة، مؤكدا أن القتلى |4|.") == ("reported",)
    assert status("نفت الوزارة ذلك، بل سجلت |6| حالات.") == ("reported",)


def test_a_planned_change_starts_from_what_is_so_already() -> None:
    assert status("تعتزم الجامعة رفع المقاعد من |90| إلى 120 مقعدا.") == ("reported",)
    assert status("تعتزم الجامعة رفع المقاعد من 90 إلى |120| مقعدا.") == ("planned",)


def test_a_negated_bound_is_told_from_a_denial() -> None:
    text = "لم يتجاوز السعر 30 دينارا"
    bound = read_status(text, text.index("30"), text.index("30") + 2, modifiers=["لم يتجاوز"])
    assert bound.negated and bound.bound and bound.names == ("negated",)
    text = "نفى الناطق إصابة 8 عمال"
    denied = read_status(text, text.index("8"), text.index("8") + 1)
    assert denied.negated and not denied.bound
    assert not read_status("زاد على 5", 8, 9, modifiers=["ما لا يقل عن"]).negated


def test_a_time_ahead_makes_a_plan_of_a_statement() -> None:
    assert status("تنتج المحطة |90| ميغاواط.", future=True) == ("planned",)
    date = dt.date(2024, 5, 12)
    assert lies_ahead("2030", date) and lies_ahead("../2024-06", date) and lies_ahead("2024-05-13", date)
    assert not any(
        lies_ahead(v, date) for v in ("2024", "2023/2024-05-12", "2024-05", "2020/..", "P3M", "{2030,2031}", None)
    )


@given(st.text(max_size=80), st.integers(0, 80), st.lists(st.text(max_size=20), max_size=2))
def test_any_text_has_a_status(text: str, at: int, modifiers: list[str]) -> None:
    at = min(at, len(text))
    names = claim_status(text, at, len(text), modifiers=modifiers)
    assert names and set(names) <= {"reported", "planned", "forecast", "negated"}
