"""A file that is to be read, and a text that was found in one. Knows no forms of text."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

from foreword.text.decoding import unpacked
from foreword.text.newlines import Lines

WATCHED_BYTES = 1 << 18
"""After so many, whoever watches is told."""


@dataclass(frozen=True)
class File:
    """Something to be read.

    Attributes:
        name: for people.
        size: in bytes; None if unknown.
        open: a fresh stream of its bytes.
        is_named: whether a person named it, rather than a folder that it is in.
        watch: is told how many of its bytes have been read, as they are.
    """

    name: str
    size: int | None
    open: Callable[[], IO[bytes]] = field(repr=False)
    is_named: bool = True
    watch: Callable[[int], None] | None = field(default=None, repr=False)

    def watched(self) -> IO[bytes]:
        """A fresh stream of its bytes, which tells how far it was read."""
        if self.watch is None:
            return self.open()
        return io.BufferedReader(_Watched(self.open(), self.watch), WATCHED_BYTES)

    def unpacked(self) -> IO[bytes]:
        """The same, of what is packed in it by gzip and the like."""
        return unpacked(self.watched())


@dataclass(frozen=True)
class Text:
    """A text that was read, or can be read as it stands.

    Attributes:
        file: where it came from.
        open: a fresh stream of its bytes.
        size: of them.
        encoding: of them.
        lines: what its lines are, where a reader has made them.
        is_formed: whether one has.
    """

    file: File
    open: Callable[[], IO[bytes]] = field(repr=False)
    size: int | None
    encoding: str
    lines: Lines = "sentence"
    is_formed: bool = False


class _Watched(io.RawIOBase):
    """A stream that tells how far it was read."""

    def __init__(self, raw: IO[bytes], tell: Callable[[int], None]) -> None:
        self._raw, self._tell = raw, tell

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._raw.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._raw.seek(offset, whence)

    def tell(self) -> int:
        return self._raw.tell()

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self._tell(self._raw.tell())
        return len(data)

    def close(self) -> None:
        self._raw.close()
        super().close()
