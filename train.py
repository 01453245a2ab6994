"""`khabar train`, from a checkout."""

import typer

from khabar.cli import train

if __name__ == "__main__":
    typer.run(train)
