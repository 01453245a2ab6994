"""A WordPiece vocabulary for Arabic news, trained on the user's own text. Offsets refer to the untouched text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""Special tokens; each has its place here as its id."""

LONGEST_WORD = 60
"""Characters from which a word is [UNK]: longer ones are addresses and noise, and cost quadratic time."""

# Tatweel, diacritics and Quranic marks, zero-width marks, marks of direction, byte order mark.
_DROPPED = "[\u0640\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
_FOLDED = {"[آأإٱ]": "ا", "[ىی]": "ي", "ک": "ك"}
_DIGITS = {f"[{digit}{chr(ord('۰') + i)}]": str(i) for i, digit in enumerate("٠١٢٣٤٥٦٧٨٩")}
# What numbers are written with has entries however rare it is in the text.
_ALWAYS = list("0123456789.,-+/:%$٪٫٬،؛؟ءابةتثجحخدذرزسشصضطظعغفقكلمنهوؤئي")


def normalizer() -> Any:
    """NFKC; diacritics, tatweel and invisible marks dropped; forms of alef, ya, kaf and digits folded; lower case.

    A normalizer of the tokenizer and not a step before it, so that the library keeps offsets into the text as given.
    """
    folds = [normalizers.Replace(Regex(pattern), to) for pattern, to in (_FOLDED | _DIGITS).items()]
    drop = normalizers.Replace(Regex(_DROPPED), "")
    # NFKC first: it composes alef + hamza above to the letter that is folded then.
    return normalizers.Sequence([normalizers.NFKC(), drop, *folds, normalizers.Lowercase()])


def train_wordpiece(
    texts: Iterable[str], *, vocabulary: int, alphabet: int, min_frequency: int
) -> PreTrainedTokenizerFast:
    """Trains WordPiece (Schuster & Nakajima 2012, with the merges of BPE, as the tokenizers library has it).

    `vocabulary`: most entries; `alphabet`: most characters that are entries by themselves, rarer ones make a word
    [UNK]; `min_frequency`: least number of times a pair was seen that is merged. Every digit is a word of its own.
    The library breaks ties between pairs by chance: train once and keep what comes out.
    """
    tokenizer = Tokenizer(models.WordPiece(unk_token=SPECIAL[1], max_input_chars_per_word=LONGEST_WORD))
    tokenizer.normalizer = normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.BertPreTokenizer(), pre_tokenizers.Digits(individual_digits=True)]
    )
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary,
        limit_alphabet=alphabet,
        initial_alphabet=_ALWAYS,
        min_frequency=min_frequency,
        special_tokens=list(SPECIAL),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", SPECIAL.index("[CLS]")), ("[SEP]", SPECIAL.index("[SEP]"))],
    )
    pad, unk, cls, sep, mask = SPECIAL
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=pad,
        unk_token=unk,
        cls_token=cls,
        sep_token=sep,
        mask_token=mask,
    )
