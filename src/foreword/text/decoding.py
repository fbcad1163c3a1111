"""Decode bytes to characters in blocks: compression, encodings, the position of errors."""

import bz2
import codecs
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import IO

from foreword.errors import TextError
from foreword.text.encodings import guess, marked, wide
from foreword.text.lines import LineCount

BLOCK_BYTES = 1 << 20
"""The number of bytes read at once."""
UNICODE = "utf-8"
"""The default encoding of text. With it, byte order marks of UTF-16 and UTF-32 are respected
too.
"""
_HEAD_BYTES = 1 << 12
_PACKED: tuple[tuple[bytes, str, Callable[[IO[bytes]], io.BufferedIOBase]], ...] = (
    (b"\x1f\x8b", "gzip", lambda raw: gzip.GzipFile(fileobj=raw)),
    (b"BZh", "bzip2", bz2.BZ2File),
    (b"\xfd7zXZ\0", "xz", lzma.LZMAFile),
)
_DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError, OSError)


class _Unpacked(io.BufferedReader):
    """The decompressed content of a stream; closing it closes the stream."""

    def __init__(self, inner: io.BufferedIOBase, packed: IO[bytes]) -> None:
        super().__init__(inner)
        self._packed = packed

    def close(self) -> None:
        super().close()
        self._packed.close()


def unpacked(raw: IO[bytes]) -> IO[bytes]:
    """Return a stream decompressed if its first bytes are those of gzip, bzip2 or xz.

    Closing the returned stream closes `raw`.
    """
    head = raw.read(6)
    raw.seek(0)
    unpack = next((unpack for magic, _, unpack in _PACKED if head.startswith(magic)), None)
    return raw if unpack is None else _Unpacked(unpack(raw), raw)


def encoding_of(head: bytes, encoding: str) -> str:
    """Return the encoding that a text's first bytes show, or else the one that was named.

    A byte order mark overrides any name. Without one, UTF-16 and UTF-32 are recognised by their
    zero bytes if the default encoding was named.
    """
    detected = marked(head)
    if detected is None and codecs.lookup(encoding).name in (UNICODE, "utf-16", "utf-32"):
        detected = wide(head)
    return detected or encoding


def check_encoding(name: str) -> None:
    """Check that an encoding of texts exists.

    Raises:
        TextError: it does not.
    """
    try:
        codecs.getincrementaldecoder(name)
        b"a".decode(name, "replace")  # refuses codecs that do not give text, such as hex
    except (LookupError, ValueError) as error:
        raise TextError(f"there is no encoding {name!r}. Try utf-8, cp1252 or latin-1") from error


def characters(
    name: str, encoding: str, raw: IO[bytes], on_bytes: Callable[[int], None] | None = None
) -> Iterator[str]:
    """Yield a stream's text, in blocks.

    Args:
        name: the text's name, for errors.
        encoding: the encoding of the decompressed bytes; see `encoding_of`.
        raw: the stream, which may be compressed.
        on_bytes: called after each block with the number of bytes of `raw` read since the last.

    Raises:
        TextError: decompression or decoding fails, or the data are binary; names line and byte.
    """
    stream = unpacked(raw)
    decoder: _Decoder | None = None
    reported, block = 0, b"?"
    while block:
        try:
            block = stream.read(BLOCK_BYTES)
            if decoder is None:
                while len(block) < _HEAD_BYTES and (more := stream.read(BLOCK_BYTES)):
                    block += more
        except _DAMAGED as error:
            if stream is raw:
                raise
            line = 0 if decoder is None else decoder.counted.ended
            raise TextError(
                f"{name}, after line {line}, before compressed byte {raw.tell()}: cannot be read: "
                f"the {_packing(raw)} data are damaged or cut short ({error}). Compress or fetch "
                "the file again"
            ) from error
        if decoder is None:
            decoder = _Decoder(name, encoding_of(block, encoding))
        text = decoder.decode(block)
        position = raw.tell() if stream is not raw else reported + len(block)
        if on_bytes is not None:
            on_bytes(position - reported)
        reported = position
        yield text


def _packing(raw: IO[bytes]) -> str:
    raw.seek(0)
    head = raw.read(6)
    return next(kind for magic, kind, _ in _PACKED if head.startswith(magic))


def _is_wide(encoding: str) -> bool:
    """Whether zero bytes are usual in an encoding."""
    return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


class _Decoder:
    """Decodes blocks of bytes, and counts lines and bytes for error messages."""

    def __init__(self, name: str, encoding: str) -> None:
        self.name, self.called = name, encoding
        self.encoding = codecs.lookup(encoding).name
        self.is_wide = _is_wide(encoding)
        self.decoder = codecs.getincrementaldecoder(self.encoding)("strict")
        self.begun = False
        self.counted = LineCount()
        self.bytes = 0
        self.held = 0

    def decode(self, block: bytes) -> str:
        if not self.is_wide and b"\0" in block:
            before = block[: block.index(b"\0")]
            raise self._binary(
                before.decode(self.encoding, errors="replace"), f", byte {self.bytes + len(before)}"
            )
        try:
            text = self.decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            offset = self.bytes - self.held + error.start
            # For UTF-16 and UTF-32 the error names the byte order; for others only this object can.
            encoding = error.encoding if self.is_wide else self.encoding
            readable = error.object[: error.start].decode(encoding, errors="replace")
            line = self.counted.ended + self.counted.ending_in(readable) + 1
            raise TextError(
                f"{self.name}, line {line}, byte {offset}: 0x{error.object[error.start]:02x} is "
                f"not {self.called} ({error.reason}). {self._advice(error.object, error.start)}"
            ) from error
        except UnicodeError as error:  # no byte order mark, among others
            line = self.counted.ended + 1
            raise TextError(
                f"{self.name}, line {line}, byte {self.bytes - self.held}: is not "
                f"{self.called} ({error}). {self._advice(block, 0)}"
            ) from error
        if "\0" in text:
            raise self._binary(text[: text.index("\0")], "")
        if text and not self.begun:
            self.begun = True
            text = text.removeprefix("\ufeff")  # the byte order mark that some editors write
        self.counted.add(text)
        self.bytes += len(block)
        self.held = len(self.decoder.getstate()[0])
        return text

    def _advice(self, data: bytes, offset: int) -> str:
        guessed = guess(data[data.rfind(b"\n", 0, offset) + 1 :].removeprefix(codecs.BOM_UTF8))
        if guessed is None or codecs.lookup(guessed.name) == codecs.lookup(self.encoding):
            example = "utf-16-le" if self.is_wide else "cp1252"
            return (
                "It reads well in no other encoding that is tried, so it may be damaged, or no "
                "text. If you know its encoding, name it, as in --encoding " + example
            )
        return f"It reads as {guessed.called}: “{guessed.sample}”. Add --encoding {guessed.name}"

    def _binary(self, before: str, position: str) -> TextError:
        line = self.counted.ended + self.counted.ending_in(before) + 1
        return TextError(
            f"{self.name}, line {line}{position}: holds a NUL "
            "character, so it is not a text but a binary file. Leave it out"
        )
