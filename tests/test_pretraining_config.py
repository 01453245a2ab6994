from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from khabar.config import load_config, to_yaml
from khabar.faults import KhabarError
from khabar.pretraining_config import OptimisationConfig, PretrainConfig

SCRATCH: dict[str, Any] = {
    "name": "x",
    "data": {"train": ["a.txt"]},
    "encoder": {"layout": "bert"},
    "tokenizer": {},
    "training": {"steps": 1000},
}
ADAPT: dict[str, Any] = {**SCRATCH, "encoder": {"name": "e"}, "tokenizer": None}


def load(raw: dict[str, Any], tmp_path: Path, overrides: list[str] | None = None) -> PretrainConfig:
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    return load_config(path, overrides, model=PretrainConfig)


@pytest.mark.parametrize("raw", [SCRATCH, ADAPT])
def test_the_least_config_loads_and_survives_being_written_out(raw: dict[str, Any], tmp_path: Path) -> None:
    config = load(raw, tmp_path)
    assert load(yaml.safe_load(to_yaml(config)), tmp_path) == config


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({**SCRATCH, "block": {}}, r"block: unknown key; did you mean blocks\?"),
        ({**SCRATCH, "training": {"steps": 9, "warm_up": 3}}, r"training\.warm_up: .*did you mean warmup\?"),
        ({**SCRATCH, "embeddings": {"skip_gram": {"windo": 3}}}, r"skip_gram\.windo: .*did you mean window\?"),
        ({**SCRATCH, "data": {"train": []}}, r"data\.train"),
        ({**SCRATCH, "encoder": {}}, "either name .* or layout"),
        ({**SCRATCH, "encoder": {"name": "e", "layout": "bert"}}, "either name .* or layout"),
        ({**SCRATCH, "encoder": {"name": "e", "shape": {"hidden_size": 8}}}, "a checkpoint brings its own"),
        ({**SCRATCH, "encoder": {"layout": "bert", "revision": "x"}}, "revision is of a checkpoint"),
        ({**SCRATCH, "tokenizer": None}, "needs a tokenizer"),
        ({**ADAPT, "tokenizer": {}}, "tokenizer is for an encoder from scratch"),
        ({**ADAPT, "embeddings": {}}, "embeddings is for an encoder from scratch"),
        ({**SCRATCH, "tokenizer": {"vocabulary": 500, "alphabet": 400}}, "no room"),
        ({**SCRATCH, "embeddings": {"skip_gram": {}, "file": "v.npy"}}, "not both"),
        ({**SCRATCH, "training": {"steps": 100, "warmup": 90}}, r"warmup \(90 steps\) must end before .* \(80\)"),
        ({**SCRATCH, "training": {"steps": 1000, "betas": [0.9, 1.0]}}, "betas"),
        ({**SCRATCH, "data": {"train": ["a"], "held_out": 100}}, "less than one batch"),
        ({**SCRATCH, "training": {"steps": 1000, "compile": "maybe"}}, r"training\.compile"),
    ],
)
def test_what_contradicts_itself_is_named(raw: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(KhabarError, match=message):
        load(raw, tmp_path)


def test_overrides_and_phases(tmp_path: Path) -> None:
    config = load(SCRATCH, tmp_path, ["training.compile=true", "training.decay=0.25", "data.train=[b, c]"])
    assert config.training.compile is True and config.data.train == ["b", "c"]
    assert (config.training.decay_steps, config.training.stable_until) == (250, 750)
    assert OptimisationConfig(steps=1000, decay=0).stable_until == 1000
