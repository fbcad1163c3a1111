"""P(next word | the two before), from a person's counts. Knows ids, not words, files or networks.

Interpolated absolute discounting (Ney, Essen and Kneser 1994; Chen and Goodman 1999, section 2.7):
of each word that was seen after a context a discount D is taken, and what was taken is shared out
by the context that is a word shorter,

    P(w | u, v) = max(c(u,v,w) - D3, 0) / c(u,v) + left(u,v) P(w | v)
    P(w | v)    = max(c(v,w) - D2, 0) / c(v)     + left(v) c(w) / c

with D = n1 / (n1 + 2 n2), where n1 and n2 are how many were seen once and twice.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from foreword.predictor.personal.counts import BITS, MASK, Counts

Array = np.ndarray

DISCOUNT = 0.75
"""Where too few are seen twice to tell."""


@dataclass(frozen=True)
class Followers:
    """What came after a context.

    Attributes:
        words: (n,) ids, the most frequent first.
        shares: (n,) float64, max(c - D, 0) / total.
        left: what the discount took, for the shorter context; 1 if nothing was seen.
        total: how often the context was seen.
    """

    words: Array
    shares: Array
    left: float
    total: int


NONE = Followers(np.zeros(0, dtype=np.int64), np.zeros(0), 1.0, 0)


class Level:
    """Contexts of one length, and what followed each."""

    def __init__(self, contexts: Array, words: Array, counts: Array) -> None:
        """Takes (N,) contexts in ascending order, with a word and its count each."""
        self._contexts, self._starts = np.unique(contexts, return_index=True)
        self._ends = np.append(self._starts[1:], len(contexts))
        group = np.repeat(np.arange(len(self._starts)), self._ends - self._starts)
        order = np.argsort((group << 32) - np.minimum(counts, (1 << 31) - 1), kind="stable")
        self._words, counts = words[order], counts[order]
        once, twice = np.count_nonzero(counts == 1), np.count_nonzero(counts == 2)
        D = once / (once + 2 * twice) if once and twice else DISCOUNT
        self._totals = np.add.reduceat(counts, self._starts) if len(counts) else counts
        self._left = D * (self._ends - self._starts) / self._totals
        self._shares = (counts - D) / self._totals[group]

    def after(self, context: int) -> Followers:
        """What followed a context."""
        at = int(self._contexts.searchsorted(context))
        if at == len(self._contexts) or self._contexts[at] != context:
            return NONE
        part = slice(self._starts[at], self._ends[at])
        return Followers(
            self._words[part], self._shares[part], float(self._left[at]), int(self._totals[at])
        )


@dataclass(frozen=True)
class Evidence:
    """What a person's text says about the word after (u, v): by both words, and by v alone."""

    longer: Followers
    shorter: Followers


class Ngrams:
    """The probabilities, for a person's counts; immutable."""

    def __init__(self, counts: Counts, word_counts: Array) -> None:
        """Takes the trigrams, and how often each word was seen, by its id, (V,)."""
        self._counts = counts
        total = word_counts.sum()
        self.word_shares: Array = word_counts / max(total, 1)

    @cached_property
    def _after_two(self) -> Level:
        keys = self._counts.keys
        return Level(keys >> BITS, keys & MASK, self._counts.counts)

    @cached_property
    def _after_one(self) -> Level:
        pairs, place = np.unique(self._counts.keys & ((1 << (2 * BITS)) - 1), return_inverse=True)
        counts = np.bincount(place, weights=self._counts.counts, minlength=len(pairs))
        return Level(pairs >> BITS, pairs & MASK, counts.astype(np.int64))

    def prepare(self) -> None:
        """Sorts the counts now rather than at the first question."""
        _ = self._after_two, self._after_one

    def evidence(self, u: int, v: int) -> Evidence:
        """What came after u and v."""
        return Evidence(self._after_two.after((u << BITS) | v), self._after_one.after(v))

    def probability(self, evidence: Evidence, word: int) -> float:
        """P(word | context)."""
        longer, shorter = evidence.longer, evidence.shorter
        p = float(shorter.shares[shorter.words == word].sum())
        p += shorter.left * float(self.word_shares[word])
        return float(longer.shares[longer.words == word].sum()) + longer.left * p
