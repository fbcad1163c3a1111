"""Whether letters look like a word: by a model of characters, counted from a vocabulary. No files.

A name that nobody has heard of has letters in an order that languages have; what a machine has
drawn has not. P(letter | two before) is counted over the different words of a vocabulary, without
case and accents, and smoothed by P(letter | one before) and P(letter) (Jelinek and Mercer 1980). A
vocabulary of few Latin words, or none, leaves rules that hold for Latin letters in any language.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np

ENOUGH_WORDS = 1_000
"""Of Latin letters in a vocabulary, from which on its characters tell."""
SHORT = 4
"""Letters: so few hold no secret, and are abbreviations of all kinds (brb, pls, Krk)."""
MOST_BITS = 6.1
"""Of a letter on average. Letters drawn by chance have 7.4 by the everyday model, names 4.4."""
MOST_BITS_OF_PART = 7.6
"""Of a letter, over any six in a row."""
PART = 6

_LATIN = {"æ": "ae", "œ": "oe", "ø": "o", "ı": "i", "đ": "d", "ð": "d", "ł": "l", "ħ": "h"}
_LATIN |= {"ß": "ss", "þ": "th", "ŋ": "n", "ə": "a", "ŧ": "t", "ĸ": "k"}
_PLAIN = str.maketrans(_LATIN)
_MARKS = re.compile("[\u0300-\u036f'’ʼ-]")
_RUN = re.compile(r"(.)\1{2,}")
_LAUGH = re.compile(r"(..)\1{2,}")
# Groups of consonants that are one sound, in some language.
_SOUNDS = re.compile("tsch|dsch|sch|szcz|ch|sh|th|ph|gh|kh|zh|ck|ng|cz|sz|rz|dz|ts|tz|st|qu|ll|rr")
_CONSONANTS = re.compile("[^aeiouyw*]+|[*]+")
_VOWELS = re.compile("[aeiouy]{6,}")
_RARE = frozenset("jkqvwxz")
_KEYS = ("qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm")
_ROWS = frozenset(
    row[at : at + 5] for keys in _KEYS for row in (keys, keys[::-1]) for at in range(len(row) - 4)
)
_HEX = re.compile("[a-f]{8,}")
_SIZE = 27


def letters(word: str) -> str:
    """A word in the letters a to z, without accents and apostrophes, and without what is drawn out.

    Letters of other scripts stay.

    >>> letters("Zoë"), letters("Straße"), letters("noooooo"), letters("hahahaha")
    ('zoe', 'strasse', 'no', 'ha')
    """
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", word.lower().translate(_PLAIN)))
    return _LAUGH.sub(r"\1", _RUN.sub(r"\1", plain))


class Plausible:
    """What looks like a word to whoever knows a vocabulary."""

    def __init__(self, words: Sequence[str]) -> None:
        """Takes the words; nothing is counted until it is needed."""
        self._words = words
        self.of = lru_cache(1 << 15)(self._of)

    def _of(self, word: str) -> bool:
        """Whether a word of letters looks like one.

        Of other scripts than the Latin one everything does that is of one script: secrets are
        typed, and drawn, in Latin letters.
        """
        plain = letters(word)
        if not (plain.isascii() and plain.isalpha()):
            return len({_script(c) for c in plain}) <= 1
        if len(plain) <= SHORT:
            return True
        if _HEX.fullmatch(plain) or any(plain[at : at + 5] in _ROWS for at in range(len(plain))):
            return False
        if not _may_be_said(plain):
            return False
        return self._bits is None or _is_likely(self.bits(plain))

    def bits(self, plain: str) -> np.ndarray:
        """-log2 P of each letter, and of the end, given the two before: (letters + 1,)."""
        assert self._bits is not None
        codes = [0, 0, *(ord(c) - 96 for c in plain), 0]
        table = self._bits
        return np.array([table[t] for t in zip(codes, codes[1:], codes[2:], strict=False)])

    @cached_property
    def _bits(self) -> np.ndarray | None:
        """(27, 27, 27) float, -log2 P(third | first two); 0 is the edge of a word."""
        plain = {letters(word) for word in self._words if word.isalpha()}
        text = [word for word in plain if word.isascii() and word.isalpha() and len(word) > 2]
        if len(text) < ENOUGH_WORDS:
            return None
        stream = np.frombuffer("".join(f"``{word}`" for word in text).encode(), np.uint8) - 96
        keys = (stream[:-2].astype(np.int64) * _SIZE + stream[1:-1]) * _SIZE + stream[2:]
        is_within = ~((stream[1:-1] == 0) & (stream[2:] == 0)) & (stream[:-2] * 1 >= 0)
        counts = np.bincount(keys[is_within], minlength=_SIZE**3).reshape((_SIZE,) * 3)
        counts[1:, 0, :] = 0  # from one word to the next
        threes = counts.astype(float)
        twos, ones = threes.sum(0), threes.sum((0, 1))
        shares = 0.9 * ones / ones.sum() + 0.1 / _SIZE
        for level in (twos, threes):
            total = level.sum(-1, keepdims=True)
            kinds = (level > 0).sum(-1, keepdims=True)  # Witten and Bell 1991
            shares = (level + kinds * shares) / np.maximum(total + kinds, 1)
            shares = np.where(total > 0, shares, 1 / _SIZE)
        bits: np.ndarray = -np.log2(shares)
        return bits


def _is_likely(bits: np.ndarray) -> bool:
    if bits.mean() > MOST_BITS:
        return False
    if len(bits) <= PART:
        return True
    sums = np.convolve(bits, np.ones(PART), "valid")
    return bool(sums.max() <= PART * MOST_BITS_OF_PART)


def _may_be_said(plain: str) -> bool:
    """Whether letters have vowels and consonants as words of some language do."""
    if not re.search("[aeiouyw]", plain) or _VOWELS.search(plain):
        return False
    sounds = _SOUNDS.sub("*", plain)
    if max((len(run) for run in _CONSONANTS.findall(sounds.replace("*", "t"))), default=0) > 4:
        return False
    return sum(c in _RARE for c in plain) <= len(plain) / 2


def _script(character: str) -> str:
    """The script of a letter, by the first word of its name; marks and joiners have none."""
    if unicodedata.category(character)[0] in "MC":
        return ""
    return unicodedata.name(character, "?").split(" ", 1)[0]
