"""Cuts a person's text into lines of words, without what looks like a secret. Knows no counts."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from foreword.predictor.personal.screen import KINDS, screened
from foreword.text.tokenizer import SPECIAL, Tokenizer

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
        config = tokenizer.config.model_copy(update={"case": "keep"})
        self._tokenizer = Tokenizer(SPECIAL, config)

    def cut(self, text: str) -> Cut:
        """The words of a text, line by line; lines without words are left out."""
        # A chunk is cut once, however often it comes: most of a text are the same few words.
        known: dict[str, list[str | None]] = {}
        refused: dict[str, int] = dict.fromkeys(KINDS, 0)
        lines: list[Line] = []
        for raw in text.split("\n"):
            chunks = raw.split()
            secret = dict(screened(chunks))
            line: Line = []
            for place, chunk in enumerate(chunks):
                if secret and place in secret:
                    refused[secret[place]] += 1
                    line.append(None)
                    continue
                words = known.get(chunk)
                if words is None:
                    words = known[chunk] = [_held(w) for w in self._tokenizer.cut(chunk)]
                line += words
            if line:
                lines.append(line)
        return Cut(lines, {kind: count for kind, count in refused.items() if count})

    def is_word(self, word: str) -> bool:
        """Whether the tokeniser leaves it as it is, and it is no longer than words may be."""
        return len(word) <= LONGEST_WORD and self._tokenizer.cut(word) == [word]


def _held(word: str) -> str | None:
    return word if len(word) <= LONGEST_WORD and word not in SPECIAL else None


def spoken(lines: Iterable[Line]) -> int:
    """How many words there are, line ends included."""
    return sum(len(line) + 1 for line in lines)
