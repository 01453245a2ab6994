from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForTokenClassification

from khabar.config import EncoderConfig, FoldConfig, TrainingConfig, WindowConfig
from khabar.faults import KhabarError
from khabar.labels import IGNORED
from khabar.model import LayeredTagger, Settings, build, load, load_tokenizer, longest_window, save
from khabar.scheme import DEFAULT_SCHEME
from khabar.training import optimizer_for

Make = Callable[[str], Path]
LAYOUTS = ["bert", "electra", "modernbert", "xlm-roberta", "camelbert"]
SETTINGS = Settings(
    scheme=DEFAULT_SCHEME, fold=FoldConfig(), windows=WindowConfig(), temperature={"entities": 1.5, "claims": 2.0}
)


def tagger(encoder: Make, layout: str = "bert") -> LayeredTagger:
    return build(EncoderConfig(name=str(encoder(layout))), DEFAULT_SCHEME, seed=1).eval()


def batch(seed: int = 0) -> dict[str, torch.Tensor]:
    ids = torch.randint(5, 40, (2, 12), generator=torch.Generator().manual_seed(seed))
    mask = torch.ones_like(ids)
    mask[1, 8:] = 0
    return {"input_ids": ids, "attention_mask": mask}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_saved_and_loaded_it_says_the_same_and_so_does_the_stock_class(
    layout: str, encoder: Make, tmp_path: Path
) -> None:
    model, tokenizer = tagger(encoder, layout), load_tokenizer(str(encoder(layout)))
    save(model, tokenizer, SETTINGS, tmp_path)
    loaded = load(tmp_path)
    assert loaded.settings == SETTINGS
    with torch.inference_mode():
        logits = model(**batch()).logits
        assert torch.equal(loaded.model(**batch()).logits, logits)
        stock = AutoModelForTokenClassification.from_pretrained(tmp_path, trust_remote_code=False).eval()
        # A wide matrix product rounds differently in the last place.
        assert torch.allclose(stock(**batch()).logits, model.by_layer(logits)["entities"], atol=1e-6)
    assert [stock.config.id2label[i] for i in range(9)] == list(model.codecs["entities"].tags)
    assert not list(tmp_path.glob("*.bin")) and not list(tmp_path.glob("*.pkl"))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_halves_the_file_and_loads_as_fp32(dtype: str, encoder: Make, tmp_path: Path) -> None:
    model, tokenizer = tagger(encoder), load_tokenizer(str(encoder("bert")))
    save(model, tokenizer, SETTINGS, tmp_path / "full")
    save(model, tokenizer, SETTINGS, tmp_path / "half", dtype=dtype)
    full, half = ((tmp_path / kind / "model.safetensors").stat().st_size for kind in ("full", "half"))
    assert half < 0.6 * full
    loaded = load(tmp_path / "half").model
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    with torch.inference_mode():
        assert torch.allclose(loaded(**batch()).logits, model(**batch()).logits, atol=0.02)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_longest_window_really_fits_and_one_more_does_not_count(layout: str, encoder: Make) -> None:
    model = tagger(encoder, layout)
    cap = longest_window(model, load_tokenizer(str(encoder(layout))))
    assert cap == 64
    ids = torch.full((1, cap), 6)
    assert model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.shape == (1, 64, 34)


def test_a_layer_without_labels_gives_its_head_no_gradient(encoder: Make) -> None:
    model = tagger(encoder)
    labels = torch.full((2, 12, 2), IGNORED)
    labels[:, 3, 0] = 1
    loss = model(**batch(), labels=labels).loss
    assert loss is not None and loss.item() > 0
    loss.backward()
    gradient = model.stock.classifier.weight.grad
    assert gradient[: model.sizes[0]].abs().sum() > 0
    assert gradient[model.sizes[0] :].abs().sum() == 0


def test_the_loss_is_a_mean_over_labels_or_a_share_of_an_accumulated_batch(encoder: Make) -> None:
    model = tagger(encoder)
    labels = torch.full((2, 12, 2), IGNORED)
    labels[0, 1:5, 0] = 0
    labels[1, 2, 1] = 3
    one, shared = model(**batch(), labels=labels).loss, model(**batch(), labels=labels, num_items_in_batch=10).loss
    assert torch.isclose(one * 5 / 10, shared)
    nothing = model(**batch(), labels=torch.full((2, 12, 2), IGNORED)).loss
    assert nothing.item() == 0.0


