"""A split as the model sees it: windows with labels and pairs, and the score on dev that picks the checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from datasets import Dataset
from transformers import EvalPrediction

from khabar.corpus import Corpus
from khabar.decoding import decode_tags, fit_temperature
from khabar.documents import Document
from khabar.features import (
    Cut,
    Featurizer,
    Window,
    atom_logits,
    document_pairs,
    document_tags,
    window_labels,
    window_pairs,
)
from khabar.links import link_pairs
from khabar.model import LayeredTagger
from khabar.scheme import Scheme
from khabar.scoring import Pair, score_mode


@dataclass(frozen=True)
class Features:
    """One split as the model sees it, with all that leads back to its documents.

    `unseen_links`: links between windows, or too far apart to be candidates, which train nothing.
    """

    documents: list[Document]
    layers: list[frozenset[str]]
    cuts: list[Cut]
    windows: list[Window]
    gold: list[list[list[int] | None]]
    dataset: Dataset
    unseen_links: int


def features_of(corpora: Sequence[Corpus], model: LayeredTagger, featurizer: Featurizer, scheme: Scheme) -> Features:
    """Cuts corpora into windows with labels and, where links are annotated, pairs of parts and heads."""
    documents = [d for corpus in corpora for d in corpus.documents]
    layers = [corpus.layers for corpus in corpora for _ in corpus.documents]
    linked = [corpus.linked for corpus in corpora for _ in corpus.documents]
    cuts, windows = featurizer.documents([d.text for d in documents])
    gold = [
        document_tags(d, cut, model.codecs, annotated)
        for d, cut, annotated in zip(documents, cuts, layers, strict=True)
    ]
    rows: list[dict[str, Any]] = [
        {"input_ids": w.input_ids, "labels": window_labels(w, gold[w.document])} for w in windows
    ]
    unseen = 0
    if model.linker is not None:
        labels = model.linker.labels
        pairs = [
            document_pairs(d, cut, scheme, labels) if has_links else []
            for d, cut, has_links in zip(documents, cuts, linked, strict=True)
        ]
        for row, window in zip(rows, windows, strict=True):
            row["pairs"] = window_pairs(window, pairs[window.document])
        seen = sum(pair[-1] for row in rows for pair in row["pairs"])
        unseen = sum(len(link_pairs(d)) for d, has_links in zip(documents, linked, strict=True) if has_links) - seen
    return Features(documents, layers, cuts, windows, gold, Dataset.from_list(rows), unseen)


def _gold_ids(features: Features, layer: int) -> tuple[list[int], np.ndarray]:
    """Documents that annotate a layer, and the tag ids of all their atoms, joined."""
    inside = [d for d, gold in enumerate(features.gold) if gold[layer] is not None]
    ids = [np.array(features.gold[d][layer], dtype=np.int64) for d in inside]
    return inside, np.concatenate(ids) if ids else np.zeros(0, dtype=np.int64)


class DevScore:
    """Strict micro-F1 on dev from Trainer's logits, the mean over the layers that dev annotates."""

    def __init__(self, features: Features, model: LayeredTagger) -> None:
        self.features, self.model = features, model

    def logits(self, predictions: Any) -> list[dict[str, np.ndarray]]:
        """Logits of each document of dev, [atoms, tags] a layer, from Trainer's rows, which stand as the windows do."""
        f = self.features
        joined = atom_logits(f.cuts, f.windows, list(predictions), self.model.outside())
        return [self.model.by_layer(row) for row in joined]

    def __call__(self, prediction: EvalPrediction) -> dict[str, float]:
        logits = self.logits(prediction.predictions)
        found: dict[str, float] = {}
        for i, (layer, codec) in enumerate(self.model.codecs.items()):
            inside, _ = _gold_ids(self.features, i)
            if not inside:
                continue
            pairs = []
            for d in inside:
                ids = self.features.gold[d][i]
                assert ids is not None
                pairs.append(Pair(codec.to_tags(ids), decode_tags(logits[d][layer], codec)))
            found[f"{layer}_f1"] = score_mode(pairs, codec.labels, "strict").micro.f1
        return {"f1": float(np.mean(list(found.values()))), **found}

    def temperatures(self, predictions: Any) -> dict[str, float]:
        """Calibration of each layer that dev annotates."""
        logits = self.logits(predictions)
        found = {}
        for i, layer in enumerate(self.model.codecs):
            inside, gold = _gold_ids(self.features, i)
            if inside:
                found[layer] = fit_temperature(np.concatenate([logits[d][layer] for d in inside]), gold)
        return found
