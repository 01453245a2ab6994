from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from transformers import AutoModelForMaskedLM
from typer.testing import CliRunner

from khabar.cli import app
from khabar.config import EncoderConfig, build_config, load_config
from khabar.faults import KhabarError
from khabar.model import build, load_tokenizer
from khabar.pretraining import pretrain
from khabar.pretraining_config import PretrainConfig
from khabar.runs import newest_checkpoint
from khabar.scheme import DEFAULT_SCHEME
from khabar.stable import go_back
from khabar.wordpiece import train_wordpiece
from prose import prose

Make = Callable[[str], Path]
ENVIRONMENT = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
# Dropout stays on: the state of the random generators must come back, too.
SHAPE = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
}
STEPS = {
    "steps": 40,
    "batch_size": 4,
    "warmup": 5,
    "learning_rate": 5e-3,
    "log_every": 1,
    "evaluate_every": 20,
    "save_every": 7,
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of text, of its packed form and of a tokenizer, which the tests share."""
    folder = tmp_path_factory.mktemp("archive")
    (folder / "a.txt").write_text("\n\n".join(prose(120)), "utf-8")
    train_wordpiece(prose(120), vocabulary=200, alphabet=90, min_frequency=2).save_pretrained(folder / "tokenizer")
    return folder


def raw(archive: Path, **sections: Any) -> dict[str, Any]:
    """A config of a tiny BERT from scratch; keyword arguments replace whole sections."""
    made = {
        "name": "tiny",
        "data": {"root": str(archive), "train": ["a.txt"], "held_out": 600, "cache": str(archive / "packed")},
        "encoder": {"layout": "bert", "shape": SHAPE},
        "tokenizer": {"name": str(archive / "tokenizer")},
        "blocks": {"pieces": 32},
        "training": STEPS,
    }
    return made | sections


def config_of(archive: Path, **sections: Any) -> PretrainConfig:
    return build_config(raw(archive, **sections), where="test", model=PretrainConfig)


def with_steps(config: PretrainConfig, **changes: Any) -> PretrainConfig:
    return config.model_copy(update={"training": config.training.model_copy(update=changes)})


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "model" / "model.safetensors")


def same(a: Path, b: Path) -> bool:
    one, two = weights(a), weights(b)
    return one.keys() == two.keys() and all(torch.equal(one[k], two[k]) for k in one)


def log_of(run: Path) -> list[dict[str, Any]]:
    path = run / "log.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    # A process that was killed may have left half a line.
    return [json.loads(line) for line in lines if line.endswith("}")]


def test_from_scratch_it_fills_a_run_folder_and_learns(archive: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    config = config_of(archive, tokenizer={"vocabulary": 200, "alphabet": 90})
    result = pretrain(config, run)
    for name in ("config.yaml", "data.json", "log.jsonl", "summary.json", "tokenizer/tokenizer.json"):
        assert (run / name).is_file(), name
    assert list((run / "tensorboard").glob("events.*"))
    assert load_config(run / "config.yaml", model=PretrainConfig) == config
    log = log_of(run)
    losses = [row["loss"] for row in log if "loss" in row]
    assert len(losses) == 40 and losses[0] > losses[-1] + 0.5
    assert all({"tokens_per_second", "mfu", "tokens"} <= row.keys() for row in log if "loss" in row)
    measured = [row for row in log if "eval_loss" in row]
    assert [row["step"] for row in measured] == [20, 40]
    summary = json.loads((run / "summary.json").read_text())
    assert summary == result.summary
    assert summary["tokens"] == 40 * 4 * 32 and summary["steps"] == 40
    assert summary["held_out_loss"] == measured[-1]["eval_loss"]
    assert summary["held_out_perplexity"] == pytest.approx(measured[-1]["eval_perplexity"])
    data = json.loads((run / "data.json").read_text())
    assert data["documents"] == 120 and data["pieces"] == sum(summary["pieces"].values())
    rates = {row["step"]: row["learning_rate"] for row in log if "learning_rate" in row}
    # The rate of step n stands in its row; it rises over 5 steps and falls over the last 8.
    assert max(rates.values()) == pytest.approx(5e-3)
    assert rates[1] < rates[4] < rates[6] == rates[32] > rates[34] > rates[40]


@pytest.mark.parametrize("layout", ["bert", "camelbert", "xlm-roberta", "modernbert", "electra"])
def test_from_every_class_of_checkpoint_to_a_model_that_can_be_fine_tuned(
    layout: str, archive: Path, encoder: Make, tmp_path: Path
) -> None:
    name = str(encoder(layout))
    config = config_of(archive, encoder={"name": name}, tokenizer=None, training={**STEPS, "steps": 4, "warmup": 1})
    result = pretrain(config, tmp_path / "run")
    tokenizer = load_tokenizer(str(result.model))
    assert tokenizer.get_vocab() == load_tokenizer(name).get_vocab()
    assert tokenizer.model_max_length == 64
    _, loading = AutoModelForMaskedLM.from_pretrained(result.model, output_loading_info=True)
    assert not loading["missing_keys"] and not loading["unexpected_keys"]
    tagger = build(EncoderConfig(name=str(result.model)), DEFAULT_SCHEME, seed=0)
    before = build(EncoderConfig(name=name), DEFAULT_SCHEME, seed=0)
    tables = [m.stock.get_input_embeddings().weight for m in (tagger, before)]
    assert not torch.equal(tables[0], tables[1]) and torch.allclose(tables[0], tables[1], atol=0.1)


def test_bf16_runs_on_a_cpu_and_keeps_weights_in_fp32(archive: Path, tmp_path: Path) -> None:
    config = with_steps(config_of(archive), steps=6, warmup=1, precision="bf16", accumulation=2, save_dtype="bfloat16")
    result = pretrain(config, tmp_path / "run")
    assert result.summary["precision"] == "bf16" and result.summary["tokens"] == 6 * 2 * 4 * 32
    assert {t.dtype for t in weights(tmp_path / "run").values()} == {torch.bfloat16}
    newest = newest_checkpoint(tmp_path / "run")
    assert newest and {t.dtype for t in load_file(newest / "model.safetensors").values()} == {torch.float32}


def test_processes_that_prepare_batches_change_nothing(archive: Path, tmp_path: Path) -> None:
    # Two passes: the processes must be told of the second.
    config = with_steps(config_of(archive), steps=60, batch_size=16, evaluate_every=30, save_every=60)
    passes = pretrain(config, tmp_path / "none").summary["passes"]
    pretrain(with_steps(config, workers=2), tmp_path / "two")
    assert passes > 1.2 and same(tmp_path / "none", tmp_path / "two")


def test_embeddings_start_from_skip_gram_or_a_file(archive: Path, tmp_path: Path) -> None:
    quick = {**STEPS, "steps": 1, "warmup": 0, "learning_rate": 1e-9}
    pretrain(config_of(archive, embeddings={"skip_gram": {}}, training=quick), tmp_path / "a")
    vectors = np.load(tmp_path / "a" / "vectors.npy")
    assert vectors.shape == (len(load_tokenizer(str(archive / "tokenizer"))), 16)
    table = weights(tmp_path / "a")["bert.embeddings.word_embeddings.weight"].numpy()
    known = np.isfinite(vectors).all(axis=1)
    centred = vectors[known] - vectors[known].mean(axis=0)
    assert np.allclose(table[known], centred * (0.04 / centred.std()), atol=1e-4)
    again = config_of(archive, embeddings={"file": str(tmp_path / "a" / "vectors.npy")}, training=quick)
    pretrain(again, tmp_path / "b")
    assert same(tmp_path / "a", tmp_path / "b")
    wrong = config_of(archive, encoder={"layout": "bert", "shape": {**SHAPE, "hidden_size": 32}})
    wrong = wrong.model_copy(update={"embeddings": again.embeddings})
    with pytest.raises(KhabarError, match="the encoder needs"):
        pretrain(wrong, tmp_path / "c")


def command(path: Path, run: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "khabar.cli", "pretrain", str(path), "--run-dir", str(run), *options]


def kill_at(step: int, arguments: list[str], run: Path) -> None:
    """Starts a run and kills it, without a warning, once it has logged `step`."""
    process = subprocess.Popen(arguments, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 120
    while max((row["step"] for row in log_of(run)), default=0) < step:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < end
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_killed_at_random_steps_and_resumed_it_ends_with_the_same_weights_to_the_bit(
    archive: Path, tmp_path: Path
) -> None:
    path = tmp_path / "c.yaml"
    sections = raw(archive, training={**STEPS, "steps": 120, "batch_size": 8, "save_every": 9, "evaluate_every": 30})
    path.write_text(yaml.safe_dump(sections), "utf-8")
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    alone = subprocess.run(command(path, whole), env=ENVIRONMENT, capture_output=True, text=True)
    assert alone.returncode == 0, alone.stderr[-3000:]
    # 120 steps are more than one pass and end in a decay of 24.
    assert json.loads((whole / "summary.json").read_text())["passes"] > 1
    first, second = sorted(random.sample(range(3, 110), 2))
    kill_at(first, command(path, broken), broken)
    (broken / "log.jsonl").rename(broken / "first.jsonl")
    kill_at(second, command(path, broken, "--resume"), broken)
    assert not (broken / "model").exists()
    done = subprocess.run(
        command(path, broken, "--resume"), check=True, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert "resuming from" in done.stderr or second < 9
    assert same(whole, broken), f"killed at {first} and {second}"
    ends = [json.loads((run / "summary.json").read_text()) for run in (whole, broken)]
    assert ends[0]["held_out_loss"] == ends[1]["held_out_loss"]
    assert "held-out loss" in done.stdout and "tokens/s" in done.stdout
    assert (whole / "stable" / "checkpoint-96").is_dir() and (broken / "stable" / "checkpoint-96").is_dir()


def test_resuming_a_finished_run_changes_nothing(archive: Path, tmp_path: Path) -> None:
    config, run = with_steps(config_of(archive), steps=12), tmp_path / "run"
    before = pretrain(config, run)
    kept = weights(run)
    shutil.rmtree(run / "model")
    after = pretrain(config, run, resume=True)
    assert all(torch.equal(kept[k], value) for k, value in weights(run).items())
    changing = {"tokens_per_second", "mfu", "peak_memory_bytes"}
    assert {k: v for k, v in after.summary.items() if k not in changing} == {
        k: v for k, v in before.summary.items() if k not in changing
    }
    assert after.summary["tokens_per_second"] is None


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_prolonged_run_is_what_a_longer_one_would_have_been_to_the_bit(
    optimizer: str, archive: Path, tmp_path: Path
) -> None:
    config = with_steps(config_of(archive), optimizer=optimizer)
    longer = with_steps(config, steps=60)
    pretrain(longer, tmp_path / "long")
    run = tmp_path / "short"
    pretrain(config, run)
    assert (run / "stable" / "checkpoint-32").is_dir()
    assert not same(tmp_path / "long", run)
    # Killed right after it was put back, a run resumes from before the decay, and not from within it.
    go_back(longer, run)
    assert newest_checkpoint(run) == run / "checkpoints" / "checkpoint-32"
    (run / "config.yaml").write_text((run / "config.yaml").read_text().replace("steps: 60", "steps: 40"), "utf-8")
    result = pretrain(longer, run, prolong=True)
    assert same(tmp_path / "long", run)
    assert result.summary["steps"] == 60
    assert [p.name for p in (run / "stable").iterdir()] == ["checkpoint-48"]
    assert {"step": 32, "prolonged_to": 60} in log_of(run)
    assert load_config(run / "config.yaml", model=PretrainConfig) == longer


def test_a_run_can_be_prolonged_before_its_decay_but_only_in_steps(archive: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    config = with_steps(config_of(archive), steps=20, warmup=3)
    with pytest.raises(KhabarError, match="no run to prolong"):
        pretrain(config, run, prolong=True)
    pretrain(config, run)
    more = with_steps(config, steps=30)
    for given, message in (
        (config, "has 20 steps already"),
        (with_steps(more, learning_rate=1e-4), r"in more than training\.steps"),
        (more.model_copy(update={"seed": 2}), r"in more than training\.steps"),
    ):
        with pytest.raises(KhabarError, match=message):
            pretrain(given, run, prolong=True)
    shutil.rmtree(run / "stable")
    shutil.rmtree(run / "checkpoints" / "checkpoint-16")
    with pytest.raises(KhabarError, match="no whole checkpoint from before step 16"):
        pretrain(more, run, prolong=True)


def test_a_damaged_stable_checkpoint_is_not_gone_on_from(archive: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    config = with_steps(config_of(archive), steps=20, warmup=3, keep_checkpoints=9)
    pretrain(config, run)
    for parent in ("stable", "checkpoints"):
        optimizer = run / parent / "checkpoint-16" / "optimizer.pt"
        optimizer.write_bytes(optimizer.read_bytes()[:-50])
    go_back(with_steps(config, steps=30), run)
    assert newest_checkpoint(run) == run / "checkpoints" / "checkpoint-14"


def test_a_run_is_not_overwritten_nor_resumed_with_another_config_or_text(archive: Path, tmp_path: Path) -> None:
    own = tmp_path / "archive"
    own.mkdir()
    shutil.copy(archive / "a.txt", own)
    tokenizer = {"name": str(archive / "tokenizer")}
    config, run = with_steps(config_of(own, tokenizer=tokenizer), steps=7, warmup=1), tmp_path / "run"
    pretrain(config, run)
    with pytest.raises(KhabarError, match="--resume to go on"):
        pretrain(config, run)
    with pytest.raises(KhabarError, match="differs from the config"):
        pretrain(with_steps(config, steps=8), run, resume=True)
    (own / "a.txt").write_text("\n\n".join(prose(120, seed=1)), "utf-8")
    with pytest.raises(KhabarError, match="the text or the tokenizer is not what"):
        pretrain(config, run, resume=True)
    pretrain(config, run, overwrite=True)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"encoder": {"layout": "bert", "shape": {"hiden_size": 16}}}, "did you mean hidden_size"),
        ({"blocks": {"pieces": 64}}, r"blocks\.pieces is 64, the encoder takes 40"),
        (
            {"training": {**STEPS, "batch_size": 5000}, "data": {"held_out": 0}},
            r"data\.train: .* make no batch of 5000",
        ),
        ({"data": {"train": ["none.txt"]}}, "no such file of text"),
    ],
)
def test_what_can_not_work_is_said_before_anything_is_trained(
    sections: dict[str, Any], message: str, archive: Path, tmp_path: Path
) -> None:
    made = raw(archive)
    for key, section in sections.items():
        made[key] = {**made[key], **section} if key == "data" else section
    with pytest.raises(KhabarError, match=message):
        pretrain(build_config(made, where="test", model=PretrainConfig), tmp_path / "run")
    assert not (tmp_path / "run" / "checkpoints" / "checkpoint-7").exists()


def test_options_that_contradict_each_other_are_refused(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(raw(archive)), "utf-8")
    for options in (["--resume", "--prolong"], ["--overwrite", "--prolong"]):
        done = CliRunner().invoke(app, ["pretrain", str(path), "--run-dir", str(tmp_path / "run"), *options])
        assert done.exit_code == 2 and "contradict each other" in done.stderr
    assert not (tmp_path / "run").exists()


def test_two_processes_train_one_model_and_resume(archive: Path, tmp_path: Path) -> None:
    path, run = tmp_path / "c.yaml", tmp_path / "two"
    training = {**STEPS, "steps": 30, "batch_size": 2, "warmup": 3}
    own = {"root": str(archive), "train": ["a.txt"], "held_out": 600, "cache": str(tmp_path / "packed")}
    path.write_text(yaml.safe_dump(raw(archive, training=training, data=own)), "utf-8")
    # accelerate names this launcher after GPUs; it starts plain processes, which take CPUs where no GPU is.
    accelerate = "accelerate.commands.launch --multi_gpu --num_processes 2 --num_machines 1 --mixed_precision no"
    accelerate += " --dynamo_backend no --main_process_port 0"
    torchrun = "torch.distributed.run --standalone --nproc-per-node 2"

    def go(launcher: str, *options: str) -> subprocess.CompletedProcess[str]:
        arguments = [sys.executable, "-m", *launcher.split(), *command(path, run, *options)[1:]]
        return subprocess.run(arguments, env=ENVIRONMENT, capture_output=True, text=True, timeout=240)

    done = go(accelerate)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("held-out loss") == 1
    summary = json.loads((run / "summary.json").read_text())
    # Each step takes a batch from each process.
    assert summary["tokens"] == 30 * 2 * 2 * 32 and summary["hardware"].endswith("2 process(es) of 1 thread(s)")
    assert len(list((run / "stable" / "checkpoint-24").glob("rng_state_*.pth"))) == 2
    kept = weights(run)
    for checkpoint in ("checkpoint-30", "checkpoint-28"):
        shutil.rmtree(run / "checkpoints" / checkpoint, ignore_errors=True)
    shutil.copytree(run / "stable" / "checkpoint-24", run / "checkpoints" / "checkpoint-24", dirs_exist_ok=True)
    again = go(torchrun, "--resume")
    assert again.returncode == 0, again.stderr[-3000:]
    assert all(torch.equal(kept[k], value) for k, value in weights(run).items())
