"""Masked-LM training: Hugging Face's Trainer, composed and never subclassed, and the run folder it fills.

A run folder holds `config.yaml` (resolved), `data.json` (what was read and left out), `tokenizer/` and `vectors.npy`
where they were trained, `log.jsonl`, `tensorboard/`, `checkpoints/`, `stable/` (the checkpoint from before the rate
falls, from which the run can be prolonged), `model/` and `summary.json`.
"""

from __future__ import annotations

import json
import logging
import math
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import transformers
from safetensors.torch import load_file
from torch import nn
from transformers import Trainer, TrainerState, TrainingArguments, default_data_collator
from transformers.integrations import TensorBoardCallback
from transformers.utils.logging import disable_progress_bar

from khabar.archives import ArchiveLog, files_of, texts
from khabar.config import to_yaml
from khabar.faults import KhabarError
from khabar.formats.lines import whole_folder
from khabar.masked_lm import MaskedLM, check_shape, checkpoint, fresh, set_embeddings
from khabar.model import load_tokenizer, longest_window
from khabar.optimizers import optimizer_for
from khabar.packing import Blocks, Specials, Stream, fingerprint, pack, reading, report, split
from khabar.pretraining_config import PretrainConfig
from khabar.runs import (
    CHECKPOINTS,
    JsonLog,
    newest_checkpoint,
    precision,
    prepare_folder,
    processes,
    write_json,
)
from khabar.skipgram import centred, read_vectors, skip_gram
from khabar.stable import LOG, KeepStable, go_back, step_of
from khabar.throughput import Throughput, flops_per_piece, hardware, peak_flops, peak_memory
from khabar.wordpiece import train_wordpiece

logger = logging.getLogger(__name__)

MODEL, SUMMARY, DATA, TOKENIZER, VECTORS = "model", "summary.json", "data.json", "tokenizer", "vectors.npy"


@dataclass(frozen=True)
class Result:
    """What a run came to: the folder of the model, and what `summary.json` and `data.json` say."""

    model: Path
    summary: dict[str, Any]
    data: dict[str, Any]


def pretrain(
    config: PretrainConfig, folder: str | Path, *, resume: bool = False, overwrite: bool = False, prolong: bool = False
) -> Result:
    """Trains a masked language model, saves it as its stock class, and fills the run folder.

    `resume` goes on from the newest whole checkpoint, to the bit as if the run had never stopped. `prolong` gives a
    run more steps: it goes on from before its rate fell, to the bit as if it had been given them at first. Raises
    KhabarError before anything is trained.
    """
    run = Path(folder)
    disable_progress_bar()
    files = files_of(config.data.root, config.data.train)
    check_shape(config.encoder)
    state = processes()
    if state.is_main_process:
        if prolong:
            go_back(config, run)
        prepare_folder(run, to_yaml(config), resume=resume or prolong, overwrite=overwrite)
    state.wait_for_everyone()
    transformers.set_seed(config.seed)
    tokenizer = _tokenizer(config, run, files)
    packed = _packed(config, run, files, tokenizer)
    training, held_out = split(packed, config.data.held_out, tokenizer.sep_token_id)
    model = _model(config, run, tokenizer, training)
    _check(config, model, tokenizer, report(packed))
    trainer, speed = _trainer(config, run, model, tokenizer, training, held_out)

    last = None
    if resume or prolong:
        with state.main_process_first():
            last = newest_checkpoint(run)
        logger.info("resuming from %s", last) if last else logger.info("no checkpoint, from the start")
    done = step_of(last) if last else 0
    if last is not None and done >= config.training.steps:
        # Trainer would do one step more.
        model.load_state_dict(load_file(last / "model.safetensors"))
        trainer.state = TrainerState.load_from_json(str(last / "trainer_state.json"))
        speed.on_train_begin(trainer.args, trainer.state, trainer.control)
    else:
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    data = json.loads((run / DATA).read_text(encoding="utf-8"))
    summary = _summary(config, trainer, speed, training, held_out)
    if state.is_main_process:
        shutil.rmtree(run / MODEL, ignore_errors=True)
        with whole_folder(run / MODEL) as target:
            model.save(tokenizer, target, dtype=config.training.save_dtype)
        write_json(run / SUMMARY, summary)
    state.wait_for_everyone()
    return Result(run / MODEL, summary, data)


def _made_by_main(path: Path, make: Callable[[], None]) -> None:
    """Has the main process make `path`, which appears whole; the others wait for it.

    They look for the file and don't meet at a barrier, which would give up after minutes; packing may take hours.
    """
    if processes().is_main_process:
        if not path.exists():
            make()
    else:
        while not path.exists():
            time.sleep(0.2)


