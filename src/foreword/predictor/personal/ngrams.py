"""P(next word | the two before) from a person's counts. Knows ids, not words, files or networks.

Interpolated absolute discounting (Ney, Essen and Kneser 1994; Chen and Goodman 1999, section 2.7):
a discount D is subtracted from the count of each word seen after a context, and distributed by the
context that is one word shorter,

    P(w | u, v) = max(c(u,v,w) - D3, 0) / c(u,v) + left(u,v) P(w | v)
    P(w | v)    = max(c(v,w) - D2, 0) / c(v)     + left(v) c(w) / c

with D = n1 / (n1 + 2 n2), where n1 and n2 are the numbers of words seen once and twice.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from foreword.predictor.personal.counts import BITS, MASK, Counts

Array = np.ndarray

DISCOUNT = 0.75
"""The discount if too few words were seen twice to estimate it."""


@dataclass(frozen=True)
class Followers:
    """The words that followed a context.

    Attributes:
        words: (n,) ids, the most frequent first.
        shares: (n,) float64, max(c - D, 0) / total.
        left: the discounted share for the shorter context; 1 if nothing was seen.
        total: how often the context was seen.
    """

    words: Array
    shares: Array
    left: float
    total: int


NONE = Followers(np.zeros(0, dtype=np.int64), np.zeros(0), 1.0, 0)


class ContextTable:
    """All contexts of one length, with the words that followed each."""

    def __init__(self, contexts: Array, words: Array, counts: Array) -> None:
        """Take (N,) contexts in ascending order, with a word and its count each."""
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
        """Return the words that followed a context."""
        index = int(self._contexts.searchsorted(context))
        if index == len(self._contexts) or self._contexts[index] != context:
            return NONE
        part = slice(self._starts[index], self._ends[index])
        return Followers(
            self._words[part],
            self._shares[part],
            float(self._left[index]),
            int(self._totals[index]),
        )


@dataclass(frozen=True)
class Evidence:
    """The words that followed (u, v), and those that followed v alone."""

    longer: Followers
    shorter: Followers


class Ngrams:
    """Probabilities from a person's counts; immutable."""

    def __init__(self, counts: Counts, word_counts: Array) -> None:
        """Take the trigrams, and how often each word was seen, by id, (V,)."""
        self._counts = counts
        total = word_counts.sum()
        self.word_shares: Array = word_counts / max(total, 1)

    @cached_property
    def _after_two(self) -> ContextTable:
        keys = self._counts.keys
        return ContextTable(keys >> BITS, keys & MASK, self._counts.counts)

    @cached_property
    def _after_one(self) -> ContextTable:
        pairs, group = np.unique(self._counts.keys & ((1 << (2 * BITS)) - 1), return_inverse=True)
        counts = np.bincount(group, weights=self._counts.counts, minlength=len(pairs))
        return ContextTable(pairs >> BITS, pairs & MASK, counts.astype(np.int64))

    def prepare(self) -> None:
        """Sort the counts now rather than at the first query."""
        _ = self._after_two, self._after_one

    def evidence(self, u: int, v: int) -> Evidence:
        """Return what followed u and v."""
        return Evidence(self._after_two.after((u << BITS) | v), self._after_one.after(v))

    def probability(self, evidence: Evidence, word: int) -> float:
        """Return P(word | context)."""
        longer, shorter = evidence.longer, evidence.shorter
        p = float(shorter.shares[shorter.words == word].sum())
        p += shorter.left * float(self.word_shares[word])
        return float(longer.shares[longer.words == word].sum()) + longer.left * p
