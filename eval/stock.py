"""How far the stock pipeline, which knows nothing of Khabar, agrees with the tagger on entities.

    python eval/stock.py data/khabar-news/dev.marked --model models/khabar-compact

Counts entities (offsets and label) that both found, for both ways of decoding. What differs under `argmax` comes from
what the pipeline does not know: atoms (it may cut a number between digits), windows, folding.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from transformers import pipeline

from khabar.config import Source
from khabar.corpus import read_corpus
from khabar.decoding import Decoding
from khabar.faults import FaultLog, KhabarError
from khabar.formats.lines import whole_file
from khabar.tagger import Tagger, bundled_model

DECODINGS: tuple[Decoding, ...] = ("viterbi", "argmax")


def main(
    path: Annotated[Path, typer.Argument(help="Documents: annotated ones, of which only the text is used.")],
    model: Annotated[str | None, typer.Option(help="Model; none: the one that ships.")] = None,
    out: Annotated[Path | None, typer.Option(help="JSON file to write.")] = None,
) -> None:
    """Print how many entities the two have in common."""
    log = FaultLog()
    name = model or str(bundled_model())
    try:
        tagger = Tagger.from_pretrained(name)
        documents = read_corpus(Source(path=str(path)), tagger.scheme, log).documents
        log.raise_errors()
    except KhabarError as error:
        raise typer.BadParameter(str(error)) from error
    stock = pipeline("token-classification", model=name, aggregation_strategy="first", trust_remote_code=False)
    theirs = [{(e["start"], e["end"], e["entity_group"]) for e in stock(d.text)} for d in documents]
    first = next(iter(tagger.scheme.layers))
    found = {}
    for decoding in DECODINGS:
        tagger.decoding = decoding
        tagged = tagger.tag_documents(documents)
        ours = [{(s.start, s.end, s.label) for s in d.of_layer(first, tagger.scheme)} for d in tagged]
        both = sum(len(a & b) for a, b in zip(ours, theirs, strict=True))
        found[decoding] = {"both": both, "ours": sum(map(len, ours)), "stock": sum(map(len, theirs))}
        typer.echo(f"{decoding}: {found[decoding]}")
    if out is not None:
        with whole_file(out) as file:
            json.dump({"documents": len(documents), **found}, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    typer.run(main)
