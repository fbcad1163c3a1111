"""Read the prose of Org mode and AsciiDoc, whose lines show what they are."""

import re
from collections.abc import Iterable, Iterator

from foreword.text.forms.form import Form, Head, Opened, Passage

_URL = r"(?:https?|ftp|file|mailto|doi|id|info|elisp|attachment):"


class _Paragraphs:
    """Join lines to paragraphs, each without the marks within it."""

    def __init__(self, marks: Iterable[tuple[str, str]]) -> None:
        self._marks = [(re.compile(pattern), kept) for pattern, kept in marks]
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        """Add a line to the paragraph."""
        self._lines.append(line.strip())

    @property
    def is_begun(self) -> bool:
        """Whether there is a line."""
        return bool(self._lines)

    def end(self) -> Iterator[Passage]:
        """Yield the paragraph, if it has any words, and begin another."""
        text = " ".join(self._lines)
        self._lines.clear()
        for pattern, kept in self._marks:
            text = pattern.sub(kept, text)
        if any(map(str.isalpha, text)):
            yield Passage(text)

    def whole(self, line: str) -> Iterator[Passage]:
        """Yield the paragraph before a line, and the line as a paragraph of its own."""
        yield from self.end()
        self.add(line)
        yield from self.end()


def _emphasis(marks: str) -> tuple[str, str]:
    """Return the pattern of words between two equal marks, and its replacement."""
    return rf"(?<![\w])([{marks}])(?=\S)(.{{1,300}}?)(?<=\S)\1(?!\w)", r"\2"


# Org mode

_ORG_HEADING = re.compile(
    r"\*+\s+(?:[A-Z]{4,12}\s+)?(?:\[#\w\]\s+)?(?:COMMENT\s+)?(.*?)(?:\s+:[\w@#%:]+:)?\s*$"
)
_ORG_KEYWORD = re.compile(r"\s*#\+(\w+)(?::|\s|\[|$)(.*)", re.IGNORECASE)
_ORG_PROSE = frozenset({"quote", "verse", "center", "abstract", "note"})
"""Blocks whose content is prose."""
_ORG_DRAWER = re.compile(r"\s*:[\w-]+:\s*$")
_ORG_NOTHING = re.compile(
    r"\s*(?:#(?:\s|$)|:(?:\s|$)|\||-{5,}\s*$|(?:SCHEDULED|DEADLINE|CLOSED|CLOCK):)"
)
_ORG_ITEM = re.compile(r"\s*(?:[-+]|\d+[.)]|\s\*)\s+(?:\[[ X-]\]\s+)?(.*)")
_ORG_MARKS = (
    (r"\[\[[^\[\]]{0,500}\]\[([^\[\]]{0,500})\]\]", r"\1"),
    (rf"\[\[{_URL}[^\[\]]{{0,500}}\]\]", ""),
    (r"\[\[([^\[\]]{0,500})\]\]", r"\1"),
    (r"\s*[<\[]\d{4}-\d\d-\d\d[^<>\[\]\n]{0,40}[>\]](?:--[<\[][^<>\[\]]{0,50}[>\]])?", ""),
    (r"\[fn:[^\[\]]{0,500}\]", ""),
    (
        r"\\\(.{0,500}?\\\)|\\\[.{0,500}?\\\]|\$\$.{0,500}?\$\$|(?<!\w)\$(?=\S)[^$]{1,200}(?<=\S)\$(?!\w)",
        "",
    ),
    (r"\s::\s", ": "),
    (r"\\\\(?=\s|$)", ""),
    _emphasis("*/_=~+"),
)


def _recognises_org(head: Head) -> bool:
    if head.named(".org"):
        return bool(head.text.strip()) or head.whole
    lines = head.lines[:50] or [""]
    if re.match(r"#\+(?:TITLE|STARTUP|OPTIONS|AUTHOR):", lines[0], re.IGNORECASE):
        return True
    return lines[0].startswith("* ") and ":PROPERTIES:" in map(str.strip, lines)


def _read_org(text: Opened) -> Iterator[Passage]:
    paragraph = _Paragraphs(_ORG_MARKS)
    skips = ""  # the pattern of the end of skipped text, in small letters
    for line in text.lines():
        bare = line.strip()
        if skips:
            if bare.lower().startswith(skips):
                skips = ""
            continue
        keyword = _ORG_KEYWORD.match(line)
        latex = re.match(r"\\begin\{(\w+\*?)\}", bare)
        heading = _ORG_HEADING.match(line)
        item = _ORG_ITEM.match(line)
        if keyword is not None:
            yield from paragraph.end()
            name = keyword[1].lower()
            kind = (keyword[2].split() or [""])[0] if "_" not in name else name.split("_", 1)[1]
            if name.startswith("begin") and kind.lower() not in _ORG_PROSE:
                skips = f"#+end_{kind.lower()}"
        elif latex is not None:
            skips = f"\\end{{{latex[1].lower()}}}"
        elif _ORG_DRAWER.match(line) and bare.lower() != ":end:":
            skips = ":end:"
        elif not bare or _ORG_NOTHING.match(line):
            yield from paragraph.end()
        elif heading is not None:
            yield from paragraph.whole(heading[1])
        elif item is not None:
            yield from paragraph.end()
            paragraph.add(item[1])
        else:
            paragraph.add(re.sub(r"^\[fn:\w+\]\s", "", line))
    yield from paragraph.end()


