"""The numpy engine against our torch models, against torch's layers, and against slow loops."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from foreword.errors import FolderError
from foreword.folder.config import ModelConfig
from foreword.folder.store import Folder
from foreword.folder.weights import expected_shapes
from foreword.models.build import from_folder
from foreword.predictor.engine import Engine

MakeFolder = Callable[..., Folder]

KINDS = [
    ("mlp-last", {}),
    ("mlp-last", {"nonlinearity": "relu", "embedding_size": 5}),
    ("mlp-window", {"context_words": 3}),
    ("rnn", {}),
    ("rnn", {"nonlinearity": "relu", "tied": False}),
    ("lstm", {}),
    ("lstm", {"tied": False}),
    ("lstm", {"embedding_size": 5, "num_layers": 1}),
    ("lstm-peephole", {}),
    ("lstm-peephole-only", {}),
    ("lstm-coupled", {}),
    ("lstm-layernorm", {}),
    ("gru", {}),
    ("gru-layernorm", {}),
    ("gru", {"reset_after": False}),
    ("slstm", {}),
    ("slstm", {"cell_options": {"forget_activation": "exp"}}),
    ("rg-lru", {}),
    ("sru", {}),
    ("qrnn", {}),
    ("lstm", {"skip": True}),
    ("gru", {"skip": True, "num_layers": 3, "tied": False}),
    ("lstm", {"softmaxes": 3}),
    ("lstm", {"softmaxes": 3, "skip": True, "tied": False}),
    ("gru", {"softmaxes": 2, "embedding_size": 5}),
    ("mlp-window", {"softmaxes": 4, "context_words": 3}),
    ("lstm", {"adaptive_clusters": 2, "adaptive_head": 4, "tied": False}),
    ("gru", {"adaptive_clusters": 1, "adaptive_head": 3, "tied": False, "skip": True}),
    ("mlp-window", {"adaptive_clusters": 2, "adaptive_head": 4, "tied": False, "context_words": 3}),
    ("lstm", {"cell_clip": 0.1}),
    ("lstm-peephole", {"cell_clip": 0.1}),
    ("lstm-peephole-only", {"cell_clip": 0.1, "num_layers": 2}),
    ("lstm", {"mogrifier_rounds": 1}),
    ("lstm", {"mogrifier_rounds": 5, "skip": True}),
    ("lstm", {"mogrifier_rounds": 4, "mogrifier_rank": 2, "softmaxes": 2}),
]


@pytest.mark.parametrize(("name", "options"), KINDS)
def test_probabilities_equal_the_torch_models(
    name: str, options: dict[str, object], make_folder: MakeFolder
) -> None:
    folder = make_folder(name, **options)
    for key in folder.weights:
        if any(part in key for part in ("peephole", "norm_", "bias_c")):  # all 0, or all equal
            shape = folder.weights[key].shape
            folder.weights[key] = np.random.default_rng(0).normal(size=shape).astype("f4")
    engine, model = Engine(folder.config.model, folder.weights), from_folder(folder)
    ids = [1, 5, 3, 0, 7, 2, 2, 11]

    state = engine.start()
    ours = []
    for index in ids:
        state = engine.advance(state, index)
        ours.append(engine.probabilities(state))
    with torch.inference_mode():
        logits, _ = model(torch.tensor(ids)[:, None], model.start(1))
        theirs = logits[:, 0].double().softmax(dim=1).numpy()

    np.testing.assert_allclose(np.stack(ours), theirs, rtol=2e-4, atol=1e-7)
    np.testing.assert_allclose(np.stack(ours).sum(axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("name", ["lstm", "gru", "mlp-window"])
def test_a_state_is_a_value_that_advancing_leaves_alone(name: str, make_folder: MakeFolder) -> None:
    options = {"context_words": 3} if name == "mlp-window" else {}
    folder = make_folder(name, **options)
    engine = Engine(folder.config.model, folder.weights)
    before = engine.advance(engine.start(), 3)

    one, other = engine.advance(before, 4), engine.advance(before, 5)

    assert before == engine.advance(engine.start(), 3)
    assert hash(before) == hash(engine.advance(engine.start(), 3))
    assert one != other
    assert one == engine.advance(before, 4)
    with pytest.raises(ValueError, match="read-only"):
        before.parts[0][...] = 0


def test_an_mlp_forgets_what_its_window_does_not_hold(make_folder: MakeFolder) -> None:
    folder = make_folder("mlp-window", context_words=2)
    engine = Engine(folder.config.model, folder.weights)

    def after(*ids: int) -> np.ndarray:
        state = engine.start()
        for index in ids:
            state = engine.advance(state, index)
        return engine.probabilities(state)

    assert np.array_equal(after(3, 4, 5), after(9, 4, 5))
    assert not np.array_equal(after(3, 4), after(9, 4))


def random_weights(config: ModelConfig) -> dict[str, np.ndarray]:
    random = np.random.default_rng(7)
    shapes = expected_shapes(config).items()
    return {k: random.normal(scale=0.6, size=shape).astype(np.float32) for k, shape in shapes}


def last_hidden(config: ModelConfig, weights: dict[str, np.ndarray], ids: list[int]) -> np.ndarray:
    engine = Engine(config, weights)
    state = engine.start()
    for index in ids:
        state = engine.advance(state, index)
    return state.parts[0][-1]


@pytest.mark.parametrize(
    ("name", "nonlinearity", "layer"),
    [
        ("lstm", "tanh", torch.nn.LSTM(4, 5, 2)),
        ("gru", "tanh", torch.nn.GRU(4, 5, 2)),
        ("rnn", "tanh", torch.nn.RNN(4, 5, 2)),
        ("rnn", "relu", torch.nn.RNN(4, 5, 2, nonlinearity="relu")),
    ],
)
def test_hidden_states_equal_those_of_torchs_own_layers(
    name: str, nonlinearity: str, layer: torch.nn.RNNBase
) -> None:
    sizes = {"vocab_size": 9, "embedding_size": 4, "hidden_size": 5, "num_layers": 2}
    config = ModelConfig(name=name, nonlinearity=nonlinearity, **sizes)
    weights = random_weights(config)
    prefix = "recurrent."
    ours = {k[len(prefix) :]: v for k, v in weights.items() if k.startswith(prefix)}
    layer.load_state_dict({k: torch.tensor(v) for k, v in ours.items()})
    ids = [1, 8, 3, 3, 0, 5]

    with torch.inference_mode():
        hidden, _ = layer(torch.tensor(weights["embedding.weight"][ids]))

    actual = last_hidden(config, weights, ids)
    np.testing.assert_allclose(actual, hidden[-1].numpy(), rtol=1e-4, atol=1e-6)


def sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a))


def one_unit(
    name: str, j: int, products: tuple[Callable[..., float], ...], h: list[float], c: list[float]
) -> tuple[float, float]:
    """h and c of unit j after a step, a number at a time, as the papers write it.

    products: x(block, j), of the input with its bias; r(block, j, states), of states with theirs;
    peephole(gate, j), a weight.
    """
    x, r, peephole = products
    match name:
        case "lstm-peephole":  # Gers et al. 2002: i and f look at c(t-1), o at c(t)
            i = sigmoid(x(0, j) + r(0, j, h) + peephole(0, j) * c[j])
            f = sigmoid(x(1, j) + r(1, j, h) + peephole(1, j) * c[j])
            new = f * c[j] + i * math.tanh(x(2, j) + r(2, j, h))
            o = sigmoid(x(3, j) + r(3, j, h) + peephole(2, j) * new)
            return o * math.tanh(new), new
        case "lstm-peephole-only":  # gates see all of c(t-1) instead of h(t-1)
            i, f = sigmoid(x(0, j) + r(0, j, c)), sigmoid(x(1, j) + r(1, j, c))
            new = f * c[j] + i * math.tanh(x(2, j))
            return sigmoid(x(3, j) + r(2, j, c)) * math.tanh(new), new
        case "lstm-coupled":  # Greff et al. 2015: i = 1 - f
            f = sigmoid(x(0, j) + r(0, j, h))
            new = f * c[j] + (1 - f) * math.tanh(x(1, j) + r(1, j, h))
            return sigmoid(x(2, j) + r(2, j, h)) * math.tanh(new), new
        case _:  # Cho et al. 2014: the reset gates act on h before its product
            reset = [sigmoid(x(0, k) + r(0, k, h)) for k in range(len(h))]
            z = sigmoid(x(1, j) + r(1, j, h))
            held = [a * b for a, b in zip(reset, h, strict=True)]
            return (1 - z) * math.tanh(x(2, j) + r(2, j, held)) + z * h[j], 0.0


@pytest.mark.parametrize("name", ["lstm-peephole", "lstm-peephole-only", "lstm-coupled", "gru"])
def test_hidden_states_equal_a_slow_loop_over_the_papers_equations(name: str) -> None:
    H = 3
    sizes = {"vocab_size": 9, "embedding_size": 4, "hidden_size": H}
    config = ModelConfig(name=name, reset_after=False, **sizes)
    weights = random_weights(config)
    w = {k: v.astype(float) for k, v in weights.items()}
    ids = [1, 8, 3, 3, 0, 5]
    h, c = [0.0] * H, [0.0] * H

    for index in ids:
        embedded = w["embedding.weight"][index]

        def x(block: int, j: int, embedded: np.ndarray = embedded) -> float:
            row = w["recurrent.weight_ih_l0"][block * H + j]
            products = [a * b for a, b in zip(row, embedded, strict=True)]
            return sum(products) + w["recurrent.bias_ih_l0"][block * H + j]

        def r(block: int, j: int, states: list[float]) -> float:
            row = w["recurrent.weight_hh_l0"][block * H + j]
            products = [a * b for a, b in zip(row, states, strict=True)]
            return sum(products) + w["recurrent.bias_hh_l0"][block * H + j]

        def peephole(gate: int, j: int) -> float:
            return float(w["recurrent.weight_peephole_l0"][gate, j])

        units = [one_unit(name, j, (x, r, peephole), h, c) for j in range(H)]
        h, c = [u[0] for u in units], [u[1] for u in units]

    np.testing.assert_allclose(last_hidden(config, weights, ids), h, rtol=1e-4, atol=1e-6)


def test_scores_of_some_words_are_those_that_all_words_have(make_folder: MakeFolder) -> None:
    folder = make_folder()
    engine = Engine(folder.config.model, folder.weights)
    state = engine.advance(engine.start(), 5)
    words = np.array([9, 2, 4])

    some, every = engine.probabilities(state, words), engine.probabilities(state)[words]

    np.testing.assert_allclose(some, every / every.sum(), rtol=1e-5)
    assert engine.probabilities(state, words[:0]).shape == (0,)


def test_log_probabilities_tell_apart_what_probabilities_round_to_zero(
    make_folder: MakeFolder,
) -> None:
    folder = make_folder()
    folder.weights["decoder.bias"] = np.array([0, -200, -300, *[-400] * 16], dtype=np.float32)
    engine = Engine(folder.config.model, folder.weights)
    state = engine.start()

    logs = engine.log_probabilities(state)

    assert engine.probabilities(state)[1] == 0
    assert logs[0] > -1 > logs[1] > -290 > logs[2]
    assert np.exp(logs).sum() == pytest.approx(1.0, abs=1e-12)


def test_scores_that_overflow_are_one_clear_error(make_folder: MakeFolder) -> None:
    folder = make_folder("rnn", nonlinearity="relu")
    folder.weights["recurrent.weight_hh_l0"] = np.full((5, 5), 1e9, dtype=np.float32)
    folder.weights["embedding.weight"] = np.ones_like(folder.weights["embedding.weight"])
    folder.weights["recurrent.weight_ih_l0"] = np.ones((5, 6), dtype=np.float32)
    engine = Engine(folder.config.model, folder.weights)
    state = engine.start()
    for _ in range(10):
        state = engine.advance(state, 3)
    with pytest.raises(FolderError, match="overflow"):
        engine.probabilities(state)


@pytest.mark.parametrize("words", [None, [5, 3, 9], [4]])
def test_the_best_words_are_the_first_of_all_in_order(
    words: list[int] | None, make_folder: MakeFolder
) -> None:
    folder = make_folder()
    engine = Engine(folder.config.model, folder.weights)
    state = engine.advance(engine.start(), 3)
    ids = None if words is None else np.array(words)
    shares = engine.probabilities(state, ids)
    all_ids = range(len(shares)) if words is None else words
    ranked = sorted(zip(all_ids, shares.tolist(), strict=True), key=lambda p: (-p[1], p[0]))
    actual = engine.best(state, 100, ids)
    assert [word for word, _ in actual] == [word for word, _ in ranked]
    assert [p for _, p in actual] == pytest.approx([p for _, p in ranked])
    assert engine.best(state, 2, ids) == actual[:2]
    hidden = [actual[0][0], 1]
    assert engine.best(state, 3, ids, hidden) == [p for p in actual if p[0] not in hidden][:3]
