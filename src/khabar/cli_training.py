"""The verb `train`."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from khabar.config import load_config
from khabar.console import (
    err,
    out_console,
    reports_errors,
)
from khabar.faults import KhabarError
from khabar.report import score_tables, seeds_table
from khabar.scoring import over_seeds


@reports_errors
def train(
    config: Annotated[Path, typer.Argument(help="Run config.")] = Path("configs/compact.yaml"),
    overrides: Annotated[list[str] | None, typer.Argument(help="key.sub=value, over the config's own.")] = None,
    seeds: Annotated[str | None, typer.Option(help="Seeds, one training run each: 1,2,3.")] = None,
    run_dir: Annotated[Path | None, typer.Option(help="Folder of the run; none: runs/NAME.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the newest whole checkpoint.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Lose what the run folder holds.")] = False,
) -> None:
    """Fine-tune an encoder on a corpus, score it, save it."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("khabar").setLevel(logging.INFO)
    changes = list(overrides or [])
    if seeds is not None:
        changes.append(f"seeds=[{seeds}]")
    settings = load_config(config, changes)
    if resume and overwrite:
        raise KhabarError("--resume and --overwrite contradict each other: give one.")
    from khabar.training import train as run

    folder = run_dir or Path("runs") / settings.name
    result = run(settings, folder, resume=resume, overwrite=overwrite)
    if int(os.environ.get("RANK", "0")):
        return
    out = out_console()
    for fault in result.log.of("note"):
        err().print(escape(f"note: {fault}"))
    if repaired := len(result.log.of("repair")):
        out.print(f"{repaired} repair(s) in the data, listed in {folder / 'data.json'}")
    if len(result.scores) > 1:
        out.print(seeds_table(over_seeds(result.scores), settings.seeds))
    elif result.scores:
        out.print(score_tables(result.scores[0], overlaps=False))
    else:
        out.print("no data.test: nothing was scored")
    out.print(f"run folder: {folder}; model: {', '.join(map(str, result.models))}")
