"""Trials of encoders from scratch at the same arithmetic: layout, depth against width, optimiser, objective.

    python eval/encoder_trials.py corpora/text --tokenizer models/khabar-compact-encoder --vectors vectors.npy \\
        --work runs/trials --out eval/results/encoder-trials

Each trial is given as many steps as the same number of floating-point operations buys (`flops_per_piece`), so that a
larger encoder sees less text. All start from the same skip-gram vectors, brought to their width by their principal
components (wider: noise of the weakest one's size beside them). Masked-LM trials run through `khabar pretrain`;
ELECTRA's replaced-token detection (Clark et al. 2020) through the loop below, with a generator of one layer that
shares the embeddings. Losses of two objectives can't be compared, so each encoder is then fine-tuned (`--fine-tune`, a
config).
"""

from __future__ import annotations

import json
import logging
import math
import shutil
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from torch import nn
from torch.utils.data import DataLoader
from transformers import default_data_collator

from khabar.archives import files_of
from khabar.config import FoldConfig, load_config
from khabar.formats.lines import whole_file, whole_folder
from khabar.masked_lm import MaskedLM, fresh, set_embeddings
from khabar.model import load_tokenizer
from khabar.packing import Blocks, Specials, fingerprint, pack, split
from khabar.pretraining import pretrain
from khabar.pretraining_config import PretrainConfig, StartConfig
from khabar.skipgram import centred
from khabar.throughput import flops_per_piece, hardware
from khabar.training import train

logger = logging.getLogger(__name__)
PIECES, BATCH, RATE, HELD_OUT, SEED = 128, 32, 0.2, 400_000, 1


def shape(layers: int, width: int, *, layout: str = "modernbert") -> dict[str, Any]:
    """Of `layers` times `width`, heads of 64; the compact encoder's proportions."""
    made: dict[str, Any] = {
        "num_hidden_layers": layers,
        "hidden_size": width,
        "num_attention_heads": width // 64,
        # GeGLU has a third matrix.
        "intermediate_size": width * (2 if layout == "modernbert" else 3),
        "max_position_embeddings": 1024,
    }
    if layout == "modernbert":
        made["layer_types"] = ["full_attention"] * layers
    return made


BASE = {"layout": "modernbert", "layers": 4, "width": 256, "optimizer": "adamw", "objective": "masked"}
TRIALS: dict[str, dict[str, Any]] = {
    "base": BASE,
    "muon": BASE | {"optimizer": "muon"},
    "deep": BASE | {"layers": 8, "width": 192},
    "wide": BASE | {"layers": 2, "width": 384},
    "bert": BASE | {"layout": "bert"},
    "electra": BASE | {"objective": "replaced"},
}


def vectors_of(path: Path, width: int) -> np.ndarray:
    """The vectors of a .npy brought to `width`: their first principal components, or all of them and noise."""
    given = np.load(path).astype(np.float32)
    given -= given.mean(axis=0)
    _, _, axes = np.linalg.svd(given, full_matrices=False)
    turned = given @ axes.T
    if width <= turned.shape[1]:
        return turned[:, :width]
    rng = np.random.default_rng(SEED)
    noise = rng.normal(0, turned[:, -1].std(), (len(turned), width - turned.shape[1]))
    return np.concatenate([turned, noise.astype(np.float32)], axis=1)


def start(trial: dict[str, Any]) -> StartConfig:
    return StartConfig(
        layout=trial["layout"], shape=shape(trial["layers"], trial["width"], layout=trial["layout"]), fold=FoldConfig()
    )


