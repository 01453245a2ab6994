from __future__ import annotations

import itertools

import numpy as np
import pytest

from khabar.decoding import decode_tags, fit_temperature, log_softmax, spans_of, viterbi
from khabar.labels import TagCodec, is_legal
from khabar.text import atoms

CODEC = TagCodec("entities", ["PER", "LOC"])


def legal(tags: list[str]) -> bool:
    return all(is_legal(b, a) for a, b in itertools.pairwise(["O", *tags]))


def test_viterbi_finds_the_best_legal_path_of_all() -> None:
    rng = np.random.default_rng(3)
    for _ in range(40):
        scores = log_softmax(rng.normal(size=(4, len(CODEC))) * 2)
        paths = (p for p in itertools.product(range(len(CODEC)), repeat=4) if legal(CODEC.to_tags(p)))
        best = max(paths, key=lambda p: sum(scores[t, i] for t, i in enumerate(p)))
        assert viterbi(scores, CODEC).tolist() == list(best)


def test_viterbi_is_always_legal_and_argmax_need_not_be() -> None:
    rng = np.random.default_rng(4)
    illegal = 0
    for n in (0, 1, 2, 50):
        logits = rng.normal(size=(n, len(CODEC))) * 3
        tags = decode_tags(logits, CODEC)
        assert len(tags) == n
        assert legal(tags)
        illegal += not legal(decode_tags(logits, CODEC, decoding="argmax")) if n else 0
    assert illegal


def test_confidence_is_the_probability_of_exactly_this_span() -> None:
    cut = atoms("زار سالم الحداد")
    wanted = ["O", "B-PER", "I-PER"]
    logits = np.zeros((3, len(CODEC)))
    for t, tag in enumerate(wanted):
        logits[t, CODEC.ids[tag]] = 4.0
    (span,) = spans_of(logits, cut, CODEC)
    p = np.exp(4) / (np.exp(4) + len(CODEC) - 1)
    assert (span.start, span.end, span.label) == (4, 15, "PER")
    assert span.score == pytest.approx(p * p)
    (cooler,) = spans_of(logits, cut, CODEC, temperature=2.0)
    assert cooler.score is not None and cooler.score < p * p
    (open_end,) = spans_of(np.vstack([logits[:2], logits[:1]]), cut, CODEC)
    assert open_end.score == pytest.approx(p * (1 - (1 - p) / (len(CODEC) - 1)))


def test_temperature_cools_an_overconfident_model() -> None:
    rng = np.random.default_rng(5)
    gold = rng.integers(0, 5, 4000)
    logits = rng.normal(size=(4000, 5))
    logits[np.arange(4000), gold] += 1.5
    # As drawn, these logits are calibrated at a temperature near 1; tripled, near 3.
    base = fit_temperature(logits, gold)
    assert fit_temperature(3 * logits, gold) == pytest.approx(3 * base, rel=0.02)
    assert fit_temperature(np.zeros((0, 5)), np.zeros(0, dtype=int)) == 1.0
