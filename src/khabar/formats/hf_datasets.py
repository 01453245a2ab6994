"""Hugging Face `datasets`: a `DatasetDict` with features, to and from a folder of Parquet files, one a split.

A row is a document: `id`, `text`, `spans` (start, end, label as ClassLabel, surface as `text`, score), `claims` (head
and parts: indices of spans) and `meta` as a string of JSON. Read them anywhere with
`load_dataset("parquet", data_files={"train": "FOLDER/train.parquet"})`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from khabar.documents import Document
from khabar.faults import FaultLog, KhabarError, Origin
from khabar.formats.lines import whole_file, whole_folder
from khabar.formats.offsets import Mark, Unit
from khabar.formats.records import (
    Draft,
    a_score,
    a_surface,
    checked,
    library,
    meta_from,
    not_a_document,
    surface_of,
    to_documents,
    whole_number,
)
from khabar.scheme import Scheme

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict, Features

UNITS = (Unit.CODE_POINTS, Unit.UTF16)
# What splits are called in files, and what `datasets` calls them.
_SPLITS = {
    "train": "train",
    "dev": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}


def features(scheme: Scheme, more: Sequence[str] = ()) -> Features:
    """The columns of a data set; `more`: labels that the scheme doesn't have."""
    from datasets import ClassLabel, Features, Value

    span = {
        "start": Value("int64"),
        "end": Value("int64"),
        "label": ClassLabel(names=[*scheme.labels, *more]),
        "text": Value("string"),
        "score": Value("float64"),
    }
    claim = {"head": Value("int64"), "parts": [Value("int64")]}
    return Features(
        {"id": Value("string"), "text": Value("string"), "spans": [span], "claims": [claim], "meta": Value("string")}
    )


def to_dataset(documents: Iterable[Document], scheme: Scheme) -> Dataset:
    """The documents as a data set, a row each.

    Raises ValueError for a document with a span that is empty or outside its text.
    """
    return to_dataset_dict({"train": documents}, scheme)["train"]


def to_dataset_dict(splits: Mapping[str, Iterable[Document]], scheme: Scheme) -> DatasetDict:
    """The documents of several splits as data sets with the same columns. Raises as `to_dataset`."""
    from datasets import Dataset, DatasetDict

    given = {split: [checked(document) for document in documents] for split, documents in splits.items()}
    labels = {span.label for documents in given.values() for document in documents for span in document.spans}
    columns = features(scheme, sorted(label for label in labels if not scheme.known(label)))
    number = {label: i for i, label in enumerate(columns["spans"].feature["label"].names)}
    return DatasetDict(
        {
            split: Dataset.from_dict(
                {
                    "id": [d.id for d in documents],
                    "text": [d.text for d in documents],
                    "spans": [
                        [
                            {
                                "start": s.start,
                                "end": s.end,
                                "label": number[s.label],
                                "text": surface_of(d, s),
                                "score": None if s.score is None else float(s.score),
                            }
                            for s in d.spans
                        ]
                        for d in documents
                    ],
                    "claims": [[{"head": c.head, "parts": list(c.parts)} for c in d.claims] for d in documents],
                    "meta": [json.dumps(d.meta, ensure_ascii=False) for d in documents],
                },
                features=columns,
            )
            for split, documents in given.items()
        }
    )


def from_dataset(dataset: Dataset, scheme: Scheme, log: FaultLog, *, name: str = "dataset") -> Iterator[Document]:
    """The documents of a data set; a row that can't be made one is reported with its number and left out.

    `name`: what stands for the file in faults, and in the ids of rows without one.
    """
    for column in sorted(set(dataset.column_names) - {"id", "text", "spans", "claims", "meta"}):
        log.count(f"column {column!r} of a data set not read")
    names = _label_names(dataset)
    found = [_draft(row, names, scheme, log, Origin(name, number)) for number, row in enumerate(dataset, 1)]
    yield from to_documents([draft for draft in found if draft is not None], scheme, log, units=UNITS)


