from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from khabar.faults import KhabarError
from khabar.packing import BEGINS, PIECES, Stream
from khabar.pretraining_config import SkipGramConfig
from khabar.skipgram import centred, read_vectors, skip_gram

SEPARATOR = 3
WEATHER, SPORT = range(10, 20), range(20, 30)


@pytest.fixture
def stream(tmp_path: Path) -> Stream:
    """Documents that speak of one of two subjects, never of both."""
    draw = np.random.default_rng(0)
    parts = []
    for _ in range(300):
        subject = WEATHER if draw.random() < 0.5 else SPORT
        parts.append([*draw.choice(subject, 20), SEPARATOR])
    pieces = np.array([i for part in parts for i in part], np.uint16)
    np.save(tmp_path / PIECES, pieces)
    np.save(tmp_path / BEGINS, np.ones(len(pieces), np.bool_))
    return Stream(tmp_path, 0, len(pieces))


def test_pieces_of_the_same_company_come_out_alike_and_absent_ones_unknown(stream: Stream) -> None:
    config = SkipGramConfig(window=5, negative=5, epochs=20)

    def train() -> np.ndarray:
        return skip_gram(stream, config, vocabulary=32, size=8, separator=SEPARATOR, seed=1)

    vectors = train()
    assert np.array_equal(vectors, train(), equal_nan=True)
    known = np.isfinite(vectors).all(axis=1)
    assert set(np.flatnonzero(known)) == {*WEATHER, *SPORT}
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    within = np.mean([unit[a] @ unit[b] for a in WEATHER for b in WEATHER if a != b])
    across = np.mean([unit[a] @ unit[b] for a in WEATHER for b in SPORT])
    assert within > across + 0.3


def test_vectors_are_centred_and_scaled_and_gaps_filled() -> None:
    vectors = np.random.default_rng(0).normal(3, 2, (200, 16)).astype(np.float32)
    vectors[7] = np.nan
    made = centred(vectors, scale=0.04, seed=1)
    known = np.delete(made, 7, axis=0)
    assert np.abs(known.mean(axis=0)).max() < 1e-6
    assert known.std() == pytest.approx(0.04, rel=1e-3)
    assert np.isfinite(made).all() and 0 < np.abs(made[7]).max() < 0.4
    assert np.array_equal(made, centred(vectors, scale=0.04, seed=1))
    with pytest.raises(KhabarError, match="no row of finite numbers"):
        centred(np.full((3, 2), np.nan, np.float32), scale=0.04, seed=1)


def test_vectors_of_another_shape_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.npy"
    np.save(path, np.ones((5, 4), np.float16))
    assert read_vectors(path, vocabulary=5, size=4).dtype == np.float32
    with pytest.raises(KhabarError, match=r"holds \(5, 4\), the encoder needs \(6, 4\)"):
        read_vectors(path, vocabulary=6, size=4)
    path.write_text("no array")
    for bad in (path, tmp_path / "none.npy"):
        with pytest.raises(KhabarError, match="no vectors"):
            read_vectors(bad, vocabulary=5, size=4)
