"""Read ZIP archives: e-books and word processor documents. Guards against zip bombs."""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from urllib.parse import unquote

from foreword.text.decoding import BLOCK_BYTES, encoding_of
from foreword.text.forms.form import Form, Head, Opened, Passage
from foreword.text.forms.html_page import prose
from foreword.text.forms.xml_stream import Event, NotXmlError, events

LARGEST_MEMBER = 1 << 30
"""The largest size to which a member may unpack, in bytes."""
LARGEST_RATIO = 500
"""The largest compression ratio of a member that unpacks to more than `FREE_MEMBER` bytes."""
FREE_MEMBER = 16 << 20
MOST_MEMBERS = 100_000
ZIP_MAGIC = b"PK\x03\x04"


class ArchiveError(ValueError):
    """An archive is damaged, locked, or would fill a disk."""


@contextmanager
def opened_archive(text: Opened, kind: str) -> Iterator[zipfile.ZipFile]:
    """Open a ZIP file, turning its errors into errors of the text."""
    try:
        with closing(text.open()) as stream, zipfile.ZipFile(stream) as archive:
            if len(archive.infolist()) > MOST_MEMBERS:
                raise ArchiveError(f"it has over {MOST_MEMBERS:,} members")
            yield archive
    except (
        *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ArchiveError),
        *(NotXmlError, KeyError, UnicodeDecodeError),
    ) as error:
        why = f"{error.args[0]}" if isinstance(error, KeyError) else error
        raise text.damaged(f"it is damaged: {why}", kind) from error


def member_blocks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """Yield a member's bytes, in blocks.

    Raises:
        ArchiveError: it is locked, or unpacks to more than a text could.
    """
    member = archive.getinfo(name)
    if member.flag_bits & 1:
        raise ArchiveError(f"{name} is locked with a password")
    packed = max(1, member.compress_size)
    if member.file_size > LARGEST_MEMBER or (
        member.file_size > FREE_MEMBER and member.file_size / packed > LARGEST_RATIO
    ):
        raise ArchiveError(f"{name} would unpack to {member.file_size:,} bytes")
    with archive.open(member) as stream:
        while block := stream.read(BLOCK_BYTES):
            yield block


def _names(head: Head) -> bytes:
    return head.data if head.data.startswith(ZIP_MAGIC) else b""


# Documents of word processors


_NOTES = ("word/footnotes.xml", "word/endnotes.xml")


def _read_docx(text: Opened) -> Iterator[Passage]:
    with opened_archive(text, "a Word document") as archive:
        notes = [name for name in _NOTES if name in archive.namelist()]
        for name in ("word/document.xml", *notes):
            yield from _paragraphs(
                events(member_blocks(archive, name)),
                paragraphs=frozenset({"p"}),
                text_in="t",
                spaces={"tab": " ", "br": " ", "cr": " ", "noBreakHyphen": "-"},
                skipped=frozenset({"Fallback", "instrText", "del", "moveFrom"}),
            )


def _read_odt(text: Opened) -> Iterator[Passage]:
    with opened_archive(text, "an OpenDocument text") as archive:
        if "META-INF/manifest.xml" in archive.namelist() and b"encryption-data" in b"".join(
            member_blocks(archive, "META-INF/manifest.xml")
        ):
            raise ArchiveError("it is locked with a password")
        yield from _paragraphs(
            events(member_blocks(archive, "content.xml")),
            paragraphs=frozenset({"p", "h"}),
            text_in=None,
            spaces={"s": " ", "tab": " ", "line-break": " "},
            skipped=frozenset(
                {"annotation", "tracked-changes", "note-citation", "automatic-styles"}
            ),
        )


def _paragraphs(
    stream: Iterator[Event],
    *,
    paragraphs: frozenset[str],
    text_in: str | None,
    spaces: Mapping[str, str],
    skipped: frozenset[str],
) -> Iterator[Passage]:
    """Yield a document's paragraphs; nested ones (notes, text boxes) precede those around them."""
    open_paragraphs: list[list[str]] = []
    skipping = inside = 0
    for event in stream:
        if event.kind == "text":
            if open_paragraphs and not skipping and (text_in is None or inside):
                open_paragraphs[-1].append(event.name)
            continue
        begins = event.kind == "begin"
        if event.name in skipped:
            skipping += 1 if begins else -1
        elif skipping:
            continue
        elif event.name in paragraphs:
            if begins:
                open_paragraphs.append([])
            elif open_paragraphs:
                content = "".join(open_paragraphs.pop())
                if content.strip():
                    yield Passage(content)
        elif event.name == text_in:
            inside += 1 if begins else -1
        elif event.name in spaces and begins and open_paragraphs:
            open_paragraphs[-1].append(spaces[event.name])


