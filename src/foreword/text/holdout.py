"""Hold out the end of a text, so that a model can be evaluated on text it has not seen."""

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

from foreword.text.corpus import Source
from foreword.text.lines import Piece

SHARE = 0.05
MOST_CHARACTERS = 1_000_000
FEWEST_CHARACTERS = 2_000
"""The smallest held-out text, about 400 words, whose perplexity is meaningful."""


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
    # Whole lines, or paragraphs where lines are wrapped, at which the text may be divided: all
    # candidates are in its last `MOST_CHARACTERS`, however long it is.
    cuts: deque[_Cut] = deque()
    read = 0
    for number, source in enumerate(sources):
        begins = True
        for index, piece in enumerate(source.read()):
            if begins or source.lines != "wrapped":
                if cuts and cuts[-1].read == read:
                    cuts.pop()
                cuts.append(_Cut(read, number, index))
                while len(cuts) > 1 and read - cuts[1].read >= MOST_CHARACTERS:
                    cuts.popleft()
            read += len(piece.text)
            begins = piece.ends_line
    wanted = min(SHARE * read, MOST_CHARACTERS)
    if wanted < FEWEST_CHARACTERS:
        return list(sources), []
    cut = next(cut for cut in reversed(cuts) if read - cut.read >= wanted)
    if read - cut.read > read / 2:
        return list(sources), []
    parted = sources[cut.source]
    before, after = _slice(parted, 0, cut.piece), _slice(parted, cut.piece, None)
    train = [*sources[: cut.source], before] if cut.piece > 0 else [*sources[: cut.source]]
    return train, [after, *sources[cut.source + 1 :]]


class _Cut(NamedTuple):
    """The beginning of a piece: the characters before it, its source, its index there."""

    read: int
    source: int
    piece: int


def _slice(source: Source, first: int, last: int | None) -> Slice:
    values = {field.name: getattr(source, field.name) for field in fields(Source)}
    return Slice(**values, first=first, last=last)
