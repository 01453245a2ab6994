"""Windows: documents cut to the encoder's size, aligned piece by piece to atoms, and collated to batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from datasets import Dataset

from khabar.config import FoldConfig
from khabar.documents import Document
from khabar.labels import IGNORED, TagCodec
from khabar.linker import COLUMNS, describe
from khabar.links import candidates, link_pairs
from khabar.scheme import Scheme
from khabar.text import Atom, atoms, fold, sentence_starts

LONGEST_ATOM = 64
"""Pieces of one atom that are kept. Only the first is ever tagged; a 300-digit number need not fill a window."""


class Tokenizer(Protocol):
    """What is used of a fast tokenizer of transformers."""

    cls_token_id: int | None
    sep_token_id: int | None
    pad_token_id: int | None

    def __call__(self, text: Any, **options: Any) -> Any: ...


@dataclass(frozen=True)
class Cut:
    """A document's atoms, the piece ids of each (may be none), which are numbers, and where sentences begin."""

    atoms: list[Atom]
    pieces: list[list[int]]
    numbers: list[bool]
    sentences: list[int]


@dataclass(frozen=True)
class Window:
    """A stretch of one document that goes through the encoder at once.

    It shows atoms [first, end) and answers for atoms [own_first, own_end); the rest is context.
    `input_ids` includes the special tokens; `positions[i]` is the place of the first piece of atom
    `own_first + i` in `input_ids`, or -1 for an atom without pieces. `tails` gives, for each number of several
    pieces, its i and the places of its further pieces.
    """

    document: int
    own_first: int
    own_end: int
    input_ids: list[int]
    positions: list[int]
    tails: list[tuple[int, range]]


@dataclass
class Clipped:
    """What could not be shown to the encoder, counted."""

    atoms_without_pieces: int = 0
    atoms_clipped: int = 0

    def __add__(self, other: Clipped) -> Clipped:
        return Clipped(self.atoms_without_pieces + other.atoms_without_pieces, self.atoms_clipped + other.atoms_clipped)


