"""The console command `khabar`: parse, call, exit code."""

from __future__ import annotations

import functools
import itertools
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from khabar.config import Source, load_config
from khabar.corpus import check_together, find_files, read_corpus, summarise
from khabar.documents import Document, keep_layers
from khabar.faults import FaultLog, KhabarError
from khabar.formats import jsonl
from khabar.formats.lines import whole_file
from khabar.formats.registry import format_for_output, write_documents
from khabar.inputs import Inputs
from khabar.report import score_tables, seeds_table, summary_table, tagged_text
from khabar.scheme import DEFAULT_SCHEME, Scheme
from khabar.scoring import Scores, over_seeds, score

app = typer.Typer(
    help="Named entities and checkable numeric claims from Arabic news.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
CHUNK = 256
"""Documents tagged at once in `predict`; memory does not grow with the archive."""

ModelOption = Annotated[
    str | None, typer.Option(help="Folder or hub name of a Khabar model; none: the one that ships with Khabar.")
]
DecodingOption = Annotated[
    str, typer.Option(help="viterbi: legal tags only; argmax: each atom's best, as most published scores.")
]


def _err() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)


def _out(width: int | None = None) -> Console:
    # Without a terminal rich would fold tables at 80 columns.
    return Console(highlight=False, width=width or (None if sys.stdout.isatty() else 160))


def _reports_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Turns errors a user can act on into a message and exit code 2, Ctrl-C into 130."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except KhabarError as error:
            _err().print(f"[bold red]error:[/bold red] {escape(str(error))}")
            raise typer.Exit(2) from error
        except KeyboardInterrupt:
            _err().print("interrupted; a training run goes on with --resume")
            raise typer.Exit(130) from None

    return run


def _decoding(name: str) -> Any:
    if name not in ("viterbi", "argmax"):
        raise KhabarError(f"--decoding {name!r}: give viterbi or argmax.")
    return name


@app.command()
@_reports_errors
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
    out = _out()
    for fault in result.log.of("note"):
        _err().print(escape(f"note: {fault}"))
    if repaired := len(result.log.of("repair")):
        out.print(f"{repaired} repair(s) in the data, listed in {folder / 'data.json'}")
    if len(result.scores) > 1:
        out.print(seeds_table(over_seeds(result.scores), settings.seeds))
    elif result.scores:
        out.print(score_tables(result.scores[0], overlaps=False))
    else:
        out.print("no data.test: nothing was scored")
    out.print(f"run folder: {folder}; model: {', '.join(map(str, result.models))}")


@app.command()
@_reports_errors
def check(
    paths: Annotated[list[Path], typer.Argument(help="Annotated files or folders; each file counts as a split.")],
    config: Annotated[Path | None, typer.Option(help="Run config whose scheme holds; none: the default one.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse what would be repaired.")] = False,
    allow_bidi: Annotated[bool, typer.Option("--allow-bidi", help="Accept invisible direction marks.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="The summary as JSON.")] = False,
) -> None:
    """Check annotated corpora. Prints a summary; exits 1 if anything is wrong."""
    scheme = load_config(config).scheme if config else DEFAULT_SCHEME
    log = FaultLog(strict=strict)
    splits: dict[str, Sequence[Document]] = {}
    for path in paths:
        for file in find_files(path):
            corpus = read_corpus(Source(path=str(file)), scheme, log, allow_bidi=allow_bidi)
            splits[str(file)] = corpus.documents
    check_together(splits, log)
    summary = summarise([d for documents in splits.values() for d in documents], log)
    shown = log.faults if strict else [f for f in log.faults if f.severity != "repair"]
    for fault in shown:
        _err().print(escape(str(fault)))
    if json_:
        record = {
            "documents": summary.documents,
            "words": summary.words,
            "atoms": summary.atoms,
            "claims": summary.claims,
            "links": summary.links,
            "spans": {label: summary.spans[label] for label in scheme.labels},
            "repaired": len(log.of("repair")),
            "counts": dict(summary.counts),
            "faults": len(log.errors),
        }
        typer.echo(json.dumps(record, ensure_ascii=False, indent=2))
    else:
        _out().print(summary_table(summary, scheme))
    if log.errors:
        _err().print(f"[bold red]{len(log.errors)} fault(s)[/bold red]")
        raise typer.Exit(1)


@app.command()
@_reports_errors
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Annotated file or folder.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="File or folder to write.")],
    from_: Annotated[str | None, typer.Option("--from", help="Format of IN; none: told from name and content.")] = None,
    to: Annotated[str | None, typer.Option(help="Format of OUT; none: told from its name.")] = None,
    layers: Annotated[str | None, typer.Option(help="Layers to keep, a,b; none: all.")] = None,
    config: Annotated[Path | None, typer.Option(help="Run config whose scheme holds; none: the default one.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse what would be repaired.")] = False,
    allow_bidi: Annotated[bool, typer.Option("--allow-bidi", help="Accept invisible direction marks.")] = False,
) -> None:
    """Turn annotated documents from one format into another. Says what was repaired and what OUT can't hold."""
    scheme = load_config(config).scheme if config else DEFAULT_SCHEME
    log = FaultLog(strict=strict)
    form = format_for_output(target, to)
    corpus = read_corpus(Source(path=str(source), format=from_), scheme, log, allow_bidi=allow_bidi)
    check_together({str(source): corpus.documents}, log)
    log.raise_errors()
    documents = list(corpus.documents)
    if layers is not None:
        documents = [keep_layers(d, _known_layers(layers, scheme), scheme, log) for d in documents]
    write_documents(documents, target, scheme, log, format=form)
    for fault in log.of("repair"):
        _err().print(escape(f"repaired: {fault}"))
    for what, n in sorted(log.counts.items()):
        _err().print(escape(f"{n} {what}"))
    _out().print(f"{len(documents)} document(s) written to {target} as {form}")


