"""A model's words by their ids, and back. Does not cut text."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any


class Vocabulary:
    """Words in Python, or in the core, of which Python makes its own when it needs all.

    Prediction in the core needs none in Python, where they would take four times the memory.

    >>> vocabulary = Vocabulary(["<unk>", "<eos>", "to"])
    >>> vocabulary.ids["to"], "to" in vocabulary, "too" in vocabulary, len(vocabulary)
    (2, True, False, 3)
    """

    native: Any = None
    """The vocabulary in the core; None if Python made it."""

    def __init__(self, words: Sequence[str]) -> None:
        """Take the words by id."""
        self.words = tuple(words)

    @classmethod
    def of_core(cls, native: Any) -> "Vocabulary":
        """Return one that is in the core."""
        vocabulary = cls.__new__(cls)
        vocabulary.native = native
        return vocabulary

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words by id."""
        return tuple(self.native.all())

    @cached_property
    def ids(self) -> Mapping[str, int]:
        """The ids by word."""
        return dict(zip(self.words, range(len(self.words)), strict=True))

    def id(self, word: str) -> int | None:
        """Return a word's id; None if the vocabulary lacks it."""
        if self.native is None:
            return self.ids.get(word)
        known: int | None = self.native.id(word)
        return known

    def __contains__(self, word: str) -> bool:
        return self.id(word) is not None

    def __len__(self) -> int:
        return len(self.words if self.native is None else self.native)

    def __reduce__(self) -> tuple[type["Vocabulary"], tuple[tuple[str, ...]]]:
        return Vocabulary, (self.words,)
