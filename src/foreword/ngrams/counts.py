"""Count the n-grams of each length in a text. Knows ids, not words.

An n-gram is stored as the index of all its words but the last in the level below, and the last
word: one integer, context * V + word, whatever its length. A level holds such keys in ascending
order.

No n-gram crosses an `<eos>`: it may be the first word, before the beginning of a line, or the last,
at its end. KenLM counts the same with its `<s>` and `</s>`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from foreword.text.tokenizer import EOS_ID

Array = np.ndarray
BLOCK = 1 << 22
"""The number of words that are sorted at once, which bounds the additional memory."""
ABSENT = -1
"""The index of an n-gram that is not in the table."""


@dataclass(frozen=True)
class NgramLevel:
    """The n-grams of one length.

    Attributes:
        keys: (N,) int64, ascending: the index of all words but the last in the level before, times
            V, plus the last word. The first level has every word.
        counts: (N,) int64, how often each was seen.
    """

    keys: Array
    counts: Array


def indices_of(keys: Array, contexts: Array, words: Array, vocab_size: int) -> Array:
    """Return the indices in `keys` of contexts with one more word, or `ABSENT`; int64."""
    if len(keys) == 0:
        return np.full(np.shape(words), ABSENT, dtype=np.int64)
    wanted = contexts.astype(np.int64) * vocab_size + words
    index = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where((contexts != ABSENT) & (keys[index] == wanted), index, ABSENT)


def keys_of_kept(keys: Array, stays: Array, kept: Array, vocab_size: int) -> Array:
    """Return the keys of some n-grams where only some of their contexts are kept, int64.

    Args:
        keys: (N,) as in `NgramLevel`.
        stays: (N,) whether each n-gram stays; its context is then kept.
        kept: (M,) whether each context is kept.
        vocab_size: V.
    """
    contexts, words = np.divmod(keys[stays], vocab_size)
    return np.asarray((np.cumsum(kept) - 1)[contexts] * vocab_size + words)


def count(
    ids: Array,
    vocab_size: int,
    order: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[NgramLevel]:
    """Return the n-grams of one to `order` words of a text.

    Args:
        ids: (N,) word ids; every line ends in `<eos>`, and one is assumed before the first line.
        vocab_size: V, the number of ids.
        order: the length of the longest n-grams.
        progress: called with (words read, words to read); each level reads all words.
    """
    starts = range(0, len(ids), BLOCK)
    done = 0

    def tell(words: int) -> None:
        nonlocal done
        done += words
        if progress is not None:
            progress(done, order * len(ids))

    seen = np.zeros(vocab_size, dtype=np.int64)
    contexts = np.empty(len(ids) + 1, dtype=np.int32)  # of each word, as indices of the level below
    contexts[0] = EOS_ID
    for start in starts:
        block = ids[start : start + BLOCK]
        seen += np.bincount(block, minlength=vocab_size)
        contexts[start + 1 : start + 1 + len(block)] = block
        tell(len(block))
    levels = [NgramLevel(np.arange(vocab_size, dtype=np.int64), seen)]
    for length in range(2, order + 1):
        level = NgramLevel(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
        for start in starts:
            block = ids[start : start + BLOCK]
            before = contexts[start : start + len(block)].astype(np.int64)
            inside = before != ABSENT
            level = _with(level, before[inside] * vocab_size + block[inside])
            tell(len(block))
        levels.append(level)
        if length < order:
            # Backwards, since the last word of a block is a context in the block after it.
            for start in reversed(starts):
                block = ids[start : start + BLOCK]
                stop = start + len(block)
                indices = indices_of(level.keys, contexts[start:stop], block, vocab_size)
                contexts[start + 1 : stop + 1] = np.where(block == EOS_ID, ABSENT, indices)
            contexts[0] = ABSENT
    return levels


def _with(level: NgramLevel, keys: Array) -> NgramLevel:
    """Return the level with each of these keys counted once more."""
    new, often = np.unique(keys, return_counts=True)
    if len(level.keys) == 0:
        return NgramLevel(new, often)
    both = np.concatenate([level.keys, new])
    order = np.argsort(both, kind="stable")  # two sorted runs: a merge
    both = both[order]
    first = np.flatnonzero(np.r_[True, both[1:] != both[:-1]])
    counts = np.concatenate([level.counts, often])[order]
    return NgramLevel(both[first], np.add.reduceat(counts, first))
