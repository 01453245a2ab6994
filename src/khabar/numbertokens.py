"""Number tokens: the atoms of a text as a reader of numbers sees them, and what can be told from each."""

from __future__ import annotations

from dataclasses import dataclass

from khabar.numberwords import Word, analyse
from khabar.text import atoms, bidi_controls, fold

OPENING, CLOSING = frozenset("(«\"'“[‘"), frozenset(")»\"'”]’")
DEFINITE = frozenset(("ال", "لل", "بال", "وال", "كال", "فال", "ولل", "وبال"))
"""The article, with or without a clitic, as an atom of its own before digits: الـ15."""
_DIGITS = frozenset("0123456789٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")
_MINUS = frozenset("-−")
_CLITICS = frozenset("وفبلك")
_MINUS_WORDS = frozenset(("ناقص", "سالب", "سالبه", "بناقص", "وناقص"))
_HUNDREDTH = frozenset(("المئه", "المائه", "الميه", "المايه"))
_PERCENT = frozenset("%٪﹪％") | {"ب" + form for form in _HUNDREDTH}
_PERMILLE = frozenset(("‰", "؉", "بالالف"))


@dataclass(slots=True)
class Token:
    """An atom: ASCII digits with their separators, a folded word with what it stands for, or a sign."""

    start: int
    end: int
    text: str
    word: Word | None = None
    digits: bool = False
    letters: bool = False


def tokenise(text: str) -> list[Token]:
    """The atoms of `text` without invisible direction marks; a line break is a token, for no number crosses one."""
    tokens: list[Token] = []
    hidden = {at for at, _ in bidi_controls(text)}
    last = 0
    for atom in atoms(text):
        start, end = atom.start, atom.end
        if start > last and "\n" in text[last:start]:
            tokens.append(Token(last, last, "\n"))
        last = end
        raw = text[start:end]
        if raw[0] in _DIGITS:
            folded = raw if raw.isascii() else fold(raw, diacritics=False, tatweel=False, digits=True)
            tokens.append(Token(start, end, folded, digits=True))
        elif raw[0].isalnum():
            form, word = analyse(raw)
            tokens.append(Token(start, end, form, word, letters=True))
        elif start not in hidden:
            tokens.append(Token(start, end, raw))
    return tokens


class Tokens:
    """The tokens of one text. Each question takes a token index, which may lie outside, and looks a bounded way ahead.

    With `whole` the text is a single expression: brackets, quotation marks and line breaks are passed over.
    """

    def __init__(self, text: str, *, whole: bool = False) -> None:
        self.text, self.whole, self.tokens = text, whole, tokenise(text)
        if whole:
            passed = OPENING | CLOSING | {"\n"}
            self.tokens = [token for token in self.tokens if token.text not in passed]

    def at(self, i: int) -> str:
        """Text of token `i`; empty outside the text."""
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def word(self, i: int) -> Word | None:
        return self.tokens[i].word if 0 <= i < len(self.tokens) else None

    def plain(self, i: int) -> Word | None:
        """The number word at `i` if nothing is written before it, so that it can continue a number."""
        word = self.word(i)
        return word if word is not None and not word.conj and not word.clitic else None

    def is_digits(self, i: int) -> bool:
        return 0 <= i < len(self.tokens) and self.tokens[i].digits

    def is_noun(self, i: int) -> bool:
        """Whether token `i` is a word and stands for no number."""
        return 0 <= i < len(self.tokens) and self.tokens[i].letters and self.tokens[i].word is None

    def is_definite(self, i: int) -> bool:
        """Whether token `i` is a noun with the article. آلات, which folds to الات, has none."""
        if not self.is_noun(i):
            return False
        token = self.tokens[i]
        return self.text.startswith(("ال", "لل"), token.start) and token.text != "الات"

    def glued(self, i: int) -> bool:
        """Whether tokens `i` and `i + 1` touch."""
        return 0 <= i < len(self.tokens) - 1 and self.tokens[i].end == self.tokens[i + 1].start

    def joined(self, i: int) -> int:
        """Where the number begins that و joins to what ends before `i`; -1 if none does."""
        word = self.word(i)
        if word is not None and word.conj and not word.clitic:
            return i
        if self.at(i) == "واحد" and (ten := self.plain(i + 1)) is not None and ten.unit == 10:
            # Without its hamza وأحد عشر looks like واحد.
            return i
        if self.at(i) == "و" and (self.is_digits(i + 1) or self.plain(i + 1) is not None):
            return i + 1
        return -1

    def scale(self, i: int, *, definite: bool) -> Word | None:
        """The scale word at `i` if it can multiply what stands before it."""
        word = self.plain(i)
        if word is None or not word.scale or word.times == 2 or (word.definite and not definite):
            return None
        return word

    def percent(self, i: int) -> int:
        """Index after a percent sign or its words at `i`; 0 if there is none."""
        if self.at(i) in _PERCENT:
            return i + 1
        return i + 2 if self.at(i) == "في" and self.at(i + 1) in _HUNDREDTH else 0

    def permille(self, i: int) -> int:
        """The same for a thousandth."""
        if self.at(i) in _PERMILLE:
            return i + 1
        return i + 2 if self.at(i) == "في" and self.at(i + 1) == "الالف" else 0

    def slash(self, i: int) -> bool:
        """Whether digits, a slash and digits stand together at `i`."""
        return self.glued(i) and self.at(i + 1) in ("/", "⁄") and self.glued(i + 1) and self.is_digits(i + 2)

    def sign(self, i: int) -> tuple[int, int]:
        """-1 and where the number begins if a minus or its word stands at `i`; 1 with a plus, 0 and `i` without a sign.

        A dash is a minus where it touches the digits after it and nothing but a clitic or an opening before it.
        """
        text = self.at(i)
        if text in _MINUS_WORDS:
            return -1, i + 1
        if (text in _MINUS or text == "+") and self.glued(i) and self.is_digits(i + 1):
            before = self.at(i - 1)
            if not self.glued(i - 1) or before in _CLITICS or before in OPENING:
                return (1 if text == "+" else -1), i + 1
        return 0, i

    def article(self, i: int) -> int:
        """Index of the digits that the article at `i` belongs to (الـ15, الـ (29)); 0 if it belongs to none."""
        if self.at(i) not in DEFINITE:
            return 0
        token = self.tokens[i]
        if not (self.whole or self.glued(i) or self.text[token.end - 1] == "ـ"):
            return 0
        if self.is_digits(i + 1):
            return i + 1
        return i + 2 if self.at(i + 1) == "(" and self.is_digits(i + 2) and self.at(i + 3) == ")" else 0
