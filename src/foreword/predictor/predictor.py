"""Words in, next words out: `foreword.load`. Runs on numpy; never imports torch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from foreword.errors import SettingsError
from foreword.folder.installed import find_folder
from foreword.folder.store import Folder, read_folder
from foreword.predictor import state_bytes
from foreword.predictor.engine import Engine
from foreword.predictor.layer import Layer
from foreword.predictor.lexicon import Lexicon, RareWords
from foreword.predictor.lockstep import Advance, Work
from foreword.predictor.reading import MARKS, Reader, beginning, read_as, readable
from foreword.predictor.slips import QWERTY, Layout
from foreword.predictor.state import State
from foreword.predictor.suggest import HIDDEN, Suggestion
from foreword.predictor.trace import WordTrace
from foreword.predictor.typist import Typist
from foreword.text.tokenizer import EOS, EOS_ID, UNK_ID, Tokenizer

if TYPE_CHECKING:
    from foreword.folder.config import FolderConfig


LONGEST_READ = 1 << 16
"""Of a text of twice so many characters and more, `read` and `predict` read the end: so many at
least. What stands before could change a state only through some ten thousand words."""


@dataclass(frozen=True)
class Prediction:
    """A word and the model's probability that it comes next.

    Of a next word: the model's own probability, in which `<unk>` and `<eos>`, which are not
    suggested, have their share. Of a completion: the probability given that the word begins as
    typed, so that the probabilities of all completions sum to 1.
    """

    word: str
    probability: float


def load(folder: str | PathLike[str], *, threads: int | None = None) -> "Predictor":
    """The model in a folder, ready to predict; or one that a package has installed, by its name.

    Args:
        folder: its path, or a name.
        threads: that share long work; None: as many as this process has cores.

    Raises:
        FolderError: the folder is missing, damaged, or made by a newer Foreword.
    """
    return Predictor(read_folder(find_folder(folder)), threads=threads)


class Predictor:
    """A model that predicts the next word of a text, or completes its last one.

    Immutable; safe to share between threads. What it remembers of a text is a `State`, which
    belongs to the caller.
    """

    def __init__(self, folder: Folder, *, threads: int | None = None) -> None:
        self.folder = folder
        self.tokenizer: Tokenizer = folder.tokenizer
        self._engine = Engine(folder.model, folder.weights, threads=threads)
        # Without us: a state that knows us would hold us in a cycle, and a model that is replaced
        # in memory until cycles are looked for.
        self._start = self._engine.advance(self._engine.start(), EOS_ID)

    @property
    def config(self) -> "FolderConfig":
        """The whole configuration, with what is recorded of training and evaluation.

        Raises:
            FolderError: its records cannot be used.
        """
        return self.folder.config

    def start(self) -> State:
        """The state at the beginning of a line: zeros that have seen an `<eos>`, as in training."""
        return self._bound(self._start)

    def advance(self, state: State, word: str, *, mend: bool = True) -> State:
        """The state after one more word; `<eos>` ends a line.

        A word may have been typed without the capitals, apostrophes or accents of the word that is
        meant: i for I, dont for don't, HELLO for hello. It is read as the form of it that is
        likeliest in the context, among those that are commoner than what was typed; or of a word
        that the vocabulary lacks, among all. A misspelling that the vocabulary has is read as the
        word that is meant. A word is read as `<unk>` if there are none.

        Args:
            state: of this model.
            word: the next one.
            mend: False reads a word that the vocabulary has as it stands: to score or generate a
                text, in which each word is a draw from `probabilities`.

        Raises:
            SettingsError: the state is of another model.
        """
        self._check(state)
        return self._bound(self._engine.advance(state, self._id_of(state, word, mend=mend)))

    def advance_many(self, states: Sequence[State], words: Sequence[str]) -> list[State]:
        """Each state after one more word of its own: what `advance` gives, bit for bit.

        Args:
            states: of this model, of as many users as you like.
            words: one for each; `<eos>` ends a line.

        Raises:
            SettingsError: a state is of another model, or there are not as many words as states.
        """
        if len(states) != len(words):
            raise SettingsError(
                f"each state needs one word, but there are {len(states):,} states and "
                f"{len(words):,} words"
            )
        for state in states:
            self._check(state)
        ids = [self._id_of(state, word) for state, word in zip(states, words, strict=True)]
        return [self._bound(state) for state in self._engine.advance_many(states, ids)]

    def state_to_bytes(self, state: State) -> bytes:
        """The state as bytes; `State.to_bytes` is the same.

        Raises:
            SettingsError: the state is of another model.
        """
        self._check(state)
        return state_bytes.encode(state, self.folder.checksum)

    def state_from_bytes(self, data: bytes) -> State:
        """The state that `to_bytes` of a state of this model gave, on whatever machine.

        Every byte is checked, but not who wrote them: sign what goes through strangers' hands.

        Raises:
            SettingsError: they are damaged, of another model or version, or hold numbers that no
                state has; says which.
        """
        model, checksum = self.folder.model, self.folder.checksum
        return self._bound(state_bytes.decode(data, self._start, model, checksum))

    def read(self, text: str, state: State | None = None) -> State:
        """The state after a text, which goes on from `state`, or begins a line.

        Each line end is an `<eos>`. As in training, a blank line has none, unless the model was
        trained on text that is cut already (`words="spaces"`).

        Of a text of 131,072 characters and more, the last 65,536 at least are read, so that no text
        takes longer than some 30,000 words do; to read all of a longer one, go on with its parts.

        Raises:
            SettingsError: the state is of another model.
        """
        if state is None:
            state = self.start()
        self._check(state)
        text = text[beginning(text, LONGEST_READ)[0] :]
        for word in self.tokenizer.read(readable(text), state.last):
            index = EOS_ID if word.id == EOS_ID else self._id_of(state, word.text)
            state = self._engine.advance(state, index)
        return self._bound(state)

    def reading(self, words: Iterable[str], state: State) -> Work[State]:
        """Advancing a state by words, as work that can be done together with that of others.

        See `foreword.predictor.lockstep`; `advance` says what a word is.

        Raises:
            SettingsError: the state is of another model.
        """
        self._check(state)
        for word in words:
            state = yield Advance(self._engine, state, self._id_of(state, word))
        return self._bound(state)

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
        """The k likeliest next words, or words for one that may be unfinished.

        By default the answers are those of `suggest`, no word held back. A text may end in letters:
        "I would lik" is unfinished, "I would like" may be finished or not. Both readings are
        weighed by their probabilities: words that go on from the letters and words that follow them
        stand in one list, and a probability is that of the word in its reading. Forms of a word
        that differ in case alone are one.
        Where the last word is said to be finished or unfinished, the model's own words are given as
        the vocabulary has them. Letters are then completed in the case in which they stand; if no
        word begins so, in any case.

        Args:
            text: so far; of a long one the end counts, as for `read`. What no text can hold (half a
                surrogate pair) is taken as U+FFFD.
            k: how many words at most.
            complete: True takes the last word as unfinished in any case, False as finished, or as
                followed; None weighs both. After white space there is none to complete.

        Raises:
            SettingsError: k is less than 1.
            FolderError: the model's weights are so large that its scores overflow.
        """
        if k < 1:
            raise SettingsError(f"k must be at least 1, not {k}")
        if complete is None:
            found = self.typist(offensive=True).suggest(text, k)
            return [Prediction(one.word, one.probability) for one in found]
        text = readable(text[beginning(text, LONGEST_READ)[0] :])
        context, prefix = self._unfinished(text) if complete else (text, "")
        state = self.read(context)
        if prefix:
            likely = self._engine.best(state, k, self.lexicon.beginning(prefix))
        else:
            likely = self._engine.best(state, k, hidden=HIDDEN)
        word_of = self.tokenizer.word_of
        return [Prediction(word_of(index), share) for index, share in likely if share > 0]

    def suggest(
        self,
        text: str,
        k: int = 3,
        *,
        complete: bool | None = None,
        tolerant: bool = False,
        layer: Layer | None = None,
        offensive: bool = False,
        blocked: Iterable[str] = (),
        layout: Layout = QWERTY,
    ) -> list[Suggestion]:
        """The k likeliest words where a text ends, ready to be put there.

        Letters that the text ends in may be a whole word or the beginning of a longer one. Both
        readings are weighed by their probabilities: words for the whole of it and words to follow
        it stand in one list. After a space or a mark, whole next words are offered. Forms that
        differ in case alone are one word, written as the place asks for. `<unk>` is never offered.
        If no word begins as typed, words that one slip or a common stem leads to are offered
        too.

        Nothing of the text is remembered: for each keystroke of a user, ask a `typist`. Of a
        text of 4,096 characters and more, the last 2,048 at least are read.

        Args:
            text: up to where the next letter goes. What no text can hold (half a surrogate pair)
                is taken as U+FFFD.
            k: how many words at most.
            complete: True takes the last word as unfinished in any case, and offers it as it
                stands where the vocabulary lacks it; False takes it as finished; None weighs both.
            tolerant: think of slips (a letter missing, too much, replaced or transposed) even
                where words begin as typed.
            layer: another opinion on the next word, mixed in; one that fails is left out, which
                is logged once.
            offensive: suggest words of the list of offensive ones too.
            blocked: words of one's own that are never suggested.
            layout: of the keys, for slips.

        Raises:
            SettingsError: k is less than 1.
            FolderError: the model's weights are so large that its scores overflow.
        """
        typist = self.typist(
            tolerant=tolerant, layer=layer, offensive=offensive, blocked=blocked, layout=layout
        )
        return typist.suggest(text, k, complete=complete)

    def trace(self, text: str, *, complete: bool | None = None) -> WordTrace:
        """Gates and memory at the last word that suggestions for a text come from; without torch.

        `foreword.inspect.trace` looks at a whole text, and deeper; this at one word, as one types.
        For each keystroke of a user, ask a `typist`.

        Args:
            text: up to where the next letter goes.
            complete: whether the last word is unfinished, and so has not been read yet; None:
                whichever is likelier.
        """
        return self.typist().trace(text, complete=complete)

    def typist(
        self,
        *,
        tolerant: bool = False,
        layer: Layer | None = None,
        offensive: bool = False,
        blocked: Iterable[str] = (),
        layout: Layout = QWERTY,
        repeats: bool = True,
        marks: int = MARKS,
    ) -> Typist:
        """One user who types: `suggest` at every keystroke, at the cost of what is new alone.

        Args: as `suggest`, and `repeats`: False leaves out, while letters are added to a word, what
            was suggested for it before, since whoever types on did not mean it; or overlooked it.
            And `marks`: ends of words, at most, whose states are kept to go on from after an edit;
            each takes the memory of a state. The answers are the same.
        """
        return Typist(
            self._reader,
            tolerant=tolerant,
            layer=layer,
            offensive=offensive,
            blocked=blocked,
            layout=layout,
            repeats=repeats,
            marks=marks,
        )

    def is_unfinished(self, text: str) -> bool:
        """Whether letters at the end of a text are likelier to go on than to be a whole word."""
        return self.typist(offensive=True).is_unfinished(text)

    def _id_of(self, state: State, word: str, *, mend: bool = True) -> int:
        if word == EOS:
            return EOS_ID
        text = self.tokenizer.normalise(readable(word))
        known = UNK_ID if mend else self.tokenizer.ids.get(text, UNK_ID)
        return known if known != UNK_ID else read_as(self._engine, self.lexicon, state, text)

    def _unfinished(self, text: str) -> tuple[str, str]:
        """The text before its last word, and that word as far as it stands; or all, and nothing."""
        if not text or text[-1].isspace():
            return text, ""
        typed = self._reader.letters_at_end(text)
        if not typed:  # a mark
            line = text.rsplit("\n", 1)[-1]
            words = self.tokenizer.split(line)
            typed = line[words[-1].start :] if words else ""
        return text[: len(text) - len(typed)], self.tokenizer.normalise(typed)

    @cached_property
    def _reader(self) -> Reader:
        rare = RareWords(self.folder.rare, self.lexicon.case)
        return Reader(self.tokenizer, self._engine, self.lexicon, self._start, rare)

    @cached_property
    def lexicon(self) -> Lexicon:
        """The vocabulary by its letters."""
        return Lexicon(
            self.tokenizer.words,
            hidden=len(HIDDEN),
            known=self.tokenizer.ids,
            misspellings=self.folder.misspellings,
            case=self.tokenizer.case,
        )

    def _bound(self, state: State) -> State:
        """The same state, which knows whom to ask to go on."""
        return State(state.parts, state.last, self)

    def _check(self, state: State) -> None:
        found = [part.shape for part in state.parts]
        expected = [part.shape for part in self._start.parts]
        if found != expected:
            raise SettingsError(
                f"the state is of another model: its parts have the shapes {found}, but those of "
                f"this model have {expected}"
            )