def masked(
    trial: dict[str, Any], *, steps: int, text: Path, tokenizer: str, vectors: Path, run: Path
) -> dict[str, Any]:
    """One trial through `khabar pretrain`; what `summary.json` says."""
    config = PretrainConfig.model_validate(
        {
            "name": run.name,
            "seed": SEED,
            "data": {
                "root": str(text.parent),
                "train": [text.name],
                "held_out": HELD_OUT,
                "cache": str(run.parent / "packed"),
            },
            "encoder": start(trial),
            "tokenizer": {"name": tokenizer},
            "embeddings": {"file": str(vectors)},
            "blocks": {"pieces": PIECES, "rate": RATE},
            "training": {
                "steps": steps,
                "batch_size": BATCH,
                "learning_rate": 1e-3,
                "warmup": min(100, steps // 4),
                "precision": "bf16",
                "optimizer": trial["optimizer"],
                "evaluate_every": steps,
                "save_every": steps,
            },
        }
    )
    return pretrain(config, run, overwrite=True).summary


class Replaced(nn.Module):
    """ELECTRA's pair: a masked LM that fills in pieces, and an encoder that tells which are not the original ones."""

    def __init__(self, generator: MaskedLM, discriminator: MaskedLM) -> None:
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        table = discriminator.stock.get_input_embeddings()
        generator.stock.set_input_embeddings(table)
        generator.stock.tie_weights()
        width = discriminator.config.hidden_size
        self.head = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1))

    def forward(
        self, original: torch.Tensor, input_ids: torch.Tensor, positions: torch.Tensor, labels: torch.Tensor
    ) -> torch.Tensor:
        """All [batch, pieces] or [batch, masked]; the loss, with the paper's weight of 50 on the discriminator's."""
        logits = self.generator.logits(input_ids, positions).float()
        known = labels >= 0
        loss = nn.functional.cross_entropy(logits[known], labels[known])
        with torch.no_grad():
            noise = -torch.log(-torch.log(torch.rand_like(logits).clamp(1e-9, 1 - 1e-7)))
            drawn = (logits + noise).argmax(-1)
        filled = original.scatter(1, positions, torch.where(known, drawn, original.gather(1, positions)))
        states = self.discriminator.stock.base_model(input_ids=filled).last_hidden_state
        answers = self.head(states).squeeze(-1).float()
        return loss + 50 * nn.functional.binary_cross_entropy_with_logits(answers, (filled != original).float())


