from __future__ import annotations

from typing import Any

import pytest

from khabar.wordpiece import SPECIAL, train_wordpiece
from prose import prose


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return train_wordpiece(prose(300), vocabulary=600, alphabet=100, min_frequency=2)


def test_special_tokens_have_their_ids_and_roles(tokenizer: Any) -> None:
    assert tokenizer.convert_tokens_to_ids(list(SPECIAL)) == [0, 1, 2, 3, 4]
    named = (tokenizer.pad_token, tokenizer.unk_token, tokenizer.cls_token, tokenizer.sep_token, tokenizer.mask_token)
    assert named == SPECIAL
    pair = tokenizer("حمص", "حلب")
    tokens = tokenizer.convert_ids_to_tokens(pair["input_ids"])
    assert tokens[0] == "[CLS]" and tokens[-1] == "[SEP]" and tokens.count("[SEP]") == 2
    assert len(tokenizer) <= 600


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("الرَّئِيسُ", "الرئيس"),
        ("الرئيــــس", "الرئيس"),
        ("\u200fالرئيس\u200e\u061c\u2069", "الرئيس"),
        ("أإآٱا", "ااااا"),
        ("ا\u0654", "ا"),
        ("على", "علي"),
        ("کتاب علی", "كتاب علي"),
        ("٠١٢٣٤٥٦٧٨٩", "0123456789"),
        ("۰۱۲۳۴۵۶۷۸۹", "0123456789"),
        ("ﻻ", "لا"),
        ("COVID", "covid"),
    ],
)
def test_forms_that_mean_the_same_give_the_same_pieces(written: str, read: str, tokenizer: Any) -> None:
    assert tokenizer.tokenize(written) == tokenizer.tokenize(read)
    assert tokenizer.backend_tokenizer.normalizer.normalize_str(written) == read


def test_offsets_refer_to_the_text_as_given(tokenizer: Any) -> None:
    text = "قال\u200f الرَّئيــس: ١٢٫٥٪"
    encoded = tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
    shown = [text[a:b] for a, b in encoded["offset_mapping"]]
    normalize = tokenizer.backend_tokenizer.normalizer.normalize_str
    assert [normalize(part) for part in shown] == [token.removeprefix("##") for token in encoded.tokens()]
    assert shown[0] == "قال" and "".join(shown[-5:]) == "١٢٫٥٪"


def test_every_digit_is_a_word_and_what_numbers_are_written_with_is_known(tokenizer: Any) -> None:
    encoded = tokenizer("1٬250٫7٪", add_special_tokens=False)
    assert tokenizer.convert_ids_to_tokens(encoded["input_ids"]) == ["1", "٬", "2", "5", "0", "٫", "7", "٪"]
    assert encoded.word_ids() == list(range(8))
    assert tokenizer.unk_token_id not in tokenizer("ظغ ؤئ ضذ؟")["input_ids"]


def test_a_rare_character_makes_a_word_unknown(tokenizer: Any) -> None:
    small = train_wordpiece([*prose(300), "漢"], vocabulary=600, alphabet=56, min_frequency=2)
    assert small.tokenize("漢") == ["[UNK]"]
