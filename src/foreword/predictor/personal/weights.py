"""How much a person's own words count beside the network's. Learned; knows probabilities alone.

The weight of a mixture's part, by how much was seen of the context (Jelinek and Mercer 1980), is
the part's share in what has come since, which one step of expectation maximisation a word
re-estimates: of two that gave p and q to what came, the first earned w p / (w p + (1 - w) q).
"""

from dataclasses import dataclass

import numpy as np

from foreword.predictor.personal.ngrams import Evidence

CLASSES = 5
"""How often a context was seen: once, 2 to 3, 4 to 7, 8 to 15, or more often."""
RECENCY = 0
"""The first weight: of the latest words within the layer."""
PARTS = 1 + 1 + 2 * CLASSES
PRIOR = np.array([0.1, 0.005, *(0.05, 0.05, 0.05, 0.05, 0.08), *(0.1, 0.12, 0.13, 0.15, 0.2)])
"""Where weights begin: recency; no context seen; by the last word; by the last two.

About what is earned beside a good network by text of the kind that it was trained on, in which a
person's own words are worth least: from there weights rise where there is evidence.
"""
PRIOR_WORDS = 30.0
"""How many words' worth the beginning counts."""
REMEMBERED = 3_000.0
"""Words; what came before fades."""


@dataclass(frozen=True)
class Weights:
    """What each part of a mixture earned; a value.

    Attributes:
        earned: (PARTS,) words that it predicted, in shares.
        seen: (PARTS,) words that came.
    """

    earned: np.ndarray
    seen: np.ndarray

    @classmethod
    def initial(cls) -> "Weights":
        """Before anything was seen."""
        return cls(np.zeros(PARTS), np.zeros(PARTS))

    def of(self, part: int) -> float:
        """The weight of a part, strictly between 0 and 1."""
        earned = self.earned[part] + PRIOR_WORDS * PRIOR[part]
        return float(earned / (self.seen[part] + PRIOR_WORDS))

    def after(self, part: int, p: float, q: float) -> "Weights":
        """After a word to which the part gave p, and the rest of the mixture q."""
        if not p + q > 0:
            return self
        w = self.of(part)
        fading = min(1.0, REMEMBERED / (self.seen[part] + 1))
        earned, seen = self.earned.copy(), self.seen.copy()
        earned[part] = fading * (earned[part] + w * p / (w * p + (1 - w) * q))
        seen[part] = fading * (seen[part] + 1)
        return Weights(earned, seen)


def part_of(evidence: Evidence) -> int:
    """Which weight is the layer's, for what was seen of a context.

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
