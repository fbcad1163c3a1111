"""Translating in numpy gives what the PyTorch model gives, for every cell and architecture."""

from typing import Any

import numpy as np
import pytest
import torch

from foreword.cells.registry import MODELS
from foreword.errors import FolderError
from foreword.folder.quantised import dense, quantise
from foreword.folder.translation import TranslationConfig
from foreword.translation.model import TranslationModel
from foreword.translator.numpy_network import NumpyNetwork, States

KINDS: list[dict[str, Any]] = [
    {"attention": "none", "bidirectional": False, "reverse_source": True, "decoder_layers": 1},
    {"attention": "additive", "heads": 2, "encoder_layers": 2, "reverse_source": True},
    {"attention": "multiplicative", "decoder_layers": 3},
    {"attention": "multiplicative", "input_feeding": True, "decoder_layers": 1, "heads": 2},
    {"attention": "additive", "input_feeding": True, "decoder_layers": 2},
]
CASES = [("lstm", kind) for kind in KINDS] + [(cell, KINDS[k % 5]) for k, cell in enumerate(MODELS)]
LENGTHS = np.array([5, 1, 3])


def model_of(cell: str, kind: dict[str, Any]) -> TranslationModel:
    config = TranslationConfig(cell=cell, vocab_size=13, embedding_size=6, hidden_size=8, **kind)
    model = TranslationModel(config, generator=torch.Generator().manual_seed(1)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-1, 1, generator=torch.Generator().manual_seed(parameter.numel()))
    return model


def network_of(model: TranslationModel) -> NumpyNetwork:
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    return NumpyNetwork(model.config, weights)


@pytest.mark.parametrize(("cell", "kind"), CASES)
def test_numpy_computes_what_torch_computes(cell: str, kind: dict[str, Any]) -> None:
    model = model_of(cell, kind)
    network = network_of(model)
    random = np.random.default_rng(3)
    source, inputs = random.integers(1, 13, (5, 3)), random.integers(1, 13, (4, 3))
    with torch.no_grad():
        torch_memory, torch_states = model.encode(torch.tensor(source), torch.tensor(LENGTHS))
        of_all, last, looked = model.features(torch.tensor(inputs), torch_states, torch_memory)
        expected = model.scores(of_all).log_softmax(-1).numpy()
    memory, states = network.encode(source, LENGTHS)
    for t, ids in enumerate(inputs):
        features, states, attention = network.step(ids, states, memory)
        logs = network.log_probabilities(features)
        np.testing.assert_allclose(logs, expected[t], atol=1e-5)
        if looked is None:
            assert attention is None
            continue
        assert attention is not None
        for b, length in enumerate(LENGTHS):
            weights = looked[b, :, t, :length].numpy()
            if model.config.reverse_source:
                weights = weights[:, ::-1]
            np.testing.assert_allclose(attention[b, :, :length], weights, atol=1e-5)
            assert (attention[b, :, length:] == 0).all()
    for one, other in zip(states, last, strict=False):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_several_decoders_of_a_sentence_are_as_many_sentences(kind: dict[str, Any]) -> None:
    network = network_of(model_of("gru", kind))
    source = np.random.default_rng(4).integers(1, 13, (5, 3))
    ids = np.array([1, 2, 3, 4, 5, 6])

    def twice(states: States) -> States:
        return tuple(part.repeat(2, 1) for part in states)

    memory, states = network.encode(source, LENGTHS)
    together = network.step(ids, twice(states), memory)
    memory, states = network.encode(source.repeat(2, 1), LENGTHS.repeat(2))
    apart = network.step(ids, states, memory)
    np.testing.assert_allclose(together.features, apart.features, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_memory_of_some_sentences_is_theirs_alone(kind: dict[str, Any]) -> None:
    network = network_of(model_of("lstm", kind))
    source = np.random.default_rng(5).integers(1, 13, (5, 3))
    memory, states = network.encode(source, LENGTHS)
    whole = network.step(np.array([1, 2, 3]), states, memory)
    chosen = np.array([2, 1])
    some = memory.take(chosen)
    part = network.step(np.array([3, 2]), tuple(s[:, chosen] for s in states), some)
    np.testing.assert_allclose(part.features, whole.features[chosen], atol=1e-5)
    assert some.values.shape[2] == 3


def test_scores_that_overflow_are_an_error() -> None:
    model = model_of("lstm", KINDS[2])
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    network = NumpyNetwork(model.config, {**weights, "output.bias": np.full(13, np.inf, "f4")})
    memory, states = network.encode(np.array([[3], [4]]), np.array([2]))
    with pytest.raises(FolderError, match="overflow"):
        network.log_probabilities(network.step(np.array([2]), states, memory).features)


@pytest.mark.parametrize(("cell", "kind"), CASES)
def test_int8_weights_compute_nearly_what_the_same_weights_in_float32_do(
    cell: str, kind: dict[str, Any]
) -> None:
    model = model_of(cell, kind)
    weights = quantise({name: value.detach().numpy() for name, value in model.state_dict().items()})
    one, other = (NumpyNetwork(model.config, w) for w in (weights, dense(weights)))
    random = np.random.default_rng(5)
    source, inputs = random.integers(1, 13, (5, 3)), random.integers(1, 13, (4, 3))
    (memory, states), (dense_memory, dense_states) = (
        n.encode(source, LENGTHS) for n in (one, other)
    )
    np.testing.assert_allclose(memory.values, dense_memory.values, atol=0.1)
    for ids in inputs:
        features, states, _ = one.step(ids, states, memory)
        dense_features, dense_states, _ = other.step(ids, dense_states, dense_memory)
        logs = one.log_probabilities(features)
        expected = other.log_probabilities(dense_features)
        np.testing.assert_allclose(np.exp(logs), np.exp(expected), atol=0.05)
        likely = one.likeliest(features, 3, [5, 2], 1)
        np.testing.assert_allclose(likely.end, logs[:, 1], atol=1e-5)
        logs[:, [5, 2]] = -np.inf
        order = np.argsort(-logs, 1)[:, :3]
        np.testing.assert_array_equal(likely.ids, order)
        np.testing.assert_allclose(likely.logs, np.take_along_axis(logs, order, 1), atol=1e-5)


@pytest.mark.parametrize("cell", MODELS)
@pytest.mark.parametrize("is_int8", [False, True])
def test_without_the_native_module_the_same_is_computed(
    cell: str, is_int8: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_of(cell, KINDS[1])
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    weights = quantise(weights) if is_int8 else weights
    current = NumpyNetwork(model.config, weights)
    with monkeypatch.context() as without:
        without.setattr("foreword.compiled.loaded", lambda: None)
        elsewhere = NumpyNetwork(model.config, weights)
    source = np.random.default_rng(6).integers(1, 13, (5, 3))
    steps = []
    for network in (current, elsewhere):
        memory, states = network.encode(source, LENGTHS)
        step = network.step(np.array([1, 2, 3]), states, memory)
        steps.append((step.features, network.likeliest(step.features, 3, [2], 1)))
    (one, likely), (other, likely_elsewhere) = steps
    tolerance = 0.1 if is_int8 else 1e-5
    np.testing.assert_allclose(one, other, atol=tolerance)
    np.testing.assert_allclose(likely.end, likely_elsewhere.end, atol=2 * tolerance)
    np.testing.assert_allclose(likely.logs, likely_elsewhere.logs, atol=2 * tolerance)
