"""Words in, next words out: `foreword.load`. Runs on numpy; never imports torch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from foreword import compiled
from foreword.errors import SettingsError
from foreword.folder.files import give_back_memory
from foreword.folder.installed import find_folder
from foreword.folder.store import Folder, read_folder
from foreword.ngrams.mixture import NgramMixture
from foreword.predictor import state_bytes
from foreword.predictor.activations import WordTrace
from foreword.predictor.candidates import HIDDEN
from foreword.predictor.compiled_typist import CompiledReader, can_read
from foreword.predictor.engine import Engine
from foreword.predictor.layer import Layer
from foreword.predictor.lexicon import Lexicon, RareWords
from foreword.predictor.lockstep import Advance, Work
from foreword.predictor.next_letter import Letters
from foreword.predictor.reading import MARKS, ModelReader, beginning, readable
from foreword.predictor.slips import QWERTY, Layout
from foreword.predictor.state import State
from foreword.predictor.suggest import Suggestion
from foreword.predictor.typist import Typist
from foreword.predictor.word_frequencies import WordFrequencies
from foreword.text.tokenizer import EOS, EOS_ID, UNK_ID, Tokenizer

if TYPE_CHECKING:
    from foreword.folder.config import FolderConfig


LONGEST_READ = 1 << 16
"""If a text has twice this many characters or more, `read` and `predict` read only its end, at
least this many. Earlier text could change a state only through some ten thousand words.
"""


@dataclass(frozen=True)
class Prediction:
    """A word and the model's probability that it comes next.

    For a next word, this is the model's own probability, of which `<unk>` and `<eos>`, which are
    not suggested, have a share. For a completion, it is given that the word begins as typed, so
    that the probabilities of all completions sum to 1.
    """

    word: str
    probability: float


def load(folder: str | PathLike[str], *, threads: int | None = None) -> "Predictor":
    """Load the model in a folder, or an installed model by its name, for prediction.

    Args:
        folder: the path or name.
        threads: the number of threads that share long work; None: one per available core.

    Raises:
        FolderError: the folder is missing, damaged, or written by a newer Foreword.
    """
    return Predictor(read_folder(find_folder(folder)), threads=threads)


class Predictor:
    """A model that predicts the next word of a text, or completes its last one.

    Immutable and thread-safe. What it remembers of a text is a `State`, which belongs to the
    caller.
    """

    def __init__(self, folder: Folder, *, threads: int | None = None) -> None:
        self.folder = folder
        self.tokenizer: Tokenizer = folder.tokenizer
        ngrams = NgramMixture(folder.ngrams) if folder.ngrams else None
        self._engine = Engine(folder.model, folder.weights, threads=threads, ngrams=ngrams)
        # Not bound to this predictor: a state that refers to it would form a reference cycle, and a
        # model that is replaced would stay in memory until the cycle is collected.
        self._start = self._engine.advance(self._engine.start(), EOS_ID)

    @property
    def config(self) -> "FolderConfig":
        """The whole configuration, with the records of training and evaluation.

        Raises:
            FolderError: its records cannot be used.
        """
        return self.folder.config

    def start(self) -> State:
        """Return the state at the beginning of a line: zeros after an `<eos>`, as in training."""
        return self._bound(self._start)

    def advance(self, state: State, word: str, *, mend: bool = True) -> State:
        """Return the state after one more word; `<eos>` ends a line.

        A word may have been typed without the capitals, apostrophes or accents of the intended
        word: i for I, dont for don't, HELLO for hello. It is read as the form that is most probable
        in the context, among those more frequent than the typed one; or, if the vocabulary lacks
        the typed word, among all. A misspelling in the vocabulary is read as the intended word. A
        word that the vocabulary lacks is read as one that it is a slip away from, or as `<unk>`,
        whichever is more probable.

        Args:
            state: a state of this model.
            word: the next word.
            mend: False reads a word of the vocabulary unchanged: to score or generate a text, in
                which each word is a sample from `probabilities`.

        Raises:
            SettingsError: the state belongs to another model.
        """
        self._check(state)
        return self._bound(self._engine.advance(state, self._id_of(state, word, mend=mend)))

    def advance_many(self, states: Sequence[State], words: Sequence[str]) -> list[State]:
        """Return each state after one more word of its own, as by `advance`, bit for bit.

        Args:
            states: states of this model, of any number of users.
            words: one word for each; `<eos>` ends a line.

        Raises:
            SettingsError: a state belongs to another model, or the numbers of states and words
                differ.
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
        """Return the state as bytes, as `State.to_bytes` does.

        Raises:
            SettingsError: the state belongs to another model.
        """
        self._check(state)
        return state_bytes.encode(state, self.folder.checksum)

    def state_from_bytes(self, data: bytes) -> State:
        """Return the state that `to_bytes` turned into bytes, on whatever machine.

        Every byte is checked, but not who wrote them: sign bytes that pass through strangers'
            hands.

        Raises:
            SettingsError: the bytes are damaged, of another model or version, or hold numbers that
                no state has; says which.
        """
        model, checksum = self.folder.model, self.folder.checksum
        return self._bound(state_bytes.decode(data, self._start, model, checksum))

    def read(self, text: str, state: State | None = None) -> State:
        """Return the state after a text that continues `state`, or else begins a line.

        Each line end is an `<eos>`. As in training, a blank line has none, unless the model was
        trained on text that is tokenised already (`words="spaces"`).

        Of a text of 131,072 characters and more, only the end is read, at least 65,536 characters,
        so that no text takes longer than some 30,000 words. To read all of a longer one, read it in
        parts.

        Raises:
            SettingsError: the state belongs to another model.
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
        """Advance a state by words, as work that can be combined with that of other users.

        See `foreword.predictor.lockstep`; `advance` explains how a word is read.

        Raises:
            SettingsError: the state belongs to another model.
        """
        self._check(state)
        for word in words:
            state = yield Advance(self._engine, state, self._id_of(state, word))
        return self._bound(state)

    def probabilities(self, state: State) -> np.ndarray:
        """Return P(next word) by word id, (V,) float32, `<unk>` and `<eos>` included; sums to 1.

        Raises:
            SettingsError: the state belongs to another model.
            FolderError: the model's weights are so large that its scores overflow.
        """
        self._check(state)
        return self._engine.probabilities(state)

    def log_probabilities(self, state: State) -> np.ndarray:
        """Return ln P(next word), (V,) float64, without rounding small probabilities to 0.

        Raises:
            SettingsError, FolderError: as `probabilities`.
        """
        self._check(state)
        return self._engine.log_probabilities(state)

    def predict(self, text: str, k: int = 5, *, complete: bool | None = None) -> list[Prediction]:
        """Return the k most probable next words, or completions of an unfinished word.

        By default the answers are those of `suggest` without withheld words. A text may end in
        letters: "I would lik" is unfinished, "I would like" may be finished or not. Both readings
            are
        weighed by their probabilities: completions and following words share one list, and each has
        the probability of the word in its reading. Forms of a word that differ only in case count
        as one. With `complete` given, the model's words are returned as the vocabulary has them.
        Letters are then completed in the case in which they stand, or if no word begins so, in any
        case.

        Args:
            text: the text; of a long one only the end is read, as by `read`. Lone surrogates are
                read as U+FFFD.
            k: the largest number of words.
            complete: True takes the last word as unfinished, False as finished; None weighs both.
                After white space there is no word to complete.

        Raises:
            SettingsError: k is less than 1.
            FolderError: the model's weights are so large that its scores overflow.
        """
        if k < 1:
            raise SettingsError(f"k must be at least 1, not {k}")
        if complete is None:
            suggestions = self.typist(offensive=True).suggest(text, k)
            return [
                Prediction(suggestion.word, suggestion.probability) for suggestion in suggestions
            ]
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
        phrases: bool = False,
        tolerant: bool = False,
        layer: Layer | None = None,
        offensive: bool = False,
        blocked: Iterable[str] = (),
        layout: Layout = QWERTY,
    ) -> list[Suggestion]:
        """Return the k most probable words at the end of a text, ready to be inserted.

        Letters at the end may be a whole word or the beginning of a longer one. Both readings are
        weighed by their probabilities: completions and following words share one list. After a
        space or a mark, whole next words are offered. Forms that differ only in case count as one
        word, written as its position requires. `<unk>` is never offered. If no word begins as
        typed, words one slip away or with a common stem are offered too.

        Nothing of the text is remembered: for each keystroke of a user, ask a `typist`. Of a text
        of 4,096 characters and more, only the end is read, at least 2,048 characters.

        Args:
            text: the text up to the cursor. Lone surrogates are read as U+FFFD.
            k: the largest number of words.
            complete: True takes the last word as unfinished, and offers it unchanged if the
                vocabulary lacks it; False takes it as finished; None weighs both.
            phrases: True returns the k words or phrases of up to three words that together are
                expected to save the most keys, the one that saves most first.
            tolerant: consider slips (a letter missing, added, replaced or transposed) even if words
                begin as typed.
            layer: another opinion on the next word, mixed in; one that fails is left out, which is
                logged once.
            offensive: whether to suggest offensive words too.
            blocked: further words that are never suggested.
            layout: the layout of the keys, for slips.

        Raises:
            SettingsError: k is less than 1.
            FolderError: the model's weights are so large that its scores overflow.
        """
        typist = self.typist(
            tolerant=tolerant, layer=layer, offensive=offensive, blocked=blocked, layout=layout
        )
        return typist.suggest(text, k, complete=complete, phrases=phrases)

    def trace(self, text: str, *, complete: bool | None = None) -> WordTrace:
        """Return gates and memory at the last word that suggestions are based on; without torch.

        `foreword.inspect.trace` examines a whole text, in more depth; this a single word, during
        typing. For each keystroke of a user, ask a `typist`.

        Args:
            text: the text up to the cursor.
            complete: whether the last word is unfinished, and so not read yet; None: whichever is
                more probable.
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
        """Return a typist for one user: `suggest` at every keystroke, reading only what is new.

        Args: those of `suggest`, and `repeats`: False leaves out, while letters are added to a
            word, what was suggested for it before, since the user types on in spite of it. And
            `marks`: the number of word boundaries whose states are kept, to continue from after an
            edit; each takes the memory of a state. The answers do not depend on it.
        """
        return Typist(
            lambda: self._reader,
            self.compiled_reader,
            tolerant=tolerant,
            layer=layer,
            offensive=offensive,
            blocked=blocked,
            layout=layout,
            repeats=repeats,
            marks=marks,
        )

    def letters(self, text: str, *, ignore_case: bool = False) -> Letters:
        """Return the probability of every next character; see `Typist.letters`.

        For each keystroke of a user, ask a `typist`, which remembers what it has read.
        """
        return self.typist().letters(text, ignore_case=ignore_case)

    def is_unfinished(self, text: str) -> bool:
        """Whether letters at the end of a text are more probably unfinished than a whole word."""
        return self.typist(offensive=True).is_unfinished(text)

    def _id_of(self, state: State, word: str, *, mend: bool = True) -> int:
        if word == EOS:
            return EOS_ID
        text = self.tokenizer.normalise(readable(word))
        if mend:
            return self._reader.id_with_slip(state, text)
        known = self.tokenizer.ids.get(text, UNK_ID)
        return self._reader.id_of(state, text) if known == UNK_ID else known

    def _unfinished(self, text: str) -> tuple[str, str]:
        """Return the text before its unfinished last word, and that word; or all, and nothing."""
        if not text or text[-1].isspace():
            return text, ""
        typed = self._reader.letters_at_end(text)
        if not typed:  # a mark
            line = text.rsplit("\n", 1)[-1]
            words = self.tokenizer.split(line)
            typed = line[words[-1].start :] if words else ""
        return text[: len(text) - len(typed)], self.tokenizer.normalise(typed)

    @cached_property
    def compiled_reader(self) -> CompiledReader | None:
        """What reads in C++; None if only Python can read this model's texts or run its network."""
        is_able = (
            self._engine.is_compiled
            and can_read(self.tokenizer)
            and compiled.has("read_vocabulary")
        )
        if not is_able:
            return None
        folder = self.folder
        reader = CompiledReader(self._engine, self.tokenizer, folder.rare, folder.misspellings)
        give_back_memory(folder.weights)  # the reader has packed them
        return reader

    @cached_property
    def _reader(self) -> ModelReader:
        return ModelReader(self.tokenizer, self._engine, self.lexicon, self._start, self._rare)

    @cached_property
    def _rare(self) -> RareWords:
        return RareWords(self.folder.rare, self.lexicon.case)

    @cached_property
    def word_frequencies(self) -> WordFrequencies:
        """How frequent words are in the model's language, regardless of the text before them."""
        return WordFrequencies(self.tokenizer, self.lexicon, self._rare)

    @cached_property
    def lexicon(self) -> Lexicon:
        """The vocabulary, sorted by letters."""
        return Lexicon(
            self.tokenizer.words,
            hidden=len(HIDDEN),
            known=self.tokenizer.ids,
            misspellings=self.folder.misspellings,
            case=self.tokenizer.case,
        )

    def _bound(self, state: State) -> State:
        """Return the same state, which refers to this predictor for `State.advance`."""
        return State(state.parts, state.last, self)

    def _check(self, state: State) -> None:
        shapes = [part.shape for part in state.parts]
        expected = [part.shape for part in self._start.parts]
        if shapes != expected:
            raise SettingsError(
                f"the state is of another model: its parts have the shapes {shapes}, but those of "
                f"this model have {expected}"
            )
