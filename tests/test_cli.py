from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from conftest import ROOT, TINY, documents_of
from khabar.cli import app
from khabar.documents import Document
from khabar.formats import jsonl
from khabar.scheme import DEFAULT_SCHEME

ARTICLE = "أصيب شخصان في صنعاء، وفق الهلال الأحمر."


def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)


def rows(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_check_on_a_clean_corpus_says_its_summary_and_nothing_else() -> None:
    done = run("check", TINY)
    assert done.exit_code == 0
    assert done.stderr == ""
    assert "documents" in done.stdout and "VALUE" in done.stdout
    found = json.loads(run("check", TINY, "--json").stdout)
    assert (found["documents"], found["claims"], found["faults"], found["repaired"]) == (6, 8, 0, 0)
    assert found["spans"]["VALUE"] == 7


def test_check_exits_1_and_names_each_fault(tmp_path: Path) -> None:
    bad = tmp_path / "bad.conll"
    bad.write_text("زار O\nحلب B-PLACE\nحمص\n", encoding="utf-8")
    done = run("check", bad)
    assert done.exit_code == 1
    assert f"{bad}:2: unknown label" in done.stderr and f"{bad}:3: no tag" in done.stderr
    assert "2 fault(s)" in done.stderr


def test_check_finds_a_text_in_two_files(tmp_path: Path) -> None:
    shutil.copy(TINY, tmp_path / "train.marked")
    shutil.copy(TINY, tmp_path / "test.marked")
    done = run("check", tmp_path)
    assert done.exit_code == 1 and done.stderr.count(": leak: ") == 6


def test_check_takes_the_scheme_of_a_config(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("حلب B-MIS\n", encoding="utf-8")
    assert run("check", path).exit_code == 1
    assert run("check", path, "--config", ROOT / "configs" / "aqmar.yaml").exit_code == 0


def test_check_strict_refuses_repairs_and_bidi_can_be_allowed(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("حلب\u200f I-LOC\n", encoding="utf-8")
    assert run("check", path).exit_code == 1
    assert run("check", path, "--allow-bidi").exit_code == 0
    assert run("check", path, "--allow-bidi", "--strict").exit_code == 1


def test_convert_says_what_a_format_can_not_hold(documents: list[Document], tmp_path: Path) -> None:
    there, back, conll = tmp_path / "a.jsonl", tmp_path / "b.marked", tmp_path / "c.conll"
    assert run("convert", TINY, there).exit_code == 0
    assert run("convert", there, back).exit_code == 0
    assert documents_of(back) == documents
    done = run("convert", there, conll, "--layers", "claims")
    assert done.exit_code == 0
    assert "8 claims that CoNLL can't hold" in done.stderr
    assert "span(s) of layers not asked for" in done.stderr
    assert {s.label for d in documents_of(conll) for s in d.spans} <= set(DEFAULT_SCHEME.layers["claims"])
    assert run("convert", there, tmp_path / "d.unknown").exit_code == 2
    assert "layers" in run("convert", there, conll, "--layers", "claim").stderr


def test_convert_does_not_write_what_is_faulty(tmp_path: Path) -> None:
    bad = tmp_path / "bad.conll"
    bad.write_text("زار O\nحلب B-PLACE\n", encoding="utf-8")
    done = run("convert", bad, tmp_path / "out.jsonl")
    assert done.exit_code == 2 and "unknown label" in done.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_predict_reads_text_and_writes_jsonl(overfitted: Path, tmp_path: Path) -> None:
    article, out = tmp_path / "a.txt", tmp_path / "out" / "tagged.jsonl"
    article.write_bytes(("\ufeff" + ARTICLE + "\r\n").encode())
    done = run("predict", article, "--model", overfitted, "--out", out)
    assert done.exit_code == 0, done.stderr
    (record,) = rows(out.read_text(encoding="utf-8"))
    assert (record["id"], record["text"]) == ("a", ARTICLE + "\r\n")
    surfaces = {(record["text"][s["start"] : s["end"]], s["label"]) for s in record["spans"]}
    assert {("شخصان", "AMOUNT"), ("صنعاء", "LOC"), ("الهلال الأحمر", "ORG")} <= surfaces
    assert all(0 < s["score"] <= 1 for s in record["spans"])
    assert record["claims"][0]["parts"]
    assert not (tmp_path / "out" / "tagged.jsonl.rejected.jsonl").exists()


def test_predict_reads_standard_input_as_text_or_jsonl(overfitted: Path) -> None:
    plain = run("predict", "-", "--model", overfitted, stdin=ARTICLE.encode())
    assert rows(plain.stdout)[0]["text"] == ARTICLE
    lines = "".join(json.dumps({"id": i, "text": ARTICLE, "meta": {"desk": "أمن"}}) + "\n" for i in "ab")
    both = rows(run("predict", "-", "--model", overfitted, stdin=lines.encode()).stdout)
    assert [r["id"] for r in both] == ["a", "b"]
    assert both[0]["meta"] == {"desk": "أمن"}


def test_predict_sets_bad_records_aside_and_goes_on(overfitted: Path, tmp_path: Path) -> None:
    archive, out = tmp_path / "archive.jsonl", tmp_path / "out.jsonl"
    good = [json.dumps({"id": name, "text": ARTICLE}).encode() for name in ("a", "b")]
    bad = [b'{"id": "x"}', b"{", "نص".encode("cp1256"), json.dumps({"id": "a", "text": "نص"}).encode()]
    bad.append(json.dumps({"id": "y", "text": " "}).encode())
    archive.write_bytes(b"\n".join([good[0], *bad, good[1]]) + b"\n")
    done = run("predict", archive, "--model", overfitted, "--out", out)
    assert done.exit_code == 0
    assert [r["id"] for r in rows(out.read_text())] == ["a", "b"]
    aside = rows((tmp_path / "out.jsonl.rejected.jsonl").read_text())
    assert [(r["line"], r["kind"]) for r in aside] == [
        (2, "not a document"),
        (3, "broken JSON"),
        (4, "broken UTF-8"),
        (5, "duplicate id"),
        (6, "empty document"),
    ]
    assert "5 record(s) set aside" in done.stderr


def test_predict_fails_when_nothing_could_be_tagged(overfitted: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("{\n", encoding="utf-8")
    assert run("predict", path, "--model", overfitted, "--out", tmp_path / "o.jsonl").exit_code == 2
    missing = run("predict", tmp_path / "none.txt", "--model", overfitted)
    assert missing.exit_code == 2 and "Remedy" in missing.stderr


def test_predict_pretty_shows_text_labels_and_claims(overfitted: Path, tmp_path: Path) -> None:
    article = tmp_path / "a.txt"
    article.write_text(ARTICLE + " [bold]", encoding="utf-8")
    done = run("predict", article, "--model", overfitted, "--pretty")
    assert done.exit_code == 0
    assert ARTICLE + " [bold]" in done.stdout
    assert "LOC" in done.stdout and "شخصان" in done.stdout.split("head", 1)[1]


def test_evaluate_scores_a_model_or_a_file_of_predictions(
    overfitted: Path, documents: list[Document], tmp_path: Path
) -> None:
    out = tmp_path / "scores.json"
    done = run("evaluate", TINY, "--model", overfitted, "--out", out)
    assert done.exit_code == 0, done.stderr
    scores = json.loads(out.read_text(encoding="utf-8"))
    strict = scores["layers"]["entities"]["strict"]
    assert strict["micro"]["f1"] > 0.95
    assert 0 <= strict["interval"]["low"] <= strict["interval"]["high"] <= 1
    for shown in ("strict (IOB2)", "default mode", "macro", "exact", "95% interval", "links"):
        assert shown in done.stdout
    predictions = tmp_path / "p.jsonl"
    run("predict", TINY.parent / "tiny.jsonl", "--model", overfitted)
    gold = tmp_path / "gold.jsonl"
    gold.write_text("".join(jsonl.to_line(d) + "\n" for d in documents), encoding="utf-8")
    run("predict", gold, "--model", overfitted, "--out", predictions)
    again = tmp_path / "again.json"
    assert run("evaluate", TINY, "--predictions", predictions, "--out", again).exit_code == 0
    assert json.loads(again.read_text())["layers"] == scores["layers"]


def test_evaluate_refuses_predictions_that_lack_documents(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(json.dumps({"id": "tiny-1", "text": "نص"}) + "\n", encoding="utf-8")
    done = run("evaluate", TINY, "--predictions", path)
    assert done.exit_code == 2 and "lacks 5 of 6" in done.stderr


@pytest.mark.parametrize("arguments", [["train", "none.yaml"], ["evaluate", str(TINY), "--layers", "claim"]])
def test_errors_are_messages_and_not_tracebacks(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert "error:" in done.stderr and "Traceback" not in done.stderr
