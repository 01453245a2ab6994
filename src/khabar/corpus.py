"""Corpora: documents read from files, checked as a whole, with the layers they annotate."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from khabar.config import DataConfig, Source
from khabar.documents import Document, check_document
from khabar.faults import Fault, FaultLog, KhabarError
from khabar.formats.registry import FORMATS, SUFFIXES, recognise
from khabar.scheme import Scheme
from khabar.text import atoms

SHORTEST_LEAK = 8
"""Words from which the same text in two splits is a fault; shorter ones ("المصدر : وكالات") recur honestly."""


@dataclass(frozen=True)
class Corpus:
    """Documents and the layers their annotators worked on.

    Missing is not empty: a layer that is not in `layers` gives no loss and no score.
    """

    name: str
    documents: tuple[Document, ...]
    layers: frozenset[str]

    @property
    def linked(self) -> bool:
        """Whether its annotators linked parts to heads; where nothing is linked, nothing is said about links."""
        return any(claim.parts for document in self.documents for claim in document.claims)


def find_files(path: str | Path) -> list[Path]:
    """The file itself, or the corpus files below a folder, in order of their names.

    Raises KhabarError if there is none.
    """
    place = Path(path)
    if place.is_file():
        return [place]
    if not place.exists():
        raise KhabarError(f"{path}: no such file or folder. Remedy: check the path and data.root.")
    found = sorted(p for p in place.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not found:
        raise KhabarError(f"{path}: no {', '.join(SUFFIXES)} file below it. Remedy: name the files themselves.")
    return found


def read_corpus(source: Source, scheme: Scheme, log: FaultLog, *, root: str = ".", allow_bidi: bool = False) -> Corpus:
    """Reads and checks one source. Faults go into `log`; the documents that have any are still returned."""
    documents: list[Document] = []
    for file in find_files(Path(root) / source.path):
        name = source.format or recognise(file)
        if name not in FORMATS:
            raise KhabarError(f"{source.path}: {name!r} is no format. Remedy: give one of {', '.join(FORMATS)}.")
        before, faults = len(documents), len(log.errors)
        documents += FORMATS[name].read(file, scheme, log)
        if len(documents) == before and len(log.errors) == faults:
            log.add("empty document", f"{file} holds no document", "remove the file or check its format")
    for document in documents:
        check_document(document, scheme, log, bidi="note" if allow_bidi else "error")
    if source.ids:
        documents = _chosen(documents, Path(root) / source.ids, log)
    layers = frozenset(source.layers or _annotated(documents, scheme))
    for layer in sorted(_annotated(documents, scheme) - layers):
        n = sum(len(d.of_layer(layer, scheme)) for d in documents)
        log.count(f"span(s) of layer {layer} not read from {source.path}, as its `layers` says", n)
    return Corpus(source.path, tuple(documents), layers)


def _annotated(documents: Iterable[Document], scheme: Scheme) -> set[str]:
    labels = {span.label for document in documents for span in document.spans if scheme.known(span.label)}
    return {scheme.layer_of(label) for label in labels}


def _chosen(documents: list[Document], path: Path, log: FaultLog) -> list[Document]:
    try:
        wanted = set(path.read_text(encoding="utf-8").split())
    except OSError as error:
        raise KhabarError(f"{path}: {error.strerror}. Remedy: give a file of ids, one a line.") from error
    chosen = [document for document in documents if document.id in wanted]
    for missing in sorted(wanted - {document.id for document in chosen}):
        log.add("missing id", f"{path} names {missing!r}, which the corpus does not have", "mend the list of ids")
    return chosen


def _fingerprint(text: str) -> str:
    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "surrogatepass")).hexdigest()


def check_together(splits: dict[str, Sequence[Document]], log: FaultLog, *, allow_leaks: bool = False) -> None:
    """Reports ids given twice within a split and texts that stand in more than one split."""
    first_with: dict[str, tuple[str, Document]] = {}
    for split, documents in splits.items():
        ids: dict[str, Document] = {}
        for document in documents:
            if document.id in ids:
                log.add(
                    "duplicate id",
                    f"document {document.id!r} was given before at {ids[document.id].origin}",
                    "give each document an id of its own",
                    origin=document.origin,
                )
            ids.setdefault(document.id, document)
            other, twin = first_with.setdefault(_fingerprint(document.text), (split, document))
            if other == split:
                continue
            if len(document.text.split()) < SHORTEST_LEAK:
                log.count(f"text(s) of under {SHORTEST_LEAK} words both in {other} and {split}")
                continue
            log.add(
                "leak",
                f"document {document.id!r} of {split} has the text of {twin.id!r} of {other} ({twin.origin})",
                "keep it on one side, or set data.allow_leaks",
                origin=document.origin,
                severity="note" if allow_leaks else "error",
            )


def read_splits(data: DataConfig, scheme: Scheme) -> tuple[dict[str, list[Corpus]], FaultLog]:
    """Reads train, dev and test and checks them together.

    Raises CorpusError if anything is wrong with any of them; what was repaired or noted is in the log.
    """
    log = FaultLog(strict=data.strict)
    splits: dict[str, list[Corpus]] = {}
    for split in ("train", "dev", "test"):
        sources: list[Source] = getattr(data, split)
        splits[split] = [read_corpus(s, scheme, log, root=data.root, allow_bidi=data.allow_bidi) for s in sources]
    check_together(
        {split: [d for corpus in corpora for d in corpus.documents] for split, corpora in splits.items()},
        log,
        allow_leaks=data.allow_leaks,
    )
    log.raise_errors()
    return splits, log


@dataclass(frozen=True)
class Summary:
    """What a corpus holds, in numbers."""

    documents: int
    words: int
    atoms: int
    claims: int
    links: int
    spans: Counter[str]
    counts: Counter[str]
    faults: Sequence[Fault]


def summarise(documents: Sequence[Document], log: FaultLog) -> Summary:
    """Counts documents, white-space separated words, atoms, claims, links and spans a label."""
    return Summary(
        documents=len(documents),
        words=sum(len(d.text.split()) for d in documents),
        atoms=sum(len(atoms(d.text)) for d in documents),
        claims=sum(len(d.claims) for d in documents),
        links=sum(len(c.parts) for d in documents for c in d.claims),
        spans=Counter(s.label for d in documents for s in d.spans),
        counts=log.counts,
        faults=tuple(log.faults),
    )
