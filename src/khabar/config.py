"""Run configs: YAML onto frozen, validated models, with dotted overrides. An unknown key is an error."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Any, Literal, TypeVar, overload

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from khabar.faults import KhabarError
from khabar.scheme import DEFAULT_SCHEME, Scheme, nearest


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Part):
    """One file or folder of annotated documents."""

    path: str = Field(description="File or folder, relative to data.root.")
    format: str | None = Field(default=None, description="Format; null: told from the file's name or first lines.")
    layers: list[str] | None = Field(
        default=None, description="Layers this corpus annotates; null: those it has spans of. Others give no loss."
    )
    ids: str | None = Field(default=None, description="File of document ids, one a line, to take; null: all documents.")


class DataConfig(_Part):
    """Where the documents are."""

    root: str = Field(default=".", description="Folder that relative paths start from.")
    train: list[Source] = Field(default=[], description="What the model is fitted to.")
    dev: list[Source] = Field(default=[], description="What picks the checkpoint; empty: the last one is taken.")
    test: list[Source] = Field(default=[], description="What is scored at the end.")
    strict: bool = Field(default=False, description="Refuse what would be repaired (illegal BIO).")
    allow_bidi: bool = Field(default=False, description="Accept documents with invisible direction marks.")
    allow_leaks: bool = Field(default=False, description="Go on when a text of dev or test is also in train.")


class FoldConfig(_Part):
    """What is hidden from the encoder (the text itself and all offsets stay)."""

    diacritics: bool = Field(default=True, description="Drop harakat.")
    tatweel: bool = Field(default=True, description="Drop tatweel.")
    digits: bool = Field(default=False, description="Arabic-Indic and Persian digits as ASCII.")


class EncoderConfig(_Part):
    """Which encoder, and how it sees text."""

    name: str = Field(description="Folder, or name on a model hub.")
    revision: str | None = Field(default=None, description="Branch, tag or commit on the hub.")
    pretrained: bool = Field(default=True, description="false: random weights of the same layout, as a baseline.")
    fold: FoldConfig = Field(default=FoldConfig(), description="What is hidden from the encoder.")
    dropout: float | None = Field(
        default=None, ge=0, lt=1, description="Dropout before the classifier; null: the encoder's own."
    )
    inner_dropout: float | None = Field(
        default=None, ge=0, lt=1, description="Dropout inside the encoder; null: the encoder's own."
    )


class WindowConfig(_Part):
    """How documents are cut to the encoder's size. Nothing is ever truncated."""

    train_pieces: int = Field(default=256, ge=16, description="Most pieces a window has in training.")
    pieces: int = Field(default=512, ge=16, description="The same in evaluation and use; capped by the encoder.")
    context: int = Field(default=48, ge=0, description="Pieces of context a window has on either side, if there are.")

    @model_validator(mode="after")
    def _room(self) -> WindowConfig:
        if 2 * self.context + 8 > min(self.train_pieces, self.pieces):
            raise ValueError("context leaves a window no room of its own: twice context + 8 must fit in a window")
        return self


class TrainingConfig(_Part):
    """How the weights are fitted."""

    epochs: float = Field(default=3, gt=0, description="Passes over the training data.")
    batch_size: int = Field(default=16, ge=1, description="Windows a step and device.")
    accumulation: int = Field(default=1, ge=1, description="Batches whose gradients are added up to one step.")
    learning_rate: float = Field(default=5e-5, gt=0, description="Peak rate of the encoder.")
    head_learning_rate: float | None = Field(
        default=None, gt=0, description="Peak rate of the heads; null: the encoder's."
    )
    link_weight: float = Field(
        default=1.0, ge=0, description="Weight of a pair's loss beside a tag's; 0: no linker, the rule links parts."
    )
    mask_pieces: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of pieces hidden in training (mask token), drawn anew each epoch.",
    )
    weight_decay: float = Field(default=0.01, ge=0, description="AdamW's decay; not on biases and norms.")
    warmup: float = Field(default=0.1, ge=0, lt=1, description="Share of the steps over which the rate rises.")
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = Field(
        default="linear", description="How the rate falls after warm-up."
    )
    max_grad_norm: float = Field(default=1.0, gt=0, description="Gradients are clipped to this norm.")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        default="auto", description="auto: bf16 or fp16 where a GPU has it, else fp32."
    )
    group_by_length: bool = Field(default=True, description="Batches of windows of like length: less padding.")
    evaluate_every: int | Literal["epoch"] = Field(
        default="epoch", description="Score dev and save a checkpoint: each epoch, or each so many steps."
    )
    patience: int | None = Field(
        default=None, ge=1, description="Stop after so many dev scores without a gain; null: never."
    )
    keep_checkpoints: int = Field(default=2, ge=1, description="Checkpoints kept on disk.")
    save_dtype: Literal["float32", "float16", "bfloat16"] = Field(
        default="float32", description="Type of the saved weights."
    )
    workers: int = Field(default=0, ge=0, description="Processes that prepare batches.")

    @model_validator(mode="after")
    def _counts(self) -> TrainingConfig:
        if isinstance(self.evaluate_every, int) and self.evaluate_every < 1:
            raise ValueError("evaluate_every is a number of steps from 1, or epoch")
        return self


