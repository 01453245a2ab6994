"""`khabar predict`, from a checkout."""

import typer

from khabar.cli import predict

if __name__ == "__main__":
    typer.run(predict)
