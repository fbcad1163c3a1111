"""Words as the bytes of a file that has one a line. Knows no files."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import overload


class WordLines(Sequence[str]):
    r"""Words that become strings when one is first used. Equal to any sequence of the same words.

    The core suggests words from the bytes, and as strings they would take nine times the memory.

    >>> words = WordLines("naïve\nzany\n".encode())
    >>> len(words), words[0], words == ("naïve", "zany")
    (2, 'naïve', True)
    """

    def __init__(self, data: bytes = b"") -> None:
        """Take UTF-8, in which a newline ends every word."""
        self.data = data

    @classmethod
    def of(cls, words: Iterable[str]) -> "WordLines":
        """Return the same words in this form."""
        if isinstance(words, cls):
            return words
        return cls("".join(f"{word}\n" for word in words).encode())

    @cached_property
    def _words(self) -> tuple[str, ...]:
        return tuple(self.data.decode().split("\n")[:-1])

    def __len__(self) -> int:
        return self.data.count(b"\n")

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...

    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        return self._words[index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return self._words == tuple(other)

    def __hash__(self) -> int:
        return hash(self._words)

    def __repr__(self) -> str:
        return repr(self._words)
