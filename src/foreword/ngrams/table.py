"""Look up P(next word | the last n - 1) in smoothed n-grams. Knows ids, not words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from foreword.errors import FolderError
from foreword.ngrams.counts import ABSENT, Array, indices_of
from foreword.text.tokenizer import EOS_ID


@dataclass(frozen=True)
class SmoothedLevel:
    """The n-grams of one length of two words or more.

    Attributes:
        keys: (N,) int64, ascending, as in `counts.NgramLevel`.
        shares: (N,) float32, the discounted part of P(word | context) at this length.
        left: (M,) float32, for each context, an n-gram of the level below: the share of probability
            for the context without its first word.
    """

    keys: Array
    shares: Array
    left: Array


@dataclass(frozen=True)
class NgramTable:
    """An n-gram model.

    Attributes:
        words: (V,) float32, P(word) without a known context.
        levels: the n-grams of two words up to n.
    """

    words: Array
    levels: tuple[SmoothedLevel, ...]

    @property
    def vocab_size(self) -> int:
        """V, the number of words."""
        return len(self.words)

    @property
    def order(self) -> int:
        """The number of words of the longest n-grams."""
        return len(self.levels) + 1

    def contexts(self, words: Array) -> list[Array]:
        """Return the indices of the n-grams that end at each position.

        Args:
            words: (T, B) ids, time first.

        Returns:
            (n - 1) arrays (T, B): the index of the last k + 1 words among the n-grams of that
            length, or `ABSENT`. They contain no words before an `<eos>` or before the first.
        """
        indices = [words.astype(np.int64)]
        for level in self.levels[:-1]:
            longer = np.full(words.shape, ABSENT, dtype=np.int64)
            longer[1:] = indices_of(level.keys, indices[-1][:-1], words[1:], self.vocab_size)
            longer[words == EOS_ID] = ABSENT
            indices.append(longer)
        return indices[: len(self.levels)]

    def known(self, contexts: Sequence[Array]) -> Array:
        """Return the number of words of the longest context that some n-gram continues, (R,) int64.

        Args:
            contexts: as for `probabilities`.
        """
        known = np.zeros(len(contexts[0]) if contexts else 1, dtype=np.int64)
        for length, (level, indices) in enumerate(zip(self.levels, contexts, strict=True), 1):
            begin, end = np.searchsorted(
                level.keys, np.stack([indices, indices + 1]) * self.vocab_size
            )
            known[(indices != ABSENT) & (begin < end)] = length
        return known

    def probabilities(self, contexts: Sequence[Array]) -> Array:
        """Return P(word) after each of R contexts, (R, V) float32; rows sum to 1.

        Args:
            contexts: n - 1 arrays (R,), as `contexts` returns them.
        """
        rows = len(contexts[0]) if contexts else 1
        scale = np.ones(rows)  # the share that each level leaves to the shorter ones
        parts: list[tuple[Array, Array]] = []
        V = self.vocab_size
        for level, indices in zip(reversed(self.levels), reversed(contexts), strict=True):
            known = np.flatnonzero(indices != ABSENT)
            rows_of_context = indices[known]
            begin, end = np.searchsorted(
                level.keys, np.stack([rows_of_context, rows_of_context + 1]) * V
            )
            lengths = end - begin
            first = np.repeat(np.cumsum(lengths) - lengths, lengths)
            inside = np.repeat(begin, lengths) + np.arange(lengths.sum()) - first
            row = np.repeat(known, lengths)
            parts.append((row * V + level.keys[inside] % V, scale[row] * level.shares[inside]))
            scale[known] *= level.left[rows_of_context]
        shares: Array = np.multiply(scale[:, None], self.words, dtype=np.float32)
        flat = shares.reshape(-1)
        for cells, values in parts:  # the cells of one level are distinct
            flat[cells] += values.astype(np.float32)
        return shares

    def probability_of(self, contexts: Sequence[Array], words: Array) -> tuple[Array, Array]:
        """Return P of one word after each context, and the number of known last words, both (R,).

        Args:
            contexts: n - 1 arrays (R,), as `contexts` returns them.
            words: (R,) ids.
        """
        shares = self.words[words].astype(np.float64)
        known = np.zeros(len(words), dtype=np.int64)
        for level, indices in zip(self.levels, contexts, strict=True):
            inside = np.flatnonzero(indices != ABSENT)
            rows_of_context = indices[inside]
            cell = indices_of(level.keys, rows_of_context, words[inside], self.vocab_size)
            shares[inside] *= level.left[rows_of_context]
            is_present = cell != ABSENT
            shares[inside[is_present]] += level.shares[cell[is_present]]
            known[inside] += 1
        return shares, known

    def to_arrays(self) -> dict[str, Array]:
        """Return the arrays by the names that `foreword.folder.weights` expects."""
        arrays = {"ngrams.1.shares": self.words}
        for length, level in enumerate(self.levels, 2):
            arrays |= {f"ngrams.{length}.{name}": part for name, part in vars(level).items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> "NgramTable":
        """Return the table of `to_arrays`, whose names and shapes have been checked.

        Raises:
            FolderError: keys are out of order or range, or shares are not between 0 and 1.
        """
        levels = []
        words = arrays["ngrams.1.shares"]
        for length in range(2, len(arrays) // 3 + 2):
            parts = (arrays[f"ngrams.{length}.{name}"] for name in ("keys", "shares", "left"))
            level = SmoothedLevel(*parts)
            keys, end = level.keys, len(level.left) * len(words)
            if len(keys) and (keys[0] < 0 or keys[-1] >= end or (keys[1:] <= keys[:-1]).any()):
                raise FolderError(f"the keys of the n-grams of {length} words are not in order")
            levels.append(level)
        for shares in (words, *(part for level in levels for part in (level.shares, level.left))):
            if len(shares) and not (shares.min() >= 0 and shares.max() <= 1):
                raise FolderError("an n-gram's share of the probability is not between 0 and 1")
        return cls(words, tuple(levels))
