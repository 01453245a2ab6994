from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from khabar.formats.offsets import Mark, Unit, choose_units, differs, edges, positions, read_mark, same_surface

TEXTS = st.text(
    st.sampled_from("حلب 3،\n\r😀👍🏽𝟙\u0301\u0651\u200d\u200f") | st.characters(exclude_categories=["Cs"]), max_size=20
)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_utf16_edges_are_those_of_the_encoder(text: str) -> None:
    found = edges(text, Unit.UTF16)
    assert len(found) == len(text.encode("utf-16-le")) // 2 + 1
    for at in range(len(text) + 1):
        assert found[len(text[:at].encode("utf-16-le")) // 2] == at
    assert found.count(None) == sum(c > "\uffff" for c in text)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(list(Unit)))
def test_every_unit_leads_back(text: str, unit: Unit) -> None:
    table, offset = edges(text, unit), positions(text, unit)
    assert table[0] == 0 and table[-1] == len(text)
    assert all(table[offset[at]] == at for at in offset)
    assert differs(text, unit) == (table != list(range(len(text) + 1)))


@pytest.mark.parametrize(
    ("unit", "text", "wanted"),
    [
        (Unit.GRAPHEMES, "e\u0301😀", [0, 2, 3]),
        (Unit.GRAPHEMES, "نصٌّ", [0, 1, 4]),
        (Unit.GRAPHEMES, "👨\u200d👩\u200d👧🇩🇿", [0, 5, 7]),
        (Unit.UTF16, "a😀b", [0, 1, None, 2, 3]),
        (Unit.CODE_POINTS_CRLF, "a\r\nb\r", [0, 1, 3, 4, 5]),
        (Unit.UTF16_CRLF, "\r\n😀", [0, 2, None, 3]),
    ],
)
def test_units_count_what_they_say(unit: Unit, text: str, wanted: list[int | None]) -> None:
    assert edges(text, unit) == wanted


@pytest.mark.parametrize(
    ("found", "written", "same"),
    [
        ("حلب  الشهباء", "حلب الشهباء", True),
        ("حلب\r\nالشهباء", "حلب\\nالشهباء", True),
        ("حلب\nالشهباء", "حلبالشهباء", True),
        ("حلب", "حلب ", False),
        (" حلب", "حلب", False),
        ("حلب\n", "حلب\\n", True),
        ("حلب\n", "حلب", False),
        (" ", "\n", False),
        ("حلب", "حلبا", False),
        ("", "", True),
    ],
)
def test_surfaces_may_differ_in_white_space_inside_alone(found: str, written: str, same: bool) -> None:
    assert same_surface(found, written) == same


@pytest.mark.parametrize("place", [(3, 3), (5, 4), (-1, 2), (0, 9), (1, 2)])
def test_no_mark_is_read_from_an_impossible_place(place: tuple[int, int]) -> None:
    # [1, 2) is the second half of a pair.
    assert read_mark("😀 حلب", Mark("LOC", (place,)), edges("😀 حلب", Unit.UTF16)) is None


UTF16_FIRST = (Unit.UTF16, Unit.CODE_POINTS, Unit.GRAPHEMES)


def marks(*given: tuple[int, int, str | None]) -> list[Mark]:
    return [Mark("LOC", ((start, end),), surface) for start, end, surface in given]


def test_the_surface_decides_the_unit() -> None:
    text = "😀 إلى حلب"
    units = (Unit.CODE_POINTS, Unit.UTF16)
    records = [(text, marks((6, 9, "حلب"))), (text, marks((7, 10, "حلب"))), (text, marks((5, 8, "حلب")))]
    assert choose_units(records, units).units == [Unit.CODE_POINTS, Unit.UTF16, None]


def test_where_both_units_fit_the_rest_of_the_file_decides() -> None:
    units = (Unit.CODE_POINTS, Unit.UTF16)
    both = ("😀،،،", marks((2, 3, "،")))
    assert choose_units([both], units).units == [Unit.CODE_POINTS]
    assert choose_units([both, ("😀 حلب", marks((3, 6, "حلب")))], units).units == [Unit.UTF16] * 2
    assert choose_units([both, ("😀 حلب", marks((2, 5, "حلب")))], units).units == [Unit.CODE_POINTS] * 2


def test_without_surfaces_the_edges_of_words_decide_for_the_whole_file() -> None:
    text = "e\u0301 😀 حلب وحمص"
    as_graphemes = [(text, marks((4, 7, None))), (text, marks((8, 12, None)))]
    as_utf16 = [(text, marks((6, 9, None))), (text, marks((10, 14, None)))]
    as_code_points = [(text, marks((5, 8, None))), (text, marks((9, 13, None)))]
    for records, unit in (
        (as_graphemes, Unit.GRAPHEMES),
        (as_utf16, Unit.UTF16),
        (as_code_points, Unit.CODE_POINTS),
        ([("حلب", marks((0, 3, None)))], Unit.UTF16),
    ):
        assert set(choose_units(records, UTF16_FIRST).units) == {unit}
    assert +choose_units(as_graphemes, UTF16_FIRST).on_edges == {Unit.GRAPHEMES: 2}
