"""What a client computes, held against a step of SGD by autograd alone."""

import math

import numpy as np
import pytest
import torch

from foreword.federated.client import client_update
from foreword.federated.rules import ClientRule, ServerRule
from foreword.federated.server import ServerState, Weights, norm_of, server_round
from foreword.folder.config import ModelConfig
from foreword.models.build import build, load_weights, weights_of
from foreword.models.model import NextWordModel

IDS = np.random.default_rng(5).integers(2, 12, size=61).astype(np.uint16)
ONE_STEP = ClientRule(rate=0.7, batch_size=4, window=15, gradient_clip=1e9)


@pytest.fixture
def model() -> NextWordModel:
    config = ModelConfig(name="lstm", vocab_size=12, embedding_size=6, hidden_size=6)
    return build(config, generator=torch.Generator().manual_seed(3))


def after_a_step(model: NextWordModel, rate: float) -> Weights:
    """The weights after one step of SGD on the mean loss of four streams of 15 words."""
    before = weights_of(model)
    streams = torch.from_numpy(IDS[:60].astype(np.int64)).view(4, 15).t()
    targets = torch.from_numpy(IDS[1:61].astype(np.int64)).view(4, 15).t()
    logits, _ = model(streams, model.start(4))
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    names = [name for name, _ in model.named_parameters()]
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    return {
        name: before[name] - rate * gradient.numpy()
        for name, gradient in zip(names, gradients, strict=True)
    }


def test_one_client_with_one_step_at_rate_1_is_a_step_of_sgd(model: NextWordModel) -> None:
    weights = weights_of(model)
    expected = after_a_step(model, 0.7)
    learned = client_update(model, weights, IDS, ONE_STEP, (1,))
    after = server_round(ServerState(weights), [learned.update], ServerRule(clients=1, clip=1e9))
    assert learned.update.words == 60
    for name, value in expected.items():
        assert after.weights[name] == pytest.approx(value, abs=1e-6)
        assert not np.array_equal(after.weights[name], weights[name])


def test_the_gradient_of_a_step_is_clipped(model: NextWordModel) -> None:
    rule = ClientRule(rate=1.0, batch_size=4, window=15, gradient_clip=0.01)
    delta = client_update(model, weights_of(model), IDS, rule, (1,)).update.delta
    norm = math.sqrt(sum(float(np.square(value).sum()) for value in delta.values()))
    assert norm == pytest.approx(0.01, rel=1e-3)


def test_no_change_is_longer_than_the_rule_allows(model: NextWordModel) -> None:
    weights = weights_of(model)
    # The loss of a constant text is steepest in nearly the same direction at each step.
    ids = np.full(8, 5, dtype=np.uint16)
    weights["embedding.weight"] = 50.0 * weights["embedding.weight"]
    rule = ClientRule(rate=1e-3, words=8, passes=2, batch_size=1, window=1, gradient_clip=1e-3)
    norm = norm_of(client_update(model, weights, ids, rule, (1,)).update.delta)
    assert 0.8 * rule.longest < norm <= rule.longest


def test_what_the_network_held_before_does_not_matter(model: NextWordModel) -> None:
    weights = weights_of(model)
    first = client_update(model, weights, IDS, ONE_STEP, (1,)).update.delta
    load_weights(model, {name: np.ones_like(value) for name, value in weights.items()})
    second = client_update(model, weights, IDS, ONE_STEP, (1,)).update.delta
    assert all(np.array_equal(first[name], second[name]) for name in weights)


@pytest.mark.parametrize("bptt", ["truncated", "sentence"])
def test_of_a_long_text_no_more_than_a_persons_share_is_read(
    model: NextWordModel, bptt: str
) -> None:
    rule = ClientRule(rate=0.1, words=20, passes=3, batch_size=2, window=5, bptt=bptt)  # type: ignore[arg-type]
    weights = weights_of(model)
    apart = [client_update(model, weights, IDS, rule, (seed,)).update for seed in (1, 1, 2)]
    assert all(0 < update.words <= 20 for update in apart)
    assert all(np.array_equal(apart[0].delta[n], apart[1].delta[n]) for n in weights)
    assert any(not np.array_equal(apart[0].delta[n], apart[2].delta[n]) for n in weights)