def replaced(
    trial: dict[str, Any], *, budget: float, text: Path, tokenizer: str, vectors: Path, run: Path
) -> dict[str, Any]:
    """ELECTRA's objective in a plain loop; its discriminator is saved as the masked-LM class, whose encoder it is."""
    pieces = load_tokenizer(tokenizer)
    files = files_of(str(text.parent), [text.name])
    packed = run.parent / "packed" / fingerprint(files, pieces, text_field="text", fold=FoldConfig())
    if not packed.exists():
        pack(files, pieces, packed, text_field="text", fold=FoldConfig())
    stream, _ = split(packed, HELD_OUT, pieces.sep_token_id)
    blocks = Blocks(
        stream, Specials.of(pieces), seed=SEED, shuffle=True, group=BATCH, size=PIECES, rate=RATE, whole_words=True
    )
    discriminator = fresh(start(trial), pieces, SEED)
    set_embeddings(discriminator, centred(np.load(vectors), scale=0.04, seed=SEED))
    model = Replaced(fresh(start(trial | {"layers": 1}), pieces, SEED + 1), discriminator)
    inner, outer = (
        flops_per_piece(m.stock, pieces=PIECES, masked=n)
        for m, n in ((model.generator, blocks.masked), (discriminator, 0))
    )
    steps = round(budget / ((inner + outer) * PIECES * BATCH))
    groups = [
        {"params": [p for p in model.parameters() if (p.ndim > 1) == matrices], "weight_decay": 0.01 * matrices}
        for matrices in (True, False)
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.98), eps=1e-6, fused=True)
    model.train()
    began = time.perf_counter()
    # Shuffled by the blocks themselves.
    for step, batch in enumerate(
        DataLoader(blocks, batch_size=BATCH, collate_fn=default_data_collator, drop_last=True)
    ):
        if step == steps:
            break
        rate = min((step + 1) / min(100, steps // 4), (steps - step) / (0.2 * steps), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * max(rate, 0.02)
        known = batch["labels"] >= 0
        here = batch["input_ids"].gather(1, batch["positions"])
        original = batch["input_ids"].scatter(1, batch["positions"], torch.where(known, batch["labels"], here))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model(original, batch["input_ids"], batch["positions"], batch["labels"])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 100 == 0:
            logger.info("electra: step %d of %d, loss %.3f", step, steps, loss.item())
    seconds = time.perf_counter() - began
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir(parents=True)
    with whole_folder(run / "model") as folder:
        discriminator.save(pieces, folder, dtype="float32")
    return {"steps": steps, "tokens": steps * BATCH * PIECES, "seconds": round(seconds, 1), "held_out_loss": None}


def to_markdown(rows: list[dict[str, Any]], about: str) -> str:
    lines = ["# Trials of encoders at the same arithmetic", "", about, ""]
    lines += ["| trial | layout | layers x width | optimiser | objective | parameters | pieces seen | minutes | "]
    lines[-1] += "held-out loss | fine-tuned: strict F1 |"
    lines += ["| --- | --- | --- | --- | --- | ---: | ---: | ---: | ---: | --- |"]
    for r in rows:
        loss = "" if r["held_out_loss"] is None else f"{r['held_out_loss']:.3f}"
        score = "" if r["f1"] is None else f"{100 * r['f1']:.1f} [{100 * r['low']:.1f} – {100 * r['high']:.1f}]"
        lines.append(
            f"| {r['trial']} | {r['layout']} | {r['layers']} x {r['width']} | {r['optimizer']} | {r['objective']} | "
            f"{r['parameters'] / 1e6:.1f} M | {r['tokens'] / 1e6:.2f} M | {r['seconds'] / 60:.1f} | {loss} | {score} |"
        )
    return "\n".join(lines) + "\n"


def main(
    text: Annotated[Path, typer.Argument(help="Folder of the text, as khabar pretrain takes it.")],
    tokenizer: Annotated[str, typer.Option(help="Folder of the tokenizer of all trials.")],
    vectors: Annotated[Path, typer.Option(help=".npy of skip-gram vectors, rows by id of the tokenizer.")],
    work: Annotated[Path, typer.Option(help="Folder of the runs.")],
    out: Annotated[Path, typer.Option(help="Path of the results without suffix; .json and .md are written.")],
    pieces: Annotated[
        int, typer.Option(help="Pieces that the base sees; the others as many as cost the same.")
    ] = 2_048_000,
    fine_tune: Annotated[Path | None, typer.Option(help="Config of a tagger to fine-tune each on.")] = None,
    override: Annotated[list[str] | None, typer.Option(help="KEY=VALUE for that config.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Trials to run; none: all.")] = None,
) -> None:
    """Run the trials that are not done yet and write the table."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    budget, rows = 0.0, []
    entries = load_tokenizer(tokenizer)
    for name, trial in TRIALS.items():
        model = fresh(start(trial), entries, SEED)
        cost = flops_per_piece(model.stock, pieces=PIECES, masked=math.floor(RATE * (PIECES - 2)))
        budget = budget or cost * pieces
        if only and name not in only:
            continue
        run, parameters = work / name, sum(p.numel() for p in model.parameters())
        said = run / "trial.json"
        if not said.exists():
            wide = work / f"vectors-{trial['width']}.npy"
            work.mkdir(parents=True, exist_ok=True)
            np.save(wide, vectors_of(vectors, trial["width"]))
            given: dict[str, Any] = {"text": text, "tokenizer": tokenizer, "vectors": wide, "run": run}
            if trial["objective"] == "masked":
                found = masked(trial, steps=round(budget / (cost * PIECES * BATCH)), **given)
            else:
                found = replaced(trial, budget=budget, **given)
            kept = {key: found[key] for key in ("steps", "tokens", "seconds", "held_out_loss")}
            said.write_text(json.dumps(trial | kept | {"trial": name, "parameters": parameters}), encoding="utf-8")
        row = json.loads(said.read_text(encoding="utf-8")) | {"f1": None, "low": None, "high": None}
        if fine_tune is not None:
            scores = run / "tagger" / "scores.json"
            if not scores.exists():
                config = load_config(fine_tune, [*(override or []), f"encoder.name={run / 'model'}"])
                train(config, run / "tagger", overwrite=True)
            strict = json.loads(scores.read_text(encoding="utf-8"))["test"]["layers"]["entities"]["strict"]
            row |= {"f1": strict["micro"]["f1"], "low": strict["interval"]["low"], "high": strict["interval"]["high"]}
        rows.append(row)
        print(json.dumps(row), flush=True)
    about = (
        f"{budget:.3g} floating-point operations each, blocks of {PIECES}, batches of {BATCH * PIECES:,} pieces, bf16 "
        f"on {hardware(torch.device('cpu'), 1)}. One seed."
    )
    if fine_tune is not None:
        about += f" Fine-tuned with `{' '.join(['train.py', fine_tune.as_posix(), *(override or [])])}`."
    with whole_file(out.with_suffix(".json")) as file:
        json.dump({"about": about, "rows": rows}, file, ensure_ascii=False, indent=1)
    with whole_file(out.with_suffix(".md")) as file:
        file.write(to_markdown(rows, about))


if __name__ == "__main__":
    typer.run(main)
