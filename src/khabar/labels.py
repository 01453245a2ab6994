"""Tags: the only codec between spans, BIO tags and tag ids. Training, inference, scoring and CoNLL use it.

The scheme is IOB2 (Ramshaw & Marcus 1995; Tjong Kim Sang & Veenstra 1999): B- opens a span, I- continues one
of the same label, O is outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from khabar.documents import Span
from khabar.scheme import Scheme
from khabar.text import Atom

Mode = Literal["strict", "default"]
Chunk = tuple[str, int, int]  # label, first, last + 1

OUTSIDE = "O"
IGNORED = -100
"""Tag id that gives no loss (the convention of torch's cross entropy)."""


def is_legal(tag: str, before: str) -> bool:
    """Whether IOB2 allows `tag` right after the tag `before`."""
    return not tag.startswith("I-") or before in (tag, "B-" + tag[2:])


def repair(tags: Sequence[str]) -> tuple[list[str], list[int]]:
    """Turns each I- that continues nothing into a B-, as conlleval reads it.

    Returns the legal tags and the positions that were changed.
    """
    legal: list[str] = []
    changed: list[int] = []
    for position, tag in enumerate(tags):
        before = legal[-1] if legal else OUTSIDE
        if not is_legal(tag, before):
            changed.append(position)
            tag = "B-" + tag[2:]
        legal.append(tag)
    return legal, changed


def chunks(tags: Sequence[str], *, mode: Mode = "strict") -> list[Chunk]:
    """The labelled chunks of one tag sequence.

    `strict`: only what a B- opens counts, the reading of seqeval's `mode="strict", scheme=IOB2`.
    `default`: an I- that continues nothing opens a chunk too, the reading of seqeval's default mode
    and of most published figures.
    """
    found: list[Chunk] = []
    label, first = "", -1
    for position, tag in enumerate([*tags, OUTSIDE]):
        continues = tag.startswith("I-") and first >= 0 and tag[2:] == label
        if first >= 0 and not continues:
            found.append((label, first, position))
            first = -1
        if tag.startswith("B-") or (mode == "default" and tag.startswith("I-") and not continues):
            label, first = tag[2:], position
    return found


class TagCodec:
    """Spans of one layer to tags over atoms, and back.

    Tag ids: 0 is O, then B- and I- of each label in turn.
    """

    def __init__(self, layer: str, labels: Sequence[str]) -> None:
        self.layer = layer
        self.labels = tuple(labels)
        self.tags = (OUTSIDE, *(f"{prefix}-{label}" for label in labels for prefix in "BI"))
        self.ids = {tag: i for i, tag in enumerate(self.tags)}

    def __len__(self) -> int:
        return len(self.tags)

    @property
    def begins(self) -> np.ndarray:
        """Ids of the B- tags, one a label."""
        return np.arange(1, len(self.tags), 2)

    @property
    def insides(self) -> np.ndarray:
        """Ids of the I- tags, one a label, in the order of `begins`."""
        return np.arange(2, len(self.tags), 2)

    def encode(self, spans: Sequence[Span], cut: Sequence[Atom]) -> list[str]:
        """One tag an atom. Spans of other layers are passed over.

        Raises ValueError for a span that does not begin and end on atom edges, or that overlaps another.
        """
        first = {atom.start: i for i, atom in enumerate(cut)}
        last = {atom.end: i for i, atom in enumerate(cut)}
        tags = [OUTSIDE] * len(cut)
        for span in spans:
            if span.label not in self.labels:
                continue
            if span.start not in first or span.end not in last:
                raise ValueError(f"{span} cuts an atom")
            inside = range(first[span.start], last[span.end] + 1)
            if any(tags[i] != OUTSIDE for i in inside):
                raise ValueError(f"{span} overlaps another span of layer {self.layer}")
            for i in inside:
                tags[i] = ("B-" if i == inside.start else "I-") + span.label
        return tags

    def to_ids(self, tags: Sequence[str]) -> list[int]:
        return [self.ids[tag] for tag in tags]

    def to_tags(self, ids: Sequence[int] | np.ndarray) -> list[str]:
        return [self.tags[int(i)] for i in ids]

    def decode(self, tags: Sequence[str], cut: Sequence[Atom], *, mode: Mode = "default") -> list[Span]:
        """The spans that tags over atoms stand for."""
        return [Span(cut[first].start, cut[end - 1].end, label) for label, first, end in chunks(tags, mode=mode)]


def codecs(scheme: Scheme) -> dict[str, TagCodec]:
    """One codec a layer, in the order of the scheme."""
    return {layer: TagCodec(layer, labels) for layer, labels in scheme.layers.items()}
