"""The model in C++ against the one in numpy, for every cell, format and instruction set here."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.needs import needs

from foreword import compiled
from foreword.errors import FolderError
from foreword.folder.config import ModelConfig
from foreword.folder.files import bytes_behind, read_tensors, write_tensors
from foreword.folder.quantised import dense, quantise
from foreword.folder.weights import expected_shapes
from foreword.predictor.compiled_network import CompiledNetwork, network
from foreword.predictor.engine import Engine
from foreword.predictor.numpy_network import NumpyNetwork

MODULE = compiled.loaded()
pytestmark = needs("kernels")
INSTRUCTION_SETS = MODULE.instruction_sets() if MODULE else []
CELLS = {
    "rnn": {"name": "rnn"},
    "rnn-relu": {"name": "rnn", "nonlinearity": "relu"},
    "lstm": {"name": "lstm"},
    "lstm-peephole": {"name": "lstm-peephole"},
    "lstm-peephole-only": {"name": "lstm-peephole-only"},
    "lstm-clipped": {"name": "lstm", "cell_clip": 0.1},
    "lstm-peephole-only-clipped": {"name": "lstm-peephole-only", "cell_clip": 0.1},
    "lstm-coupled": {"name": "lstm-coupled"},
    "si-cifg": {"name": "si-cifg"},
    "gru": {"name": "gru"},
    "gru-reset-before": {"name": "gru", "reset_after": False},
}
IN_FLOAT32 = ("rnn-relu", "lstm-peephole-only", "lstm-peephole-only-clipped", "si-cifg")
"""Cells whose recurrent products stay float32 in an int8 model."""


def random_model(
    cell: str, sizes: tuple[int, int, int, int], *, tied: bool = True, seed: int = 0
) -> tuple[ModelConfig, dict[str, np.ndarray]]:
    V, E, H, layers = sizes
    config = ModelConfig(
        vocab_size=V, embedding_size=E, hidden_size=H, num_layers=layers, tied=tied, **CELLS[cell]
    )
    random = np.random.default_rng(seed)
    return config, {
        name: random.normal(scale=0.5 / np.sqrt(shape[-1]), size=shape).astype(np.float32)
        for name, shape in expected_shapes(config).items()
    }


def in_cpp(
    config: ModelConfig, weights: dict[str, np.ndarray], threads: int = 1
) -> CompiledNetwork:
    actual = network(config, weights, threads)
    assert actual is not None
    return actual


def zeros(config: ModelConfig) -> tuple[np.ndarray, ...]:
    shape = (config.num_layers, config.hidden_size)
    return tuple(np.zeros(shape, dtype=np.float32) for _ in config.cell.states)


ANY_SIZES = st.tuples(st.integers(4, 70), st.integers(1, 40), st.integers(1, 70), st.integers(1, 3))


@pytest.mark.parametrize("cell", CELLS)
@given(sizes=ANY_SIZES, tied=st.booleans(), seed=st.integers(0, 1 << 16))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_states_and_scores_in_float32_are_those_of_numpy(
    cell: str, instruction_set: str, sizes: tuple[int, int, int, int], tied: bool, seed: int
) -> None:
    config, weights = random_model(cell, sizes, tied=tied, seed=seed)
    ours, truth = in_cpp(config, weights), NumpyNetwork(config, weights)
    actual = expected = zeros(config)
    for word in np.random.default_rng(seed).integers(0, sizes[0], size=6):
        actual, expected = ours.advance(actual, int(word)), truth.advance(expected, int(word))
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=2e-6)
    np.testing.assert_allclose(
        ours.scores(expected, None), truth.scores(expected, None), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("kind", ["float32", "int8"])
def test_with_skip_all_ways_to_answer_see_the_sum_of_the_layers(kind: str) -> None:
    config, weights = random_model("lstm", (60, 20, 16, 3), seed=3)
    config = replace(config, skip=True)
    stored = quantise(weights) if kind == "int8" else weights
    ours, truth = in_cpp(config, stored, threads=2), NumpyNetwork(config, stored)
    state = zeros(config)
    for word in (3, 1, 59, 7):
        state = ours.advance(state, word)
    before = [part.copy() for part in state]
    scores, expected = ours.scores(state, None), truth.scores(state, None)
    # int8 rounds what the output layer sees to 127ths of its largest value.
    np.testing.assert_allclose(scores, expected, atol=1e-5 if kind == "float32" else 2e-2)
    some = np.array([5, 2, 40])
    np.testing.assert_allclose(ours.scores(state, some), scores[some], atol=1e-6)
    actual, together = ours.best(state, 4, None, ()), ours.best_many([state] * 2, 4, [None] * 2, ())
    assert actual == together[0] == together[1]
    assert [word for word, _ in actual or ()] == list(np.argsort(-scores)[:4])
    for part, copy in zip(state, before, strict=True):
        np.testing.assert_array_equal(part, copy)


@pytest.mark.parametrize("H", [16, 37])
def test_int8_weights_are_the_same_if_the_signs_of_numbers_and_scales_change(
    instruction_set: str, H: int
) -> None:
    # Weights with negative scales are made float32, scaled and rounded again when they are packed;
    # others stay as they are.
    config, weights = random_model("lstm", (9, 21, H, 2), seed=5)
    stored = quantise(weights)
    negated = {
        name: -array if name.removesuffix("_scale") + "_scale" in stored else array
        for name, array in stored.items()
    }
    assert not np.array_equal(negated["recurrent.weight_hh_l0"], stored["recurrent.weight_hh_l0"])
    one, other = in_cpp(config, stored), in_cpp(config, negated)
    state = expected = zeros(config)
    for word in (3, 1, 8):
        state, expected = one.advance(state, word), other.advance(expected, word)
        for part, same in zip(state, expected, strict=True):
            np.testing.assert_array_equal(part, same)


def test_rows_that_are_used_in_a_mapped_file_give_what_copies_give(tmp_path: Path) -> None:
    config, weights = random_model("lstm", (40, 32, 24, 1), seed=6)
    write_tensors(tmp_path / "t", quantise(weights), {})
    mapped = read_tensors(tmp_path / "t")[0]
    assert bytes_behind(mapped["embedding.weight"]) > 0
    in_file = in_cpp(config, mapped)
    copied = in_cpp(config, {name: array.copy() for name, array in mapped.items()})
    state = in_file.advance(zeros(config), 7)
    assert in_file.best(state, 40, None, ()) == copied.best(state, 40, None, ())


def rounded(vector: np.ndarray) -> tuple[np.ndarray, float]:
    """In 127ths of the largest value, as whole numbers; float32 decides what is halfway."""
    vector = vector.astype(np.float32)
    largest = np.abs(vector).max()
    shrink = np.float32(127) / largest if largest else np.float32(0)
    return np.rint(vector * shrink).astype(float), float(largest) / 127


def scores_in_whole_numbers(
    config: ModelConfig, weights: dict[str, np.ndarray], h: np.ndarray
) -> np.ndarray:
    """The output layer of an int8 model, sum by sum in double precision."""
    seen = h.astype(float)
    layers = [("embedding.weight" if config.tied else "decoder.weight", "decoder.bias")]
    if "projection.weight" in weights:
        layers = [("projection.weight", "projection.bias"), *layers]
    for matrix, bias in layers:
        steps, scale = rounded(seen)
        sums = weights[matrix].astype(float) @ steps
        seen = sums * weights[f"{matrix}_scale"] * scale + weights[bias]
    return seen


@pytest.mark.parametrize("cell", CELLS)
@given(sizes=ANY_SIZES, tied=st.booleans(), seed=st.integers(0, 1 << 16))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_int8_states_are_near_and_scores_are_exact(
    cell: str, instruction_set: str, sizes: tuple[int, int, int, int], tied: bool, seed: int
) -> None:
    config, weights = random_model(cell, sizes, tied=tied, seed=seed)
    small = quantise(weights)
    ours, near = in_cpp(config, small), NumpyNetwork(config, small)
    actual = expected = zeros(config)
    for word in np.random.default_rng(seed).integers(0, sizes[0], size=6):
        actual, expected = ours.advance(actual, int(word)), near.advance(expected, int(word))
    # Float32 products of the same weights: a 254th of the largest value is lost by each h.
    tolerance = 2e-6 if cell in IN_FLOAT32 else 2e-2
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=tolerance)
    scores = scores_in_whole_numbers(config, small, actual[0][-1])
    # A projection's outputs may be rounded one step apart, where they lie between two.
    atol = 0.01 * float(np.abs(scores).max()) if "projection.weight" in small else 1e-5
    np.testing.assert_allclose(ours.scores(actual, None), scores, rtol=1e-4, atol=atol + 1e-5)


@pytest.mark.parametrize("tied", [True, False])
def test_int8_scores_agree_on_all_instruction_sets(tied: bool) -> None:
    assert MODULE is not None
    config, weights = random_model("lstm", (301, 100, 100, 1), tied=tied)
    small = quantise(weights)
    small["decoder.bias"] = np.zeros(301, dtype=np.float32)
    state = (np.random.default_rng(1).uniform(-1, 1, (1, 100)).astype(np.float32),) * 2
    before, actual = MODULE.instruction_set(), []
    for name in INSTRUCTION_SETS:
        MODULE.use_instruction_set(name)
        actual.append(in_cpp(config, small).scores(state, None))
    MODULE.use_instruction_set(before)
    for other in actual[1:]:
        np.testing.assert_allclose(other, actual[0], rtol=3e-7)


def test_the_largest_int8_values_give_exact_scores(instruction_set: str) -> None:
    config, weights = random_model("lstm", (9, 70, 70, 1), tied=False)
    small = quantise(weights)
    signs = np.random.default_rng(1).choice([-1, 1], size=(9, 70))
    small["decoder.weight"] = np.where(signs > 0, 127, -128).astype(np.int8)
    small["decoder.weight"][:2] = [[-128], [127]]
    for h in (np.ones(70), -np.ones(70), signs[2]):
        state = (h.astype(np.float32)[None],) * 2
        expected = scores_in_whole_numbers(config, small, state[0][-1])
        scores = in_cpp(config, small).scores(state, None)
        np.testing.assert_allclose(scores, expected, rtol=1e-6, atol=1e-6)


def test_a_word_with_a_weight_that_is_no_number_spoils_no_other_score(instruction_set: str) -> None:
    config, weights = random_model("lstm", (9, 70, 70, 1), tied=False)
    state = in_cpp(config, weights).advance(zeros(config), 3)
    expected = in_cpp(config, weights).scores(state, None)
    weights["decoder.weight"][4] = np.nan
    others = np.array([0, 1, 2, 3, 5, 6, 7, 8])
    actual = in_cpp(config, weights).scores(state, None)
    np.testing.assert_array_equal(actual[others], expected[others])


@pytest.mark.parametrize("form", ["float32", "int8"])
@pytest.mark.parametrize("cell", CELLS)
def test_many_users_get_what_each_gets_alone_bit_for_bit(
    cell: str, form: str, instruction_set: str
) -> None:
    config, weights = random_model(cell, (50, 12, 37, 2))
    if form == "int8":
        weights = quantise(weights)
    one, two = in_cpp(config, weights), in_cpp(config, weights, threads=2)
    random = np.random.default_rng(3)
    for count in (0, 1, 2, 5, 64, 131):
        words = random.integers(0, 50, size=count).tolist()
        states = [one.advance(zeros(config), word) for word in reversed(words)]
        alone = [one.advance(parts, word) for parts, word in zip(states, words, strict=True)]
        for actual in (one.advance_many(states, words), two.advance_many(states, words)):
            assert len(actual) == count
            for ours, theirs in zip(actual, alone, strict=True):
                assert all(map(np.array_equal, ours, theirs))
        some = [random.permutation(50)[: random.integers(0, 20)] for _ in states]
        expected = [one.best(p, 3, ids, (1,)) for p, ids in zip(states, some, strict=True)]
        assert two.best_many(states, 3, some, (1,)) == expected


@pytest.mark.parametrize("form", ["float32", "int8"])
@given(
    V=st.integers(4, 3000),
    k=st.integers(0, 40),
    some=st.booleans(),
    is_flat=st.booleans(),
    seed=st.integers(0, 1 << 16),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_best_are_those_of_a_whole_sort(
    form: str, instruction_set: str, V: int, k: int, some: bool, is_flat: bool, seed: int
) -> None:
    config, weights = random_model("gru", (V, 5, 9, 1), seed=seed)
    if is_flat:  # many equal scores
        weights["embedding.weight"] = np.round(weights["embedding.weight"])
        weights["decoder.bias"] = np.round(weights["decoder.bias"])
    if form == "int8":
        weights = quantise(weights)
    ours = in_cpp(config, weights, threads=2)
    random = np.random.default_rng(seed)
    state = (random.uniform(-1, 1, (1, 9)).astype(np.float32),)
    ids = random.permutation(V)[: random.integers(1, V + 1)] if some else None
    hidden = (0, 2)

    actual = ours.best(state, k, ids, hidden)

    scores = ours.scores(state, ids).astype(float)
    shares = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    every = range(V) if ids is None else ids.tolist()
    ranked = sorted(zip(-scores, every, shares, strict=True))
    expected = [(word, share) for _, word, share in ranked if word not in hidden][:k]
    assert actual is not None
    assert [word for word, _ in actual] == [word for word, _ in expected]
    np.testing.assert_allclose(
        [share for _, share in actual], [share for _, share in expected], rtol=1e-5
    )


@pytest.mark.parametrize("form", ["float32", "int8"])
def test_scores_of_some_words_are_those_among_all_bit_for_bit(
    form: str, instruction_set: str
) -> None:
    config, weights = random_model("lstm", (777, 21, 33, 1))
    if form == "int8":
        weights = quantise(weights)
    one, two = in_cpp(config, weights), in_cpp(config, weights, threads=2)
    state = one.advance(zeros(config), 5)
    every, ids = one.scores(state, None), np.array([776, 0, 3, 3, 400])

    assert np.array_equal(two.scores(state, None), every)
    assert np.array_equal(one.scores(state, ids), every[ids])
    assert one.best(state, 9, ids[:0], ()) == []


@pytest.mark.parametrize("form", ["float32", "int8"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 3e38])
def test_scores_that_overflow_are_an_error_from_every_door(
    form: str, value: float, instruction_set: str
) -> None:
    config, weights = random_model("lstm", (2000, 5, 9, 1), tied=False)
    weights["decoder.weight"][:] = 1.0
    engine = Engine(config, quantise(weights) if form == "int8" else weights, threads=2)
    state = engine.advance(engine.start(), 3)
    state.parts[0].flags.writeable = True
    state.parts[0][:] = value

    with np.errstate(all="ignore"):
        for ask in (engine.logits, engine.probabilities, engine.log_probabilities):
            with pytest.raises(FolderError, match="overflow"):
                ask(state)
        for words in (None, np.array([4, 5])):
            with pytest.raises(FolderError, match="overflow"):
                engine.best(state, 3, words)
            with pytest.raises(FolderError, match="overflow"):
                engine.best_many([engine.start(), state], 3, [words, words])


def test_what_does_not_fit_is_refused_before_memory_is_touched() -> None:
    config, weights = random_model("lstm", (20, 5, 9, 1))
    ours = in_cpp(config, weights)
    good = zeros(config)
    wrong = [
        ((good[0],), 3, ValueError),
        ((good[0], good[1][:, :5].copy()), 3, ValueError),
        ((good[0], good[1].astype(np.float64)), 3, TypeError),
        (good, 20, IndexError),
        (good, -1, IndexError),
    ]
    for parts, word, kind in wrong:
        with pytest.raises(kind):
            ours.advance(parts, word)
    for ids in ([20], [-1]):
        with pytest.raises(IndexError):
            ours.scores(good, np.array(ids))
        with pytest.raises(IndexError):
            ours.best(good, 2, np.array(ids), ())


def test_threads_of_python_share_one_network() -> None:
    config, weights = random_model("lstm", (3000, 24, 64, 2))
    engine = Engine(config, quantise(weights), threads=2)
    state = engine.advance(engine.start(), 5)
    expected = engine.best(state, 5)
    wrong = []

    def work() -> None:
        for turn in range(50):
            if turn % 3:
                engine.call_up()
            if turn % 10 == 0:
                time.sleep(0.001)  # helpers fall asleep
            again = engine.advance(engine.start(), 5)
            if again != state or engine.best(again, 5) != expected:
                wrong.append(again)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_scores_with_helpers_of_its_own() -> None:
    code = (
        "import os, numpy as np\n"
        "from foreword.folder.config import ModelConfig\n"
        "from foreword.folder.weights import expected_shapes\n"
        "from foreword.predictor.engine import Engine\n"
        "config = ModelConfig(name='gru', vocab_size=9000, embedding_size=64, hidden_size=64)\n"
        "random = np.random.default_rng(0)\n"
        "shapes = expected_shapes(config).items()\n"
        "engine = Engine(config, {k: random.normal(size=s).astype('f4') for k, s in shapes},\n"
        "                threads=2)\n"
        "state = engine.advance(engine.start(), 5)\n"
        "expected = engine.best(state, 3)\n"
        "engine.call_up()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(0 if engine.best(engine.advance(engine.start(), 5), 3) == expected else 1)\n"
        "raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], timeout=120, check=False)
    assert done.returncode == 0


def test_without_the_module_numpy_serves_float32_and_int8(monkeypatch: pytest.MonkeyPatch) -> None:
    config, weights = random_model("lstm", (40, 6, 9, 2))
    small = quantise(weights)
    ours = Engine(config, dense(small))
    monkeypatch.setattr("foreword.compiled.loaded", lambda: None)
    fallback = Engine(config, small)
    assert ours.is_compiled
    assert not fallback.is_compiled

    states = [fallback.start()] * 3
    states = fallback.advance_many(states, [3, 4, 5])
    expected = [ours.advance(ours.start(), word) for word in (3, 4, 5)]
    actual = fallback.best_many(states, 4, [None, np.array([7, 3, 9]), np.array([], dtype=int)])

    for state, other, words, likely in zip(
        states, expected, [None, np.array([7, 3, 9]), np.array([], dtype=int)], actual, strict=True
    ):
        np.testing.assert_allclose(state.parts, other.parts, rtol=1e-4, atol=1e-6)
        theirs = ours.best(other, 4, words)
        assert [word for word, _ in likely] == [word for word, _ in theirs]
        np.testing.assert_allclose([p for _, p in likely], [p for _, p in theirs], rtol=1e-4)
