"""Turn a file into texts: recognise its format, and extract the text if it is not plain."""

import codecs
import io
import itertools
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import PurePosixPath

from foreword.errors import ForewordError, TextError
from foreword.text.choice import ReadingSettings
from foreword.text.decoding import UNICODE, characters, encoding_of
from foreword.text.encodings import marked
from foreword.text.finding import LeftOut, is_hidden, is_junk
from foreword.text.forms.archives import ZIP_MAGIC, ArchiveError, declared_encoding, member_blocks
from foreword.text.forms.form import Account, Form, Head, Opened, Passage
from foreword.text.forms.table import FORMS, PLAIN, form_named, recognise
from foreword.text.input_files import File, Text
from foreword.text.mending import Mender
from foreword.text.newlines import Lines
from foreword.text.notes import Notes, short
from foreword.text.spool import Spool
from foreword.text.survey import TextSurvey, survey

HEAD_BYTES = 1 << 16
PACKINGS = (".gz", ".bz2", ".xz")
"""The endings of compressed files."""
PLAIN_SUFFIXES = (".txt", ".text")
SHOWN_FROM = 1 << 22
"""The number of bytes from which the progress of reading is shown."""
_OF_ARCHIVES = (OSError, EOFError, RuntimeError, NotImplementedError, ValueError)
"""The errors that `zipfile` raises for damaged archives besides its own."""
_BY_NAME_ALONE = frozenset(
    {"csv", "json", "jsonl", "markdown", "tex", "org", "asciidoc", "rst", "mediawiki"}
)
"""Formats that a file in a folder has only with the right ending, as others look like them."""
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of an old Office. Save it as .docx or .txt"),
    (b"SQLite format 3\0", "a database. Export its text as CSV or JSON"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive. Unpack it, and name the folder"),
    (b"Rar!\x1a\x07", "a RAR archive. Unpack it, and name the folder"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd. Unpack it first"),
    (b"!BDN", "an Outlook data file. Export its mail as .eml or mbox"),
)


class TextReader:
    """Reads files one after the other, and notes what to report about them."""

    def __init__(
        self,
        settings: ReadingSettings,
        spool: Spool,
        left_out: LeftOut,
        *,
        looks: bool,
        total: int | None = None,
        progress: Callable[[str, int, int | None], None] | None = None,
    ) -> None:
        """Set how texts are read.

        Args:
            settings: how texts are read.
            spool: stores the text that was extracted from other formats.
            left_out: the files that are not read, to which the reader adds.
            looks: whether to examine plain texts that were named too, for the notes.
            total: the number of bytes of all files; None if unknown.
            progress: called with (activity, bytes done, bytes in all).
        """
        self.settings, self.spool, self.looks = settings, spool, looks
        self.notes = Notes(settings.speaker, left_out)
        self._total = total
        self._progress = progress if total is None or total >= SHOWN_FROM else None
        self._done = 0

    def read(self, file: File) -> list[Text]:
        """Return the texts in a file: one, several from an archive, or none.

        Raises:
            TextError, MissingExtraError: a file that was named cannot be read.
        """
        if self._progress is None:
            return self._read_if_possible(file)
        texts = self._read_if_possible(replace(file, watch=self._show))
        self._done += file.size or 0
        return [replace(text, file=file) for text in texts]

    def _show(self, position: int) -> None:
        if self._progress is not None:
            self._progress("reading the texts", self._done + position, self._total)

    def _read_if_possible(self, file: File) -> list[Text]:
        try:
            return self._read(file)
        except (ForewordError, OSError) as error:
            if file.is_named:
                raise
            left = f"{short(file.name)}: {_why(file, error)}"
            self.notes.left_out.add("that cannot be read", left)
            return []

    def _read(self, file: File) -> list[Text]:
        head = head_of(file, self.settings.encoding)
        form = self._form(file, head)
        if form is None and _is_archive(head) and self.settings.read_as is None:
            return self._members(file)
        if form is None:
            return self._plain(file, head)
        return self._formed(file, form, head)

    def _form(self, file: File, head: Head) -> Form | None:
        if self.settings.read_as is not None:
            return None if self.settings.read_as == PLAIN else form_named(self.settings.read_as)
        form = recognise(head)
        if form is None or file.is_named or form.name not in _BY_NAME_ALONE:
            return form
        return form if head.named(*form.endings) else None

    def _plain(self, file: File, head: Head) -> list[Text]:
        if file.is_named:
            foreign = next(
                (description for magic, description in _FOREIGN if head.data.startswith(magic)),
                None,
            )
            if foreign is not None:
                raise TextError(f"{file.name}: is {foreign}")
            if head.data.startswith(ZIP_MAGIC):
                raise TextError(
                    f"{file.name}: is packed, and holds no text that can be read. Export what is "
                    "in it as text or CSV"
                )
        elif not self._is_plain_name(head):
            self.notes.left_out.add(_kind(head.name), short(file.name))
            return []
        if self.settings.speaker is not None:
            self.notes.without_speakers.append(file.name)
            return []
        encoding = self.settings.encoding
        text = Text(file, file.open, file.size, encoding)
        if not file.is_named or self.looks or self.settings.mend:
            findings = self._survey(file, text)
            if self.settings.mend and findings.mojibake:
                text, findings = self._mended(file, text)
            self.notes.warn(*findings.warnings(short(file.name)))
            seen = encoding_of(head.data, encoding)
            if seen != encoding and codecs.lookup(seen) != codecs.lookup(encoding):
                shown = "its mark shows" if marked(head.data) else "its zero bytes show"
                self.notes.warn(f"{short(file.name)}: read as {seen.upper()}, as {shown}")
        return [text]

    def _survey(self, file: File, text: Text) -> TextSurvey:
        with closing(replace(file, open=text.open).watched()) as stream:
            return survey(characters(file.name, text.encoding, stream))

    def _mended(self, file: File, text: Text) -> tuple[Text, TextSurvey]:
        """Return a plain text with wrongly decoded letters repaired, and its remaining findings."""
        mender = Mender()
        with closing(text.open()) as stream:
            blocks = mender.blocks(characters(file.name, text.encoding, stream))
            spooled = self.spool.add_blocks(block.encode("utf-8", "replace") for block in blocks)
        self._note_mended(file, mender)
        mended = Text(file, spooled.open, spooled.size, UNICODE)
        return mended, self._survey(replace(file, watch=None), mended)

    def _note_mended(self, file: File, mender: Mender) -> None:
        if mender.places:
            before, after = (line.strip()[:40] for line in mender.example)
            places = "1 place" if mender.places == 1 else f"{mender.places:,} places"
            self.notes.warn(
                f"{short(file.name)}: {places} that had been decoded wrongly mended, such as "
                f"“{before}”, which is read as “{after}”"
            )

    def _is_plain_name(self, head: Head) -> bool:
        if self.settings.read_as == PLAIN:
            text_forms = [form for form in FORMS if form.is_text]
            return head.named(*PLAIN_SUFFIXES, *(e for form in text_forms for e in form.endings))
        return head.named(*PLAIN_SUFFIXES)

    def _formed(self, file: File, form: Form, head: Head) -> list[Text]:
        opened = Opened(
            file.name, file.unpacked, self._encoding(form, head), self.settings.column, Account()
        )
        account = opened.account
        mender = Mender() if self.settings.mend else None
        spooled = self.spool.add_lines(self._lines(form.read(opened), account, mender))
        if self.settings.speaker is not None and not account.speakers:
            self.notes.without_speakers.append(file.name)
            return []
        self.notes.add(file.name, form, account)
        if mender is not None:
            self._note_mended(file, mender)
        lines: Lines = "paragraph" if form.unit == "paragraphs" else "sentence"
        text = Text(file, spooled.open, spooled.size, UNICODE, lines, is_formed=True)
        self.notes.warn(*self._survey(replace(file, watch=None), text).warnings(short(file.name)))
        return [text]

    def _encoding(self, form: Form, head: Head) -> str:
        if form.name == "html" and self.settings.encoding == UNICODE and not marked(head.data):
            declared = declared_encoding(head.data)
            if declared is not None and not _is_utf8(head.data):
                return declared
        return self.settings.encoding

    def _lines(
        self, passages: Iterator[Passage], account: Account, mender: Mender | None
    ) -> Iterator[str]:
        wanted = None if self.settings.speaker is None else _folded(self.settings.speaker)
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
            yield line if mender is None else mender.mended(line)

    def _members(self, file: File) -> list[Text]:
        """Return the texts in a ZIP file, which is read like a folder."""
        archived = replace(file, watch=None)
        try:
            with closing(archived.unpacked()) as stream, zipfile.ZipFile(stream) as archive:
                members = [m for m in archive.infolist() if not m.is_dir()]
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise TextError(
                f"{file.name}: the archive is damaged or cut short ({error}). Fetch it again"
            ) from error
        texts: list[Text] = []
        packed = 0
        for member in sorted(members, key=lambda m: m.filename):
            name = f"{file.name}/{member.filename}"
            parts = PurePosixPath(member.filename).parts
            if any(map(is_hidden, parts)):
                self.notes.left_out.add("with names that begin with a dot", short(name))
            elif any(map(is_junk, parts)):
                self.notes.left_out.add("backups and programs' own", short(name))
            else:
                texts += self._member(archived, member, name)
            packed += member.compress_size
            if file.watch is not None:
                file.watch(packed)
        if not texts and self.settings.speaker is None and file.is_named:
            omissions = self.notes.left_out.summary()
            raise TextError(
                f"{file.name}: holds no text that can be read"
                + (f" ({omissions})" if omissions else "")
            )
        return texts

    def _member(self, file: File, member: zipfile.ZipInfo, name: str) -> list[Text]:
        """Return a member's texts; it is unpacked as a whole only if its beginning is a text's."""
        try:
            with closing(file.unpacked()) as stream, zipfile.ZipFile(stream) as archive:
                blocks = member_blocks(archive, member.filename)
                first = next(blocks, b"")
                inner = File(name, member.file_size, lambda: io.BytesIO(first), is_named=False)
                head = head_of(inner, self.settings.encoding)
                if self._form(inner, head) is None and not self._is_plain_name(head):
                    self.notes.left_out.add(_kind(head.name), short(name))
                    return []
                spooled = self.spool.add_blocks(itertools.chain([first], blocks))
        except (ArchiveError, zipfile.BadZipFile, zlib.error, *_OF_ARCHIVES) as error:
            self.notes.left_out.add("that cannot be read", f"{short(name)}: {error}")
            return []
        return self._read_if_possible(replace(inner, size=spooled.size, open=spooled.open))


def head_of(file: File, encoding: str) -> Head:
    """Return the beginning of a file, decompressed, to recognise its format by.

    Args:
        file: the file.
        encoding: the encoding of its text unless its first bytes show another one.
    """
    with closing(replace(file, watch=None).unpacked()) as stream:
        try:
            data = stream.read(HEAD_BYTES + 1)
        except (OSError, EOFError, ValueError):
            data = b""  # damage is reported when the whole file is read
    whole, data = len(data) <= HEAD_BYTES, data[:HEAD_BYTES]
    name = PurePosixPath(file.name.replace("\\", "/")).name.lower()
    for packing in PACKINGS:
        name = name.removesuffix(packing)
    return Head(name, data, _beginning(data, encoding), whole)


def _beginning(data: bytes, encoding: str) -> str:
    """Decode the first bytes to recognise a format by; empty if they are binary."""
    try:
        decoder = codecs.getincrementaldecoder(encoding_of(data, encoding))("strict")
        text = decoder.decode(data)
    except UnicodeError:
        # Whatever the encoding, the marks of a format are ASCII.
        text = data.decode("latin-1")
    return "" if "\0" in text else text.removeprefix("\ufeff")


def _folded(name: str) -> str:
    """Return a name in a form that is the same however its letters are written and marked."""
    letters = unicodedata.normalize("NFKC", name).casefold()
    return " ".join("".join(c for c in letters if unicodedata.category(c) != "Cf").split())


def _is_archive(head: Head) -> bool:
    return head.data.startswith(ZIP_MAGIC) and (
        head.named(".zip") or not re.search(r"\.\w{1,5}$", head.name)
    )


def _kind(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    return suffix if suffix and len(suffix) <= 12 else "without an ending"


def _why(file: File, error: Exception) -> str:
    return str(error).removeprefix(file.name).lstrip(":, ")


def _is_utf8(data: bytes) -> bool:
    try:
        codecs.getincrementaldecoder(UNICODE)("strict").decode(data)
    except UnicodeDecodeError:
        return False
    return True
