"""Turn counts into probabilities by interpolated modified Kneser-Ney smoothing. Knows ids only.

Chen & Goodman 1998, "An empirical study of smoothing techniques for language modeling", section 3
(equations 16 and 17). With u the context and v the context without its first word,

    P(w | u) = max(c(u w) - D(c(u w)), 0) / c(u) + left(u) P(w | v)

D differs for counts of 1, 2, and 3 or more. For the longest n-grams, c is how often they were seen;
for shorter ones, how many different words precede them, or how often they were seen if they begin a
line (Heafield et al. 2013). The shortest v is empty, with P = 1/V.
"""

from collections.abc import Callable

import numpy as np

from foreword.ngrams.counts import Array, NgramLevel, count, indices_of, keys_of_kept
from foreword.ngrams.table import NgramTable, SmoothedLevel
from foreword.text.tokenizer import EOS_ID

FALLBACK = (0.0, 0.5, 1.0, 1.5)
"""The discounts for a text too short to estimate them, as in KenLM."""


def learn(
    ids: Array,
    vocab_size: int,
    order: int,
    min_count: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> NgramTable:
    """Return the smoothed n-grams of a text.

    Args:
        ids: (N,) word ids, lines ended by `<eos>`.
        vocab_size: V.
        order: n, the length of the longest n-grams.
        min_count: n-grams of three words and more that were seen less often are dropped after
            counting; shorter ones take their place.
        progress: as in `count`.
    """
    return learn_with_counts(ids, vocab_size, order, min_count, progress)[0]


def learn_with_counts(
    ids: Array,
    vocab_size: int,
    order: int,
    min_count: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[NgramTable, list[Array]]:
    """Return the same, and how often each n-gram of two words and more was seen, by length."""
    levels = count(ids, vocab_size, order, progress)
    counts = adjusted(levels, vocab_size)
    shares = discounts(counts[0])[np.minimum(counts[0], 3)]
    total = max(int(counts[0].sum()), 1)
    left = 1.0 - (counts[0] - shares).sum() / total
    words = (counts[0] - shares) / total + left / vocab_size
    kept = np.ones(vocab_size, dtype=bool)
    smoothed: list[SmoothedLevel] = []
    seen: list[Array] = []
    for level, c in zip(levels[1:], counts[1:], strict=True):
        contexts = level.keys // vocab_size
        totals = np.bincount(contexts, weights=c, minlength=len(kept))
        shares = (c - discounts(c)[np.minimum(c, 3)]) / totals[contexts]
        # A longer n-gram is seen no more often than its beginning, so all contexts of kept ones
        # stay.
        stays = kept[contexts]
        if smoothed:
            stays &= level.counts >= min_count
        keys = keys_of_kept(level.keys, stays, kept, vocab_size)
        taken = np.bincount(contexts[stays], weights=shares[stays], minlength=len(kept))
        smoothed.append(
            SmoothedLevel(
                keys, shares[stays].astype(np.float32), (1.0 - taken[kept]).astype(np.float32)
            )
        )
        seen.append(level.counts[stays])
        kept = stays
    return NgramTable(words.astype(np.float32), tuple(smoothed)), seen


def adjusted(levels: list[NgramLevel], vocab_size: int) -> list[Array]:
    """The counts that are smoothed, of each level's n-grams."""
    begins = levels[0].keys == EOS_ID  # the n-grams that begin a line
    ends = np.zeros(vocab_size, dtype=np.int64)  # the index of each n-gram without its first word
    counts = []
    shorter = np.zeros(1, dtype=np.int64)
    for k, level in enumerate(levels):
        contexts, words = np.divmod(level.keys, vocab_size)
        if k > 0:
            # Without its first word, (u, w) is w after u without its first word.
            ends = words if k == 1 else indices_of(shorter, ends[contexts], words, vocab_size)
            before = np.bincount(ends, minlength=len(levels[k - 1].keys))
            counts.append(before if k == 1 else np.where(begins, levels[k - 1].counts, before))
            begins = begins[contexts]
        shorter = level.keys
    return [*counts, levels[-1].counts]


def discounts(counts: Array) -> Array:
    """Return D for counts of 0, 1, 2, and 3 or more (equation 17)."""
    n1, n2, n3, n4 = (int(np.count_nonzero(counts == n)) for n in range(1, 5))
    if n1 and n2 and n3:
        y = n1 / (n1 + 2 * n2)
        d = np.array([0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
        if (d >= 0).all():
            return d
    return np.array(FALLBACK)
