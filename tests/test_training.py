from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from conftest import ROOT, TINY
from khabar.config import EncoderConfig, FoldConfig, load_config
from khabar.documents import Document
from khabar.faults import CorpusError, KhabarError
from khabar.features import Featurizer
from khabar.formats import conll
from khabar.formats.lines import whole_file
from khabar.model import build, load_tokenizer
from khabar.runs import newest_checkpoint
from khabar.scheme import DEFAULT_SCHEME
from khabar.tagger import Tagger
from khabar.training import train

Make = Callable[[str], Path]
Write = Callable[..., Path]
SOURCE = [{"path": str(TINY)}]
ENVIRONMENT = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, str(ROOT / "train.py"), *map(str, arguments)]


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "model" / "model.safetensors")


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


@pytest.mark.parametrize("layout", ["bert", "electra", "modernbert", "xlm-roberta"])
def test_every_class_of_encoder_trains_and_fills_a_run_folder(
    layout: str, encoder: Make, write_config: Write, tmp_path: Path
) -> None:
    config = load_config(
        write_config(encoder(layout), data={"train": SOURCE, "dev": SOURCE, "test": SOURCE, "allow_leaks": True})
    )
    result = train(config, tmp_path / "run")
    run = tmp_path / "run"
    for name in ("config.yaml", "data.json", "log.jsonl", "scores.json", "predictions.jsonl", "model/khabar.json"):
        assert (run / name).is_file(), name
    assert load_config(run / "config.yaml") == config
    assert set(result.scores[0].layers) == {"entities", "claims"}
    steps = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert any("eval_f1" in row for row in steps)
    assert list((run / "tensorboard").rglob("events.*"))
    settings = json.loads((run / "model" / "khabar.json").read_text())
    assert set(settings["temperature"]) == {"entities", "claims"}
    assert not list((run / "model").glob("*.bin"))


def test_it_learns_a_corpus_by_heart(overfitted: Path) -> None:
    scores = json.loads((overfitted.parent / "scores.json").read_text())["test"]["layers"]
    assert scores["entities"]["strict"]["micro"]["f1"] > 0.95
    assert scores["claims"]["strict"]["micro"]["f1"] > 0.95


def test_dev_scores_in_training_are_those_of_the_tagger(encoder: Make, write_config: Write, tmp_path: Path) -> None:
    # Trainer evaluates in an order of its own, and dev's documents take several windows each.
    sources = {"train": SOURCE, "dev": SOURCE, "test": SOURCE, "allow_leaks": True}
    training = {"epochs": 30, "batch_size": 3, "learning_rate": 3e-3, "group_by_length": True}
    windows = {"train_pieces": 40, "pieces": 40, "context": 6}
    config = load_config(write_config(encoder("bert"), data=sources, training=training, windows=windows))
    (scores,) = train(config, tmp_path / "run").scores
    logged = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    best = max(row["eval_f1"] for row in logged if "eval_f1" in row)
    layers = [layer.strict.micro.f1 for layer in scores.layers.values()]
    assert best > 0.3
    assert best == pytest.approx(sum(layers) / 2)


def test_a_corpus_without_a_layer_leaves_its_head_as_it_was(
    encoder: Make, write_config: Write, documents: list[Document], tmp_path: Path
) -> None:
    path = tmp_path / "entities.conll"
    with whole_file(path) as file:
        conll.write(documents, file, DEFAULT_SCHEME, "entities")
    config = load_config(write_config(encoder("bert"), data={"train": [{"path": str(path)}]}))
    # Weight decay would move rows without a gradient too.
    config = config.model_copy(update={"training": config.training.model_copy(update={"weight_decay": 0.0})})
    train(config, tmp_path / "run")
    fresh = build(EncoderConfig(name=str(encoder("bert"))), DEFAULT_SCHEME, seed=1).stock.classifier.weight
    trained = weights(tmp_path / "run")
    assert torch.equal(trained["khabar.claims.weight"], fresh[9:])
    assert not torch.equal(trained["classifier.weight"], fresh[:9])


def test_one_seed_gives_one_result_and_another_another(encoder: Make, write_config: Write, tmp_path: Path) -> None:
    path = write_config(encoder("bert"), data={"train": SOURCE, "test": SOURCE, "allow_leaks": True})
    result = train(load_config(path, ["seeds=[1,2]"]), tmp_path / "both")
    train(load_config(path, ["seeds=[2]"]), tmp_path / "two")
    assert same(weights(tmp_path / "both" / "seed-2"), weights(tmp_path / "two"))
    assert not same(weights(tmp_path / "both" / "seed-1"), weights(tmp_path / "two"))
    table = json.loads((tmp_path / "both" / "scores.json").read_text())["test"]["claims"]["strict_micro_f1"]
    values = [s.layers["claims"].strict.micro.f1 for s in result.scores]
    assert table["values"] == values and table["mean"] == pytest.approx(sum(values) / 2)


