"""Sub-words that a translation may consist of, by those of its source; learned from pairs.

A decoder that scores some hundreds of sub-words instead of thousands is faster, and the result is
the same if it would not have chosen the others. Knows ids only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from foreword.text.pair_batches import Ids

CANDIDATES = 60
"""The most target sub-words that are kept for a sub-word of the source."""
COMMON = 300
"""The number of the commonest target sub-words, which every translation may use."""
SMALLEST_SHARE = 1e-3
"""A sub-word that is less likely than this as the translation of another one is not kept for it."""
SMALLEST_ORIGIN = 0.05
"""A sub-word is kept for every other one that explains at least this share of its occurrences."""
ROUNDS = 4
"""The number of iterations of expectation and maximisation."""
MOST_LINKS = 10_000_000
"""The largest number of pairs of a source and a target sub-word of one sentence; only some
sentences of longer texts are read. Each pair takes some 50 bytes of memory while learning.
"""

Array = np.ndarray


@dataclass(frozen=True)
class Shortlist:
    """Target sub-words by source sub-words.

    Attributes:
        common: those that every translation may use, the end among them; rising. (C,) of int32.
        begins: where the candidates of each source sub-word begin in `candidates`, and where the
            last ones end. (V + 1,) of int32.
        candidates: (M,) of int32.
    """

    common: Array
    begins: Array
    candidates: Array

    def __post_init__(self) -> None:
        """Raises ValueError: the ids are out of range, or the beginnings do not rise."""
        size = len(self.begins) - 1
        steps = np.diff(self.begins.astype(np.int64))
        if self.begins[0] != 0 or self.begins[-1] != len(self.candidates) or (steps < 0).any():
            raise ValueError("the candidates of the shortlist begin where none are")
        for ids in (self.common, self.candidates):
            if len(ids) and not 0 <= ids.min() <= ids.max() < size:
                raise ValueError(f"the shortlist has sub-words beyond the vocabulary's {size:,}")

    @property
    def sizes(self) -> dict[str, int]:
        """The number of common sub-words and of candidates."""
        return {"common": len(self.common), "candidates": len(self.candidates)}

    @cached_property
    def _is_common(self) -> Array:
        is_common = np.zeros(len(self.begins) - 1, bool)
        is_common[self.common] = True
        return is_common

    def of(self, source: Sequence[int]) -> Array:
        """Return the sub-words that the translation of a source may consist of, rising.

        They are the candidates of each of its sub-words, the sub-words themselves, as names have
        them, and the common ones.
        """
        ids = np.array(source, np.int64)
        may_come = self._is_common.copy()
        may_come[ids] = True
        for begin, end in zip(
            self.begins[ids].tolist(), self.begins[ids + 1].tolist(), strict=True
        ):
            may_come[self.candidates[begin:end]] = True
        return may_come.nonzero()[0]

    def joined(self, other: "Shortlist") -> "Shortlist":
        """Return the union of this shortlist and another one."""
        size = len(self.begins) - 1
        keys = [
            np.repeat(np.arange(size), np.diff(one.begins)) * size + one.candidates
            for one in (self, other)
        ]
        return _shortlist(np.union1d(self.common, other.common), np.union1d(*keys), size)


def _shortlist(common: Array, pairs: Array, size: int) -> Shortlist:
    """Return a shortlist of pairs, source * V + target, which rise."""
    source, target = np.divmod(pairs, size)
    begins = np.searchsorted(source, np.arange(size + 1))
    return Shortlist(*(part.astype(np.int32) for part in (common, begins, target)))


def learn_shortlist(sources: Ids, targets: Ids, size: int, always: Sequence[int]) -> Shortlist:
    """Learn which target sub-words translate which source sub-words.

    This is IBM's model 1 (Brown et al. 1993): the probability t(target | source), by expectation
    and maximisation over all links within sentences.

    Args:
        sources: the sub-words of the sentences.
        targets: those of their translations.
        size: V.
        always: sub-words that count as common, such as the end.
    """
    frequencies = np.bincount(targets.ids, minlength=size)
    most = np.argsort(-frequencies, kind="stable")[:COMMON]
    common = np.unique([*always, *most[frequencies[most] > 0]])
    pairs, shares, of_target = translations_of(*links_of(sources, targets, MOST_LINKS), size)
    source, target = np.divmod(pairs, size)
    rank = np.empty(len(pairs), np.int64)
    rank[np.lexsort((-shares, source))] = np.arange(len(pairs)) - np.searchsorted(source, source)
    kept = (rank < CANDIDATES) & (shares >= SMALLEST_SHARE) | (of_target >= SMALLEST_ORIGIN)
    return _shortlist(common, pairs[kept & ~np.isin(target, common)], size)


def links_of(sources: Ids, targets: Ids, most: int) -> tuple[Array, Array, Array]:
    """Return the source and the target of every link, and the number of links of each target.

    Args:
        sources: the ids of sentences.
        targets: those of their translations.
        most: about the largest number of links; only some sentences of longer texts are read.
    """
    links = np.cumsum(sources.lengths * targets.lengths)
    stride = max(1, -(-int(links[-1]) // most))
    chosen = range(0, len(links), stride)
    of_source = [np.asarray(sources[k]) for k in chosen]
    of_target = [np.asarray(targets[k]) for k in chosen]
    counts = np.repeat([len(ids) for ids in of_source], [len(ids) for ids in of_target])
    source = np.concatenate(
        [np.tile(ids, len(others)) for ids, others in zip(of_source, of_target, strict=True)]
    )
    target = np.repeat(np.concatenate(of_target), counts)
    return source, target, counts[counts > 0]


def translations_of(
    source: Array, target: Array, counts: Array, size: int
) -> tuple[Array, Array, Array]:
    """Return the linked pairs source * V + target, rising, and two numbers learned for each.

    These are t(target | source), and the share of the target's occurrences that the source
    explains.
    """
    pairs, inverse = np.unique(source.astype(np.int64) * size + target, return_inverse=True)
    begins = np.cumsum(counts) - counts
    shares: Array = np.ones(len(pairs))
    expected = shares
    for _ in range(ROUNDS):
        of_links = shares[inverse]
        of_links /= np.repeat(np.add.reduceat(of_links, begins), counts)
        expected = np.bincount(inverse, of_links)
        total = np.bincount(pairs // size, expected, minlength=size)
        shares = expected / total[pairs // size]
    occurrences = np.bincount(pairs % size, expected, minlength=size)
    return pairs, shares, expected / occurrences[pairs % size]