def test_heads_have_a_rate_of_their_own_and_every_parameter_is_in_one_group(encoder: Make) -> None:
    for layout in LAYOUTS:
        model = tagger(encoder, layout)
        groups = optimizer_for(model, TrainingConfig(learning_rate=1e-5, head_learning_rate=1e-3)).param_groups
        ids = [id(p) for g in groups for p in g["params"]]
        assert sorted(ids) == sorted(id(p) for p in model.parameters())
        rate = {id(p): g["lr"] for g in groups for p in g["params"]}
        assert rate[id(model.stock.classifier.weight)] == 1e-3
        assert rate[id(model.stock.get_input_embeddings().weight)] == 1e-5
        assert all(g["weight_decay"] == 0 for g in groups for p in g["params"] if p.ndim < 2)


def test_the_seed_draws_the_heads(encoder: Make) -> None:
    config = EncoderConfig(name=str(encoder("bert")))
    a, b, c = (build(config, DEFAULT_SCHEME, seed).stock.classifier.weight for seed in (1, 1, 2))
    assert torch.equal(a, b) and not torch.equal(a, c)


def test_random_weights_of_the_same_layout_can_be_asked_for(encoder: Make) -> None:
    name = str(encoder("bert"))
    given = build(EncoderConfig(name=name), DEFAULT_SCHEME, 1).stock.get_input_embeddings().weight
    fresh = build(EncoderConfig(name=name, pretrained=False), DEFAULT_SCHEME, 1).stock.get_input_embeddings().weight
    assert given.shape == fresh.shape and not torch.equal(given, fresh)


def test_dropout_before_the_classifier_can_be_set(encoder: Make) -> None:
    for layout in ("bert", "modernbert"):
        model = build(EncoderConfig(name=str(encoder(layout)), dropout=0.37), DEFAULT_SCHEME, 1)
        assert 0.37 in [m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)]


def test_what_is_no_model_is_refused_with_a_remedy(encoder: Make, tmp_path: Path) -> None:
    with pytest.raises(KhabarError, match=r"not a Khabar model.*Remedy"):
        load(encoder("bert"))
    with pytest.raises(KhabarError, match="Remedy"):
        build(EncoderConfig(name=str(tmp_path / "nowhere")), DEFAULT_SCHEME, 1)
    with pytest.raises(KhabarError, match="Remedy"):
        load_tokenizer(str(tmp_path / "nowhere"))


def test_a_checkpoint_that_lacks_encoder_weights_is_refused(encoder: Make, tmp_path: Path) -> None:
    for file in encoder("bert").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    tensors = load_file(tmp_path / "model.safetensors")
    kept = {k: v for k, v in tensors.items() if "layer.1" not in k}
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(KhabarError, match=r"lack 16 of the encoder's tensors"):
        build(EncoderConfig(name=str(tmp_path)), DEFAULT_SCHEME, 1)


def test_a_model_whose_extra_heads_were_lost_is_refused(encoder: Make, tmp_path: Path) -> None:
    save(tagger(encoder), load_tokenizer(str(encoder("bert"))), SETTINGS, tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    assert any(k.startswith("khabar.claims") for k in tensors)
    kept = {k: v for k, v in tensors.items() if not k.startswith("khabar.")}
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(KhabarError, match=r"lacks khabar\.claims"):
        load(tmp_path)


def test_settings_with_an_unknown_key_are_refused(encoder: Make, tmp_path: Path) -> None:
    save(tagger(encoder), load_tokenizer(str(encoder("bert"))), SETTINGS, tmp_path)
    settings = json.loads((tmp_path / "khabar.json").read_text())
    (tmp_path / "khabar.json").write_text(json.dumps(settings | {"oracle": {}}))
    with pytest.raises(KhabarError, match="update khabar"):
        load(tmp_path)


def test_camelbert_keeps_its_case_whatever_the_class_defaults_to(encoder: Make) -> None:
    tokenizer = load_tokenizer(str(encoder("camelbert")))
    assert tokenizer.do_lower_case is False
    assert tokenizer.model_max_length > 1e29
    words = tokenizer.tokenize("زار الرئيس وهران")
    assert "[UNK]" not in words
