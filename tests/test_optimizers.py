from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from khabar.faults import KhabarError
from khabar.masked_lm import MaskedLM, checkpoint
from khabar.optimizers import Joined, optimizer_for
from khabar.pretraining_config import OptimisationConfig, StartConfig

Make = Callable[[str], Path]
LAYOUTS = ["bert", "xlm-roberta", "modernbert", "electra"]


def model_of(encoder: Make, layout: str) -> MaskedLM:
    return checkpoint(StartConfig(name=str(encoder(layout))))


def muon(**options: float) -> OptimisationConfig:
    return OptimisationConfig(steps=10, warmup=0, optimizer="muon", learning_rate=0.01, **options)  # type: ignore[arg-type]


def fill_gradients(model: MaskedLM) -> None:
    generator = torch.Generator().manual_seed(3)
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_each_weight_is_trained_once_and_vectors_do_not_decay(layout: str, kind: str, encoder: Make) -> None:
    model = model_of(encoder, layout)
    config = muon(weight_decay=0.1, table_decay=0.02).model_copy(update={"optimizer": kind})
    groups = optimizer_for(model, config).param_groups
    trained = [id(p) for group in groups for p in group["params"]]
    assert len(trained) == len(set(trained)) and set(trained) == {id(p) for p in model.parameters()}
    tables = {id(m.weight) for m in model.modules() if isinstance(m, torch.nn.Embedding)}
    for group in groups:
        for p in group["params"]:
            wanted = 0.02 if id(p) in tables else 0.1 if p.ndim > 1 else 0.0
            assert group["weight_decay"] == wanted


@pytest.mark.parametrize("layout", LAYOUTS)
def test_muon_has_the_matrices_of_the_layers_and_nothing_else(layout: str, encoder: Make) -> None:
    model = model_of(encoder, layout)
    joined = optimizer_for(model, muon())
    assert isinstance(joined, Joined)
    names = {id(p): name for name, p in model.named_parameters()}
    inside = {names[id(p)] for group in joined.parts[0].param_groups for p in group["params"]}
    matrices = {name for name, p in model.named_parameters() if ".layer" in name and p.ndim == 2}
    # ELECTRA's projection of its small embeddings is a map, too.
    assert inside - {"stock.electra.embeddings_project.weight"} == matrices and matrices


def test_a_step_of_muon_turns_all_directions_of_a_matrix_alike(encoder: Make) -> None:
    model = model_of(encoder, "bert")
    joined = optimizer_for(model, muon(weight_decay=0.0))
    weight = joined.param_groups[0]["params"][0]
    before = weight.detach().clone()
    fill_gradients(model)
    # All but one direction of the gradient is weak, and Muon makes them count.
    u, s, v = torch.linalg.svd(weight.grad)
    weight.grad = u @ torch.diag(torch.linspace(1, 0.05, len(s))) @ v
    joined.step()
    moved = torch.linalg.svdvals(weight.detach() - before)
    assert moved.min() > 0.4 * moved.max()
    # Brought to the size of AdamW's updates: root mean square 0.2 of the rate.
    assert (weight.detach() - before).square().mean().sqrt().item() == pytest.approx(0.2 * 0.01, rel=0.3)


def test_rates_set_from_outside_reach_all_parts_also_after_loading(encoder: Make) -> None:
    model = model_of(encoder, "modernbert")
    joined = optimizer_for(model, muon())
    fill_gradients(model)
    joined.step()
    joined.load_state_dict(joined.state_dict())
    before = [p.detach().clone() for p in model.parameters()]
    for group in joined.param_groups:
        group["lr"] = 0.0
    joined.step()
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    joined.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_a_state_goes_on_where_it_was(encoder: Make) -> None:
    ends = []
    for stopped in (False, True):
        model = model_of(encoder, "bert")
        joined = optimizer_for(model, muon())
        for step in range(4):
            if stopped and step == 2:
                state = joined.state_dict()
                joined = optimizer_for(model, muon())
                joined.load_state_dict(state)
            fill_gradients(model)
            joined.step()
        ends.append([p.detach() for p in model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*ends, strict=True))


def test_a_torch_without_muon_is_named(encoder: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.optim, "Muon")
    with pytest.raises(KhabarError, match="has no Muon"):
        optimizer_for(model_of(encoder, "bert"), muon())


def test_a_closure_is_refused(encoder: Make) -> None:
    with pytest.raises(ValueError, match="closure"):
        optimizer_for(model_of(encoder, "bert"), muon()).step(lambda: 0.0)
