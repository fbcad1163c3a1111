"""How often words followed each other in a text: n-grams of each length. Knows ids, not words.

An n-gram is the n-gram of all its words but the last, found in the level above, and one word more:
one integer, context * V + word, whatever its length. A level is such keys in ascending order.

No n-gram reaches across `<eos>`. It may stand first, where it begins a line, or last, where it ends
one; what was before a line is forgotten. KenLM counts the same with its `<s>` and `</s>`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from foreword.text.tokenizer import EOS_ID

Array = np.ndarray
BLOCK = 1 << 22
"""Words of a text that are sorted at once: they bound the memory beside that of what is found."""
NOWHERE = -1
"""The place of what is not there."""


@dataclass(frozen=True)
class Level:
    """The n-grams of one length.

    Attributes:
        keys: (N,) int64, ascending: the place of all words but the last in the level before, times
            V, plus the last word. The first level's are all words.
        counts: (N,) int64, how often each was seen.
    """

    keys: Array
    counts: Array


def places(keys: Array, contexts: Array, words: Array, vocab_size: int) -> Array:
    """Where the n-grams of contexts and a word more are among `keys`, or `NOWHERE`; int64."""
    if len(keys) == 0:
        return np.full(np.shape(words), NOWHERE, dtype=np.int64)
    wanted = contexts.astype(np.int64) * vocab_size + words
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where((contexts != NOWHERE) & (keys[at] == wanted), at, NOWHERE)


def count(
    ids: Array,
    vocab_size: int,
    order: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[Level]:
    """The n-grams of one to `order` words of a text.

    Args:
        ids: (N,) word ids; every line ends in `<eos>`, and one is thought before the first.
        vocab_size: V; ids are below.
        order: length of the longest.
        progress: called with (words read, words to read): each level reads all.
    """
    starts = range(0, len(ids), BLOCK)
    done = 0

    def tell(words: int) -> None:
        nonlocal done
        done += words
        if progress is not None:
            progress(done, order * len(ids))

    seen = np.zeros(vocab_size, dtype=np.int64)
    contexts = np.empty(len(ids) + 1, dtype=np.int32)  # of each word, by the level before
    contexts[0] = EOS_ID
    for start in starts:
        block = ids[start : start + BLOCK]
        seen += np.bincount(block, minlength=vocab_size)
        contexts[start + 1 : start + 1 + len(block)] = block
        tell(len(block))
    levels = [Level(np.arange(vocab_size, dtype=np.int64), seen)]
    for length in range(2, order + 1):
        level = Level(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
        for start in starts:
            block = ids[start : start + BLOCK]
            before = contexts[start : start + len(block)].astype(np.int64)
            inside = before != NOWHERE
            level = _with(level, before[inside] * vocab_size + block[inside])
            tell(len(block))
        levels.append(level)
        if length < order:
            # From the end, since each block's last word is a context in the block after it.
            for start in reversed(starts):
                block = ids[start : start + BLOCK]
                stop = start + len(block)
                found = places(level.keys, contexts[start:stop], block, vocab_size)
                contexts[start + 1 : stop + 1] = np.where(block == EOS_ID, NOWHERE, found)
            contexts[0] = NOWHERE
    return levels


def _with(level: Level, keys: Array) -> Level:
    """The level with these seen once more each."""
    new, often = np.unique(keys, return_counts=True)
    if len(level.keys) == 0:
        return Level(new, often)
    both = np.concatenate([level.keys, new])
    order = np.argsort(both, kind="stable")  # two sorted runs: a merge
    both = both[order]
    first = np.flatnonzero(np.r_[True, both[1:] != both[:-1]])
    counts = np.concatenate([level.counts, often])[order]
    return Level(both[first], np.add.reduceat(counts, first))
