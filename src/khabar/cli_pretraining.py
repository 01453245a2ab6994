"""The verb `pretrain`."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Annotated

import typer

from khabar.config import load_config
from khabar.console import err, out_console, reports_errors
from khabar.faults import KhabarError
from khabar.pretraining_config import PretrainConfig


@reports_errors
def pretrain(
    config: Annotated[Path, typer.Argument(help="Pretraining config.")] = Path("configs/pretrain-compact.yaml"),
    overrides: Annotated[list[str] | None, typer.Argument(help="key.sub=value, over the config's own.")] = None,
    run_dir: Annotated[Path | None, typer.Option(help="Folder of the run; none: runs/NAME.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the newest whole checkpoint.")] = False,
    prolong: Annotated[
        bool, typer.Option("--prolong", help="Go on from before the rate fell, to more training.steps.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Lose what the run folder holds.")] = False,
) -> None:
    """Train a masked language model on plain text, from scratch or from a checkpoint."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("khabar").setLevel(logging.INFO)
    settings = load_config(config, overrides, model=PretrainConfig)
    if resume + prolong + overwrite > 1:
        raise KhabarError("--resume, --prolong and --overwrite contradict each other: give one.")
    from khabar.pretraining import pretrain as run

    folder = run_dir or Path("runs") / settings.name
    result = run(settings, folder, resume=resume, overwrite=overwrite, prolong=prolong)
    if int(os.environ.get("RANK", "0")):
        return
    out, said = out_console(), result.summary
    for what, number in result.data["left out"]["counts"].items():
        err().print(f"left out or cut: {number:,} x {what} (listed in {folder / 'data.json'})")
    out.print(
        f"{said['steps']:,} steps, {said['tokens']:,} tokens ({said['passes']} passes), {said['seconds']:,.0f} s of "
        f"training on {said['hardware']}, {said['precision']}"
    )
    if said["tokens_per_second"] is not None:
        out.print(f"{said['tokens_per_second']:,.0f} tokens/s, MFU {said['mfu']:.1%}")
    if said["held_out_loss"] is not None:
        out.print(f"held-out loss {said['held_out_loss']:.4f}, perplexity {said['held_out_perplexity']:.1f}")
    out.print(f"run folder: {folder}; model: {result.model}")
