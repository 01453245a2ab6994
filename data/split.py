"""Deals articles to train, dev and test, and reports near-duplicates.

    python data/split.py data/khabar-news            # report on the splits as they are
    python data/split.py data/khabar-news NEW.marked # deal new articles too; those dealt before stay where they are

Articles are dealt within each desk, in the order of a hash of their ids: about 70% train, 10% dev, 20% test. Articles
that say much the same (MinHash of word triples, estimated Jaccard similarity from 0.2) are kept on one side.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from pathlib import Path
from typing import Annotated

import typer
from datasketch import MinHash, MinHashLSH
from rich.console import Console
from rich.table import Table

from khabar.config import Source
from khabar.corpus import check_together, read_corpus
from khabar.documents import Document
from khabar.faults import FaultLog
from khabar.formats.registry import write_documents
from khabar.scheme import DEFAULT_SCHEME
from khabar.text import atoms

SPLITS = {"train": 0.7, "dev": 0.1, "test": 0.2}
SIMILAR = 0.2
console = Console(highlight=False, width=120)


def read(path: Path) -> list[Document]:
    """The articles of a marked file. Raises CorpusError if any is faulty."""
    log = FaultLog()
    documents = list(read_corpus(Source(path=str(path), format="markup"), DEFAULT_SCHEME, log).documents)
    log.raise_errors()
    return documents


def signature(document: Document) -> MinHash:
    """MinHash (Broder 1997) of a text's triples of words, letters and digits alone."""
    words = [document.text[a.start : a.end] for a in atoms(document.text) if document.text[a.start].isalnum()]
    sketch = MinHash(num_perm=128, seed=1)
    sketch.update_batch([" ".join(words[i : i + 3]).encode() for i in range(max(len(words) - 2, 1))])
    return sketch


def near_duplicates(documents: list[Document]) -> list[tuple[str, str, float]]:
    """Pairs of ids from SIMILAR on, with their estimated similarity."""
    sketches = {d.id: signature(d) for d in documents}
    index = MinHashLSH(threshold=SIMILAR, num_perm=128, weights=(0.1, 0.9))
    found = []
    for name, sketch in sketches.items():
        for other in index.query(sketch):
            if (similarity := sketch.jaccard(sketches[other])) >= SIMILAR:
                found.append((other, name, similarity))
        index.insert(name, sketch)
    return found


def groups_of(documents: list[Document], pairs: list[tuple[str, str, float]]) -> dict[str, str]:
    """For each id the first id of its group of near-duplicates."""
    leader = {d.id: d.id for d in documents}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for a, b, _ in pairs:
        leader[find(b)] = find(a)
    return {name: find(name) for name in leader}


def deal(documents: list[Document], before: dict[str, str], groups: dict[str, str]) -> dict[str, str]:
    """The split of each id. What was dealt before stays, and takes its near-duplicates with it."""
    dealt = dict(before)
    home = {groups[name]: split for name, split in before.items()}
    desks: dict[str, list[Document]] = defaultdict(list)
    for document in sorted(documents, key=lambda d: hashlib.sha256(d.id.encode()).hexdigest()):
        desks[document.meta.get("desk", "")].append(document)
    for desk in sorted(desks):
        counts = Counter(dealt[d.id] for d in desks[desk] if d.id in dealt)
        for document in desks[desk]:
            if document.id in dealt:
                continue
            group = groups[document.id]
            if group not in home:
                # The split that is furthest behind its share of this desk.
                total = sum(counts.values()) + 1
                home[group] = max(SPLITS, key=lambda s: SPLITS[s] * total - counts[s])
            dealt[document.id] = home[group]
            counts[home[group]] += 1
    return dealt


def report(documents: list[Document], dealt: dict[str, str], pairs: list[tuple[str, str, float]]) -> None:
    """Prints articles and words by desk and split, and every near-duplicate pair."""
    table = Table(title="articles (words) by desk and split", title_justify="left")
    for column in ("desk", *SPLITS, "all"):
        table.add_column(column, justify="left" if column == "desk" else "right")
    desks = sorted({d.meta.get("desk", "") for d in documents})
    for desk in [*desks, "all"]:
        cells = []
        for split in (*SPLITS, None):
            chosen = [d for d in documents if desk in (d.meta.get("desk", ""), "all") and split in (dealt[d.id], None)]
            cells.append(f"{len(chosen)} ({sum(len(d.text.split()) for d in chosen):,})")
        table.add_row(desk, *cells)
    console.print(table)
    apart = [p for p in pairs if dealt[p[0]] != dealt[p[1]]]
    console.print(f"{len(pairs)} pair(s) of near-duplicates (similarity from {SIMILAR}), {len(apart)} across splits")
    for a, b, similarity in sorted(pairs, key=lambda p: -p[2]):
        console.print(f"  {similarity:.2f}  {a} ({dealt[a]})  {b} ({dealt[b]})")


def main(
    folder: Annotated[Path, typer.Argument(help="Folder of train.marked, dev.marked and test.marked.")],
    new: Annotated[list[Path] | None, typer.Argument(help="Marked files of new articles.")] = None,
) -> None:
    """Report on the splits; with new articles, deal them and write the three files."""
    before: dict[str, str] = {}
    documents: list[Document] = []
    for split in SPLITS:
        if (path := folder / f"{split}.marked").exists():
            inside = read(path)
            before |= {d.id: split for d in inside}
            documents += inside
    for path in new or []:
        documents += read(path)
    log = FaultLog()
    check_together({"all": documents}, log)
    log.raise_errors()
    pairs = near_duplicates(documents)
    dealt = deal(documents, before, groups_of(documents, pairs))
    if new:
        for split in SPLITS:
            chosen = sorted((d for d in documents if dealt[d.id] == split), key=lambda d: d.id)
            write_documents(chosen, folder / f"{split}.marked", DEFAULT_SCHEME, log)
    report(documents, dealt, pairs)


if __name__ == "__main__":
    typer.run(main)
