from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import ROOT
from khabar.documents import Document
from khabar.faults import FaultLog
from khabar.formats.registry import write_documents
from khabar.scheme import DEFAULT_SCHEME

DATA = ROOT / "data"


def script(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(DATA / name), *map(str, arguments)], capture_output=True, text=True, check=False
    )


def write(documents: list[Document], path: Path) -> Path:
    write_documents(documents, path, DEFAULT_SCHEME, FaultLog())
    return path


def test_the_bundled_corpus_is_clean_whole_and_covered() -> None:
    done = script("describe.py", DATA / "khabar-news", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^0 digit run\(s\) not covered", done.stdout, re.MULTILINE)
    report = script("split.py", DATA / "khabar-news")
    assert report.returncode == 0, report.stderr
    assert ", 0 across splits" in report.stdout


def test_the_wire_articles_are_clean_and_repeat_nothing(tmp_path: Path) -> None:
    done = script("describe.py", DATA / "khabar-wire", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^0 digit run\(s\) not covered", done.stdout, re.MULTILINE)
    for split in ("train", "dev", "test"):
        shutil.copy(DATA / "khabar-news" / f"{split}.marked", tmp_path)
    with (tmp_path / "train.marked").open("a", encoding="utf-8") as file:
        file.write("\n" + (DATA / "khabar-wire" / "train.marked").read_text(encoding="utf-8"))
    report = script("split.py", tmp_path)
    assert report.returncode == 0, report.stderr
    assert ", 0 across splits" in report.stdout


def test_describe_names_digits_that_are_not_covered(tmp_path: Path) -> None:
    path = write([Document("a", "زار 3 مدن")], tmp_path / "a.marked")
    done = script("describe.py", path, "--check")
    assert done.returncode == 1
    assert "digits '3' at 4 covered 0 times" in done.stdout


def test_split_deals_by_desk_keeps_near_duplicates_together_and_never_moves_an_article(tmp_path: Path) -> None:
    words = ["قال", "مسؤول", "في", "الوزارة", "إن", "العمل", "في", "المشروع", "الجديد", "سيبدأ", "قريبا", "في", "مدينة"]
    articles = [
        Document(
            f"n-{i:02}", " ".join(words[i % 7 :] + [f"كلمة{chr(0x0628 + i)}{j}" for j in range(40)]), meta={"desk": "x"}
        )
        for i in range(20)
    ]
    twin = Document("n-00b", articles[0].text + " أيضا", meta={"desk": "x"})
    new = write([*articles[:10], twin], tmp_path / "new.marked")
    folder = tmp_path / "corpus"
    folder.mkdir()
    first = script("split.py", folder, new)
    assert first.returncode == 0, first.stderr
    assert "1 pair(s) of near-duplicates" in first.stdout and ", 0 across splits" in first.stdout
    before = {p.stem: p.read_text(encoding="utf-8") for p in folder.iterdir()}
    assert set(before) == {"train", "dev", "test"}
    home = [name for name, text in before.items() if "=== n-00 " in text]
    assert "=== n-00b " in before[home[0]]
    more = write(articles[10:], tmp_path / "more.marked")
    assert script("split.py", folder, more).returncode == 0
    after = {p.stem: p.read_text(encoding="utf-8") for p in folder.iterdir()}
    for name, text in before.items():
        for header in (line for line in text.splitlines() if line.startswith("=== ")):
            assert header in after[name]
    assert script("split.py", folder, more).returncode != 0
