"""Epsilon, held against integrals, against a search of all patterns, and against other bounds."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.federated.privacy import epsilon_of, noise_for, participation


def delta_by_integral(noise: float, epsilon: float) -> float:
    """The integral of max(0, p - e^epsilon q) of two normal densities, a sensitivity apart."""
    x, width = np.linspace(-40 * noise, 40 * noise + 1, 400_001, retstep=True)
    scale = 1 / (noise * math.sqrt(2 * math.pi))
    q, p = (scale * np.exp(-((x - at) ** 2) / (2 * noise**2)) for at in (0.0, 1.0))
    return float(np.maximum(0, p - math.exp(epsilon) * q).sum() * width)


@pytest.mark.parametrize("noise", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("delta", [1e-2, 1e-6])
def test_delta_of_that_epsilon_is_what_the_definition_says(noise: float, delta: float) -> None:
    assert delta_by_integral(noise, epsilon_of(noise, delta)) == pytest.approx(delta, rel=1e-4)


def epsilon_by_renyi(noise: float, delta: float) -> float:
    """The least bound by Renyi differential privacy over all orders.

    Of the Gaussian mechanism the order a has a / (2 noise^2) (Mironov 2017), from which epsilon
    follows by proposition 12 of Canonne, Kamath and Steinke (2020).
    """
    orders = 1 + np.logspace(-3, 4, 20_000)
    bounds = (
        orders / (2 * noise**2)
        + np.log1p(-1 / orders)
        - (math.log(delta) + np.log(orders)) / (orders - 1)
    )
    return float(bounds.min())


@given(st.floats(0.2, 20), st.floats(1e-9, 1e-3))
def test_epsilon_is_a_little_below_the_bound_by_renyi(noise: float, delta: float) -> None:
    exact, bound = epsilon_of(noise, delta), epsilon_by_renyi(noise, delta)
    assert exact <= bound
    assert exact >= 0.8 * bound - 0.05


def test_much_and_little_noise_give_numbers_too() -> None:
    assert epsilon_of(1e4, 1e-3) == 0.0
    # The mean of the privacy loss is 1 / (2 s^2), and most of it lies near.
    assert epsilon_of(1e-3, 1e-5) == pytest.approx(500_000, rel=0.02)


@given(st.floats(0.01, 100), st.floats(1e-9, 0.1))
def test_the_noise_for_an_epsilon_gives_that_epsilon(epsilon: float, delta: float) -> None:
    noise = noise_for(epsilon, delta)
    assert epsilon_of(noise, delta) == pytest.approx(epsilon, rel=1e-6)
    assert epsilon_of(noise, delta) <= epsilon * (1 + 1e-9)


def nodes_of(rounds: int, restart: int | None) -> list[range]:
    """The rounds of each node that is completed."""
    length = restart or rounds
    return [
        range(tree + first, tree + first + width)
        for tree in range(0, rounds, length)
        for width in (1 << k for k in range(length.bit_length()))
        for first in range(0, min(length, rounds - tree) - width + 1, width)
    ]


def worst_square(rounds: int, separation: int, restart: int | None) -> int:
    """The largest sum over all nodes of a person's rounds in it, squared, by trying everything."""
    nodes = nodes_of(rounds, restart)
    worst = 0
    for pattern in itertools.product((0, 1), repeat=rounds):
        taken = [k for k, part in enumerate(pattern) if part]
        if all(b - a >= separation for a, b in itertools.pairwise(taken)):
            worst = max(worst, sum(sum(k in node for k in taken) ** 2 for node in nodes))
    return worst


@pytest.mark.parametrize("restart", [None, 3, 4])
@pytest.mark.parametrize("separation", [2, 3, 5, 10])
@pytest.mark.parametrize("rounds", [4, 9])
def test_no_pattern_of_taking_part_changes_more_than_the_sensitivity(
    rounds: int, separation: int, restart: int | None
) -> None:
    square = participation(rounds, separation, restart).sensitivity ** 2
    worst = worst_square(rounds, separation, restart)
    assert worst <= square + 1e-9
    assert square <= 1.3 * worst


@pytest.mark.parametrize(("rounds", "separation"), [(8, 8), (8, 4), (8, 2), (7, 9), (11, 11)])
def test_the_sensitivity_is_exact_for_powers_of_two_and_for_one_participation(
    rounds: int, separation: int
) -> None:
    square = participation(rounds, separation).sensitivity ** 2
    assert square == pytest.approx(worst_square(rounds, separation, None))


@pytest.mark.parametrize(
    ("rounds", "separation", "restart", "noise", "delta", "exact", "by_renyi"),
    [
        (100, 100, None, 4.0, 1e-5, 2.7290, 2.9585),
        (1000, 1000, None, 7.0, 1e-6, 2.0167, 2.1675),
        (2000, 4000, None, 7.0, 1e-10, 2.9270, 3.0655),
        (200, 131, None, 10.0, 1e-4, 1.2689, 1.4094),
        (500, 25, None, 30.0, 1e-4, 2.4632, 2.7164),
        (500, 25, 100, 30.0, 1e-4, 1.5183, 1.6831),
    ],
)
def test_epsilon_is_that_of_dp_accounting(
    rounds: int,
    separation: int,
    restart: int | None,
    noise: float,
    delta: float,
    exact: float,
    by_renyi: float,
) -> None:
    """Its release 0.6, as `python benchmarks/privacy.py` prints it.

    The first three are of its own tree (`SingleEpochTreeAggregationDpEvent`), whose depth it
    computes by itself; the others are of a Gaussian mechanism with this sensitivity.
    """
    of_noise = noise / participation(rounds, separation, restart).sensitivity
    assert epsilon_of(of_noise, delta) == pytest.approx(exact, abs=1e-4)
    assert epsilon_by_renyi(of_noise, delta) == pytest.approx(by_renyi, rel=1e-3)
