"""Training: Hugging Face's Trainer, composed and never subclassed, and the run folder it fills.

A run folder holds `config.yaml` (resolved), `data.json` (what was read), `log.jsonl`, `checkpoints/`,
`tensorboard/`, `model/`, `scores.json` and `predictions.jsonl`; with several seeds, one such folder a seed and the
mean and deviation of their scores above them.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from accelerate import PartialState
from datasets import Dataset
from datasets.utils.logging import disable_progress_bar
from safetensors import SafetensorError, safe_open
from transformers import (
    EarlyStoppingCallback,
    EvalPrediction,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from khabar.config import RunConfig, TrainingConfig, to_yaml
from khabar.corpus import Corpus, read_splits
from khabar.decoding import decode_tags, fit_temperature
from khabar.documents import Document
from khabar.faults import FaultLog, KhabarError
from khabar.features import Collator, Cut, EpochOrder, Featurizer, Window, atom_logits, document_tags, window_labels
from khabar.formats import jsonl
from khabar.formats.lines import whole_file
from khabar.labels import IGNORED
from khabar.model import LayeredTagger, Loaded, Settings, build, load_tokenizer, longest_window, save
from khabar.scoring import Pair, Scores, over_seeds, score, score_mode
from khabar.tagger import Tagger

logger = logging.getLogger(__name__)

MODEL, CHECKPOINTS, CONFIG, SCORES = "model", "checkpoints", "config.yaml", "scores.json"


@dataclass(frozen=True)
class Features:
    """One split as the model sees it, with all that leads back to its documents."""

    documents: list[Document]
    layers: list[frozenset[str]]
    cuts: list[Cut]
    windows: list[Window]
    gold: list[list[list[int] | None]]
    dataset: Dataset


@dataclass(frozen=True)
class Result:
    """What a run came to: scores a seed (None without a test set) and the folders of the models."""

    scores: list[Scores]
    models: list[Path]
    log: FaultLog


class _JsonLog(TrainerCallback):
    """Appends each of Trainer's log entries to a file as a line of JSON."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, logs: Any = None, **_: Any
    ) -> None:
        if state.is_world_process_zero:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": state.global_step, **(logs or {})}) + "\n")


def features_of(corpora: Sequence[Corpus], model: LayeredTagger, featurizer: Featurizer) -> Features:
    """Cuts corpora into windows with labels."""
    documents = [d for corpus in corpora for d in corpus.documents]
    layers = [corpus.layers for corpus in corpora for _ in corpus.documents]
    cuts, windows = featurizer.documents([d.text for d in documents])
    gold = [
        document_tags(d, cut, model.codecs, annotated)
        for d, cut, annotated in zip(documents, cuts, layers, strict=True)
    ]
    rows = [{"input_ids": w.input_ids, "labels": window_labels(w, gold[w.document])} for w in windows]
    return Features(documents, layers, cuts, windows, gold, Dataset.from_list(rows))


def _gold_ids(features: Features, layer: int) -> tuple[list[int], np.ndarray]:
    """Documents that annotate a layer, and the tag ids of all their atoms, joined."""
    inside = [d for d, gold in enumerate(features.gold) if gold[layer] is not None]
    ids = [np.array(features.gold[d][layer], dtype=np.int64) for d in inside]
    return inside, np.concatenate(ids) if ids else np.zeros(0, dtype=np.int64)


class DevScore:
    """Strict micro-F1 on dev from Trainer's logits, the mean over the layers that dev annotates."""

    def __init__(self, features: Features, model: LayeredTagger) -> None:
        self.features, self.model = features, model

    def logits(self, predictions: Any) -> list[dict[str, np.ndarray]]:
        """Logits of each document of dev, [atoms, tags] a layer, from Trainer's rows, which stand as the windows do."""
        f = self.features
        joined = atom_logits(f.cuts, f.windows, list(predictions), self.model.outside())
        return [self.model.by_layer(row) for row in joined]

    def __call__(self, prediction: EvalPrediction) -> dict[str, float]:
        logits = self.logits(prediction.predictions)
        found: dict[str, float] = {}
        for i, (layer, codec) in enumerate(self.model.codecs.items()):
            inside, _ = _gold_ids(self.features, i)
            if not inside:
                continue
            pairs = []
            for d in inside:
                ids = self.features.gold[d][i]
                assert ids is not None
                pairs.append(Pair(codec.to_tags(ids), decode_tags(logits[d][layer], codec)))
            found[f"{layer}_f1"] = score_mode(pairs, codec.labels, "strict").micro.f1
        return {"f1": float(np.mean(list(found.values()))), **found}

    def temperatures(self, predictions: Any) -> dict[str, float]:
        """Calibration of each layer that dev annotates."""
        logits = self.logits(predictions)
        found = {}
        for i, layer in enumerate(self.model.codecs):
            inside, gold = _gold_ids(self.features, i)
            if inside:
                found[layer] = fit_temperature(np.concatenate([logits[d][layer] for d in inside]), gold)
        return found


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
    return config.batch_size * config.accumulation * _processes().num_processes if config.group_by_length else 1


def _precision(wanted: str) -> dict[str, Any]:
    if wanted == "auto":
        if not torch.cuda.is_available():
            return {}
        wanted = "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    return {} if wanted == "fp32" else {wanted: True}


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
        **_precision(t.precision),
    )


