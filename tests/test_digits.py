from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khabar.digits import LONGEST, readings, written


@pytest.mark.parametrize(
    ("run", "values"),
    [
        ("1200", (1200,)),
        ("1,200", (1200,)),
        ("0,200", (Fraction(1, 5),)),
        ("2,5", (Fraction(5, 2),)),
        ("1234,567", (Fraction(1234567, 1000),)),
        ("1,234,567", (1234567,)),
        ("1,785.40", (Fraction(17854, 10),)),
        ("11.950,24", (Fraction(1195024, 100),)),
        ("1.785.036", (1785036,)),
        ("1.200", (1200, Fraction(6, 5))),
        ("4.8650", (Fraction(973, 200),)),
        ("3٫5", (Fraction(7, 2),)),
        ("3٫500", (Fraction(7, 2),)),
        ("1٬200", (1200,)),
        ("1٬840٫7", (Fraction(18407, 10),)),
        ("1،200", (1200,)),
        ("5،6", (Fraction(28, 5), 5, 6)),
        ("007", (7,)),
    ],
)
def test_separators_group_or_divide(run: str, values: tuple[int | Fraction, ...]) -> None:
    assert readings(run) == values


def test_before_a_scale_word_three_digits_are_more_likely_decimals() -> None:
    assert readings("6.940", scaled=True) == (Fraction(347, 50), 6940)
    assert readings("10,800", scaled=True) == (10800, Fraction(54, 5))
    assert readings("1,234,567", scaled=True) == (1234567,)


@pytest.mark.parametrize(
    "run", ["12.10.2019", "192.168.1.2", "1,23,456", "1.234٬567", "1٫2٫3", "abc", "1,", "", "9" * (LONGEST + 1)]
)
def test_dates_addresses_and_endless_runs_are_no_numbers(run: str) -> None:
    assert readings(run) == ()


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, 3), (Fraction(6, 2), 3), (Fraction(1, 5), "0.2"), (Fraction(-5, 4), "-1.25"), (Fraction(1, 1000), "0.001")],
)
def test_whole_numbers_are_written_as_integers_and_others_as_decimal_strings(value: Fraction, text: int | str) -> None:
    assert written(value) == (text, False)


def test_a_third_is_rounded_and_says_so() -> None:
    assert written(Fraction(2, 3)) == ("0.66666666666666666667", True)


@given(st.fractions())
def test_what_is_written_is_the_number_unless_it_says_that_it_was_rounded(value: Fraction) -> None:
    text, rounded = written(value)
    assert (Fraction(text) != value) == rounded
    assert abs(Fraction(text) - value) < Fraction(1, 10**19)
