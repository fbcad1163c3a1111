"""Characters cut into lines. Knows nothing of bytes, encodings and files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_PIECE = 1 << 20
"""The length in characters at which a line is cut into pieces."""


@dataclass(frozen=True)
class Piece:
    """A line without its end; or, of a line of over a million characters, a part."""

    text: str
    ends_line: bool


def pieces_of(blocks: Iterable[str]) -> Iterator[Piece]:
    """The lines of a text that comes in blocks, cut anywhere, in bounded memory."""
    held = ""
    for block in blocks:
        held += block
        *lines, held = held.split("\n")
        for line in lines:
            yield Piece(line.removesuffix("\r"), ends_line=True)
        while len(held) > LONGEST_PIECE:
            cut = _place_to_cut(held[:LONGEST_PIECE])
            yield Piece(held[:cut], ends_line=False)
            held = held[cut:]
    if held:
        yield Piece(held.removesuffix("\r"), ends_line=True)


def _place_to_cut(text: str) -> int:
    """Where the text's last word begins, so that a cut there leaves all words whole; or its end."""
    if text[-1].isspace():
        return len(text)
    return len(text) - len(text.rsplit(maxsplit=1)[-1]) or len(text)
