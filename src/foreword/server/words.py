"""A text as the words that a model reads, line ends among them. Knows no requests."""

from collections.abc import Iterator
from dataclasses import dataclass

from foreword.predictor.predictor import Predictor
from foreword.text.tokenizer import EOS, EOS_ID, UNK_ID


@dataclass(frozen=True, slots=True)
class Token:
    """A word and its place, in characters; or a line's end, `<eos>`, at the newline."""

    word: str
    id: int
    start: int
    end: int

    @property
    def is_known(self) -> bool:
        """Whether the vocabulary has it."""
        return self.id != UNK_ID


def tokens(predictor: Predictor, text: str, last: int) -> Iterator[Token]:
    """What `Predictor.read` reads of a text, in its order.

    Args:
        predictor: the model.
        text: to read.
        last: the id of the last word read before; a blank line has no end of its own.
    """
    keeps_blank = predictor.tokenizer.config.words == "spaces"
    place = 0
    for number, line in enumerate(text.split("\n")):
        if number > 0:
            if keeps_blank or last != EOS_ID:
                yield Token(EOS, EOS_ID, place - 1, place)
            last = EOS_ID
        for word in predictor.tokenizer.split(line):
            yield Token(word.text, word.id, place + word.start, place + word.end)
            last = word.id
        place += len(line) + 1
