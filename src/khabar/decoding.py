"""Decoding: logits over atoms to well-formed spans with calibrated confidences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from khabar.documents import Span
from khabar.labels import TagCodec, chunks
from khabar.text import Atom

Decoding = Literal["viterbi", "argmax"]


def log_softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Log-probabilities over the last axis of logits divided by `temperature`, in float64."""
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=-1, keepdims=True)
    return scaled - np.log(np.exp(scaled).sum(axis=-1, keepdims=True))


def viterbi(scores: np.ndarray, codec: TagCodec) -> np.ndarray:
    """The likeliest legal IOB2 tag sequence (Viterbi 1967) under per-atom log-probabilities.

    `scores` [atoms, tags] → tag ids [atoms]. An I- tag may only follow B- or I- of its label; all other moves are
    free, so a step costs O(tags) and not O(tags²).
    """
    n, _ = scores.shape
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    begins, insides = codec.begins, codec.insides
    best = scores[0].copy()
    best[insides] = -np.inf
    came_from = np.zeros(scores.shape, dtype=np.int64)
    for t in range(1, n):
        anywhere = int(best.argmax())
        pointers = came_from[t]
        pointers[:] = anywhere
        from_inside = best[insides] > best[begins]
        pointers[insides] = np.where(from_inside, insides, begins)
        best = best[pointers] + scores[t]
    path = np.zeros(n, dtype=np.int64)
    path[-1] = best.argmax()
    for t in range(n - 1, 0, -1):
        path[t - 1] = came_from[t, path[t]]
    return path


def decode_tags(logits: np.ndarray, codec: TagCodec, *, decoding: Decoding = "viterbi") -> list[str]:
    """One tag an atom. `argmax` takes each atom's best tag, legal or not, as most published scores do."""
    path = logits.argmax(axis=-1) if decoding == "argmax" else viterbi(log_softmax(logits), codec)
    return codec.to_tags(path)


def spans_of(
    logits: np.ndarray,
    cut: Sequence[Atom],
    codec: TagCodec,
    *,
    temperature: float = 1.0,
    decoding: Decoding = "viterbi",
) -> list[Span]:
    """Spans of one layer from logits [atoms, tags], with confidences.

    A confidence is the probability that exactly this span stands here, taking atoms as independent given the text:
    the product of its tags' probabilities and of the probability that the next atom does not go on with it, after
    the temperature scaling of Guo et al. (2017).
    """
    if len(cut) == 0:
        return []
    logp = log_softmax(logits, temperature)
    tags = decode_tags(logits, codec, decoding=decoding)
    found = []
    for label, first, end in chunks(tags, mode="default"):
        ids = [codec.ids[tag] for tag in tags[first:end]]
        score = float(logp[np.arange(first, end), ids].sum())
        if end < len(tags):
            score += float(np.log1p(-min(np.exp(logp[end, codec.ids["I-" + label]]), 1 - 1e-9)))
        found.append(Span(cut[first].start, cut[end - 1].end, label, float(np.exp(score))))
    return found


def fit_temperature(logits: np.ndarray, gold: np.ndarray) -> float:
    """The temperature under which `gold` tag ids [atoms] are likeliest, given `logits` [atoms, tags].

    A golden-section search over log T in [-2, 3]; the likelihood has one peak there. 1.0 without data.
    """
    if len(gold) == 0:
        return 1.0

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logits, float(np.exp(log_temperature)))[np.arange(len(gold)), gold].mean())

    ratio = (5**0.5 - 1) / 2
    low, high = -2.0, 3.0
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    loss_left, loss_right = loss(left), loss(right)
    while high - low > 1e-3:
        if loss_left < loss_right:
            high, right, loss_right = right, left, loss_left
            left = high - ratio * (high - low)
            loss_left = loss(left)
        else:
            low, left, loss_left = left, right, loss_right
            right = low + ratio * (high - low)
            loss_right = loss(right)
    return round(float(np.exp((low + high) / 2)), 4)
