"""The verbs that use a tagger: `predict` and `evaluate`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from khabar.config import Source, load_config
from khabar.console import (
    AllowBidi,
    DecodingOption,
    ModelOption,
    err,
    known_layers,
    out_console,
    progress,
    reports_errors,
)
from khabar.corpus import check_together, read_corpus
from khabar.documents import Document
from khabar.faults import FaultLog, KhabarError
from khabar.formats import jsonl
from khabar.formats.lines import whole_file
from khabar.inputs import Inputs
from khabar.report import score_tables, tagged_text
from khabar.scheme import DEFAULT_SCHEME, Scheme
from khabar.scoring import Scores, score


@reports_errors
def predict(
    inputs: Annotated[
        list[str], typer.Argument(help=".txt or .jsonl files, folders of them, or - for standard input.")
    ],
    out: Annotated[Path | None, typer.Option(help="Khabar JSONL to write; none: standard output.")] = None,
    model: ModelOption = None,
    pretty: Annotated[bool, typer.Option("--pretty", help="Show tagged text and claims instead of JSONL.")] = False,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 …; none: a GPU if there is one.")] = None,
    batch_pieces: Annotated[int, typer.Option(min=64, help="Most pieces that go through the encoder at once.")] = 8192,
) -> None:
    """Tag entities and numeric claims. Records that can't be tagged are set aside in OUT.rejected.jsonl."""
    from khabar.tagger import Tagger

    tagger = Tagger.from_pretrained(model, device=device, batch_pieces=batch_pieces)
    source = Inputs(inputs, tagger.scheme, sys.stdin.buffer)
    if out is not None:
        with whole_file(out) as file, progress() as bar:
            task = bar.add_task("tagging", total=None)
            for chunk in source.chunks():
                jsonl.write(tagger.tag_documents(chunk), file)
                bar.advance(task, len(chunk))
        if said := source.set_aside(out.with_name(out.name + ".rejected.jsonl")):
            err().print(escape(said))
    else:
        console = out_console()
        for chunk in source.chunks():
            for document in tagger.tag_documents(chunk):
                if pretty:
                    console.print(tagged_text(document, tagger.scheme))
                else:
                    typer.echo(jsonl.to_line(document))
        for fault in source.rejected:
            err().print(escape(f"set aside: {fault}"))
    clipped = tagger.clipped
    if clipped.atoms_clipped or clipped.atoms_without_pieces:
        err().print(
            f"{clipped.atoms_without_pieces} atom(s) the encoder can't see (tagged O), "
            f"{clipped.atoms_clipped} very long one(s) seen in part"
        )
    if source.rejected and not source.ids:
        raise KhabarError(f"none of {len(source.rejected)} record(s) could be tagged.")


def _decoding(name: str) -> Any:
    if name not in ("viterbi", "argmax"):
        raise KhabarError(f"--decoding {name!r}: give viterbi or argmax.")
    return name


@reports_errors
def evaluate(
    gold: Annotated[list[Path], typer.Argument(help="Annotated files or folders.")],
    model: ModelOption = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Khabar JSONL of predictions to score instead of running a model.")
    ] = None,
    layers: Annotated[
        str | None, typer.Option(help="Layers to score, a,b; none: those that gold has spans of.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Run config whose scheme holds for --predictions.")] = None,
    decoding: DecodingOption = "viterbi",
    allow_bidi: AllowBidi = False,
    out: Annotated[Path | None, typer.Option(help="JSON file for the scores.")] = None,
) -> None:
    """Score a model, or a file of predictions, against annotated documents."""
    log = FaultLog()
    if predictions is not None:
        scheme = load_config(config).scheme if config else DEFAULT_SCHEME
        documents, annotated = _read_gold(gold, scheme, layers, log, allow_bidi=allow_bidi)
        scores = _score_file(documents, predictions, scheme, annotated)
    else:
        from khabar.tagger import Tagger

        tagger = Tagger.from_pretrained(model, decoding=_decoding(decoding))
        documents, annotated = _read_gold(gold, tagger.scheme, layers, log, allow_bidi=allow_bidi)
        predicted, pairs = tagger.compare(documents)
        scores = score(documents, predicted, tagger.scheme, annotated, tags=pairs)
    console = out_console()
    console.print(score_tables(scores))
    if repaired := len(log.of("repair")):
        console.print(f"{repaired} repair(s) in gold (`khabar check --strict` lists them)")
    if out is not None:
        record = {"gold": [p.name for p in gold], "decoding": decoding, "repaired": repaired, **scores.to_json()}
        with whole_file(out) as file:
            json.dump(record, file, ensure_ascii=False, indent=2)
            file.write("\n")


def _read_gold(
    paths: list[Path], scheme: Scheme, layers: str | None, log: FaultLog, *, allow_bidi: bool
) -> tuple[list[Document], frozenset[str]]:
    wanted = known_layers(layers, scheme) if layers else None
    corpora = [read_corpus(Source(path=str(path), layers=wanted), scheme, log, allow_bidi=allow_bidi) for path in paths]
    documents = [d for corpus in corpora for d in corpus.documents]
    check_together({"gold": documents}, log)
    log.raise_errors()
    return documents, frozenset.intersection(*(corpus.layers for corpus in corpora))


def _score_file(gold: list[Document], predictions: Path, scheme: Scheme, layers: frozenset[str]) -> Scores:
    log = FaultLog()
    found = {d.id: d for d in read_corpus(Source(path=str(predictions), format="jsonl"), scheme, log).documents}
    log.raise_errors()
    if missing := [d.id for d in gold if d.id not in found]:
        raise KhabarError(
            f"{predictions} lacks {len(missing)} of {len(gold)} gold documents, the first {missing[0]!r}. "
            "Remedy: predict on the whole gold file; a document without spans needs its line too."
        )
    return score(gold, [found[d.id] for d in gold], scheme, layers)
