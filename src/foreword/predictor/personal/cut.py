"""Divide a person's text into lines of words that may be learned. Knows no counts."""

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
"""The most characters of a word that is learned."""

Line = list[str | None]
"""The words of a line; None replaces what is not learned."""


@dataclass(frozen=True)
class Cut:
    """The words of a text, and the number of refused chunks by kind."""

    lines: list[Line]
    refused: dict[str, int] = field(default_factory=dict)


class Cutter:
    """Divides text as a model's tokeniser does, keeping the case of words."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.screen = Screen(tokenizer.words[len(SPECIAL) :])
        config = replace(tokenizer.config, case="keep")
        self._tokenizer = Tokenizer(SPECIAL, config, marks=tokenizer.marks)
        whole = replace(config, segmenter="none")
        self._whole = Tokenizer(SPECIAL, whole, marks=tokenizer.marks)

    def cut(self, text: str) -> Cut:
        """Return the words of a text, line by line, without empty lines."""
        # Most chunks of a text are the same few harmless ones; each of these is processed once.
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
        """Return the text as it is screened, with unusual characters replaced by plain ones."""
        if self._tokenizer.config.words == "spaces":
            return text
        text = folded(text, self._tokenizer.marks)
        if self._tokenizer.config.segmenter == "icu":
            text = parted(text, boundaries(text)).replace(BOUNDARY, " ")
        return text

    def _are_harmless(self, chunks: Sequence[str], harmless: dict[str, Line]) -> bool:
        """Whether all chunks of a line are allowed in any context; adds new ones to `harmless`."""
        all_harmless = True
        for chunk in chunks:
            if chunk not in harmless:
                if self.screen.traits(_as_read(chunk)).is_harmless:
                    harmless[chunk] = self._words(chunk)
                else:
                    all_harmless = False
        return all_harmless

    def _words(self, chunk: str) -> Line:
        return [_held(word) for word in self._tokenizer.cut(chunk)]

    def _screened(
        self,
        chunks: list[str],
        harmless: dict[str, Line],
        refused: dict[str, int],
        before: Open,
    ) -> tuple[Line, Open]:
        """Return the words of a line, and what it leaves open; count what is refused."""
        screened = self.screen.screened([_as_read(chunk) for chunk in chunks], before)
        secret = screened.refused
        line: Line = []
        for index, chunk in enumerate(chunks):
            if index in secret:
                if secret[index] != "digits":
                    refused[secret[index]] += 1
                line.append(None)
                continue
            words = harmless.get(chunk)
            line += self._words(chunk) if words is None else words
        return line, screened.after

    def form(self, word: str) -> str:
        """Return a word as it would be held: with plain marks and composed letters, in its case."""
        return self._tokenizer.normalise(word)

    def is_word(self, word: str) -> bool:
        """Whether the tokeniser leaves a text whole, and it is not too long for a word."""
        return len(word) <= LONGEST_WORD and is_plain(word) and self._whole.cut(word) == [word]


def _as_read(chunk: str) -> str:
    """Return a chunk as a reader understands it: ＠ becomes @."""
    return chunk if chunk.isascii() else unicodedata.normalize("NFKC", chunk)


def _held(word: str) -> str | None:
    is_held = len(word) <= LONGEST_WORD and word not in SPECIAL and is_plain(word)
    return word if is_held else None


def word_count(lines: Iterable[Line]) -> int:
    """Return the number of words, line ends included."""
    return sum(len(line) + 1 for line in lines)
