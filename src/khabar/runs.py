"""The folder of a run: its resolved config, log and checkpoints, and what training of either kind shares."""

from __future__ import annotations

import json
import logging
import shutil
import zipfile
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from safetensors import SafetensorError, safe_open
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from khabar.faults import KhabarError
from khabar.formats.lines import whole_file

logger = logging.getLogger(__name__)

CHECKPOINTS, CONFIG = "checkpoints", "config.yaml"


class JsonLog(TrainerCallback):
    """Appends each of Trainer's log entries to a file as a line of JSON."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, logs: Any = None, **_: Any
    ) -> None:
        if state.is_world_process_zero:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": state.global_step, **(logs or {})}) + "\n")


def precision(wanted: str) -> dict[str, Any]:
    if wanted == "auto":
        if not torch.cuda.is_available():
            return {}
        wanted = "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    return {} if wanted == "fp32" else {wanted: True}


def checkpoint_damage(folder: Path) -> str | None:
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
        damage = checkpoint_damage(checkpoint)
        if damage is None:
            return checkpoint
        logger.warning("%s can't be resumed from (%s): removed, going back to the one before", checkpoint, damage)
        shutil.rmtree(checkpoint)
    return None


def processes() -> PartialState:
    """The processes of this run: one, or those of `accelerate launch`."""
    return PartialState(cpu=not torch.cuda.is_available())


def prepare_folder(folder: Path, text: str, *, resume: bool, overwrite: bool) -> None:
    """Makes the run folder, or checks that the one to resume is of the same config, whose resolved YAML is `text`."""
    saved = folder / CONFIG
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


def write_json(path: Path, value: Any) -> None:
    with whole_file(path) as file:
        json.dump(value, file, ensure_ascii=False, indent=2)
        file.write("\n")
