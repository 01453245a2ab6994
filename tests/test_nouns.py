from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khabar.nouns import key_of, lemma, singulars, words_of


def key(text: str, *, dual: bool = False) -> str:
    return key_of(words_of(text), dual=dual)


@pytest.mark.parametrize(
    ("expected", "forms"),
    [
        ("مقاتل", "مقاتل مقاتلا مقاتلاً مقاتلين مقاتلون المقاتلين والمقاتلين للمقاتلين"),
        ("طفل", "طفل طفلا أطفال اطفال الأطفال أطفالها"),
        ("سيارة", "سيارة سيارات السيارات"),
        ("اجتماع", "اجتماع اجتماعا اجتماعات"),
        ("تصريح", "تصريح تصاريح تصريحات"),
        ("كاميرا", "كاميرا كاميرات"),
        ("ضحية", "ضحية ضحايا الضحايا"),
        ("قاعدة", "قاعدة قواعد قواعدها"),
        ("عنصر", "عنصر عنصرا عناصر عناصرهم"),
    ],
)
def test_all_the_forms_of_a_noun_give_one_key(expected: str, forms: str) -> None:
    assert {key(form) for form in forms.split()} == {expected}


def test_a_noun_keeps_an_ending_that_is_its_own() -> None:
    assert [key(word) for word in ("سجين", "زبون", "نبات", "تاكا", "قوات")] == ["سجين", "زبون", "نبات", "تاكا", "قوات"]
    # The accusative is singular: a companion, though the same letters may be the plural of a facility.
    assert key("مرافقا") == "مرافق"


def test_adjectives_follow_the_noun_into_the_singular_and_genitives_do_not() -> None:
    assert key("مشروعات جديدة") == key("مشروعا جديدا") == "مشروع جديد"
    assert key("وحدات سكنية") == key("وحدة سكنية") == "وحدة سكنية"
    assert key("عمال سوريين") == "عامل سوري"
    assert key("أطفال آخرين") == key("طفلا آخر") == "طفل اخر"
    assert key("مراكز شرطة") == "مركز شرطة"
    assert key("سفن حاويات") == "سفينة حاويات"
    assert key("طالب وطالبة") == "طالب وطالبة"
    assert key("موظفي الحكومة") == "موظف الحكومة"


def test_duals_are_cut_where_they_may_stand() -> None:
    assert key("شاحنتان", dual=True) == key("شاحنتين", dual=True) == "شاحنة"
    assert key("لطفلين", dual=True) == "طفل"
    assert key("بابين", dual=True) == "باب"
    assert key("وقتين", dual=True) == "وقت"


@given(st.text(max_size=30))
def test_any_text_has_a_key_and_a_key_is_its_own_key_when_it_is_one_known_noun(text: str) -> None:
    words = words_of(text)
    made = key_of(words)
    assert bool(made) == bool(words)
    for word in words:
        assert lemma(word)
        assert word in singulars(word) or singulars(word)
