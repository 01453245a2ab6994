from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khabar.documents import Document, Span
from khabar.labels import TagCodec, chunks, codecs, is_legal, repair
from khabar.scheme import DEFAULT_SCHEME
from khabar.text import atoms

TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


def test_spans_survive_the_way_to_tags_and_back(documents: list[Document]) -> None:
    for document in documents:
        cut = atoms(document.text)
        for layer, codec in codecs(DEFAULT_SCHEME).items():
            tags = codec.encode(document.spans, cut)
            assert len(tags) == len(cut)
            assert codec.to_tags(codec.to_ids(tags)) == tags
            assert codec.decode(tags, cut, mode="strict") == document.of_layer(layer, DEFAULT_SCHEME)


def test_adjacent_spans_of_one_label_stay_two() -> None:
    codec = TagCodec("entities", ["LOC"])
    cut = atoms("حلب حمص")
    spans = [Span(0, 3, "LOC"), Span(4, 7, "LOC")]
    assert codec.encode(spans, cut) == ["B-LOC", "B-LOC"]
    assert codec.decode(["B-LOC", "B-LOC"], cut) == spans


def test_a_span_that_cuts_an_atom_or_overlaps_is_refused() -> None:
    codec = TagCodec("entities", ["LOC"])
    with pytest.raises(ValueError, match="cuts an atom"):
        codec.encode([Span(0, 2, "LOC")], atoms("حلب"))
    with pytest.raises(ValueError, match="overlaps"):
        codec.encode([Span(0, 7, "LOC"), Span(4, 7, "LOC")], atoms("حلب حمص"))


def test_legality_is_iob2() -> None:
    assert is_legal("I-PER", "B-PER") and is_legal("I-PER", "I-PER") and is_legal("B-PER", "I-LOC")
    assert not is_legal("I-PER", "O") and not is_legal("I-PER", "B-LOC")


@given(st.lists(st.sampled_from(TAGS)))
def test_repair_gives_legal_tags_that_read_as_the_default_mode_did(tags: list[str]) -> None:
    legal, changed = repair(tags)
    assert all(is_legal(b, a) for a, b in itertools.pairwise(["O", *legal]))
    assert chunks(legal, mode="strict") == chunks(tags, mode="default")
    assert [i for i, (a, b) in enumerate(zip(tags, legal, strict=True)) if a != b] == changed


def test_chunks_are_seqevals_on_random_sequences() -> None:
    from seqeval.metrics.sequence_labeling import get_entities
    from seqeval.scheme import IOB2, Entities

    rng = random.Random(5)
    for _ in range(500):
        tags = [rng.choice(TAGS) for _ in range(rng.randrange(1, 15))]
        # seqeval's default mode gives inclusive ends.
        assert chunks(tags, mode="default") == [(label, a, b + 1) for label, a, b in get_entities(tags)]
        strict = [(e.tag, e.start, e.end) for e in Entities([tags], IOB2).entities[0]]
        assert chunks(tags, mode="strict") == strict
