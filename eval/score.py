"""`khabar evaluate`, from a checkout."""

import typer

from khabar.cli import evaluate

if __name__ == "__main__":
    typer.run(evaluate)
