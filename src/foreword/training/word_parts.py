"""The parts that words share: runs of letters, and the word without capitals. No torch.

A word that the text has only a few times is often made of parts that it has many times: endings,
stems, prefixes. So the vector of a word is a vector of its own plus the mean of vectors of its
parts, which all words with these parts teach. Bojanowski et al. (2017), "Enriching word vectors
with subword information", do this for word vectors, and Assylbekov & Takhanov (2018), "Reusing
weights in subword-aware neural language models", for input and output of a recurrent network.
"""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

SHORTEST, LONGEST = 3, 4
"""The lengths of runs of letters, the marks of a word's beginning and end included."""
LEAST = 20
"""The number of words that must have a run of letters, so that it is worth a vector."""
CAPITAL, DIGIT = "A", "0"
"""The parts of words that begin with a capital, and of those that begin with a digit."""


@dataclass(frozen=True)
class WordParts:
    """The parts of each word of a vocabulary.

    Attributes:
        parts: the parts' numbers, (N,) int64, word after word.
        offsets: where those of each word begin, and their end: (V + 1,) int64.
        count: the number of different parts.
    """

    parts: np.ndarray
    offsets: np.ndarray
    count: int


@lru_cache(maxsize=1)  # a run that times some steps before it begins asks twice
def word_parts(words: tuple[str, ...]) -> WordParts:
    """Return the parts of the words of a vocabulary, by id.

    Digits count as one digit, and capitals as small letters, so that years are alike, and a name
    at the beginning of a sentence is like itself. Words such as `<unk>` have no parts.
    """
    named = [_parts(word) for word in words]
    counts = Counter(part for parts in named for part in parts)
    numbers: dict[str, int] = {}
    chosen = [
        [numbers.setdefault(part, len(numbers)) for part in parts if counts[part] >= _least(part)]
        for parts in named
    ]
    return WordParts(
        np.array([number for parts in chosen for number in parts], dtype=np.int64),
        np.cumsum([0, *map(len, chosen)], dtype=np.int64),
        len(numbers),
    )


def _least(part: str) -> int:
    return 2 if part.startswith(_WHOLE) else LEAST


_WHOLE = "="
"""Begins the part that is a word without capitals."""


def _parts(word: str) -> list[str]:
    """Return the parts of a word in a fixed order, each once."""
    if word.startswith("<") and word.endswith(">"):
        return []
    plain = "".join("0" if letter.isdigit() else letter for letter in word.lower())
    marked = f"<{plain}>"
    runs = [
        marked[begin : begin + length]
        for length in range(SHORTEST, LONGEST + 1)
        for begin in range(len(marked) - length + 1)
    ]
    kinds = [CAPITAL] * word[:1].isupper() + [DIGIT] * word[:1].isdigit()
    return list(dict.fromkeys([_WHOLE + plain, *runs, *kinds]))
