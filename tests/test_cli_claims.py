from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
from typer.testing import CliRunner, Result

from conftest import TINY
from khabar.cli import app
from khabar.documents import Document
from khabar.formats import jsonl

ARTICLE = "أصيب شخصان في صنعاء، وفق الهلال الأحمر."


def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)


def test_numbers_answers_every_line() -> None:
    done = run("numbers", stdin="قتل 12 جنديا و3 آلاف و500 مدني\n\nلا شيء\n".encode())
    assert done.exit_code == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [[(a["text"], a["low"], a["high"]) for a in line] for line in answers] == [
        [("12", 12, 12), ("3 آلاف و500", 3500, 3500)],
        [],
        [],
    ]


def test_numbers_whole_answers_a_value_or_null_and_counts_broken_lines() -> None:
    done = run("numbers", "--whole", stdin="نصف مليون\nكلام\n".encode() + b"\xff\n")
    assert done.exit_code == 0
    first, second, third = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["low"], first["high"]) == (500_000, 500_000)
    assert second is None and third is None
    assert "1 line(s) are not UTF-8" in done.stderr and "3" in done.stderr


def test_claims_of_an_article_as_a_table_and_pretty(overfitted: Path, tmp_path: Path) -> None:
    article = tmp_path / "a.txt"
    article.write_text(ARTICLE + " [bold]", encoding="utf-8")
    table = run("claims", article, "--model", overfitted)
    assert table.exit_code == 0, table.stderr
    assert "شخصان" in table.stdout and "الهلال الأحمر" in table.stdout
    pretty = run("claims", article, "--model", overfitted, "--pretty")
    assert pretty.exit_code == 0 and ARTICLE in pretty.stdout and "SOURCE" in pretty.stdout


def test_claims_writes_rows_and_sets_bad_records_aside(overfitted: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive.jsonl"
    good = json.dumps({"id": "a", "text": ARTICLE, "meta": {"date": "2024-01-05"}})
    archive.write_text(good + "\n{\n" + json.dumps({"id": "b", "text": ARTICLE}) + "\n", encoding="utf-8")
    for suffix in ("csv", "jsonl", "parquet"):
        out = tmp_path / "out" / f"rows.{suffix}"
        done = run("claims", archive, "--model", overfitted, "--out", out, "--date", "2020-02-02")
        assert done.exit_code == 0, done.stderr
        assert "1 record(s) set aside" in done.stderr
    rows = pq.read_table(tmp_path / "out" / "rows.parquet").to_pylist()
    assert [(r["document"], r["date"]) for r in rows] == [("a", "2024-01-05"), ("b", "2020-02-02")]
    assert all(r["low"] == "2" and 0 < r["confidence"] <= 1 for r in rows)
    assert run("claims", archive, "--model", overfitted, "--out", tmp_path / "rows.xlsx").exit_code == 2


def test_claims_of_gold_annotations_need_no_model(documents: list[Document], tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text("".join(jsonl.to_line(d) + "\n" for d in documents), encoding="utf-8")
    out = tmp_path / "rows.jsonl"
    done = run("claims", gold, "--tagged", "--out", out)
    assert done.exit_code == 0, done.stderr
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == sum(len(d.claims) for d in documents)
    assert {"100", "1200", "3.5"} & {r["low"] for r in rows}
    bad = tmp_path / "bad.jsonl"
    bad.write_text(json.dumps({"id": "x", "text": "حلب", "spans": [{"start": 0, "end": 2, "label": "LOC"}]}) + "\n")
    refused = run("claims", bad, "--tagged", "--out", out)
    assert refused.exit_code == 2 and "set aside" in refused.stderr
    assert TINY.exists()
