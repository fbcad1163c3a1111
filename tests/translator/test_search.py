"""Beam search against slow, obvious searches, and what it promises for every network."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from foreword.folder.translation import TranslationConfig, expected_shapes
from foreword.translator.choice import best_of_all
from foreword.translator.demands import Demands, Ids, Pieces, Prefix
from foreword.translator.numpy_network import NumpyNetwork, States
from foreword.translator.search import BeamSearch, Ends, Hypothesis, penalty

PIECES = (b"", b"", b"", b" a", b"b", b" b", b" ab")
PAD, START, END = range(3)
WORDS = range(3, len(PIECES))
ENDS = Ends(START, END, never=(PAD,))
SHORT: dict[str, Any] = {"ratio": 0.0, "more": 4}
"""Of at most three sub-words: 4 + 16 + 64 translations."""


def network_of(seed: int, **changes: np.ndarray) -> NumpyNetwork:
    config = TranslationConfig(
        cell="lstm", vocab_size=len(PIECES), embedding_size=4, hidden_size=4, heads=2
    )
    random = np.random.default_rng(seed)
    weights = {
        name: random.normal(0, 1.5, shape).astype(np.float32)
        for name, shape in expected_shapes(config).items()
    }
    return NumpyNetwork(config, {**weights, **changes})


def read(network: NumpyNetwork, source: Ids, target: Ids) -> tuple[list[float], list[np.ndarray]]:
    """The log-probability of each sub-word and of the end, and the attention, step by step."""
    padded = np.array([*source, END])[:, None]
    memory, states = network.encode(padded, np.array([len(padded)]))
    logs, looks = [], []
    for last, index in zip((START, *target), (*target, END), strict=True):
        step = network.step(np.array([last]), states, memory)
        states = step.states
        logs.append(float(network.log_probabilities(step.features)[0, index]))
        assert step.attention is not None
        looks.append(step.attention[0].mean(0))
    return logs, looks


def score_of(network: NumpyNetwork, source: Ids, target: Ids, alpha: float = 1.0) -> float:
    logs, _ = read(network, source, target)
    return sum(logs) / penalty(len(logs), alpha)


def all_targets(longest: int = 3) -> Iterator[Ids]:
    """Every translation of 1 to `longest` sub-words."""
    of_length: list[Ids] = [()]
    for _ in range(longest):
        of_length = [(*ids, index) for ids in of_length for index in WORDS]
        yield from of_length


def obvious_search(
    network: NumpyNetwork, source: Ids, beams: int, longest: int, alpha: float
) -> list[Ids]:
    """The definition, one hypothesis after another, without stopping early."""
    padded = np.array([*source, END])[:, None]
    memory, states = network.encode(padded, np.array([len(padded)]))
    live: list[tuple[float, Ids, States]] = [(0.0, (), states)]
    finished: list[tuple[float, Ids]] = []
    for t in range(longest):
        actual: list[tuple[float, Ids, States]] = []
        for total, ids, before in live:
            step = network.step(np.array([ids[-1] if ids else START]), before, memory)
            ends = [END] if t == longest - 1 else [*WORDS, END] if t else [*WORDS]
            logs = network.log_probabilities(step.features)[0]
            for index in ends:
                log = float(logs[index])
                actual.append((total + log, (*ids, index), step.states))
        actual.sort(key=lambda one: -one[0])
        for total, ids, _ in actual[:beams]:
            if ids[-1] == END:
                finished.append((total / penalty(len(ids), alpha), ids[:-1]))
        live = [one for one in actual if one[1][-1] != END][:beams]
        if len(finished) >= beams:
            break
    return [ids for _, ids in sorted(finished, key=lambda one: -one[0])]


def ids_of(actual: Sequence[Hypothesis]) -> list[Ids]:
    return [one.ids for one in actual]


@pytest.mark.parametrize("seed", range(3))
def test_with_enough_beams_the_best_of_all_translations_are_found(seed: int) -> None:
    network, source = network_of(seed), (3, 4)
    best = sorted(all_targets(), key=lambda ids: -score_of(network, source, ids))[:5]
    (actual,) = BeamSearch(network, ENDS, beams=84, n=5, **SHORT).run([source])
    assert ids_of(actual) == best
    for one in actual:
        assert one.score == pytest.approx(score_of(network, source, one.ids), abs=1e-5)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("beams", [1, 2, 3])
def test_a_search_that_stops_early_finds_what_one_that_does_not_finds(
    seed: int, beams: int
) -> None:
    network, source, alpha = network_of(seed), (5, 3, 6), (0.0, 0.6, 1.0)[seed % 3]
    expected = obvious_search(network, source, beams, 6, alpha)
    search = BeamSearch(network, ENDS, beams=beams, n=1, alpha=alpha, ratio=0.0, more=6)
    (actual,) = search.run([source])
    assert ids_of(actual) == expected[:1]


@pytest.mark.parametrize("seed", range(4))
def test_one_beam_takes_the_likeliest_sub_word_each_time(seed: int) -> None:
    network, source = network_of(seed), np.array([4, 6, END])
    memory, states = network.encode(source[:, None], np.array([3]))
    target = [START]
    while target[-1] != END and len(target) < 20:
        step = network.step(np.array(target[-1:]), states, memory)
        logs, states = network.log_probabilities(step.features), step.states
        choices = [*WORDS, END] if len(target) > 1 else [*WORDS]
        target.append(max(choices, key=lambda index: float(logs[0, index])))
    (actual,) = BeamSearch(network, ENDS, beams=1).run([(4, 6)])
    assert [index for index in target[1:] if index != END] == list(actual[0].ids)


@pytest.mark.parametrize("beams", [1, 3])
def test_a_sentence_is_translated_alike_alone_and_among_others(beams: int) -> None:
    network = network_of(7)
    sources: list[Ids] = [(3,), (4, 5, 6, 3, 3), (6, 3), (5, 5, 5)]
    search = BeamSearch(network, ENDS, beams=beams, n=beams)
    together = search.run(sources)
    for source, actual in zip(sources, together, strict=True):
        (alone,) = search.run([source])
        assert ids_of(actual) == ids_of(alone)


def test_a_finished_translation_has_its_log_probabilities_and_its_attention() -> None:
    network = network_of(2)
    sources: list[Ids] = [(3, 4, 5), (6,)]
    for source, actual in zip(sources, BeamSearch(network, ENDS, n=4).run(sources), strict=True):
        for one in actual:
            logs, looks = read(network, source, one.ids)
            np.testing.assert_allclose(one.log_probabilities, logs, atol=1e-5)
            assert one.attention is not None
            np.testing.assert_allclose(one.attention[:, : len(looks[0])], looks, atol=1e-5)


@pytest.mark.parametrize("beams", [1, 4])
def test_a_network_that_only_repeats_itself_is_stopped(beams: int) -> None:
    bias = np.zeros(len(PIECES), np.float32)
    bias[[PAD, START, 4]] = 1e3, 1e3, 999
    network = network_of(0, **{"output.bias": bias})
    (actual,) = BeamSearch(network, ENDS, beams=beams).run([(3, 5)])
    assert actual[0].ids == (4,) * 19


@pytest.mark.parametrize("seed", range(2))
def test_a_prefix_is_kept_and_continued_as_is_best(seed: int) -> None:
    network, source, pieces = network_of(seed), (3, 4), Pieces(PIECES)
    prefix = Prefix((5,), b" a")
    demands = Demands(pieces=pieces, end=END, prefix=prefix)
    search = BeamSearch(network, ENDS, beams=84, ratio=0.0, more=1)
    (actual,) = search.run([source], [demands])
    fitting = [ids for ids in all_targets() if ids[0] == 5 and pieces.of(ids[1:]).startswith(b" a")]
    assert actual[0].ids == max(fitting, key=lambda ids: score_of(network, source, ids))
    (greedy,) = BeamSearch(network, ENDS, beams=1).run([source], [demands])
    assert pieces.of(greedy[0].ids).startswith(b" b a")


def test_all_sub_words_are_scored_only_until_a_prefix_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = network_of(3)
    whole, scored = network.log_probabilities, []

    def counted(features: np.ndarray) -> np.ndarray:
        scored.append(len(features))
        return whole(features)

    monkeypatch.setattr(network, "log_probabilities", counted)
    monkeypatch.setattr(network, "likeliest", network_of(3).likeliest)
    demands = Demands(pieces=Pieces(PIECES), end=END, prefix=Prefix((5, 3), b" a"))
    BeamSearch(network, ENDS, beams=1).run([(3, 4)], [demands])
    assert scored == [1, 1, 1]


@pytest.mark.parametrize("seed", range(2))
def test_the_best_translation_with_a_required_term_is_found(seed: int) -> None:
    network, source = network_of(seed), (3, 4)
    demands = Demands(pieces=Pieces(PIECES), end=END, required=((3,),))
    search = BeamSearch(network, ENDS, beams=200, ratio=0.0, more=2)
    (actual,) = search.run([source], [demands])
    # " a" must stand as a word: not before "b", which would make it " ab".
    fitting = [
        ids
        for ids in all_targets()
        if any(ids[k] == 3 and ids[k + 1 : k + 2] != (4,) for k in range(len(ids)))
    ]
    assert actual[0].ids == max(fitting, key=lambda ids: score_of(network, source, ids))


@pytest.mark.parametrize(("seed", "beams"), [(0, 1), (1, 2), (2, 5), (3, 3)])
def test_every_translation_holds_its_required_terms(seed: int, beams: int) -> None:
    demands = [
        Demands(pieces=Pieces(PIECES), end=END, required=((3, 4), (3,), (6, 6)), once=(PAD,)),
        None,
        Demands(pieces=Pieces(PIECES), end=END, prefix=Prefix((), b" ab"), required=((5, 5),)),
    ]
    search = BeamSearch(network_of(seed), ENDS, beams=beams, n=beams)
    first, free, last = search.run([(3, 4), (5,), (6, 6)], demands)
    for one in first:
        words = Pieces((b"*", *PIECES[1:])).of(one.ids).decode()
        assert " ab" in words
        assert "a" in words.replace("*", " ").split()
        assert "ab ab" in words
        assert words.count("*") == 1
    for one in last:
        assert Pieces(PIECES).of(one.ids).startswith(b" ab")
        assert (5, 5) in zip(one.ids, one.ids[1:], strict=False)
    assert ids_of(free) == ids_of(search.run([(5,)])[0])


def test_after_a_space_alone_only_a_missing_placeholder_may_come() -> None:
    pieces = Pieces((*PIECES, b" "))
    demands = Demands(pieces=pieces, end=END, once=(PAD,), after_gap=(PAD,))
    scores = np.zeros((2, len(PIECES) + 1), np.float32)
    demands.limit(scores[0], (3, len(PIECES)), remaining=9)
    demands.limit(scores[1], (3, PAD, len(PIECES)), remaining=9)

    assert np.flatnonzero(scores[0] > -np.inf).tolist() == [PAD]
    assert {3, 5, END} <= set(np.flatnonzero(scores[1] > -np.inf).tolist())


def test_with_one_beam_what_is_missing_comes_where_the_translation_would_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, wishes = network_of(0), iter([5, 3, END, END, END])

    def wished(features: np.ndarray) -> np.ndarray:
        logs = np.full((len(features), len(PIECES)), -9.0, np.float32)
        logs[:, next(wishes)] = -0.1
        return logs

    monkeypatch.setattr(network, "log_probabilities", wished)
    demands = Demands(pieces=Pieces(PIECES), end=END, once=(PAD,))
    (actual,) = BeamSearch(network, ENDS, beams=1).run([(3, 4)], [demands])

    assert actual[0].ids == (5, 3, PAD)


@pytest.mark.parametrize("V", [5, 700])
def test_the_likeliest_continuations_are_those_of_a_whole_sort(V: int) -> None:
    totals = np.random.default_rng(V).normal(size=(3, 2, V)).astype(np.float32)
    totals[1, 0] = -np.inf
    totals[2, :, 3:] = -np.inf
    best = best_of_all(totals, totals, 4)
    order = np.argsort(-totals.reshape(3, -1), 1, kind="stable")[:, :4]
    np.testing.assert_array_equal(best.parents * V + best.ids, order)
    np.testing.assert_array_equal(best.scores, np.take_along_axis(totals.reshape(3, -1), order, 1))


def test_enormous_scores_of_a_forged_model_end_without_a_warning() -> None:
    bias = np.zeros(len(PIECES), np.float32)
    bias[5] = 3e38
    network = network_of(1, **{"output.bias": bias})
    demands = Demands(pieces=Pieces(PIECES), end=END, required=((3,), (4,)))
    (actual,) = BeamSearch(network, ENDS, beams=2).run([(3, 4)], [demands])
    assert actual == []  # no sub-word but the one can come, and the terms are not met
