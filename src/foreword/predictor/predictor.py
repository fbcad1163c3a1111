"""Words in, next words out: `foreword.load`. Runs on numpy; never imports torch."""

import bisect
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path

import numpy as np

from foreword.errors import SettingsError
from foreword.folder.config import FolderConfig
from foreword.folder.store import Folder, read_folder
from foreword.predictor.engine import Engine
from foreword.predictor.state import State
from foreword.text.tokenizer import EOS, EOS_ID, UNK_ID, Tokenizer

HIDDEN = (UNK_ID, EOS_ID)
"""Never suggested: neither is a word that anyone would type."""


@dataclass(frozen=True)
class Prediction:
    """A word and the model's probability that it comes next.

    Of a completion: the probability given that the word begins as typed, so that the
    probabilities of all completions sum to 1.
    """

    word: str
    probability: float


def load(folder: str | PathLike[str]) -> "Predictor":
    """The model in a folder, ready to predict.

    Raises:
        FolderError: the folder is missing, damaged, or made by a newer Foreword.
    """
    return Predictor(read_folder(Path(folder)))


class Predictor:
    """A model that predicts the next word of a text, or completes its last one.

    Immutable; safe to share between threads. What it remembers of a text is a `State`, which
    belongs to the caller.
    """

    def __init__(self, folder: Folder) -> None:
        self.config: FolderConfig = folder.config
        self.tokenizer: Tokenizer = folder.tokenizer
        self._engine = Engine(folder.config.model, folder.weights)

    def start(self) -> State:
        """The state at the beginning of a line."""
        return self._engine.advance(self._engine.start(), EOS_ID)

    def advance(self, state: State, word: str) -> State:
        """The state after one more word; `<eos>` ends a line."""
        index = EOS_ID if word == EOS else self.tokenizer.id_of(word)
        return self._engine.advance(state, index)

    def read(self, text: str, state: State | None = None) -> State:
        """The state after a text; each line end in it is an `<eos>`."""
        state = self.start() if state is None else state
        for number, line in enumerate(text.split("\n")):
            if number > 0:
                state = self._engine.advance(state, EOS_ID)
            for index in self.tokenizer.encode(line):
                state = self._engine.advance(state, index)
        return state

    def probabilities(self, state: State) -> np.ndarray:
        """P(next word) by word id, (V,) float32, `<unk>` and `<eos>` included; sums to 1."""
        return self._engine.probabilities(state)

    def predict(self, text: str, k: int = 5, *, complete: bool | None = None) -> list[Prediction]:
        """The k likeliest next words; or, of an unfinished last word, its likeliest completions.

        A last word counts as unfinished if nothing stands after it, the vocabulary lacks it, and
        words begin with it: "I would li" is completed, "I would like" is followed.

        Args:
            text: so far.
            k: how many words at most.
            complete: True takes the last word as unfinished in any case, False as finished.

        Raises:
            SettingsError: k is less than 1.
        """
        if k < 1:
            raise SettingsError(f"k must be at least 1, not {k}")
        context, prefix = self._unfinished(text, complete)
        state = self.read(context)
        if not prefix:
            shares = self.probabilities(state)
            shares[list(HIDDEN)] = 0.0
            return self._likeliest(np.arange(len(shares)), shares, k)
        candidates = self._completions(prefix)
        shares = self.probabilities(state)[candidates]
        total = shares.sum(dtype=np.float64)
        return self._likeliest(candidates, shares / total if total > 0 else shares, k)

    def _unfinished(self, text: str, complete: bool | None) -> tuple[str, str]:
        """The text before an unfinished last word, and the letters of it; or all, and none."""
        if complete is False or not text or text[-1].isspace():
            return text, ""
        words = self.tokenizer.split(text.rsplit("\n", 1)[-1])
        if not words:
            return text, ""
        length = words[-1].end - words[-1].start
        known = words[-1].id != UNK_ID
        if len(words) > 1 and words[-1].text == "'" and words[-2].end == words[-1].start:
            # An apostrophe at the end may be one inside a word whose rest is to come.
            longer = length + words[-2].end - words[-2].start
            if len(self._completions(self.tokenizer.normalise(text[-longer:]))) > 0:
                length, known = longer, False
        prefix = self.tokenizer.normalise(text[-length:])
        if complete is None and (known or len(self._completions(prefix)) == 0):
            return text, ""
        return text[:-length], prefix

    def _completions(self, prefix: str) -> np.ndarray:
        """Ids of the words that begin with a prefix; if none does, in any case of letters."""
        exact = self._range(self._sorted, prefix)
        return exact if len(exact) else self._range(self._folded, prefix.casefold())

    def _range(self, table: tuple[list[str], np.ndarray], prefix: str) -> np.ndarray:
        words, ids = table
        first = bisect.bisect_left(words, prefix)
        last = bisect.bisect_left(words, prefix + "\U0010ffff", lo=first)
        return ids[first:last]

    @cached_property
    def _sorted(self) -> tuple[list[str], np.ndarray]:
        return _table(self.tokenizer.words, fold=False)

    @cached_property
    def _folded(self) -> tuple[list[str], np.ndarray]:
        return _table(self.tokenizer.words, fold=True)

    def _likeliest(self, ids: np.ndarray, shares: np.ndarray, k: int) -> list[Prediction]:
        k = min(k, int(np.count_nonzero(shares)))
        if k == 0:
            return []
        top = np.argpartition(-shares, k - 1)[:k]
        top = top[np.lexsort((ids[top], -shares[top]))]
        return [Prediction(self.tokenizer.word_of(ids[t]), float(shares[t])) for t in top]


def _table(words: tuple[str, ...], *, fold: bool) -> tuple[list[str], np.ndarray]:
    """Words in sorted order, so that those of one beginning are a range, and their ids."""
    visible = [i for i in range(len(words)) if i not in HIDDEN]
    keys = {i: words[i].casefold() if fold else words[i] for i in visible}
    order = sorted(visible, key=keys.__getitem__)
    return [keys[i] for i in order], np.array(order, dtype=np.int64)
