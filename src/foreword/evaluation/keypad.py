"""Type words with the digits 2 to 9, each of which has several letters, and count the keys.

A predictor chooses among the words that fit the digits. Keystrokes per character (KSPC) are those
of MacKenzie 2002 ("KSPC (keystrokes per character) as a characteristic of text entry techniques",
Mobile HCI). Knows no models, files or torch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from foreword.errors import TextError
from foreword.evaluation.keystrokes import readable_message, words_of
from foreword.predictor.letters import without_accents

KEYS = {"1": "'", "2": "abc", "3": "def", "4": "ghi", "5": "jkl"}
KEYS |= {"6": "mno", "7": "pqrs", "8": "tuv", "9": "wxyz"}
"""The letters of each key (ITU-T E.161), and the apostrophe."""

_TAPS = {letter: taps for letters in KEYS.values() for taps, letter in enumerate(letters, 1)}
_DIGITS = str.maketrans({letter: key for key, letters in KEYS.items() for letter in letters})


class KnowsWords(Protocol):
    """A vocabulary, and a predictor of its words."""

    @property
    def words(self) -> Sequence[str]:
        """The words, the most frequent first."""
        ...

    def fold(self, word: str) -> str:
        """Return a form that is the same for all cases of a word."""
        ...

    def probabilities(self, text: str) -> np.ndarray:
        """Return P(next word | text), in the order of `words`."""
        ...


@dataclass(frozen=True)
class KeypadReport:
    """How often the intended word comes first, and what typing costs.

    Attributes:
        characters: the number of characters of all messages.
        words: the number of words that the keys can type.
        known: how many of them are in the vocabulary.
        first: how many are the most probable one of the words with their digits.
        first_by_frequency: how many are the most frequent one of these.
        keys: the keys for all characters.
        keys_by_frequency: the same, with the words in the order of their frequencies.
    """

    characters: int
    words: int
    known: int
    first: int
    first_by_frequency: int
    keys: int
    keys_by_frequency: int

    def record(self) -> dict[str, int | float]:
        """Return plain figures: shares from 0 to 1."""
        return {
            "characters": self.characters,
            "words": self.words,
            "known": self.known / self.words,
            "first": self.first / self.words,
            "first_by_frequency": self.first_by_frequency / self.words,
            "keystrokes_per_character": self.keys / self.characters,
            "keystrokes_per_character_by_frequency": self.keys_by_frequency / self.characters,
        }


def digits_of(fold: str) -> str | None:
    """Return the keys of a folded word, without regard to accents; None if it has no keys.

    >>> digits_of("home"), digits_of("don't"), digits_of("élan"), digits_of("4th")
    ('4663', '36618', '3526', None)
    """
    plain = without_accents(fold)
    return plain.translate(_DIGITS) if plain and _TAPS.keys() >= set(plain) else None


def measure_keypad(predictor: KnowsWords, messages: Iterable[str]) -> KeypadReport:
    """Type messages on a keypad.

    A word of the vocabulary costs a key for each letter, and a key for each word with the same
    digits that is offered before it. Any other word is typed letter by letter, after a key that
    announces it: a letter costs its position on its key. Words that differ only in case are the
    same. Everything else (spaces, marks, and words with digits or of other scripts) costs a key a
    character.

    Args:
        predictor: the source of words and their probabilities.
        messages: as for `simulate`; each is a text of its own.

    Raises:
        TextError: no message has a word that the keys can type.
    """
    by_digits = _by_digits(predictor)
    characters = words = known = first = first_by_frequency = keys = keys_by_frequency = 0
    for raw in messages:
        message = readable_message(raw)
        ranges = words_of(message)
        if not ranges:
            continue
        characters += len(message)
        keys += len(message)
        keys_by_frequency += len(message)
        for start, end in ranges.items():
            fold = predictor.fold(message[start:end])
            digits = digits_of(fold)
            if digits is None:
                continue
            words += 1
            more = len(digits) - (end - start)  # letters such as œ have two keys
            fitting = by_digits.get(digits, {})
            if fold not in fitting:
                more += 1 + sum(_TAPS[letter] - 1 for letter in without_accents(fold))
                keys += more
                keys_by_frequency += more
                continue
            known += 1
            rank = by_frequency = list(fitting).index(fold)
            if len(fitting) > 1:
                rank = _rank(fold, fitting, predictor.probabilities(message[:start]))
            first += rank == 0
            first_by_frequency += by_frequency == 0
            keys += more + rank
            keys_by_frequency += more + by_frequency
    if not words:
        raise TextError(
            "no word of the text can be typed with the keys 2 to 9, which have the letters A to Z"
        )
    return KeypadReport(
        characters, words, known, first, first_by_frequency, keys, keys_by_frequency
    )


def _by_digits(predictor: KnowsWords) -> dict[str, dict[str, list[int]]]:
    """Return the ids of each folded word, by its digits, the most frequent word first."""
    by_digits: dict[str, dict[str, list[int]]] = {}
    for index, word in enumerate(predictor.words):
        fold = predictor.fold(word)
        if (digits := digits_of(fold)) is not None:
            by_digits.setdefault(digits, {}).setdefault(fold, []).append(index)
    return by_digits


def _rank(fold: str, fitting: dict[str, list[int]], probabilities: np.ndarray) -> int:
    """Return how many words come before one; equally probable ones come by frequency."""
    likeliest_first = sorted(fitting, key=lambda word: -float(probabilities[fitting[word]].sum()))
    return likeliest_first.index(fold)
