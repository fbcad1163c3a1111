"""The progress of a run, and the learning rate that belongs to it. Knows no optimisers."""

import math

from foreword.training.settings import Budget, RateSettings


def progress(budget: Budget, *, seconds: float, epochs: float, steps: int) -> float:
    """Return the fraction of the run that is done, 0 to 1, by the nearest limit."""
    shares = [0.0]
    if budget.minutes is not None:
        shares.append(seconds / (budget.minutes * 60.0))
    if budget.epochs is not None:
        shares.append(epochs / budget.epochs)
    if budget.steps is not None:
        shares.append(steps / budget.steps)
    return min(1.0, max(shares))


def ramp(start: float, until: float, done: float) -> float:
    """Return a size after a fraction `done` of the run, rising linearly to its full value of 1.

    >>> [ramp(0.25, 0.5, done) for done in (0.0, 0.25, 0.5, 1.0)]
    [0.25, 0.625, 1.0, 1.0]
    """
    return 1.0 if done >= until else start + (1.0 - start) * done / until


def learning_rate(rate: RateSettings, done: float) -> float:
    """Return the rate after a fraction `done` of the run: a linear rise, flat, then a cosine fall.

    It never reaches zero, so that the last steps still change the weights.

    >>> rate = RateSettings(learning_rate=1.0, warmup=0.1, flat=0.5)
    >>> [round(learning_rate(rate, done), 3) for done in (0.0, 0.05, 0.3, 0.75, 1.0)]
    [0.01, 0.5, 1.0, 0.505, 0.01]
    """
    if done < rate.warmup:
        share = max(rate.final_share, done / rate.warmup)
    elif done <= rate.flat:
        share = 1.0
    else:
        fall = (done - rate.flat) / (1.0 - rate.flat)
        share = rate.final_share + (1.0 - rate.final_share) * 0.5 * (1.0 + math.cos(math.pi * fall))
    assert rate.learning_rate is not None, "the recipe fills it in"
    return rate.learning_rate * share