def _label_names(dataset: Dataset) -> Sequence[str]:
    """The names behind the numbers of the labels, if they are numbers."""
    spans = dataset.features.get("spans")
    inner = spans[0] if isinstance(spans, list) else getattr(spans, "feature", {})
    label = inner.get("label") if isinstance(inner, dict) else None
    return getattr(label, "names", None) or ()


def _draft(row: dict[str, Any], names: Sequence[str], scheme: Scheme, log: FaultLog, origin: Origin) -> Draft | None:
    try:
        text = row["text"]
        if not isinstance(text, str):
            raise TypeError(f"text is a {type(text).__name__}")
        identity = row.get("id")
        draft = Draft(f"{Path(origin.path).stem}:{origin.line}" if identity is None else str(identity), text, origin)
        meta = row.get("meta")
        draft.meta = dict(meta) if isinstance(meta, dict) else meta_from(meta)
        for i, span in enumerate(row.get("spans") or ()):
            label = span["label"] if isinstance(span["label"], str) else names[span["label"]]
            if not (whole_number(span["start"]) and whole_number(span["end"])):
                raise TypeError(f"span {i} has offsets that are no integers")
            place = (span["start"], span["end"])
            draft.marks[str(i)] = Mark(label, (place,), a_surface(span.get("text")), a_score(span.get("score")))
        claims = row.get("claims")
        for claim in claims or ():
            draft.links += [(str(part), str(claim["head"])) for part in claim["parts"]]
        if claims is not None:
            heads = {claim["head"] for claim in claims}
            draft.bare = {str(i) for i in range(len(draft.marks)) if i not in heads}
    except (KeyError, IndexError, TypeError, ValueError) as error:
        not_a_document(
            f"row {origin.line}: {type(error).__name__}: {error}",
            "give columns text and spans (start, end, label), as `to_dataset` does",
            origin,
            log,
        )
        return None
    return draft


def read(path: str | Path, scheme: Scheme, log: FaultLog) -> Iterator[Document]:
    """Reads the documents of a Parquet file."""
    from datasets import Dataset

    arrow, parquet = library("pyarrow"), library("pyarrow.parquet")
    try:
        # Not `Dataset.from_parquet`, which copies into a cache and may answer from it.
        dataset = Dataset(parquet.read_table(path))
        found = list(from_dataset(dataset, scheme, log, name=str(path)))
    except OSError as error:
        raise KhabarError(f"{path}: {error}. Remedy: give the path of a readable file.") from error
    except (arrow.ArrowInvalid, ValueError) as error:
        not_a_document(f"no Parquet: {error}", "write it with Dataset.to_parquet", Origin(str(path), 1), log)
        return
    yield from found


def split_of(document: Document) -> str:
    """The split that the document's file is named after; `train` where it is named after none."""
    stem = Path(document.origin.path).stem.lower() if document.origin else ""
    return _SPLITS.get(stem, "train")


def write_file(documents: Iterable[Document], path: Path, scheme: Scheme, log: FaultLog) -> None:
    """Writes one Parquet file if the path ends so, else a folder with one a split. The format holds all there is.

    Raises ValueError for a document with a span that is empty or outside its text.
    """
    if path.suffix.lower() == ".parquet":
        with whole_file(path) as file, open(file.fileno(), "wb", closefd=False) as raw:
            _to_parquet(to_dataset(documents, scheme), raw)
        return
    splits: dict[str, list[Document]] = {}
    for document in documents:
        splits.setdefault(split_of(document), []).append(document)
    with whole_folder(path) as folder:
        for split, dataset in to_dataset_dict(splits or {"train": []}, scheme).items():
            _to_parquet(dataset, folder / f"{split}.parquet")


def _to_parquet(dataset: Dataset, target: Any) -> None:
    # Not `Dataset.to_parquet`, which shows a progress bar for each file. The features are in the schema all the same.
    library("pyarrow.parquet").write_table(dataset.with_format("arrow")[:], target)
