"""Training: Hugging Face's Trainer, composed and never subclassed, and the run folder it fills.

A run folder holds `config.yaml` (resolved), `data.json` (what was read), `log.jsonl`, `checkpoints/`,
`tensorboard/`, `model/`, `scores.json` and `predictions.jsonl`; with several seeds, one such folder a seed and the
mean and deviation of their scores above them.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from datasets.utils.logging import disable_progress_bar
from transformers import (
    EarlyStoppingCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from khabar.config import RunConfig, TrainingConfig, to_yaml
from khabar.corpus import Corpus, read_splits
from khabar.documents import Document
from khabar.faults import FaultLog, KhabarError
from khabar.features import (
    Collator,
    EpochOrder,
    Featurizer,
)
from khabar.formats import jsonl
from khabar.formats.lines import whole_file
from khabar.labels import IGNORED
from khabar.model import SETTINGS_FILE, LayeredTagger, Loaded, Settings, build, load_tokenizer, longest_window, save
from khabar.runs import (
    CHECKPOINTS,
    JsonLog,
    newest_checkpoint,
    precision,
    prepare_folder,
    processes,
    write_json,
)
from khabar.scoring import Pair, Scores, over_seeds, score
from khabar.splits import DevScore, Features, features_of
from khabar.tagger import Tagger

logger = logging.getLogger(__name__)

MODEL, SCORES = "model", "scores.json"


@dataclass(frozen=True)
class Result:
    """What a run came to: scores a seed (None without a test set) and the folders of the models."""

    scores: list[Scores]
    models: list[Path]
    log: FaultLog


def optimizer_for(model: LayeredTagger, config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW (Loshchilov & Hutter 2019), heads at a rate of their own, no decay on biases and norms."""
    encoder = {id(p) for p in model.encoder_parameters()}
    groups = []
    for inside, rate in ((True, config.learning_rate), (False, config.head_learning_rate or config.learning_rate)):
        for matrices in (True, False):
            chosen = [p for p in model.parameters() if (id(p) in encoder) == inside and (p.ndim > 1) == matrices]
            if chosen:
                decay = config.weight_decay if matrices else 0.0
                groups.append({"params": chosen, "lr": rate, "weight_decay": decay})
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)


def _group(config: TrainingConfig) -> int:
    """Rows that should be of like length: those of one step on all devices."""
    return config.batch_size * config.accumulation * processes().num_processes if config.group_by_length else 1


def _hidden(config: TrainingConfig, tokenizer: Any) -> tuple[float, int] | None:
    """The share of pieces to hide and the mask token's id."""
    if not config.mask_pieces:
        return None
    if tokenizer.mask_token_id is None:
        raise KhabarError("training.mask_pieces: the encoder's tokenizer has no mask token. Remedy: set it to 0.")
    return config.mask_pieces, tokenizer.mask_token_id


def _arguments(config: RunConfig, folder: Path, seed: int, *, has_dev: bool) -> TrainingArguments:
    t = config.training
    by_epoch = t.evaluate_every == "epoch"
    strategy = "epoch" if by_epoch else "steps"
    steps: dict[str, Any] = {} if by_epoch else {"eval_steps": t.evaluate_every, "save_steps": t.evaluate_every}
    best: dict[str, Any] = (
        {"load_best_model_at_end": True, "metric_for_best_model": "f1", "greater_is_better": True} if has_dev else {}
    )
    return TrainingArguments(
        output_dir=str(folder / CHECKPOINTS),
        num_train_epochs=t.epochs,
        per_device_train_batch_size=t.batch_size,
        per_device_eval_batch_size=t.batch_size,
        gradient_accumulation_steps=t.accumulation,
        learning_rate=t.learning_rate,
        lr_scheduler_type=t.schedule,
        warmup_steps=t.warmup,
        max_grad_norm=t.max_grad_norm,
        # EpochOrder shuffles; dev must keep its order.
        train_sampling_strategy="sequential",
        eval_strategy=strategy if has_dev else "no",
        save_strategy=strategy,
        save_total_limit=t.keep_checkpoints,
        logging_steps=10,
        seed=seed,
        use_cpu=not torch.cuda.is_available(),
        dataloader_num_workers=t.workers,
        dataloader_pin_memory=torch.cuda.is_available(),
        remove_unused_columns=False,
        label_names=["labels"],
        report_to=["tensorboard"],
        **steps,
        **best,
        **precision(t.precision),
    )


def train(config: RunConfig, folder: str | Path, *, resume: bool = False, overwrite: bool = False) -> Result:
    """Trains one model a seed, saves and scores each, and fills the run folder.

    Raises KhabarError (CorpusError for faulty data) before anything is trained.
    """
    run = Path(folder)
    splits, log = read_splits(config.data, config.scheme)
    state = processes()
    if state.is_main_process:
        prepare_folder(run, to_yaml(config), resume=resume, overwrite=overwrite)
        _write_data_report(run, splits, log)
    state.wait_for_everyone()
    disable_progress_bar()
    scores, models = [], []
    for seed in config.seeds:
        seed_folder = run / f"seed-{seed}" if len(config.seeds) > 1 else run
        scored = _train_seed(config, seed, seed_folder, splits, resume=resume)
        models.append(seed_folder / MODEL)
        scores += [scored] if scored else []
    if len(scores) > 1:
        write_json(run / SCORES, {"seeds": config.seeds, "test": over_seeds(scores)})
    return Result(scores, models, log)


