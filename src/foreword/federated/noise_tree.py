"""Noise for running sums, by a binary tree. Knows nothing of people, weights or epsilon.

If the sum of the first t values is published after every value t, with fresh noise in each sum, the
first value is in all sums, and each reveals more of it. With a tree (Dwork et al. 2010,
"Differential privacy under continual observation"; Chan et al. 2011) every node is the sum of 2^k
consecutive values, with noise of its own. The first t values are the sum of the nodes that the
binary digits of t name, and a value is in one node of each level: in log2(t) + 1 of them at most.

A node need not be used by itself: the sum of its two halves, which are known already, is a second,
independent measurement of the same values. Weighting both by their precision (Honaker 2015,
"Efficient use of differentially private binary trees"; used so in training by Kairouz et al. 2021,
"Practical and private (deep) learning without sampling or shuffling") gives less noise for the same
privacy.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

Draw = Callable[[int, int], np.ndarray]
"""Returns the noise of a node, (D,), by the number of the value that completes it, from 1, and its
level: 0 for a leaf. The same node always has the same noise."""


def gaussian(seed: int, size: int) -> Draw:
    """Return standard normal noise for every node, (`size`,) float32, drawn by a seed."""

    def draw(step: int, level: int) -> np.ndarray:
        sequence = np.random.SeedSequence(seed, spawn_key=(step, level))
        return np.random.default_rng(sequence).standard_normal(size, dtype=np.float32)

    return draw


@dataclass(frozen=True)
class NoiseTree:
    """The noise of a running sum so far. A value: adding noise returns another tree.

    Attributes:
        restart: the number of values after which a new tree begins; None never restarts. The noise
            of earlier trees stays in the sum.
        reduces_variance: whether a node's noise is that of the best estimate from the node and the
            nodes below it, instead of the node's own.
        step: the number of values so far, in all trees.
        nodes: by level, the noise of the nodes that make up the sum of this tree's values, (D,);
            None where the binary digit is 0.
    """

    restart: int | None = None
    reduces_variance: bool = True
    step: int = 0
    nodes: tuple[np.ndarray | None, ...] = ()

    def added(self, draw: Draw) -> tuple[np.ndarray, "NoiseTree"]:
        """Return the noise that the next value adds to the running sum, (D,), and the tree after.

        It is the difference of the noise in two consecutive sums, so that much of it cancels later.
        """
        step = self.step + 1
        begins = self.restart is not None and self.step % self.restart == 0
        before = () if begins else self.nodes
        nodes = list(before)
        node, level = draw(step, 0), 0
        while level < len(nodes) and (left := nodes[level]) is not None:
            nodes[level] = None
            level += 1
            own = draw(step, level)
            node = self._merged(own, left + node, level) if self.reduces_variance else own
        nodes[level : level + 1] = [node]
        after = tuple(nodes)
        noise = _sum(after, node)
        if any(part is not None for part in before):
            noise = noise - _sum(before, node)
        return noise, replace(self, step=step, nodes=after)

    @staticmethod
    def _merged(own: np.ndarray, halves: np.ndarray, level: int) -> np.ndarray:
        """Return the noise of the best estimate of a node's sum.

        Args:
            own: the noise of the node itself, of variance 1.
            halves: the noise of the sum of the best estimates of its halves.
            level: its level, 1 or more.
        """
        weight = np.float32(variance(level))
        return weight * own + (1 - weight) * halves


def variance(level: int) -> float:
    """Return the variance of the best estimate of a node whose own noise has variance 1.

    Two independent measurements of variances 1 and 2 v, where v is that of a half, together have 1
    / (1 + 1 / (2 v)); from a leaf's 1 upwards that is 1 / (2 - 2^-level).

    >>> [round(variance(level), 3) for level in range(4)]
    [1.0, 0.667, 0.571, 0.533]
    """
    return 1.0 / (2.0 - 2.0**-level)


def _sum(nodes: tuple[np.ndarray | None, ...], like: np.ndarray) -> np.ndarray:
    total = np.zeros_like(like)
    for node in nodes:
        if node is not None:
            total += node
    return total