def _tokenizer(config: PretrainConfig, run: Path, files: Sequence[Path]) -> Any:
    """The checkpoint's, the one named, or one trained on the text, which then lies in the run folder."""
    if config.encoder.name is not None:
        return load_tokenizer(config.encoder.name, config.encoder.revision)
    wanted = config.tokenizer
    assert wanted is not None
    if wanted.name is not None:
        return load_tokenizer(wanted.name)

    def make() -> None:
        with reading(files, "vocabulary") as progress, whole_folder(run / TOKENIZER) as folder:
            train_wordpiece(
                texts(files, ArchiveLog(), text_field=config.data.text_field, advance=progress),
                vocabulary=wanted.vocabulary,
                alphabet=wanted.alphabet,
                min_frequency=wanted.min_frequency,
            ).save_pretrained(folder)

    _made_by_main(run / TOKENIZER, make)
    return load_tokenizer(str(run / TOKENIZER))


def _packed(config: PretrainConfig, run: Path, files: Sequence[Path], tokenizer: Any) -> Path:
    """The folder of the packed text. Raises KhabarError when a run is resumed over other text than it began with."""
    field, fold = config.data.text_field, config.encoder.fold
    name = fingerprint(files, tokenizer, text_field=field, fold=fold)
    packed = Path(config.data.cache) / name
    _made_by_main(packed, lambda: pack(files, tokenizer, packed, text_field=field, fold=fold))
    if processes().is_main_process:
        said = run / DATA
        if said.is_file() and (before := json.loads(said.read_text(encoding="utf-8"))["fingerprint"]) != name:
            raise KhabarError(
                f"the text or the tokenizer is not what {run} began with (packed as {before}, now {name}). Remedy: "
                "bring the files back, or train into another --run-dir."
            )
        write_json(said, {"fingerprint": name, **report(packed)})
    processes().wait_for_everyone()
    return packed


def _model(config: PretrainConfig, run: Path, tokenizer: Any, training: Stream) -> MaskedLM:
    if config.encoder.name is not None:
        return checkpoint(config.encoder)
    model = fresh(config.encoder, tokenizer, config.seed)
    start = config.embeddings
    if start is None or (start.skip_gram is None and start.file is None):
        return model
    vocabulary, size = cast(nn.Embedding, model.stock.get_input_embeddings()).weight.shape
    path = Path(start.file) if start.file is not None else run / VECTORS
    if start.skip_gram is not None:
        wanted = start.skip_gram

        def make() -> None:
            logger.info("skip-gram over %s pieces, %s pass(es)", f"{len(training):,}", wanted.epochs)
            vectors = skip_gram(
                training,
                wanted,
                vocabulary=vocabulary,
                size=size,
                separator=tokenizer.sep_token_id,
                seed=config.seed,
            )
            part = path.with_suffix(".part.npy")
            np.save(part, vectors)
            part.replace(path)

        _made_by_main(path, make)
    vectors = read_vectors(path, vocabulary=vocabulary, size=size)
    set_embeddings(model, centred(vectors, scale=start.scale, seed=config.seed))
    return model


def _check(config: PretrainConfig, model: MaskedLM, tokenizer: Any, packed: dict[str, Any]) -> None:
    cap = longest_window(cast(Any, model), tokenizer)
    if config.blocks.pieces > cap:
        raise KhabarError(
            f"blocks.pieces is {config.blocks.pieces}, the encoder takes {cap}. Remedy: give at most {cap}."
        )
    # Many tokenizers name no length, or one of 1e30; what is saved beside the model shall.
    tokenizer.model_max_length = cap
    rows = cast(nn.Embedding, model.stock.get_input_embeddings()).num_embeddings
    if len(tokenizer) > rows:
        raise KhabarError(
            f"the tokenizer has {len(tokenizer)} entries, the encoder {rows}. Remedy: take a checkpoint whose files "
            "belong together."
        )
    if config.blocks.whole_words and packed["pieces"] > 20 * packed["words"]:
        raise KhabarError(
            "the tokenizer doesn't tell words apart (more than 20 pieces a word). Remedy: blocks.whole_words=false"
        )


