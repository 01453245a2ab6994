"""Configs of masked-LM training: which text, which encoder, which tokenizer, how masked, how long."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from khabar.config import FoldConfig


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ArchiveConfig(_Part):
    """Where the text is."""

    root: str = Field(default=".", description="Folder that the paths of `train` start from.")
    train: list[str] = Field(
        min_length=1,
        description="Files, folders or patterns with *: .txt (blank line between documents), .jsonl, .parquet; text "
        "and JSONL also packed (.gz, .bz2, .xz).",
    )
    text_field: str = Field(default="text", description="Key or column that holds the text in JSONL and Parquet.")
    held_out: int = Field(
        default=400_000,
        ge=0,
        description="Pieces at the end of the text that are kept to measure the loss on; 0: none.",
    )
    cache: str = Field(
        default="runs/packed", description="Folder of the packed text, which runs share; from where the command is run."
    )


class StartConfig(_Part):
    """Which encoder: a checkpoint to go on from, or a layout to start from nothing."""

    name: str | None = Field(
        default=None, description="Masked-LM checkpoint to go on from, a folder or hub name; null: from scratch."
    )
    revision: str | None = Field(default=None, description="Branch, tag or commit on the hub.")
    layout: str | None = Field(default=None, description="From scratch: model type of transformers (modernbert, bert).")
    shape: dict[str, Any] = Field(
        default={}, description="From scratch: keys of the layout's config, named as transformers names them."
    )
    fold: FoldConfig = Field(default=FoldConfig(), description="What is taken out of the text before the tokenizer.")

    @model_validator(mode="after")
    def _one_start(self) -> StartConfig:
        if (self.name is None) == (self.layout is None):
            raise ValueError("give either name (a checkpoint to go on from) or layout (from scratch)")
        if self.name is not None and self.shape:
            raise ValueError("shape is for a layout from scratch: a checkpoint brings its own")
        if self.name is None and self.revision is not None:
            raise ValueError("revision is of a checkpoint: it needs name")
        return self


class TokenizerConfig(_Part):
    """The tokenizer of an encoder from scratch: another model's, or one trained on the text."""

    name: str | None = Field(
        default=None, description="Take the tokenizer of this folder or hub name; null: train WordPiece on the text."
    )
    vocabulary: int = Field(default=16_000, ge=200, description="Entries to train.")
    alphabet: int = Field(default=400, ge=60, description="Characters that are entries; rarer ones make a word [UNK].")
    min_frequency: int = Field(default=2, ge=1, description="Least number of times that a pair was seen to be merged.")

    @model_validator(mode="after")
    def _room(self) -> TokenizerConfig:
        if 2 * self.alphabet > self.vocabulary:
            raise ValueError("alphabet leaves the vocabulary no room: each character may need two entries")
        return self


class SkipGramConfig(_Part):
    """Skip-gram with negative sampling (Mikolov et al. 2013) over the pieces; needs gensim (khabar[pretrain])."""

    window: int = Field(default=6, ge=1, description="Pieces on either side.")
    negative: int = Field(default=8, ge=1, description="Negatives a positive.")
    epochs: int = Field(default=1, ge=1, description="Passes over the text.")
    workers: int = Field(default=1, ge=1, description="Threads; with more than one, two runs are not alike to the bit.")


class EmbeddingsConfig(_Part):
    """What the word embeddings of an encoder from scratch start from; with neither key, random."""

    skip_gram: SkipGramConfig | None = Field(default=None, description="Train skip-gram on the text; null: don't.")
    file: str | None = Field(
        default=None, description="Take these vectors: .npy, [vocabulary, hidden size], rows by id of the tokenizer."
    )
    scale: float = Field(default=0.04, gt=0, description="The vectors are centred and scaled to this deviation.")

    @model_validator(mode="after")
    def _one_source(self) -> EmbeddingsConfig:
        if self.skip_gram is not None and self.file is not None:
            raise ValueError("give skip_gram or file, not both")
        return self


class BlockConfig(_Part):
    """How the text is packed and masked."""

    pieces: int = Field(default=128, ge=8, description="Pieces of a block, [CLS] and [SEP] included.")
    rate: float = Field(default=0.2, gt=0, lt=1, description="Share of the pieces that is masked.")
    whole_words: bool = Field(default=True, description="Mask all pieces of a word or none.")