def test_early_stopping_stops_and_the_best_checkpoint_is_kept(
    encoder: Make, write_config: Write, tmp_path: Path
) -> None:
    training = {"epochs": 50, "batch_size": 4, "learning_rate": 1e-9, "patience": 2}
    config = load_config(
        write_config(encoder("bert"), data={"train": SOURCE, "dev": SOURCE, "allow_leaks": True}, training=training)
    )
    train(config, tmp_path / "run")
    steps = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert max(row["epoch"] for row in steps) <= 4


def test_test_corpora_are_scored_together_and_each_with_its_own_layers(
    encoder: Make, write_config: Write, documents: list[Document], tmp_path: Path
) -> None:
    path = tmp_path / "entities.conll"
    with whole_file(path) as file:
        conll.write(documents, file, DEFAULT_SCHEME, "entities")
    data = {"train": SOURCE, "test": [*SOURCE, {"path": str(path)}], "allow_leaks": True}
    train(load_config(write_config(encoder("bert"), data=data)), tmp_path / "run")
    scores = json.loads((tmp_path / "run" / "scores.json").read_text())
    assert list(scores["corpora"]) == [str(TINY), str(path)]
    assert list(scores["corpora"][str(TINY)]["layers"]) == ["entities", "claims"]
    assert list(scores["corpora"][str(path)]["layers"]) == list(scores["test"]["layers"]) == ["entities"]
    counts = [s["layers"]["entities"]["strict"]["micro"]["gold"] for s in scores["corpora"].values()]
    assert scores["test"]["layers"]["entities"]["strict"]["micro"]["gold"] == sum(counts)


STEPS = {"epochs": 60, "batch_size": 2, "learning_rate": 1e-3, "evaluate_every": 7, "keep_checkpoints": 3}


