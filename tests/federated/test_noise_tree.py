"""The noise of running sums, held against an exact account of which nodes are in each sum."""

from collections.abc import Iterator

import numpy as np
import pytest

from foreword.federated.noise_tree import Draw, NoiseTree, gaussian

NODES = 4096


def one_hot(order: dict[tuple[int, int], int]) -> Draw:
    """Returns for each node a vector with a 1 in a place of its own: sums then show their nodes."""

    def draw(step: int, level: int) -> np.ndarray:
        vector = np.zeros(NODES, dtype=np.float32)
        vector[order.setdefault((step, level), len(order))] = 1
        return vector

    return draw


def sums(tree: NoiseTree, steps: int) -> Iterator[tuple[int, dict[tuple[int, int], float]]]:
    """After each step, how much of each node's noise is in the running sum."""
    order: dict[tuple[int, int], int] = {}
    draw, total = one_hot(order), np.zeros(NODES, dtype=np.float32)
    for step in range(1, steps + 1):
        noise, tree = tree.added(draw)
        total = total + noise
        yield step, {node: float(total[k]) for node, k in order.items() if abs(total[k]) > 1e-6}


def test_a_sum_has_the_nodes_that_its_binary_digits_name() -> None:
    for step, parts in sums(NoiseTree(reduces_variance=False), 100):
        expected, end = set(), 0
        for level in reversed(range(step.bit_length())):
            if step >> level & 1:
                end += 1 << level
                expected.add((end, level))
        assert parts == dict.fromkeys(expected, 1.0)


def least_variance(leaves: int) -> float:
    """The variance of the best linear unbiased estimate of a sum, from all nodes of its tree.

    By generalised least squares (Gauss and Markov): each node is a measurement of variance 1.
    """
    rows = [
        [float(first <= leaf < first + width) for leaf in range(leaves)]
        for width in (1 << k for k in range(leaves.bit_length()))
        for first in range(0, leaves, width)
    ]
    looks, ones = np.array(rows), np.ones(leaves)
    return float(ones @ np.linalg.inv(looks.T @ looks) @ ones)


def test_reduced_noise_is_that_of_the_best_estimate_from_all_nodes_below() -> None:
    variances = {
        step: sum(part**2 for part in parts.values()) for step, parts in sums(NoiseTree(), 63)
    }
    for step, of_sum in variances.items():
        complete = (1 << level for level in range(6) if step >> level & 1)
        assert of_sum == pytest.approx(sum(map(least_variance, complete)), rel=1e-5)
    assert variances[32] < 0.52


def test_after_a_restart_the_earlier_sum_keeps_its_noise_and_gets_no_more_of_it() -> None:
    after = dict(sums(NoiseTree(restart=5, reduces_variance=False), 12))
    first, second = {(4, 2), (5, 0)}, {(9, 2), (10, 0)}
    assert [set(after[step]) for step in (5, 7, 10, 12)] == [
        first,
        first | {(7, 1)},
        first | second,
        first | second | {(12, 1)},
    ]


def test_the_noise_depends_on_the_seed_and_the_node_alone() -> None:
    again = gaussian(7, 1000)(12, 2)
    assert np.array_equal(gaussian(7, 1000)(12, 2), again)
    others = [gaussian(8, 1000)(12, 2), gaussian(7, 1000)(13, 2), gaussian(7, 1000)(12, 1)]
    assert all(abs(np.corrcoef(again, other)[0, 1]) < 0.15 for other in others)
    assert again.dtype == np.float32
    assert gaussian(7, 100_000)(1, 0).std() == pytest.approx(1.0, abs=0.01)


def test_a_tree_is_gone_on_with_from_its_value() -> None:
    draw = gaussian(2**100 + 1, 16)
    tree, all_noise = NoiseTree(restart=6), []
    for _ in range(15):
        noise, tree = tree.added(draw)
        all_noise.append(noise)
    half = NoiseTree(restart=6)
    for _ in range(7):
        _, half = half.added(draw)
    copy = NoiseTree(6, True, half.step, tuple(None if n is None else n.copy() for n in half.nodes))
    for expected in all_noise[7:]:
        noise, copy = copy.added(draw)
        assert np.array_equal(noise, expected)


def test_few_nodes_are_kept_however_many_values_there_are() -> None:
    tree, draw = NoiseTree(), gaussian(1, 1)
    for _ in range(1000):
        _, tree = tree.added(draw)
    assert len(tree.nodes) == 10
