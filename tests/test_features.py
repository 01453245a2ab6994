from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from khabar.config import FoldConfig
from khabar.documents import Document, Span
from khabar.features import LONGEST_ATOM, Collator, EpochOrder, Featurizer, atom_logits, document_tags, window_labels
from khabar.labels import IGNORED, codecs
from khabar.model import load_tokenizer
from khabar.scheme import DEFAULT_SCHEME

Make = Callable[[str], Path]


def featurizer(encoder: Make, layout: str = "bert", size: int = 32, context: int = 6) -> Featurizer:
    return Featurizer(load_tokenizer(str(encoder(layout))), size, context, FoldConfig())


def check(reader: Featurizer, text: str) -> None:
    cuts, windows = reader.documents([text])
    answered = [i for w in windows for i in range(w.own_first, w.own_end)]
    assert answered == list(range(len(cuts[0].atoms)))
    for w in windows:
        assert len(w.input_ids) <= reader.size
        assert len(w.positions) == w.own_end - w.own_first
        for i, position in enumerate(w.positions):
            pieces = cuts[0].pieces[w.own_first + i]
            assert w.input_ids[position : position + len(pieces)] == pieces if pieces else position == -1


@pytest.mark.parametrize("layout", ["bert", "xlm-roberta", "camelbert"])
def test_every_atom_has_one_window_and_its_first_piece(layout: str, encoder: Make, documents: list[Document]) -> None:
    reader = featurizer(encoder, layout)
    for document in documents:
        check(reader, document.text)
    check(reader, "\n".join(d.text for d in documents) * 5)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="اب ت.!ـ٣3,😀\n\u064b\u200f\x07", max_size=300))
def test_windows_hold_for_any_text(encoder: Make, text: str) -> None:
    check(featurizer(encoder), text)


def test_whole_sentences_are_packed_and_context_is_shared(encoder: Make) -> None:
    text = " ".join(f"في حلب {n}." for n in range(10, 40))
    reader = featurizer(encoder, size=40, context=8)
    cuts, windows = reader.documents([text])
    starts = set(cuts[0].sentences)
    assert len(windows) > 2
    assert all(w.own_first in starts for w in windows)
    middle = windows[1]
    own = sum(len(p) for p in cuts[0].pieces[middle.own_first : middle.own_end])
    # Both sides are filled with the document's own text.
    assert len(middle.input_ids) > own + 2 + 8
    assert middle.positions[0] > 1


def test_a_short_document_is_one_window(encoder: Make, documents: list[Document]) -> None:
    assert len(featurizer(encoder, size=512).documents([documents[0].text])[1]) == 1


def test_an_atom_without_pieces_is_counted_and_gets_o(encoder: Make) -> None:
    reader = featurizer(encoder)
    cuts, windows = reader.documents(["حلب ـ حمص"])
    assert cuts[0].pieces[1] == []
    assert reader.clipped.atoms_without_pieces == 1
    blank = np.array([9.0, -9.0])
    rows = [np.zeros((len(windows[0].input_ids), 2))]
    logits = atom_logits(cuts, windows, rows, blank)[0]
    assert logits[1].tolist() == [9.0, -9.0]
    assert logits[0].tolist() == [0.0, 0.0]


def test_a_word_longer_than_a_window_is_seen_in_part_and_counted(encoder: Make) -> None:
    reader = featurizer(encoder)
    text = "رقم " + ",".join(["12345678"] * 40) + " انتهى"
    check(reader, text)
    assert reader.clipped.atoms_clipped > 0
    assert max(len(p) for p in reader.cut([text])[0].pieces) <= LONGEST_ATOM


def test_brackets_of_special_tokens_in_news_stay_text(encoder: Make) -> None:
    tokenizer = load_tokenizer(str(encoder("bert")))
    (window,) = Featurizer(tokenizer, 32, 6, FoldConfig()).documents(["حلب [SEP] [CLS]"])[1]
    assert window.input_ids.count(tokenizer.sep_token_id) == 1
    assert window.input_ids.count(tokenizer.cls_token_id) == 1


def test_labels_stand_on_first_pieces_and_a_missing_layer_gives_no_loss(
    encoder: Make, documents: list[Document]
) -> None:
    reader = featurizer(encoder, size=64)
    every = codecs(DEFAULT_SCHEME)
    for document in documents:
        (cut,), windows = reader.documents([document.text])
        tags = document_tags(document, cut, every, frozenset({"claims"}))
        assert tags[0] is None
        labels = [np.array(window_labels(w, tags)) for w in windows]
        assert all((grid[:, 0] == IGNORED).all() for grid in labels)
        seen = [grid[[p for p in w.positions if p >= 0], 1] for grid, w in zip(labels, windows, strict=True)]
        assert np.concatenate(seen).tolist() == tags[1]  # and nothing elsewhere:
        assert sum((grid[:, 1] != IGNORED).sum() for grid in labels) == len(cut.atoms)


def test_further_pieces_of_a_number_go_on_with_its_span_in_the_first_layer(encoder: Make) -> None:
    text = "قمة العشرين 1,200 حلب 2,500"
    document = Document("d", text, (Span(4, 17, "MISC"), Span(4, 17, "VALUE"), Span(18, 21, "LOC")))
    reader = featurizer(encoder, size=64)
    (cut,), (window,) = reader.documents([text])
    every = codecs(DEFAULT_SCHEME)
    tags = document_tags(document, cut, every, frozenset(every))
    labels = np.array(window_labels(window, tags))
    inside, outside = (
        range(p, p + len(cut.pieces[i])) for i, p in ((2, window.positions[2]), (4, window.positions[4]))
    )
    assert len(inside) > 1 and len(outside) > 1
    assert set(labels[list(inside), 0]) == {every["entities"].ids["I-MISC"]}
    assert set(labels[list(outside), 0]) == {0}
    assert (labels[list(inside)[1:], 1] == IGNORED).all()


def test_batches_are_padded_and_padding_is_masked() -> None:
    rows = [
        {"input_ids": [2, 9, 3], "labels": [[IGNORED] * 2, [1, 0], [IGNORED] * 2]},
        {"input_ids": [2, 3], "labels": [[IGNORED] * 2] * 2},
    ]
    batch = Collator(pad_id=7, multiple_of=4)(rows)
    assert batch["input_ids"].tolist() == [[2, 9, 3, 7], [2, 3, 7, 7]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 0], [1, 1, 0, 0]]
    assert batch["labels"].shape == (2, 4, 2)
    assert (batch["labels"] != IGNORED).sum() == 2


def test_the_order_of_an_epoch_depends_on_seed_and_epoch_alone_and_groups_like_lengths() -> None:
    lengths = [3, 50, 7, 20, 41, 8, 33, 12, 5, 28, 17] * 9
    rows = Dataset.from_list([{"n": n} for n in lengths])
    a, b = (EpochOrder(rows, lengths, seed=1, group=4) for _ in range(2))
    first = a.order.tolist()
    a.set_epoch(3)
    b.set_epoch(3)
    assert a.order.tolist() == b.order.tolist() != first
    assert sorted(a.order.tolist()) == list(range(len(lengths))) and len(a) == len(lengths)
    assert a[5]["n"] == lengths[a.order[5]]

    def padding(order: EpochOrder) -> int:
        batches = [[lengths[i] for i in order.order[k : k + 4]] for k in range(0, len(lengths), 4)]
        return sum(max(batch) * len(batch) - sum(batch) for batch in batches)

    assert padding(a) < 0.3 * padding(EpochOrder(rows, lengths, seed=1, group=1))
    assert EpochOrder(rows, lengths, seed=2, group=4).order.tolist() != first
