"""A file to read, and a text that was read from one. Knows no formats."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

from foreword.text.decoding import unpacked
from foreword.text.newlines import Lines

WATCHED_BYTES = 1 << 18
"""The number of bytes after which `watch` is called again."""


@dataclass(frozen=True)
class File:
    """A file, archive member or stream to read.

    Attributes:
        name: the name shown to people.
        size: the number of bytes; None if unknown.
        open: returns a new stream of the bytes.
        is_named: whether a person named it, rather than the folder that holds it.
        watch: called during reading with the number of bytes read so far.
    """

    name: str
    size: int | None
    open: Callable[[], IO[bytes]] = field(repr=False)
    is_named: bool = True
    watch: Callable[[int], None] | None = field(default=None, repr=False)

    def watched(self) -> IO[bytes]:
        """Return a new stream of the bytes that reports how far it was read."""
        if self.watch is None:
            return self.open()
        return io.BufferedReader(_Watched(self.open(), self.watch), WATCHED_BYTES)

    def unpacked(self) -> IO[bytes]:
        """Return such a stream, decompressed if the file is compressed by gzip and the like."""
        return unpacked(self.watched())


@dataclass(frozen=True)
class Text:
    """A text that was extracted from a file, or that can be read unchanged.

    Attributes:
        file: the file it comes from.
        open: returns a new stream of the text's bytes.
        size: the number of those bytes; None if unknown.
        encoding: the encoding of those bytes.
        lines: what a line is, where a reader made the lines.
        is_formed: whether a reader made the lines.
    """

    file: File
    open: Callable[[], IO[bytes]] = field(repr=False)
    size: int | None
    encoding: str
    lines: Lines = "sentence"
    is_formed: bool = False


class _Watched(io.RawIOBase):
    """A stream that reports how far it was read."""

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
