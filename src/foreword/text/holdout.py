"""Hold out the end of a text, so that a model can be evaluated on text it has not seen."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields

from foreword.text.corpus import Source
from foreword.text.lines import Piece

SHARE = 0.05
MOST_CHARACTERS = 1_000_000
FEWEST_CHARACTERS = 2_000
"""The least held-out text, about 400 words, whose perplexity says anything."""


@dataclass(frozen=True)
class Slice(Source):
    """A range of a source's pieces."""

    first: int = 0
    last: int | None = None

    def read(self, on_bytes: Callable[[int], None] | None = None) -> Iterator[Piece]:
        """Yield the pieces from `first` up to `last`."""
        yield from itertools.islice(super().read(on_bytes), self.first, self.last)


def hold_out(sources: Sequence[Source]) -> tuple[list[Source], list[Source]]:
    """Split off whole lines at the end, a twentieth of the text, as validation sources.

    A text with too few characters or lines for a meaningful measure is not split.
    """
    total = sum(len(piece.text) for source in sources for piece in source.read())
    wanted = min(SHARE * total, MOST_CHARACTERS)
    if wanted < FEWEST_CHARACTERS:
        return list(sources), []
    # The cut is the last piece from which enough text follows. It takes a second reading, since
    # storing the length of every piece would take memory in proportion to the text.
    cut_source = cut_piece = held = read = 0
    for number, source in enumerate(sources):
        begins = True  # a line; or, where lines are wrapped, a paragraph
        for index, piece in enumerate(source.read()):
            if total - read >= wanted and (begins or source.lines != "wrapped"):
                cut_source, cut_piece, held = number, index, total - read
            read += len(piece.text)
            begins = piece.ends_line
    if held > total / 2:
        return list(sources), []
    parted = sources[cut_source]
    before, after = _slice(parted, 0, cut_piece), _slice(parted, cut_piece, None)
    train = [*sources[:cut_source], before] if cut_piece > 0 else [*sources[:cut_source]]
    return train, [after, *sources[cut_source + 1 :]]


def _slice(source: Source, first: int, last: int | None) -> Slice:
    values = {field.name: getattr(source, field.name) for field in fields(Source)}
    return Slice(**values, first=first, last=last)
