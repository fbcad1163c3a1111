"""Divide lines into sentences to translate and parts to copy, which together are the line.

Knows written language a little; no models.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

from foreword.predictor.sentences import is_abbreviated, is_emoji
from foreword.text.placeholders import placeholders

_LINE_ENDS = re.compile(r"(\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])")
# A run of marks is tried only from its first one: from each, a long run would take quadratic time.
_SENTENCE_ENDS = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+\s++|[。！？]+[」』）”]*\s*")
_CLAUSE_ENDS = re.compile(r"[,;:–—]\s+|[，、；：]")
_SPACES = re.compile(r"\s+")
_JOINED_TO_EMOJI = "\u200d\ufe0e\ufe0f\u20e3\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"


class Part(NamedTuple):
    """A part of a text.

    Attributes:
        text: without spaces around it, if it is translated.
        is_copied: whether it stays unchanged: spaces, line ends, and text without letters outside
            of placeholders.
        known: its translation, if it is known.
    """

    text: str
    is_copied: bool
    known: str | None = None


def parts_of(
    text: str, *, sentences: bool = True, known: Callable[[str], str | None] = lambda _: None
) -> Iterator[Part]:
    r"""Yield the parts of a text in their order.

    >>> [part.text for part in parts_of("Hi, Dr. May! 😀 How are\nyou?")]
    ['Hi, Dr. May!', ' ', '😀 ', 'How are', '\n', 'you?']

    Args:
        text: of any number of lines.
        sentences: whether lines are divided into sentences.
        known: returns the translation of a whole line or of a sentence, if it is known.
    """
    for number, line in enumerate(_LINE_ENDS.split(text)):
        if number % 2:
            yield Part(line, is_copied=True)
            continue
        core = line.strip()
        if core and (translation := known(core)) is not None:
            before, _, after = line.partition(core)
            for part in (Part(before, True), Part(core, False, translation), Part(after, True)):
                if part.text:
                    yield part
            continue
        begin = 0
        for end in [*(_ends(line) if sentences else ()), len(line)]:
            for part in _bared(line[begin:end]):
                yield part if part.is_copied else part._replace(known=known(part.text))
            begin = end


def ends_of_sentences(text: str) -> list[int]:
    """Return the offsets at which sentences end in a line, including the spaces after them.

    >>> ends_of_sentences("Hi, Dr. May! How are you? "), ends_of_sentences("Hi.")
    ([13, 26], [])
    """
    return list(_ends(f"{text}A"))


def halves(text: str) -> tuple[str, str, str]:
    """Divide a text that is too long near its middle; return the halves and the space between them.

    It is divided after a clause, or else at a space, or else anywhere except within a placeholder.
    """
    middle = len(text) // 2
    kept = [match.span() for match in placeholders(text)]
    for ends in (_CLAUSE_ENDS, _SPACES):
        cuts = [cut.span() for cut in ends.finditer(text) if not _is_within(cut.end(), kept)]
        begin, end = min(cuts, key=lambda cut: abs(cut[1] - middle), default=(0, 0))
        if len(text) // 4 < end <= len(text) * 3 // 4:
            spaces = end - begin - len(text[begin:end].rstrip())
            begin = begin + len(text[begin:end].rstrip())
            return text[:begin], text[begin : begin + spaces], text[end:]
    middle = next((end for begin, end in kept if begin < middle < end < len(text)), middle)
    middle = next((begin for begin, end in kept if 0 < begin < middle < end), middle)
    return text[:middle], "", text[middle:]


def _is_within(position: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a position is within one of several spans, which are in order."""
    before = bisect_left(spans, position, key=itemgetter(0))
    return before > 0 and position < spans[before - 1][1]


def _ends(line: str) -> Iterator[int]:
    """Yield the offsets at which sentences end within a line, including the spaces after them."""
    kept = [match.span() for match in placeholders(line)]
    for match in _SENTENCE_ENDS.finditer(line):
        end = match.end()
        if end == len(line) or line[end].islower() or _is_within(end, kept):
            continue
        if match[0].rstrip() == ".":
            before = re.findall(r"\w+", line[max(0, match.start() - 24) : match.start()])
            if is_abbreviated(before, {}) or (before and _is_ordinal(before[-1])):
                continue
        yield end


def _is_ordinal(word: str) -> bool:
    """Whether a full stop after a number may belong to it, as in the German 3. Oktober."""
    return word.isdecimal() and len(word) <= 2


def _bared(sentence: str) -> Iterator[Part]:
    """Yield a sentence without the spaces and emoji around it, and these as parts to copy."""
    begin, end = 0, len(sentence)
    while begin < end and _is_around(sentence[begin]):
        begin += 1
    while begin < end and _is_around(sentence[end - 1]):
        end -= 1
    core = sentence[begin:end]
    if not _has_letters(core):
        begin = end = len(sentence)
        core = ""
    for text, is_copied in ((sentence[:begin], True), (core, False), (sentence[end:], True)):
        if text:
            yield Part(text, is_copied)


def _has_letters(text: str) -> bool:
    """Whether there are letters outside of placeholders."""
    begin = 0
    for match in placeholders(text):
        if any(map(str.isalpha, text[begin : match.start()])):
            return True
        begin = match.end()
    return any(map(str.isalpha, text[begin:]))


def _is_around(character: str) -> bool:
    return character.isspace() or is_emoji(character) or character in _JOINED_TO_EMOJI
