"""Repair letters that were decoded wrongly before a text was saved: `donâ€™t` becomes `don’t`.

Uses ftfy, from the extra `foreword[texts]`, and of its fixes only the reversible ones: letters are
encoded to the bytes that they were decoded from, and these are decoded as UTF-8.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from foreword.errors import MissingExtraError
from foreword.text.encodings import mojibake, mojibakes

_SPACES = re.compile(r"(\s+)")


class Mender:
    """Repairs lines, and counts the repairs.

    >>> mender = Mender()
    >>> mender.mended("I donâ€™t know"), mender.mended("Ã©tÃ© Âge"), mender.places
    ('I don’t know', 'été Âge', 3)

    Attributes:
        places: the number of repairs.
        example: the first repaired line, before and after; empty until then.
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
        # Of ftfy's steps, only encoding letters to bytes and decoding bytes to letters are kept.
        self._config: Any = ftfy.TextFixerConfig(
            restore_byte_a0=False,
            replace_lossy_sequences=False,
            decode_inconsistent_utf8=False,
            fix_c1_controls=False,
        )

    def mended(self, line: str) -> str:
        """Return a line repaired as a whole, or else each of its words that can be repaired."""
        if line.isascii():
            return line
        decoded = self._decoded(line)
        if decoded == line and mojibake(line) is not None:  # a part of it was pasted, perhaps
            parts = _SPACES.split(line)
            decoded = "".join(self._decoded(p) if mojibake(p) is not None else p for p in parts)
        if decoded != line:
            if not self.places:
                self.example = line, decoded
            left = sum(1 for _ in mojibakes(decoded))
            self.places += max(1, sum(1 for _ in mojibakes(line)) - left)
        return decoded

    def _decoded(self, text: str) -> str:
        fixed = self._mend(text, self._config)
        is_reversible = _is_reversible(text, fixed.text, fixed.explanation or [])
        return str(fixed.text) if is_reversible else text

    def blocks(self, blocks: Iterable[str]) -> Iterator[str]:
        """Yield the repaired blocks of a text; line ends stay unchanged."""
        held = ""
        for block in blocks:
            *lines, held = (held + block).split("\n")
            yield "".join(self.mended(line) + "\n" for line in lines)
        yield self.mended(held)


def _is_reversible(before: str, after: str, steps: Iterable[tuple[str, str]]) -> bool:
    """Whether the steps in reverse give the original text."""
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
