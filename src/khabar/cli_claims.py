"""The verbs about numbers and claims: `numbers` and `claims`."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.markup import escape

from khabar.claims import numeric_claims
from khabar.config import load_config
from khabar.console import ModelOption, err, out_console, progress, reports_errors
from khabar.documents import Document
from khabar.faults import KhabarError
from khabar.inputs import Inputs
from khabar.numerals import answer_lines
from khabar.report import claims_pretty, claims_table
from khabar.rows import to_row, writer
from khabar.scheme import DEFAULT_SCHEME, Scheme


@reports_errors
def numbers(
    whole: Annotated[bool, typer.Option("--whole", help="A line is one expression: its value or null.")] = False,
) -> None:
    """Find Arabic number expressions in lines of standard input; a line of JSON for each."""
    broken: list[int] = []
    for answer in answer_lines(_lines(sys.stdin.buffer, broken), whole=whole):
        typer.echo(answer)
    if broken:
        shown = ", ".join(map(str, broken[:10])) + (" …" if len(broken) > 10 else "")
        err().print(f"{len(broken)} line(s) are not UTF-8 and were read with U+FFFD for what is broken: {shown}")


def _lines(stream: IO[bytes], broken: list[int]) -> Iterator[str]:
    """Lines of a byte stream as text; the numbers of those that are not UTF-8 go into `broken`."""
    for number, raw in enumerate(stream, 1):
        try:
            yield raw.decode("utf-8")
        except UnicodeDecodeError:
            broken.append(number)
            yield raw.decode("utf-8", "replace")


@reports_errors
def claims(
    inputs: Annotated[
        list[str], typer.Argument(help=".txt or .jsonl files, folders of them, or - for standard input.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="File of rows to write: .csv, .jsonl or .parquet; none: a table.")
    ] = None,
    model: ModelOption = None,
    pretty: Annotated[bool, typer.Option("--pretty", help="Show each claim under its sentence.")] = False,
    tagged: Annotated[
        bool, typer.Option("--tagged", help="The inputs are Khabar JSONL with spans and claims: don't tag them again.")
    ] = False,
    date: Annotated[
        str | None,
        typer.Option(help="YYYY-MM-DD, of documents with no date in their meta: what أمس counts from."),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="With --tagged: run config whose scheme holds.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 …; none: a GPU if there is one.")] = None,
) -> None:
    """Turn articles into rows of numeric claims: how much, of what, per what, about whom, when, said by whom."""
    tag, scheme = _tagging(model, tagged, config, device)
    source = Inputs(inputs, scheme, sys.stdin.buffer, annotated=tagged)
    chunks = ([_dated(d, date) for d in chunk] for chunk in source.chunks())
    if out is None:
        console = out_console()
        for document in itertools.chain.from_iterable(map(tag, chunks)):
            found = numeric_claims(document, scheme)
            console.print(claims_pretty(document, found, scheme) if pretty else claims_table(document, found))
        for fault in source.rejected:
            err().print(escape(f"set aside: {fault}"))
    else:
        with writer(out) as rows, progress() as bar:
            task = bar.add_task("claims", total=None)
            for chunk in chunks:
                rows.write([to_row(c) for d in tag(chunk) for c in numeric_claims(d, scheme)])
                bar.advance(task, len(chunk))
        if said := source.set_aside(out.with_name(out.name + ".rejected.jsonl")):
            err().print(escape(said))
    if source.rejected and not source.ids:
        raise KhabarError(f"none of {len(source.rejected)} record(s) could be read.")


Tag = Callable[[list[Document]], list[Document]]


def _tagging(model: str | None, tagged: bool, config: Path | None, device: str | None) -> tuple[Tag, Scheme]:
    """What makes documents with spans and claims of plain ones, and the scheme they follow."""
    if tagged:
        return list, load_config(config).scheme if config else DEFAULT_SCHEME
    from khabar.tagger import Tagger

    tagger = Tagger.from_pretrained(model, device=device)
    return tagger.tag_documents, tagger.scheme


def _dated(document: Document, date: str | None) -> Document:
    if date is None or document.meta.get("date"):
        return document
    return replace(document, meta={**document.meta, "date": date})
