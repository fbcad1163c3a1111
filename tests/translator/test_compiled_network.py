"""The decoder in C++ gives what its equations in numpy give, and its search what Python's finds."""

from collections.abc import Mapping
from itertools import chain
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from foreword import compiled
from foreword.cells.registry import MODELS
from foreword.errors import FolderError, SettingsError
from foreword.folder.quantised import quantise
from foreword.folder.translation import TranslationConfig, expected_shapes
from foreword.predictor.compiled_network import CELLS
from foreword.text.shortlist import Shortlist
from foreword.translator.automaton import Automaton
from foreword.translator.compiled_network import CompiledNetwork, network_of
from foreword.translator.demands import Demands, Pieces, Prefix
from foreword.translator.numpy_network import NumpyNetwork
from foreword.translator.search import BeamSearch, Ends

pytestmark = pytest.mark.skipif(compiled.loaded() is None, reason="nothing was compiled")

KINDS: list[dict[str, Any]] = [
    {"attention": "none", "bidirectional": False, "decoder_layers": 1},
    {"attention": "additive", "heads": 2, "decoder_layers": 2},
    {"attention": "multiplicative", "decoder_layers": 3},
    {"attention": "multiplicative", "input_feeding": True, "decoder_layers": 1, "heads": 4},
    {"attention": "additive", "input_feeding": True, "decoder_layers": 2},
]
V, SIZE = 37, 20
SOURCES = [(5, 9, 12, 30), (7,), (8, 8, 21), tuple(range(3, 25))]
ENDS = Ends(1, 2, never=(0, 11))


def folder_of(
    kind: Mapping[str, Any], *, is_int8: bool = False, cell: str = "lstm", seed: int = 1
) -> tuple[TranslationConfig, dict[str, np.ndarray]]:
    config = TranslationConfig(cell=cell, vocab_size=V, embedding_size=12, hidden_size=SIZE, **kind)
    random = np.random.default_rng(seed)
    weights = {
        name: random.normal(0, 0.5, shape).astype(np.float32)
        for name, shape in expected_shapes(config).items()
    }
    return config, quantise(weights) if is_int8 else weights


def compiled_cells() -> list[str]:
    config = {"vocab_size": V, "embedding_size": 12, "hidden_size": SIZE}
    return [c for c in MODELS if type(TranslationConfig(cell=c, **config).recurrent_cell) in CELLS]


CASES = [("lstm", kind) for kind in KINDS] + [
    (cell, KINDS[k % len(KINDS)]) for k, cell in enumerate(compiled_cells())
]


@pytest.mark.parametrize("is_int8", [False, True])
@pytest.mark.parametrize(("cell", "kind"), CASES)
def test_a_step_in_cpp_is_that_of_numpy(cell: str, kind: dict[str, Any], is_int8: bool) -> None:
    config, weights = folder_of(kind, is_int8=is_int8, cell=cell)
    ours, truth = CompiledNetwork(config, weights), NumpyNetwork(config, weights)
    random = np.random.default_rng(2)
    lengths = np.array([5, 1, 20])
    memory, states = truth.encode(random.integers(3, V, (20, 3)), lengths)
    for _ in range(3):
        ids = random.integers(3, V, states[0].shape[1])
        step, expected = (network.step(ids, states, memory) for network in (ours, truth))
        np.testing.assert_allclose(step.features, expected.features, atol=1e-5)
        logs, true_logs = (n.log_probabilities(expected.features) for n in (ours, truth))
        np.testing.assert_allclose(logs, true_logs, atol=1e-5)
        likely, likeliest = (n.likeliest(expected.features, 5, [1, 9], 2) for n in (ours, truth))
        for got, wanted in zip(likely, likeliest, strict=True):
            np.testing.assert_allclose(got, wanted, atol=1e-5)
        for one, other in zip(step.states, expected.states, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)
        if expected.attention is None:
            assert step.attention is None
        else:
            np.testing.assert_allclose(step.attention, expected.attention, atol=1e-5)
        states = tuple(part.repeat(3, 1) for part in expected.states)  # of each sentence three


@pytest.mark.parametrize("cell", compiled_cells())
def test_a_word_that_was_read_before_is_read_as_the_first_time(cell: str) -> None:
    """The decoder in C++ remembers what a word gives to its gates where the cell lets it."""
    config, weights = folder_of({"attention": "multiplicative"}, cell=cell)
    ours, truth = CompiledNetwork(config, weights), NumpyNetwork(config, weights)
    memory, states = truth.encode(np.array([[5], [9]]), np.array([2]))
    for _ in range(3):
        step, expected = (network.step(np.array([7]), states, memory) for network in (ours, truth))
        np.testing.assert_allclose(step.features, expected.features, atol=1e-5)
        states = expected.states


