"""Times `khabar.numerals.find` on 200 characters of news and of junk, beside a plain scan for digits.

    python eval/bench_numerals.py --out eval/results/numerals-speed.json

The baseline is `re.findall(r"\\d+", text)` over the same windows in the same run. Each window is timed alone, the best
of some rounds; the table has the mean, the 99th percentile and the worst window in microseconds, and the mean's ratio
to the baseline. News is the bundled corpus; junk is random letters, digits and signs, number words in random order,
and repetitions made to lead a reader of numbers astray.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from khabar.config import Source
from khabar.console import reports_errors
from khabar.corpus import read_corpus
from khabar.faults import FaultLog
from khabar.formats.lines import whole_file
from khabar.numberwords import lexicon
from khabar.numerals import find
from khabar.scheme import DEFAULT_SCHEME

WINDOW = 200
LIMIT_US = 5000
ASTRAY = (
    *("ألف و", "مئة وخمسة ", "بين 5 و", "من 5 إلى ", "1 200 ", "10-", "1.", "1/2 ", "و", "ثلاثة ونصف ", "-5 - ", "الـ"),
    *("مليون ونصف المليون و", "نيف و", "بضع وعشرون ", "% 5 ", "خمس الـ15 ", "ناقص ", "9", "٫٩", "ُ", "ألفا ", "½"),
)


def windows(text: str) -> list[str]:
    return [text[at : at + WINDOW] for at in range(0, len(text) - WINDOW + 1, WINDOW)]


def junk(*, count: int, seed: int) -> list[str]:
    """Windows of nonsense: half random characters, half random number words, and the repetitions."""
    rng = random.Random(seed)
    letters = "ابتثجحخدذرزسشصضطظعغفقكلمنهويأإآىئةء ـًٌٍَُِّ" + "0123456789٠١٢٣٤٥٦٧٨٩.,٫٬،-–/:%٪()«»\n" + "aG½²\u200f\u00a0"
    entries = list(lexicon())
    found = ["".join(rng.choice(letters) for _ in range(WINDOW)) for _ in range(count // 2)]
    for _ in range(count // 2):
        chosen = (rng.choice(("", "و", "ب", "ال")) + rng.choice(entries) for _ in range(WINDOW // 3))
        found.append(" ".join(chosen)[:WINDOW])
    return found + [(piece * WINDOW)[:WINDOW] for piece in ASTRAY]


def microseconds(work: Callable[[str], object], texts: list[str], *, rounds: int) -> list[float]:
    """The best time of each text."""
    best = [float("inf")] * len(texts)
    for _ in range(rounds):
        for i, text in enumerate(texts):
            began = time.perf_counter_ns()
            work(text)
            best[i] = min(best[i], (time.perf_counter_ns() - began) / 1000)
    return best


@reports_errors
def bench(
    corpus: Annotated[Path, typer.Argument(help="Corpus whose text is the news.")] = Path(
        "data/khabar-news/test.marked"
    ),
    out: Annotated[Path | None, typer.Option(help="JSON file for the figures.")] = None,
    rounds: Annotated[int, typer.Option(help="Times each window is read; the best counts.")] = 5,
    seed: Annotated[int, typer.Option(help="Seed of the junk.")] = 0,
) -> None:
    documents = read_corpus(Source(path=str(corpus)), DEFAULT_SCHEME, FaultLog()).documents
    news = windows("\n".join(document.text for document in documents))
    digits = re.compile(r"\d+")
    rows = {}
    print(f"{'text':6} {'windows':>7} {'mean µs':>8} {'p99 µs':>8} {'worst µs':>8} {'baseline µs':>11} {'ratio':>6}")
    for name, texts in {"news": news, "junk": junk(count=2000, seed=seed)}.items():
        base = microseconds(digits.findall, texts, rounds=rounds)
        ours = sorted(microseconds(find, texts, rounds=rounds))
        mean, mean_base = sum(ours) / len(ours), sum(base) / len(base)
        rows[name] = {
            "windows": len(texts),
            "mean_us": round(mean, 1),
            "p99_us": round(ours[int(0.99 * (len(ours) - 1))], 1),
            "worst_us": round(ours[-1], 1),
            "baseline": "re.findall(r'\\d+')",
            "baseline_mean_us": round(mean_base, 2),
            "ratio": round(mean / mean_base, 1),
        }
        row = rows[name]
        print(
            f"{name:6} {len(texts):7} {mean:8.1f} {row['p99_us']:8.1f} {row['worst_us']:8.1f} {mean_base:11.2f}"
            f" {row['ratio']:6.1f}"
        )
        if ours[-1] > LIMIT_US:
            print(f"{name}: a window took more than {LIMIT_US} µs")
    if out:
        with whole_file(out) as file:
            json.dump({"window": WINDOW, "rounds": rounds, "seed": seed} | rows, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    typer.run(bench)
