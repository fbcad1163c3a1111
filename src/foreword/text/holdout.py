"""Holds the end of a text out, so that a model can be measured on what it has not seen."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from foreword.text.corpus import Piece, Source

SHARE = 0.05
MOST_CHARACTERS = 1_000_000
FEWEST_CHARACTERS = 2_000
"""Below so much held-out text, about 400 words, a perplexity says little."""


@dataclass(frozen=True)
class Slice(Source):
    """Some of a source's pieces."""

    first: int = 0
    last: int | None = None

    def read(self, on_bytes: Callable[[int], None] | None = None) -> Iterator[Piece]:
        """The pieces from `first` up to `last`."""
        yield from itertools.islice(super().read(on_bytes), self.first, self.last)


def hold_out(sources: Sequence[Source]) -> tuple[list[Source], list[Source]]:
    """Training sources and, from the end, validation sources: whole lines, a twentieth of the text.

    Nothing is held out of a text so short, or of so few lines, that it would be no measure.
    """
    lengths = [[len(piece.text) for piece in source.read()] for source in sources]
    total = sum(map(sum, lengths))
    wanted = min(SHARE * total, MOST_CHARACTERS)
    if wanted < FEWEST_CHARACTERS:
        return list(sources), []
    train: list[Source] = []
    valid: list[Source] = []
    held = 0
    for source, pieces in zip(reversed(sources), reversed(lengths), strict=True):
        first = len(pieces)
        while first > 0 and held < wanted:
            first -= 1
            held += pieces[first]
        if first > 0:
            train.insert(0, _slice(source, 0, first))
        if first < len(pieces):
            valid.insert(0, _slice(source, first, None))
    if held > total / 2:
        return list(sources), []
    return train, valid


def _slice(source: Source, first: int, last: int | None) -> Slice:
    return Slice(source.name, source.size, source.open, source.encoding, first, last)
