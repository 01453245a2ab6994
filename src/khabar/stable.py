"""The checkpoint from before the rate falls: kept beside the run, so that the run can be prolonged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from khabar.config import load_config, to_yaml
from khabar.faults import KhabarError
from khabar.formats.lines import whole_file, whole_folder
from khabar.pretraining_config import PretrainConfig
from khabar.runs import CHECKPOINTS, CONFIG, checkpoint_damage, processes

STABLE, LOG = "stable", "log.jsonl"


class KeepStable(TrainerCallback):
    """Saves a checkpoint after `step`, the last before the rate falls, and keeps it in a folder of its own."""

    def __init__(self, run: Path, step: int) -> None:
        self.run, self.step = run, step

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if state.global_step == self.step:
            control.should_save = True

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        # A run that was killed between saving and keeping is resumed from the very checkpoint.
        self._keep(state)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._keep(state)

    def _keep(self, state: TrainerState) -> None:
        if state.global_step != self.step or not self.step:
            return
        # Every process writes its own random state into the checkpoint.
        processes().wait_for_everyone()
        if state.is_world_process_zero:
            keep = self.run / STABLE / f"checkpoint-{self.step}"
            copy_whole(self.run / CHECKPOINTS / keep.name, keep)
            for other in keep.parent.iterdir():
                if other != keep:
                    shutil.rmtree(other)


def go_back(config: PretrainConfig, run: Path) -> None:
    """Puts a run back to where its rate began to fall, under a config of more steps. Any moment may be its last."""
    if not (run / CONFIG).is_file():
        raise KhabarError(f"{run}: no run to prolong. Remedy: train one first, or give its --run-dir.")
    old = load_config(run / CONFIG, model=PretrainConfig)
    same = config.training.model_copy(update={"steps": old.training.steps})
    if config.model_copy(update={"training": same}) != old:
        raise KhabarError(
            f"{run / CONFIG} differs from the config given in more than training.steps. Remedy: prolong with the "
            "config and overrides the run began with, and more steps."
        )
    if config.training.steps <= old.training.steps:
        raise KhabarError(
            f"{run} has {old.training.steps} steps already. Remedy: give more (training.steps=N), or --resume."
        )
    found = [*(run / STABLE).glob("checkpoint-*"), *(run / CHECKPOINTS).glob("checkpoint-*")]
    usable = [p for p in found if step_of(p) <= old.training.stable_until and checkpoint_damage(p) is None]
    if not usable:
        raise KhabarError(
            f"{run}: no whole checkpoint from before step {old.training.stable_until}, where the rate began to fall. "
            "Remedy: go on from its model in a new run (encoder.name)."
        )
    start = max(usable, key=step_of)
    if start.parent.name == STABLE:
        copy_whole(start, run / CHECKPOINTS / start.name)
    for other in (run / CHECKPOINTS).glob("checkpoint-*"):
        if step_of(other) > step_of(start):
            shutil.rmtree(other)
    with (run / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps({"step": step_of(start), "prolonged_to": config.training.steps}) + "\n")
    with whole_file(run / CONFIG) as file:
        file.write(to_yaml(config))


def step_of(folder: Path) -> int:
    return int(folder.name.rsplit("-", 1)[1])


def copy_whole(source: Path, target: Path) -> None:
    """Copies a checkpoint; the copy has its name only once it is whole. One that is whole already stays."""
    if target.is_dir() and checkpoint_damage(target) is None:
        return
    shutil.rmtree(target, ignore_errors=True)
    with whole_folder(target) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
