"""Bytes to characters, block by block: gzip, encodings, and the place of what cannot be read."""

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from typing import IO

from foreword.errors import TextError
from foreword.text.lines import LineCount

BLOCK_BYTES = 1 << 20
"""Bytes that are read at once."""
GZIP_MAGIC = b"\x1f\x8b"
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def characters(
    name: str, encoding: str, raw: IO[bytes], on_bytes: Callable[[int], None] | None = None
) -> Iterator[str]:
    """A stream's text, in blocks.

    Args:
        name: of the text, for errors.
        encoding: of the bytes, once they are unpacked.
        raw: may be gzipped.
        on_bytes: told how many bytes more of `raw` have been read, after each block.

    Raises:
        TextError: it cannot be unpacked or decoded, or is no text; with line and byte.
    """
    head = raw.read(4)
    raw.seek(0)
    stream: IO[bytes] = raw
    if head.startswith(GZIP_MAGIC):
        stream = io.BufferedReader(gzip.GzipFile(fileobj=raw))  # closed with `raw`
    decoder = _Decoder(name, encoding)
    told, block = 0, b"?"
    while block:
        try:
            block = stream.read(BLOCK_BYTES)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise TextError(
                f"{name}, after line {decoder.counted.ended}, before compressed byte {raw.tell()}: "
                f"cannot be read: the gzip data are damaged or cut short ({error}). Compress or "
                "fetch the file again"
            ) from error
        text = decoder.decode(block)
        position = raw.tell() if stream is not raw else told + len(block)
        if on_bytes is not None:
            on_bytes(position - told)
        told = position
        yield text


class _Decoder:
    """Bytes to text, block by block, knowing the line and byte of what it cannot decode."""

    def __init__(self, name: str, encoding: str) -> None:
        self.name, self.called = name, encoding
        self.encoding = codecs.lookup(encoding).name
        self.is_wide = self.encoding.startswith(("utf-16", "utf-32"))  # zero bytes are usual
        self.decoder = codecs.getincrementaldecoder(self.encoding)("strict")
        self.begun = False
        self.counted = LineCount()
        self.bytes = 0
        self.held = 0

    def decode(self, block: bytes) -> str:
        if self.bytes == 0 and not self.is_wide and block.startswith(UTF16_MARKS):
            raise TextError(
                f"{self.name}: begins as UTF-16 text does, not as {self.encoding}. "
                "Add --encoding utf-16"
            )
        if not self.is_wide and b"\0" in block:
            before = block[: block.index(b"\0")]
            raise self._binary(before.decode("latin-1"), f", byte {self.bytes + len(before)}")
        try:
            text = self.decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            at = self.bytes - self.held + error.start
            # Which of the two byte orders it is, the error tells; of others, only this knows.
            encoding = error.encoding if self.is_wide else self.encoding
            readable = error.object[: error.start].decode(encoding, errors="replace")
            line = self.counted.ended + self.counted.ending_in(readable) + 1
            raise TextError(
                f"{self.name}, line {line}, byte {at}: 0x{error.object[error.start]:02x} "
                f"is not {self.called} ({error.reason}). If the text is in another "
                "encoding, name it with --encoding, for example --encoding latin-1"
            ) from error
        except UnicodeError as error:  # no byte order mark, among others
            line = self.counted.ended + 1
            raise TextError(
                f"{self.name}, line {line}, byte {self.bytes - self.held}: is not "
                f"{self.called} ({error}). Name its encoding with --encoding, for example "
                "--encoding utf-16-le"
            ) from error
        if "\0" in text:
            raise self._binary(text[: text.index("\0")], "")
        if text and not self.begun:
            self.begun = True
            if self.encoding == "utf-8":
                text = text.removeprefix("\ufeff")  # the mark that some editors put first
        self.counted.add(text)
        self.bytes += len(block)
        self.held = len(self.decoder.getstate()[0])
        return text

    def _binary(self, before: str, place: str) -> TextError:
        line = self.counted.ended + self.counted.ending_in(before) + 1
        return TextError(
            f"{self.name}, line {line}{place}: holds a NUL "
            "character, so it is not a text but a binary file. Leave it out"
        )
