"""Cuts a person's text into lines of the words that may be learned. Knows no counts."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from foreword.predictor.personal.cues import Open
from foreword.predictor.personal.screen import Screen
from foreword.predictor.personal.shapes import KINDS
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
        self.screen = Screen(tokenizer.words[len(SPECIAL) :])
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
        before = Open()
        tokenizer = self._tokenizer
        units = in_units(self._plain(text), tokenizer.config.lines, tokenizer.hyphens)
        for raw in units.replace(UNSEEN, "").split("\n"):
            chunks = raw.split()
            if not chunks:
                continue
            if not before and self._are_harmless(chunks, harmless):
                line: Line = [word for chunk in chunks for word in harmless[chunk]]
            else:
                line, before = self._screened(chunks, harmless, refused, before)
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

    def _are_harmless(self, chunks: Sequence[str], harmless: dict[str, Line]) -> bool:
        """Whether all chunks of a line are let in whatever stands beside them; adds those to it."""
        found = True
        for chunk in chunks:
            if chunk not in harmless:
                if self.screen.traits(_seen(chunk)).is_harmless:
                    harmless[chunk] = self._words(chunk)
                else:
                    found = False
        return found

    def _words(self, chunk: str) -> Line:
        return [_held(word) for word in self._tokenizer.cut(chunk)]

    def _screened(
        self,
        chunks: list[str],
        harmless: dict[str, Line],
        refused: dict[str, int],
        before: Open,
    ) -> tuple[Line, Open]:
        """The words of one line, and what it leaves open for the next; counts what was refused."""
        screened = self.screen.screened([_seen(chunk) for chunk in chunks], before)
        secret = screened.refused
        line: Line = []
        for place, chunk in enumerate(chunks):
            if place in secret:
                if secret[place] != "digits":
                    refused[secret[place]] += 1
                line.append(None)
                continue
            words = harmless.get(chunk)
            line += self._words(chunk) if words is None else words
        return line, screened.after

    def form(self, word: str) -> str:
        """A word as it would be held: with plain marks and composed letters, its case kept."""
        return self._tokenizer.normalise(word)

    def is_word(self, word: str) -> bool:
        """Whether the tokeniser leaves it as it is, and it is no longer than words may be."""
        return len(word) <= LONGEST_WORD and is_plain(word) and self._whole.cut(word) == [word]


def _seen(chunk: str) -> str:
    """A chunk as whoever reads it takes it: ＠ is @."""
    return chunk if chunk.isascii() else unicodedata.normalize("NFKC", chunk)


def _held(word: str) -> str | None:
    is_held = len(word) <= LONGEST_WORD and word not in SPECIAL and is_plain(word)
    return word if is_held else None


def spoken(lines: Iterable[Line]) -> int:
    """How many words there are, line ends included."""
    return sum(len(line) + 1 for line in lines)
