"""Keep the n-grams whose loss would cost most. Knows ids only.

The cost of an n-gram is its count times what its logarithm falls by if it is left out, so that the
shorter context predicts its last word: the weighted difference of Seymore & Rosenfeld 1996,
"Scalable backoff language models" (ICSLP). In an interpolated model its share then goes to the
shorter context.
"""

from collections.abc import Callable

import numpy as np

from foreword.ngrams.counts import ABSENT, Array, indices_of, keys_of_kept
from foreword.ngrams.kneser_ney import learn_with_counts
from foreword.ngrams.table import NgramTable, SmoothedLevel

FIRST_LIMITED = 3
"""The length from which the n-grams of a context are limited."""


def learn_most_useful(
    ids: Array,
    vocab_size: int,
    order: int,
    most: int,
    *,
    min_count: int = 1,
    following: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> NgramTable:
    """Return about `most` smoothed n-grams of two words and more.

    Args:
        ids: (N,) word ids, lines ended by `<eos>`.
        vocab_size: V.
        order: n, the length of the longest n-grams.
        most: the number of n-grams that are kept for their own sake; their contexts are kept, too.
        min_count: as for `kneser_ney.learn`.
        following: the most n-grams of three words or more with one context; None: any number.
        progress: as in `counts.count`.
    """
    table, counts = learn_with_counts(ids, vocab_size, order, min_count, progress)
    costs = _costs(table, counts)
    everything = np.concatenate(costs) if costs else np.zeros(0)
    first_lost = len(everything) - most - 1  # if they were sorted by their costs
    threshold = np.partition(everything, first_lost)[first_lost] if first_lost >= 0 else -np.inf
    keep = [cost > threshold for cost in costs]
    contexts = [level.keys // vocab_size for level in table.levels]
    for k in reversed(range(1, len(keep))):
        keep[k - 1][contexts[k][keep[k]]] = True
    for k in range(1, len(keep)):
        keep[k] &= keep[k - 1][contexts[k]]
        if following is not None and k + 2 >= FIRST_LIMITED:
            keep[k] &= _rank_in_group(contexts[k], costs[k], keep[k]) < following
    return _of_those(table, keep)


def _costs(table: NgramTable, counts: list[Array]) -> list[Array]:
    """The cost of leaving out each n-gram, of each length."""
    V = table.vocab_size
    shorter = table.words.astype(np.float64)  # P of the n-grams of the length before
    ends = np.zeros(V, dtype=np.int64)  # the index of each without its first word
    keys = np.arange(V, dtype=np.int64)
    costs = []
    for k, (level, count) in enumerate(zip(table.levels, counts, strict=True)):
        contexts, words = np.divmod(level.keys, V)
        ends = words if k == 0 else indices_of(keys, ends[contexts], words, V)
        # An n-gram without its first word was seen as often, so that it is in the table, too.
        assert not (ends == ABSENT).any()
        lower, left = shorter[ends], level.left[contexts].astype(np.float64)
        own = level.shares + left * lower
        costs.append(count * np.log(own / ((left + level.shares) * lower)))
        shorter, keys = own, level.keys
    return costs


def _rank_in_group(groups: Array, costs: Array, chosen: Array) -> Array:
    """The rank of each n-gram among the chosen ones of its group, the costliest first."""
    order = np.lexsort((-costs, ~chosen, groups))
    firsts = np.r_[True, groups[order][1:] != groups[order][:-1]]
    begins = np.flatnonzero(firsts)
    ranks = np.empty(len(groups), dtype=np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(begins, np.diff([*begins, len(groups)]))
    return ranks


def _of_those(table: NgramTable, keep: list[Array]) -> NgramTable:
    """Return a table of some n-grams, whose contexts are among them."""
    V = table.vocab_size
    kept = np.ones(V, dtype=bool)
    levels = []
    for level, stays in zip(table.levels, keep, strict=True):
        contexts = level.keys // V
        lost = np.bincount(contexts[~stays], weights=level.shares[~stays], minlength=len(kept))
        left = np.minimum(level.left + lost, 1.0).astype(np.float32)
        keys = keys_of_kept(level.keys, stays, kept, V)
        levels.append(SmoothedLevel(keys, level.shares[stays], left[kept]))
        kept = stays
    return NgramTable(table.words, tuple(levels))
