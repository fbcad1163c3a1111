"""Notes beside the results, on standard error, for surprises to new users."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from foreword.cli.console import errors
from foreword.folder.installed import about, installed_models
from foreword.folder.store import Described
from foreword.predictor.reading import STRIDE, beginning
from foreword.text.tokenizer import UNK_ID

if TYPE_CHECKING:
    from foreword.predictor.personal import Personal
    from foreword.predictor.predictor import Predictor

STRANGE = 0.6
"""The share of strange words from which a text seems to be in another language."""
LARGE = 5000
"""Size of a vocabulary from which its rarest three quarters have foreign words by chance.
"""


def note(sentence: str) -> None:
    """Prints a note."""
    errors.print(sentence, style="dim", soft_wrap=not errors.is_terminal)


def as_a_text(error: str, verb: str, words: Sequence[str]) -> str:
    """The error for a missing model, with a hint that the words may be a text."""
    if "Did you mean" in error or "/" in words[0] or "\\" in words[0]:
        return error
    models = installed_models()
    name = models[0] if len(models) == 1 else "MODEL"
    text = " ".join(words).replace('"', r"\"")
    return f'{error}. If it is a text, name the model before it: foreword {verb} {name} "{text}"'


def tell_of_untrained(predictor: "Predictor", folder: str) -> None:
    """Says that training was killed at its beginning, so that the network has learned nothing."""
    known = predictor.folder.about
    document = known.document if isinstance(known, Described) else known.model_dump()
    record = document.get("training")
    if isinstance(record, dict) and record.get("steps") == 0:
        note(
            f"{folder} knows how common words are, and has learned nothing else: its training was "
            f"ended before its first save. To continue: foreword train --out {folder} --resume"
        )


@dataclass
class ReadingNotes:
    """How many words of a text the model knows.

    Attributes:
        words: the number of words with a letter.
        unknown: how many of these are outside the vocabulary.
        strange: how many of these are outside or rare.
    """

    words: int = 0
    unknown: int = 0
    strange: int = 0

    def add(self, predictor: "Predictor", text: str, suggested: Sequence[str]) -> None:
        """Counts the words of a text; of a long one, of the part that the predictor reads.

        A single word shows little: it is left out if a suggestion completes it, or if it is written
        in letters of the vocabulary.
        """
        V = predictor.tokenizer.vocab_size
        split = predictor.tokenizer.split(text[beginning(text, STRIDE)[0] :])
        words = [word.text for word in split if any(c.isalpha() for c in word.text)]
        if len(words) == 1:
            lexicon = predictor.lexicon
            fold = lexicon.fold(words[0])
            low, high = lexicon.range(fold[0])
            if low < high or any(lexicon.fold(word).startswith(fold) for word in suggested):
                return
        # Counted as they are read: whats is known if what's is.
        ids = [predictor.advance(predictor.start(), word).last for word in words]
        self.words += len(words)
        self.unknown += sum(index == UNK_ID for index in ids)
        self.strange += sum(_is_strange(index, V) for index in ids)

    def tell(self, predictor: "Predictor", name: str) -> None:
        """Says that the text seems to be in another language than the model's, if it does."""
        if self.unknown == 0 or self.strange < STRANGE * self.words:
            return
        known = self.words - self.unknown
        subject = (
            "does not know this word"
            if self.words == 1
            else f"knows {known or 'none'} of these {self.words:,} words"
        )
        note(
            f"{name} {subject}. {_described(predictor, name)} A model of another language or "
            "another kind of text is trained on such text: foreword train TEXT --out my-model"
        )


def tell_of_empty(layer: "Personal", path: Path, model: str) -> None:
    """Says that a personal file holds no words, if it holds none."""
    if not layer.words():
        note(empty(layer, path, model))


def empty(layer: "Personal", path: Path, model: str = "MODEL") -> str:
    """The note on a personal file without words."""
    learned = layer.audit().learned
    how = f"foreword personal {path} learn TEXT --model {model}"
    if learned:
        return (
            f"{path} has read {learned:,} words and holds none yet: a word is held once it was "
            f"said twice. More text: {how}"
        )
    return f"{path} holds no words yet. It learns them by: {how}"


def _is_strange(index: int, vocab_size: int) -> bool:
    # Ids are in the order of frequency.
    return index == UNK_ID or (vocab_size >= LARGE and index >= vocab_size // 4)


def _described(predictor: "Predictor", name: str) -> str:
    summary = about(name)
    if summary is not None:
        return f'Its package says: "{summary}"'
    record = predictor.config.training
    return f"It was trained on {record.text}." if record is not None else ""
