from __future__ import annotations

from fractions import Fraction

import pytest

from khabar.numberwords import Word, analyse, lexicon, spellings


def word(raw: str) -> Word:
    found = analyse(raw)[1]
    assert found is not None, raw
    return found


def test_clitics_and_the_article_come_off() -> None:
    assert (word("وبخمسة").unit, word("وبخمسة").conj, word("وبخمسة").clitic) == (5, True, "ب")
    assert (word("للمئة").hundred, word("للمئة").definite, word("للمئة").clitic) == (100, True, "ل")
    assert (word("والعشرين").ten, word("والعشرين").conj, word("والعشرين").definite) == (20, True, True)
    assert not word("واحد").conj
    assert word("وواحد").conj


@pytest.mark.parametrize(
    "forms",
    [
        ["أربعة", "اربعة", "اربعه", "أَرْبَعَةٌ", "أربـعة"],
        ["مئة", "مائة", "مية", "مائه", "مِئَةٍ", "مايه"],
        ["ملايين", "ملايـين", "ملاین"],
        ["ثماني", "ثمانى", "ثمان", "ثمانية"],
        ["ثلاثمئة", "ثلاثمائة", "ثلاثمية", "ثلاثمائه"],
        ["ثلاثة", "ﺛﻼﺛﺔ"],
        ["آلاف", "الاف", "الآف", "ألوف"],
    ],
)
def test_spellings_of_one_word_mean_the_same(forms: list[str]) -> None:
    assert len({word(form) for form in forms}) == 1


def test_vowel_signs_settle_what_letters_leave_open() -> None:
    assert (word("خمس").unit, word("خمس").fraction) == (5, Fraction(1, 5))
    assert (word("خُمس").unit, word("خُمس").fraction) == (-1, Fraction(1, 5))
    assert (word("خَمس").unit, word("خَمس").fraction) == (5, None)
    assert (word("بخُمسي").fraction, word("بخُمسي").clitic) == (Fraction(2, 5), "ب")
    assert (word("خمسين").ten, word("خُمسين").fraction) == (50, Fraction(2, 5))
    assert word("خمسُ").unit == 5
    assert (word("ألفا").times, word("ألفاً").times) == (0, 1)
    assert (word("ثلثا").fraction, word("ثلثاً").fraction) == (Fraction(2, 3), Fraction(1, 3))
    assert analyse("ألّف")[1] is None


def test_a_hamza_tells_and_eleven_from_one() -> None:
    assert word("وأحد").conj
    assert not word("واحد").conj


@pytest.mark.parametrize("raw", ["كمية", "كميات", "ميتا", "ولد", "ثلاثاء", "أربعاء", "خميس", "بين", "ـ", "²", "G"])
def test_other_words_are_no_number_words(raw: str) -> None:
    assert analyse(raw)[1] is None


def test_signs_of_fractions_count() -> None:
    assert word("½").fraction == Fraction(1, 2)
    assert word("⅔").fraction == Fraction(2, 3)


def test_the_lexicon_has_folded_forms_only() -> None:
    assert all(analyse(form)[0] == form for form in lexicon())


def test_spellings_follow_the_grammar() -> None:
    assert {"ثلاثة", "ثلاث"} == set(spellings(3))
    assert {"أحد عشر", "إحدى عشرة", "احد عشر", "احدى عشرة"} == set(spellings(11))
    assert {"ألفان ومئتا", "ألفين ومئتي", "ألفين ومائتين"} <= set(spellings(2200))
    assert "ثلاثة آلاف وخمسمئة" in set(spellings(3500))
    assert "أحد عشر ألفاً" in set(spellings(11000))
    assert "بصفر" in set(spellings(0, clitics=("ب",)))


def test_spellings_are_given_once_each() -> None:
    found = list(spellings(28_125, clitics=("", "و")))
    assert len(found) == len(set(found)) > 50


def test_spellings_know_their_limits() -> None:
    with pytest.raises(ValueError, match="outside"):
        list(spellings(-1))
    with pytest.raises(ValueError, match="outside"):
        list(spellings(10**18))
