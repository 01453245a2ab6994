"""Scoring: precision, recall and F1 over spans, in seqeval's two readings, with intervals; spans by overlap; links."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from khabar.documents import Document, Span
from khabar.faults import KhabarError
from khabar.labels import Mode, TagCodec, chunks, codecs
from khabar.scheme import Scheme
from khabar.text import atoms

RESAMPLES = 1000


@dataclass(frozen=True)
class Pair:
    """Gold and predicted tags of one layer over one document's atoms."""

    gold: Sequence[str]
    predicted: Sequence[str]


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1, each 0 where it is undefined, and the counts behind them."""

    precision: float
    recall: float
    f1: float
    correct: int
    predicted: int
    gold: int


@dataclass(frozen=True)
class Interval:
    """A 95% interval."""

    low: float
    high: float


@dataclass(frozen=True)
class ModeScores:
    """Scores of one layer in one reading of the tags."""

    labels: dict[str, Score]
    micro: Score
    macro_f1: float
    interval: Interval


@dataclass(frozen=True)
class Overlap:
    """How gold spans were found, over character offsets.

    Each gold span is matched to at most one predicted one: `exact` offsets and label; `partial` label right, offsets
    overlap; `type` offsets right or overlapping, label wrong; else `missed`. What matches no gold span is `spurious`.
    """

    exact: int
    partial: int
    type: int
    missed: int
    spurious: int


@dataclass(frozen=True)
class LayerScores:
    """All measures of one layer: seqeval's strict IOB2 and default readings, and overlaps a label."""

    strict: ModeScores
    default: ModeScores
    overlap: dict[str, Overlap]


@dataclass(frozen=True)
class Scores:
    """What `khabar evaluate` says of one set of documents."""

    documents: int
    atoms: int
    layers: dict[str, LayerScores]
    links: Score | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def score_of(correct: int, predicted: int, gold: int) -> Score:
    """Precision, recall, F1 of counts; 0 where a division is undefined, as seqeval's zero_division=0."""
    p = correct / predicted if predicted else 0.0
    r = correct / gold if gold else 0.0
    return Score(p, r, 2 * p * r / (p + r) if p + r else 0.0, int(correct), int(predicted), int(gold))


def counts(pairs: Sequence[Pair], labels: Sequence[str], mode: Mode) -> np.ndarray:
    """Correct, predicted and gold chunks, [documents, labels, 3]."""
    index = {label: i for i, label in enumerate(labels)}
    table = np.zeros((len(pairs), len(labels), 3), dtype=np.int64)
    for d, pair in enumerate(pairs):
        gold, predicted = set(chunks(pair.gold, mode=mode)), set(chunks(pair.predicted, mode=mode))
        for column, found in enumerate((gold & predicted, predicted, gold)):
            for label, _, _ in found:
                table[d, index[label], column] += 1
    return table


def _f1(total: np.ndarray) -> np.ndarray:
    """F1 from [..., 3] counts of correct, predicted, gold: 2c / (p + g), 0 where that is undefined."""
    bottom = total[..., 1] + total[..., 2]
    return np.where(bottom > 0, 2 * total[..., 0] / np.maximum(bottom, 1), 0.0)


def bootstrap(table: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 13) -> Interval:
    """95% percentile interval of micro-F1 under resampling of documents (Efron 1979).

    `table` [documents, labels, 3] as from `counts`.
    """
    by_document = table.sum(axis=1)
    n = len(by_document)
    if n == 0:
        return Interval(0.0, 0.0)
    rng = np.random.default_rng(seed)
    values = [float(_f1(by_document[rng.integers(0, n, n)].sum(axis=0))) for _ in range(resamples)]
    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(float(low), float(high))


def score_mode(pairs: Sequence[Pair], labels: Sequence[str], mode: Mode) -> ModeScores:
    """One reading: a score a label that occurs, micro, macro over those labels (as seqeval averages), interval."""
    table = counts(pairs, labels, mode)
    total = table.sum(axis=0)
    by_label = {label: score_of(*total[i]) for i, label in enumerate(labels) if total[i, 1:].any()}
    macro = float(np.mean([s.f1 for s in by_label.values()])) if by_label else 0.0
    return ModeScores(by_label, score_of(*total.sum(axis=0)), macro, bootstrap(table))


def _overlap(a: Span, b: Span) -> int:
    return min(a.end, b.end) - max(a.start, b.start)


