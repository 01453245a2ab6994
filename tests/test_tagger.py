from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from transformers import pipeline

from khabar import Tagger
from khabar.documents import Document
from khabar.faults import KhabarError
from khabar.scheme import DEFAULT_SCHEME
from khabar.scoring import score
from khabar.text import atoms


@pytest.fixture(scope="module")
def tagger(overfitted: Path) -> Tagger:
    return Tagger.from_pretrained(overfitted)


def test_it_tags_what_it_has_learnt(tagger: Tagger, documents: list[Document]) -> None:
    found = tagger.tag([d.text for d in documents])
    scores = score(documents, found, DEFAULT_SCHEME, ["entities", "claims"])
    assert scores.layers["entities"].strict.micro.f1 > 0.95
    assert all(span.score is not None and 0 < span.score <= 1 for d in found for span in d.spans)
    assert [d.id for d in found[:2]] == ["text-1", "text-2"]


def test_the_text_is_never_touched_and_offsets_point_into_it(tagger: Tagger) -> None:
    text = "\ufeff  قَالَتْ وزارةُ الدفاع\r\n\tفي حلـــب 😀 ٣٥٠ جريحا \u200f\n"
    document = tagger.tag(text)
    assert document.text == text
    edges = {(a.start, a.end) for a in atoms(text)}
    assert all(any(s.start == a for a, _ in edges) and any(s.end == b for _, b in edges) for s in document.spans)


@pytest.mark.parametrize("text", ["", " \n", "ـ", "\u200f", "😀" * 300, "1" * 5000, "حلب " * 3000, "\x00 حلب"])
def test_texts_of_any_kind_and_length_get_one_tag_an_atom(tagger: Tagger, text: str) -> None:
    (tagged,) = tagger.run([text])
    n = len(atoms(text))
    assert {layer: len(logits) for layer, logits in tagged.logits.items()} == {"entities": n, "claims": n}
    assert tagger.tag(text).text == text


def test_within_a_layer_spans_never_overlap(tagger: Tagger, documents: list[Document]) -> None:
    long = tagger.tag(" ".join(d.text for d in documents) * 4)
    for layer in DEFAULT_SCHEME.layers:
        spans = long.of_layer(layer, DEFAULT_SCHEME)
        assert spans
        assert all(a.end <= b.start for a, b in itertools.pairwise(spans))


def test_batches_do_not_change_what_is_found(overfitted: Path, documents: list[Document]) -> None:
    texts = [d.text for d in documents] * 3
    together = Tagger.from_pretrained(overfitted).tag(texts)
    one_by_one = Tagger.from_pretrained(overfitted, batch_pieces=64)
    for text, document in zip(texts, together, strict=True):
        alone = one_by_one.tag(text)
        assert [(s.start, s.end, s.label) for s in alone.spans] == [(s.start, s.end, s.label) for s in document.spans]
        assert [s.score for s in alone.spans] == pytest.approx([s.score for s in document.spans], abs=1e-4)


def test_claims_link_parts_to_the_nearest_head(tagger: Tagger, documents: list[Document]) -> None:
    document = tagger.tag(documents[1].text)
    linked = [{document.spans[p].label for p in claim.parts} for claim in document.claims]
    assert len(document.claims) == 2
    assert {"UNIT", "CHANGE", "SUBJECT"} <= linked[0] and {"UNIT", "RATE"} <= linked[1]


def test_half_a_surrogate_pair_is_refused_clearly(tagger: Tagger) -> None:
    with pytest.raises(KhabarError, match="lone surrogate at offset 4"):
        tagger.tag("حلب \ud83d")


def test_progress_reaches_its_end(tagger: Tagger, documents: list[Document]) -> None:
    seen: list[tuple[int, int]] = []
    tagger.tag([d.text for d in documents], progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] > 0


def test_the_stock_pipeline_gives_the_same_entities(
    overfitted: Path, tagger: Tagger, documents: list[Document]
) -> None:
    stock = pipeline(
        "token-classification", model=str(overfitted), aggregation_strategy="first", trust_remote_code=False
    )
    compared = 0
    for document in documents:
        theirs = [(e["start"], e["end"], e["entity_group"]) for e in stock(document.text)]
        ours = [(s.start, s.end, s.label) for s in tagger.tag(document.text).of_layer("entities", DEFAULT_SCHEME)]
        assert theirs == ours
        compared += len(ours)
    assert compared >= 15
