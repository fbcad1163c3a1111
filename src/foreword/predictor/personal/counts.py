"""How often three words followed each other: sorted arrays, a value. Knows ids, not words."""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray

BITS = 21
MASK = (1 << BITS) - 1
LARGEST_ID = MASK
OTHER, LINE_END = 0, 1
"""Ids: a word that is not held, and the end of a line."""


@dataclass(frozen=True)
class Counts:
    """Trigrams (u, v, w), each packed into one integer, in ascending order.

    Attributes:
        keys: (N,) int64, u, v and w of 21 bits each.
        counts: (N,) int64, how often each was seen.
        last: (N,) int64, when: the number of words that had been learned by then.
    """

    keys: Array
    counts: Array
    last: Array

    @classmethod
    def empty(cls) -> "Counts":
        """None."""
        return cls(*(np.zeros(0, dtype=np.int64) for _ in range(3)))

    def __len__(self) -> int:
        return len(self.keys)

    def plus(self, keys: Array, now: int) -> "Counts":
        """With these seen once more each, at the time `now`; a key may come several times."""
        new, seen = np.unique(keys, return_counts=True)
        return self.merged(Counts(new, seen, np.full(len(new), now)))

    def merged(self, other: "Counts") -> "Counts":
        """The counts of both together, and the later time."""
        places = np.searchsorted(self.keys, other.keys)
        there = places < len(self)
        there[there] = self.keys[places[there]] == other.keys[there]
        counts, last = self.counts.copy(), self.last.copy()
        counts[places[there]] += other.counts[there]
        last[places[there]] = np.maximum(last[places[there]], other.last[there])
        before = places[~there]
        return Counts(
            np.insert(self.keys, before, other.keys[~there]),
            np.insert(counts, before, other.counts[~there]),
            np.insert(last, before, other.last[~there]),
        )

    def where(self, kept: Array) -> "Counts":
        """Those alone whose place is True in `kept`, (N,) bool."""
        return Counts(self.keys[kept], self.counts[kept], self.last[kept])

    def without(self, ids: Array) -> "Counts":
        """Without every trigram in which one of these words stands."""
        kept = np.ones(len(self), dtype=bool)
        for part in unpacked(self.keys):
            kept &= ~np.isin(part, ids)
        return self.where(kept)

    def renamed(self, new_ids: Array) -> "Counts":
        """With the id `new_ids[i]` for i; those that become the same are added up."""
        keys = packed(*(new_ids[part] for part in unpacked(self.keys)))
        unique, first, place = np.unique(keys, return_index=True, return_inverse=True)
        counts = np.bincount(place, weights=self.counts, minlength=len(unique))
        last = self.last[first].copy()
        np.maximum.at(last, place, self.last)
        return Counts(unique, counts.astype(np.int64), last)

    def most_useful(self, limit: int) -> "Counts":
        """At most `limit` of them: those seen most often, and of equals the latest."""
        if len(self) <= limit:
            return self
        order = np.lexsort((self.last, self.counts))[len(self) - limit :]
        return self.where(np.sort(order))


def packed(u: Array, v: Array, w: Array) -> Array:
    """The trigrams' keys, (N,) int64."""
    keys: Array = (u.astype(np.int64) << (2 * BITS)) | (v.astype(np.int64) << BITS) | w
    return keys


def unpacked(keys: Array) -> tuple[Array, Array, Array]:
    """The ids u, v and w of each key."""
    return keys >> (2 * BITS), (keys >> BITS) & MASK, keys & MASK