ORG = Form(
    "org",
    "Org mode",
    "paragraphs",
    "keywords, drawers, times, code, tables, formulas and link targets",
    _recognises_org,
    _read_org,
    (".org",),
)

# AsciiDoc

_DOC_SECTION = re.compile(r"={1,6}\s+(\S.*)")
_DOC_NOT_PROSE = re.compile(r"(-{4,}|\.{4,}|\+{4,}|/{4,}|```\S*|[|,:!]={3,})\s*$")
"""Delimiters of code, literal text, passed-through text, comments and tables."""
_DOC_DELIMITER = re.compile(r"(?:={4,}|\*{4,}|_{4,}|--|'{3,}|<{3,}|\+|\"\")\s*$")
_DOC_NOTHING = re.compile(r"//|\[[^\]]*\]\s*$|:!?[\w-]+!?:|\w+::\S*\[.*\]\s*$")
_DOC_CODE = re.compile(r"\[(?:source|listing|literal|stem|latexmath|asciimath|plantuml|ditaa)\b")
_DOC_ITEM = re.compile(
    r"\s*(?:[*.]{1,5}|-|\d+\.|<[\d.]+>)\s+(?:\[[ x*]\]\s+)?(\S.*)|\s*(\S.*?):{2,4}(?:\s+(.*))?$"
)
_TARGET = r"[^\s\[\]]{0,500}\[([^\[\],^]{0,500})(?:[,^][^\[\]]{0,500})?\]"
_DOC_MARKS = (
    (r"(?:^|(?<=\s))(?:NOTE|TIP|IMPORTANT|WARNING|CAUTION):\s+", ""),
    (rf"(?:footnote(?:ref)?|image|icon|indexterm|stem|latexmath|anchor|pass):{_TARGET}", ""),
    (rf"(?:link:|xref:|mailto:|https?://|ftp://){_TARGET}", r"\1"),
    (rf"(?:kbd|btn|menu|indexterm2):{_TARGET}", r"\1"),
    (r"<<[^<>,]{0,200},([^<>]{0,500})>>", r"\1"),
    (r"<<[^<>]{0,500}>>|\[\[[^\[\]]{0,500}\]\]|\(\(\([^()]{0,500}\)\)\)", ""),
    (r"\(\(([^()]{0,500})\)\)", r"\1"),
    (r"\"`(.{1,500}?)`\"", "“\\1”"),
    (r"'`(.{1,500}?)`'", "‘\\1’"),
    (r"`'", "’"),
    (r"\{[\w-]+\}", ""),
    (r"(?<!\w)\[[^\[\]]{0,60}\](?=[#*_`])", ""),
    (r"(\*\*|__|``|##|\+\+)(?=\S)(.{1,300}?)(?<=\S)\1", r"\2"),
    _emphasis("*_`#+"),
    (r"\s\+(?=\s|$)", ""),
)


def _recognises_asciidoc(head: Head) -> bool:
    if head.named(".adoc", ".asciidoc", ".asc") and not head.text.startswith("-----BEGIN PGP"):
        return bool(head.text.strip()) or head.whole
    lines = head.lines[:200]
    if not lines or not re.match(r"= \S", lines[0]):
        return False
    return any(re.match(r"==+ \S|:[\w-]+:|\[source\b", line) for line in lines[1:])


def _read_asciidoc(text: Opened) -> Iterator[Passage]:
    paragraph = _Paragraphs(_DOC_MARKS)
    skips = ""  # the delimiter at the end of what is skipped
    is_code = in_header = has_begun = False
    for line in text.lines():
        bare = line.strip()
        if skips:
            if bare == skips:
                skips = ""
            continue
        if not bare:
            yield from paragraph.end()
            is_code = in_header = False
            continue
        section = _DOC_SECTION.match(line)
        delimiter = _DOC_NOT_PROSE.match(line)
        item = _DOC_ITEM.match(line)
        if in_header or (is_code and delimiter is None):
            continue  # authors and attributes below the title; code without delimiters
        if section is not None:
            yield from paragraph.whole(section[1].rstrip(" ="))
            in_header = line.startswith("= ") and not has_begun
        elif delimiter is not None:
            yield from paragraph.end()
            skips = "```" if bare.startswith("```") else bare
            is_code = False
        elif _DOC_DELIMITER.match(line):
            yield from paragraph.end()
        elif item is not None and not line.startswith("//"):
            yield from paragraph.end()
            term = item[2] if item[1] is None else item[1]
            if item[1] is None and "[" in term:
                continue  # a macro: image::x.png[]
            paragraph.add(f"{term}: {item[3]}" if item[3] else term)
        elif _DOC_NOTHING.match(line):
            yield from paragraph.end()
            is_code = _DOC_CODE.match(line) is not None
        elif re.match(r"\.\S", line):
            yield from paragraph.whole(line[1:])
        elif line[0] != " " or paragraph.is_begun:
            paragraph.add(line)  # an indented one would be literal
        has_begun = True
    yield from paragraph.end()


ASCIIDOC = Form(
    "asciidoc",
    "AsciiDoc",
    "paragraphs",
    "attributes, code, tables, macros and link targets",
    _recognises_asciidoc,
    _read_asciidoc,
    (".adoc", ".asciidoc", ".asc"),
)
