"""The model: a stock token classifier whose classifier has the tags of every layer; save and load.

On disk it *is* the stock model: the first layer's rows are the `classifier` of an ordinary
`…ForTokenClassification`, further layers ride along under `khabar.LAYER.*` in the same safetensors file, and
`khabar.json` beside `config.json` says the rest. Other tools ignore what they don't know.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from huggingface_hub.errors import HfHubHTTPError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer, PreTrainedModel
from transformers.utils import logging as transformers_logging
from transformers.utils.hub import cached_file

from khabar.config import EncoderConfig, FoldConfig, WindowConfig
from khabar.faults import KhabarError
from khabar.features import Tokenizer
from khabar.labels import IGNORED, TagCodec, codecs
from khabar.linker import COLUMNS, Linker
from khabar.scheme import Scheme

SETTINGS_FILE = "khabar.json"
WEIGHTS_FILE = "model.safetensors"
_EXTRA = "khabar."
_INNER_DROPOUT = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "embedding_dropout",
    "mlp_dropout",
    "attention_dropout",
)
_LINKER = "khabar.linker."


class Settings(BaseModel):
    """What `khabar.json` says: all that a tagger needs beside weights and tokenizer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    khabar: str = Field(default_factory=lambda: version("khabar"), description="Version that wrote the file.")
    scheme: Scheme
    fold: FoldConfig
    windows: WindowConfig
    temperature: dict[str, float] = Field(default={}, description="Calibration: logits of a layer are divided by it.")
    linker: bool = Field(default=False, description="Whether the weights hold a linker; else the rule links.")


class Output(NamedTuple):
    """`logits` [batch, pieces, tags of all layers]; `loss` a scalar, or None without labels."""

    loss: torch.Tensor | None
    logits: torch.Tensor


