from __future__ import annotations

import bz2
import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT
from khabar.documents import Document, Span
from khabar.faults import KhabarError
from khabar.standoff import Joiner, apply, fingerprint, read_records, to_record

PREPARE = [sys.executable, str(ROOT / "data" / "prepare.py")]


def prepare(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PREPARE, *map(str, arguments)], capture_output=True, text=True, check=False)


def write_records(documents: list[Document], path: Path) -> None:
    path.write_text("".join(json.dumps(to_record(d)) + "\n" for d in documents), encoding="utf-8")


def test_a_record_holds_the_annotations_and_no_word(documents: list[Document]) -> None:
    for document in documents:
        record = json.loads(json.dumps(to_record(document), ensure_ascii=False))
        assert not any("\u0600" <= c <= "\u06ff" for c in json.dumps(record, ensure_ascii=False))
        assert apply(record, document.text) == document


def test_copies_with_other_white_space_are_the_same_text(documents: list[Document]) -> None:
    document = documents[0]
    copy = "  " + document.text.replace(" ", "\u00a0 ").replace("\n", "\r\n\r\n")
    assert fingerprint(copy) == fingerprint(document.text) != fingerprint(document.text + ".")
    moved = apply(to_record(document), copy)
    surfaces = [[d.text[s.start : s.end].split() for s in d.spans] for d in (document, moved)]
    assert surfaces[0] == surfaces[1]


def test_a_span_that_cuts_an_atom_is_refused() -> None:
    with pytest.raises(KeyError):
        to_record(Document("d", "زار حلب", (Span(4, 6, "LOC"),)))


def test_joining_says_what_is_missing(documents: list[Document]) -> None:
    joiner = Joiner([to_record(d) for d in documents])
    joiner.offer(d.text for d in reversed(documents[1:]))
    joined = joiner.joined()
    assert joined.documents == documents[1:]
    assert (joined.missing, joined.texts_read) == ([documents[0].id], len(documents) - 1)


def test_prepare_finds_texts_in_files_of_every_kind(documents: list[Document], tmp_path: Path) -> None:
    records, copies, out = tmp_path / "news.jsonl", tmp_path / "copies", tmp_path / "out"
    write_records(documents, records)
    copies.mkdir()
    texts = [d.text for d in documents]
    (copies / "a.txt").write_text("شيء آخر\n\n" + texts[0].replace("\n", "\r\n") + "\n", encoding="utf-8")
    title, body = texts[1].split("\n", 1)
    (copies / "b.json").write_text(json.dumps([{"url": "x", "title": title, "content": body}]), encoding="utf-8")
    with bz2.open(copies / "c.jsonl.bz2", "wt", encoding="utf-8") as packed:
        packed.write(json.dumps({"text": texts[2]}) + "\n")
    with (copies / "d.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(["1", texts[3], "سياسة"])
    (copies / "broken.json").write_text("{", encoding="utf-8")
    done = prepare("standoff", records, copies, "--out", out)
    assert done.returncode == 0, done.stderr
    assert f"4 of {len(documents)} documents joined" in done.stderr
    assert done.stderr.count("missing: ") == len(documents) - 4
    assert "set aside: " in done.stderr and "broken.json" in done.stderr
    found = [json.loads(line) for line in (out / "news.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [r["id"] for r in found] == [d.id for d in documents[:4]]
    assert [len(r["spans"]) for r in found] == [len(d.spans) for d in documents[:4]]


def test_prepare_fails_when_nothing_joined(documents: list[Document], tmp_path: Path) -> None:
    records = tmp_path / "news.jsonl"
    write_records(documents, records)
    (tmp_path / "a.txt").write_text("نص", encoding="utf-8")
    assert prepare("standoff", records, tmp_path / "a.txt", "--out", tmp_path / "out").returncode == 1
    assert not (tmp_path / "out").exists()
    done = prepare("standoff", records, tmp_path / "none", "--out", tmp_path / "out")
    assert done.returncode == 2 and "Remedy" in done.stderr


def test_a_broken_standoff_file_is_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "a"}\n', encoding="utf-8")
    with pytest.raises(KhabarError, match=r"a\.jsonl:1: lacks atoms"):
        read_records(path)


def test_prepare_reads_wojoods_nested_tags(tmp_path: Path) -> None:
    rows = "وزير B-OCC\nخارجية B-ORG I-OCC\nقطر B-GPE I-ORG I-OCC\nزار O\nحلب I-GPE\n\nنعم O\n"
    for name in ("train", "val", "test"):
        (tmp_path / f"{name}.txt").write_text(rows, encoding="utf-8")
    done = prepare("wojood", tmp_path, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    first, second = (json.loads(line) for line in (tmp_path / "out" / "dev.jsonl").read_text("utf-8").splitlines())
    spans = {(first["text"][s["start"] : s["end"]], s["label"]) for s in first["spans"]}
    assert spans == {("وزير خارجية قطر", "OCC"), ("خارجية قطر", "ORG"), ("قطر", "GPE"), ("حلب", "GPE")}
    assert "1 illegal I-, read as B-" in done.stderr
    assert second["spans"] == []


@pytest.mark.parametrize(("name", "splits"), [("real-news", ("train", "test")), ("news-archive", ("train", "dev"))])
def test_the_bundled_standoff_annotations_are_whole(name: str, splits: tuple[str, str]) -> None:
    folder = ROOT / "data" / "standoff"
    records = read_records(folder / f"{name}.standoff")
    ids = [set((folder / f"{name}.{split}.ids").read_text().split()) for split in splits]
    assert not ids[0] & ids[1] and ids[0] | ids[1] == {r["id"] for r in records}
    assert len({r["sha256"] for r in records}) == len(records)
    assert all(s["first"] < s["end"] <= r["atoms"] for r in records for s in r["spans"])
    assert "text" not in records[0]
    for record in records:
        heads = {"VALUE", "AMOUNT"}
        labels = [s["label"] for s in record["spans"]]
        assert sorted(c["head"] for c in record["claims"]) == [i for i, label in enumerate(labels) if label in heads]


def test_no_article_is_in_both_real_corpora() -> None:
    folder = ROOT / "data" / "standoff"
    hashes = [{r["sha256"] for r in read_records(folder / f"{n}.standoff")} for n in ("real-news", "news-archive")]
    assert not hashes[0] & hashes[1]
