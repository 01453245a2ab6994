"""Imports point one way: a module may use only those above it in this list, which is the README's tree."""

from __future__ import annotations

import ast
from pathlib import Path

from conftest import ROOT

ORDER = [
    "faults",
    "text",
    "digits",
    "numberwords",
    "numbertokens",
    "numberphrases",
    "numberranges",
    "amounts",
    "numerals",
    "nouns",
    "currencies",
    "measures",
    "durations",
    "units",
    "operators",
    "statuses",
    "calendars",
    "mentions",
    "dates",
    "periods",
    "clocks",
    "times",
    "scheme",
    "documents",
    "claims",
    "standoff",
    "labels",
    "formats.lines",
    "formats.offsets",
    "formats.records",
    "formats.jsonl",
    "formats.markup",
    "formats.conll",
    "formats.label_studio",
    "formats.doccano",
    "formats.brat",
    "formats.cas",
    "formats.prodigy",
    "formats.spacy_docbin",
    "formats.hf_datasets",
    "formats.registry",
    "formats",
    "rows",
    "config",
    "corpus",
    "links",
    "linker",
    "features",
    "model",
    "decoding",
    "scoring",
    "tagger",
    "splits",
    "runs",
    "training",
    "archives",
    "wordpiece",
    "pretraining_config",
    "packing",
    "skipgram",
    "masked_lm",
    "optimizers",
    "throughput",
    "stable",
    "pretraining",
    "inputs",
    "report",
    "console",
    "cli_training",
    "cli_pretraining",
    "cli_data",
    "cli_tagging",
    "cli_claims",
    "cli",
]
SOURCE = ROOT / "src" / "khabar"


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("khabar."):
            module = (node.module or "").removeprefix("khabar.")
            deeper = {f"{module}.{alias.name}" for alias in node.names} & set(ORDER)
            found |= deeper or {module}
        elif isinstance(node, ast.Import):
            assert not any(alias.name.startswith("khabar") for alias in node.names), f"{path}: use from … import"
    return found


def test_imports_point_one_way() -> None:
    for path in SOURCE.rglob("*.py"):
        name = module_name(path)
        if name == "__init__":
            continue
        assert name in ORDER, f"{name} has no place in the order"
        for other in imported(path):
            assert ORDER.index(other) < ORDER.index(name), f"{name} imports {other}, which stands below it"


def test_the_order_names_modules_that_are_there_and_the_readme_lists_them() -> None:
    assert {module_name(p) for p in SOURCE.rglob("*.py")} - {"__init__"} == set(ORDER)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ORDER:
        assert f"{name.split('.')[-1]}.py" in readme or f"{name}/" in readme, f"README's tree lacks {name}"


def test_modules_stay_readable() -> None:
    long = {p.name: n for p in SOURCE.rglob("*.py") if (n := len(p.read_text(encoding="utf-8").splitlines())) > 420}
    assert not long, f"split along their nouns: {long}"
