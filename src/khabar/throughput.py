"""How fast a run is, and what share of the device's arithmetic it makes use of (MFU)."""

from __future__ import annotations

import math
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ExportableState

# Dense bf16 (on Turing and Volta, fp16) tensor-core peaks in TFLOP/s, from the makers' data sheets. The first name that
# is part of the device's counts.
_PEAKS = {
    "GB200": 2500,
    "B200": 2250,
    "H200": 989,
    "GH200": 989,
    "H100 PCIe": 756,
    "H100 NVL": 835,
    "H100": 989,
    "A100": 312,
    "A30": 165,
    "A10": 125,
    "L40S": 362,
    "L40": 181,
    "L4": 121,
    "RTX A6000": 155,
    "RTX 4090": 165,
    "RTX 3090": 71,
    "V100": 125,
    "T4": 65,
    "MI300X": 1307,
    "MI250X": 383,
}


def flops_per_piece(stock: PreTrainedModel, *, pieces: int, masked: int) -> float:
    """Floating-point operations, forward and backward, that one piece of a block costs by the model's definition.

    Six a weight of the encoder but for its embedding tables, which are looked up (Kaplan et al. 2020); six a weight of
    the head, decoder included, on the `masked` of `pieces` positions it runs on; and attention's two products,
    12 x pieces x hidden size a layer (Chowdhery et al. 2022, appendix B), or less in a layer with a local window.
    What a compiler or checkpointing adds or saves does not count. Layers that share weights count once.
    """
    inside = {id(p) for p in stock.base_model.parameters()}
    tables = {id(m.weight): m.weight.numel() for m in stock.base_model.modules() if isinstance(m, nn.Embedding)}
    encoder = sum(p.numel() for p in stock.base_model.parameters()) - sum(tables.values())
    head = sum(p.numel() for p in stock.parameters() if id(p) not in inside)
    decoder = stock.get_output_embeddings()
    if decoder is not None and id(cast(nn.Linear, decoder).weight) in inside:
        head += cast(nn.Linear, decoder).weight.numel()
    config = stock.config
    window = min(pieces, getattr(config, "local_attention", pieces) or pieces)
    kinds = getattr(config, "layer_types", None) or ["full_attention"] * config.num_hidden_layers
    seen = sum(window if kind == "sliding_attention" else pieces for kind in kinds)
    return 6 * encoder + 6 * head * masked / pieces + 12 * seen * config.hidden_size


def peak_flops(device: torch.device, dtype: torch.dtype) -> tuple[float, str]:
    """Operations a second that the device can do, and where that number is from.

    A GPU's is its data sheet's for bf16, whatever the run computes in. Where there is none, as on a CPU, it is
    measured: the best product of square matrices in `dtype` on the threads of this process.
    """
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
        for part, tera in _PEAKS.items():
            if part in name:
                return tera * 1e12, f"data sheet of {part}, bf16"
    size = 1024 if device.type == "cpu" else 8192
    a = torch.randn(size, size, device=device, dtype=dtype)
    best = math.inf
    # Half a second: on a machine that others use too, a few tries may all be slow.
    end = time.perf_counter() + 0.5
    with torch.no_grad():
        while (began := time.perf_counter()) < end:
            a @ a
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best, f"measured, {str(dtype).removeprefix('torch.')}"


def hardware(device: torch.device, processes: int) -> str:
    """What a run was done on, in words."""
    if device.type == "cuda":
        return f"{processes} x {torch.cuda.get_device_name(device)}"
    name = platform.processor() or platform.machine()
    about = Path("/proc/cpuinfo")
    if about.is_file():
        lines = about.read_text(encoding="utf-8", errors="replace").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    return f"{name}, {os.cpu_count()} cores; {processes} process(es) of {torch.get_num_threads()} thread(s)"


def peak_memory(device: torch.device) -> int | None:
    """Most bytes that this process held at once: on the GPU, or in main memory; None where that can't be asked."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:
        import resource
    except ImportError:
        return None
    # The unit is a kilobyte on Linux and a byte on macOS.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


class Throughput(TrainerCallback, ExportableState):
    """Adds tokens seen, tokens a second, MFU and perplexity to what Trainer logs.

    Only the time of training counts, without measuring and saving. The seconds are kept in checkpoints, so that a
    resumed run says how long all of it took.
    """

    def __init__(self, *, tokens: int, flops: float, peak: float) -> None:
        """`tokens`: a step, of all processes; `flops`: a token; `peak`: operations a second of all devices."""
        self.tokens, self.flops, self.peak = tokens, flops, peak
        self.seconds = 0.0
        self.session_seconds, self.session_steps = 0.0, 0
        self._since = self._logged_at = 0.0
        self._logged_step = 0

    def state(self) -> dict[str, Any]:
        return {"args": {}, "attributes": {"seconds": self.seconds}}

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        kept = cast(Any, state.stateful_callbacks or {}).get(type(self).__name__)
        # Trainer itself would make a new callback of it and set that last in the order.
        if isinstance(kept, dict):
            self.seconds = float(kept["attributes"]["seconds"])
        self._logged_at, self._logged_step = self.seconds, state.global_step
        self._since = time.perf_counter()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        now = time.perf_counter()
        self.seconds += now - self._since
        self.session_seconds += now - self._since
        self.session_steps += 1
        self._since = now

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._since = time.perf_counter()

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._since = time.perf_counter()

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, logs: Any = None, **_: Any
    ) -> None:
        if "eval_loss" in logs:
            logs["eval_perplexity"] = math.exp(min(logs["eval_loss"], 50))
        if "loss" in logs and state.global_step > self._logged_step:
            rate = self.tokens * (state.global_step - self._logged_step) / max(self.seconds - self._logged_at, 1e-9)
            logs["tokens"] = self.tokens * state.global_step
            logs["tokens_per_second"] = round(rate, 1)
            logs["mfu"] = round(rate * self.flops / self.peak, 4)
            self._logged_at, self._logged_step = self.seconds, state.global_step

    def session(self) -> dict[str, float | None]:
        """Speed and MFU of the steps that were done since the run was last begun or resumed; None if none was."""
        if not self.session_steps:
            return {"tokens_per_second": None, "mfu": None}
        rate = self.tokens * self.session_steps / self.session_seconds
        return {"tokens_per_second": round(rate, 1), "mfu": round(rate * self.flops / self.peak, 4)}