class LayeredTagger(nn.Module):
    """A stock token classifier widened to the tags of every layer of a scheme, and a linker where it names claims."""

    # Trainer then hands over the number of labels in an accumulated batch, so that each label weighs the same.
    accepts_loss_kwargs = True

    def __init__(self, stock: PreTrainedModel, scheme: Scheme, *, link_weight: float = 1.0) -> None:
        """`link_weight`: weight of a pair's loss beside a tag's; 0 leaves the linker out."""
        super().__init__()
        self.stock = stock
        self.codecs: dict[str, TagCodec] = codecs(scheme)
        self.sizes = [len(codec) for codec in self.codecs.values()]
        old = cast(nn.Linear, stock.classifier)
        wide = nn.Linear(old.in_features, sum(self.sizes), bias=old.bias is not None)
        nn.init.normal_(wide.weight, std=getattr(stock.config, "initializer_range", 0.02))
        nn.init.zeros_(wide.bias)
        with torch.no_grad():
            n = old.out_features
            wide.weight[:n] = old.weight
            wide.bias[:n] = old.bias
        stock.classifier = wide
        self.link_weight = link_weight
        self.linker = Linker(old.in_features, scheme) if link_weight and scheme.heads and scheme.parts else None

    @property
    def config(self) -> Any:
        return self.stock.config

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        labels: torch.Tensor | None = None,
        pairs: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Output:
        """`input_ids`, `attention_mask` [batch, pieces]; `labels` [batch, pieces, layers], IGNORED for no loss; `pairs`
        [pairs, 1 + COLUMNS + 1]: row of the batch, what the linker takes, and whether the two belong together.

        The loss is the cross entropy summed over all labels of all layers and, weighted, all pairs, divided by the
        number of labels (`num_items_in_batch` where gradients are accumulated).
        """
        logits, vectors = self._run(input_ids, attention_mask)
        if labels is None:
            return Output(None, logits)
        loss = logits.new_zeros((), dtype=torch.float32)
        for layer, scores in enumerate(logits.split(self.sizes, dim=-1)):
            loss = loss + nn.functional.cross_entropy(
                scores.flatten(0, 1).float(), labels[..., layer].flatten(), ignore_index=IGNORED, reduction="sum"
            )
        if self.linker is not None:
            loss = loss + self.link_weight * self._link_loss(vectors, pairs)
        n = num_items_in_batch if num_items_in_batch is not None else (labels != IGNORED).sum().clamp(min=1)
        return Output(loss / n, logits)

    def _run(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, and the vectors [batch, pieces, hidden] the classifier made them from, whatever the class."""
        seen: list[torch.Tensor] = []
        hook = cast(nn.Module, self.stock.classifier).register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        try:
            logits = self.stock(input_ids=input_ids, attention_mask=attention_mask).logits
        finally:
            hook.remove()
        return logits, seen[0]

    def _link_loss(self, vectors: torch.Tensor, pairs: torch.Tensor | None) -> torch.Tensor:
        """Cross entropy summed over pairs."""
        assert self.linker is not None
        if pairs is None or len(pairs) == 0:
            # Every parameter takes part in every step: processes that train together wait for each other's gradients.
            return sum((p.sum() for p in self.linker.parameters()), start=vectors.new_zeros(())) * 0.0
        states = self.linker.states(vectors).flatten(0, 1)
        places = pairs[:, 1 : COLUMNS + 1].clone()
        places[:, :4] += pairs[:, :1] * vectors.shape[1]
        scores = self.linker(states, places).float()
        return nn.functional.binary_cross_entropy_with_logits(scores, pairs[:, -1].float(), reduction="sum")

    def tags_and_states(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Logits [batch, pieces, tags of all layers] and the linker's states [batch, pieces, 2 WIDTH], if any."""
        logits, vectors = self._run(input_ids, attention_mask)
        return logits, self.linker.states(vectors) if self.linker is not None else None

    def by_layer(self, logits: Any) -> dict[str, Any]:
        """Splits [..., tags of all layers] (a tensor or array) into one [..., tags] a layer."""
        parts: dict[str, Any] = {}
        first = 0
        for layer, codec in self.codecs.items():
            parts[layer] = logits[..., first : first + len(codec)]
            first += len(codec)
        return parts

    def outside(self) -> np.ndarray:
        """Logits [tags of all layers] of an atom that is certainly O in every layer."""
        row = np.full(sum(self.sizes), -30.0, dtype=np.float32)
        for part in self.by_layer(row).values():
            part[0] = 30.0
        return row

    def encoder_parameters(self) -> list[nn.Parameter]:
        """What was pretrained; the rest is heads."""
        inside = {id(p) for p in self.stock.base_model.parameters()}
        return [p for p in self.parameters() if id(p) in inside]


@dataclass(frozen=True)
class Loaded:
    """A model ready for use, with its tokenizer and settings."""

    model: LayeredTagger
    tokenizer: Tokenizer
    settings: Settings


def _loading(name: str, error: Exception) -> KhabarError:
    return KhabarError(
        f"{name}: can't be loaded: {error}. "
        "Remedy: give a folder with config.json, weights and tokenizer, or a model's name on a hub you can reach."
    )


def load_tokenizer(name: str, revision: str | None = None) -> Any:
    """The fast tokenizer of a model. Raises KhabarError if there is none."""
    options: dict[str, Any] = {"revision": revision} if revision else {}
    settings = Path(name) / "tokenizer_config.json"
    if settings.is_file() and "do_lower_case" in (given := json.loads(settings.read_text(encoding="utf-8"))):
        # The class's default changed between releases of transformers: say what the file says.
        options["do_lower_case"] = given["do_lower_case"]
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False, **options)
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise _loading(name, error) from error
    if not tokenizer.is_fast:
        raise KhabarError(f"{name}: its tokenizer keeps no alignment to words. Remedy: add a tokenizer.json.")
    if tokenizer.pad_token_id is None:
        raise KhabarError(f"{name}: its tokenizer has no padding token. Remedy: name one in tokenizer_config.json.")
    return tokenizer


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps transformers from listing the weights a new head lacks and the ones only Khabar knows."""
    before = transformers_logging.get_verbosity()
    bar = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(before)
        if bar:
            transformers_logging.enable_progress_bar()


def _check_complete(name: str, stock: PreTrainedModel, missing: Iterable[str]) -> None:
    """Refuses an encoder some of whose own weights were not in the checkpoint; a new head's may be missing."""
    prefix = stock.base_model_prefix + "."
    if absent := sorted(key for key in missing if key.startswith(prefix)):
        raise KhabarError(
            f"{name}: its weights lack {len(absent)} of the encoder's tensors, the first {absent[0]}. "
            "Remedy: take a checkpoint of the class that config.json names."
        )


def build(config: EncoderConfig, scheme: Scheme, seed: int, *, link_weight: float = 1.0) -> LayeredTagger:
    """An encoder with fresh heads for every layer of `scheme` and a fresh linker; `seed` draws them.

    Raises KhabarError when the encoder can't be loaded.
    """
    first = next(iter(codecs(scheme).values()))
    labels: dict[str, Any] = {"id2label": dict(enumerate(first.tags)), "label2id": dict(first.ids)}
    if config.dropout is not None:
        labels["classifier_dropout"] = config.dropout
    if config.inner_dropout is not None:
        # BERT and its kin name two places, ModernBERT three; a config keeps what its class does not know.
        labels |= dict.fromkeys(_INNER_DROPOUT, config.inner_dropout)
    torch.manual_seed(seed)
    revision = config.revision or "main"
    try:
        with _quiet():
            settings = AutoConfig.from_pretrained(config.name, revision=revision, trust_remote_code=False, **labels)
            if config.pretrained:
                stock, report = AutoModelForTokenClassification.from_pretrained(
                    config.name,
                    config=settings,
                    revision=revision,
                    dtype=torch.float32,
                    trust_remote_code=False,
                    output_loading_info=True,
                )
                _check_complete(config.name, stock, report["missing_keys"])
            else:
                stock = AutoModelForTokenClassification.from_config(settings, dtype=torch.float32)
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise _loading(config.name, error) from error
    torch.manual_seed(seed)
    return LayeredTagger(stock, scheme, link_weight=link_weight)


