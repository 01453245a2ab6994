from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import ROOT
from khabar.config import RunConfig, build_config, load_config, to_yaml
from khabar.faults import KhabarError
from khabar.pretraining_config import PretrainConfig

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
PRETRAINING = [path for path in CONFIGS if path.stem.startswith(("pretrain-", "adapt-"))]
RUNS = [path for path in CONFIGS if path not in PRETRAINING]
LEAST: dict[str, Any] = {
    "name": "x",
    "data": {"train": [{"path": "a.jsonl"}]},
    "encoder": {"name": "e"},
}


def test_the_configs_the_readme_names_are_there() -> None:
    wanted = {"compact", "camelbert-msa", "camelbert-mix", "arabertv02", "xlm-roberta", "smoke", "anercorp", "aqmar"}
    assert wanted | {"pretrain-compact", "adapt-camelbert"} <= {path.stem for path in CONFIGS}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_every_config_loads_and_survives_being_written_out(path: Path) -> None:
    model = PretrainConfig if path in PRETRAINING else RunConfig
    config = load_config(path, model=model)
    assert config.name == path.stem
    assert build_config(yaml.safe_load(to_yaml(config)), where="again", model=model) == config


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_every_key_is_explained_by_a_comment_at_it_or_above_it(path: Path) -> None:
    explained = False
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if not text:
            explained = False
        elif text.startswith("#"):
            explained = True
        else:
            explained = explained or "#" in text
            assert explained, f"{path.name}: {text!r} has no comment"


@pytest.mark.parametrize("path", RUNS, ids=lambda p: p.stem)
def test_bundled_paths_exist(path: Path) -> None:
    config = load_config(path)
    if config.data.root == ".":
        for source in (*config.data.train, *config.data.dev, *config.data.test):
            if source.path.startswith("data/"):
                assert (ROOT / source.path).exists(), source.path
    if config.encoder.name.startswith("models/"):
        assert (ROOT / config.encoder.name / "config.json").is_file()


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({**LEAST, "trainig": {}}, r"trainig: unknown key; did you mean training\?"),
        ({**LEAST, "training": {"epoch": 3}}, r"training\.epoch: unknown key; did you mean epochs\?"),
        ({**LEAST, "data": {"train": [{"paht": "a"}]}}, r"data\.train\.0\.paht: unknown key; did you mean path\?"),
        ({**LEAST, "encoder": {"name": "e", "fold": {"digit": True}}}, r"did you mean digits\?"),
        ({**LEAST, "data": {"train": []}}, r"data\.train is empty"),
        ({**LEAST, "training": {"patience": 2}}, r"patience needs data\.dev"),
        ({**LEAST, "training": {"epochs": -1}}, r"training\.epochs: .*greater than 0"),
        ({**LEAST, "training": {"learning_rate": "fast"}}, r"training\.learning_rate"),
        ({**LEAST, "windows": {"pieces": 64, "context": 40}}, r"context leaves a window no room"),
        ({**LEAST, "seeds": [1, 1]}, r"one seed twice"),
        ({**LEAST, "scheme": {"layers": {"e": ["PER", "PER"]}}}, r"given twice: PER"),
        ({**LEAST, "scheme": {"layers": {"e": ["PER"]}, "heads": ["VALUE"]}}, r"heads names .* VALUE"),
        ({**LEAST, "scheme": {"layers": {"e": ["B-PER"]}}}, r"can't be told from a tag"),
        ({**LEAST, "data": {"train": [{"path": "a", "layers": ["claim"]}]}}, r"layer 'claim' is not in the scheme"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(raw: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(KhabarError, match=message) as error:
        load_config(write(tmp_path, yaml.safe_dump(raw)))
    assert "c.yaml" in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: [", "not valid YAML"),
        ("name: a\nname: b\n", "given twice"),
        ("- a\n", "holds no keys"),
        ("name: !!python/object/apply:os.system ['true']\n", "not valid YAML"),
    ],
)
def test_broken_yaml_is_named(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(KhabarError, match=message):
        load_config(write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KhabarError, match="No such file"):
        load_config(tmp_path / "none.yaml")


def test_overrides_reach_into_sections_and_are_validated(tmp_path: Path) -> None:
    path = write(tmp_path, yaml.safe_dump(LEAST))
    config = load_config(path, ["training.epochs=7", "training.learning_rate=5e-4", "encoder.fold.digits=true"])
    assert (config.training.epochs, config.training.learning_rate) == (7, 5e-4)
    assert config.encoder.fold.digits
    for bad in ("training.epoch=1", "training.epochs", "name.x=1", "training.epochs=[", "=3"):
        with pytest.raises(KhabarError):
            load_config(path, [bad])


def test_configs_are_frozen() -> None:
    config = RunConfig.model_validate(LEAST)
    with pytest.raises(ValueError, match="frozen"):
        config.name = "y"  # type: ignore[misc]
