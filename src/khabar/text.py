"""Text: atoms, sentences, and what the encoder gets to see of an atom. Offsets are code points, half-open."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_DIGIT = "0-9٠-٩۰-۹"
# Harakat, superscript alef and tatweel continue a run of letters.
_MARK = "\u0640\u064b-\u065f\u0670"
_ATOM = re.compile(rf"[{_DIGIT}]+(?:[.,٫٬،][{_DIGIT}]+)*|[^\W\d_](?:[^\W\d_]|[{_MARK}])*|\S")
# A sentence ends at a line break, or at closing punctuation followed by white space.
_SENTENCE_END = re.compile(r"\n+|[.!?؟…]+[\"'»”’)\]]*\s+")
_BIDI_CONTROL = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_DIACRITICS = re.compile("[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]")
_FOLD_DIGITS = {ord(d): str(i % 10) for i, d in enumerate("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")}


@dataclass(frozen=True, slots=True)
class Atom:
    """The smallest thing a span can hold: a run of letters, a run of digits, or one other character."""

    start: int
    end: int


def atoms(text: str) -> list[Atom]:
    """Cuts `text` into atoms, in order; what lies between two atoms is white space."""
    return [Atom(m.start(), m.end()) for m in _ATOM.finditer(text)]


def sentence_starts(text: str, cut: list[Atom]) -> list[int]:
    """Indices into `cut` (the atoms of `text`) at which a sentence begins; the first is 0."""
    starts, following = [0] if cut else [], 0
    for end in (m.end() for m in _SENTENCE_END.finditer(text)):
        while following < len(cut) and cut[following].start < end:
            following += 1
        if following < len(cut) and following != starts[-1]:
            starts.append(following)
    return starts


def bidi_controls(text: str) -> list[tuple[int, str]]:
    """Offset and Unicode name of every invisible direction mark in `text`."""
    return [(m.start(), unicodedata.name(m[0])) for m in _BIDI_CONTROL.finditer(text)]


def lone_surrogate(text: str) -> int | None:
    """Offset of the first code point that no UTF-8 can carry, or None."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return error.start
    return None


def fold(text: str, *, diacritics: bool, tatweel: bool, digits: bool) -> str:
    """The form of an atom that the encoder sees.

    Each switch that is true drops diacritics, drops tatweel, or turns Arabic-Indic and Persian digits
    into ASCII ones. It is applied to one atom at a time, so offsets need no map: an atom keeps its own.
    The result may be empty.
    """
    if diacritics:
        text = _DIACRITICS.sub("", text)
    if tatweel:
        text = text.replace("\u0640", "")
    if digits:
        text = text.translate(_FOLD_DIGITS)
    return text