def _checkpoint_damage(folder: Path) -> str | None:
    """Why a checkpoint can't be resumed from, or None. Trainer itself resumes from an incomplete one in silence."""
    try:
        json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))
        with safe_open(folder / "model.safetensors", framework="pt") as weights:
            weights.keys()
    except (OSError, ValueError, SafetensorError) as error:
        return str(error)
    states = [folder / "optimizer.pt", folder / "scheduler.pt", *folder.glob("rng_state*.pth")]
    if len(states) < 3:
        return "no rng_state*.pth"
    for state in states:
        if not state.is_file() or not zipfile.is_zipfile(state):
            return f"{state.name} is missing or cut short"
    return None


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint below a seed's folder; a damaged newer one is named in a warning and removed."""
    found = sorted((folder / CHECKPOINTS).glob("checkpoint-*"), key=lambda p: int(p.name.rsplit("-", 1)[1]))
    for checkpoint in reversed(found):
        damage = _checkpoint_damage(checkpoint)
        if damage is None:
            return checkpoint
        logger.warning("%s can't be resumed from (%s): removed, going back to the one before", checkpoint, damage)
        shutil.rmtree(checkpoint)
    return None


def _processes() -> PartialState:
    """The processes of this run: one, or those of `accelerate launch`."""
    return PartialState(cpu=not torch.cuda.is_available())


def _prepare(config: RunConfig, folder: Path, *, resume: bool, overwrite: bool) -> None:
    """Makes the run folder, or checks that the one to resume is of the same config."""
    saved = folder / CONFIG
    text = to_yaml(config)
    if resume:
        if saved.is_file() and saved.read_text(encoding="utf-8") != text:
            raise KhabarError(
                f"{saved} differs from the config given. Remedy: resume with the config and overrides the run began "
                "with, or train into another --run-dir."
            )
    elif saved.exists() and not overwrite:
        raise KhabarError(
            f"{folder} holds a run already. Remedy: --resume to go on with it, --overwrite to lose it, or another "
            "--run-dir."
        )
    elif overwrite and saved.exists():
        shutil.rmtree(folder)
    with whole_file(saved) as file:
        file.write(text)


def train(config: RunConfig, folder: str | Path, *, resume: bool = False, overwrite: bool = False) -> Result:
    """Trains one model a seed, saves and scores each, and fills the run folder.

    Raises KhabarError (CorpusError for faulty data) before anything is trained.
    """
    run = Path(folder)
    splits, log = read_splits(config.data, config.scheme)
    processes = _processes()
    if processes.is_main_process:
        _prepare(config, run, resume=resume, overwrite=overwrite)
        _write_data_report(run, splits, log)
    processes.wait_for_everyone()
    disable_progress_bar()
    scores, models = [], []
    for seed in config.seeds:
        seed_folder = run / f"seed-{seed}" if len(config.seeds) > 1 else run
        scored = _train_seed(config, seed, seed_folder, splits, resume=resume)
        models.append(seed_folder / MODEL)
        scores += [scored] if scored else []
    if len(scores) > 1:
        _write_json(run / SCORES, {"seeds": config.seeds, "test": over_seeds(scores)})
    return Result(scores, models, log)


def _train_seed(
    config: RunConfig, seed: int, folder: Path, splits: dict[str, list[Corpus]], *, resume: bool
) -> Scores | None:
    folder.mkdir(parents=True, exist_ok=True)
    transformers.set_seed(seed)
    tokenizer = load_tokenizer(config.encoder.name, config.encoder.revision)
    model = build(config.encoder, config.scheme, seed)
    cap = longest_window(model, tokenizer)
    context = config.windows.context

    def featurizer(pieces: int) -> Featurizer:
        size = min(pieces, cap)
        return Featurizer(tokenizer, size, min(context, (size - 10) // 2), config.encoder.fold)

    reader = featurizer(config.windows.train_pieces)
    train_set = features_of(splits["train"], model, reader)
    _check_labels(train_set)
    if reader.clipped.atoms_without_pieces or reader.clipped.atoms_clipped:
        logger.warning("train: %s", reader.clipped)
    dev_set = features_of(splits["dev"], model, featurizer(config.windows.pieces)) if splits["dev"] else None
    dev_score = DevScore(dev_set, model) if dev_set else None

    os.environ["TENSORBOARD_LOGGING_DIR"] = str(folder / "tensorboard")
    callbacks: list[TrainerCallback] = [_JsonLog(folder / "log.jsonl")]
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
        ),
        eval_dataset=dev_set.dataset if dev_set else None,
        data_collator=Collator(tokenizer.pad_token_id),
        compute_metrics=dev_score,
        callbacks=callbacks,
        optimizers=(optimizer_for(model, config.training), None),
    )
    checkpoint = None
    if resume:
        with _processes().main_process_first():
            checkpoint = newest_checkpoint(folder)
    if resume:
        logger.info(
            "seed %s: %s", seed, f"resuming from {checkpoint}" if checkpoint else "no checkpoint, from the start"
        )
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    temperature = {}
    if dev_set and dev_score:
        temperature = dev_score.temperatures(trainer.predict(dev_set.dataset).predictions)
    if not _processes().is_main_process:
        return None
    settings = Settings(scheme=config.scheme, fold=config.encoder.fold, windows=config.windows, temperature=temperature)
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
    _write_json(folder / SCORES, {"seed": seed, "test": together.to_json(), "corpora": by_corpus})
    return together


def _write_json(path: Path, value: Any) -> None:
    with whole_file(path) as file:
        json.dump(value, file, ensure_ascii=False, indent=2)
        file.write("\n")


def _write_data_report(folder: Path, splits: dict[str, list[Corpus]], log: FaultLog) -> None:
    """What was read, repaired and noted, beside the results it led to."""
    report = {
        split: [{"path": c.name, "documents": len(c.documents), "layers": sorted(c.layers)} for c in corpora]
        for split, corpora in splits.items()
    }
    _write_json(
        folder / "data.json",
        {**report, "counts": dict(log.counts), "repaired and noted": [str(fault) for fault in log.faults]},
    )
