"""Skip-gram vectors of the pieces: what the word embeddings of an encoder from scratch may start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from khabar.faults import KhabarError
from khabar.packing import Stream
from khabar.pretraining_config import SkipGramConfig

_SENTENCE = 1000  # pieces that gensim gets at once; it drops what goes past 10,000


class _Sentences:
    """The documents of a stream as lists of ids in words, for gensim, which goes over them several times."""

    def __init__(self, stream: Stream, names: np.ndarray, separator: int | None) -> None:
        self.stream, self.names, self.separator = stream, names, separator

    def __iter__(self) -> Iterator[list[str]]:
        # A stretch is no document, but its edges are one place in a thousand.
        for first in range(0, len(self.stream), _SENTENCE):
            ids = self.stream.pieces[first : first + _SENTENCE]
            for part in np.split(ids, np.flatnonzero(ids == self.separator)):
                if words := self.names[part[part != self.separator]].tolist():
                    yield words


def skip_gram(
    stream: Stream, config: SkipGramConfig, *, vocabulary: int, size: int, separator: int | None, seed: int
) -> np.ndarray:
    """Vectors [vocabulary, size], rows by id; NaN for an id that the stream has not.

    Skip-gram with negative sampling (Mikolov et al. 2013) as gensim has it. Raises KhabarError without gensim.
    """
    try:
        from gensim.models import Word2Vec
    except ImportError as error:
        raise KhabarError(
            "embeddings.skip_gram needs gensim. Remedy: pip install 'khabar[pretrain]', or give embeddings.file."
        ) from error
    names = np.array([str(i) for i in range(vocabulary)], dtype=object)
    trained = Word2Vec(
        sentences=_Sentences(stream, names, separator),
        sg=1,
        hs=0,
        vector_size=size,
        window=config.window,
        negative=config.negative,
        epochs=config.epochs,
        workers=config.workers,
        min_count=1,
        seed=seed,
    ).wv
    vectors = np.full((vocabulary, size), np.nan, np.float32)
    vectors[[int(name) for name in trained.index_to_key]] = trained.vectors
    return vectors


def read_vectors(path: str | Path, *, vocabulary: int, size: int) -> np.ndarray:
    """Vectors [vocabulary, size] from a .npy file. Raises KhabarError for another shape or no such file."""
    try:
        vectors = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise KhabarError(f"{path}: no vectors: {error}. Remedy: give a .npy file as embeddings.file.") from error
    if vectors.shape != (vocabulary, size):
        raise KhabarError(
            f"{path}: holds {vectors.shape}, the encoder needs {(vocabulary, size)}. Remedy: take vectors of the same "
            "tokenizer and hidden size, or train them (embeddings.skip_gram)."
        )
    return vectors.astype(np.float32)


def centred(vectors: np.ndarray, *, scale: float, seed: int) -> np.ndarray:
    """The vectors [vocabulary, size] with mean 0 and deviation `scale`; rows of NaN are drawn at random."""
    known = np.isfinite(vectors).all(axis=1)
    if not known.any():
        raise KhabarError("the word vectors hold no row of finite numbers. Remedy: give other ones, or none.")
    moved = vectors - vectors[known].mean(axis=0)
    moved *= scale / max(float(moved[known].std()), 1e-12)
    moved[~known] = np.random.default_rng(seed).normal(0, scale, (int((~known).sum()), vectors.shape[1]))
    return moved.astype(np.float32)
