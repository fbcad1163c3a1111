"""Judge whether letters look like a word, by a character model of a vocabulary. Knows no files.

An unknown name has letters in an order that occurs in languages; a random string does not. P(letter
| two before) is counted over the distinct words of a vocabulary, without case and accents, and
smoothed by P(letter | one before) and P(letter) (Jelinek and Mercer 1980). With a vocabulary of few
Latin words, rules remain that hold for Latin letters in any language.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np

from foreword.text.case import bare

ENOUGH_WORDS = 1_000
"""The number of words in Latin letters from which a vocabulary's character model is used."""
SHORT = 4
"""The number of letters up to which a word holds no secret; many are abbreviations (brb, Krk)."""
MOST_BITS = 6.2
"""The most bits a letter, on average, of a word in lower case or in capitals: of random words of
eight letters, one in ten has fewer by the everyday model."""
MORE_OF_SHORT = {5: 0.7, 6: 0.3}
"""Additional bits by the number of letters: short words can hide little."""
MOST_BITS_OF_NAME = 7.6
"""The most bits for words with a capital, as in names but seldom in secrets, or with accents."""

_MARKS = re.compile("['’ʼ-]")
_RUN = re.compile(r"(.)\1{2,}")
_LAUGH = re.compile(r"(..)\1{2,}")
# Groups of consonants that some language uses for one sound.
_SOUNDS = re.compile("tsch|dsch|sch|szcz|ch|sh|th|ph|gh|kh|zh|ck|ng|cz|sz|rz|dz|ts|tz|st|qu|ll|rr")
_SIMPLER = """
szcz=sh tsch=ch dsch=j sch=sh cz=ch sz=sh rz=r dz=z ij=i j=y w=v kk=k aa=a uu=u oo=o ee=e hl=l
hr=r mk=k tk=k lh=l nw=n ts=s nj=n lj=l pf=f zh=sh gh=g kh=k bh=b dh=d
"""
_SPELLINGS = [pair.split("=") for pair in _SIMPLER.split()]
_NEVER = re.compile(
    "q[^aeiouw]|[bdfghjkmptvwxz]q|[bcdfghjkmpqsvwz]x|x[gjkqvxz]|j[fqvwxz]|v[bfpqwx]"
)
_CONSONANTS = re.compile("[^aeiouyw*]+|[*]+")
_VOWELS = re.compile("[aeiouy]{6,}")
_RARE = frozenset("jkqvwxz")
_KEYS = ("qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm")
_ROWS = frozenset(
    row[at : at + 5] for keys in _KEYS for row in (keys, keys[::-1]) for at in range(len(row) - 4)
)
_HEX = re.compile("[a-f]{8,}")
_ANYWHERE = frozenset(("", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"))
"""Scripts that are written together and with others, and characters of no script."""
_SIZE, _EDGE = 27, ord("a") - 1


def letters(word: str) -> str:
    """Return a word in the letters a to z, without accents, apostrophes and prolonged letters.

    Letters of other scripts stay.

    >>> letters("Zoë"), letters("Straße"), letters("noooooo"), letters("hahahaha")
    ('zoe', 'strasse', 'no', 'ha')
    """
    plain = _MARKS.sub("", bare(word))
    return _LAUGH.sub(r"\1", _RUN.sub(r"\1", plain))


class Plausible:
    """Judges words by a vocabulary."""

    def __init__(self, words: Sequence[str]) -> None:
        """Take the words; they are counted when first needed."""
        self._words = words
        self.of = lru_cache(1 << 15)(self._of)

    def _of(self, word: str) -> bool:
        """Whether letters look like a word.

        Letters of a single script other than Latin always do, as secrets are typed and generated in
        Latin letters.
        """
        plain = letters(word)
        if not (plain.isascii() and plain.isalpha()):
            return len({_script(c) for c in plain} - _ANYWHERE) <= 1
        if len(plain) <= SHORT:
            return True
        if _HEX.fullmatch(plain) or any(plain[at : at + 5] in _ROWS for at in range(len(plain))):
            return False
        is_name = word.istitle() or not word.isascii()
        return _may_be_said(plain) and self._is_likely(
            plain, MOST_BITS_OF_NAME if is_name else MOST_BITS
        )

    def strictly(self, word: str) -> bool:
        """Whether lower-case letters look like a word, however few they are."""
        plain = letters(word)
        return _may_be_said(plain) and self._is_likely(plain, MOST_BITS)

    def _is_likely(self, plain: str, most: float) -> bool:
        """Whether letters follow each other as in the vocabulary, perhaps in a simpler spelling."""
        if self._bits is None:
            return True
        most += MORE_OF_SHORT.get(len(plain), 0.0)
        return self.bits(plain) <= most or self.bits(_spelled(plain)) <= most

    def bits(self, plain: str) -> float:
        """Return -log2 P(letter | two before), averaged over a word and its end."""
        assert self._bits is not None
        context, total = 0, 0.0
        for code in (*plain.encode(), _EDGE):
            row = context * _SIZE + code - _EDGE
            total += self._bits[row]
            context = row % _SIZE**2
        return total / (len(plain) + 1)

    @cached_property
    def _bits(self) -> list[float] | None:
        """-log2 P(third | first two), 27 x 27 x 27 entries; 0 is the edge of a word."""
        plain = {letters(word) for word in self._words if word.isalpha()}
        text = [word for word in plain if word.isascii() and word.isalpha() and len(word) > 2]
        if len(text) < ENOUGH_WORDS:
            return None
        stream = np.frombuffer("".join(f"``{word}`" for word in text).encode(), np.uint8) - _EDGE
        keys = (stream[:-2].astype(np.int64) * _SIZE + stream[1:-1]) * _SIZE + stream[2:]
        is_within = (stream[1:-1] != 0) | (stream[2:] != 0)
        counts = np.bincount(keys[is_within], minlength=_SIZE**3).reshape((_SIZE,) * 3)
        counts[1:, 0, :] = 0  # these cross from one word to the next
        threes = counts.astype(float)
        twos, ones = threes.sum(0), threes.sum((0, 1))
        shares = 0.9 * ones / ones.sum() + 0.1 / _SIZE
        for level in (twos, threes):
            total = level.sum(-1, keepdims=True)
            kinds = (level > 0).sum(-1, keepdims=True)  # Witten and Bell 1991
            shares = (level + kinds * shares) / np.maximum(total + kinds, 1)
            shares = np.where(total > 0, shares, 1 / _SIZE)
        bits: list[float] = (-np.log2(shares)).ravel().tolist()
        return bits


def _spelled(plain: str) -> str:
    """Return a word as a language with few consonant groups would spell it: szczep as shep."""
    for group, letter in _SPELLINGS:
        plain = plain.replace(group, letter)
    return plain


def _may_be_said(plain: str) -> bool:
    """Whether letters have vowels and consonants like the words of some language."""
    if not re.search("[aeiouyw]", plain) or _VOWELS.search(plain) or _NEVER.search(plain):
        return False
    sounds = _SOUNDS.sub("*", plain)
    if max((len(run) for run in _CONSONANTS.findall(sounds.replace("*", "t"))), default=0) > 5:
        return False
    return sum(c in _RARE for c in plain) <= len(plain) / 2


@lru_cache(maxsize=1 << 12)
def _script(character: str) -> str:
    """Return the script of a letter, by the first word of its name; empty for marks and joiners."""
    if unicodedata.category(character)[0] in "MC":
        return ""
    return unicodedata.name(character, "?").split(" ", 1)[0]
