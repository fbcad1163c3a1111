"""A file to a source: recognises its form, reads it if it is not plain, and says what was done."""

import codecs
import io
import itertools
import re
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import IO

from foreword.errors import ForewordError, TextError
from foreword.text.decoding import UNICODE, characters, encoding_of, unpacked
from foreword.text.encodings import marked
from foreword.text.finding import LeftOut, is_hidden, is_junk
from foreword.text.forms.archives import ZIP_MAGIC, ArchiveError, declared_encoding, member_blocks
from foreword.text.forms.form import Account, Form, Head, Opened, Passage
from foreword.text.forms.table import FORMS, PLAIN, form_named, recognise
from foreword.text.newlines import Lines
from foreword.text.spool import Spool
from foreword.text.survey import survey

HEAD_BYTES = 1 << 16
PLAIN_SUFFIXES = (".txt", ".text")
_OF_ARCHIVES = (OSError, EOFError, RuntimeError, NotImplementedError, ValueError)
"""What the library raises of damaged ones, beside its own."""
MOST_TOLD = 5
"""Texts of one form that are told of each in a line; of more, there is one line for all."""
_BY_NAME_ALONE = frozenset({"csv", "json", "jsonl", "markdown", "tex"})
"""Forms that a file in a folder has only with the right ending: much that is no text has them."""
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of an old Office. Save it as .docx or .txt"),
    (b"SQLite format 3\0", "a database. Export its text as CSV or JSON"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive. Unpack it, and name the folder"),
    (b"Rar!\x1a\x07", "a RAR archive. Unpack it, and name the folder"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd. Unpack it first"),
    (b"!BDN", "an Outlook data file. Export its mail as .eml or mbox"),
)


@dataclass(frozen=True)
class Choice:
    """How texts are to be read.

    Attributes:
        encoding: of those that are not Unicode.
        read_as: the form of all of them; None: each one's own, by its content.
        speaker: whose part is taken of texts that name who says what.
        column: that holds the text, of tables.
    """

    encoding: str = UNICODE
    read_as: str | None = None
    speaker: str | None = None
    column: str | None = None


@dataclass(frozen=True)
class File:
    """Something to be read.

    Attributes:
        name: for people.
        size: in bytes; None if unknown.
        open: a fresh stream of its bytes.
        is_named: whether a person named it, rather than a folder that it is in.
    """

    name: str
    size: int | None
    open: Callable[[], IO[bytes]] = field(repr=False)
    is_named: bool = True

    def unpacked(self) -> IO[bytes]:
        """A fresh stream of what is packed in it by gzip and the like."""
        return unpacked(self.open())


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


class Reader:
    """Reads files one after the other, and remembers what is to be said of them."""

    def __init__(self, choice: Choice, spool: Spool, *, looks: bool) -> None:
        """Looks through plain texts that were named, too, if somebody wants to be told of them."""
        self.choice, self.spool, self.looks = choice, spool, looks
        self.left_out = LeftOut()
        self.speakers: Counter[str] = Counter()
        self.without_speakers: list[str] = []
        self.kept_of_speaker = 0
        self._told: list[tuple[Form, str, str]] = []
        self._warnings: list[str] = []

    def read(self, file: File) -> list[Text]:
        """The texts in a file: one, or those in an archive, or none.

        Raises:
            TextError, MissingExtraError: a file that was named cannot be read.
        """
        try:
            return self._read(file)
        except (ForewordError, OSError) as error:
            if file.is_named:
                raise
            self.left_out.add("that cannot be read", f"{_short(file.name)}: {_why(file, error)}")
            return []

    def _read(self, file: File) -> list[Text]:
        head = self._head(file)
        form = self._form(file, head)
        if form is None and _is_archive(head) and self.choice.read_as is None:
            return self._members(file)
        if form is None:
            return self._plain(file, head)
        return self._formed(file, form, head)

    def _head(self, file: File) -> Head:
        with closing(file.unpacked()) as stream:
            try:
                data = stream.read(HEAD_BYTES + 1)
            except (OSError, EOFError, ValueError):
                data = b""  # what is damaged is told when all of it is read
        whole, data = len(data) <= HEAD_BYTES, data[:HEAD_BYTES]
        name = PurePosixPath(file.name.replace("\\", "/")).name.lower()
        for packing in (".gz", ".bz2", ".xz"):
            name = name.removesuffix(packing)
        return Head(name, data, self._beginning(data), whole)

    def _beginning(self, data: bytes) -> str:
        """The first bytes as text, to recognise a form by; empty if they are none."""
        encoding = encoding_of(data, self.choice.encoding)
        try:
            text = codecs.getincrementaldecoder(encoding)("strict").decode(data)
        except UnicodeError:
            # In whichever encoding it is: what marks a form is ASCII in all of them.
            text = data.decode("latin-1")
        return "" if "\0" in text else text.removeprefix("\ufeff")

    def _form(self, file: File, head: Head) -> Form | None:
        if self.choice.read_as is not None:
            return None if self.choice.read_as == PLAIN else form_named(self.choice.read_as)
        form = recognise(head)
        if form is None or file.is_named or form.name not in _BY_NAME_ALONE:
            return form
        return form if head.named(*form.endings) else None

    def _plain(self, file: File, head: Head) -> list[Text]:
        if file.is_named:
            foreign = next((what for magic, what in _FOREIGN if head.data.startswith(magic)), None)
            if foreign is not None:
                raise TextError(f"{file.name}: is {foreign}")
            if head.data.startswith(ZIP_MAGIC):
                raise TextError(
                    f"{file.name}: is packed, and holds no text that can be read. Export what is "
                    "in it as text or CSV"
                )
        elif not self._is_plain_name(head):
            self.left_out.add(_kind(head.name), _short(file.name))
            return []
        if self.choice.speaker is not None:
            self.without_speakers.append(file.name)
            return []
        encoding = self.choice.encoding
        if not file.is_named or self.looks:
            with closing(file.open()) as stream:
                found = survey(characters(file.name, encoding, stream))
            self._warnings += found.warnings(_short(file.name))
            seen = encoding_of(head.data, encoding)
            if seen != encoding and codecs.lookup(seen) != codecs.lookup(encoding):
                shown = "its mark" if marked(head.data) else "its zero bytes"
                self._warnings.append(
                    f"{_short(file.name)}: read as {seen.upper()}, as {shown} show"
                )
        return [Text(file, file.open, file.size, encoding)]

    def _is_plain_name(self, head: Head) -> bool:
        if self.choice.read_as == PLAIN:
            text_forms = [form for form in FORMS if form.is_text]
            return head.named(*PLAIN_SUFFIXES, *(e for form in text_forms for e in form.endings))
        return head.named(*PLAIN_SUFFIXES)

    def _formed(self, file: File, form: Form, head: Head) -> list[Text]:
        opened = Opened(
            file.name, file.unpacked, self._encoding(form, head), self.choice.column, Account()
        )
        account = opened.account
        spooled = self.spool.add_lines(self._lines(form.read(opened), account))
        if self.choice.speaker is not None and not account.speakers:
            self.without_speakers.append(file.name)
            return []
        self.speakers += account.speakers
        self._told.append((form, file.name, self._summary(form, account)))
        with closing(spooled.open()) as stream:
            found = survey(characters(file.name, UNICODE, stream))
        self._warnings += found.warnings(_short(file.name))
        lines: Lines = "paragraph" if form.unit == "paragraphs" else "sentence"
        return [Text(file, spooled.open, spooled.size, UNICODE, lines, is_formed=True)]

    def _encoding(self, form: Form, head: Head) -> str:
        if form.name == "html" and self.choice.encoding == UNICODE and not marked(head.data):
            declared = declared_encoding(head.data)
            if declared is not None and not _is_utf8(head.data):
                return declared
        return self.choice.encoding

    def _lines(self, passages: Iterator[Passage], account: Account) -> Iterator[str]:
        wanted = None if self.choice.speaker is None else _folded(self.choice.speaker)
        for passage in passages:
            line = passage.line
            if not line:
                continue
            if passage.speaker is not None:
                account.speakers[passage.speaker] += 1
            if wanted is not None and (
                passage.speaker is None or _folded(passage.speaker) != wanted
            ):
                continue
            account.kept += 1
            yield line

    def _summary(self, form: Form, account: Account) -> str:
        speakers = len(account.speakers)
        people = "1 person" if speakers == 1 else f"{speakers:,} people"
        said = account.speakers.total()
        if self.choice.speaker is not None:
            self.kept_of_speaker += account.kept
            counted = (
                f"{account.kept:,} {form.unit} of {self.choice.speaker}, of {said:,} by {people}"
            )
        else:
            counted = f"{account.kept:,} {form.unit}" + (f" of {people}" if speakers else "")
        details = "".join(f"; {detail}" for detail in account.details)
        return f"{counted}; {form.left_out} left out{details}"

    def _members(self, file: File) -> list[Text]:
        """The texts in a ZIP file, as if it were a folder."""
        try:
            with closing(file.unpacked()) as stream, zipfile.ZipFile(stream) as archive:
                members = [m for m in archive.infolist() if not m.is_dir()]
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise TextError(
                f"{file.name}: the archive is damaged or cut short ({error}). Fetch it again"
            ) from error
        found: list[Text] = []
        for member in sorted(members, key=lambda m: m.filename):
            name = f"{file.name}/{member.filename}"
            parts = PurePosixPath(member.filename).parts
            if any(map(is_hidden, parts)):
                self.left_out.add("with names that begin with a dot", _short(name))
            elif any(map(is_junk, parts)):
                self.left_out.add("backups and programs' own", _short(name))
            else:
                found += self._member(file, member, name)
        if not found and self.choice.speaker is None and file.is_named:
            told = self.left_out.told()
            raise TextError(
                f"{file.name}: holds no text that can be read" + (f" ({told})" if told else "")
            )
        return found

    def _member(self, file: File, member: zipfile.ZipInfo, name: str) -> list[Text]:
        """A member's texts. It is unpacked as a whole only if its beginning is a text's."""
        try:
            with closing(file.unpacked()) as stream, zipfile.ZipFile(stream) as archive:
                blocks = member_blocks(archive, member.filename)
                first = next(blocks, b"")
                inner = File(name, member.file_size, lambda: io.BytesIO(first), is_named=False)
                head = self._head(inner)
                if self._form(inner, head) is None and not self._is_plain_name(head):
                    self.left_out.add(_kind(head.name), _short(name))
                    return []
                spooled = self.spool.add_blocks(itertools.chain([first], blocks))
        except (ArchiveError, zipfile.BadZipFile, zlib.error, *_OF_ARCHIVES) as error:
            self.left_out.add("that cannot be read", f"{_short(name)}: {error}")
            return []
        return self.read(replace(inner, size=spooled.size, open=spooled.open))

    def notes(self) -> list[str]:
        """What is to be said of all that was read, a line each."""
        found = []
        by_form: dict[str, list[tuple[Form, str, str]]] = {}
        for told in self._told:
            by_form.setdefault(told[0].name, []).append(told)
        for group in by_form.values():
            form = group[0][0]
            if len(group) <= MOST_TOLD:
                found += [f"{_short(name)}: {form.label}: {summary}" for _, name, summary in group]
            else:
                found.append(f"{form.label}, {len(group):,} files; {form.left_out} left out")
        warnings = self._warnings[:MOST_TOLD]
        if len(self._warnings) > MOST_TOLD:
            warnings.append(f"and {len(self._warnings) - MOST_TOLD:,} warnings more of this kind")
        left_out = self.left_out.told()
        return found + warnings + ([f"not read: {left_out}"] if left_out else [])

    def check_speaker(self) -> None:
        """Makes sure that whoever was asked for has said something.

        Raises:
            TextError: names those who have.
        """
        if self.choice.speaker is None or self.kept_of_speaker:
            return
        if not self.speakers:
            named = ", ".join(self.without_speakers[:3]) or "what was read"
            raise TextError(
                f"--speaker {self.choice.speaker}: {named} names nobody who says anything. Leave "
                "--speaker out, or name the texts' form with --as"
            )
        names = [f"{name} ({count:,})" for name, count in self.speakers.most_common(20)]
        more = len(self.speakers) - len(names)
        raise TextError(
            f"--speaker {self.choice.speaker}: has said nothing in these texts. Those who have: "
            + ", ".join(names)
            + (f", and {more:,} more" if more > 0 else "")
        )


def _folded(name: str) -> str:
    """A name, however its letters are written and marked."""
    letters = unicodedata.normalize("NFKC", name).casefold()
    return " ".join("".join(c for c in letters if unicodedata.category(c) != "Cf").split())


def _is_archive(head: Head) -> bool:
    return head.data.startswith(ZIP_MAGIC) and (
        head.named(".zip") or not re.search(r"\.\w{1,5}$", head.name)
    )


def _kind(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    return suffix if suffix and len(suffix) <= 12 else "without an ending"


def _short(name: str) -> str:
    """A name without the folders in which a person knows it to be."""
    archive, inside, member = name.partition(".zip/")
    return PurePosixPath(archive.replace("\\", "/")).name + inside + member


def _why(file: File, error: Exception) -> str:
    return str(error).removeprefix(file.name).lstrip(":, ")


def _is_utf8(data: bytes) -> bool:
    try:
        codecs.getincrementaldecoder(UNICODE)("strict").decode(data)
    except UnicodeDecodeError:
        return False
    return True
