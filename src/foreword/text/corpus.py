"""Where text comes from: files, folders, gzip, standard input, the carried chats. No tokenising."""

import codecs
import glob
import hashlib
import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from os import PathLike
from pathlib import Path
from typing import IO, Literal

from foreword.errors import MissingExtraError, TextError
from foreword.text.decoding import characters
from foreword.text.lines import Piece
from foreword.text.newlines import Lines, cut

TEXT_SUFFIXES = (".txt", ".text", ".md")

Split = Literal["train", "valid", "test"]


@dataclass(frozen=True)
class Source:
    """A text that can be read, more than once, piece by piece.

    Attributes:
        name: for people.
        size: in bytes as `read` counts them; None if unknown.
        open: a fresh stream of its bytes.
        encoding: of those bytes.
        lines: what its lines are; see `foreword.text.newlines`.
    """

    name: str
    size: int | None
    open: Callable[[], IO[bytes]] = field(repr=False)
    encoding: str = "utf-8"
    lines: Lines = "sentence"

    def read(self, on_bytes: Callable[[int], None] | None = None) -> Iterator[Piece]:
        """The text's pieces, in memory bounded whatever the length of its lines.

        A piece ends its line where what is read ends: at each line end, or, where lines are
        wrapped, at the ends of paragraphs.

        Args:
            on_bytes: told how many bytes more have been read, after each block.

        Raises:
            TextError: it cannot be read or decoded, or is no text; with line and byte.
        """
        try:
            with self.open() as raw:
                yield from cut(characters(self.name, self.encoding, raw, on_bytes), self.lines)
        except OSError as error:
            raise TextError(f"{self.name}: cannot be read: {error}") from error


Paths = str | PathLike[str] | Sequence[str | PathLike[str]]
"""One path, or several."""


def paths_of(texts: Paths) -> tuple[str | PathLike[str], ...]:
    """Several, where one may be meant.

    >>> paths_of("notes.txt")
    ('notes.txt',)
    """
    return (texts,) if isinstance(texts, str | PathLike) else tuple(texts)


def find_sources(texts: Sequence[str | PathLike[str]], *, encoding: str = "utf-8") -> list[Source]:
    """The texts that are meant by paths: files, folders, globs, and `-` for standard input.

    Of a folder, all `.txt`, `.text` and `.md` files below it, gzipped ones too, in sorted order.

    Raises:
        TextError: a path leads to no text, or the encoding is unknown.
    """
    try:
        codecs.getincrementaldecoder(encoding)
        b"a".decode(encoding, "replace")  # refuses codecs that do not give text, such as hex
    except (LookupError, ValueError) as error:
        raise TextError(
            f"there is no encoding {encoding!r}. Try utf-8, latin-1 or cp1252"
        ) from error
    return [source for text in texts for source in _find(str(text), encoding)]


def text_source(name: str, text: str) -> Source:
    """A text that is in memory already."""
    data = text.encode("utf-8", errors="surrogatepass")
    return Source(name, len(data), lambda: io.BytesIO(data))


def chat_source(split: Split) -> Source:
    """The chats that the package `chitchat-dataset` carries, one message a line.

    Split by chat, by a hash of the chat's id, so that the split never moves: of 20 parts the last
    is for testing, the one before for validation.

    Raises:
        MissingExtraError: the package is not installed.
    """
    path = _chats_path()

    def open_chats() -> IO[bytes]:
        chats = json.loads(path.read_text("utf-8"))
        lines = []
        for identity in sorted(chats):
            if _split_of(identity) != split:
                continue
            for turn in chats[identity]["messages"]:
                for message in turn:
                    line = " ".join(str(message.get("text", "")).split())
                    if line:
                        lines.append(line)
        return io.BytesIO(("\n".join(lines) + "\n").encode())

    return Source(f"carried chats ({split})", None, open_chats)


def _split_of(identity: str) -> Split:
    part = hashlib.sha256(identity.encode()).digest()[0] % 20
    return "test" if part == 19 else "valid" if part == 18 else "train"


def _chats_path() -> Path:
    # Importing the package would read the file in the machine's own encoding.
    try:
        package = distribution("chitchat-dataset")
    except PackageNotFoundError as error:
        raise MissingExtraError("the carried chat corpus", "train") from error
    for file in package.files or ():
        if file.name == "dataset.json":
            return Path(str(package.locate_file(file)))
    raise MissingExtraError("the carried chat corpus", "train")


def _find(text: str, encoding: str) -> list[Source]:
    if text == "-":
        return [_spooled("standard input", sys.stdin.buffer, encoding)]
    if not text:
        raise TextError("a text's name is empty. Name a file, a folder, a glob, or -")
    path = Path(text).expanduser()
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        pass  # a glob, or nothing
    except OSError as error:
        raise TextError(f"{text[:200]}: cannot be read: {error.strerror}") from error
    if path.is_dir():
        files = [p for p in sorted(path.rglob("*")) if p.is_file() and _is_text_name(p)]
        if not files:
            endings = ", ".join(TEXT_SUFFIXES)
            raise TextError(f"{text}: no texts ({endings}, or those gzipped) in this folder")
        return [_file(p, encoding) for p in files]
    if path.is_file():
        return [_file(path, encoding)]
    if path.exists():  # a pipe or a device: it can be read only once
        try:
            with path.open("rb") as stream:
                return [_spooled(text, stream, encoding)]
        except OSError as error:
            raise TextError(f"{text}: cannot be read: {error.strerror}") from error
    if glob.has_magic(text):
        matches = [Path(m) for m in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207
        files = [m for m in matches if m.is_file()]
        if not files:
            raise TextError(f"{text}: no file matches")
        return [_file(m, encoding) for m in files]
    raise TextError(f"{text}: there is no such file or folder")


def _is_text_name(path: Path) -> bool:
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    return plain.suffix.lower() in TEXT_SUFFIXES


def _file(path: Path, encoding: str) -> Source:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise TextError(f"{path}: cannot be read: {error}") from error
    return Source(str(path), size, lambda: path.open("rb"), encoding)


def _spooled(name: str, stream: IO[bytes], encoding: str) -> Source:
    """Kept in a file without a name until the process ends, since text is read more than once."""
    with tempfile.TemporaryFile() as spool:
        shutil.copyfileobj(stream, spool)
        size = spool.tell()
        spool.flush()
        kept = os.dup(spool.fileno())

    def reopen() -> IO[bytes]:
        os.lseek(kept, 0, os.SEEK_SET)
        return os.fdopen(os.dup(kept), "rb")

    return Source(name, size, reopen, encoding)
