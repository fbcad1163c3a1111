"""Counts of sequences of three words as sorted arrays: a value. Knows ids, not words."""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray

BITS = 21
MASK = (1 << BITS) - 1
LARGEST_ID = MASK
OTHER, LINE_END = 0, 1
"""The ids of any word that is not held, and of the end of a line."""


@dataclass(frozen=True)
class Counts:
    """Trigrams (u, v, w), each packed into one integer, in ascending order.

    Attributes:
        keys: (N,) int64, u, v and w of 21 bits each.
        counts: (N,) int64, how often each was seen.
        last: (N,) int64, the number of words learned when each was last seen.
    """

    keys: Array
    counts: Array
    last: Array

    @classmethod
    def empty(cls) -> "Counts":
        """Return counts without any trigrams."""
        return cls(*(np.zeros(0, dtype=np.int64) for _ in range(3)))

    def __len__(self) -> int:
        return len(self.keys)

    def plus(self, keys: Array, now: int) -> "Counts":
        """Return the counts with each of these keys, which may repeat, seen once more at `now`."""
        new, seen = np.unique(keys, return_counts=True)
        return self.merged(Counts(new, seen, np.full(len(new), now)))

    def merged(self, other: "Counts") -> "Counts":
        """Return the sums of both counts, with the later time of each."""
        indices = np.searchsorted(self.keys, other.keys)
        is_present = indices < len(self)
        is_present[is_present] = self.keys[indices[is_present]] == other.keys[is_present]
        counts, last = self.counts.copy(), self.last.copy()
        counts[indices[is_present]] += other.counts[is_present]
        last[indices[is_present]] = np.maximum(last[indices[is_present]], other.last[is_present])
        before = indices[~is_present]
        return Counts(
            np.insert(self.keys, before, other.keys[~is_present]),
            np.insert(counts, before, other.counts[~is_present]),
            np.insert(last, before, other.last[~is_present]),
        )

    def selected(self, kept: Array) -> "Counts":
        """Return the rows where `kept`, (N,) bool, is True."""
        return Counts(self.keys[kept], self.counts[kept], self.last[kept])

    def without(self, ids: Array) -> "Counts":
        """Return the counts without any trigram that contains one of these words."""
        kept = np.ones(len(self), dtype=bool)
        for part in unpacked(self.keys):
            kept &= ~np.isin(part, ids)
        return self.selected(kept)

    def renamed(self, new_ids: Array) -> "Counts":
        """Return the counts with id `new_ids[i]` for i; trigrams that become equal are added."""
        keys = packed(*(new_ids[part] for part in unpacked(self.keys)))
        unique, first, group = np.unique(keys, return_index=True, return_inverse=True)
        counts = np.bincount(group, weights=self.counts, minlength=len(unique))
        last = self.last[first].copy()
        np.maximum.at(last, group, self.last)
        return Counts(unique, counts.astype(np.int64), last)

    def most_useful(self, limit: int) -> "Counts":
        """Return at most `limit` trigrams: the most frequent ones, and of equal ones the latest."""
        if len(self) <= limit:
            return self
        order = np.lexsort((self.last, self.counts))[len(self) - limit :]
        return self.selected(np.sort(order))


def packed(u: Array, v: Array, w: Array) -> Array:
    """Return the keys of trigrams, (N,) int64."""
    keys: Array = (u.astype(np.int64) << (2 * BITS)) | (v.astype(np.int64) << BITS) | w
    return keys


def unpacked(keys: Array) -> tuple[Array, Array, Array]:
    """Return the ids u, v and w of each key."""
    return keys >> (2 * BITS), (keys >> BITS) & MASK, keys & MASK
