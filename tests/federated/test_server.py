"""A round at the server: means, bounds, noise, and what is dropped."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from foreword.federated.noise_tree import NoiseTree, gaussian
from foreword.federated.rules import ServerRule
from foreword.federated.server import ServerState, Update, clipped, norm_of, server_round

PLAIN = ServerRule(clients=2, clip=1e9)


def array(*numbers: float) -> np.ndarray:
    return np.array(numbers, dtype=np.float32)


def state(**more: Any) -> ServerState:
    return ServerState({"b": array(1, 2), "a": np.ones((1, 2), dtype=np.float32)}, **more)


def update(*numbers: float, words: int = 10) -> Update:
    """An update of four numbers: two for `a`, two for `b`."""
    return Update({"a": array(*numbers[:2]).reshape(1, 2), "b": array(*numbers[2:])}, words)


def vector(of: ServerState) -> list[float]:
    return [*map(float, of.weights["a"].ravel()), *map(float, of.weights["b"])]


def test_the_mean_of_changes_is_by_words() -> None:
    after = server_round(state(), [update(1, 0, 0, 4, words=30), update(5, 0, 0, 0)], PLAIN)
    assert vector(after) == pytest.approx([1 + (30 * 1 + 10 * 5) / 40, 1, 1, 2 + 30 * 4 / 40])
    assert (after.round, after.received, after.dropped, after.words) == (1, 2, 0, 40)


def test_a_change_is_clipped_over_all_arrays_together() -> None:
    long = update(30, 0, 0, 40).delta
    short = clipped(long, 2.0)
    assert norm_of(long) == pytest.approx(50)
    assert norm_of(short) <= 2.0
    assert short["a"] == pytest.approx(array(1.2, 0).reshape(1, 2))
    assert clipped(long, 50.0) is long
    after = server_round(state(), [update(30, 0, 0, 40)], ServerRule(clients=1, clip=2.0))
    assert vector(after) == pytest.approx([2.2, 1, 1, 3.6])


def test_the_norm_of_huge_numbers_is_no_infinity() -> None:
    assert norm_of({"a": array(3e30, 4e30)}) == pytest.approx(5e30)


@pytest.mark.parametrize(
    "garbage",
    [
        update(math.nan, 0, 0, 0),
        update(0, math.inf, 0, 0),
        Update({"a": np.ones((1, 2), dtype=np.float32)}, 10),
        Update({"a": array(1, 1), "b": array(1, 1)}, 10),
        Update({**update(0, 0, 0, 0).delta, "c": array(1)}, 10),
        Update({"a": np.full((1, 2), 1e300), "b": array(1, 1)}, 10),
        update(1, 1, 1, 1, words=0),
        update(1e6, 0, 0, 0),
    ],
)
def test_garbage_is_dropped_and_counted_and_the_others_count(garbage: Update) -> None:
    rule = replace(PLAIN, longest=1e5)
    alone = server_round(state(), [update(1, 2, 3, 4)], rule)
    after = server_round(state(), [garbage, update(1, 2, 3, 4)], rule)
    assert vector(after) == vector(alone)
    assert (after.received, after.dropped) == (1, 1)


def test_a_round_in_which_nobody_can_be_used_changes_nothing() -> None:
    after = server_round(state(), [update(math.nan, 0, 0, 0)], PLAIN)
    assert vector(after) == vector(state())
    assert (after.round, after.dropped) == (1, 1)


def test_momentum_is_that_of_sgd() -> None:
    rule = ServerRule(clients=1, clip=1e9, rate=0.5, momentum=0.9)
    first = server_round(state(), [update(1, 0, 0, 0)], rule)
    second = server_round(first, [update(1, 0, 0, 0)], rule)
    assert vector(second)[0] == pytest.approx(1 + 0.5 * 1 + 0.5 * 1.9)


def test_fedadam_is_algorithm_2_of_reddi_et_al() -> None:
    rule = ServerRule(
        clients=1, clip=1e9, optimiser="fedadam", rate=0.1, momentum=0.9, beta2=0.99,
        adaptivity=0.01,
    )  # fmt: skip
    x, m, v, after = 1.0, 0.0, 0.01**2, state()
    for delta in (0.5, -0.2, 0.3):
        after = server_round(after, [update(delta, 0, 0, 0)], rule)
        m = 0.9 * m + 0.1 * delta
        v = 0.99 * v + 0.01 * delta**2
        x += 0.1 * m / (math.sqrt(v) + 0.01)
    assert vector(after)[0] == pytest.approx(x, rel=1e-5)
    assert vector(after)[1] == 1.0


def test_with_noise_each_person_has_the_same_weight_whoever_answers() -> None:
    rule = ServerRule(clients=4, clip=1e3, noise=1e-12)
    draw = gaussian(1, 4)
    some = [update(1, 0, 0, 0, words=30), update(3, 0, 0, 0, words=1)]
    after = server_round(state(), some, rule, draw)
    assert vector(after) == pytest.approx([1 + 4 / 4, 1, 1, 2])


def test_the_noise_of_many_rounds_is_that_of_the_tree() -> None:
    rule = ServerRule(clients=5, clip=2.0, noise=3.0)
    draw, after = gaussian(3, 4), state(tree=NoiseTree(reduces_variance=False))
    for _ in range(7):
        after = server_round(after, [], rule, draw)
    noise = draw(4, 2) + draw(6, 1) + draw(7, 0)
    expected = np.array(vector(state())) + 3.0 * 2.0 / 5 * noise
    assert vector(after) == pytest.approx(expected, rel=1e-5)


def test_noise_of_zero_is_no_noise() -> None:
    rules = [ServerRule(clients=1, clip=1.0, noise=noise) for noise in (0.0, 1e-30)]
    without, with_least = (
        server_round(state(), [update(1, 2, 3, 4)], rule, gaussian(1, 4)) for rule in rules
    )
    assert vector(without) == pytest.approx(vector(with_least))
    assert without.tree.step == 0