@pytest.mark.parametrize("is_int8", [False, True])
@pytest.mark.parametrize("kind", [*KINDS[:2], {"reverse_source": True, "encoder_layers": 2}])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_sentence_is_encoded_alike_alone_and_among_others(
    cell: str, kind: dict[str, Any], is_int8: bool
) -> None:
    network = CompiledNetwork(*folder_of(kind, is_int8=is_int8, cell=cell))
    lengths = np.array([5, 30, 1, 17, 30, 2, 9] * 9)
    source = np.random.default_rng(6).integers(3, V, (30, len(lengths)))
    memory, states = network.encode(source, lengths)
    for b, length in enumerate(lengths[:7]):
        alone, first = network.encode(source[:length, b : b + 1], lengths[b : b + 1])
        np.testing.assert_array_equal(memory.values[b, :, :length], alone.values[0])
        np.testing.assert_allclose(memory.keys[b, :, :length], alone.keys[0], atol=1e-6)
        for of_all, of_one in zip(states, first, strict=True):
            np.testing.assert_allclose(of_all[:, b], of_one[:, 0], atol=1e-6)


@pytest.mark.parametrize("is_int8", [False, True])
@pytest.mark.parametrize("beams", [1, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_the_search_in_cpp_finds_what_that_of_python_finds(
    kind: dict[str, Any], beams: int, is_int8: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed, alpha in enumerate((0.0, 1.0)):
        config, weights = folder_of(kind, is_int8=is_int8, seed=seed)
        weights["output.bias"][ENDS.end] += 2  # so that not all are as long as they may be
        search = BeamSearch(CompiledNetwork(config, weights), ENDS, beams, min(beams, 3), alpha)
        ours = search.run(SOURCES)
        with monkeypatch.context() as without:
            without.setattr(CompiledNetwork, "search", NumpyNetwork.search)
            expected = search.run(SOURCES)
        for one, other in zip(*map(chain.from_iterable, (ours, expected)), strict=True):
            assert one.ids == other.ids
            assert one.score == pytest.approx(other.score, abs=1e-5)
            np.testing.assert_allclose(one.log_probabilities, other.log_probabilities, atol=1e-5)
            if config.looks:
                np.testing.assert_allclose(one.attention, other.attention, atol=1e-5)
            else:
                assert one.attention is None


@pytest.mark.parametrize("is_int8", [False, True])
@pytest.mark.parametrize("beams", [1, 3])
def test_the_search_in_cpp_keeps_to_a_shortlist_as_that_of_python_does(
    beams: int, is_int8: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, weights = folder_of(KINDS[1], is_int8=is_int8)
    random = np.random.default_rng(4)
    begins = np.arange(0, 3 * V + 1, 3, dtype=np.int32)
    shortlist = Shortlist(
        np.array([14, 15], np.int32), begins, random.integers(12, V, 3 * V).astype(np.int32)
    )
    search = BeamSearch(CompiledNetwork(config, weights), ENDS, beams, n=beams, shortlist=shortlist)
    ours = search.run(SOURCES)
    with monkeypatch.context() as without:
        without.setattr(CompiledNetwork, "search", NumpyNetwork.search)
        expected = search.run(SOURCES)
    for source, one, other in zip(SOURCES, ours, expected, strict=True):
        assert [h.ids for h in one] == [h.ids for h in other]
        for mine, theirs in zip(one, other, strict=True):
            np.testing.assert_allclose(mine.log_probabilities, theirs.log_probabilities, atol=1e-5)
            assert set(mine.ids) <= set(shortlist.of(source).tolist())


LETTERS = [bytes([letter]) for letter in b"abcdefghijklmnop"]
PIECES = Pieces([b""] * 3 + [b" " + letter for letter in LETTERS] + LETTERS + [b".", b" "])
SLOTS = (0, 11)
DEMANDS = [
    Demands(pieces=PIECES, end=ENDS.end, prefix=Prefix((4,), b" bc")),
    Demands(pieces=PIECES, end=ENDS.end, required=((5, 20), (5,), (6, 21, 22))),
    Demands(
        pieces=PIECES, end=ENDS.end, prefix=Prefix((), b" a"), required=((7, 7),), once=SLOTS,
        ordered=SLOTS, after_gap=SLOTS[:1], before_gap=SLOTS[1:],
    ),
    None,
    Demands(pieces=PIECES, end=ENDS.end, prefix=Prefix((9, 20), b"")),
]  # fmt: skip


@pytest.mark.parametrize("is_int8", [False, True])
@pytest.mark.parametrize("beams", [1, 2, 5])
@pytest.mark.parametrize("seed", range(3))
def test_the_search_in_cpp_meets_demands_as_that_of_python_does(
    seed: int, beams: int, is_int8: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, weights = folder_of(KINDS[1], is_int8=is_int8, seed=seed)
    weights["output.bias"][ENDS.end] += 2
    search = BeamSearch(CompiledNetwork(config, weights), ENDS, beams, n=beams, more=4)
    sources = [*SOURCES, (9, 9, 9)]
    ours = search.run(sources, DEMANDS)
    with monkeypatch.context() as without:
        without.setattr(CompiledNetwork, "search", NumpyNetwork.search)
        expected = search.run(sources, DEMANDS)
    for one, other in zip(ours, expected, strict=True):
        assert [h.ids for h in one] == [h.ids for h in other]
        for mine, theirs in zip(one, other, strict=True):
            np.testing.assert_allclose(mine.log_probabilities, theirs.log_probabilities, atol=1e-5)
            np.testing.assert_allclose(mine.attention, theirs.attention, atol=1e-5)
    assert all(ours)


def test_an_error_while_demands_are_asked_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(Automaton, "after", interrupted)
    search = BeamSearch(CompiledNetwork(*folder_of(KINDS[1])), ENDS)
    with pytest.raises(KeyboardInterrupt):
        search.run(SOURCES[:1], DEMANDS[1:2])


@pytest.mark.parametrize("is_int8", [False, True])
def test_what_follows_in_cpp_is_what_numpy_finds(is_int8: bool) -> None:
    config, weights = folder_of(KINDS[2], is_int8=is_int8)
    ours, truth = CompiledNetwork(config, weights), NumpyNetwork(config, weights)
    features = np.random.default_rng(5).normal(size=(5, 12)).astype(np.float32)
    over, inside = np.arange(3, 15), np.arange(20, V, 2)
    one, other = (network.following(features, over, inside, 4) for network in (ours, truth))
    np.testing.assert_allclose(one.logs, other.logs, atol=1e-5)
    np.testing.assert_allclose(one.endings, other.endings, atol=1e-5)
    np.testing.assert_array_equal(np.sort(one.going), np.sort(other.going))


@pytest.mark.parametrize("is_int8", [False, True])
def test_a_word_that_was_read_before_gives_the_same_again_alone_and_among_many(
    is_int8: bool,
) -> None:
    config, weights = folder_of(KINDS[2], is_int8=is_int8)
    network = CompiledNetwork(config, weights)
    memory, states = network.encode(np.full((4, 1), 9), np.array([4]))
    first, again, other = (network.step(np.array([k]), states, memory) for k in (7, 7, 8))
    many = network.step(np.array([7] * 9 + [8] * 9), tuple(p.repeat(18, 1) for p in states), memory)
    np.testing.assert_array_equal(again.features, first.features)
    np.testing.assert_allclose(many.features[0], first.features[0], atol=1e-6)
    np.testing.assert_allclose(many.features[17], other.features[0], atol=1e-6)


@pytest.mark.parametrize("is_int8", [False, True])
def test_a_sentence_is_translated_alike_among_many(is_int8: bool) -> None:
    network = CompiledNetwork(*folder_of(KINDS[1], is_int8=is_int8))
    random = np.random.default_rng(3)
    sources = [tuple(random.integers(12, V, 1 + k % 7).tolist()) for k in range(40)]
    search = BeamSearch(network, ENDS, beams=2)
    for source, together in zip(sources, search.run(sources), strict=True):
        assert [one.ids for one in search.run([source])[0]] == [one.ids for one in together]


def test_scores_that_overflow_in_a_search_are_an_error() -> None:
    config, weights = folder_of(KINDS[2])
    weights["output.bias"][5] = np.inf
    with pytest.raises(FolderError, match="overflow"):
        BeamSearch(CompiledNetwork(config, weights), ENDS).run(SOURCES)


def test_a_module_of_an_older_version_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    older = {
        name: getattr(compiled.loaded(), name) for name in ("Matrix", "Layer", "Network", "Product")
    }
    monkeypatch.setattr(compiled, "loaded", lambda: SimpleNamespace(**older))
    with pytest.raises(SettingsError, match=r"older Foreword and has no Decoder: install"):
        network_of(*folder_of(KINDS[2]))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_memory_of_too_few_arrays_is_refused_before_it_is_read(count: int) -> None:
    config, weights = folder_of(KINDS[1])
    network = CompiledNetwork(config, weights)
    memory, states = network.encode(np.array([[5], [2]]), np.array([2]))
    with pytest.raises(ValueError, match="keys, values and lengths"):
        network.step(
            np.array([1]), states, SimpleNamespace(keys=memory.keys, parts=memory.parts[:count])
        )  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_a_matrix_of_no_rows_or_columns_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="rows and columns"):
        compiled.part("Matrix")(np.zeros(shape, np.float32))
