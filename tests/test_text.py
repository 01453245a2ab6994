from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from khabar.text import atoms, bidi_controls, fold, lone_surrogate, sentence_starts


def cut(text: str) -> list[str]:
    return [text[a.start : a.end] for a in atoms(text)]


def test_atoms_are_runs_of_letters_runs_of_digits_and_single_signs() -> None:
    assert cut("وقال إنَّ 1,200 مقاتـل") == ["وقال", "إنَّ", "1,200", "مقاتـل"]
    assert cut("بـ100 و٣٫٥٪") == ["بـ", "100", "و", "٣٫٥", "٪"]
    assert cut("إف-16، (د ب أ)") == ["إف", "-", "16", "،", "(", "د", "ب", "أ", ")"]
    assert cut("3,") == ["3", ","]
    assert cut(" \n\t ") == []


def test_a_clitic_before_digits_is_an_atom_of_its_own() -> None:
    assert cut("و1,200") == ["و", "1,200"]


@given(st.text())
def test_atoms_hold_every_visible_character_exactly_once_in_order(text: str) -> None:
    found = atoms(text)
    assert "".join(text[a.start : a.end] for a in found) == "".join(text.split())
    assert all(a.start < a.end for a in found)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))


def test_sentences_begin_after_line_breaks_and_closing_signs() -> None:
    text = "ارتفع السعر 3.5 في المئة. وقال «نعم!» ثم مضى\nسطر جديد؟"
    starts = sentence_starts(text, atoms(text))
    assert [text[atoms(text)[i].start :].split()[0] for i in starts] == ["ارتفع", "وقال", "ثم", "سطر"]


@given(st.text(alphabet="اب .!؟\n3,"))
def test_sentence_starts_are_increasing_atoms(text: str) -> None:
    found = atoms(text)
    starts = sentence_starts(text, found)
    assert starts == sorted(set(starts))
    assert (starts[:1] == [0]) == bool(found)
    assert all(i < len(found) for i in starts)


def test_fold_hides_what_it_is_told_to() -> None:
    everything = {"diacritics": True, "tatweel": True, "digits": True}
    assert fold("مُقـــاتِل٣۴", **everything) == "مقاتل34"
    assert fold("مُقـا٣", diacritics=False, tatweel=False, digits=False) == "مُقـا٣"
    assert fold("ـ", **everything) == ""


def test_invisible_marks_and_half_characters_are_found() -> None:
    assert bidi_controls("ا\u200fب\u202e") == [(1, "RIGHT-TO-LEFT MARK"), (3, "RIGHT-TO-LEFT OVERRIDE")]
    assert lone_surrogate("ab\ud83d") == 2
    assert lone_surrogate("ab😀") is None
