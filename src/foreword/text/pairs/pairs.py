"""Define pairs of sentences, and the units of files from which they are taken."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from foreword.text.forms.form import Head, Opened

UNKNOWN = ""
"""The language of a text if the file does not name it."""


class Unit(NamedTuple):
    """An entry of a file: one sentence in two or more languages.

    Attributes:
        line: the line of the file on which it begins.
        languages: the language of each text, as the file writes it, or `UNKNOWN`; the source first.
        texts: the texts, in the order of the languages.
    """

    line: int
    languages: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class PairForm:
    """A format of files that each hold sentences with their translations.

    Attributes:
        name: the name by which it is chosen.
        label: what people call such a file.
        recognises: whether a file with this beginning has this format.
        read: yields the units in order.
    """

    name: str
    label: str
    recognises: Callable[[Head], bool]
    read: Callable[[Opened], Iterator[Unit]]


@dataclass(frozen=True)
class Pairs:
    """Sentences and their translations.

    Attributes:
        sources: the sentences, each on one line, without spaces around it.
        targets: their translations, in the same order.
        languages: the codes of both languages; `UNKNOWN` if neither files nor names show them.
        note: what was read, in one line for people.
        files: the names of the files.
        file_numbers: the number of the file of each pair, (pairs,).
        lines: the line on which each pair begins, (pairs,).
    """

    sources: Sequence[str]
    targets: Sequence[str]
    languages: tuple[str, str]
    note: str
    files: tuple[str, ...] = field(repr=False)
    file_numbers: np.ndarray = field(repr=False)
    lines: np.ndarray = field(repr=False)

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def names(self) -> str:
        """The names of the files without their folders, which are private."""
        files = [name for both in self.files for name in both.split(" and ")]
        return ", ".join(Path(name).name for name in files)

    def where(self, index: int) -> str:
        """Return where a pair comes from, for messages: "notes.tmx, line 12"."""
        return f"{self.files[self.file_numbers[index]]}, line {self.lines[index]}"

    def taken(self, indices: Sequence[int] | np.ndarray) -> "Pairs":
        """Return the pairs with these indices, in their order."""
        return replace(
            self,
            sources=[self.sources[index] for index in indices],
            targets=[self.targets[index] for index in indices],
            file_numbers=self.file_numbers[indices],
            lines=self.lines[indices],
        )
