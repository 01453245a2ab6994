from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForMaskedLM,
    CamembertConfig,
    CamembertForMaskedLM,
    DebertaV2Config,
    DebertaV2ForMaskedLM,
    DistilBertConfig,
    DistilBertForMaskedLM,
    ElectraConfig,
    ElectraForMaskedLM,
    MPNetConfig,
    MPNetForMaskedLM,
    PreTrainedModel,
)

from conftest import SIZES
from khabar.config import EncoderConfig
from khabar.faults import KhabarError
from khabar.labels import IGNORED
from khabar.masked_lm import MaskedLM, check_shape, checkpoint, fresh, set_embeddings
from khabar.model import build, load_tokenizer
from khabar.pretraining_config import StartConfig
from khabar.scheme import DEFAULT_SCHEME

Make = Callable[[str], Path]
FEW = {"vocab_size": 120, "max_position_embeddings": 40}
OTHERS: dict[str, Callable[[], PreTrainedModel]] = {
    "electra generator": lambda: ElectraForMaskedLM(ElectraConfig(embedding_size=16, **SIZES, **FEW)),
    "camembert": lambda: CamembertForMaskedLM(CamembertConfig(**SIZES, **FEW)),
    "deberta-v2": lambda: DebertaV2ForMaskedLM(
        DebertaV2Config(relative_attention=True, pos_att_type=["p2c", "c2p"], **SIZES, **FEW)
    ),
    "mpnet": lambda: MPNetForMaskedLM(MPNetConfig(**SIZES, **FEW)),
    "distilbert": lambda: DistilBertForMaskedLM(
        DistilBertConfig(dim=32, n_layers=2, n_heads=2, hidden_dim=64, vocab_size=120)
    ),
}
LAYOUTS = ["bert", "xlm-roberta", "modernbert"]


def model_of(layout: str, encoder: Make) -> MaskedLM:
    torch.manual_seed(0)
    if layout in OTHERS:
        return MaskedLM(OTHERS[layout]())
    return checkpoint(StartConfig(name=str(encoder(layout))))


def batch(vocabulary: int) -> dict[str, torch.Tensor]:
    """Three rows of 24 pieces, at most six masked, the last row only four."""
    draw = torch.Generator().manual_seed(1)
    ids = torch.randint(5, vocabulary, (3, 24), generator=draw)
    positions = torch.stack([torch.randperm(24, generator=draw)[:6] for _ in range(3)])
    labels = torch.randint(5, vocabulary, (3, 6), generator=draw)
    labels[2, 4:], positions[2, 4:] = IGNORED, 0
    return {"input_ids": ids, "positions": positions, "labels": labels}


@pytest.mark.parametrize("layout", [*LAYOUTS, *OTHERS])
def test_the_loss_is_the_stock_models_whatever_its_head(layout: str, encoder: Make) -> None:
    model = model_of(layout, encoder).eval()
    given = batch(model.config.vocab_size)
    seen: list[tuple[int, ...]] = []
    model.stock.get_output_embeddings().register_forward_hook(lambda _, x, y: seen.append(tuple(y.shape)))
    loss = model(**given)["loss"]
    assert seen == [(3, 6, model.config.vocab_size)]
    full = torch.full((3, 24), IGNORED)
    for row in range(3):
        for position, label in zip(given["positions"][row], given["labels"][row], strict=True):
            if label != IGNORED:
                full[row, position] = label
    assert loss.item() == pytest.approx(model.stock(input_ids=given["input_ids"], labels=full).loss.item(), rel=1e-5)
    assert model(**given, num_items_in_batch=torch.tensor(32))["loss"].item() == pytest.approx(loss.item() / 2)
    # All parameters learn, none waits for a process that never answers.
    loss.backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize("layout", [*LAYOUTS, "electra generator"])
def test_it_compiles_to_one_graph(layout: str, encoder: Make) -> None:
    model = model_of(layout, encoder).eval()
    given = batch(model.config.vocab_size)
    torch.compiler.reset()
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    assert compiled(**given)["loss"].item() == pytest.approx(model(**given)["loss"].item(), rel=1e-5)
    given["positions"] = given["positions"].flip(0)
    assert compiled(**given)["loss"].item() == pytest.approx(model(**given)["loss"].item(), rel=1e-5)


