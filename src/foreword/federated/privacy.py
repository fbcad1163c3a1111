"""The differential privacy of a tree's noise: (epsilon, delta). Knows no weights and no noise.

All sums of a tree are one Gaussian mechanism: a vector with an entry for each node, to which
independent noise is added. The largest change that a person can make to it, the sensitivity,
follows from how often and in which rounds they may take part. This also holds if later values
depend on earlier sums, as they do in training (Denisov et al. 2022, "Improved differential privacy
for SGD via optimal private linear operators on adaptive streams"), and for a person's vectors of
any direction, since a tree adds and never subtracts (Choquette-Choo et al. 2023, "Multi-epoch
matrix factorization mechanisms for private machine learning").
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

_HALVINGS = 200
"""The number of halvings of an interval after which two floats are neighbours."""


@dataclass(frozen=True)
class Participation:
    """How often a person may take part, and the resulting sensitivity.

    Attributes:
        most: the largest number of rounds in which a person takes part.
        sensitivity: the largest L2 norm of a person's change to all nodes together, if each of
            their values has a norm of at most 1.
    """

    most: int
    sensitivity: float


def participation(rounds: int, separation: int, restart: int | None = None) -> Participation:
    """Return a bound on a person's change to the trees of some rounds.

    A node over m rounds has at most ceil(m / separation) of a person's values, and those of one
    level together have at most as many as the person has in all. So the squares of a level are at
    most the first number times the second. The bound is exact if a person takes part once, and if
    all numbers are powers of 2.

    Args:
        rounds: the number of rounds, 1 or more.
        separation: a person takes part at most once in this many consecutive rounds.
        restart: the number of rounds of a tree; None is one tree for all.

    >>> participation(8, 8), round(participation(8, 4).sensitivity ** 2, 9)
    (Participation(most=1, sensitivity=2.0), 10.0)
    """
    most = -(-rounds // separation)
    length = rounds if restart is None else min(restart, rounds)
    trees = [length] * (rounds // length) + [rounds % length]
    squares = 0
    for level in range(length.bit_length()):
        in_node = min(most, -(-(2**level) // separation))
        nodes = sum(tree >> level for tree in trees)
        squares += in_node * min(most, nodes * in_node)
    return Participation(most, math.sqrt(squares))


def epsilon_of(noise: float, delta: float) -> float:
    """Return the smallest epsilon of the Gaussian mechanism, exactly.

    For a standard deviation s of the noise in units of the sensitivity, and Phi the normal
    distribution's function (Balle & Wang 2018, "Improving the Gaussian mechanism for differential
    privacy", theorem 8):

        delta(epsilon) = Phi(1/(2 s) - epsilon s) - e^epsilon Phi(-1/(2 s) - epsilon s)

    Args:
        noise: s, over 0.
        delta: over 0, less than 1.

    >>> round(epsilon_of(1.0, 1e-5), 3)
    4.377
    """
    if _delta_of(noise, 0.0) <= delta:
        return 0.0
    most = 1.0
    while _delta_of(noise, most) > delta:
        most *= 2.0
    return _least(lambda epsilon: _delta_of(noise, epsilon) <= delta, 0.0, most)


def noise_for(epsilon: float, delta: float) -> float:
    """Return the smallest noise, in units of sensitivity, whose `epsilon_of` is at most this."""
    most = 1.0
    while _delta_of(most, epsilon) > delta:
        most *= 2.0
    return _least(lambda noise: _delta_of(noise, epsilon) <= delta, 0.0, most)


def _delta_of(noise: float, epsilon: float) -> float:
    """Return the delta of an epsilon; see `epsilon_of`."""
    half = 1.0 / (2.0 * noise)
    first = _log_normal(half - epsilon * noise)
    second = epsilon + _log_normal(-half - epsilon * noise)
    return math.exp(first) * -math.expm1(min(0.0, second - first))


def _log_normal(x: float) -> float:
    """Return ln Phi(x); where erfc is 0 in floats, by the continued fraction's first terms."""
    if x > -30.0:
        return math.log(math.erfc(-x / math.sqrt(2.0)) / 2.0)
    tail = math.log1p(-1.0 / x**2 + 3.0 / x**4 - 15.0 / x**6)
    return -x * x / 2.0 - math.log(-x * math.sqrt(2.0 * math.pi)) + tail


def _least(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Return the smallest float, up to `high`, from which on a condition holds."""
    for _ in range(_HALVINGS):
        middle = low + (high - low) / 2.0
        if middle in (low, high):
            break
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
