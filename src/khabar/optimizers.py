"""Optimisers of pretraining: AdamW, and Muon for the matrices inside the layers with AdamW for all else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import nn

from khabar.faults import KhabarError
from khabar.masked_lm import MaskedLM
from khabar.pretraining_config import OptimisationConfig


class Joined(torch.optim.Optimizer):
    """Several optimisers, each with parameters of its own, that schedulers and Trainer see as one."""

    def __init__(self, parts: Sequence[torch.optim.Optimizer]) -> None:
        self.parts = list(parts)
        super().__init__([group for part in self.parts for group in part.param_groups], {})
        self._share_groups()

    def _share_groups(self) -> None:
        """The groups are the parts' own, so that a rate set here is the rate there."""
        self.param_groups = [group for part in self.parts for group in part.param_groups]

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of each. Raises ValueError for a closure, which would be run once a part."""
        if closure is not None:
            raise ValueError("a joined optimiser takes no closure")
        for part in self.parts:
            part.step()
        return None

    def zero_grad(self, set_to_none: bool = True) -> None:
        for part in self.parts:
            part.zero_grad(set_to_none)

    def state_dict(self) -> dict[str, Any]:
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self._share_groups()


def _groups(parameters: Sequence[nn.Parameter], *, decay: float) -> list[dict[str, Any]]:
    """Matrices with weight decay, biases and norms without."""
    matrices = [p for p in parameters if p.ndim > 1]
    vectors = [p for p in parameters if p.ndim <= 1]
    groups: list[dict[str, Any]] = [{"params": matrices, "weight_decay": decay}] if matrices else []
    return groups + ([{"params": vectors, "weight_decay": 0.0}] if vectors else [])


def optimizer_for(model: MaskedLM, config: OptimisationConfig) -> torch.optim.Optimizer:
    """AdamW (Loshchilov & Hutter 2019), fused; or Muon (Jordan et al. 2024) for the weights of the encoder's linear
    layers, its updates brought to the size of AdamW's (Liu et al. 2025), so that one rate serves both.

    Raises KhabarError where this torch has no Muon.
    """
    tables = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    inside: list[nn.Parameter] = []
    if config.optimizer == "muon":
        linear = [cast(nn.Parameter, m.weight) for m in model.stock.base_model.modules() if isinstance(m, nn.Linear)]
        # What is tied to an embedding is a table and no map.
        inside = [w for w in linear if w.requires_grad and id(w) not in tables]
    taken = set(map(id, inside))
    rest = [p for p in model.parameters() if p.requires_grad and id(p) not in taken]
    table_decay = config.weight_decay if config.table_decay is None else config.table_decay
    adamw = torch.optim.AdamW(
        [
            *_groups([p for p in rest if id(p) in tables], decay=table_decay),
            *_groups([p for p in rest if id(p) not in tables], decay=config.weight_decay),
        ],
        lr=config.learning_rate,
        betas=config.betas,
        eps=config.epsilon,
        fused=True,
    )
    if not inside:
        return adamw
    muon = getattr(torch.optim, "Muon", None)
    if muon is None:
        raise KhabarError(f"torch {torch.__version__} has no Muon. Remedy: torch 2.9 or newer, or optimizer=adamw.")
    options: dict[str, Any] = {"adjust_lr_fn": "match_rms_adamw", "momentum": 0.95, "nesterov": True}
    first = cast(
        torch.optim.Optimizer, muon(inside, lr=config.learning_rate, weight_decay=config.weight_decay, **options)
    )
    return Joined([first, adamw])