@pytest.mark.parametrize("layout", [*LAYOUTS, *OTHERS])
def test_its_state_holds_no_weight_twice_and_loads_whole(layout: str, encoder: Make, tmp_path: Path) -> None:
    model, other = model_of(layout, encoder), model_of(layout, encoder)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(1)
    save_file(other.state_dict(), tmp_path / "x.safetensors")
    found = model.load_state_dict(load_file(tmp_path / "x.safetensors"))
    assert not found.missing_keys and not found.unexpected_keys
    mine, theirs = (dict(m.named_parameters(remove_duplicate=False)) for m in (model, other))
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_saved_is_the_stock_class_and_can_be_fine_tuned(
    layout: str, dtype: str, encoder: Make, tmp_path: Path
) -> None:
    model = model_of(layout, encoder).eval()
    # As Trainer does.
    model.config.use_cache = False
    tokenizer = load_tokenizer(str(encoder(layout)))
    model.save(tokenizer, tmp_path / "m", dtype=dtype)
    assert {t.dtype for t in load_file(tmp_path / "m" / "model.safetensors").values()} == {getattr(torch, dtype)}
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert config["dtype"] == dtype and config["architectures"] == [type(model.stock).__name__]
    assert config.get("use_cache", True)
    assert not list((tmp_path / "m").glob("*.bin"))
    stock, loading = AutoModelForMaskedLM.from_pretrained(tmp_path / "m", dtype=torch.float32, output_loading_info=True)
    assert not loading["missing_keys"] and not loading["unexpected_keys"]
    ids = torch.tensor([[5, 9, 17]])
    difference = (stock.eval()(ids).logits - model.stock(ids).logits).abs().max().item()
    assert difference < (1e-6 if dtype == "float32" else 2e-2)
    tagger = build(EncoderConfig(name=str(tmp_path / "m")), DEFAULT_SCHEME, seed=0)
    table = tagger.stock.get_input_embeddings().weight
    assert torch.allclose(table, model.stock.get_input_embeddings().weight, atol=1e-3)
    # This object is as it was.
    assert next(model.parameters()).dtype == torch.float32
    assert load_tokenizer(str(tmp_path / "m")).tokenize("حلب") == tokenizer.tokenize("حلب")


def test_a_fresh_encoder_has_the_shape_and_the_tokenizers_ids(encoder: Make) -> None:
    tokenizer = load_tokenizer(str(encoder("modernbert")))
    config = StartConfig(
        layout="modernbert", shape={"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2}
    )
    one, two, other = fresh(config, tokenizer, 1), fresh(config, tokenizer, 1), fresh(config, tokenizer, 2)
    assert (one.config.num_hidden_layers, one.config.vocab_size) == (3, len(tokenizer))
    assert (one.config.pad_token_id, one.config.cls_token_id) == (tokenizer.pad_token_id, tokenizer.cls_token_id)
    a, b, c = (m.stock.get_input_embeddings().weight for m in (one, two, other))
    assert torch.equal(a, b) and not torch.equal(a, c)
    names = fresh(StartConfig(layout="distilbert", shape={"hidden_size": 24, "n_heads": 2}), tokenizer, 1)
    assert names.config.dim == 24


@pytest.mark.parametrize(
    ("layout", "shape", "message"),
    [
        ("modernbird", {}, r"no model type 'modernbird'.*did you mean modernbert\?"),
        ("modernbert", {"hiden_size": 8}, r"encoder\.shape\.hiden_size: .*did you mean hidden_size\?"),
        ("bert", {"hidden_size": 30, "num_attention_heads": 7}, r"bert can't be built"),
        ("vit", {}, r"vit can't be built"),
    ],
)
def test_a_shape_that_can_not_be_is_named(layout: str, shape: dict[str, Any], message: str, encoder: Make) -> None:
    with pytest.raises(KhabarError, match=message):
        fresh(StartConfig(layout=layout, shape=shape), load_tokenizer(str(encoder("bert"))), 1)


def test_checking_a_shape_needs_no_tokenizer() -> None:
    check_shape(StartConfig(name="somewhere"))
    with pytest.raises(KhabarError, match="did you mean"):
        check_shape(StartConfig(layout="bert", shape={"hidden": 8}))


def test_weights_of_the_encoder_that_are_missing_are_an_error_and_a_missing_head_is_said(
    encoder: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="khabar"):
        # A discriminator, as most published ELECTRAs are, has no masked-LM head.
        assert checkpoint(StartConfig(name=str(encoder("electra")))).config.model_type == "electra"
    assert "a new one is trained" in caplog.text
    tensors = load_file(encoder("bert") / "model.safetensors")
    first = next(name for name in tensors if "layer.1.attention" in name)
    save_file(
        {k: v for k, v in tensors.items() if k != first}, tmp_path / "model.safetensors", metadata={"format": "pt"}
    )
    (tmp_path / "config.json").write_text((encoder("bert") / "config.json").read_text())
    with pytest.raises(KhabarError, match=f"lack 1 of the encoder's tensors, the first {first}"):
        checkpoint(StartConfig(name=str(tmp_path)))
    with pytest.raises(KhabarError, match="can't be loaded"):
        checkpoint(StartConfig(name=str(tmp_path / "none")))


def test_weights_only_bin_files_load(encoder: Make) -> None:
    assert checkpoint(StartConfig(name=str(encoder("camelbert")))).config.model_type == "bert"


def test_vectors_become_embeddings_and_the_tied_decoder(encoder: Make) -> None:
    model = model_of("modernbert", encoder)
    table = model.stock.get_input_embeddings().weight
    vectors = np.random.default_rng(0).normal(size=tuple(table.shape)).astype(np.float32)
    set_embeddings(model, vectors)
    assert table[0].abs().sum() == 0
    assert np.array_equal(model.stock.get_output_embeddings().weight[1:].detach().numpy(), vectors[1:])
