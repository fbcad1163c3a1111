"""Muon against its definition, and what it is not for."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from foreword.folder.config import ModelConfig
from foreword.folder.translation import TranslationConfig
from foreword.models.build import build
from foreword.models.model import NextWordModel
from foreword.training.optimiser import Optimiser, hidden_matrices
from foreword.training.settings import RateSettings
from foreword.translation.model import TranslationModel

RATE, DECAY = 0.1, 0.01


def model_of(**more: Any) -> NextWordModel:
    sizes = {"vocab_size": 20, "embedding_size": 6, "hidden_size": 8}
    return build(ModelConfig(**{"name": "lstm", **sizes, **more}), None, torch.manual_seed(3))


def muon(weight: np.ndarray, gradients: list[np.ndarray]) -> np.ndarray:
    """Steps of Muon, by singular values in the place of its iterations that approximate them."""
    mean = np.zeros_like(weight)
    for gradient in gradients:
        mean = 0.95 * mean + 0.05 * gradient
        U, S, V = np.linalg.svd(0.95 * mean + 0.05 * gradient, full_matrices=False)
        S = S / np.sqrt((S**2).sum())
        for _ in range(5):
            S = 3.4445 * S - 4.7750 * S**3 + 2.0315 * S**5
        step = (U * S) @ V * 0.2 * np.sqrt(max(weight.shape))
        weight = weight * (1 - RATE * DECAY) - RATE * step
    return weight


def stepped(model: NextWordModel, optimiser: str, *, split: bool = True) -> list[dict[str, Any]]:
    """The gradients of two steps that were taken, by name."""
    settings = RateSettings(optimiser=optimiser, muon_split=split, weight_decay=DECAY)
    chosen = Optimiser(model, settings)
    draw = np.random.default_rng(5)
    gradients = []
    for _ in range(2):
        drawn = {}
        for name, parameter in model.named_parameters():
            drawn[name] = draw.standard_normal(parameter.shape)
            parameter.grad = torch.tensor(drawn[name], dtype=torch.float32)
        gradients.append(drawn)
        chosen.step(RATE)
    return gradients


@pytest.mark.parametrize("split", [True, False])
def test_muon_takes_orthogonal_steps_for_each_gate_or_for_all_of_them(split: bool) -> None:
    model = model_of()
    before = {name: p.detach().double().numpy().copy() for name, p in model.named_parameters()}
    gradients = stepped(model, "muon", split=split)
    for name, gates in hidden_matrices(model).items():
        parts = gates if split else 1
        of_steps = [np.split(drawn[name], parts) for drawn in gradients]
        blocks = zip(np.split(before[name], parts), *of_steps, strict=True)
        wanted = np.concatenate([muon(first, list(steps)) for first, *steps in blocks])
        assert_allclose(model.get_parameter(name).detach(), wanted, atol=1e-4)


@pytest.mark.parametrize("shape", [(8, 6), (6, 8), (7, 7)])
def test_muon_whole_is_torchs_but_for_the_rounding_of_bfloat16(shape: tuple[int, int]) -> None:
    layer = torch.nn.Linear(shape[1], shape[0], bias=False)
    same = torch.nn.Linear(shape[1], shape[0], bias=False)
    same.load_state_dict(layer.state_dict())
    before = layer.weight.detach().clone()
    settings = RateSettings(optimiser="muon", weight_decay=DECAY)
    ours = Optimiser(torch.nn.ModuleList([layer, torch.nn.LayerNorm(2)]), settings)
    torchs = torch.optim.Muon(
        same.parameters(), RATE, weight_decay=DECAY, adjust_lr_fn="match_rms_adamw"
    )
    for seed in (1, 2):
        layer.weight.grad = torch.randn(shape, generator=torch.manual_seed(seed))
        same.weight.grad = layer.weight.grad.clone()
        ours.step(RATE)
        torchs.step()
    size = float((same.weight.detach() - before).abs().max())
    assert_allclose(layer.weight.detach(), same.weight.detach(), rtol=0, atol=0.05 * size)


def test_embeddings_output_and_vectors_take_the_steps_of_adamw() -> None:
    by_muon, by_adamw = model_of(tied=False), model_of(tied=False)
    stepped(by_muon, "muon")
    stepped(by_adamw, "adamw")
    others = dict(by_adamw.named_parameters())
    assert not others.keys() <= hidden_matrices(by_muon).keys()
    for name, parameter in by_muon.named_parameters():
        is_equal = torch.equal(parameter, others[name])
        assert is_equal == (name not in hidden_matrices(by_muon)), name


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        (
            {"name": "lstm-peephole", "num_layers": 2},
            {
                **{f"recurrent.weight_ih_l{k}": 4 for k in (0, 1)},
                **{f"recurrent.weight_hh_l{k}": 4 for k in (0, 1)},
                "projection.weight": 1,
            },
        ),
        ({"name": "mingru", "tied": False}, {"recurrent.weight_ih_l0": 2}),
        ({"name": "mlp-window"}, {"hidden.0.weight": 1, "projection.weight": 1}),
        (
            {"tied": False, "adaptive_clusters": 1, "adaptive_head": 10},
            {"recurrent.weight_ih_l0": 4, "recurrent.weight_hh_l0": 4},
        ),
    ],
)
def test_hidden_matrices_are_neither_embeddings_nor_output_layers(
    more: dict[str, Any], wanted: dict[str, int]
) -> None:
    assert hidden_matrices(model_of(**more)) == wanted


def test_a_translation_model_has_hidden_matrices_in_both_of_its_networks() -> None:
    config = TranslationConfig(cell="lstm", vocab_size=30, embedding_size=6, hidden_size=8)
    actual = hidden_matrices(TranslationModel(config))
    assert actual["encoder.weight_ih_l0_reverse"] == 4
    assert actual["lower.weight_hh_l0"] == 4
    assert actual["attention.query"] == 1
    assert "embedding.weight" not in actual


@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
def test_moments_that_were_kept_give_the_same_next_step(optimiser: str) -> None:
    settings = RateSettings(optimiser=optimiser)
    one, other = model_of(), model_of()
    first, second = Optimiser(one, settings), Optimiser(other, settings)
    gradients = [torch.randn(p.shape, generator=torch.manual_seed(1)) for p in one.parameters()]
    for parameter, gradient in zip(one.parameters(), gradients, strict=True):
        parameter.grad = gradient
    first.step(RATE)
    other.load_state_dict(one.state_dict())
    second.restore(first.arrays())
    for model, chosen in ((one, first), (other, second)):
        for parameter, gradient in zip(model.parameters(), gradients, strict=True):
            parameter.grad = gradient.flip(0)
        chosen.step(RATE)
    for name, array in first.arrays().items():
        assert_array_equal(second.arrays()[name], array)
    for parameter, same in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(parameter, same)


def test_moments_of_another_optimiser_are_refused() -> None:
    one = Optimiser(model_of(), RateSettings(optimiser="muon"))
    moments = {"recurrent.weight_hh_l0/momentum_buffer": np.zeros((8, 8), np.float32)}
    with pytest.raises(ValueError, match="weight_hh_l0"):
        one.restore(moments)
