import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.predictor.personal import Personal
from foreword.predictor.personal.preference import SHIFT, K, factors

V = 9


@given(st.integers(1, 400), st.integers(2, V - 1), st.integers(0, 10_000))
def test_a_factor_is_the_posterior_mean_of_a_rate_under_its_gamma_prior(
    count: int, index: int, words: int
) -> None:
    share = 1 / (index - 1 + SHIFT) / sum(1 / (rank + SHIFT) for rank in range(1, V - 1))
    expected = words * share
    rates = np.linspace(0, 3 * (count + 1) / (expected + K), 200_001)[1:]
    shape = expected + K  # of the Gamma distribution with mean 1; count comes by a Poisson process
    logs = (shape - 1 + count) * np.log(rates) - (shape + expected) * rates
    density = np.exp(logs - logs.max())
    posterior = float((rates * density).sum() / density.sum())
    (actual,) = factors(np.array([count]), np.array([index]), V, words)
    assert actual == pytest.approx(max(1.0, posterior), rel=2e-2)


def test_a_word_as_frequent_as_expected_keeps_its_probability() -> None:
    ids = np.arange(2, V)
    shares = 1 / (ids - 1 + SHIFT)
    counts = 1000 * shares / shares.sum()
    assert factors(counts, ids, V, 1000) == pytest.approx(np.ones(len(ids)))
    assert (factors(2 * counts, ids, V, 1000) > 1.3).all()


def test_a_person_raises_the_words_that_they_use_more_than_others(layer: Personal) -> None:
    layer.learn("see the station\n" + "the station\n" * 20)
    raised = layer.opinion(["\n"], "").factors
    assert raised is not None
    assert raised.words["station"] > 1.5
    assert "see" not in raised.words
    layer.forget("station")
    raised = layer.opinion(["\n"], "").factors
    assert raised is None or "station" not in raised.words
