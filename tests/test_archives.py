from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from khabar import archives
from khabar.archives import ArchiveLog, files_of, texts
from khabar.faults import KhabarError

DOCUMENTS = ["عاد المطر إلى الوادي.\nوفرح الناس.", "أغلقت المدرسة أبوابها.", "الثمن 12 دينارا."]
PLAIN = "\n\n".join(DOCUMENTS)


def records(field: str = "text") -> str:
    return "".join(json.dumps({field: d}, ensure_ascii=False) + "\n" for d in DOCUMENTS)


WRITERS: dict[str, Callable[[Path], object]] = {
    "a.txt": lambda p: p.write_text(PLAIN, "utf-8"),
    "a.TXT.BZ2": lambda p: p.write_bytes(bz2.compress(PLAIN.encode())),
    "a.txt.gz": lambda p: p.write_bytes(gzip.compress(PLAIN.encode())),
    "a.txt.xz": lambda p: p.write_bytes(lzma.compress(PLAIN.encode())),
    "two-streams.txt.bz2": lambda p: p.write_bytes(
        bz2.compress(PLAIN.encode()[:20]) + bz2.compress(PLAIN.encode()[20:])
    ),
    "a.jsonl": lambda p: p.write_text(records(), "utf-8"),
    "a.ndjson.xz": lambda p: p.write_bytes(lzma.compress(records().encode())),
    "a.parquet": lambda p: pyarrow.parquet.write_table(pyarrow.table({"text": DOCUMENTS, "id": [1, 2, 3]}), p),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_file_gives_the_same_documents(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    log, read = ArchiveLog(), []
    assert list(texts([path], log, advance=read.append)) == DOCUMENTS
    assert not log.faults and not log.counts
    assert sum(read) == path.stat().st_size


def test_blank_lines_of_any_kind_and_number_separate_documents(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeff\r\n\r\nأ\r\nب\r\n \t\r\n\r\n\r\nج".encode())
    assert list(texts([path], ArchiveLog())) == ["أ\nب", "ج"]


@given(st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1), min_size=1, max_size=8))
def test_what_is_written_as_blocks_is_read_as_documents(
    tmp_path_factory: pytest.TempPathFactory, found: list[str]
) -> None:
    path = tmp_path_factory.mktemp("blocks") / "a.txt"
    path.write_text("\n\n".join(found), encoding="utf-8", newline="")
    assert list(texts([path], ArchiveLog())) == found


def test_broken_lines_are_set_aside_with_file_and_line_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress("سطر سليم\n".encode() + "نص قديم".encode("cp1256") + "\nسطر آخر\n".encode()))
    log = ArchiveLog()
    assert list(texts([path], log)) == ["سطر سليم\nسطر آخر"]
    assert log.counts == {"broken UTF-8": 1}
    assert str(log.faults[0]).startswith(f"{path}:2: broken UTF-8")


def test_records_without_a_usable_text_are_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"text": "سليم"}\n{"body": "x"}\n[1]\n{"text": 3}\n{"text": "\\ud800"}\n{\n\n{"text": " "}\n', "utf-8"
    )
    log = ArchiveLog()
    assert list(texts([path], log)) == ["سليم"]
    assert log.counts == {"no text": 3, "broken Unicode": 1, "broken JSON": 1, "documents without a character": 1}
    assert [fault.origin.line for fault in log.faults if fault.origin] == [2, 3, 4, 5, 6]


def test_a_file_without_a_document_is_noted_and_none_in_all_files_an_error(tmp_path: Path) -> None:
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    paths[0].write_bytes("قديم".encode("cp1256"))
    paths[1].write_text("سليم", "utf-8")
    log = ArchiveLog()
    assert list(texts(paths, log)) == ["سليم"]
    assert log.counts == {"broken UTF-8": 1, "no document": 1}
    assert str(log.faults[-1]).startswith(f"{paths[0]}:1: no document")
    with pytest.raises(KhabarError, match=r"no document in 1 file(?s:.*)broken UTF-8"):
        list(texts(paths[:1], ArchiveLog()))


def test_all_faults_are_counted_but_only_the_first_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("{\n" * 500 + '{"text": "سليم"}', "utf-8")
    log = ArchiveLog()
    assert list(texts([path], log)) == ["سليم"]
    assert log.counts["broken JSON"] == 500 and len(log.faults) == log.listed == 100


def test_the_field_of_the_text_can_be_named(tmp_path: Path) -> None:
    lines, table = tmp_path / "a.jsonl", tmp_path / "a.parquet"
    lines.write_text(records("article"), "utf-8")
    pyarrow.parquet.write_table(pyarrow.table({"article": [*DOCUMENTS, None]}), table)
    log = ArchiveLog()
    assert list(texts([lines, table], log, text_field="article")) == DOCUMENTS * 2
    assert log.counts == {"Parquet rows without a text": 1}
    with pytest.raises(KhabarError, match=r"no column 'text' of text; its columns are article.*data\.text_field"):
        list(texts([table], ArchiveLog()))
    with pytest.raises(KhabarError, match=r"no document in 1 file(?s:.*)no text under 'text'"):
        list(texts([lines], ArchiveLog()))


@pytest.mark.parametrize("name", ["a.txt.bz2", "a.txt.gz", "a.txt.xz", "a.parquet"])
def test_a_file_that_is_cut_short_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    whole = "".join(chr(0x621 + (i * i) % 42) for i in range(200_000))
    WRITERS["a.parquet"](path) if name == "a.parquet" else path.write_bytes(
        {"bz2": bz2, "gz": gzip, "xz": lzma}[name.rsplit(".", 1)[1]].compress(whole.encode())  # type: ignore[attr-defined]
    )
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(KhabarError, match=r"can't be read.*Remedy: fetch"):
        list(texts([path], ArchiveLog()))


def test_a_file_without_blank_lines_is_cut_and_that_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "LONGEST", 100)
    path = tmp_path / "a.txt"
    lines = [f"هذا هو السطر رقم {i}" for i in range(40)]
    path.write_text("\n".join(lines), "utf-8")
    log = ArchiveLog()
    found = list(texts([path], log))
    assert "\n".join(found).split("\n") == lines
    assert 5 < len(found) < 20 and sum(log.counts.values()) == len(found) - 1


def test_names_mean_files_folders_and_patterns_in_order_and_once(tmp_path: Path) -> None:
    for name in ("b.txt", "sub/c.jsonl.gz", "sub/a.parquet", "sub/notes.md", "x1.txt", "x2.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("س", "utf-8")
    found = files_of(tmp_path, ["x*", "sub", "b.txt", "x1.txt"])
    assert [str(p.relative_to(tmp_path)) for p in found] == [
        "x1.txt", "x2.txt", "sub/a.parquet", "sub/c.jsonl.gz", "b.txt",
    ]  # fmt: skip
    for missing in ("none.txt", "y*", "sub/notes.md"):
        with pytest.raises(KhabarError, match=r"Remedy: name files that end in \.txt"):
            files_of(tmp_path, [missing])
