"""The linker: how likely a part belongs to a head, from what the encoder says of both and from what lies between."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from khabar.documents import Span
from khabar.links import SIZES, Candidate
from khabar.scheme import Scheme

WIDTH = 64
"""Size of the state that an atom shows as an edge of a part, and again as an edge of a head."""
_EMBEDDED = 12
_HIDDEN = 128
COLUMNS = 4 + 2 + len(SIZES)
"""Integers that describe a pair: four pieces (edges of part and head), two labels, the structural features."""


class Linker(nn.Module):
    """Scores (part, head) pairs.

    The encoder's vectors at the first and last atom of both spans are projected to states, once an atom; a pair is its
    four states, the products of the two starts and of the two ends (the biaffine scorer of Dozat & Manning 2017, with a
    diagonal form), and embeddings of its labels and structural features, through one hidden layer.
    """

    def __init__(self, hidden_size: int, scheme: Scheme, *, dropout: float = 0.2) -> None:
        super().__init__()
        self.labels = {label: i for i, label in enumerate([*scheme.heads, *scheme.parts])}
        self.project = nn.Linear(hidden_size, 2 * WIDTH)
        sizes = (len(self.labels), len(self.labels), *SIZES)
        self.embed = nn.ModuleList(nn.Embedding(size, _EMBEDDED) for size in sizes)
        self.mix = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(6 * WIDTH + len(sizes) * _EMBEDDED, _HIDDEN),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(_HIDDEN, 1),
        )

    def states(self, vectors: torch.Tensor) -> torch.Tensor:
        """[…, hidden] of the encoder to […, 2 WIDTH]: as an edge of a part, then as an edge of a head."""
        return self.project(vectors)

    def forward(self, states: torch.Tensor, pairs: torch.Tensor) -> torch.Tensor:
        """Logits [pairs] from `states` [places, 2 WIDTH] and `pairs` [pairs, COLUMNS], whose places index states."""
        part, head = states[..., :WIDTH], states[..., WIDTH:]
        part_start, part_end, head_start, head_end = (
            part[pairs[:, 0]],
            part[pairs[:, 1]],
            head[pairs[:, 2]],
            head[pairs[:, 3]],
        )
        embedded = [table(pairs[:, 4 + i]) for i, table in enumerate(self.embed)]
        products = [part_start * head_start, part_end * head_end]
        seen = torch.cat([part_start, part_end, head_start, head_end, *products, *embedded], dim=-1)
        return self.mix(seen).squeeze(-1)


def describe(candidate: Candidate, spans: Sequence[Span], labels: dict[str, int]) -> list[int]:
    """The last COLUMNS - 4 integers of a pair: labels and structural features."""
    return [labels[spans[candidate.part].label], labels[spans[candidate.head].label], *candidate.features]
