"""What the commands share: consoles, options, and errors as messages with an exit code."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from khabar.faults import KhabarError
from khabar.scheme import Scheme

ModelOption = Annotated[
    str | None, typer.Option(help="Folder or hub name of a Khabar model; none: the one that ships with Khabar.")
]
DecodingOption = Annotated[
    str, typer.Option(help="viterbi: legal tags only; argmax: each atom's best, as most published scores.")
]
AllowBidi = Annotated[bool, typer.Option("--allow-bidi", help="Accept invisible direction marks.")]


def err() -> Console:
    """Standard error: progress, notes, errors."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def out_console(width: int | None = None) -> Console:
    """Standard output, for people."""
    # Without a terminal rich would fold tables at 80 columns.
    return Console(highlight=False, width=width or (None if sys.stdout.isatty() else 160))


def reports_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Turns errors a user can act on into a message and exit code 2, Ctrl-C into 130."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except KhabarError as error:
            err().print(f"[bold red]error:[/bold red] {escape(str(error))}")
            raise typer.Exit(2) from error
        except KeyboardInterrupt:
            err().print("interrupted; a training run goes on with --resume")
            raise typer.Exit(130) from None

    return run


def progress() -> Progress:
    """A bar on standard error that goes when it is done."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=err(), transient=True)


def known_layers(given: str, scheme: Scheme) -> list[str]:
    """The layers named in `a,b`. Raises KhabarError for one that the scheme does not have."""
    wanted = given.split(",")
    for layer in wanted:
        if layer not in scheme.layers:
            raise KhabarError(f"--layers {layer!r}: the scheme has {', '.join(scheme.layers)}.")
    return wanted
