"""Brings corpora that we may not give away into Khabar's form, from your own copies of them.

    python data/prepare.py standoff data/standoff/real-news.standoff COLLECTION… --out corpora/real-news
    python data/prepare.py anercorp FOLDER --out corpora/anercorp-khabar
    python data/prepare.py aqmar FOLDER --out corpora/aqmar-khabar
    python data/prepare.py wojood FOLDER --out corpora/wojood-khabar

`standoff` joins our annotations to the texts they belong to, found by content hash in any files of the collections
(.txt, .json, .jsonl, .csv, .tsv, .parquet, also .gz, .bz2 and .xz). The others check that the files are the ones they
should be and write Khabar JSONL, one file a split.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import hashlib
import json
import lzma
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track

from khabar.config import Source
from khabar.corpus import read_corpus
from khabar.documents import Document, Span
from khabar.faults import FaultLog, KhabarError
from khabar.formats import jsonl
from khabar.formats.lines import numbered_lines, whole_file
from khabar.labels import chunks, repair
from khabar.scheme import DEFAULT_SCHEME, Scheme
from khabar.standoff import Joiner, read_records, strings_of

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(stderr=True, highlight=False, soft_wrap=True)
OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
KINDS = (".txt", ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
Out = Annotated[Path, typer.Option(help="Folder to write into.")]

# Splits of the public corpora: file, name of the split, SHA-256 of the file as its authors publish it.
ANERCORP = {
    "ANERCorp_CamelLab_train.txt": ("train", "393969ce6f24f1acca1b3321b401e0b4fae135610c606dbeb4bf141d7dfde053"),
    "ANERCorp_CamelLab_test.txt": ("test", "0eac2e38f4e8e3059cb58b9691b92d7720499a595b10919326b6a512d297ffe9"),
}
AQMAR = {
    "train.txt": ("train", "c6a40817d40aaa33fb99621eb1d782d16eb935a30653b4ae7af564493395619a"),
    "dev.txt": ("dev", "0148efea4a5047cbf9e90f2a09d4f0916f95e9ec02f16c6c2dff6081720f6a9a"),
    "test.txt": ("test", "fd626fd1d5a7b7811f15150504eca626812329531f66b5b50adeee5274efeeeb"),
}
AQMAR_SCHEME = Scheme(layers={"entities": ["PER", "ORG", "LOC", "MIS"]})


def _open(path: Path) -> tuple[IO[str], str]:
    """The file as text, unpacked, and its suffix without the packing's."""
    suffix = path.suffix.lower()
    if suffix in OPENERS:
        return OPENERS[suffix](path, "rt", encoding="utf-8", newline=""), path.with_suffix("").suffix.lower()
    return path.open(encoding="utf-8", newline=""), suffix


def texts_of(path: Path) -> Iterator[str]:
    """Every string of a file that might be an article."""
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq

        for batch in pq.ParquetFile(path).iter_batches(batch_size=256):
            for row in batch.to_pylist():
                yield from strings_of(row)
        return
    file, suffix = _open(path)
    with file:
        if suffix in (".jsonl", ".ndjson"):
            for line in file:
                if line.strip():
                    yield from strings_of(json.loads(line))
        elif suffix == ".json":
            yield from strings_of(json.load(file))
        elif suffix in (".csv", ".tsv"):
            csv.field_size_limit(1 << 30)
            for row in csv.reader(file, delimiter="\t" if suffix == ".tsv" else ","):
                yield from strings_of({str(i): cell for i, cell in enumerate(row)})
        else:
            text = file.read()
            yield text
            # A file of many articles, a blank line between them.
            yield from (block for block in text.replace("\r\n", "\n").split("\n\n") if block.strip())


def _files(places: list[Path]) -> list[Path]:
    found: list[Path] = []
    for place in places:
        if not place.exists():
            raise KhabarError(f"{place}: no such file or folder. Remedy: give your copy of a collection.")
        inside = sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]
        found += [p for p in inside if (p.with_suffix("") if p.suffix in OPENERS else p).suffix.lower() in KINDS]
    if not found:
        raise KhabarError(f"no file of a kind that is read ({', '.join(KINDS)}) in {', '.join(map(str, places))}.")
    return found


