"""Where text comes from: files, folders, gzip, standard input, the carried chats. No tokenising."""

import glob
import hashlib
import io
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from os import PathLike
from pathlib import Path
from typing import IO, Literal, Unpack

from foreword.errors import MissingExtraError, SettingsError, TextError
from foreword.text.choice import ReadingOptions, ReadingSettings
from foreword.text.decoding import BLOCK_BYTES, characters, check_encoding
from foreword.text.finding import LeftOut, files_below, matching
from foreword.text.input_files import File
from foreword.text.joints import Hyphens
from foreword.text.lines import Piece
from foreword.text.newlines import Lines, cut
from foreword.text.spool import Spool

Split = Literal["train", "valid", "test"]

PREPARED = "prepared.json"
"""The file that makes a folder one that `foreword prepare` has written, which holds no text."""


@dataclass(frozen=True)
class Source:
    """A text that can be read repeatedly, piece by piece.

    Attributes:
        name: the name shown to people.
        size: the number of bytes that `read` counts; None if unknown.
        open: returns a new stream of the text's bytes.
        encoding: the encoding of those bytes.
        lines: what a line of the text is; see `foreword.text.newlines`.
        is_formed: whether a reader made the lines from messages or paragraphs, so that their
            lengths do not show wrapping.
        hyphens: tells which hyphens at the ends of wrapped lines are not part of a word.
    """

    name: str
    size: int | None
    open: Callable[[], IO[bytes]] = field(repr=False)
    encoding: str = "utf-8"
    lines: Lines = "sentence"
    is_formed: bool = False
    hyphens: Hyphens | None = field(default=None, repr=False)

    def read(self, on_bytes: Callable[[int], None] | None = None) -> Iterator[Piece]:
        """Yield the text's pieces, in bounded memory however long its lines are.

        A piece has `ends_line` at the end of a unit: at each line end or, if lines are wrapped, at
        the end of a paragraph.

        Args:
            on_bytes: called after each block with the number of bytes read since the last call.

        Raises:
            TextError: the text cannot be read or decoded, or is binary; names the line and byte.
        """
        try:
            with self.open() as raw:
                yield from cut(
                    characters(self.name, self.encoding, raw, on_bytes), self.lines, self.hyphens
                )
        except OSError as error:
            raise TextError(f"{self.name}: cannot be read: {error}") from error


Paths = str | PathLike[str] | Sequence[str | PathLike[str]]
"""One path, or several."""


def paths_of(texts: Paths) -> tuple[str | PathLike[str], ...]:
    """Return a tuple of paths, of one path or several.

    >>> paths_of("notes.txt")
    ('notes.txt',)
    """
    return (texts,) if isinstance(texts, str | PathLike) else tuple(texts)


def names_of(texts: Sequence[str | PathLike[str]]) -> str:
    """Return the names of paths without their folders, for people who get the model.

    >>> names_of(["/home/anna/notes.txt", "-"])
    'notes.txt, standard input'
    """
    return ", ".join("standard input" if str(text) == "-" else Path(text).name for text in texts)


