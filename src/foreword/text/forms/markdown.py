"""Read the prose of Markdown, without front matter, code, comments and link targets."""

import re
from collections.abc import Iterable, Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from foreword.text.forms.form import Form, Head, Opened, Passage

CHUNK = 1 << 18
"""The number of characters parsed at once, up to the next blank line outside of code."""
_FRONT_MATTER = re.compile(r"\ufeff?(---|\+\+\+)[ \t]*$")
_FRONT_KEY = re.compile(r"[\w.-]+[ \t]*[:=]|\s|#|- |$|\[")
LONGEST_FRONT_MATTER = 2000
"""The number of lines after which three dashes are a rule, and not the start of front matter."""
_FENCE = re.compile(r"\s{0,3}(?:>\s?)*(```+|~~~+)")
_COMMENT = re.compile(r"%%.*?%%|<!--.*?-->", re.DOTALL)
_EMBED = re.compile(r"!\[\[[^\[\]\n]{0,300}\]\]")
_WIKI_LINK = re.compile(r"\[\[([^\[\]\n|]{1,300})(?:\|([^\[\]\n]{1,300}))?\]\]")
_MATHS = re.compile(r"\$\$.*?\$\$|(?<![\w$])\$(?=\S)[^$\n]{1,300}(?<=\S)\$(?!\d)", re.DOTALL)
_LEADING = re.compile(r"^(?:\[![\w-]+\][-+]?\s*|\[[ xX/-]\]\s+)")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,60}\]:?")
_BLOCK_MARK = re.compile(r"\s\^[\w-]{1,40}$|==|\s*\{[#.:][^{}\n]{1,100}\}$")
_PARSER = MarkdownIt("commonmark", {"maxNesting": 40}).enable(["table", "strikethrough"])


def _recognises(head: Head) -> bool:
    if head.named(".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd", ".rmd"):
        return bool(head.text.strip()) or head.whole
    lines = head.text.splitlines()[:LONGEST_FRONT_MATTER]
    fence = _FRONT_MATTER.match(lines[0]) if lines else None
    if fence is None:
        return False
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() in (fence[1], "..."):
            return number > 1
        if not _FRONT_KEY.match(line):
            return False
    return False


def _read(text: Opened) -> Iterator[Passage]:
    for chunk in _chunks(_without_front_matter(text.lines())):
        for paragraph in _prose(chunk):
            yield Passage(paragraph)


def _without_front_matter(lines: Iterator[str]) -> Iterator[str]:
    first = next(lines, None)
    if first is None:
        return
    fence = _FRONT_MATTER.match(first)
    if fence is None:
        yield first
        yield from lines
        return
    held = [first]
    for line in lines:
        held.append(line)
        if line.rstrip() in (fence[1], "...") and len(held) > 1:
            held.clear()
            break
        if len(held) > LONGEST_FRONT_MATTER or not _FRONT_KEY.match(line):
            break
    yield from held
    yield from lines


def _chunks(lines: Iterable[str]) -> Iterator[str]:
    chunk: list[str] = []
    size, fence = 0, ""
    for line in lines:
        mark = _FENCE.match(line)
        if mark is not None:
            if not fence:
                fence = mark[1][:3]
            elif mark[1].startswith(fence):
                fence = ""
        chunk.append(line)
        size += len(line) + 1
        if (size > CHUNK and not fence and not line.strip()) or size > 8 * CHUNK:
            yield "\n".join(chunk)
            chunk, size = [], 0
    if chunk:
        yield "\n".join(chunk)


def _prose(chunk: str) -> Iterator[str]:
    chunk = _EMBED.sub("", chunk) if "![[" in chunk else chunk
    chunk = _WIKI_LINK.sub(lambda link: link[2] or link[1], chunk) if "[[" in chunk else chunk
    if "%%" in chunk or "<!--" in chunk:
        chunk = _COMMENT.sub("", chunk)
    chunk = _MATHS.sub("", chunk) if "$" in chunk else chunk
    for token in _PARSER.parse(chunk):
        if token.type != "inline":
            continue  # code, HTML and rules are tokens without any inline content
        for line in _inline(token.children or []).split("\n"):
            content = _FOOTNOTE.sub("", _LEADING.sub("", line.strip()))
            content = _BLOCK_MARK.sub("", content).strip()
            if any(map(str.isalpha, content)):
                yield content


def _inline(tokens: list[Token]) -> str:
    parts: list[str] = []
    in_address = False
    for token in tokens:
        if token.type == "link_open":
            in_address = token.info == "auto"
        elif token.type == "link_close":
            in_address = False
        elif token.type in ("text", "code_inline") and not in_address:
            parts.append(token.content)
        elif token.type == "softbreak":
            parts.append(" ")
        elif token.type == "hardbreak":
            parts.append("\n")
    return "".join(parts)


MARKDOWN = Form(
    "markdown",
    "Markdown",
    "paragraphs",
    "front matter, code, comments and link targets",
    _recognises,
    _read,
    (".md", ".markdown", ".mdown", ".mkd", ".qmd", ".rmd"),
)
