"""Keep text on disk in a file that nobody else can see, for as long as it may be read again."""

import io
import os
import tempfile
import threading
import weakref
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import IO

from foreword.errors import TextError

_BATCH = 1 << 20


def how_to_get_room(folder: Path) -> str:
    """Return the end of an error about a full folder: what to do if it is for temporary files."""
    is_usual = folder == Path(tempfile.gettempdir())
    return ". Set TMPDIR to a folder on a disk with room" if is_usual else ""


class Spool:
    """A file without a name that stores texts, each of which can be read many times.

    All texts share one file, since a folder may hold more files than a process may have open.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._end = 0
        self._lock = threading.Lock()

    @cached_property
    def _descriptor(self) -> int:
        if self._directory is not None:
            self._directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._directory) as file:
            descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, descriptor)
        return descriptor

    def add_lines(self, lines: Iterable[str]) -> "Spooled":
        """Store lines as UTF-8, each with a newline."""
        begin, held = self._end, bytearray()
        for line in lines:
            held += line.encode("utf-8", "replace") + b"\n"
            if len(held) > _BATCH:
                self._write(held)
                held.clear()
        self._write(held)
        return Spooled(self, begin, self._end - begin)

    def add_blocks(self, blocks: Iterable[bytes]) -> "Spooled":
        """Store bytes unchanged."""
        begin = self._end
        for block in blocks:
            self._write(block)
        return Spooled(self, begin, self._end - begin)

    def _write(self, data: bytes | bytearray) -> None:
        rest = memoryview(bytes(data))
        try:
            with self._lock:
                os.lseek(self._descriptor, self._end, os.SEEK_SET)
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            folder = self._directory or Path(tempfile.gettempdir())
            raise TextError(
                f"{folder}: the text cannot be kept there while it is read "
                f"({error.strerror}){how_to_get_room(folder)}"
            ) from error
        self._end += len(data)

    def read_at(self, position: int, size: int) -> bytes:
        """Return up to `size` bytes from a position on."""
        with self._lock:
            os.lseek(self._descriptor, position, os.SEEK_SET)
            return os.read(self._descriptor, size)


class Spooled:
    """One text in a spool."""

    def __init__(self, spool: Spool, begin: int, size: int) -> None:
        self.spool, self.begin, self.size = spool, begin, size

    def open(self) -> IO[bytes]:
        """Return a new stream of the text."""
        return io.BufferedReader(_Range(self))


class _Range(io.RawIOBase):
    """A part of a spool as a stream."""

    def __init__(self, spooled: Spooled) -> None:
        self._spooled = spooled
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._spooled.size}[
            whence
        ]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        spooled = self._spooled
        size = min(len(buffer), max(0, spooled.size - self._position))
        data = spooled.spool.read_at(spooled.begin + self._position, size)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
