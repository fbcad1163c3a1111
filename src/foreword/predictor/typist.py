"""One user who types: suggestions at every keystroke, with what was read remembered. No models."""

from collections.abc import Iterable
from dataclasses import dataclass

from foreword.errors import SettingsError
from foreword.predictor.filter import Filter
from foreword.predictor.layer import Layer
from foreword.predictor.lockstep import Work, alone
from foreword.predictor.reading import MARKS, Context, Reader, Reading
from foreword.predictor.slips import QWERTY, Layout
from foreword.predictor.spacing import SEEN
from foreword.predictor.suggest import Options, Suggestion, finished_share, suggestions
from foreword.predictor.trace import WordTrace


@dataclass(frozen=True, slots=True)
class _Seen:
    """What stood in sight at a text.

    Attributes:
        text: up to where the next letter went.
        start: where in it the word began that was typed.
        passed: words, folded, that had stood in sight before, at fewer letters of this word.
        shown: those that stood there now.
    """

    text: str
    start: int
    passed: frozenset[str]
    shown: frozenset[str]

    def passed_at(self, text: str, start: int) -> frozenset[str]:
        """Words that were passed over on the way to a text, in which a word begins at `start`."""
        if text == self.text:
            return self.passed
        goes_on = start == self.start and text.startswith(self.text)
        return self.passed | self.shown if goes_on else frozenset()


class Typist:
    """Suggests as one user types. Remembers the text read last and states at its words.

    A keystroke that adds letters reads nothing anew; one that ends a word advances the network by
    that word; an edit reads what follows it. The answers are the same as without memory, unless
    `repeats` is False. Make one for each user or field: nothing is shared between two. It may be
    called from many threads.
    """

    def __init__(
        self,
        reader: Reader,
        *,
        tolerant: bool = False,
        layer: Layer | None = None,
        offensive: bool = False,
        blocked: Iterable[str] = (),
        layout: Layout = QWERTY,
        repeats: bool = True,
        marks: int = MARKS,
    ) -> None:
        """Use `Predictor.typist`, whose arguments these are, and a model's reader."""
        if marks < 1:
            raise SettingsError(f"marks must be at least 1, not {marks}")
        self._reader = reader
        case = reader.lexicon.case
        words = Filter(offensive=not offensive, blocked=blocked, case=case)
        self._options = Options(words, tolerant, layout, layer)
        # Immutable and replaced as a whole: a thread sees the old one or the new one.
        self._reading: Reading | None = None
        self._repeats = repeats
        self._marks = marks
        self._seen: _Seen | None = None

    def suggest(self, text: str, k: int = 3, *, complete: bool | None = None) -> list[Suggestion]:
        """The k likeliest words where the text ends; see `Predictor.suggest`."""
        if complete is False or not text[-1:].isalpha():
            self._reader.engine.call_up()  # a word ended: all words are scored next
        return alone(self.suggesting(text, k, complete=complete))

    def suggesting(
        self, text: str, k: int = 3, *, complete: bool | None = None
    ) -> Work[list[Suggestion]]:
        """`suggest` as work that can be done together with that of others; see `lockstep`."""
        if k < 1:
            raise SettingsError(f"k must be at least 1, not {k}")
        reading, typed = yield from self._read(text, unfinished=complete is not False)
        if self._repeats:
            return (yield from self._found(reading, typed, text, k, complete))
        start = len(text) - len(typed)
        passed = self._seen.passed_at(text, start) if self._seen is not None else frozenset()
        found = yield from self._found(reading, typed, text, k + len(passed), complete)
        fold = self._reader.lexicon.fold
        found = [one for one in found if fold(one.word) not in passed][:k]
        shown = frozenset(fold(one.word) for one in found)
        self._seen = _Seen(text, start, passed, shown)
        return found

    def is_unfinished(self, text: str) -> bool:
        """Whether letters at the end of a text are likelier to go on than to be a whole word."""
        return alone(self._is_unfinished(text))

    def trace(self, text: str, *, complete: bool | None = None) -> WordTrace:
        """Gates and states at the last word that suggestions for a text come from.

        Args:
            text: as `suggest` takes it.
            complete: whether letters at the end are a word whose rest is to come, which is then
                not read yet; None: whichever is likelier.
        """
        if complete is None:
            complete = self.is_unfinished(text)
        reading, _ = alone(self._read(text, unfinished=complete))
        return self._reader.trace(reading.context)

    def _found(
        self, reading: Reading, typed: str, text: str, k: int, complete: bool | None
    ) -> Work[list[Suggestion]]:
        def look_ahead(letters: str) -> "Work[Context]":  # not evaluated at each key
            further = yield from self._reader.look_ahead(reading, letters)
            self._reading = further
            assert further.ahead is not None
            return further.ahead[1]

        return suggestions(
            self._reader,
            reading.context,
            typed,
            text[-SEEN:],
            k,
            self._options,
            complete=complete,
            look_ahead=look_ahead,
        )

    def _is_unfinished(self, text: str) -> Work[bool]:
        reading, typed = yield from self._read(text, unfinished=True)
        if not typed:
            return False
        share = yield from finished_share(
            self._reader, reading.context, typed, text[-SEEN:], self._options
        )
        return share < 0.5

    def _read(self, text: str, *, unfinished: bool) -> Work[tuple[Reading, str]]:
        reading = self._reading
        typed = reading.letters_after(text) if reading is not None and unfinished else ""
        if reading is None or not typed:
            reading, typed = yield from self._reader.read(
                text, reading, unfinished=unfinished, marks=self._marks
            )
            self._reading = reading
        return reading, typed

    def forget(self) -> None:
        """Drops what was read."""
        self._reading = self._seen = None
