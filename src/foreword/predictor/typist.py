"""Suggest at every keystroke of one user, remembering what was read. Knows no models."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from foreword.errors import SettingsError
from foreword.predictor.activations import WordTrace
from foreword.predictor.candidates import Options
from foreword.predictor.compiled_typist import CompiledReader, CompiledTypist
from foreword.predictor.filter import Filter
from foreword.predictor.layer import Layer
from foreword.predictor.lockstep import Work, alone
from foreword.predictor.next_letter import Letters, next_letters, word_shares
from foreword.predictor.phrases import SPARE, most_saving, phrases_of, without_marks
from foreword.predictor.reading import MARKS, Context, ModelReader, ReadingProgress
from foreword.predictor.slips import QWERTY, Layout
from foreword.predictor.spacing import SEEN
from foreword.predictor.suggest import Suggestion, finished_share, suggestions


@dataclass(frozen=True, slots=True)
class _Shown:
    """The suggestions that were visible at a text.

    Attributes:
        text: the text up to the cursor.
        start: the offset at which the typed word begins.
        passed: the folded words that were visible before, at fewer letters of this word.
        shown: the folded words that are visible now.
    """

    text: str
    start: int
    passed: frozenset[str]
    shown: frozenset[str]

    def passed_at(self, text: str, start: int) -> frozenset[str]:
        """Return the words passed over on the way to a text, in which a word begins at `start`."""
        if text == self.text:
            return self.passed
        goes_on = start == self.start and text.startswith(self.text)
        return self.passed | self.shown if goes_on else frozenset()


class Typist:
    """Suggests while one user types. Remembers the last text and the states at its words.

    A keystroke that adds letters reads nothing again; one that ends a word advances the network by
    that word; an edit reads what follows it. The answers are the same as without memory, unless
    `repeats` is False. Make one for each user or field: nothing is shared between two. Thread-safe.
    """

    def __init__(
        self,
        reader: Callable[[], ModelReader],
        compiled: CompiledReader | None,
        *,
        tolerant: bool = False,
        layer: Layer | None = None,
        offensive: bool = False,
        blocked: Iterable[str] = (),
        layout: Layout = QWERTY,
        repeats: bool = True,
        marks: int = MARKS,
    ) -> None:
        """Take the arguments of `Predictor.typist`, and a model's readers. Call that instead.

        `reader` returns Python's, which takes time and memory to make, and is called when it is
        needed. `compiled` is the one in C++; None without.
        """
        if marks < 1:
            raise SettingsError(f"marks must be at least 1, not {marks}")
        self._make_reader = reader
        blocked = list(blocked)
        self._given = (tolerant, layer, offensive, blocked, layout)
        self._compiled = None
        # The core knows the neighbours of keys by their rows alone, and no layers.
        if compiled is not None and layer is None and type(layout) is Layout:
            self._compiled = CompiledTypist(
                compiled,
                tolerant=tolerant,
                offensive=offensive,
                blocked=blocked,
                layout=layout,
                repeats=repeats,
                marks=marks,
            )
        # Immutable and replaced as a whole, so that a thread sees either the old or the new one.
        self._reading: ReadingProgress | None = None
        self._repeats = repeats
        self._marks = marks
        self._seen: _Shown | None = None
        self._shares: tuple[tuple[Context, np.ndarray], ...] = ()

    def suggest(
        self, text: str, k: int = 3, *, complete: bool | None = None, phrases: bool = False
    ) -> list[Suggestion]:
        """Return the k most probable words at the end of a text; see `Predictor.suggest`."""
        if k < 1:
            raise SettingsError(f"k must be at least 1, not {k}")
        if self._compiled is not None:
            return self._compiled.suggest(text, k, complete, phrases)
        if complete is False or not text[-1:].isalpha():
            self._reader.engine.call_up()  # a word has ended: all words are scored next
        return alone(self.suggesting(text, k, complete=complete, phrases=phrases))

    def suggesting(
        self, text: str, k: int = 3, *, complete: bool | None = None, phrases: bool = False
    ) -> Work[list[Suggestion]]:
        """Suggest as work that can be combined with that of other users; see `lockstep`."""
        if k < 1:
            raise SettingsError(f"k must be at least 1, not {k}")
        if self._compiled is not None:
            return self._compiled.suggesting(text, k, complete, phrases)
        return self._suggesting(text, k, complete, phrases)

    def _suggesting(
        self, text: str, k: int, complete: bool | None, phrases: bool
    ) -> Work[list[Suggestion]]:
        reading, typed = yield from self._read(text, unfinished=complete is not False)
        start, fold = len(text) - len(typed), self._reader.lexicon.fold
        passed: frozenset[str] = frozenset()
        if not self._repeats and self._seen is not None:
            passed = self._seen.passed_at(text, start)
        wanted = k + len(passed) + (SPARE if phrases else 0)
        offered = yield from self._suggestions(reading, typed, text, wanted, complete)
        if passed:
            offered = [one for one in offered if fold(one.word) not in passed]
        if phrases:
            offered = without_marks(offered)
            longer = yield from phrases_of(offered, text, k, partial(self._next, reading))
            offered = most_saving(offered, longer, text, k, fold)
        offered = offered[:k]
        if not self._repeats:
            shown = frozenset(fold(one.word) for one in offered)
            self._seen = _Shown(text, start, passed, shown)
        return offered

    def _next(self, reading: ReadingProgress, text: str) -> Work[Suggestion | None]:
        """Return the likeliest word or mark after a text whose beginning was read, if any."""
        further, _ = yield from self._reader.read(
            text, reading, unfinished=False, marks=self._marks
        )
        following = yield from self._suggestions(further, "", text, 1, None)
        return following[0] if following else None

    @cached_property
    def _reader(self) -> ModelReader:
        return self._make_reader()

    @cached_property
    def _options(self) -> Options:
        tolerant, layer, offensive, blocked, layout = self._given
        words = Filter(offensive=not offensive, blocked=blocked, case=self._reader.lexicon.case)
        return Options(words, tolerant, layout, layer)

    def letters(self, text: str, *, ignore_case: bool = False) -> Letters:
        r"""Return the probability of every next character: letters, space, marks and line end.

        It is made for scanning keyboards, Dasher, brain-computer interfaces and ambiguous keys.
        Within a word, P(c | letters) is the sum of P(word | text before it) over the words that
        begin with the letters and c, divided by the same sum over all that begin with the letters.
        Where the letters are a whole word, its share goes to what may follow: a space before the
        next word, a mark that takes none, or `"\n"` for the end of the line. The probabilities
        sum to 1. Their product over the letters of a word is the probability of the word, except
        for the shares of capitals and of unknown words that are spelled alike.

        A word counts as the vocabulary spells it, and with small shares with a capital and in
        capitals (`next_letter.KINDS`). P(`<unk>`) is shared by the rare words and by a trigram
        model of letters, so that every word of the vocabulary's characters can be spelled. Marks
        are the vocabulary's plain ones. A mark of several characters is begun by its first one;
        after that, the text is read as it stands. The layer and the filter of the typist are not
        considered: a withheld word can be spelled.

        A further letter within a word does not run the network, unless the letters may be a whole
        word (`next_letter.FOLLOWED`). Source: Ward, Blackwell and MacKay 2000, Dasher: a data entry
        interface using continuous gestures and language models.

        Args:
            text: the text up to the cursor, as for `suggest`.
            ignore_case: for keyboards without capitals: every word is typed in lower case, and a
                typed capital counts as its small letter.

        Raises:
            FolderError: the model's weights are so large that its scores overflow.
        """
        if self._compiled is not None:
            return self._compiled.letters(text, ignore_case)
        return alone(self.lettering(text, ignore_case=ignore_case))

    def lettering(self, text: str, *, ignore_case: bool = False) -> Work[Letters]:
        """Return letters as work that can be combined with that of other users; see `lockstep`."""
        if self._compiled is not None:
            return self._compiled.lettering(text, ignore_case)
        return self._lettering(text, ignore_case)

    def _lettering(self, text: str, ignore_case: bool) -> Work[Letters]:
        reading, typed = yield from self._read(text, unfinished=True)
        return (
            yield from next_letters(
                self._reader,
                reading.context,
                typed,
                text[-SEEN:],
                ignore_case=ignore_case,
                scores=self._word_shares,
                look_ahead=partial(self._look_ahead, reading),
            )
        )

    def _word_shares(self, context: Context) -> Work[np.ndarray]:
        """Return P(next word | context), from memory for the last two contexts."""
        remembered = self._shares
        for known, shares in remembered:
            if known is context:
                return shares
        shares = yield from word_shares(self._reader, context)
        shares.flags.writeable = False
        self._shares = (*remembered[-1:], (context, shares))
        return shares

    def is_unfinished(self, text: str) -> bool:
        """Whether letters at the end of a text are more probably unfinished than a whole word."""
        return alone(self._is_unfinished(text))

    def trace(self, text: str, *, complete: bool | None = None) -> WordTrace:
        """Return gates and states at the last word that suggestions for a text are based on.

        Args:
            text: as for `suggest`.
            complete: whether letters at the end are an unfinished word, which is not read yet;
                None: whichever is more probable.
        """
        if complete is None:
            complete = self.is_unfinished(text)
        if self._compiled is not None:
            return self._compiled.trace(text, unfinished=complete)
        reading, _ = alone(self._read(text, unfinished=complete))
        return self._reader.trace(reading.context)

    def _suggestions(
        self, reading: ReadingProgress, typed: str, text: str, k: int, complete: bool | None
    ) -> Work[list[Suggestion]]:
        return suggestions(
            self._reader,
            reading.context,
            typed,
            text[-SEEN:],
            k,
            self._options,
            complete=complete,
            look_ahead=partial(self._look_ahead, reading),
        )

    def _look_ahead(self, reading: ReadingProgress, letters: str) -> Work[Context]:
        """Return the context after letters as a whole word, and remember it."""
        further = yield from self._reader.look_ahead(reading, letters)
        self._reading = further
        assert further.ahead is not None
        return further.ahead[1]

    def _is_unfinished(self, text: str) -> Work[bool]:
        reading, typed = yield from self._read(text, unfinished=True)
        if not typed:
            return False
        share = yield from finished_share(
            self._reader, reading.context, typed, text[-SEEN:], self._options
        )
        return share < 0.5

    def _read(self, text: str, *, unfinished: bool) -> Work[tuple[ReadingProgress, str]]:
        reading = self._reading
        typed = reading.letters_after(text) if reading is not None and unfinished else ""
        if reading is None or not typed:
            reading, typed = yield from self._reader.read(
                text, reading, unfinished=unfinished, marks=self._marks
            )
            self._reading = reading
        return reading, typed

    def forget(self) -> None:
        """Forget the text that was read."""
        if self._compiled is not None:
            self._compiled.forget()
        self._reading = self._seen = None
        self._shares = ()
