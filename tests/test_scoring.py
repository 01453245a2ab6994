from __future__ import annotations

import random
import warnings

import numpy as np
import pytest
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

from khabar.documents import Claim, Document, Span
from khabar.faults import KhabarError
from khabar.labels import Mode
from khabar.scheme import DEFAULT_SCHEME
from khabar.scoring import Pair, bootstrap, counts, over_seeds, overlaps, score, score_links, score_mode

LABELS = ["PER", "ORG", "LOC"]
TAGS = ["O", *(f"{p}-{label}" for label in LABELS for p in "BI")]


def random_pairs(rng: random.Random) -> list[Pair]:
    pairs = []
    for _ in range(rng.randrange(1, 8)):
        gold = [rng.choice(TAGS) for _ in range(rng.randrange(1, 20))]
        predicted = [tag if rng.random() < 0.7 else rng.choice(TAGS) for tag in gold]
        pairs.append(Pair(gold, predicted))
    return pairs


@pytest.mark.parametrize("mode", ["strict", "default"])
def test_agrees_with_seqeval_on_random_sequences(mode: Mode) -> None:
    options = {"mode": "strict", "scheme": IOB2} if mode == "strict" else {}
    rng = random.Random(11)
    compared = 0
    for _ in range(150):
        pairs = random_pairs(rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = classification_report(
                [list(p.gold) for p in pairs],
                [list(p.predicted) for p in pairs],
                output_dict=True,
                zero_division=0,
                **options,
            )
        found = score_mode(pairs, LABELS, mode)
        if not found.labels:  # seqeval averages over nothing to nan
            assert found.micro.f1 == found.macro_f1 == 0.0
            continue
        assert found.macro_f1 == pytest.approx(wanted["macro avg"]["f1-score"], abs=1e-9)
        for name, ours in [*found.labels.items(), ("micro avg", found.micro)]:
            theirs = wanted[name]
            assert ours.precision == pytest.approx(theirs["precision"], abs=1e-9)
            assert ours.recall == pytest.approx(theirs["recall"], abs=1e-9)
            assert ours.f1 == pytest.approx(theirs["f1-score"], abs=1e-9)
            assert ours.gold == theirs["support"]
            compared += 1
        assert set(found.labels) == set(wanted) - {"micro avg", "macro avg", "weighted avg"}
    assert compared > 400


def test_the_two_modes_differ_where_a_span_is_opened_by_i() -> None:
    pairs = [Pair(["B-PER", "I-PER", "O"], ["I-PER", "I-PER", "O"])]
    assert score_mode(pairs, LABELS, "default").micro.f1 == 1.0
    assert score_mode(pairs, LABELS, "strict").micro.f1 == 0.0


def test_interval_holds_the_score_and_narrows_with_more_documents() -> None:
    rng = random.Random(2)
    few = [p for _ in range(3) for p in random_pairs(rng)]
    many = [p for _ in range(100) for p in random_pairs(rng)]
    widths = []
    for pairs in (few, many):
        interval = bootstrap(counts(pairs, LABELS, "strict"))
        assert interval.low <= score_mode(pairs, LABELS, "strict").micro.f1 <= interval.high
        widths.append(interval.high - interval.low)
    assert widths[1] < widths[0]
    perfect = counts([Pair(["B-PER"], ["B-PER"])] * 5, LABELS, "strict")
    assert (bootstrap(perfect).low, bootstrap(perfect).high) == (1.0, 1.0)
    assert bootstrap(np.zeros((0, 3, 3), dtype=np.int64)).high == 0.0


def test_overlaps_count_each_gold_span_once() -> None:
    gold = [Span(0, 5, "PER"), Span(6, 10, "ORG"), Span(12, 20, "LOC"), Span(30, 35, "LOC")]
    found = [Span(0, 5, "PER"), Span(6, 8, "ORG"), Span(12, 20, "ORG"), Span(40, 44, "PER")]
    table = overlaps(gold, found)
    assert table["PER"] == {"exact": 1, "partial": 0, "type": 0, "missed": 0, "spurious": 1}
    assert table["ORG"] == {"exact": 0, "partial": 1, "type": 0, "missed": 0, "spurious": 0}
    assert table["LOC"] == {"exact": 0, "partial": 0, "type": 1, "missed": 1, "spurious": 0}


def test_an_exact_match_goes_before_an_overlap() -> None:
    table = overlaps([Span(0, 3, "PER"), Span(4, 8, "PER")], [Span(0, 8, "PER"), Span(4, 8, "PER")])
    assert (table["PER"]["exact"], table["PER"]["partial"]) == (1, 1)


def test_links_need_both_ends_right() -> None:
    spans = (Span(0, 1, "VALUE"), Span(2, 3, "UNIT"), Span(4, 5, "TIME"))
    gold = Document("a", "5 % س", spans, (Claim(0, (1, 2)),))
    found = Document("a", "5 % س", spans, (Claim(0, (1,)),))
    links = score_links([gold], [found])
    assert (links.precision, links.recall, links.gold) == (1.0, 0.5, 2)


def test_gold_against_itself_is_perfect_and_a_layer_not_asked_for_is_not_scored(documents: list[Document]) -> None:
    scores = score(documents, documents, DEFAULT_SCHEME, ["claims"])
    assert list(scores.layers) == ["claims"]
    claims = scores.layers["claims"]
    assert claims.strict.micro.f1 == claims.default.micro.f1 == claims.strict.macro_f1 == 1.0
    assert all(row.partial == row.type == row.missed == row.spurious == 0 for row in claims.overlap.values())
    assert scores.links is not None and scores.links.f1 == 1.0
    summary = over_seeds([scores, scores])["claims"]["strict_micro_f1"]
    assert (summary["mean"], summary["deviation"]) == (1.0, 0.0)


def test_texts_that_differ_are_refused(documents: list[Document]) -> None:
    with pytest.raises(KhabarError, match="different texts"):
        score(documents[:1], documents[1:2], DEFAULT_SCHEME, ["entities"])
