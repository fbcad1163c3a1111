"""Divide texts into sub-words at random, for training: BPE dropout (Provilkov et al. 2020).

Each merge of two sub-words is left out with some probability, so that a network sees the parts of
words too. The draws depend only on a seed and on the number of the pass, so that interrupted
training resumes with the same ones.
"""

from collections.abc import Sequence

import numpy as np

from foreword.errors import SettingsError
from foreword.text.subwords import Subwords

DRAWS = 8
"""The most segmentations of a distinct piece of text that are drawn in a pass."""
_CELLS = 1 << 18
"""The most sub-words that are merged at the same time, to stay in the processor's cache."""
_OCCURRENCES = 1 << 20
"""The number of pieces whose sub-words are put together at the same time, to save memory."""
_NO_MERGE = np.iinfo(np.int32).max


class SubwordDropout:
    """The sub-words of many texts, drawn again for every pass over them.

    Each distinct piece of text (see `Subwords.pieces`) is segmented as often as it occurs, but at
    most `DRAWS` times in a pass; each occurrence takes one of these segmentations.
    """

    def __init__(self, subwords: Subwords, texts: Sequence[str], *, rate: float, seed: int) -> None:
        """Divide the texts into pieces.

        Args:
            subwords: the vocabulary.
            texts: the sentences.
            rate: the probability that a merge is left out, each time that it could be made; 0 gives
                the sub-words of `Subwords.encode`, and 1 single bytes.
            seed: determines all draws, together with the number of the pass.

        Raises:
            SettingsError: the rate is not a probability.
            TextError: a text is no Unicode.
        """
        if not 0 <= rate <= 1:
            raise SettingsError(f"the rate of BPE dropout must be from 0 to 1, not {rate}")
        self.rate, self.seed = rate, seed
        self._merges = _Merges(subwords)
        numbers: dict[tuple[int, ...], int] = {}
        words: dict[str, list[int]] = {}
        occurring: list[np.ndarray] = [np.empty(0, np.int32)]
        for text in texts:
            pieces: list[int] = []
            for word in text.split(" ") if text else []:
                if word not in words:
                    words[word] = [
                        numbers.setdefault(tuple(piece), len(numbers))
                        for piece in subwords.pieces(word)
                    ]
                pieces += words[word]
            occurring.append(np.array(pieces, np.int32))
        self._first = np.cumsum([len(pieces) for pieces in occurring], dtype=np.int64)
        self._occurring = np.concatenate(occurring)
        self._sizes = np.array([len(piece) for piece in numbers], np.int64)
        self._starts = np.cumsum(self._sizes) - self._sizes
        self._bytes = np.array([index for piece in numbers for index in piece], np.int32)
        counts = np.bincount(self._occurring, minlength=len(numbers))
        self._draws = np.minimum(counts, DRAWS if rate else 1)

    def draw(self, pass_number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids of the sub-words of all texts, and where each text begins.

        Args:
            pass_number: the number of the pass over the texts; each has draws of its own.

        Returns:
            The ids one after the other, int32, and the offsets of the texts in them, int64,
            (texts + 1,).
        """
        random = np.random.default_rng([self.seed, pass_number])
        drawn, starts, lengths = self._drawn(random)
        first_draw = np.cumsum(self._draws) - self._draws
        ids, sizes = [np.empty(0, np.int32)], [np.zeros(1, np.int64)]
        for begin in range(0, len(self._occurring), _OCCURRENCES):
            pieces = self._occurring[begin : begin + _OCCURRENCES]
            chosen = (random.random(len(pieces)) * self._draws[pieces]).astype(np.int64)
            chosen += first_draw[pieces]
            ids.append(drawn[_within(starts[chosen], lengths[chosen])])
            sizes.append(lengths[chosen])
        ends = np.cumsum(np.concatenate(sizes))
        return np.concatenate(ids), ends[self._first]

    def _drawn(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the ids of all draws, and the start and length of each among them, by piece."""
        pieces = np.repeat(np.arange(len(self._sizes)), self._draws)
        by_size = np.argsort(self._sizes[pieces], kind="stable")
        drawn = [np.empty(0, np.int32)]
        lengths = np.empty(len(pieces), np.int64)
        done = 0
        while done < len(pieces):
            rows = max(1, _CELLS // self._sizes[pieces[by_size[done]]])
            block = by_size[done : done + rows]
            sizes = self._sizes[pieces[block]]
            # Pieces of the same number of bytes or nearly so: little is filled up.
            block = block[sizes <= sizes[0] + sizes[0] // 4]
            merged = self._merged(pieces[block], random)
            lengths[block] = (merged >= 0).sum(axis=1)
            drawn.append(merged[merged >= 0])
            done += len(block)
        starts = np.empty(len(pieces), np.int64)
        starts[by_size] = np.cumsum(lengths[by_size]) - lengths[by_size]
        return np.concatenate(drawn), starts, lengths

    def _merged(self, pieces: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return one draw of the sub-words of each piece, (pieces, bytes), filled up by -1.

        As in the paper, a piece is finished when every merge that could be made is left out.
        """
        sizes = self._sizes[pieces]
        symbols = np.full((len(pieces), sizes.max()), -1, np.int32)
        symbols[np.arange(symbols.shape[1]) < sizes[:, None]] = self._bytes[
            _within(self._starts[pieces], sizes)
        ]
        results = np.full_like(symbols, -1)
        rows = np.arange(len(pieces))
        merges = self._merges.of_pairs(symbols[:, :-1], symbols[:, 1:])
        while len(rows) and merges.shape[1]:
            dropped = random.random(merges.shape, np.float32) < self.rate
            possible = np.where(dropped, _NO_MERGE, merges)
            at = possible.argmin(axis=1)
            merge = np.take_along_axis(possible, at[:, None], axis=1)[:, 0]
            ends = merge == _NO_MERGE
            results[rows[ends], : symbols.shape[1]] = symbols[ends]
            goes_on = ~ends
            rows, at, merge = rows[goes_on], at[goes_on], merge[goes_on]
            symbols, merges = symbols[goes_on], merges[goes_on]
            # The pair becomes one sub-word, and the following ones move up.
            columns = np.arange(symbols.shape[1] - 1)
            symbols[np.arange(len(rows)), at] = self._merges.results[merge]
            symbols = np.take_along_axis(symbols, columns + (columns > at[:, None]), axis=1)
            columns = columns[:-1]
            merges = np.take_along_axis(merges, columns + (columns >= at[:, None]), axis=1)
            for side in (at - 1, at):
                inside = (side >= 0) & (side < merges.shape[1])
                row, column = np.flatnonzero(inside), side[inside]
                merges[row, column] = self._merges.of_pairs(
                    symbols[row, column], symbols[row, column + 1]
                )
        results[rows, : symbols.shape[1]] = symbols
        return results


class _Merges:
    """Finds the merge of a pair of sub-words: its rank, or `_NO_MERGE`."""

    def __init__(self, subwords: Subwords) -> None:
        pairs = [(subwords.ids[left], subwords.ids[right]) for left, right in subwords.merges]
        ids = [subwords.ids[left + right] for left, right in subwords.merges]
        self.results = np.array(ids, np.int32)
        self._size = subwords.size
        keys = np.array([left * self._size + right for left, right in pairs], np.int64)
        self._ranks = np.append(np.argsort(keys), _NO_MERGE).astype(np.int32)
        # Above all keys of pairs, so that a search for any key finds an entry.
        self._keys = np.append(np.sort(keys), self._size**2)

    def of_pairs(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return the rank of each pair's merge; pairs with -1 have none."""
        keys = left.astype(np.int64) * self._size + right
        positions = np.searchsorted(self._keys, keys)
        is_merge = (self._keys[positions] == keys) & (right >= 0)
        ranks: np.ndarray = np.where(is_merge, self._ranks[positions], np.int32(_NO_MERGE))
        return ranks


def _within(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the positions of runs of these starts and lengths, one run after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    positions: np.ndarray = np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
    return positions
