"""Packing: the pieces of a whole archive in one array on disk, and the masked blocks that training takes from it."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from tokenizers import Tokenizer

from khabar.archives import ArchiveLog, texts
from khabar.config import FoldConfig
from khabar.faults import KhabarError
from khabar.formats.lines import whole_folder
from khabar.labels import IGNORED
from khabar.runs import write_json
from khabar.text import fold as folded

PIECES, BEGINS, REPORT = "pieces.npy", "begins.npy", "report.json"
_VERSION = 1
_CHARACTERS = 1_000_000  # of text that are tokenised at once


@dataclass(frozen=True)
class Stream:
    """A stretch [first, end) of a packed archive. Its arrays lie on disk; a process that is sent it opens them anew."""

    folder: Path
    first: int
    end: int

    @cached_property
    def pieces(self) -> np.ndarray:
        """Ids [end - first], a separator after each document; uint16 or, for large vocabularies, uint32."""
        return np.load(self.folder / PIECES, mmap_mode="r")[self.first : self.end]

    @cached_property
    def begins(self) -> np.ndarray:
        """Whether each piece begins a word, [end - first] booleans."""
        return np.load(self.folder / BEGINS, mmap_mode="r")[self.first : self.end]

    def __len__(self) -> int:
        return self.end - self.first

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": self.folder, "first": self.first, "end": self.end}


def report(folder: Path) -> dict[str, Any]:
    """What a packed archive holds and what was left out of it."""
    return json.loads((folder / REPORT).read_text(encoding="utf-8"))


def fingerprint(files: Sequence[Path], tokenizer: Any, *, text_field: str, fold: FoldConfig) -> str:
    """A name for the packed form of these files with this tokenizer: the same bytes give the same name anywhere."""
    contents = []
    for path in files:
        with path.open("rb") as file:
            contents.append(hashlib.file_digest(file, "sha256").hexdigest())
    said = {
        "version": _VERSION,
        "files": contents,
        "text_field": text_field,
        "fold": fold.model_dump(),
        "tokenizer": hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest(),
        "separator": tokenizer.sep_token_id,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def pack(files: Sequence[Path], tokenizer: Any, target: Path, *, text_field: str, fold: FoldConfig) -> None:
    """Tokenises all documents once, into a folder that is there whole or not at all.

    Words are told from the tokenizer's own `word_ids`, so WordPiece, SentencePiece and byte-level vocabularies all
    do. Raises KhabarError for unreadable files.
    """
    log = ArchiveLog()
    # A copy: a tokenizer that ships with truncation or padding keeps both for its other users.
    plain = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    plain.no_truncation()
    plain.no_padding()
    # Else "[SEP]" in a text becomes the separator.
    plain.encode_special_tokens = True
    kind = np.uint16 if len(tokenizer) <= 2**16 else np.uint32
    ends = [i for i in (tokenizer.sep_token_id,) if i is not None]
    counts = {"documents": 0, "words": 0, "pieces": 0, "unknown pieces": 0}
    with whole_folder(target) as folder, reading(files, "packing") as progress:
        with (folder / PIECES).open("wb") as pieces, (folder / BEGINS).open("wb") as begins:
            pieces.write(_header(0, kind))
            begins.write(_header(0, np.bool_))
            for batch in _batches(texts(files, log, text_field=text_field, advance=progress)):
                shown = [folded(t, diacritics=fold.diacritics, tatweel=fold.tatweel, digits=fold.digits) for t in batch]
                for encoding in plain.encode_batch(shown, add_special_tokens=False):
                    found = encoding.ids
                    if not found:
                        log.count("documents without a piece")
                        continue
                    ids = np.array([*found, *ends], kind)
                    first = np.ones(len(ids), np.bool_)
                    # NaN, where a tokenizer gives a piece no word, differs from all: such a piece is a word.
                    words = np.array(encoding.word_ids, np.float64)
                    first[1 : len(words)] = words[1:] != words[:-1]
                    ids.tofile(pieces)
                    first.tofile(begins)
                    counts["documents"] += 1
                    counts["pieces"] += len(ids)
                    counts["words"] += int(first[: len(words)].sum())
                    counts["unknown pieces"] += int((ids == tokenizer.unk_token_id).sum())
            _finish(pieces, counts["pieces"], kind)
            _finish(begins, counts["pieces"], np.bool_)
        sources = [{"path": str(path), "bytes": path.stat().st_size} for path in files]
        left_out = {"counts": dict(log.counts), "first": [str(fault) for fault in log.faults]}
        write_json(folder / REPORT, {"files": sources, **counts, "left out": left_out})


def _header(length: int, kind: Any) -> bytes:
    """The header of a .npy file of `length` values. NumPy leaves room in it for a length to grow, so that the size of
    the header stays the same."""
    buffer = io.BytesIO()
    said = {"descr": np.lib.format.dtype_to_descr(np.dtype(kind)), "fortran_order": False, "shape": (length,)}
    np.lib.format.write_array_header_1_0(buffer, said)
    return buffer.getvalue()


def _finish(file: IO[bytes], length: int, kind: Any) -> None:
    file.flush()
    file.seek(0)
    file.write(_header(length, kind))


def _batches(found: Iterator[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    for text in found:
        batch.append(text)
        characters += len(text)
        if characters > _CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


@contextmanager
def reading(files: Sequence[Path], what: str) -> Iterator[Callable[[int], None]]:
    """A bar over the bytes of `files` on standard error; gives what moves it on."""
    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=sum(path.stat().st_size for path in files))
        yield lambda read: progress.update(task, advance=read)


def split(folder: Path, held_out: int, separator: int | None) -> tuple[Stream, Stream]:
    """The stream to train on and about the last `held_out` pieces, from the end of a document where there is one."""
    length = len(np.load(folder / PIECES, mmap_mode="r"))
    cut = max(0, length - held_out)
    ends = np.flatnonzero(Stream(folder, cut, length).pieces == separator)
    if held_out and len(ends) > 1:
        cut += int(ends[0]) + 1
    return Stream(folder, 0, cut), Stream(folder, cut, length)


@dataclass(frozen=True)
class Specials:
    """The ids that masking needs to know. `before` and `after` frame a block."""

    before: list[int]
    after: list[int]
    mask: int
    special: np.ndarray
    ordinary: np.ndarray

    @classmethod
    def of(cls, tokenizer: Any) -> Specials:
        """Raises KhabarError for a tokenizer without a mask token."""
        if tokenizer.mask_token_id is None:
            raise KhabarError(
                "the tokenizer has no mask token. Remedy: take a masked-LM checkpoint, or name one in its config."
            )
        special = np.zeros(len(tokenizer), np.bool_)
        special[[i for i in tokenizer.all_special_ids if i < len(special)]] = True
        before = [i for i in (tokenizer.cls_token_id,) if i is not None]
        after = [i for i in (tokenizer.sep_token_id,) if i is not None]
        return cls(before, after, tokenizer.mask_token_id, special, np.flatnonzero(~special))


class Blocks(torch.utils.data.Dataset[dict[str, np.ndarray]]):
    """Masked blocks of a stream: [CLS], pieces of the stream, [SEP]; what is left at its end is no block.

    Whole words are masked (Devlin et al. 2019, the later release): 80% of the chosen pieces become [MASK], 10% a
    random ordinary piece, 10% stay (each piece drawn by itself). Order and masks depend on nothing but (seed, epoch,
    block), so that a resumed run meets them again. A row holds `input_ids` [size], `positions` [masked] and `labels`
    [masked], where `masked` is the same number in all rows: a label is IGNORED where a row masks less.
    There are as many rows as make whole groups; which ones wait for the next epoch is drawn anew. accelerate calls
    `set_epoch`; without `shuffle`, as for held-out text, all epochs are alike.
    """

    def __init__(
        self,
        stream: Stream,
        specials: Specials,
        *,
        size: int,
        rate: float,
        whole_words: bool,
        seed: int,
        shuffle: bool,
        group: int = 1,
    ) -> None:
        self.stream, self.specials, self.group = stream, specials, group
        self.size, self.rate, self.whole_words, self.seed, self.shuffle = size, rate, whole_words, seed, shuffle
        self.room = size - len(specials.before) - len(specials.after)
        self.masked = max(1, round(rate * self.room))
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        n = len(self.stream) // self.room
        self.epoch = epoch if self.shuffle else 0
        order = np.random.default_rng((0, self.seed, epoch)).permutation(n) if self.shuffle else np.arange(n)
        self.order = order[: n // self.group * self.group]

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        block = int(self.order[index])
        stretch = slice(block * self.room, (block + 1) * self.room)
        ids = self.stream.pieces[stretch].astype(np.int64)
        begins = np.array(self.stream.begins[stretch]) if self.whole_words else np.ones(self.room, np.bool_)
        rng = np.random.default_rng((1, self.seed, self.epoch, block))
        chosen = choose(begins, self.specials.special[ids], self.rate, self.masked, rng)
        labels = np.full(self.masked, IGNORED, np.int64)
        positions = np.zeros(self.masked, np.int64)
        labels[: len(chosen)] = ids[chosen]
        positions[: len(chosen)] = chosen + len(self.specials.before)
        draw = rng.random(len(chosen))
        random = self.specials.ordinary[rng.integers(len(self.specials.ordinary), size=len(chosen))]
        ids[chosen] = np.where(draw < 0.8, self.specials.mask, np.where(draw < 0.9, random, ids[chosen]))
        framed = np.concatenate([self.specials.before, ids, self.specials.after]).astype(np.int64)
        return {"input_ids": framed, "positions": positions, "labels": labels}


def choose(begins: np.ndarray, special: np.ndarray, rate: float, most: int, rng: np.random.Generator) -> np.ndarray:
    """Places, in order, of the pieces to mask among [pieces]: whole words in random order as long as they fit.

    They are `rate` of the pieces that are not `special`, or less by what the words left over are too long for, and
    never more than `most`. A word of which a piece is special is never chosen.
    """
    word = np.cumsum(begins)
    # What a block begins with is a word, or the end of one that the block before has begun.
    word -= word[0]
    sizes = np.bincount(word)
    open_words = np.flatnonzero(np.bincount(word, weights=special) == 0)
    budget = min(most, max(1, round(rate * int((~special).sum()))))
    order = rng.permutation(open_words)
    lengths = sizes[order]
    taken = np.cumsum(lengths) <= budget
    left = budget - int(lengths[taken].sum())
    for i in range(int(taken.sum()), len(order)):
        if not left:
            break
        if lengths[i] <= left:
            taken[i] = True
            left -= int(lengths[i])
    masked = np.zeros(len(sizes), np.bool_)
    masked[order[taken]] = True
    return np.flatnonzero(masked[word])