def test_killed_and_resumed_it_ends_with_the_same_weights_to_the_bit(
    encoder: Make, write_config: Write, tmp_path: Path
) -> None:
    data = {"train": SOURCE, "dev": SOURCE, "test": SOURCE, "allow_leaks": True}
    path = write_config(encoder("bert"), data=data, training=STEPS)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run(command(path, "--run-dir", whole), check=True, env=ENVIRONMENT, capture_output=True)

    process = subprocess.Popen(
        command(path, "--run-dir", broken), env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for(lambda: len(list((broken / "checkpoints").glob("checkpoint-*"))) >= 2, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (broken / "model").exists()
    done = subprocess.run(
        command(path, "--run-dir", broken, "--resume"), check=True, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert "resuming from" in done.stderr
    assert same(weights(whole), weights(broken))
    assert (whole / "predictions.jsonl").read_bytes() == (broken / "predictions.jsonl").read_bytes()


def test_a_finished_seed_is_not_trained_again_when_the_run_is_resumed(
    encoder: Make, write_config: Write, tmp_path: Path
) -> None:
    data = {"train": SOURCE, "test": SOURCE, "allow_leaks": True}
    training = {"epochs": 1.5, "batch_size": 2, "learning_rate": 1e-3}
    config = load_config(write_config(encoder("bert"), data=data, training=training), ["seeds=[1,2]"])
    first = train(config, tmp_path / "run")
    files = {p: p.read_bytes() for p in (tmp_path / "run").rglob("*.safetensors") if p.parent.name == "model"}
    shutil.rmtree(tmp_path / "run" / "seed-2" / "model")
    again = train(config, tmp_path / "run", resume=True)
    assert (
        files[tmp_path / "run" / "seed-1" / "model" / "model.safetensors"]
        == (tmp_path / "run" / "seed-1" / "model" / "model.safetensors").read_bytes()
    )
    assert again.scores[0] == first.scores[0]


def wait_for(ready: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_damaged_checkpoint_is_passed_over(encoder: Make, write_config: Write, tmp_path: Path) -> None:
    training = {**STEPS, "epochs": 10}
    config = load_config(write_config(encoder("bert"), training=training))
    train(config, tmp_path / "run")
    checkpoints = sorted((tmp_path / "run" / "checkpoints").iterdir(), key=lambda p: int(p.name.split("-")[1]))
    assert len(checkpoints) == 3
    assert newest_checkpoint(tmp_path / "run") == checkpoints[2]
    optimizer = checkpoints[2] / "optimizer.pt"
    optimizer.write_bytes(optimizer.read_bytes()[:-100])
    weights_file = checkpoints[1] / "model.safetensors"
    weights_file.write_bytes(weights_file.read_bytes()[:-100])
    assert newest_checkpoint(tmp_path / "run") == checkpoints[0]
    (checkpoints[0] / "scheduler.pt").unlink()
    assert newest_checkpoint(tmp_path / "run") is None


def test_a_run_is_not_overwritten_and_not_resumed_with_another_config(
    encoder: Make, write_config: Write, tmp_path: Path
) -> None:
    path, run = write_config(encoder("bert")), tmp_path / "run"
    train(load_config(path), run)
    with pytest.raises(KhabarError, match="--resume to go on"):
        train(load_config(path), run)
    with pytest.raises(KhabarError, match="differs from the config"):
        train(load_config(path, ["training.epochs=5"]), run, resume=True)
    train(load_config(path, ["training.epochs=1"]), run, overwrite=True)


def test_faulty_data_stops_a_run_before_anything_is_trained(encoder: Make, write_config: Write, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": "a", "text": "زار حلب", "spans": [{"start": 4, "end": 6, "label": "LOC"}]}\n', "utf-8")
    with pytest.raises(CorpusError, match=r"bad\.jsonl:1: split atom"):
        train(load_config(write_config(encoder("bert"), data={"train": [{"path": str(bad)}]})), tmp_path / "run")
    leak = {"train": SOURCE, "test": SOURCE}
    with pytest.raises(CorpusError, match="leak"):
        train(load_config(write_config(encoder("bert"), data=leak)), tmp_path / "run")
    empty = tmp_path / "empty.jsonl"
    empty.write_text('{"id": "a", "text": "زار حلب"}\n', "utf-8")
    with pytest.raises(KhabarError, match="nothing to learn"):
        train(load_config(write_config(encoder("bert"), data={"train": [{"path": str(empty)}]})), tmp_path / "run")


def test_camelberts_layout_is_fine_tuned_through_train_py(encoder: Make, write_config: Write, tmp_path: Path) -> None:
    path = write_config(encoder("camelbert"), data={"train": SOURCE, "test": SOURCE, "allow_leaks": True})
    done = subprocess.run(
        command(path, "training.epochs=1", "--run-dir", tmp_path / "run"),
        check=True,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert "claims, strict (IOB2)" in done.stdout
    document = Tagger.from_pretrained(tmp_path / "run" / "model").tag("حلب " * 500)
    assert document.text == "حلب " * 500


def test_under_accelerate_launch_two_processes_train_one_model(
    encoder: Make, write_config: Write, documents: list[Document], tmp_path: Path
) -> None:
    data = {"train": SOURCE, "dev": SOURCE, "test": SOURCE, "allow_leaks": True}
    training = {"epochs": 3, "batch_size": 1, "learning_rate": 1e-3, "evaluate_every": "epoch"}
    path = write_config(encoder("bert"), data=data, training=training)
    # accelerate names this launcher after GPUs; it starts plain processes, and train.py takes CPUs where no GPU is.
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    launch += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    done = subprocess.run(
        [*launch, *command(path, "--run-dir", tmp_path / "two")[1:]],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("claims, strict (IOB2)") == 1
    states = (tmp_path / "two" / "checkpoints").glob("*/trainer_state.json")
    state = max((json.loads(path.read_text()) for path in states), key=lambda s: s["global_step"])
    reader = Featurizer(load_tokenizer(str(encoder("bert"))), 48, 8, FoldConfig())
    _, windows = reader.documents([d.text for d in documents])
    # Half as many steps as one process would take over the same windows.
    assert state["global_step"] == state["max_steps"] == 3 * math.ceil(len(windows) / 2)
    assert Tagger.from_pretrained(tmp_path / "two" / "model").tag("زار حلب").text == "زار حلب"


def test_another_scheme_needs_a_config_and_no_code(encoder: Make, write_config: Write, tmp_path: Path) -> None:
    path = tmp_path / "own.conll"
    path.write_text("زار O\nسالم B-HERO\nالحداد I-HERO\nحلب B-PLACE\n\nحمص B-PLACE\n", encoding="utf-8")
    scheme: dict[str, Any] = {"layers": {"names": ["HERO", "PLACE"]}}
    config = write_config(
        encoder("bert"),
        scheme=scheme,
        data={"train": [{"path": str(path)}], "test": [{"path": str(path)}]},
        training={"epochs": 60, "batch_size": 2, "learning_rate": 5e-3},
    )
    assert "leak" not in yaml.safe_dump(yaml.safe_load(config.read_text()))
    result = train(load_config(config), tmp_path / "run")
    assert list(result.scores[0].layers) == ["names"]
    document = Tagger.from_pretrained(tmp_path / "run" / "model").tag("زار سالم الحداد حلب")
    assert [(document.text[s.start : s.end], s.label) for s in document.spans] == [
        ("سالم الحداد", "HERO"),
        ("حلب", "PLACE"),
    ]