@dataclass
class Featurizer:
    """Cuts documents into windows of at most `size` pieces, special tokens included.

    A window is made of whole sentences as long as they fit; a longer sentence is cut between atoms. Each window
    has up to `context` pieces of the document's text on either side. Every atom belongs to exactly one window.
    """

    tokenizer: Tokenizer
    size: int
    context: int
    fold: FoldConfig
    clipped: Clipped = field(default_factory=Clipped)

    def __post_init__(self) -> None:
        self._before = [i for i in (self.tokenizer.cls_token_id,) if i is not None]
        self._after = [i for i in (self.tokenizer.sep_token_id,) if i is not None]
        self._budget = self.size - len(self._before) - len(self._after)
        if self._budget - 2 * self.context < 4:
            raise ValueError(f"windows of {self.size} pieces have no room for {self.context} of context on each side")

    def cut(self, texts: Sequence[str]) -> list[Cut]:
        """Atoms, pieces and sentences of each text."""
        cuts = [atoms(text) for text in texts]
        # An atom is shown with the space before it, if there is one: byte-level and SentencePiece vocabularies
        # tell words that follow a space from those that don't; WordPiece drops it.
        words = [[self._shown(text, cut, i) for i in range(len(cut))] for text, cut in zip(texts, cuts, strict=True)]
        pieces: list[list[list[int]]] = [[[] for _ in cut] for cut in cuts]
        filled = [d for d, cut in enumerate(cuts) if cut]
        if filled:
            encoded = self.tokenizer(
                [words[d] for d in filled], is_split_into_words=True, add_special_tokens=False, verbose=False
            )
            for row, d in enumerate(filled):
                for piece, atom in zip(encoded["input_ids"][row], encoded.word_ids(row), strict=True):
                    pieces[d][atom].append(piece)
        return [
            Cut(
                cut,
                [self._clip(p) for p in found],
                [text[atom.start].isdecimal() for atom in cut],
                sentence_starts(text, cut),
            )
            for text, cut, found in zip(texts, cuts, pieces, strict=True)
        ]

    def _shown(self, text: str, cut: list[Atom], i: int) -> str:
        atom = cut[i]
        word = fold(
            text[atom.start : atom.end],
            diacritics=self.fold.diacritics,
            tatweel=self.fold.tatweel,
            digits=self.fold.digits,
        )
        return " " + word if i and word and cut[i - 1].end < atom.start else word

    def _clip(self, pieces: list[int]) -> list[int]:
        self.clipped.atoms_without_pieces += not pieces
        limit = min(LONGEST_ATOM, self._budget - 2 * self.context)
        self.clipped.atoms_clipped += len(pieces) > limit
        return pieces[:limit]

    def windows(self, cut: Cut, document: int = 0) -> list[Window]:
        """The windows of one document, in order; none for a document without atoms."""
        lengths = np.array([len(p) for p in cut.pieces])
        ends = np.concatenate([[0], np.cumsum(lengths)])
        if len(lengths) == 0:
            return []
        whole = int(ends[-1]) <= self._budget
        own = [(0, len(lengths))] if whole else self._owned(ends, cut.sentences)
        return [self._window(cut, ends, first, end, document) for first, end in own]

    def _owned(self, ends: np.ndarray, sentences: list[int]) -> list[tuple[int, int]]:
        """Consecutive stretches of atoms, of whole sentences where they fit, that leave room for context."""
        room = self._budget - 2 * self.context
        starts = np.array([*sentences, len(ends) - 1])
        owned: list[tuple[int, int]] = []
        first, last = 0, len(ends) - 1
        while first < last:
            # The furthest atom that still fits, then the furthest sentence start up to there.
            reach = int(np.searchsorted(ends, ends[first] + room, side="right")) - 1
            sentence = int(starts[np.searchsorted(starts, reach, side="right") - 1])
            end = sentence if sentence > first else max(reach, first + 1)
            owned.append((first, end))
            first = end
        return owned

    def _window(self, cut: Cut, ends: np.ndarray, own_first: int, own_end: int, document: int) -> Window:
        spare = self._budget - int(ends[own_end] - ends[own_first])
        left, right = int(ends[own_first]), int(ends[-1] - ends[own_end])
        # What one side can't use, at the edge of the document, the other side gets.
        use_left = min(left, max(spare // 2, spare - right))
        first = int(np.searchsorted(ends, ends[own_first] - use_left, side="left"))
        first = min(first, own_first)
        use_right = min(right, spare - int(ends[own_first] - ends[first]))
        end = int(np.searchsorted(ends, ends[own_end] + use_right, side="right")) - 1
        end = max(end, own_end)
        ids = list(self._before)
        positions: list[int] = []
        tails: list[tuple[int, range]] = []
        for i in range(first, end):
            if own_first <= i < own_end:
                positions.append(len(ids) if cut.pieces[i] else -1)
                if cut.numbers[i] and len(cut.pieces[i]) > 1:
                    tails.append((i - own_first, range(len(ids) + 1, len(ids) + len(cut.pieces[i]))))
            ids += cut.pieces[i]
        return Window(document, own_first, own_end, ids + self._after, positions, tails)

    def documents(self, texts: Sequence[str]) -> tuple[list[Cut], list[Window]]:
        """Cuts many texts at once; a window's `document` is the index of its text."""
        cuts = self.cut(texts)
        return cuts, [window for d, cut in enumerate(cuts) for window in self.windows(cut, d)]


def window_labels(window: Window, tag_ids: Sequence[Sequence[int] | None]) -> list[list[int]]:
    """Labels of one window, [pieces, layers]: tag ids of its document's atoms at first pieces, IGNORED elsewhere.

    `tag_ids` holds, a layer, one id an atom of the whole document, or None where the layer is not annotated.
    Further pieces of a number have labels in the first layer, O or the I- of its span: tokenizers set digits apart,
    and an ordinary token-classification pipeline, which knows no atoms, takes each for a word.
    """
    labels = np.full((len(window.input_ids), len(tag_ids)), IGNORED, dtype=np.int64)
    for layer, ids in enumerate(tag_ids):
        if ids is None:
            continue
        for i, position in enumerate(window.positions):
            if position >= 0:
                labels[position, layer] = ids[window.own_first + i]
    first = tag_ids[0]
    if first is not None:
        for i, places in window.tails:
            tag = first[window.own_first + i]
            # B- ids are odd, the I- of the same label follows.
            labels[places.start : places.stop, 0] = tag + tag % 2
    return labels.tolist()


def document_tags(
    document: Document, cut: Cut, codecs: dict[str, TagCodec], layers: frozenset[str]
) -> list[list[int] | None]:
    """One list of tag ids a layer, over the document's atoms; None for a layer that is not annotated."""
    return [
        codec.to_ids(codec.encode(document.spans, cut.atoms)) if layer in layers else None
        for layer, codec in codecs.items()
    ]


def document_pairs(document: Document, cut: Cut, scheme: Scheme, labels: dict[str, int]) -> list[list[int]]:
    """Candidate pairs of a document's own spans, a row of COLUMNS + 1 integers each: what the linker takes, with atoms
    where it takes pieces, and whether the two belong together. `labels` are the linker's."""
    first = {atom.start: i for i, atom in enumerate(cut.atoms)}
    last = {atom.end: i for i, atom in enumerate(cut.atoms)}
    linked = link_pairs(document)
    rows = []
    for candidate in candidates(document.text, document.spans, scheme):
        part, head = document.spans[candidate.part], document.spans[candidate.head]
        edges = [first[part.start], last[part.end], first[head.start], last[head.end]]
        target = int((candidate.part, candidate.head) in linked)
        rows.append([*edges, *describe(candidate, document.spans, labels), target])
    return rows


def window_pairs(window: Window, pairs: Sequence[Sequence[int]]) -> list[list[int]]:
    """The pairs whose edges a window answers for, with places in its `input_ids` instead of atoms."""
    inside = []
    for pair in pairs:
        own = [i - window.own_first for i in pair[:4]]
        if all(0 <= i < len(window.positions) and window.positions[i] >= 0 for i in own):
            inside.append([*(window.positions[i] for i in own), *pair[4:]])
    return inside


@dataclass(frozen=True)
class Collator:
    """Pads windows to one length: `input_ids`, `attention_mask` [batch, pieces], `labels` [batch, pieces, layers].

    `pairs` of the windows are joined, each with its row of the batch before it: [pairs, 1 + COLUMNS + 1].
    """

    pad_id: int
    multiple_of: int = 8

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        longest = max(len(row["input_ids"]) for row in rows)
        width = -(-longest // self.multiple_of) * self.multiple_of
        ids = torch.full((len(rows), width), self.pad_id, dtype=torch.long)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for i, row in enumerate(rows):
            n = len(row["input_ids"])
            ids[i, :n] = torch.as_tensor(row["input_ids"], dtype=torch.long)
            mask[i, :n] = 1
        batch = {"input_ids": ids, "attention_mask": mask}
        if "labels" in rows[0]:
            layers = len(rows[0]["labels"][0])
            labels = torch.full((len(rows), width, layers), IGNORED, dtype=torch.long)
            for i, row in enumerate(rows):
                labels[i, : len(row["labels"])] = torch.as_tensor(row["labels"], dtype=torch.long)
            batch["labels"] = labels
        if "pairs" in rows[0]:
            joined = [[i, *pair] for i, row in enumerate(rows) for pair in row["pairs"]]
            batch["pairs"] = torch.tensor(joined, dtype=torch.long).reshape(-1, COLUMNS + 2)
        return batch


def atom_logits(
    cuts: Sequence[Cut], windows: Sequence[Window], rows: Sequence[np.ndarray], blank: np.ndarray
) -> list[np.ndarray]:
    """Logits of every atom of every document, [atoms, tags] each, from the windows' logits [pieces, tags].

    An atom without pieces gets `blank` [tags], which stands for O in every layer.
    """
    found = [np.tile(blank, (len(cut.atoms), 1)).astype(np.float32) for cut in cuts]
    for window, row in zip(windows, rows, strict=True):
        positions = np.array(window.positions)
        seen = positions >= 0
        found[window.document][window.own_first : window.own_end][seen] = row[positions[seen]]
    return found


class EpochOrder(torch.utils.data.Dataset[dict[str, Any]]):
    """Training rows in an order that depends on nothing but (seed, epoch), so that a resumed run meets it again.

    With `group` > 1, rows of like length stand together: the shuffled rows are cut into stretches of 50 groups, each
    sorted by length, and the groups are shuffled once more (the idea of transformers' LengthGroupedSampler, which draws
    from the global generator and so can't be resumed within an epoch). accelerate calls `set_epoch`.

    `hide` is a share of pieces and the mask token's id: that share of a row's inner pieces is replaced by it, drawn
    from (seed, epoch, row), so that the model learns to tag a word by its surroundings too.
    """

    def __init__(
        self,
        rows: Dataset,
        lengths: Sequence[int],
        *,
        seed: int,
        group: int,
        hide: tuple[float, int] | None = None,
    ) -> None:
        self._rows, self._lengths, self._seed, self._group = rows, np.asarray(lengths), seed, group
        self._hide = hide
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch
        rng = np.random.default_rng((self._seed, epoch))
        order = rng.permutation(len(self._lengths))
        if self._group > 1:
            stretch = 50 * self._group
            parts = [order[i : i + stretch] for i in range(0, len(order), stretch)]
            order = np.concatenate([part[np.argsort(-self._lengths[part], kind="stable")] for part in parts])
            whole = len(order) // self._group
            groups = rng.permutation(whole)
            full = order[: whole * self._group].reshape(whole, self._group)[groups].ravel()
            order = np.concatenate([full, order[whole * self._group :]])
        self.order = order

    def __len__(self) -> int:
        return len(self._lengths)

    def __getitem__(self, index: int) -> dict[str, Any]:
        row = int(self.order[index])
        found = self._rows[row]
        if self._hide is None:
            return found
        share, mask = self._hide
        ids = np.array(found["input_ids"])
        drawn = np.random.default_rng((self._seed, self._epoch, row)).random(len(ids)) < share
        drawn[[0, -1]] = False
        ids[drawn] = mask
        return {**found, "input_ids": ids.tolist()}
