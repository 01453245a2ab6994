"""Masked-LM loss of encoders on one held-out text: the end of an archive, whole words masked, the same for all.

    python eval/masked_loss.py corpora/text/news-3.txt.bz2 --model ENCODER --model OTHER

Comparable between encoders of one tokenizer only, and fair only where none of them was trained on these pieces (the
bundled recipe holds out the last 400,000 of the archive).
"""

from __future__ import annotations

import json
import math
import tempfile
from collections import deque
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch.utils.data import DataLoader, default_collate

from khabar.archives import ArchiveLog, texts
from khabar.config import FoldConfig
from khabar.faults import KhabarError
from khabar.formats.lines import whole_file
from khabar.masked_lm import checkpoint
from khabar.model import load_tokenizer
from khabar.packing import Blocks, Specials, Stream, pack
from khabar.pretraining_config import StartConfig

CHARACTERS_A_PIECE = 3


def tail(path: Path, pieces: int) -> list[str]:
    """The last documents of an archive, about so many pieces."""
    kept: deque[str] = deque()
    size = 0
    for text in texts([path], ArchiveLog()):
        kept.append(text)
        size += len(text)
        while size - len(kept[0]) > CHARACTERS_A_PIECE * pieces:
            size -= len(kept.popleft())
    return list(kept)


def loss_of(name: str, text: Path, *, size: int, batch: int) -> tuple[float, int]:
    """Mean loss over masked pieces, and their number."""
    tokenizer = load_tokenizer(name)
    model = checkpoint(StartConfig(name=name)).eval()
    fold = FoldConfig(diacritics=False, tatweel=False, digits=False)
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "packed"
        pack([text], tokenizer, packed, text_field="text", fold=fold)
        stream = Stream(packed, 0, json.loads((packed / "report.json").read_text())["pieces"])
        blocks = Blocks(stream, Specials.of(tokenizer), size=size, rate=0.2, whole_words=True, seed=0, shuffle=False)
        total, n = 0.0, 0
        with torch.inference_mode():
            for rows in DataLoader(blocks, batch_size=batch, collate_fn=default_collate):
                here = int((rows["labels"] >= 0).sum())
                total += float(model(**rows)["loss"]) * here
                n += here
    return total / n, n


def main(
    archive: Annotated[Path, typer.Argument(help="Text file whose end is held out.")],
    model: Annotated[list[str], typer.Option(help="Encoder: folder or hub name; give several.")],
    pieces: Annotated[int, typer.Option(help="Pieces to measure on, about.")] = 100_000,
    size: Annotated[int, typer.Option(help="Pieces of a block.")] = 128,
    batch: Annotated[int, typer.Option(help="Blocks at once.")] = 16,
    out: Annotated[Path | None, typer.Option(help="JSON file to write.")] = None,
) -> None:
    """Print loss and perplexity of each encoder."""
    found = {}
    try:
        with tempfile.TemporaryDirectory() as folder:
            text = Path(folder) / "tail.jsonl"
            lines = [json.dumps({"text": document}, ensure_ascii=False) for document in tail(archive, pieces)]
            text.write_text("\n".join(lines) + "\n", encoding="utf-8")
            for name in model:
                loss, n = loss_of(name, text, size=size, batch=batch)
                found[Path(name).name] = {"loss": loss, "perplexity": math.exp(loss), "masked pieces": n}
                typer.echo(f"{name}: loss {loss:.3f}, perplexity {math.exp(loss):.1f}, {n:,} masked pieces")
    except KhabarError as error:
        raise typer.BadParameter(str(error)) from error
    if out is not None:
        with whole_file(out) as file:
            json.dump({"archive": archive.name, "block": size, **found}, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    typer.run(main)
