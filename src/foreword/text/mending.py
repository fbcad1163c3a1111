"""Letters that were decoded wrongly before a text was saved, decoded anew: `donâ€™t` as `don’t`.

By ftfy, behind the extra `foreword[texts]`, of which only what can be undone is used: a line's
letters become the bytes that they were read from, and these the letters that they are in UTF-8.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from foreword.errors import MissingExtraError
from foreword.text.encodings import mojibake, mojibakes

_SPACES = re.compile(r"(\s+)")


class Mender:
    """Mends lines, and counts.

    >>> mender = Mender()
    >>> mender.mended("I donâ€™t know"), mender.mended("Ã©tÃ© Âge"), mender.places
    ('I don’t know', 'été Âge', 3)

    Attributes:
        places: that were mended.
        example: the first line that was, before and after; empty before any.
    """

    def __init__(self) -> None:
        """Raises MissingExtraError: the library is not installed."""
        try:
            import ftfy
        except ModuleNotFoundError as error:
            raise MissingExtraError("mending letters that were decoded wrongly", "texts") from error
        self.places = 0
        self.example = ("", "")
        self._mend = ftfy.fix_encoding_and_explain
        # What is left is to take letters for bytes, and bytes for letters.
        self._config: Any = ftfy.TextFixerConfig(
            restore_byte_a0=False,
            replace_lossy_sequences=False,
            decode_inconsistent_utf8=False,
            fix_c1_controls=False,
        )

    def mended(self, line: str) -> str:
        """A line, mended as a whole, or else each of its words that can be."""
        if line.isascii():
            return line
        found = self._decoded(line)
        if found == line and mojibake(line) is not None:  # a part of it was pasted, perhaps
            parts = _SPACES.split(line)
            found = "".join(self._decoded(p) if mojibake(p) is not None else p for p in parts)
        if found != line:
            if not self.places:
                self.example = line, found
            left = sum(1 for _ in mojibakes(found))
            self.places += max(1, sum(1 for _ in mojibakes(line)) - left)
        return found

    def _decoded(self, text: str) -> str:
        found = self._mend(text, self._config)
        can = _can_be_undone(text, found.text, found.explanation or [])
        return str(found.text) if can else text

    def blocks(self, blocks: Iterable[str]) -> Iterator[str]:
        """The same of a text that comes in blocks; its line ends stay."""
        held = ""
        for block in blocks:
            *lines, held = (held + block).split("\n")
            yield "".join(self.mended(line) + "\n" for line in lines)
        yield self.mended(held)


def _can_be_undone(before: str, after: str, steps: Iterable[tuple[str, str]]) -> bool:
    """Whether the same steps backwards give what was there before."""
    text: Any = after
    try:
        for step, name in reversed(list(steps)):
            if step == "decode":
                text = text.encode(name)
            elif step == "encode":
                text = text.decode(name)
            else:
                return False
    except (UnicodeError, LookupError, AttributeError):
        return False
    return bool(text == before)
