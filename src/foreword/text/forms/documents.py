"""Read documents that need a library of the extra `foreword[texts]`: RTF, PDF and TeX."""

import contextlib
import logging
import re
from collections.abc import Iterator
from contextlib import closing

from foreword.errors import MissingExtraError, TextError
from foreword.text.forms.form import Form, Opened, Passage

EXTRA = "texts"
LARGEST = 64 << 20
"""The largest document in bytes, since documents are parsed as a whole."""
MOST_PAGES = 20_000


def _whole(text: Opened, kind: str) -> bytes:
    with closing(text.open()) as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise text.damaged(f"it has over {LARGEST:,} bytes", kind)
    return data


# RTF


def _read_rtf(text: Opened) -> Iterator[Passage]:
    try:
        from striprtf.striprtf import rtf_to_text
    except ModuleNotFoundError as error:
        raise MissingExtraError("reading RTF", EXTRA) from error
    data = _whole(text, RTF.label).decode("latin-1")  # RTF escapes its letters in ASCII
    try:
        content: str = rtf_to_text(data, errors="replace")  # type: ignore[no-untyped-call]
    except (ValueError, LookupError, IndexError, UnicodeError, RecursionError) as error:
        raise text.damaged(error, RTF.label) from error
    for line in content.replace("|", " ").splitlines():
        yield Passage(line)


# PDF


def _read_pdf(text: Opened) -> Iterator[Passage]:
    try:
        import pypdf
        import pypdf.errors
    except ModuleNotFoundError as error:
        raise MissingExtraError("reading PDF", EXTRA) from error
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it logs every irregularity
    try:
        with closing(text.open()) as stream:
            reader = pypdf.PdfReader(stream)
            if reader.is_encrypted and not reader.decrypt(""):
                raise TextError(f"{text.name}: is locked with a password. Save it without one")
            pages = reader.pages
            if len(pages) > MOST_PAGES:
                raise text.damaged(f"it has over {MOST_PAGES:,} pages", PDF.label)
            for page in pages:
                lines = (page.extract_text() or "").splitlines()
                if not any(line.strip() for line in lines):
                    text.account.left_out["pages without text"] += 1
                yield from map(Passage, _paragraphs(lines))
    except (
        *(pypdf.errors.PyPdfError, ValueError, KeyError, IndexError, TypeError, AttributeError),
        *(RecursionError, OverflowError, AssertionError, NotImplementedError),
    ) as error:
        # The format is large, and the library raises unforeseen errors for damaged files.
        raise text.damaged(f"it is damaged ({type(error).__name__}: {error})", PDF.label) from error


def _paragraphs(lines: list[str]) -> Iterator[str]:
    """Join the lines of a page to paragraphs, and words that a hyphen split."""
    width = max(map(len, lines), default=0)
    paragraph = ""
    for raw in lines:
        line = raw.strip()
        if not line or line.isdigit():  # a page number
            continue
        if paragraph.endswith("-") and line[:1].islower():
            paragraph = paragraph[:-1] + line
        else:
            paragraph = f"{paragraph} {line}".strip()
        if len(raw) < 0.75 * width and line.endswith((".", "!", "?", ":", "”", '"')):
            yield paragraph
            paragraph = ""
    if paragraph:
        yield paragraph


# TeX

_DROPPED = re.compile(
    r"\\begin\{(equation|align|alignat|gather|multline|eqnarray|displaymath|math|lstlisting|"
    r"verbatim|Verbatim|minted|tikzpicture|tabular|tabularx|array|thebibliography|algorithm|"
    r"algorithmic|comment)(\*?)\}.*?\\end\{\1\2\}"
    r"|\\\[.*?\\\]|\$\$.*?\$\$",
    re.DOTALL,
)
_COMMANDS = re.compile(
    r"~?\\(?:cite[a-zA-Z]*|[a-zA-Z]*ref|label|includegraphics|input|include|bibliography|"
    r"bibliographystyle|vspace|hspace|index|pagestyle|thispagestyle|usepackage|documentclass)"
    r"\*?\s*(?:\[[^\]\n]{0,300}\]\s*){0,2}\{[^{}\n]{0,300}\}"
    r"|\\(?:maketitle|tableofcontents|newpage|clearpage|noindent|centering|item)\b"
)
_COMMENT = re.compile(r"(?<!\\)%.*?(?:\n[ \t]*|$)")


def _read_tex(text: Opened) -> Iterator[Passage]:
    try:
        from pylatexenc.latex2text import LatexNodes2Text
    except ModuleNotFoundError as error:
        raise MissingExtraError("reading TeX", EXTRA) from error
    source = "\n".join(text.lines())
    if len(source) > LARGEST:
        raise text.damaged(f"it has over {LARGEST:,} characters", TEX.label)
    source = _COMMENT.sub("", source)
    _, begins, body = source.partition(r"\begin{document}")
    body = body.partition(r"\end{document}")[0] if begins else source
    converter = LatexNodes2Text(math_mode="remove", keep_comments=False)
    for part in re.split(
        r"\n\s*\n|\\item\b|\\(?=(?:sub)*section\*?\{|chapter)", _DROPPED.sub("", body)
    ):
        part = _COMMANDS.sub("", part)
        part = re.sub(r"^((?:sub)*section|chapter|paragraph)\*?\{([^{}\n]*)\}", r"\2\n\n", part)
        for block in part.split("\n\n"):
            with contextlib.suppress(RecursionError):
                content = converter.latex_to_text(block)
                content = re.sub(r"<(?:cit\.|ref)>|[§•]", " ", content)
                if any(map(str.isalpha, content)):
                    yield Passage(content)


RTF = Form(
    "rtf", "RTF document", "paragraphs", "formatting and pictures",
    lambda head: head.data.startswith(b"{\\rtf"), _read_rtf, (".rtf",), is_text=False,
)  # fmt: skip
PDF = Form(
    "pdf", "PDF document", "paragraphs", "pictures; headers of pages may remain",
    lambda head: head.data.lstrip()[:5] == b"%PDF-",
    _read_pdf, (".pdf",), is_text=False,
)  # fmt: skip
TEX = Form(
    "tex", "TeX document", "paragraphs", "commands, formulas, code and tables",
    lambda head: bool(head.text)
    and (head.named(".tex", ".ltx", ".latex")
         or re.search(r"^\s*\\documentclass\b", head.text[:8192], re.MULTILINE) is not None),
    _read_tex, (".tex", ".ltx", ".latex"),
)  # fmt: skip
