"""Separate the words of scripts without spaces: Chinese, Japanese, Thai, Lao, Khmer, Burmese.

The dictionaries of ICU (Unicode Standard Annex 29) separate them, from the extra
`foreword[segment]`. Knows nothing of vocabularies.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec

from foreword.errors import MissingExtraError

BOUNDARY = "\u200b"
"""The separator set between words: a zero-width space, which is part of no word."""
SAMPLE = 1_000_000
"""The number of characters from which the share of such scripts is measured."""

_UNSPACED = re.compile(
    "[\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0eff\u1000-\u109f\u1780-\u17d3\u3005-\u3007\u3041-\u309f"
    "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uaa60-\uaa7f\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)


def is_unspaced(text: str) -> bool:
    """Whether a text has letters of scripts without spaces between words.

    >>> is_unspaced("天气"), is_unspaced("ไทย"), is_unspaced("weather 한국어")
    (True, True, False)
    """
    return not text.isascii() and _UNSPACED.search(text) is not None


def unspaced_letters(text: str) -> int:
    """Return the number of letters of such scripts in a text.

    >>> unspaced_letters("天气 ok")
    2
    """
    return 0 if text.isascii() else sum(len(run) for run in _UNSPACED.findall(text))


def unspaced_share(texts: Iterable[str]) -> float:
    """Return the share of letters in such scripts, 0 to 1, in the first million characters.

    >>> unspaced_share(["天气 ok"])
    0.5
    """
    unspaced = letters = seen = 0
    for text in texts:
        unspaced += unspaced_letters(text)
        letters += sum(map(str.isalpha, text))
        seen += len(text) + 1
        if seen >= SAMPLE:
            break
    return min(1.0, unspaced / max(1, letters))


def is_installed() -> bool:
    """Whether the library that separates words is installed."""
    return find_spec("icu4py") is not None


def require() -> None:
    """Check that the library that separates words is installed.

    Raises:
        MissingExtraError: it is not installed.
    """
    if not is_installed():
        raise MissingExtraError(
            "text without spaces between words (Chinese, Japanese, Thai), as this model reads it,",
            "segment",
        )


def boundaries(text: str) -> list[int]:
    """Return the ascending offsets at which words begin inside runs of such scripts.

    Raises:
        MissingExtraError: the library is not installed.
    """
    if text.isascii():
        return []
    offsets: list[int] = []
    for run in _UNSPACED.finditer(text):
        if len(run[0]) > 1:
            start = run.start()
            offsets += [start + offset for offset in _starts(run[0])[1:]]
    return offsets


def parted(text: str, cuts: Sequence[int]) -> str:
    """Return the text with a boundary at each of the offsets that `boundaries` returned."""
    ends = [*cuts, len(text)]
    return BOUNDARY.join(text[a:b] for a, b in zip([0, *cuts], ends, strict=True))


def _starts(run: str) -> list[int]:
    return [start for start, _ in _breaker()(run, "root").segments()]


@cache
def _breaker():  # type: ignore[no-untyped-def]
    require()
    from icu4py.breakers import WordBreaker

    return WordBreaker