@app.command()
def standoff(
    annotations: Annotated[Path, typer.Argument(help="Standoff file, as in data/standoff.")],
    collections: Annotated[list[Path], typer.Argument(help="Files or folders of your copies of the collections.")],
    out: Out,
) -> None:
    """Join annotations to the texts they belong to; says how many joined and which are missing."""
    joiner = Joiner(read_records(annotations))
    for path in track(_files(collections), "reading", console=console, transient=True):
        try:
            joiner.offer(texts_of(path))
        except (ValueError, OSError, EOFError) as error:
            console.print(escape(f"set aside: {path}: {error}"))
    joined = joiner.joined()
    if joined.documents:
        _write(joined.documents, out / f"{annotations.stem}.jsonl")
    console.print(f"{len(joined.documents)} of {len(joiner.records)} documents joined, from {joined.texts_read} texts")
    sources = {r["id"]: r["meta"].get("source", "unknown") for r in joiner.records}
    for name in joined.missing:
        console.print(escape(f"missing: {name} (from {sources[name]})"))
    if not joined.documents:
        raise typer.Exit(1)


def _write(documents: list[Document], path: Path) -> None:
    with whole_file(path) as file:
        jsonl.write(documents, file)
    console.print(escape(f"{len(documents)} documents in {path}"))


def _conll(folder: Path, files: dict[str, tuple[str, str]], scheme: Scheme, out: Path) -> None:
    for name, (split, wanted) in files.items():
        path = folder / name
        log = FaultLog()
        documents = list(read_corpus(Source(path=str(path), format="conll"), scheme, log, allow_bidi=True).documents)
        log.raise_errors()
        if hashlib.sha256(path.read_bytes()).hexdigest() != wanted:
            console.print(escape(f"note: {path} is not, byte by byte, the file that our figures were measured on"))
        _write(documents, out / f"{split}.jsonl")
        for fault in log.of("repair"):
            console.print(escape(f"repaired: {fault}"))


@app.command()
def anercorp(folder: Annotated[Path, typer.Argument(help="Folder of the CAMeL Lab split.")], out: Out) -> None:
    """ANERcorp (Benajiba et al. 2007), split of CAMeL Lab."""
    _conll(folder, ANERCORP, DEFAULT_SCHEME, out)


@app.command()
def aqmar(folder: Annotated[Path, typer.Argument(help="Folder of the split of Liu et al. 2019.")], out: Out) -> None:
    """AQMAR (Mohit et al. 2012), Arabic Wikipedia."""
    _conll(folder, AQMAR, AQMAR_SCHEME, out)


@app.command()
def wojood(folder: Annotated[Path, typer.Argument(help="Folder with train.txt, val.txt, test.txt.")], out: Out) -> None:
    """Files in Wojood's format (Jarrar et al. 2022): a token and its nested tags a line. Every label is a layer."""
    for name, split in (("train.txt", "train"), ("val.txt", "dev"), ("test.txt", "test")):
        path = folder / name
        if not path.is_file():
            raise KhabarError(f"{path}: no such file. Remedy: give the folder of Wojood's files.")
        log = FaultLog()
        documents = list(nested(path, log))
        log.raise_errors()
        _write(documents, out / f"{split}.jsonl")
        for what, n in sorted(log.counts.items()):
            console.print(f"{n} {what}")


def nested(path: Path, log: FaultLog) -> Iterator[Document]:
    """Documents of one sentence each. A label's spans never overlap; illegal BIO is repaired and counted."""
    rows: list[tuple[str, list[str]]] = []
    n = 0
    for number, line in [*numbered_lines(path, log), (0, "")]:
        columns = line.split()
        if len(columns) == 1:
            log.add("no tag", f"{path}:{number}: one column", "write the token and its tags")
        elif columns:
            rows.append((columns[0], [tag for tag in columns[1:] if tag != "O"]))
        elif rows:
            n += 1
            yield _sentence(f"{path.stem}-{n}", rows, log)
            rows = []


def _sentence(name: str, rows: list[tuple[str, list[str]]], log: FaultLog) -> Document:
    starts, offset = [], 0
    for token, _ in rows:
        starts.append(offset)
        offset += len(token) + 1
    spans = []
    for label in sorted({tag[2:] for _, tags in rows for tag in tags}):
        own = [[tag for tag in tags if tag[2:] == label] for _, tags in rows]
        log.count("tag(s) of a label inside itself, left out", sum(len(tags) > 1 for tags in own))
        legal, changed = repair([tags[0] if tags else "O" for tags in own])
        log.count("illegal I-, read as B-", len(changed))
        spans += [Span(starts[a], starts[b - 1] + len(rows[b - 1][0]), label) for _, a, b in chunks(legal)]
    ordered = sorted(spans, key=lambda s: (s.start, -s.end, s.label))
    return Document(name, " ".join(token for token, _ in rows), tuple(ordered))


if __name__ == "__main__":
    try:
        app()
    except KhabarError as error:
        console.print(escape(f"error: {error}"))
        sys.exit(2)
