from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, TrainerControl, TrainerState, TrainingArguments

from khabar import throughput
from khabar.masked_lm import checkpoint
from khabar.pretraining_config import StartConfig
from khabar.throughput import Throughput, flops_per_piece, hardware, peak_flops, peak_memory

Make = Callable[[str], Path]


def test_operations_of_a_bert_are_those_of_its_definition() -> None:
    h, f, v, layers, pieces, masked = 32, 64, 100, 2, 16, 4
    config = BertConfig(
        vocab_size=v, hidden_size=h, intermediate_size=f, num_hidden_layers=layers, num_attention_heads=2,
        max_position_embeddings=20,
    )  # fmt: skip
    products = layers * (4 * h * h + 2 * h * f)
    small = layers * (4 * h + f + h + 4 * h) + 2 * h  # biases and norms, and the norm of the embeddings
    head = h * h + 3 * h + v * h + v
    expected = 6 * (products + small) + 6 * head * masked / pieces + 12 * layers * pieces * h
    assert flops_per_piece(BertForMaskedLM(config), pieces=pieces, masked=masked) == pytest.approx(expected)


def test_local_windows_cost_less(encoder: Make) -> None:
    stock = checkpoint(StartConfig(name=str(encoder("modernbert")))).stock
    stock.config.layer_types = ["full_attention", "sliding_attention"]
    stock.config.local_attention = 8
    half = flops_per_piece(stock, pieces=64, masked=8)
    stock.config.layer_types = ["full_attention"] * 2
    assert flops_per_piece(stock, pieces=64, masked=8) - half == 12 * (64 - 8) * 32


@pytest.mark.parametrize(
    ("name", "tera"),
    [
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA H200", 989),
        ("NVIDIA A100-SXM4-80GB", 312),
        ("NVIDIA A10G", 125),
        ("NVIDIA L40S", 362),
        ("NVIDIA L4", 121),
        ("Tesla T4", 65),
    ],
)
def test_a_gpus_peak_is_its_data_sheets(name: str, tera: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: name)
    peak, source = peak_flops(torch.device("cuda"), torch.bfloat16)
    assert peak == tera * 1e12 and "data sheet" in source


def test_a_cpus_peak_is_measured() -> None:
    peak, source = peak_flops(torch.device("cpu"), torch.float32)
    assert 1e8 < peak < 1e14 and source == "measured, float32"
    assert "1 process(es)" in hardware(torch.device("cpu"), 1)
    assert (peak_memory(torch.device("cpu")) or 0) > 10**7


class Clock:
    """Stands in for the time module."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now


def test_only_training_counts_and_a_resumed_run_adds_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clock = Clock()
    monkeypatch.setattr(throughput, "time", clock)
    arguments: Any = TrainingArguments(output_dir=str(tmp_path), use_cpu=True)
    control = TrainerControl()

    def run(speed: Throughput, state: TrainerState, steps: int) -> dict[str, Any]:
        speed.on_train_begin(arguments, state, control)
        for _ in range(steps):
            clock.now += 2
            state.global_step += 1
            speed.on_step_end(arguments, state, control)
            # Measuring and saving take their time.
            clock.now += 30
            speed.on_evaluate(arguments, state, control)
            clock.now += 40
            speed.on_save(arguments, state, control)
        logs: dict[str, Any] = {"loss": 1.0}
        speed.on_log(arguments, state, control, logs=logs)
        return logs

    state = TrainerState()
    speed = Throughput(tokens=100, flops=1e6, peak=1e8)
    logs = run(speed, state, 3)
    assert logs == {"loss": 1.0, "tokens": 300, "tokens_per_second": 50.0, "mfu": 0.5}
    assert speed.seconds == 6 and speed.session() == {"tokens_per_second": 50.0, "mfu": 0.5}

    again = TrainerState(global_step=3, stateful_callbacks={"Throughput": speed.state()})  # type: ignore[arg-type]
    resumed = Throughput(tokens=100, flops=1e6, peak=1e8)
    assert resumed.session() == {"tokens_per_second": None, "mfu": None}
    logs = run(resumed, again, 2)
    assert (logs["tokens"], logs["tokens_per_second"], resumed.seconds) == (500, 50.0, 10)
    measured = {"eval_loss": 0.0}
    resumed.on_log(arguments, again, control, logs=measured)
    assert measured == {"eval_loss": 0.0, "eval_perplexity": 1.0}
