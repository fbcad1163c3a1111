"""How numbers and budgets are written, on the page and in the terminal."""

import math

from foreword.memory.networks import WINDOW
from foreword.memory.trial import Trial


def short(number: float) -> str:
    """A number in few digits.

    >>> [short(n) for n in (0.16666, 0.00034, 0.000012, 0.0, 1234.5)]
    ['0.167', '0.00034', '1.2e-05', '0', '1,234']
    """
    if not math.isfinite(number):
        return "no number"
    if abs(number) < 1e-3:
        return f"{number:.2g}"
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def budget(trial: Trial) -> str:
    """Return how a trial is trained, in a sentence without its full stop."""
    rate = f"Adam at {short(trial.learning_rate)}"
    if trial.anneal:
        rate += ", falling to nothing along a cosine"
    text = (
        f"at most {trial.steps:,} updates of {trial.batch_size} sequences by {rate}, gradients "
        f"clipped to a norm of {short(trial.clip)}"
    )
    return text if trial.cell in ("rnn", WINDOW) else f"{text}, {biases(trial)}"


def biases(trial: Trial) -> str:
    """Return the initial biases of the gates in words."""
    if trial.chrono:
        return "gates' biases by chrono initialisation over the time to be kept"
    if trial.forget_bias is None:
        return "gates' biases left to chance"
    return f"forget gates' biases (GRU: update gates') beginning at {short(trial.forget_bias)}"
