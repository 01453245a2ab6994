from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from conftest import ROOT
from khabar.claims import numeric_claims
from khabar.documents import Claim, Document, Span
from khabar.faults import KhabarError
from khabar.rows import COLUMNS, columns_markdown, to_row, writer
from khabar.scheme import DEFAULT_SCHEME


def rows(documents: list[Document]) -> list[dict]:
    return [to_row(c) for d in documents for c in numeric_claims(d, DEFAULT_SCHEME)]


def test_every_row_has_the_documented_columns_in_order(documents: list[Document]) -> None:
    found = rows(documents)
    assert len(found) == sum(len(d.claims) for d in documents)
    assert all(list(row) == list(COLUMNS) for row in found)
    assert all(f"`{name}`" in columns_markdown() for name in COLUMNS)
    assert columns_markdown() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_part_of_a_currency_says_how_much_of_it_it_is() -> None:
    text = "في مصر بلغ السعر 50 قرشا"
    document = Document("d", text, (Span(17, 19, "VALUE"), Span(20, 24, "UNIT")), (Claim(0, (1,)),))
    (row,) = rows([document])
    assert (row["low"], row["unit"], row["unit_factor"]) == ("50", "EGP", "1/100")


def test_the_three_formats_hold_the_same_rows(documents: list[Document], tmp_path: Path) -> None:
    found = rows(documents)
    for suffix in ("csv", "jsonl", "parquet"):
        with writer(tmp_path / f"rows.{suffix}") as file:
            file.write(found[:3])
            file.write(found[3:])
    lines = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines == found
    assert pq.read_table(tmp_path / "rows.parquet").to_pylist() == found
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert [r["head"] for r in read] == [r["head"] for r in found]
    assert [r["property"].split(" | ") if r["property"] else [] for r in read] == [r["property"] for r in found]


def test_no_claims_make_an_empty_table_with_its_columns(tmp_path: Path) -> None:
    for suffix in ("csv", "parquet"):
        with writer(tmp_path / f"rows.{suffix}") as file:
            file.write([])
    assert pq.read_table(tmp_path / "rows.parquet").column_names == list(COLUMNS)
    assert (tmp_path / "rows.csv").read_text(encoding="utf-8").strip() == ",".join(COLUMNS)


def test_a_file_appears_whole_or_not_at_all_and_other_suffixes_are_refused(tmp_path: Path) -> None:
    for suffix in ("csv", "jsonl", "parquet"):
        with pytest.raises(RuntimeError), writer(tmp_path / f"rows.{suffix}"):
            raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KhabarError, match=r"\.csv, \.jsonl or \.parquet"), writer(tmp_path / "rows.xlsx"):
        pass
