"""The verbs about annotated data: `check` and `convert`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from khabar.config import Source, load_config
from khabar.console import (
    AllowBidi,
    err,
    known_layers,
    out_console,
    reports_errors,
)
from khabar.corpus import check_together, find_files, read_corpus, summarise
from khabar.documents import Document, keep_layers
from khabar.faults import FaultLog
from khabar.formats.registry import format_for_output, write_documents
from khabar.report import summary_table
from khabar.scheme import DEFAULT_SCHEME


@reports_errors
def check(
    paths: Annotated[list[Path], typer.Argument(help="Annotated files or folders; each file counts as a split.")],
    config: Annotated[Path | None, typer.Option(help="Run config whose scheme holds; none: the default one.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse what would be repaired.")] = False,
    allow_bidi: AllowBidi = False,
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
        err().print(escape(str(fault)))
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
        out_console().print(summary_table(summary, scheme))
    if log.errors:
        err().print(f"[bold red]{len(log.errors)} fault(s)[/bold red]")
        raise typer.Exit(1)


@reports_errors
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Annotated file or folder.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="File or folder to write.")],
    from_: Annotated[str | None, typer.Option("--from", help="Format of IN; none: told from name and content.")] = None,
    to: Annotated[str | None, typer.Option(help="Format of OUT; none: told from its name.")] = None,
    layers: Annotated[str | None, typer.Option(help="Layers to keep, a,b; none: all.")] = None,
    config: Annotated[Path | None, typer.Option(help="Run config whose scheme holds; none: the default one.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse what would be repaired.")] = False,
    allow_bidi: AllowBidi = False,
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
        documents = [keep_layers(d, known_layers(layers, scheme), scheme, log) for d in documents]
    write_documents(documents, target, scheme, log, format=form)
    for fault in log.of("repair"):
        err().print(escape(f"repaired: {fault}"))
    for what, n in sorted(log.counts.items()):
        err().print(escape(f"{n} {what}"))
    out_console().print(f"{len(documents)} document(s) written to {target} as {form}")
