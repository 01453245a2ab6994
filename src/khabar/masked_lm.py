"""The model in pretraining: a stock masked language model of any class, whose head runs on masked positions only."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from huggingface_hub.errors import HfHubHTTPError
from torch import nn
from transformers import CONFIG_MAPPING, AutoConfig, AutoModelForMaskedLM, PreTrainedModel

from khabar.faults import KhabarError
from khabar.labels import IGNORED
from khabar.pretraining_config import StartConfig
from khabar.scheme import nearest

logger = logging.getLogger(__name__)


class MaskedLM(nn.Module):
    """A stock `…ForMaskedLM` that answers for chosen positions only.

    The encoder's last hidden states are gathered on their way to the head, which then does a fifth of its work; that
    is so for every class whose head looks at each position by itself, BERT's `cls`, RoBERTa's `lm_head`,
    ModernBERT's `head` and `decoder`, ELECTRA's generator and others, without a word about any of them here.
    Shapes are the same in all batches, for torch.compile.
    """

    # Trainer then hands over the number of labels in an accumulated batch, so that each label weighs the same.
    accepts_loss_kwargs = True

    def __init__(self, stock: PreTrainedModel) -> None:
        super().__init__()
        self.stock = stock
        self._config = copy.deepcopy(stock.config)
        self._positions: torch.Tensor | None = None
        stock.base_model.register_forward_hook(self._gather)
        names: dict[int, str] = {}
        self._tied: dict[str, str] = {}
        for name, parameter in self.named_parameters(remove_duplicate=False):
            if (first := names.setdefault(id(parameter), name)) != name:
                self._tied[name] = first

    @property
    def config(self) -> Any:
        return self.stock.config

    def _gather(self, _module: nn.Module, _given: Any, output: Any) -> Any:
        """[batch, pieces, hidden] to [batch, masked, hidden], in whatever the encoder answered with."""
        if self._positions is None:
            return output
        states = output[0]
        chosen = states.gather(1, self._positions[..., None].expand(-1, -1, states.shape[-1]))
        if isinstance(output, tuple):
            return (chosen, *output[1:])
        output["last_hidden_state"] = chosen
        return output

    def logits(self, input_ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """[batch, masked, vocabulary], at `positions` [batch, masked] of `input_ids` [batch, pieces]."""
        self._positions = positions
        logits: torch.Tensor = self.stock(input_ids=input_ids).logits
        self._positions = None
        return logits

    def forward(
        self,
        input_ids: torch.Tensor,
        positions: torch.Tensor,
        labels: torch.Tensor,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> dict[str, torch.Tensor]:
        """`input_ids` [batch, pieces], all of them text; `positions` [batch, masked] into it; `labels` [batch, masked],
        IGNORED for no loss.

        `loss` is the cross entropy summed over the labels and divided by their number (`num_items_in_batch` where
        gradients are accumulated).
        """
        logits = self.logits(input_ids, positions)
        loss = nn.functional.cross_entropy(
            logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="sum"
        )
        n = num_items_in_batch if num_items_in_batch is not None else (labels != IGNORED).sum().clamp(min=1)
        return {"loss": loss / n}

    def state_dict(self, *args: Any, **options: Any) -> Any:
        """Without the second names of tied weights, which safetensors refuses."""
        state = super().state_dict(*args, **options)
        for name in self._tied:
            state.pop(options.get("prefix", "") + name, None)
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        tied = {name: state_dict[first] for name, first in self._tied.items() if first in state_dict}
        return super().load_state_dict({**state_dict, **tied}, strict, assign)

    def save(self, tokenizer: Any, folder: Path, *, dtype: str) -> None:
        """Writes a folder that `AutoModelForMaskedLM` and every other stock class of the encoder load."""
        kind = getattr(torch, dtype)
        # The class and not this object, which training may go on with; the config from before Trainer wrote into it.
        copied = type(self.stock)(copy.deepcopy(self._config)).to(kind)
        copied.load_state_dict(self.stock.state_dict())
        copied.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def check_shape(config: StartConfig) -> None:
    """Raises KhabarError for a layout that there is not, or a key of `shape` that the layout does not know."""
    layout = config.layout
    if layout is None:
        return
    if layout not in CONFIG_MAPPING:
        close = nearest(layout, list(CONFIG_MAPPING))
        raise KhabarError(
            f"encoder.layout: no model type {layout!r}. Remedy: "
            + (f"did you mean {close}?" if close else "modernbert")
        )
    known = _keys(layout)
    for key in config.shape:
        if key not in known:
            close = nearest(key, known)
            raise KhabarError(
                f"encoder.shape.{key}: {layout} has no such key; "
                + (f"did you mean {close}?" if close else f"known are {', '.join(known)}.")
            )


def _keys(layout: str) -> list[str]:
    plain = CONFIG_MAPPING[layout]()
    return sorted({*plain.to_dict(), *plain.attribute_map})


def fresh(config: StartConfig, tokenizer: Any, seed: int) -> MaskedLM:
    """An encoder of `config.layout` with random weights, which `seed` draws.

    Raises KhabarError for a layout without a masked-LM class, and for a shape that can't be built.
    """
    check_shape(config)
    layout = cast(str, config.layout)
    ids = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.cls_token_id,
        "cls_token_id": tokenizer.cls_token_id,
        "eos_token_id": tokenizer.sep_token_id,
        "sep_token_id": tokenizer.sep_token_id,
    }
    known = _keys(layout)
    given = {key: value for key, value in ids.items() if key in known} | config.shape
    torch.manual_seed(seed)
    try:
        stock = AutoModelForMaskedLM.from_config(AutoConfig.for_model(layout, **given), dtype=torch.float32)
    except (ValueError, TypeError) as error:
        raise KhabarError(f"encoder: {layout} can't be built: {error}. Remedy: change shape or layout.") from error
    return MaskedLM(stock)


def checkpoint(config: StartConfig) -> MaskedLM:
    """The masked language model that `config.name` holds. A head that it lacks is new, which is said.

    Raises KhabarError when it can't be loaded or some of the encoder's own weights are missing.
    """
    name = cast(str, config.name)
    try:
        stock, loading = AutoModelForMaskedLM.from_pretrained(
            name,
            revision=config.revision or "main",
            dtype=torch.float32,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise KhabarError(
            f"{name}: can't be loaded: {error}. Remedy: give a folder with config.json, weights and tokenizer, or a "
            "model's name on a hub you can reach."
        ) from error
    missing = sorted(loading["missing_keys"])
    if absent := [key for key in missing if key.startswith(stock.base_model_prefix + ".")]:
        raise KhabarError(
            f"{name}: its weights lack {len(absent)} of the encoder's tensors, the first {absent[0]}. "
            "Remedy: take a checkpoint of the class that config.json names."
        )
    if missing:
        logger.warning("%s has no masked-LM head: a new one is trained (%s)", name, ", ".join(missing))
    return MaskedLM(stock)


def set_embeddings(model: MaskedLM, vectors: np.ndarray) -> None:
    """Puts `vectors` [vocabulary, size] in the place of the word embeddings, and of the decoder tied to them."""
    table = cast(nn.Embedding, model.stock.get_input_embeddings()).weight
    with torch.no_grad():
        table.copy_(torch.from_numpy(vectors))
        if model.config.pad_token_id is not None:
            table[model.config.pad_token_id] = 0