def _arguments(config: PretrainConfig, run: Path, *, measured: bool) -> TrainingArguments:
    t = config.training
    cuda = torch.cuda.is_available()
    # TF32 from Ampere on; elsewhere Trainer refuses the word.
    tf32: dict[str, Any] = {"tf32": True} if cuda and torch.cuda.get_device_capability()[0] >= 8 else {}
    return TrainingArguments(
        output_dir=str(run / CHECKPOINTS),
        max_steps=t.steps,
        per_device_train_batch_size=t.batch_size,
        per_device_eval_batch_size=t.batch_size,
        gradient_accumulation_steps=t.accumulation,
        learning_rate=t.learning_rate,
        lr_scheduler_type="warmup_stable_decay",
        lr_scheduler_kwargs={
            "num_decay_steps": t.decay_steps,
            "decay_type": t.decay_form,
            "min_lr_ratio": t.last_rate,
        },
        warmup_steps=t.warmup,
        max_grad_norm=t.max_grad_norm,
        # Blocks shuffles; held-out text must keep its order.
        train_sampling_strategy="sequential",
        # Batches of one shape, for torch.compile.
        dataloader_drop_last=True,
        eval_strategy="steps" if measured else "no",
        eval_steps=t.evaluate_every,
        prediction_loss_only=True,
        save_strategy="steps",
        save_steps=t.save_every,
        save_total_limit=t.keep_checkpoints,
        logging_steps=t.log_every,
        seed=config.seed,
        use_cpu=not cuda,
        dataloader_num_workers=t.workers,
        dataloader_pin_memory=cuda,
        ddp_find_unused_parameters=False,
        torch_compile=cuda if t.compile == "auto" else t.compile,
        # Looking for NaN at each step would wait for the GPU, and hide it.
        logging_nan_inf_filter=False,
        remove_unused_columns=False,
        label_names=["labels"],
        report_to="none",
        **tf32,
        **precision(t.precision),
    )


def _trainer(
    config: PretrainConfig, run: Path, model: MaskedLM, tokenizer: Any, training: Stream, held_out: Stream
) -> tuple[Trainer, Throughput]:
    specials = Specials.of(tokenizer)
    shape: dict[str, Any] = {
        "size": config.blocks.pieces,
        "rate": config.blocks.rate,
        "whole_words": config.blocks.whole_words,
    }
    t, n = config.training, processes().num_processes
    batch = n * t.batch_size
    train_set = Blocks(training, specials, seed=config.seed, shuffle=True, group=batch * t.accumulation, **shape)
    # The same masks whatever the seed of the run, so that runs can be compared.
    dev_set = Blocks(held_out, specials, seed=0, shuffle=False, group=batch, **shape)
    for key, stream, blocks in (("train", training, train_set), ("held_out", held_out, dev_set)):
        if not len(blocks) and (key == "train" or config.data.held_out):
            raise KhabarError(
                f"data.{key}: {len(stream):,} pieces make no batch of {blocks.group} blocks of {blocks.size}. "
                "Remedy: more text, or a smaller training.batch_size."
            )
    arguments = _arguments(config, run, measured=bool(config.data.held_out))
    device, dtype = arguments.device, torch.bfloat16 if arguments.bf16 else torch.float32
    peak, source = peak_flops(device, dtype)
    flops = flops_per_piece(model.stock, pieces=shape["size"], masked=train_set.masked)
    speed = Throughput(tokens=t.batch_size * t.accumulation * n * shape["size"], flops=flops, peak=n * peak)
    logger.info(
        "%s training blocks, %s held out; %.1f MFLOP a piece; peak %.2f TFLOP/s a process (%s)",
        f"{len(train_set):,}",
        f"{len(dev_set):,}",
        flops / 1e6,
        peak / 1e12,
        source,
    )
    os.environ["TENSORBOARD_LOGGING_DIR"] = str(run / "tensorboard")
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=train_set,
        eval_dataset=dev_set if config.data.held_out else None,
        data_collator=default_data_collator,
        # Throughput adds to what the two after it write.
        callbacks=[speed, TensorBoardCallback(), JsonLog(run / LOG), KeepStable(run, t.stable_until)],
        optimizers=(optimizer_for(model, t), None),
    )
    return trainer, speed


def _summary(
    config: PretrainConfig, trainer: Trainer, speed: Throughput, training: Stream, held_out: Stream
) -> dict[str, Any]:
    steps, device = trainer.state.global_step, trainer.args.device
    losses = {key: [row[key] for row in trainer.state.log_history if key in row] for key in ("loss", "eval_loss")}
    measured = losses["eval_loss"][-1] if losses["eval_loss"] else None
    stock = cast(MaskedLM, trainer.model).stock
    return {
        "steps": steps,
        "tokens": steps * speed.tokens,
        "passes": round(trainer.state.epoch or 0, 3),
        "seconds": round(speed.seconds, 1),
        **speed.session(),
        "training_loss": losses["loss"][-1] if losses["loss"] else None,
        "held_out_loss": measured,
        "held_out_perplexity": None if measured is None else math.exp(min(measured, 50)),
        "pieces": {"training": len(training), "held_out": len(held_out)},
        "parameters": sum(p.numel() for p in stock.parameters()),
        "hardware": hardware(device, processes().num_processes),
        "precision": "bf16" if trainer.args.bf16 else "fp16" if trainer.args.fp16 else "fp32",
        "compiled": trainer.args.torch_compile,
        "peak_memory_bytes": peak_memory(device),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "name": config.name,
    }
