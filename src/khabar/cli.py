"""The console command `khabar`: its verbs."""

from __future__ import annotations

import typer

from khabar.cli_claims import claims, numbers
from khabar.cli_data import check, convert
from khabar.cli_pretraining import pretrain
from khabar.cli_tagging import evaluate, predict
from khabar.cli_training import train

app = typer.Typer(
    help="Named entities and checkable numeric claims from Arabic news.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for verb in (train, pretrain, check, convert, predict, claims, numbers, evaluate):
    app.command()(verb)


def main() -> None:
    """Entry point of the console command."""
    app()


if __name__ == "__main__":
    main()
