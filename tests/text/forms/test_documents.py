import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from foreword.errors import MissingExtraError, TextError

Write = Callable[..., Path]
Lines = Callable[..., list[str]]


def packed(members: dict[str, str | bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(name, content, kind)
    return data.getvalue()


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
DOCX = {
    "[Content_Types].xml": "<Types/>",
    "word/document.xml": f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:document {W} xmlns:mc="x"><w:body>
<w:p><w:r><w:t>Gro</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">ße </w:t></w:r>
<w:r><w:t>Katzen</w:t><w:tab/><w:t>hier</w:t></w:r></w:p>
<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>
<w:p><w:r><w:instrText>HYPERLINK "x"</w:instrText></w:r><w:r><w:t>a link</w:t><w:br/></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>cell</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
<w:p><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p>
</w:txbxContent></mc:Choice><mc:Fallback><w:p><w:r><w:t>boxed</w:t></w:r></w:p></mc:Fallback>
</mc:AlternateContent><w:r><w:t>around</w:t></w:r></w:p>
</w:body></w:document>""",
    "word/header1.xml": f"<w:hdr {W}><w:p><w:r><w:t>header</w:t></w:r></w:p></w:hdr>",
}
ODT = {
    "mimetype": "application/vnd.oasis.opendocument.text",
    "content.xml": """<office:document-content xmlns:office="o" xmlns:text="t"><office:body>
<office:text><text:tracked-changes><text:p>gone</text:p></text:tracked-changes>
<text:h>A heading</text:h><text:p>Two<text:s/>words<text:tab/>and <text:span>more</text:span>
<office:annotation><text:p>remark</text:p></office:annotation>
<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>a note</text:p>
</text:note-body></text:note></text:p></office:text></office:body></office:document-content>""",
}
EPUB = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": '<container xmlns="c"><rootfiles><rootfile '
    'full-path="OEBPS/book.opf" media-type="x"/></rootfiles></container>',
    "OEBPS/book.opf": """<package xmlns="p"><manifest>
<item id="b" href="text/two%20b.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="c" href="cover.jpg" media-type="image/jpeg"/></manifest>
<spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/></spine></package>""",
    "OEBPS/nav.xhtml": "<html><body><p>Contents</p></body></html>",
    "OEBPS/text/two b.xhtml": "<html><body><p>Second – chapter.</p></body></html>",
    "OEBPS/text/one.xhtml": '<?xml version="1.0" encoding="utf-8"?><html><head><title>T</title>'
    "</head><body><h1>One</h1><p>First\nchapter.</p></body></html>",
    "OEBPS/cover.jpg": b"\xff\xd8\xff\0",
}
FB2 = """<?xml version="1.0" encoding="windows-1251"?>
<FictionBook xmlns="f"><description><title-info><p>about</p></title-info></description>
<body><title><p>Глава</p></title><section><p>Первый <emphasis>абзац</emphasis>.</p></section></body>
<binary id="x">/9j/4AAQ</binary></FictionBook>"""


@pytest.mark.parametrize("name", ["a.docx", "a.bin"])
def test_a_document_of_word_gives_its_paragraphs(name: str, write: Write, lines: Lines) -> None:
    assert lines(write(packed(DOCX), name)) == [
        "Große Katzen hier",
        "new",
        "a link",
        "cell",
        "boxed",
        "around",
    ]


def test_an_opendocument_gives_its_paragraphs(write: Write, lines: Lines) -> None:
    assert lines(write(packed(ODT), "a.odt")) == ["A heading", "a note", "Two words and more"]


def test_an_e_book_gives_its_chapters_in_reading_order(
    write: Write, lines: Lines, notes: Lines
) -> None:
    path = write(packed(EPUB), "a.epub")
    assert lines(path) == ["One", "First chapter.", "Second – chapter."]
    assert notes(path) == ["a.epub: e-book: 3 paragraphs; navigation, code and pictures left out"]


def test_a_fictionbook_is_read_in_its_own_encoding(write: Write, lines: Lines) -> None:
    assert lines(write(FB2.encode("cp1251"), "a.fb2")) == ["Глава", "Первый абзац."]


def test_books_in_a_zip_file_are_found_there(write: Write, lines: Lines) -> None:
    path = write(packed({"a.fb2": FB2.encode("cp1251"), "b/c.docx": packed(DOCX)}), "books.zip")
    assert lines(path)[:3] == ["Глава", "Первый абзац.", "Große Katzen hier"]


@pytest.mark.parametrize("members", [DOCX, ODT, EPUB], ids=["docx", "odt", "epub"])
@pytest.mark.parametrize("keep", [0.3, 0.8, 0.99])
def test_documents_that_are_cut_short_are_refused(
    members: dict[str, str | bytes], keep: float, write: Write, lines: Lines
) -> None:
    data = packed(members)
    with pytest.raises(TextError, match=r"a\.\w+: "):
        lines(write(data[: int(len(data) * keep)], "a.docx"), read_as="docx")


def test_a_member_that_would_fill_the_disk_is_refused(write: Write, lines: Lines) -> None:
    bomb = packed({**DOCX, "word/document.xml": b" " * (64 << 20)})
    assert len(bomb) < 100_000
    with pytest.raises(TextError, match="would unpack to 67,108,864 bytes"):
        lines(write(bomb, "a.docx"))


def test_entities_of_a_document_are_not_read(write: Write, lines: Lines) -> None:
    attack = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><d><p><t>&b;</t></p></d>'
    with pytest.raises(TextError, match="entities"):
        lines(write(packed({**DOCX, "word/document.xml": attack}), "a.docx"))


def test_an_e_book_that_does_not_say_where_its_chapters_are_is_refused(
    write: Write, lines: Lines
) -> None:
    with pytest.raises(TextError, match="does not say where"):
        lines(write(packed({**EPUB, "META-INF/container.xml": "<container/>"}), "a.epub"))
    with pytest.raises(TextError, match="locked by DRM"):
        lines(write(packed({**EPUB, "META-INF/rights.xml": "<r/>"}), "a.epub"))


RTF = rb"""{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Times;}}{\info{\author X}}
\f0 Hello \b world\b0 .\par Caf\'e9 don\rquote t.\par{\*\generator foo;}}"""


def test_an_rtf_document_gives_its_paragraphs(write: Write, lines: Lines) -> None:
    assert lines(write(RTF, "a.rtf")) == ["Hello world.", "Café don’t."]


def pdf(text: str) -> bytes:
    """A PDF of one page, as its specification has it."""
    shown = "".join(f"({line}) Tj T* " for line in text.splitlines())
    stream = f"BT /F1 12 Tf 14 TL 72 720 Td {shown}ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % position for position in places)
    return data + (
        b"xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (table, len(data))
    )


def test_a_pdf_gives_paragraphs_with_words_put_together_again(write: Write, lines: Lines) -> None:
    text = "This is a long line of a para-\ngraph that ends here.\nThis is the next one of them.\n3"
    assert lines(write(pdf(text), "a.pdf")) == [
        "This is a long line of a paragraph that ends here.",
        "This is the next one of them.",
    ]


@pytest.mark.parametrize("keep", [20, 200, 400])
def test_a_pdf_that_is_cut_short_is_refused_or_read(keep: int, write: Write, lines: Lines) -> None:
    try:
        lines(write(pdf("some words")[:keep], "a.pdf"))
    except TextError as error:
        assert "a.pdf" in str(error)


TEX = r"""\documentclass{article} % a comment
\title{On cats}
\begin{document}
\maketitle
\section{Cats}
Cats are \emph{nice}, see \cite{smith} and
Fig.~\ref{f}. They cost 10\,\% more, % no
``so to say''.

\begin{equation} a = b \end{equation}
\begin{itemize}\item One thing \item Another $x^2$ thing\end{itemize}
\begin{lstlisting}
int x;
\end{lstlisting}
\input{/etc/passwd}
\end{document}
after the end
"""


def test_tex_gives_its_prose(write: Write, lines: Lines) -> None:
    actual = [" ".join(line.split()) for line in lines(write(TEX))]
    assert actual[0] == "Cats"
    assert actual[1].startswith("Cats are nice, see and Fig.")
    assert actual[1].endswith("“so to say”.")
    assert actual[2:] == ["One thing", "Another thing"]


def test_tex_of_braces_alone_is_no_trap(write: Write, lines: Lines) -> None:
    assert isinstance(lines(write(r"\documentclass{a}" + "{" * 3_000, "a.tex")), list)


@pytest.mark.parametrize(
    ("name", "data", "module"),
    [
        ("a.rtf", RTF, "striprtf.striprtf"),
        ("a.pdf", pdf("x"), "pypdf"),
        ("a.tex", TEX.encode(), "pylatexenc.latex2text"),
    ],
)
def test_a_missing_library_is_answered_with_the_line_that_brings_it(
    name: str,
    data: bytes,
    module: str,
    write: Write,
    lines: Lines,
    notes: Lines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    path = write(data, name)
    with pytest.raises(MissingExtraError, match=r'pip install "foreword\[texts\]"'):
        lines(path)
    write("some words\n", "b.txt")
    assert lines(path.parent) == ["some words"]
    assert "foreword[texts]" in notes(path.parent)[-1]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "old Office"),
        (b"SQLite format 3\0" + bytes(100), "database"),
        (packed({"xl/workbook.xml": "<x/>"}), "as text or CSV"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_to_do(
    data: bytes, what: str, write: Write, lines: Lines
) -> None:
    with pytest.raises(TextError, match=what):
        lines(write(data, "a.xlsx"))


def test_footnotes_of_a_word_document_are_read_and_its_comments_are_not(
    write: Write, lines: Lines
) -> None:
    ns = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    body = "<w:p><w:r><w:t>It is well</w:t><w:noBreakHyphen/><w:t>known.</w:t></w:r></w:p>"
    note, comment = (
        "<w:p><w:r><w:t>A note.</w:t></w:r></w:p>",
        "<w:p><w:r><w:t>No.</w:t></w:r></w:p>",
    )
    members = {
        "word/document.xml": f"<w:document {ns}><w:body>{body}</w:body></w:document>",
        "word/footnotes.xml": f"<w:footnotes {ns}><w:footnote>{note}</w:footnote></w:footnotes>",
        "word/comments.xml": f"<w:comments {ns}><w:comment>{comment}</w:comment></w:comments>",
    }
    assert lines(write(packed(members), "a.docx")) == ["It is well-known.", "A note."]