def _train_seed(
    config: RunConfig, seed: int, folder: Path, splits: dict[str, list[Corpus]], *, resume: bool
) -> Scores | None:
    folder.mkdir(parents=True, exist_ok=True)
    if resume and (folder / MODEL / SETTINGS_FILE).is_file():
        # Its model was saved whole: Trainer, resumed at the last step, would take one more.
        logger.info("seed %s: was finished before", seed)
        if not (splits["test"] and processes().is_main_process):
            return None
        return _score_test(Tagger.from_pretrained(folder / MODEL), splits["test"], folder, seed)
    transformers.set_seed(seed)
    tokenizer = load_tokenizer(config.encoder.name, config.encoder.revision)
    model = build(config.encoder, config.scheme, seed, link_weight=config.training.link_weight)
    cap = longest_window(model, tokenizer)
    context = config.windows.context

    def featurizer(pieces: int) -> Featurizer:
        size = min(pieces, cap)
        return Featurizer(tokenizer, size, min(context, (size - 10) // 2), config.encoder.fold)

    reader = featurizer(config.windows.train_pieces)
    train_set = features_of(splits["train"], model, reader, config.scheme)
    _check_labels(train_set)
    if reader.clipped.atoms_without_pieces or reader.clipped.atoms_clipped:
        logger.warning("train: %s", reader.clipped)
    if train_set.unseen_links:
        logger.info("train: %d link(s) across windows or too far apart train nothing", train_set.unseen_links)
    dev_set = None
    if splits["dev"]:
        dev_set = features_of(splits["dev"], model, featurizer(config.windows.pieces), config.scheme)
    dev_score = DevScore(dev_set, model) if dev_set else None

    os.environ["TENSORBOARD_LOGGING_DIR"] = str(folder / "tensorboard")
    callbacks: list[TrainerCallback] = [JsonLog(folder / "log.jsonl")]
    if config.training.patience:
        callbacks.append(EarlyStoppingCallback(config.training.patience))
    trainer = Trainer(
        model=model,
        args=_arguments(config, folder, seed, has_dev=dev_set is not None),
        train_dataset=EpochOrder(
            train_set.dataset,
            [len(window.input_ids) for window in train_set.windows],
            seed=seed,
            group=_group(config.training),
            hide=_hidden(config.training, tokenizer),
        ),
        eval_dataset=dev_set.dataset if dev_set else None,
        data_collator=Collator(tokenizer.pad_token_id),
        compute_metrics=dev_score,
        callbacks=callbacks,
        optimizers=(optimizer_for(model, config.training), None),
    )
    checkpoint = None
    if resume:
        with processes().main_process_first():
            checkpoint = newest_checkpoint(folder)
    if resume:
        logger.info(
            "seed %s: %s", seed, f"resuming from {checkpoint}" if checkpoint else "no checkpoint, from the start"
        )
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    temperature = {}
    if dev_set and dev_score:
        temperature = dev_score.temperatures(trainer.predict(dev_set.dataset).predictions)
    if not processes().is_main_process:
        return None
    settings = Settings(
        scheme=config.scheme,
        fold=config.encoder.fold,
        windows=config.windows,
        temperature=temperature,
        linker=model.linker is not None and any(corpus.linked for corpus in splits["train"]),
    )
    if not settings.linker:
        model.linker = None
    save(model, tokenizer, settings, folder / MODEL, dtype=config.training.save_dtype)
    if not splits["test"]:
        return None
    return _score_test(Tagger(Loaded(model, tokenizer, settings)), splits["test"], folder, seed)


def _check_labels(features: Features) -> None:
    """Refuses a training set that would teach nothing."""
    if all(label == IGNORED for row in features.dataset["labels"] for piece in row for label in piece):
        raise KhabarError(
            "no document of data.train has a label: nothing to learn. "
            "Remedy: check that the corpora are annotated, and with labels of the scheme."
        )


def _score_test(tagger: Tagger, corpora: Sequence[Corpus], folder: Path, seed: int) -> Scores:
    """Tags and scores the test corpora through the same door as any text: together and, if several, each by itself.

    Together only the layers count that all of them annotate.
    """
    predicted: list[Document] = []
    pairs: dict[str, list[Pair]] = {layer: [] for layer in tagger.model.codecs}
    each: dict[str, Scores] = {}
    for corpus in corpora:
        found, tags = tagger.compare(corpus.documents)
        each[corpus.name] = score(corpus.documents, found, tagger.scheme, corpus.layers, tags=tags)
        predicted += found
        for layer, rows in tags.items():
            pairs[layer] += rows
    gold = [d for corpus in corpora for d in corpus.documents]
    layers = frozenset.intersection(*(corpus.layers for corpus in corpora))
    together = score(gold, predicted, tagger.scheme, layers, tags=pairs)
    with whole_file(folder / "predictions.jsonl") as file:
        jsonl.write(predicted, file)
    by_corpus = {name: scores.to_json() for name, scores in each.items()} if len(each) > 1 else {}
    write_json(folder / SCORES, {"seed": seed, "test": together.to_json(), "corpora": by_corpus})
    return together


def _write_data_report(folder: Path, splits: dict[str, list[Corpus]], log: FaultLog) -> None:
    """What was read, repaired and noted, beside the results it led to."""
    report = {
        split: [{"path": c.name, "documents": len(c.documents), "layers": sorted(c.layers)} for c in corpora]
        for split, corpora in splits.items()
    }
    write_json(
        folder / "data.json",
        {**report, "counts": dict(log.counts), "repaired and noted": [str(fault) for fault in log.faults]},
    )