# E-books


def _read_epub(text: Opened) -> Iterator[Passage]:
    with opened_archive(text, "an e-book") as archive:
        names = frozenset(archive.namelist())
        if "META-INF/rights.xml" in names or "META-INF/sinf.xml" in names:
            raise ArchiveError("it is locked by DRM")
        for name in _spine(archive):
            if name not in names:
                text.account.left_out["chapters that are missing"] += 1
                continue
            page = b"".join(member_blocks(archive, name))
            encoding = encoding_of(page, declared_encoding(page) or "utf-8")
            yield from map(Passage, prose(page.decode(encoding, "replace")))


def _spine(archive: zipfile.ZipFile) -> Iterator[str]:
    """Yield the names of an e-book's chapters, in reading order."""
    container = events(member_blocks(archive, "META-INF/container.xml"))
    roots = [event.has["full-path"] for event in container if "full-path" in event.has]
    if not roots:
        raise ArchiveError("it does not say where its chapters are")
    package = roots[0]
    folder = posixpath.dirname(package)
    chapters: dict[str, str] = {}
    for event in events(member_blocks(archive, package)):
        if event.kind != "begin":
            continue
        if event.name == "item" and "nav" not in event.has.get("properties", "").split():
            if "html" in event.has.get("media-type", ""):
                path = posixpath.join(folder, unquote(event.has.get("href", "")))
                chapters[event.has.get("id", "")] = posixpath.normpath(path)
        elif event.name == "itemref" and event.has.get("idref") in chapters:
            yield chapters[event.has["idref"]]


_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z][\w.:-]{1,30})""")


def declared_encoding(head: bytes) -> str | None:
    """Return the encoding that a page declares; like browsers, read Latin-1 as Windows-1252."""
    declaration = _DECLARED.search(head[:2048])
    if declaration is None:
        return None
    name = declaration[1].decode("ascii").lower()
    name = "cp1252" if name in ("iso-8859-1", "latin-1", "latin1", "us-ascii", "ascii") else name
    try:
        b"a".decode(name)
    except (LookupError, ValueError):
        return None
    return name


def _read_fb2(text: Opened) -> Iterator[Passage]:
    with closing(text.open()) as stream:
        try:
            yield from _paragraphs(
                events(iter(lambda: stream.read(BLOCK_BYTES), b"")),
                paragraphs=frozenset({"p", "v", "subtitle", "text-author"}),
                text_in=None,
                spaces={},
                skipped=frozenset({"binary", "description", "code"}),
            )
        except NotXmlError as error:
            raise text.damaged(error, FB2.label) from error


FB2 = Form(
    "fb2", "FictionBook", "paragraphs", "descriptions and pictures",
    lambda head: b"<FictionBook" in head.data[:2048],
    _read_fb2, (".fb2",), is_text=False,
)  # fmt: skip
EPUB = Form(
    "epub", "e-book", "paragraphs", "navigation, code and pictures",
    lambda head: b"mimetypeapplication/epub+zip" in _names(head)[:100]
    or (bool(_names(head)) and head.named(".epub")),
    _read_epub, (".epub",), is_text=False,
)  # fmt: skip
DOCX = Form(
    "docx", "Word document", "paragraphs", "headers, footers, comments and what was deleted",
    lambda head: bool(_names(head))
    and (head.named(".docx", ".docm") or b"word/document.xml" in head.data),
    _read_docx, (".docx", ".docm"), is_text=False,
)  # fmt: skip
ODT = Form(
    "odt", "OpenDocument text", "paragraphs", "comments and what was deleted",
    lambda head: b"application/vnd.oasis.opendocument.text" in _names(head)[:120]
    or (bool(_names(head)) and head.named(".odt")),
    _read_odt, (".odt", ".ott"), is_text=False,
)  # fmt: skip
