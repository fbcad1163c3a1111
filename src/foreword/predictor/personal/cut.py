"""Cuts a person's text into lines of words, without what looks like a secret. Knows no counts."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from foreword.predictor.personal.screen import KINDS, is_harmless, screened
from foreword.text.characters import folded
from foreword.text.joints import UNSEEN
from foreword.text.newlines import in_units
from foreword.text.segments import BOUNDARY, boundaries, parted
from foreword.text.tokenizer import SPECIAL, Tokenizer
from foreword.visible import is_plain

LONGEST_WORD = 64
"""Characters."""

Line = list[str | None]
"""A line's words; None stands for something that is not learned."""


@dataclass(frozen=True)
class Cut:
    """A text's words, and how many chunks were refused, by kind."""

    lines: list[Line]
    refused: dict[str, int] = field(default_factory=dict)


class Cutter:
    """Words as a model's tokeniser cuts them, in the case in which they are written."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        config = replace(tokenizer.config, case="keep")
        self._tokenizer = Tokenizer(SPECIAL, config, marks=tokenizer.marks)
        whole = replace(config, segmenter="none")
        self._whole = Tokenizer(SPECIAL, whole, marks=tokenizer.marks)

    def cut(self, text: str) -> Cut:
        """The words of a text, line by line; lines without words are left out."""
        # Most of a text are the same few harmless chunks: these are looked at and cut once.
        harmless: dict[str, Line] = {}
        refused: dict[str, int] = dict.fromkeys(KINDS, 0)
        lines: list[Line] = []
        tokenizer = self._tokenizer
        units = in_units(self._plain(text), tokenizer.config.lines, tokenizer.hyphens)
        for raw in units.replace(UNSEEN, "").split("\n"):
            chunks = raw.split()
            try:
                line = [word for chunk in chunks for word in harmless[chunk]]
            except KeyError:
                line = self._screened(chunks, harmless, refused)
            if line:
                lines.append(line)
        return Cut(lines, {kind: count for kind, count in refused.items() if count})

    def _plain(self, text: str) -> str:
        """The text as it is screened: what is hidden in odd characters is seen, too."""
        if self._tokenizer.config.words == "spaces":
            return text
        text = folded(text, self._tokenizer.marks)
        if self._tokenizer.config.segmenter == "icu":
            text = parted(text, boundaries(text)).replace(BOUNDARY, " ")
        return text

    def _screened(
        self, chunks: list[str], harmless: dict[str, Line], refused: dict[str, int]
    ) -> Line:
        """The words of one line; adds to what is known to be harmless, and to what was refused."""
        # ＠ is @ to whoever reads it.
        seen = [unicodedata.normalize("NFKC", chunk) for chunk in chunks]
        secret = dict(screened(seen))
        line: Line = []
        for place, chunk in enumerate(chunks):
            if place in secret:
                refused[secret[place]] += 1
                line.append(None)
                continue
            words = harmless.get(chunk)
            if words is None:
                words = [_held(word) for word in self._tokenizer.cut(chunk)]
                if is_harmless(seen[place]):
                    harmless[chunk] = words
            line += words
        return line

    def form(self, word: str) -> str:
        """A word as it would be held: with plain marks and composed letters, its case kept."""
        return self._tokenizer.normalise(word)

    def is_word(self, word: str) -> bool:
        """Whether the tokeniser leaves it as it is, and it is no longer than words may be."""
        return len(word) <= LONGEST_WORD and is_plain(word) and self._whole.cut(word) == [word]


def _held(word: str) -> str | None:
    is_held = len(word) <= LONGEST_WORD and word not in SPECIAL and is_plain(word)
    return word if is_held else None


def spoken(lines: Iterable[Line]) -> int:
    """How many words there are, line ends included."""
    return sum(len(line) + 1 for line in lines)