def longest_window(model: LayeredTagger, tokenizer: Any) -> int:
    """Most pieces the encoder takes at once, special tokens included.

    `model_max_length` of a tokenizer is often missing (1e30), so the position table decides; tables of the RoBERTa
    family keep their first rows for padding.
    """
    cap = int(getattr(model.config, "max_position_embeddings", 0) or 10**9)
    for name, module in model.stock.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            cap = module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1)
    limit = getattr(tokenizer, "model_max_length", None) or cap
    return int(min(cap, limit))


def save(
    model: LayeredTagger, tokenizer: Any, settings: Settings, folder: str | Path, *, dtype: str = "float32"
) -> None:
    """Writes the folder that `load` and stock `AutoModelForTokenClassification` read."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    kind = getattr(torch, dtype)
    first, *others = model.codecs
    tensors: dict[str, torch.Tensor] = {}
    for name, value in model.stock.state_dict().items():
        value = value.detach().cpu()
        value = value.to(kind) if value.is_floating_point() else value
        if not name.startswith("classifier."):
            tensors[name] = value.contiguous()
            continue
        rows = dict(zip(model.codecs, value.split(model.sizes), strict=True))
        tensors[name] = rows[first].contiguous().clone()
        for layer in others:
            tensors[f"{_EXTRA}{layer}.{name.removeprefix('classifier.')}"] = rows[layer].contiguous().clone()
    if model.linker is not None:
        for name, value in model.linker.state_dict().items():
            tensors[f"{_LINKER}{name}"] = value.detach().cpu().to(kind).contiguous()
    save_file(tensors, target / WEIGHTS_FILE, metadata={"format": "pt"})
    stock_config = model.config
    stock_config.architectures = [type(model.stock).__name__]
    stock_config.dtype = kind
    stock_config.save_pretrained(target)
    tokenizer.save_pretrained(target)
    (target / SETTINGS_FILE).write_text(settings.model_dump_json(indent=2) + "\n", encoding="utf-8")


def load(name: str | Path, revision: str | None = None) -> Loaded:
    """Loads a saved Khabar model, from a folder or a hub, in fp32 and ready for inference.

    Raises KhabarError when it can't be loaded, is no Khabar model or was written by a newer Khabar.
    """
    source = str(name)
    try:
        settings_path = cached_file(source, SETTINGS_FILE, revision=revision)
        weights_path = cached_file(source, WEIGHTS_FILE, revision=revision)
    except (OSError, HfHubHTTPError) as error:
        raise KhabarError(
            f"{source}: not a Khabar model: {error}. Remedy: give the model folder of a run (runs/NAME/model), "
            "or train one from this encoder with train.py."
        ) from error
    try:
        settings = Settings.model_validate_json(Path(cast(str, settings_path)).read_text(encoding="utf-8"))
    except ValidationError as error:
        raise KhabarError(f"{settings_path}: {error}. Remedy: update khabar, or mend the file.") from error
    tokenizer = load_tokenizer(source, revision)
    tagger = build(
        EncoderConfig(name=source, revision=revision), settings.scheme, seed=0, link_weight=float(settings.linker)
    )
    tensors = load_file(cast(str, weights_path))
    classifier = cast(nn.Linear, tagger.stock.classifier)
    first = tagger.sizes[0]
    with torch.no_grad():
        for layer, codec in list(tagger.codecs.items())[1:]:
            for kind in ("weight", "bias"):
                key = f"{_EXTRA}{layer}.{kind}"
                if key not in tensors:
                    raise KhabarError(f"{source}: {WEIGHTS_FILE} lacks {key}. Remedy: publish the folder whole.")
                getattr(classifier, kind)[first : first + len(codec)] = tensors[key].float()
            first += len(codec)
    if tagger.linker is not None:
        own = {k.removeprefix(_LINKER): v.float() for k, v in tensors.items() if k.startswith(_LINKER)}
        try:
            tagger.linker.load_state_dict(own)
        except RuntimeError as error:
            raise KhabarError(
                f"{source}: its linker can't be loaded: {error}. Remedy: publish the folder whole."
            ) from error
    tagger.eval()
    return Loaded(tagger, tokenizer, settings)
