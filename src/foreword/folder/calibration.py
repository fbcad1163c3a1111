"""How the probabilities of a translation model become confidences. Pure arithmetic."""

import math
from dataclasses import dataclass

MOST = 0.999
"""A probability above this counts as this one."""

LARGEST_FACTOR = 1_000_000
"""Beyond it, a sum of features might overflow."""


def features(word: float, sentence: float) -> tuple[float, float, float, float]:
    """Return the features from which the probability that a word is right is computed.

    These are 1, the logarithm of the word's probability p, that of 1 / (1 - p), and `sentence`.

    Args:
        word: the log-probability of the word, in nats.
        sentence: the mean log-probability of the sub-words of its sentence.
    """
    return 1.0, word, -math.log1p(-min(math.exp(word), MOST)), sentence


@dataclass(frozen=True)
class Calibration:
    """A map from log-probabilities to the probability that a word of a translation is right.

    A word counts as right if the reference translation has it. The map is logistic in `features`:
    beta calibration (Kull et al. 2017) with the mean log-probability of the sentence beside it.

    Attributes:
        factors: those of the features.
        text: the pairs that it was fitted on.
        words: the number of words of their translations.
    """

    factors: tuple[float, ...]
    text: str = ""
    words: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError, TypeError: the factors are not four numbers up to `LARGEST_FACTOR`."""
        factors = tuple(self.factors)
        if len(factors) != 4 or not all(abs(factor) <= LARGEST_FACTOR for factor in factors):
            raise ValueError(
                f"factors of the calibration must be four numbers from -{LARGEST_FACTOR:,} to "
                f"{LARGEST_FACTOR:,}, not {factors!r:.80}"
            )
        object.__setattr__(self, "factors", factors)  # JSON has only lists

    def chance(self, word: float, sentence: float) -> float:
        """Return the probability that a word is right; see `features`.

        >>> round(Calibration((1.0, 1.0, 0.0, 0.0)).chance(-1.0, -0.5), 3)
        0.5
        """
        a, b, c, d = self.factors
        one, log, log_rest, mean = features(word, sentence)
        logit = a * one + b * log + c * log_rest + d * mean
        return 0.5 * (1 + math.tanh(logit / 2))