def overlaps(gold: Sequence[Span], predicted: Sequence[Span]) -> dict[str, dict[str, int]]:
    """Counts of `Overlap`, by the gold span's label (the predicted one's for spurious)."""
    found: dict[str, dict[str, int]] = {}

    def add(label: str, kind: str) -> None:
        row = found.setdefault(label, dict.fromkeys(Overlap.__dataclass_fields__, 0))
        row[kind] += 1

    pairs = []
    for i, g in enumerate(gold):
        for j, p in enumerate(predicted):
            if (shared := _overlap(g, p)) > 0:
                same_label, same_place = g.label == p.label, (g.start, g.end) == (p.start, p.end)
                rank = (not (same_label and same_place), not same_place, not same_label, -shared, i, j)
                pairs.append((rank, i, j, same_label, same_place))
    used_gold: set[int] = set()
    used_predicted: set[int] = set()
    for _, i, j, same_label, same_place in sorted(pairs):
        if i not in used_gold and j not in used_predicted:
            used_gold.add(i)
            used_predicted.add(j)
            add(gold[i].label, "exact" if same_label and same_place else "partial" if same_label else "type")
    for i, g in enumerate(gold):
        if i not in used_gold:
            add(g.label, "missed")
    for j, p in enumerate(predicted):
        if j not in used_predicted:
            add(p.label, "spurious")
    return found


def link_set(document: Document) -> set[tuple[int, int, str, int, int, str]]:
    """Every (head, part) pair of a document by offsets and labels."""
    s = document.spans
    return {
        (s[c.head].start, s[c.head].end, s[c.head].label, s[p].start, s[p].end, s[p].label)
        for c in document.claims
        for p in c.parts
    }


def score_links(gold: Sequence[Document], predicted: Sequence[Document]) -> Score:
    """F1 over (head, part) pairs: a link is right when both spans and labels are."""
    sets = [(link_set(g), link_set(p)) for g, p in zip(gold, predicted, strict=True)]
    return score_of(sum(len(g & p) for g, p in sets), sum(len(p) for _, p in sets), sum(len(g) for g, _ in sets))


def tag_pairs(gold: Sequence[Document], predicted: Sequence[Document], codec: TagCodec) -> list[Pair]:
    """Tags of one layer for two versions of the same documents."""
    pairs = []
    for g, p in zip(gold, predicted, strict=True):
        if g.text != p.text:
            raise KhabarError(
                f"document {g.id!r}: gold and prediction have different texts. "
                "Remedy: predict on the gold file itself, and never change a text."
            )
        cut = atoms(g.text)
        pairs.append(Pair(codec.encode(g.spans, cut), codec.encode(p.spans, cut)))
    return pairs


def score(
    gold: Sequence[Document],
    predicted: Sequence[Document],
    scheme: Scheme,
    layers: Iterable[str],
    *,
    tags: dict[str, list[Pair]] | None = None,
) -> Scores:
    """Scores predictions against gold, the layers named. Both lists hold the same documents in the same order.

    `tags` gives a layer's tag sequences where they are not those of the spans (raw argmax tags may be illegal).
    Links are scored where gold has claims. Raises KhabarError when a text differs.
    """
    by_layer: dict[str, LayerScores] = {}
    every = codecs(scheme)
    wanted = set(layers)
    for layer, codec in every.items():
        if layer not in wanted:
            continue
        pairs = tags[layer] if tags else tag_pairs(gold, predicted, codec)
        by_layer[layer] = LayerScores(
            strict=score_mode(pairs, codec.labels, "strict"),
            default=score_mode(pairs, codec.labels, "default"),
            overlap=_sum_overlaps(gold, predicted, layer, scheme),
        )
    has_links = any(d.claims for d in gold)
    return Scores(
        documents=len(gold),
        atoms=sum(len(atoms(d.text)) for d in gold),
        layers=by_layer,
        links=score_links(gold, predicted) if has_links else None,
    )


def _sum_overlaps(
    gold: Sequence[Document], predicted: Sequence[Document], layer: str, scheme: Scheme
) -> dict[str, Overlap]:
    total = {label: dict.fromkeys(Overlap.__dataclass_fields__, 0) for label in scheme.layers[layer]}
    for g, p in zip(gold, predicted, strict=True):
        for label, row in overlaps(g.of_layer(layer, scheme), p.of_layer(layer, scheme)).items():
            for kind, n in row.items():
                total[label][kind] += n
    return {label: Overlap(**row) for label, row in total.items() if any(row.values())}


def mean_and_deviation(values: Sequence[float]) -> dict[str, Any]:
    """Mean, sample standard deviation (None for one value) and the values."""
    return {
        "mean": statistics.fmean(values),
        "deviation": statistics.stdev(values) if len(values) > 1 else None,
        "values": list(values),
    }


def over_seeds(runs: Sequence[Scores]) -> dict[str, Any]:
    """Strict and default micro-F1, and strict macro-F1, of each layer over runs that differ in their seed."""
    return {
        layer: {
            "strict_micro_f1": mean_and_deviation([r.layers[layer].strict.micro.f1 for r in runs]),
            "default_micro_f1": mean_and_deviation([r.layers[layer].default.micro.f1 for r in runs]),
            "strict_macro_f1": mean_and_deviation([r.layers[layer].strict.macro_f1 for r in runs]),
        }
        for layer in runs[0].layers
    }
