"""Words in, next words out: `foreword.load`. Runs on numpy; never imports torch."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from os import PathLike

import numpy as np

from foreword.errors import SettingsError
from foreword.folder.config import FolderConfig
from foreword.folder.installed import find_folder
from foreword.folder.store import Folder, read_folder
from foreword.predictor.engine import Engine
from foreword.predictor.prefixes import Prefixes
from foreword.predictor.state import State
from foreword.text.tokenizer import EOS, EOS_ID, UNK_ID, Tokenizer

HIDDEN = (UNK_ID, EOS_ID)
"""Never suggested: neither is a word that anyone would type."""

_NO_TEXT = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Prediction:
    """A word and the model's probability that it comes next.

    Of a next word: the model's own probability, in which `<unk>` and `<eos>`, which are not
    suggested, have their share. Of a completion: the probability given that the word begins as
    typed, so that the probabilities of all completions sum to 1.
    """

    word: str
    probability: float


def load(folder: str | PathLike[str]) -> "Predictor":
    """The model in a folder, ready to predict; or one that a package has installed, by its name.

    Raises:
        FolderError: the folder is missing, damaged, or made by a newer Foreword.
    """
    return Predictor(read_folder(find_folder(folder)))


class Predictor:
    """A model that predicts the next word of a text, or completes its last one.

    Immutable; safe to share between threads. What it remembers of a text is a `State`, which
    belongs to the caller.
    """

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.config: FolderConfig = folder.config
        self.tokenizer: Tokenizer = folder.tokenizer
        self._engine = Engine(folder.config.model, folder.weights)
        self._start = self._engine.advance(self._engine.start(), EOS_ID)

    def start(self) -> State:
        """The state at the beginning of a line: zeros that have seen an `<eos>`, as in training."""
        return self._start

    def advance(self, state: State, word: str) -> State:
        """The state after one more word; `<eos>` ends a line.

        Raises:
            SettingsError: the state is of another model.
        """
        self._check(state)
        index = EOS_ID if word == EOS else self.tokenizer.id_of(readable(word))
        return self._engine.advance(state, index)

    def read(self, text: str, state: State | None = None) -> State:
        """The state after a text, which goes on from `state`, or begins a line.

        Each line end is an `<eos>`. As in training, a blank line has none, unless the model was
        trained on text that is cut already (`words="spaces"`).

        Raises:
            SettingsError: the state is of another model.
        """
        if state is None:
            state = self.start()
        self._check(state)
        keeps_blank = self.tokenizer.config.words == "spaces"
        for number, line in enumerate(readable(text).split("\n")):
            if number > 0 and (keeps_blank or state.last != EOS_ID):
                state = self._engine.advance(state, EOS_ID)
            for index in self.tokenizer.encode(line):
                state = self._engine.advance(state, index)
        return state

    def probabilities(self, state: State) -> np.ndarray:
        """P(next word) by word id, (V,) float32, `<unk>` and `<eos>` included; sums to 1.

        Raises:
            SettingsError: the state is of another model.
            FolderError: the model's weights are so large that its scores overflow.
        """
        self._check(state)
        return self._engine.probabilities(state)

    def log_probabilities(self, state: State) -> np.ndarray:
        """Natural logarithms of the probabilities, (V,) float64, not rounded where they are small.

        Raises:
            SettingsError, FolderError: as `probabilities`.
        """
        self._check(state)
        return self._engine.log_probabilities(state)

    def predict(self, text: str, k: int = 5, *, complete: bool | None = None) -> list[Prediction]:
        """The k likeliest next words; or, of an unfinished last word, its likeliest completions.

        A last word counts as unfinished if nothing stands after it, it ends in a letter, a digit
        or an apostrophe, the vocabulary lacks it, and words begin with it: "I would li" is
        completed, "I would like" and "I would like!!" are followed. Text that is cut already may
        end in any character.

        Letters are completed in the case in which they stand; if no word begins so, in any case.

        Args:
            text: so far. What no text can hold (half a surrogate pair) is taken as U+FFFD.
            k: how many words at most.
            complete: True takes the last word as unfinished in any case, False as finished. After
                white space there is none to complete.

        Raises:
            SettingsError: k is less than 1.
            FolderError: the model's weights are so large that its scores overflow.
        """
        if k < 1:
            raise SettingsError(f"k must be at least 1, not {k}")
        context, prefix = self._unfinished(readable(text), complete)
        state = self.read(context)
        if prefix:
            candidates = self._prefixes.ids(prefix)
            return self._likeliest(candidates, self._engine.probabilities(state, candidates), k)
        shares = self._engine.probabilities(state)
        shares[list(HIDDEN)] = 0.0
        return self._likeliest(np.arange(len(shares)), shares, k)

    def _unfinished(self, text: str, complete: bool | None) -> tuple[str, str]:
        """The text before an unfinished last word, and the letters of it; or all, and none."""
        if complete is False or not text or text[-1].isspace():
            return text, ""
        line = text.rsplit("\n", 1)[-1]
        words = self.tokenizer.split(line)
        if not words:
            return text, ""
        start, known = words[-1].start, words[-1].id != UNK_ID
        if len(words) > 1 and words[-1].text == "'" and words[-2].end == start:
            # An apostrophe at the end may be one inside a word whose rest is to come.
            longer = words[-2].start
            if len(self._prefixes.ids(self.tokenizer.normalise(line[longer:]))) > 0:
                start, known = longer, False
        prefix = self.tokenizer.normalise(line[start:])
        if complete is None and (
            known or not self._may_go_on(text[-1]) or len(self._prefixes.ids(prefix)) == 0
        ):
            return text, ""
        return text[: len(text) - len(line) + start], prefix

    def _may_go_on(self, last: str) -> bool:
        """Whether a word that ends in this character may have more to come."""
        is_of_words = unicodedata.category(last)[0] in "LMN" or last in "_'’"
        return is_of_words or self.tokenizer.config.words == "spaces"

    @cached_property
    def _prefixes(self) -> Prefixes:
        return Prefixes(self.tokenizer.words, HIDDEN)

    def _likeliest(self, ids: np.ndarray, shares: np.ndarray, k: int) -> list[Prediction]:
        k = min(k, int(np.count_nonzero(shares)))
        if k == 0:
            return []
        top = np.argpartition(-shares, k - 1)[:k]
        top = top[np.lexsort((ids[top], -shares[top]))]
        return [Prediction(self.tokenizer.word_of(ids[t]), float(shares[t])) for t in top]

    def _check(self, state: State) -> None:
        found = [part.shape for part in state.parts]
        expected = [part.shape for part in self._start.parts]
        if found != expected:
            raise SettingsError(
                f"the state is of another model: its parts have the shapes {found}, but those of "
                f"this model have {expected}"
            )


def readable(text: str) -> str:
    """The text with U+FFFD for every half of a surrogate pair, as broken bytes of a shell give."""
    return _NO_TEXT.sub("\ufffd", text)
