"""Find the translation at an editor's cursor, and its source, in PO and XLIFF files.

Reads only the text before the cursor, since a file that is being edited is seldom well formed.
Knows no models.
"""

import re
from typing import NamedTuple

_PO_OPEN = re.compile(r'\s*(?:msgstr(?:\[(\d+)\])?\s+)?"((?:[^"\\]|\\.)*\\?)\Z')
_PO_LINE = re.compile(r'\s*(?:(msgid_plural|msgid|msgstr(?:\[\d+\])?)\s+)?"((?:[^"\\]|\\.)*)"\s*\Z')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_SOURCE = re.compile(r"<source\b[^>]*>(.*?)</source\s*>", re.DOTALL)
_TARGET = re.compile(r"<(/?)target\b[^>]*?(/?)>")


class Target(NamedTuple):
    """A translation that is being typed.

    Attributes:
        source: the source line that belongs to the typed line.
        typed: the translation before the cursor, or its last line.
        is_quoted: whether quotation marks and backslashes are written with a backslash before them.
    """

    source: str
    typed: str
    is_quoted: bool

    def written(self, text: str) -> str:
        """Return a text in the file's spelling."""
        return text.replace("\\", r"\\").replace('"', r"\"") if self.is_quoted else text


def target_at(name: str, language: str, before: str) -> Target | None:
    """Return the translation at the end of a text; None if no translation is typed there.

    Args:
        name: the document's name, whose ending tells its format.
        language: the document's language as its editor names it.
        before: the text before the cursor.
    """
    ending = name.rpartition(".")[2].lower()
    if ending in ("po", "pot") or language in ("po", "gettext"):
        return _in_po(before)
    if ending in ("xlf", "xliff", "sdlxliff", "mqxliff") or language == "xliff":
        return _in_xliff(before)
    return None


def _in_po(before: str) -> Target | None:
    lines = before.splitlines() or [""]
    if before.endswith(("\n", "\r")) or (cursor := _PO_OPEN.match(lines.pop())) is None:
        return None
    texts: dict[str, list[str]] = {}
    number = cursor[1]
    # A line without a keyword belongs to the one above it.
    waiting, is_target = [cursor[2]], cursor[0].lstrip().startswith("msgstr")
    if is_target:
        texts["msgstr"], waiting = waiting, []
    for line in reversed(lines):
        read = _PO_LINE.match(line)
        if read is None:
            break
        keyword, text = read.groups()
        waiting.insert(0, text)
        if keyword is None:
            continue
        if not is_target:  # the keyword of the line with the cursor
            if not keyword.startswith("msgstr"):
                return None
            is_target, number = True, keyword[7:-1] or None
            keyword = "msgstr"
        texts.setdefault(keyword, waiting)
        waiting = []
        if keyword == "msgid":
            break
    plural = number is not None and int(number) > 0
    source = texts.get("msgid_plural" if plural and "msgid_plural" in texts else "msgid")
    if source is None or "msgstr" not in texts:
        return None
    return _line_of(_unescaped("".join(source)), _unescaped("".join(texts["msgstr"])))


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), text)


def _line_of(source: str, typed: str) -> Target | None:
    """Return the last typed line with the source's line of the same number."""
    done = typed.count("\n")
    lines = source.split("\n")
    if done >= len(lines) or not lines[done].strip():
        return None
    return Target(lines[done], typed.rpartition("\n")[2], is_quoted=True)


def _in_xliff(before: str) -> Target | None:
    tags = list(_TARGET.finditer(before, max(before.rfind("<source"), 0)))
    sources = [match[1] for match in _SOURCE.finditer(before, max(_last_unit(before), 0))]
    if not tags or tags[-1][1] or tags[-1][2] or not sources:
        return None
    typed = before[tags[-1].end() :]
    if typed.rfind("<") > typed.rfind(">"):  # within a tag
        return None
    source, spaced = " ".join(sources[-1].split()), " ".join(typed.split())
    if not source:
        return None
    ends_word = typed != typed.rstrip() and spaced
    return Target(source, f"{spaced} " if ends_word else spaced, is_quoted=False)


def _last_unit(before: str) -> int:
    return max((before.rfind(f"<{name}") for name in ("trans-unit", "unit", "segment")), default=-1)