class OptimisationConfig(_Part):
    """How long and how fast. Rates go up, stay and come down (WSD), so that a run can be prolonged."""

    steps: int = Field(ge=1, description="Steps of the optimiser; a finished run is prolonged with more and --prolong.")
    batch_size: int = Field(default=16, ge=1, description="Blocks a step and process.")
    accumulation: int = Field(default=1, ge=1, description="Batches whose gradients are added up to one step.")
    learning_rate: float = Field(default=1e-3, gt=0, description="Peak rate.")
    warmup: int = Field(default=300, ge=0, description="Steps over which the rate rises; a number, as steps may grow.")
    decay: float = Field(default=0.2, ge=0, lt=1, description="Share of the steps, at the end, over which it falls.")
    decay_form: Literal["linear", "cosine", "1-sqrt"] = Field(default="linear", description="How it falls.")
    last_rate: float = Field(default=0.02, ge=0, lt=1, description="What it falls to, as a share of the peak.")
    optimizer: Literal["adamw", "muon"] = Field(
        default="adamw",
        description="muon: Muon for the matrices inside the layers, AdamW for embeddings, head, biases and norms; "
        "needs torch 2.9.",
    )
    betas: tuple[float, float] = Field(default=(0.9, 0.98), description="AdamW's averages.")
    epsilon: float = Field(default=1e-6, gt=0, description="AdamW's epsilon.")
    weight_decay: float = Field(default=0.01, ge=0, description="Decay of matrices; not on biases and norms.")
    table_decay: float | None = Field(
        default=None, ge=0, description="Decay of the embedding tables; null: as weight_decay."
    )
    max_grad_norm: float = Field(default=1.0, gt=0, description="Gradients are clipped to this norm.")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        default="auto", description="auto: bf16 or fp16 where a GPU has it, else fp32. bf16 pays on CPUs with AMX too."
    )
    compile: Literal["auto", True, False] = Field(default="auto", description="torch.compile; auto: on a GPU.")
    log_every: int = Field(default=50, ge=1, description="Steps between lines of log.jsonl.")
    evaluate_every: int = Field(default=500, ge=1, description="Steps between measurements of the held-out loss.")
    save_every: int = Field(default=500, ge=1, description="Steps between checkpoints.")
    keep_checkpoints: int = Field(
        default=2, ge=1, description="Checkpoints kept on disk, beside the one from before the decay."
    )
    save_dtype: Literal["float32", "float16", "bfloat16"] = Field(
        default="float32", description="Type of the saved weights."
    )
    workers: int = Field(default=0, ge=0, description="Processes that prepare batches.")

    @property
    def decay_steps(self) -> int:
        return round(self.steps * self.decay)

    @property
    def stable_until(self) -> int:
        """The step after which the rate falls: a longer run is the same up to here."""
        return self.steps - self.decay_steps

    @model_validator(mode="after")
    def _phases(self) -> OptimisationConfig:
        if self.warmup > self.stable_until:
            raise ValueError(f"warmup ({self.warmup} steps) must end before the decay begins ({self.stable_until})")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError("betas lie from 0 to below 1")
        return self


class PretrainConfig(_Part):
    """One run of masked-LM training."""

    name: str = Field(description="Name of the run; its folder is runs/NAME.")
    seed: int = Field(default=1, ge=0, description="Draws first weights, the order of blocks and what is masked.")
    data: ArchiveConfig = Field(description="Where the text is.")
    encoder: StartConfig = Field(description="Which encoder.")
    tokenizer: TokenizerConfig | None = Field(
        default=None, description="The tokenizer of an encoder from scratch; null: the checkpoint's own."
    )
    embeddings: EmbeddingsConfig | None = Field(
        default=None, description="What the word embeddings of an encoder from scratch start from; null: random."
    )
    blocks: BlockConfig = Field(default=BlockConfig(), description="How the text is packed and masked.")
    training: OptimisationConfig = Field(description="How long and how fast.")

    @model_validator(mode="after")
    def _agrees(self) -> PretrainConfig:
        if self.encoder.name is not None:
            for key in ("tokenizer", "embeddings"):
                if getattr(self, key) is not None:
                    raise ValueError(f"{key} is for an encoder from scratch: a checkpoint brings its own")
        elif self.tokenizer is None:
            raise ValueError("an encoder from scratch needs a tokenizer: name one, or give the vocabulary to train")
        if self.data.held_out and self.data.held_out < self.blocks.pieces * self.training.batch_size:
            raise ValueError("data.held_out is less than one batch: give 0 or at least blocks.pieces x batch_size")
        return self
