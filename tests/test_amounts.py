from __future__ import annotations

import pytest

from khabar.amounts import amount, is_dual
from khabar.numberranges import Expressions, Number


@pytest.mark.parametrize("form", ["شخصين", "ساعتان", "وجهازين", "بطائرتين", "بابين"])
def test_indefinite_duals(form: str) -> None:
    assert is_dual(form)


@pytest.mark.parametrize("form", ["لبنان", "بفلسطين", "المهندسين", "والسكان", "كان", "بين", "سنوات"])
def test_words_that_only_look_like_duals(form: str) -> None:
    assert not is_dual(form)


def test_a_whole_text_is_one_amount() -> None:
    assert amount(Expressions("متر ونصف", whole=True)) is not None
    assert amount(Expressions("شخصين اثنين", whole=True)) is None
    assert amount(Expressions("أسبوعان أو ثلاثة أسابيع", whole=True)) is None
    assert amount(Expressions("درجتين تحت الصفر", whole=True)) == Number(-2, -2, flags=("dual", "below_zero"))
