r"""Show text from strangers so that it can do no harm. Knows characters; no files, no words.

A terminal executes control characters (ESC, BEL, U+009B), a log ends a record at a newline, and
everything that displays text follows direction marks. Tags, fillers and runs of variation selectors
hide invisible messages. Such characters are refused in what Foreword keeps, and written as escapes
(`\x1b`) in what it prints. Joiners within words, flags and emoji have a meaning, and stay.

References: Boucher and Anderson 2023, "Trojan Source" (direction); Unicode Technical Report 36
(security); ECMA-48 (control functions).
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

UNSAFE = "a character that a terminal would obey, or that nobody sees"
"""The description of refused characters in messages."""

_CONTROL = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
_DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSEEN = "\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
_UNSEEN_BEYOND = "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff"
_SELECTORS, _SELECTORS_BEYOND = "\ufe00-\ufe0f", "\U000e0100-\U000e01ef"
_IDEOGRAPHS = "\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

_SUSPECT = re.compile(
    f"[{_CONTROL}{_DIRECTION}{_UNSEEN}{_UNSEEN_BEYOND}{_SELECTORS}\u200c\u200d"
    "\U000e01f0-\U000e0fff\U000e0100-\U000e01ef]"
)
"""Characters that may be unsafe; most texts have none of them."""
_UNSAFE = re.compile(
    # The flags of England, Scotland and Wales: a black flag, tags, and a cancel tag.
    "(?P<flag>\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{2,6}\U000e007f)"
    f"|[{_CONTROL}{_DIRECTION}{_UNSEEN}{_UNSEEN_BEYOND}\U000e01f0-\U000e0fff]"
    # One selector chooses a glyph of the character before it; further ones have no effect.
    f"|(?<=[{_SELECTORS}{_SELECTORS_BEYOND}])[{_SELECTORS}{_SELECTORS_BEYOND}]"
    f"|(?<![{_IDEOGRAPHS}])[{_SELECTORS_BEYOND}]"
    "|(?<=[\u200c\u200d])[\u200c\u200d]"
)
_KEPT_IN_LINES = "\n\t"
_MARKUP = re.compile(r"[\\`*\[\]<>|&]")


def is_plain(text: str) -> bool:
    r"""Whether a text can be shown unchanged anywhere, on one line.

    >>> is_plain("naïve 👩‍🚀 می‌خواهم"), is_plain("\x1b[31m"), is_plain("two\nlines")
    (True, False, False)
    """
    if text.isascii() and text.isprintable():
        return True
    if _SUSPECT.search(text) is None:
        return True
    return all(match["flag"] for match in _UNSAFE.finditer(text))


def shown(text: str) -> str:
    r"""Return a text on one line, with characters that could act or hide written as escapes.

    >>> print(shown("red: \x1b[31m\u202e"))
    red: \x1b[31m\u202e
    """
    return text if is_plain(text) else _UNSAFE.sub(_escape, text)


def shown_lines(text: str) -> str:
    """Return the same for several lines, in which newlines and tabs stay."""
    return text if is_plain(text) else _UNSAFE.sub(_escape_in_lines, text)


def first_unsafe(words: Iterable[str]) -> str | None:
    """Return the first word that cannot be shown unchanged; None if there is none."""
    return next((word for word in words if not is_plain(word)), None)


def as_json(document: Any, **options: Any) -> str:
    r"""Return JSON that can be shown anywhere: unsafe characters are escaped as in JSON.

    >>> print(as_json({"word": "\x9b31m é"}))
    {"word": "\u009b31m é"}

    Args:
        document: the argument of `json.dumps`.
        options: keywords of `json.dumps`.
    """
    text = json.dumps(document, ensure_ascii=False, **options)
    if is_plain(text):
        return text
    return _UNSAFE.sub(_escape_in_json, text)


def as_markdown(text: str) -> str:
    r"""Return a text for one line of a Markdown document, with all markup and HTML escaped.

    >>> print(as_markdown("a_b <i>[x](y)"))
    a_b \<i\>\[x\](y)
    """
    return _MARKUP.sub(r"\\\g<0>", shown(text))


def plain(document: Any) -> Any:
    """Return JSON data with every string changed by `shown`."""
    return _each_string(document, shown)


def strings(document: Any) -> list[str]:
    """Return every string in JSON data, including keys of dictionaries."""
    texts: list[str] = []

    def collect(text: str) -> str:
        texts.append(text)
        return text

    _each_string(document, collect)
    return texts


def _each_string(document: Any, change: Callable[[str], str]) -> Any:
    match document:
        case str():
            return change(document)
        case dict():
            return {
                _each_string(key, change): _each_string(value, change)
                for key, value in document.items()
            }
        case list() | tuple():
            return [_each_string(part, change) for part in document]
        case _:
            return document


def _escape(match: re.Match[str]) -> str:
    return match[0] if match["flag"] else match[0].encode("unicode_escape").decode()


def _escape_in_lines(match: re.Match[str]) -> str:
    return match[0] if match[0] in _KEPT_IN_LINES else _escape(match)


def _escape_in_json(match: re.Match[str]) -> str:
    # Control characters below U+0020 are escaped already; here they are indentation.
    return match[0] if match["flag"] or match[0] < " " else json.dumps(match[0])[1:-1]
