"""Words of scripts that set no spaces between them: Chinese, Japanese, Thai, Lao, Khmer, Burmese.

They are told apart by the dictionaries of ICU (Unicode Standard Annex 29), behind the extra
`foreword[segment]`. Knows nothing of vocabularies.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec

from foreword.errors import MissingExtraError

BOUNDARY = "\u200b"
"""Set between words: a zero-width space, which is no part of any word."""
SAMPLE = 1_000_000
"""Characters of a text that tell how much of it is in such scripts."""

_UNSPACED = re.compile(
    "[\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0eff\u1000-\u109f\u1780-\u17d3\u3005-\u3007\u3041-\u309f"
    "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uaa60-\uaa7f\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)


def is_unspaced(text: str) -> bool:
    """Whether a text has letters of scripts that set no spaces between words.

    >>> is_unspaced("天气"), is_unspaced("ไทย"), is_unspaced("weather 한국어")
    (True, True, False)
    """
    return not text.isascii() and _UNSPACED.search(text) is not None


def unspaced_share(texts: Iterable[str]) -> float:
    """Which share of a text's letters are of such scripts, 0 to 1, by its first million characters.

    >>> unspaced_share(["天气 ok"])
    0.5
    """
    unspaced = letters = seen = 0
    for text in texts:
        unspaced += sum(len(run) for run in _UNSPACED.findall(text))
        letters += sum(map(str.isalpha, text))
        seen += len(text) + 1
        if seen >= SAMPLE:
            break
    return min(1.0, unspaced / max(1, letters))


def is_there() -> bool:
    """Whether the library that tells words apart is installed."""
    return find_spec("icu4py") is not None


def require() -> None:
    """Makes sure of it.

    Raises:
        MissingExtraError: it is not installed.
    """
    if not is_there():
        raise MissingExtraError(
            "text without spaces between words (Chinese, Japanese, Thai), as this model reads it,",
            "segment",
        )


def boundaries(text: str) -> list[int]:
    """Where words begin within runs of such scripts, ascending; the first of each run not.

    Raises:
        MissingExtraError: the library is not installed.
    """
    if text.isascii():
        return []
    found: list[int] = []
    for run in _UNSPACED.finditer(text):
        if len(run[0]) > 1:
            start = run.start()
            found += [start + place for place in _starts(run[0])[1:]]
    return found


def parted(text: str, cuts: Sequence[int]) -> str:
    """The text with a boundary between words, at the places that `boundaries` gave."""
    ends = [*cuts, len(text)]
    return BOUNDARY.join(text[a:b] for a, b in zip([0, *cuts], ends, strict=True))


def _starts(run: str) -> list[int]:
    return [start for start, _ in _breaker()(run, "root").segments()]


@cache
def _breaker():  # type: ignore[no-untyped-def]
    require()
    from icu4py.breakers import WordBreaker

    return WordBreaker