class RunConfig(_Part):
    """One run: what is trained on what, and how."""

    name: str = Field(description="Name of the run; its folder is runs/NAME.")
    seeds: list[int] = Field(default=[1], min_length=1, description="One training run a seed.")
    scheme: Scheme = Field(default=DEFAULT_SCHEME, description="Layers, labels, heads and parts.")
    data: DataConfig = Field(description="Where the documents are.")
    encoder: EncoderConfig = Field(description="Which encoder.")
    windows: WindowConfig = Field(default=WindowConfig(), description="How documents are cut.")
    training: TrainingConfig = Field(default=TrainingConfig(), description="How the weights are fitted.")

    @model_validator(mode="after")
    def _agrees(self) -> RunConfig:
        if not self.data.train:
            raise ValueError("data.train is empty: name at least one corpus")
        if self.training.patience is not None and not self.data.dev:
            raise ValueError("training.patience needs data.dev: without dev there is no score to wait for")
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError("seeds holds one seed twice")
        for source in (*self.data.train, *self.data.dev, *self.data.test):
            for layer in source.layers or []:
                if layer not in self.scheme.layers:
                    raise ValueError(
                        f"{source.path}: layer {layer!r} is not in the scheme ({', '.join(self.scheme.layers)})"
                    )
        return self


class _UniqueKeys(yaml.SafeLoader):
    """YAML's safe loader; a key given twice is an error instead of a silent choice."""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for i, key in enumerate(keys):
        if key in keys[:i]:
            raise yaml.constructor.ConstructorError(
                None, None, f"key {key!r} is given twice", node.value[i][0].start_mark
            )
    return yaml.SafeLoader.construct_mapping(loader, node, deep=deep)


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


Config = TypeVar("Config", bound=BaseModel)


@overload
def load_config(path: str | Path, overrides: list[str] | None = None) -> RunConfig: ...


@overload
def load_config(path: str | Path, overrides: list[str] | None = None, *, model: type[Config]) -> Config: ...


def load_config(
    path: str | Path, overrides: list[str] | None = None, *, model: type[BaseModel] = RunConfig
) -> BaseModel:
    """Reads a config and applies `key.sub=value` overrides (values are YAML); `model` says which kind of config.

    Raises KhabarError naming the key, its place and, for an unknown one, what was probably meant.
    """
    try:
        raw = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=_UniqueKeys)
    except OSError as error:
        raise KhabarError(f"{path}: {error.strerror}. Remedy: give the path of a YAML config.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise KhabarError(f"{path}: not valid YAML: {error}. Remedy: mend the line named.") from error
    if not isinstance(raw, dict):
        raise KhabarError(f"{path}: holds no keys. Remedy: start from a file in configs/.")
    for override in overrides or []:
        _override(raw, override)
    return build_config(raw, where=str(path), model=model)


@overload
def build_config(raw: dict[str, Any], *, where: str) -> RunConfig: ...


@overload
def build_config(raw: dict[str, Any], *, where: str, model: type[Config]) -> Config: ...


def build_config(raw: dict[str, Any], *, where: str, model: type[BaseModel] = RunConfig) -> BaseModel:
    """Validates a config given as a dictionary; `where` is named in errors."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        lines = [f"{where}: {error.error_count()} fault(s) in the config:"]
        lines += [f"  {_explain(dict(fault), model)}" for fault in error.errors()]
        raise KhabarError("\n".join(lines)) from error


def _override(raw: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise KhabarError(f"override {override!r}: write key.sub=value, for instance training.epochs=3")
    *folders, last = key.split(".")
    place: Any = raw
    for name in folders:
        if not isinstance(place, dict):
            raise KhabarError(f"override {override!r}: {name!r} lies inside a value, not inside keys")
        if place.get(name) is None:
            place[name] = {}
        place = place[name]
    if not isinstance(place, dict):
        raise KhabarError(f"override {override!r}: {last!r} lies inside a value, not inside keys")
    try:
        place[last] = yaml.load(value, Loader=_UniqueKeys)
    except yaml.YAMLError as error:
        raise KhabarError(f"override {override!r}: {value!r} is not valid YAML: {error}") from error


def _explain(fault: dict[str, Any], model: type[BaseModel]) -> str:
    key = ".".join(map(str, fault["loc"])) or "the config"
    if fault["type"] == "extra_forbidden":
        known = _keys_at(list(fault["loc"])[:-1], model)
        close = nearest(str(fault["loc"][-1]), known)
        return f"{key}: unknown key; " + (f"did you mean {close}?" if close else f"known are {', '.join(known)}.")
    return f"{key}: {fault['msg'].removeprefix('Value error, ')}."


def _keys_at(loc: list[int | str], model: type[BaseModel]) -> list[str]:
    for name in loc:
        if isinstance(name, int):
            continue
        annotation = model.model_fields[name].annotation
        inner = [a for a in (annotation, *typing.get_args(annotation)) if isinstance(a, type)]
        models = [a for a in inner if issubclass(a, BaseModel)]
        if not models:
            return []
        model = models[0]
    return list(model.model_fields)


def to_yaml(config: BaseModel) -> str:
    """The resolved config, every key written out."""
    return yaml.safe_dump(config.model_dump(mode="json"), allow_unicode=True, sort_keys=False)
