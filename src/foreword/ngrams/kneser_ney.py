"""From counts to probabilities: interpolated modified Kneser-Ney smoothing. Knows ids, not words.

Chen & Goodman 1998, "An empirical study of smoothing techniques for language modeling", section 3
(equations 16 and 17). With u the context and v the context without its first word,

    P(w | u) = max(c(u w) - D(c(u w)), 0) / c(u) + left(u) P(w | v)

D tells 1, 2, and 3 or more apart. c of the longest n-grams is how often they were seen; of shorter
ones how many different words stood before them, or how often they were seen where they begin a
line, before which nothing stands (Heafield et al. 2013). The shortest v is empty, and P then 1/V.
"""

from collections.abc import Callable

import numpy as np

from foreword.ngrams.counts import Array, Level, count, places
from foreword.ngrams.table import SmoothedLevel, Table
from foreword.text.tokenizer import EOS_ID

FALLBACK = (0.0, 0.5, 1.0, 1.5)
"""Discounts where a text is too short to tell, as KenLM has them."""


def learn(
    ids: Array,
    vocab_size: int,
    order: int,
    min_count: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Table:
    """The smoothed n-grams of a text.

    Args:
        ids: (N,) word ids, lines ended by `<eos>`.
        vocab_size: V.
        order: n, the longest n-grams' length.
        min_count: n-grams of three words and more that were seen less often are left out, once all
            have been counted; the shorter ones serve for them.
        progress: as in `count`.
    """
    levels = count(ids, vocab_size, order, progress)
    counts = adjusted(levels, vocab_size)
    shares = discounts(counts[0])[np.minimum(counts[0], 3)]
    total = max(int(counts[0].sum()), 1)
    left = 1.0 - (counts[0] - shares).sum() / total
    words = (counts[0] - shares) / total + left / vocab_size
    kept = np.ones(vocab_size, dtype=bool)
    smoothed: list[SmoothedLevel] = []
    for level, c in zip(levels[1:], counts[1:], strict=True):
        contexts = level.keys // vocab_size
        totals = np.bincount(contexts, weights=c, minlength=len(kept))
        shares = (c - discounts(c)[np.minimum(c, 3)]) / totals[contexts]
        # A longer n-gram is seen no more often than its beginning: what is kept hangs together.
        stays = kept[contexts]
        if smoothed:
            stays &= level.counts >= min_count
        places_of_kept = np.cumsum(kept) - 1
        keys = places_of_kept[contexts[stays]] * vocab_size + level.keys[stays] % vocab_size
        taken = np.bincount(contexts[stays], weights=shares[stays], minlength=len(kept))
        smoothed.append(
            SmoothedLevel(
                keys, shares[stays].astype(np.float32), (1.0 - taken[kept]).astype(np.float32)
            )
        )
        kept = stays
    return Table(words.astype(np.float32), tuple(smoothed))


def adjusted(levels: list[Level], vocab_size: int) -> list[Array]:
    """The counts that are smoothed, of each level's n-grams."""
    begins = levels[0].keys == EOS_ID  # a line
    ends = np.zeros(vocab_size, dtype=np.int64)  # the place of each without its first word
    found = []
    shorter = np.zeros(1, dtype=np.int64)
    for k, level in enumerate(levels):
        contexts, words = np.divmod(level.keys, vocab_size)
        if k > 0:
            # Without its first word, (u, w) is w after u without its first word.
            ends = words if k == 1 else places(shorter, ends[contexts], words, vocab_size)
            before = np.bincount(ends, minlength=len(levels[k - 1].keys))
            found.append(before if k == 1 else np.where(begins, levels[k - 1].counts, before))
            begins = begins[contexts]
        shorter = level.keys
    return [*found, levels[-1].counts]


def discounts(counts: Array) -> Array:
    """D of a count of 0, 1, 2, and 3 or more (equation 17)."""
    n1, n2, n3, n4 = (int(np.count_nonzero(counts == n)) for n in range(1, 5))
    if n1 and n2 and n3:
        y = n1 / (n1 + 2 * n2)
        d = np.array([0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
        if (d >= 0).all():
            return d
    return np.array(FALLBACK)
