"""Keep n-grams in four to five bytes each, for a table that stays in memory beside a network.

The n-grams of each length are in the order of their contexts, and then of their last words, so that
a context needs only the number of its n-grams:

- `1.logs` (V,) float32: ln P(word) without a known context.
- `K.words` (N,) int16, or int32 for a vocabulary of more than 2^15 words: the last words.
- `K.shares` (N,) int8: the discounted shares, exp(-(code + 128) / STEPS).
- `K.counts` (M,) int32 for K = 2 and int8 for longer ones, code + 128: how many n-grams each
  context has, an n-gram of K - 1 words or a word.
- `K.left` (M,) int8, (code + 129) / 256: what each context leaves to the shorter one.

Rounding makes sums of probabilities differ from 1 by some percent, so the probabilities are for
mixtures that are normalised afterwards.
"""

from collections.abc import Mapping

import numpy as np

from foreword.errors import FolderError
from foreword.ngrams.counts import Array
from foreword.ngrams.table import NgramTable, SmoothedLevel

LOGS = "1.logs"
STEPS = 18.0
"""Steps of a share's code in a factor of e; so the least share is 7e-7."""
MOST_FOLLOWING = 255
"""The most n-grams of three words or more with one context."""
_CODES = 256
_MOST_NARROW = 1 << 15


def compact(table: NgramTable) -> dict[str, Array]:
    """Return the arrays of a table, in which a long context has at most `MOST_FOLLOWING` words."""
    V = table.vocab_size
    kind = np.int16 if V <= _MOST_NARROW else np.int32
    arrays = {LOGS: np.log(table.words).astype(np.float32)}
    for length, level in enumerate(table.levels, 2):
        contexts, words = np.divmod(level.keys, V)
        counts = np.bincount(contexts, minlength=len(level.left))
        if length > 2 and len(counts) and counts.max() > MOST_FOLLOWING:
            raise ValueError(f"a context has more than {MOST_FOLLOWING} words: prune the table")
        shares = np.rint(-STEPS * np.log(np.maximum(level.shares, 1e-30)))
        arrays[f"{length}.words"] = words.astype(kind)
        arrays[f"{length}.shares"] = _signed(shares)
        arrays[f"{length}.counts"] = counts.astype(np.int32) if length == 2 else _signed(counts)
        arrays[f"{length}.left"] = _signed(np.rint(level.left * _CODES) - 1)
    return arrays


def expanded(arrays: Mapping[str, Array]) -> NgramTable:
    """Return the table of compact arrays.

    Raises:
        FolderError: their sizes, words or counts do not belong together.
    """
    logs = _taken(arrays, LOGS, (np.float32,))
    if not (len(logs) and np.isfinite(logs).all() and logs.max() <= 0):
        raise FolderError(f"{LOGS} of the n-grams holds no logarithms of probabilities")
    words = np.exp(logs)
    V, contexts = len(words), len(words)
    levels = []
    for length in range(2, len(arrays) // 4 + 2):
        last = _taken(arrays, f"{length}.words", (np.int16, np.int32)).astype(np.int64)
        shares = _taken(arrays, f"{length}.shares", (np.int8,))
        counts = _taken(arrays, f"{length}.counts", (np.int32 if length == 2 else np.int8,))
        left = _taken(arrays, f"{length}.left", (np.int8,))
        counts = counts.astype(np.int64) if length == 2 else _unsigned(counts)
        if len(counts) != contexts or len(left) != contexts or len(shares) != len(last):
            raise FolderError(f"the arrays of the n-grams of {length} words differ in length")
        if (counts < 0).any() or counts.sum() != len(last):
            raise FolderError(f"the counts of the n-grams of {length} words have another sum")
        keys = np.repeat(np.arange(contexts), counts) * V + last
        if len(last) and (last.min() < 0 or last.max() >= V or (np.diff(keys) <= 0).any()):
            raise FolderError(f"the n-grams of {length} words are not in order")
        levels.append(
            SmoothedLevel(
                keys,
                np.exp(-_unsigned(shares) / STEPS).astype(np.float32),
                ((_unsigned(left) + 1) / _CODES).astype(np.float32),
            )
        )
        contexts = len(last)
    return NgramTable(words, tuple(levels))


def _signed(codes: Array) -> Array:
    return np.asarray(np.clip(codes, 0, _CODES - 1) - _CODES // 2, dtype=np.int8)


def _unsigned(codes: Array) -> Array:
    return np.asarray(codes, dtype=np.int64) + _CODES // 2


def _taken(arrays: Mapping[str, Array], name: str, kinds: tuple[type, ...]) -> Array:
    array = arrays.get(name)
    if array is None or array.ndim != 1 or array.dtype.type not in kinds:
        kind = " or ".join(kind.__name__ for kind in kinds)
        raise FolderError(f"the n-grams lack {name}, an array of {kind}")
    return array