def find_sources(
    texts: Sequence[str | PathLike[str]],
    *,
    tell: Callable[[str], None] | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
    scratch: Path | None = None,
    **reading: Unpack[ReadingOptions],
) -> list[Source]:
    """Return the texts of files, folders, globs, and `-` for standard input.

    Each file is read in the format that its content shows: chats, mail, tables, subtitles, books
    and so on. In a folder, all text files below it are read in sorted order; unreadable files are
    left out, and names that begin with a dot are always left out.

    Args:
        texts: the paths.
        tell: called with sentences about what was read, in which format, and what was left out.
        progress: called with (activity, bytes done, bytes in all) while large files are converted.
        scratch: the folder on whose disk converted text is stored, in a file that nobody else can
            see.
        reading: see `ReadingSettings`; `foreword.text.sources` detects what the lines are.

    Raises:
        TextError: a path leads to no text, or the encoding is unknown.
        SettingsError: the format is unknown.
        MissingExtraError: the library for a format is not installed.
    """
    from foreword.text.forms.table import FORM_NAMES  # imported only when texts are read
    from foreword.text.reading import TextReader

    settings = ReadingSettings(**reading)
    check_encoding(settings.encoding)
    if settings.read_as is not None and settings.read_as not in FORM_NAMES:
        raise SettingsError(
            f"there is no form {settings.read_as!r}; the forms are {', '.join(FORM_NAMES)}"
        )
    spool, left_out = Spool(scratch), LeftOut()
    files_of_text = [(text, files_of(text, spool, left_out)) for text in map(str, texts)]
    sizes = [file.size for _, files in files_of_text for file in files]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    reader = TextReader(
        settings, spool, left_out, looks=tell is not None, total=total, progress=progress
    )
    sources = []
    for text, files in files_of_text:
        read = [read_text for file in files for read_text in reader.read(file)]
        if files and not files[0].is_named and not read and settings.speaker is None:
            omissions = left_out.summary()
            raise TextError(
                f"{text}: no texts that can be read are in this folder"
                + (f". Not read: {omissions}" if omissions else "")
            )
        sources += [
            Source(t.file.name, t.size, t.open, t.encoding, t.lines, t.is_formed) for t in read
        ]
    reader.notes.check_speaker()
    if tell is not None:
        for note in reader.notes.sentences():
            tell(note)
    return sources


def is_prepared(folder: Path) -> bool:
    """Whether a folder is one that `foreword prepare` has written."""
    try:
        return (folder / PREPARED).is_file()
    except OSError:  # no permission to look into it
        return False


def text_source(name: str, text: str) -> Source:
    """Return a source that reads a text in memory."""
    data = text.encode("utf-8", errors="surrogatepass")
    return Source(name, len(data), lambda: io.BytesIO(data))


def chat_source(split: Split) -> Source:
    """Return the chats of the package `chitchat-dataset`, one message a line.

    A hash of each chat's id assigns it to a split, so that the splits never change: of 20 parts,
    the last is for testing and the one before it for validation.

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


def messages_by_sender(*splits: Split) -> dict[str, list[str]]:
    """Return each sender's messages of some splits of the carried chats, in the order of time.

    Raises:
        MissingExtraError: the package is not installed.
    """
    chats = json.loads(_chats_path().read_text("utf-8"))
    messages: dict[str, list[str]] = defaultdict(list)
    for identity in sorted(chats, key=lambda key: (chats[key]["start"], key)):
        if _split_of(identity) in splits:
            for message in (m for turn in chats[identity]["messages"] for m in turn):
                line = " ".join(str(message["text"]).split())
                if line:
                    messages[message["sender"]].append(line)
    return dict(messages)


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


def files_of(text: str, spool: Spool, left_out: LeftOut) -> list[File]:
    """Return the files that a path stands for."""
    if text == "-":
        return [_kept("standard input", sys.stdin.buffer, spool)]
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
        if is_prepared(path):
            raise TextError(
                f"{text}: holds the ids that foreword prepare has made of a text. train, tune and "
                "compare read them, in the place of all other texts; here, name the text itself"
            )
        files = files_below(path, left_out)
        if not files:
            omissions = left_out.summary()
            raise TextError(
                f"{text}: there are no files in this folder"
                + (f" but what is not read: {omissions}" if omissions else "")
            )
        return [_file(p, is_named=False) for p in files]
    if path.is_file():
        return [_file(path)]
    if path.exists():  # a pipe or a device: it can be read only once
        try:
            with path.open("rb") as stream:
                return [_kept(text, stream, spool)]
        except OSError as error:
            raise TextError(f"{text}: cannot be read: {error.strerror}") from error
    if glob.has_magic(text):
        files = matching(str(path), left_out)
        if not files:
            raise TextError(f"{text}: no file matches")
        return [_file(match, is_named=False) for match in files]
    raise TextError(f"{text}: there is no such file or folder")


def _file(path: Path, *, is_named: bool = True) -> File:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise TextError(f"{path}: cannot be read: {error}") from error
    return File(str(path), size, lambda: path.open("rb"), is_named)


def _kept(name: str, stream: IO[bytes], spool: Spool) -> File:
    """Copy a stream that can be read only once, since texts are read more often."""
    spooled = spool.add_blocks(iter(lambda: stream.read(BLOCK_BYTES), b""))
    return File(name, spooled.size, spooled.open)
