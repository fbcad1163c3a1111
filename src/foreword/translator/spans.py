"""Positions of the words of a text with slots in the same text without slots. No models."""

import re
from collections.abc import Callable, Mapping

from foreword.predictor.reading import readable
from foreword.text.placeholders import masked
from foreword.text.subwords import SLOT_CHARACTERS

_BETWEEN_SPACES = re.compile(r"[^ \t\n\r\v\f]+")


def shown(text: str, originals: Mapping[str, str]) -> str:
    """Return a text with the placeholders in place of their slots."""
    for slot, original in originals.items():
        text = text.replace(slot, original)
    return text


def spans_of(text: str, originals: Mapping[str, str]) -> list[tuple[int, int]]:
    """Return the position of each word of a text with slots in the text without slots."""
    spans = []
    for word in _BETWEEN_SPACES.finditer(text):
        start = len(shown(text[: word.start()], originals))
        spans.append((start, start + len(shown(word[0], originals))))
    return spans


def words_in(source: str, is_copied: Callable[[str], bool]) -> list[tuple[int, int]]:
    """Return the positions of a source's words; copied ones that share a slot count as one."""
    sentence = masked(readable(source), is_copied)
    text, originals = (source, ()) if sentence is None else (sentence.text, sentence.originals)
    return spans_of(text, dict(zip(SLOT_CHARACTERS, originals, strict=False)))
