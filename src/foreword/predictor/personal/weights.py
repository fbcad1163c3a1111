"""Weigh a person's own words against the network. Knows only probabilities.

The weight of a part of the mixture, by how often the context was seen (Jelinek and Mercer 1980), is
the part's share in the words that have come since, re-estimated by one step of expectation
maximisation a word: of two parts that gave p and q, the first earned w p / (w p + (1 - w) q).
"""

from dataclasses import dataclass

import numpy as np

from foreword.predictor.personal.ngrams import Evidence

CLASSES = 5
"""Classes of how often a context was seen: once, 2 to 3, 4 to 7, 8 to 15, or more often."""
RECENCY = 0
"""The index of the weight of the latest words within the layer."""
PARTS = 1 + 1 + 2 * CLASSES
PRIOR = np.array([0.1, 0.005, *(0.05, 0.05, 0.05, 0.05, 0.08), *(0.1, 0.12, 0.13, 0.15, 0.2)])
"""The initial weights: recency; no context seen; by the last word; by the last two.

These are about the weights beside a good network on text like its training text, where a person's
own words are worth least; from these values, weights rise with the evidence.
"""
PRIOR_WORDS = 30.0
"""The number of words that the initial weights count as."""
REMEMBERED = 3_000.0
"""The number of words after which earlier ones fade."""


@dataclass(frozen=True)
class Weights:
    """The credit of each part of a mixture for its predictions; a value.

    Attributes:
        earned: (PARTS,) the number of words it predicted, as a sum of fractions.
        seen: (PARTS,) the number of words that came.
    """

    earned: np.ndarray
    seen: np.ndarray

    @classmethod
    def initial(cls) -> "Weights":
        """Return the weights before any word."""
        return cls(np.zeros(PARTS), np.zeros(PARTS))

    def of(self, part: int) -> float:
        """Return the weight of a part, strictly between 0 and 1."""
        earned = self.earned[part] + PRIOR_WORDS * PRIOR[part]
        return float(earned / (self.seen[part] + PRIOR_WORDS))

    def after(self, part: int, p: float, q: float) -> "Weights":
        """Return the weights after a word with probability p by the part and q by the others."""
        if not p + q > 0:
            return self
        w = self.of(part)
        fading = min(1.0, REMEMBERED / (self.seen[part] + 1))
        earned, seen = self.earned.copy(), self.seen.copy()
        earned[part] = fading * (earned[part] + w * p / (w * p + (1 - w) * q))
        seen[part] = fading * (seen[part] + 1)
        return Weights(earned, seen)


def part_of(evidence: Evidence) -> int:
    """Return the index of the layer's weight for what followed a context.

    >>> from foreword.predictor.personal.ngrams import NONE
    >>> part_of(Evidence(NONE, NONE))
    1
    """
    if evidence.longer.total:
        return 2 + CLASSES + _class_of(evidence.longer.total)
    if evidence.shorter.total:
        return 2 + _class_of(evidence.shorter.total)
    return 1


def _class_of(times: int) -> int:
    return min(times.bit_length(), CLASSES) - 1
