"""Distinguish names that a text hardly has from its words, by their sequences of letters.

A translator copies such names, since it would only guess how to spell them. Knows no models.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from foreword.text.placeholders import WORD

LENGTH = 5
"""The number of characters of a sequence. The beginning and the end of a word count as one each."""
STRANGE = 0.6
"""A name has at least this share of sequences that no word of the text has."""
SELDOM = 2
"""A word that occurs more often is learned by the model, even if its translation is the same."""
BITS = 1 << 20
"""The size of the filter: some twenty times as many bits as the sequences of a large text."""


@dataclass(frozen=True)
class Spellings:
    """The sequences of letters in a text's words: a Bloom filter with one hash function.

    Attributes:
        filter: one bit for each value of the hash, (BITS / 8,) of uint8.
    """

    filter: np.ndarray

    @classmethod
    def learn(cls, sources: Iterable[str], targets: Iterable[str]) -> "Spellings":
        """Read the words of sentences, except names that occur once or twice.

        A rare word with a capital counts as a name if each of its translations contains it.

        Args:
            sources: the sentences.
            targets: their translations.
        """
        counts: Counter[str] = Counter()
        kept: Counter[str] = Counter()
        for source, target in zip(sources, targets, strict=True):
            words = WORD.findall(source)
            counts.update(words)
            same = set(words) & set(WORD.findall(target))
            kept.update(word for word in words if word in same and word[0].isupper())
        bits = np.zeros(BITS, bool)
        for word, count in counts.items():
            if count > SELDOM or kept[word] < count:
                bits[list(_hashes(word))] = True
        return cls(np.packbits(bits))

    def is_strange_name(self, word: str) -> bool:
        """Whether a word begins with a capital and is spelled unlike the words of the text."""
        if not word[:1].isupper():
            return False
        seen = [bool(self.filter[hashed >> 3] & (0x80 >> (hashed & 7))) for hashed in _hashes(word)]
        return seen.count(False) >= STRANGE * len(seen)

    def joined(self, other: "Spellings") -> "Spellings":
        """Return the spellings of both texts."""
        return Spellings(self.filter | other.filter)


def _hashes(word: str) -> Iterator[int]:
    """Yield the hash of each sequence of a word; one that is shorter is a sequence itself."""
    edged = f"^{word.lower()}$"
    for begin in range(max(1, len(edged) - LENGTH + 1)):
        yield crc32(edged[begin : begin + LENGTH].encode("utf-8", "surrogatepass")) % BITS