@app.command()
@_reports_errors
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
        with whole_file(out) as file, _progress() as bar:
            task = bar.add_task("tagging", total=None)
            for chunk in _chunks(source):
                jsonl.write(tagger.tag_documents(chunk), file)
                bar.advance(task, len(chunk))
        _set_aside(source, out.with_name(out.name + ".rejected.jsonl"))
    else:
        console = _out()
        for chunk in _chunks(source):
            for document in tagger.tag_documents(chunk):
                if pretty:
                    console.print(tagged_text(document, tagger.scheme))
                else:
                    typer.echo(jsonl.to_line(document))
        for fault in source.rejected:
            _err().print(escape(f"set aside: {fault}"))
    clipped = tagger.clipped
    if clipped.atoms_clipped or clipped.atoms_without_pieces:
        _err().print(
            f"{clipped.atoms_without_pieces} atom(s) the encoder can't see (tagged O), "
            f"{clipped.atoms_clipped} very long one(s) seen in part"
        )
    if source.rejected and not source.ids:
        raise KhabarError(f"none of {len(source.rejected)} record(s) could be tagged.")


def _chunks(source: Inputs) -> Iterator[list[Document]]:
    documents = iter(source)
    while chunk := list(itertools.islice(documents, CHUNK)):
        yield chunk


def _set_aside(source: Inputs, path: Path) -> None:
    path.unlink(missing_ok=True)
    if not source.rejected:
        return
    with whole_file(path) as file:
        for fault in source.rejected:
            place = {"file": fault.origin.path, "line": fault.origin.line} if fault.origin else {}
            row = {**place, "kind": fault.kind, "message": fault.message, "remedy": fault.remedy}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    _err().print(f"{len(source.rejected)} record(s) set aside in {escape(str(path))}")


def _progress() -> Progress:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=_err(), transient=True)


@app.command()
@_reports_errors
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
    allow_bidi: Annotated[bool, typer.Option("--allow-bidi", help="Accept invisible direction marks.")] = False,
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
    console = _out()
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
    wanted = _known_layers(layers, scheme) if layers else None
    corpora = [read_corpus(Source(path=str(path), layers=wanted), scheme, log, allow_bidi=allow_bidi) for path in paths]
    documents = [d for corpus in corpora for d in corpus.documents]
    check_together({"gold": documents}, log)
    log.raise_errors()
    return documents, frozenset.intersection(*(corpus.layers for corpus in corpora))


def _known_layers(given: str, scheme: Scheme) -> list[str]:
    wanted = given.split(",")
    for layer in wanted:
        if layer not in scheme.layers:
            raise KhabarError(f"--layers {layer!r}: the scheme has {', '.join(scheme.layers)}.")
    return wanted


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


def main() -> None:
    """Entry point of the console command."""
    app()


if __name__ == "__main__":
    main()
