"""Reads a text up to the word that is being typed, and remembers how far. Knows no suggestions.

What a text is read to depends on the text alone, however it came about: typed, pasted or edited.
"""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from foreword.predictor.engine import Engine
from foreword.predictor.lexicon import Lexicon, RareWords
from foreword.predictor.lockstep import Advance, Work
from foreword.predictor.sentences import HEARTS, is_abbreviated, is_emoji
from foreword.predictor.state import State
from foreword.predictor.trace import WordTrace
from foreword.text.characters import unfinished_gershayim
from foreword.text.joints import UNSEEN
from foreword.text.lines import LINE_ENDS, with_newlines
from foreword.text.newlines import Known, as_units
from foreword.text.segments import is_unspaced
from foreword.text.style import PLAIN_STYLE, Style
from foreword.text.tokenizer import EOS, EOS_ID, INSIDE, UNK_ID, Tokenizer, Word
from foreword.text.wrapping import PLAIN

STRIDE = 2048
"""Of a text of twice so many characters and more, only its end is read: from the last multiple of
this number that leaves at least so many. So the time is bounded whatever the text."""
WORDS_BETWEEN_SPACES = 64
"""Of words that no space separates (marks, mostly), only the last so many are read."""
LONGEST = 1024
"""Of characters that no space separates, only the last so many are cut into words: emoji without an
end would otherwise be cut anew, all of them, at every key."""
STRETCH, SETTLED = 32, 48
"""Of letters between which no spaces stand, once so many are there, the words in the first of them
are settled: those that follow change no words so far before them."""
WORDS_REMEMBERED = 64
"""So many last words a layer gets to see."""
MARKS = 64
"""States kept at boundaries of words, to go on from where a text is edited."""

CARELESS = 0.1
"""P(a word is typed in another, rarer form of it), beside 1 for the form that is meant."""

_SPACE = (
    "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"  # as the tokeniser has it
)
_TO_A_SPACE = re.compile(rf"([^{_SPACE}]*+)([{_SPACE}])")
_A_SPACE = re.compile(rf"[{_SPACE}]")
_MARKS_BETWEEN = re.compile("[\u3001-\u3003\u3008-\u3011\u3014-\u301f！（），．：；？…—,.!?;:()]++")
_NO_TEXT = re.compile("[\ud800-\udfff]")
_TRANSPARENT = frozenset("\"'“”‘’()[]«»¿¡")
_MAY_CLOSE = frozenset("'’״")
"""What may stand inside a word, and may close a quotation, too."""
_MOST_CAPITALS = 3


def readable(text: str) -> str:
    """The text with U+FFFD for every half of a surrogate pair, as broken bytes of a shell give."""
    return _NO_TEXT.sub("\ufffd", text)


@dataclass(frozen=True, slots=True)
class Context:
    r"""What is known before a word.

    Attributes:
        state: the network's.
        words: the last ones, normalised; "\n" for a line's end.
        begins_sentence: whether the next word does.
        capitals: sentences so far begun with a capital, less those begun without; within 3.
        style: typographic marks that were seen; before any, the training text's.
        quoting: whether a straight quotation mark is open in this line.
        before: the network's state before the last word; None where none was read.
    """

    state: State
    words: tuple[str, ...] = ()
    begins_sentence: bool = True
    capitals: int = 0
    style: Style = PLAIN_STYLE
    quoting: bool = False
    before: State | None = None


class Mark(NamedTuple):
    """A boundary of words, to go on from.

    Attributes:
        place: in the text as it was read.
        settled_by: how far the text must be the same for it to be one again.
        context: there.
    """

    place: int
    settled_by: int
    context: Context


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a text has been read. Immutable; holds its user's text, and belongs to one user.

    Attributes:
        begin: where in the text the part that is read begins.
        head: that part, up to the word that is being typed.
        seen: that part as it was read, with a newline where a unit ends, and what follows it.
        context: after the head.
        marks: boundaries of words in the head, the last ones last.
        known: how far the ends of units are settled, where lines are wrapped.
        is_steady: whether letters after the head, and nothing else, leave it as it is.
        ahead: letters that stood after the head, and the context after them as a whole word; None
            where nobody has looked so far.
    """

    begin: int
    head: str
    seen: str = field(compare=False)
    context: Context
    marks: tuple[Mark, ...]
    known: Known | None
    is_steady: bool
    ahead: tuple[str, Context] | None = None

    def letters_after(self, text: str) -> str:
        """The unfinished word, where the text is the head and letters; else nothing."""
        begin = self.begin
        if not self.is_steady or not text.startswith(self.head, begin):
            return ""
        if len(text) >= 2 * STRIDE and beginning(text, STRIDE)[0] != begin:
            return ""
        typed = text[begin + len(self.head) :]
        # Where no spaces part words, letters may change the words before them.
        return typed if typed.isalpha() and not is_unspaced(typed) else ""

    def after(self, context: Context, letters: str) -> Context | None:
        """The context after letters in a context, if that is known already."""
        if self.ahead is None or self.ahead[0] != letters or context is not self.context:
            return None
        return self.ahead[1]


class Reader:
    """A model's tokeniser and network, as they read. Immutable; safe to share between threads."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        engine: Engine,
        lexicon: Lexicon,
        start: State,
        rare: RareWords,
    ) -> None:
        self.tokenizer = tokenizer
        self.engine = engine
        self.lexicon = lexicon
        self.rare = rare
        self._start = Context(start, style=tokenizer.spacing.style)
        self._wrapped = tokenizer.config.lines == "wrapped"
        self.in_print = tokenizer.config.words == "unicode"
        marks = tokenizer.spacing.marks
        spaced = [marks[mark].before[1] if mark in marks else 0 for mark in "–-"]
        self._has_dash = "–" in tokenizer.ids and spaced[0] > spaced[1]

    def read(
        self, text: str, before: Reading | None = None, *, unfinished: bool, marks: int = MARKS
    ) -> Work[tuple[Reading, str]]:
        """Reads a text, going on from what was read of an earlier one as far as both are the same.

        Args:
            text: up to where the next letter goes.
            before: a reading of an earlier text, by the same user.
            unfinished: whether letters at the end are a word whose rest is to come.
            marks: boundaries of words that are kept, at most.

        Returns:
            The reading, and what stands in the text after its head: an unfinished word or nothing.
        """
        begin, is_whole = beginning(text, STRIDE)
        window = readable(text[begin:])
        known = None
        if self._wrapped:
            known = before.known if before is not None and before.begin == begin else None
            seen, known = as_units(
                window, PLAIN, known, is_start=is_whole, hyphens=self.tokenizer.hyphens
            )
        else:
            seen = with_newlines(window)
        found: list[Mark] = []
        if before is not None and before.begin == begin:
            same = _common(seen, before.seen)
            found = [mark for mark in before.marks if mark.settled_by <= same]
        start = self._start
        if not is_whole:
            start = replace(start, begins_sentence=False)
        place, _, context = found[-1] if found else Mark(0, 0, start)
        while (step := _TO_A_SPACE.match(seen, place)) is not None:
            end, settled_by = self._stretch(step[1])
            if end:
                context = yield from self._chunk(context, step[1][:end])
                found.append(Mark(place + end, place + settled_by, context))
                place += end
                continue
            after = before.after(context, step[1]) if before is not None else None
            if after is None:
                after = yield from self._chunk(context, step[1])
            if step[2] == "\n":
                after = yield from self._line_end(after)
            place = step.end()
            if after is not context:
                context = after
                found.append(Mark(place, place, context))
        rest = seen[place:]
        end, settled_by = self._stretch(rest)
        while end:
            context = yield from self._chunk(context, rest[:end])
            found.append(Mark(place + end, place + settled_by, context))
            place += end
            rest = rest[end:]
            end, settled_by = self._stretch(rest)
        typed_from = self._unfinished(rest) if unfinished else len(rest)
        # What is typed stands in the last line alone, though a word may begin in the one before.
        typed_from = max(typed_from, rest.rfind(UNSEEN) + 1)
        if typed_from > 0:
            context = yield from self._chunk(context, rest[:typed_from])
        at = place + typed_from
        is_steady = typed_from == 0 or at < len(window)
        if self._wrapped and not _has_a_word(window[:at]):
            is_steady = False  # letters tell whether the line goes on with the one before it
        reading = Reading(
            begin, window[:at], seen, context, _thinned(found, marks), known, is_steady
        )
        return reading, window[at:]

    def look_ahead(self, reading: Reading, letters: str) -> Work[Reading]:
        """The same reading, with the context after letters that follow it as a whole word."""
        if reading.after(reading.context, letters) is not None:
            return reading
        after = yield from self._chunk(reading.context, readable(letters))
        return replace(reading, ahead=(letters, after))

    def letters_at_end(self, text: str) -> str:
        """The end of a text that may be the beginning of a longer word; or nothing."""
        window = readable(text[-STRIDE:])
        rest = window[max((space.end() for space in _A_SPACE.finditer(window)), default=0) :]
        return rest[self._unfinished(rest) :]

    def id_of(self, state: State, word: str) -> int:
        """The id that a normalised word is read as after a state; see `read_as`."""
        return read_as(self.engine, self.lexicon, state, word)

    def trace(self, context: Context) -> WordTrace:
        """Gates and states at the last word that was read, or at the `<eos>` before the first."""
        if context.before is None:
            return WordTrace(EOS, self.engine.trace(self.engine.start(), EOS_ID))
        word = context.words[-1]
        layers = self.engine.trace(context.before, context.state.last)
        return WordTrace(EOS if word == "\n" else word, layers)

    def _unfinished(self, rest: str) -> int:
        """Where in the last characters, without spaces, an unfinished word begins."""
        if len(rest) > LONGEST:
            return len(rest) - LONGEST + self._unfinished(rest[-LONGEST:])
        rest = unfinished_gershayim(rest)
        if self.in_print and rest[-1:] in INSIDE:
            words = self.tokenizer.split(rest[:-1])
            start = words[-1].start if words and words[-1].end == len(rest) - 1 else len(rest) - 1
            goes_on = rest[-1] not in _MAY_CLOSE or self._begins_a_word(rest[start:])
            return start if goes_on and _is_of_words(rest[start]) else len(rest)
        words = self.tokenizer.split(rest)
        if not words or words[-1].end != len(rest):
            return len(rest)
        last = words[-1]
        goes_on = self._may_go_on(last.text[0]) and self._may_go_on(last.text[-1])
        return last.start if goes_on else len(rest)

    def _begins_a_word(self, letters: str) -> bool:
        """Whether a known word begins so. A mark at its end may otherwise close a quotation."""
        fold = self.lexicon.fold(self.tokenizer.normalise(letters))
        low, high = self.lexicon.range(fold)
        return low < high or bool(self.rare.beginning(fold, 1))

    def _may_go_on(self, last: str) -> bool:
        return not self.in_print or _is_of_words(last)

    def _stretch(self, text: str) -> tuple[int, int]:
        """How much of words that no space separates is read alike whatever follows; 0 for nothing.

        And how much of the text tells so.

        Where scripts set no spaces, a text would be read anew from its beginning at every key. A
        part of it is settled up to a mark, or up to a word that many letters follow.
        """
        if text.isascii() or not is_unspaced(text):
            return 0, 0
        for mark in _MARKS_BETWEEN.finditer(text[:SETTLED]):
            if mark.end() < SETTLED and is_unspaced(text[mark.end() : mark.end() + 1]):
                return mark.end(), mark.end() + 1
        if self.tokenizer.config.segmenter == "none" or len(text) < SETTLED:
            return 0, 0
        words = self.tokenizer.split(text[:SETTLED])
        starts = (word.start for word in words if word.start <= STRETCH)
        return max((start for start in starts if is_unspaced(text[start])), default=0), SETTLED

    def _chunk(self, context: Context, text: str) -> Work[Context]:
        """After words that no space separates."""
        if not text:
            return context
        if text == "-" and self._has_dash:
            text = "–"  # as the training text has it between spaces
        text = text[-LONGEST:]
        for word in self.tokenizer.split(text)[-WORDS_BETWEEN_SPACES:]:
            context = yield from self._after(context, word, text[word.start : word.end])
        return context

    def _after(self, context: Context, word: Word, raw: str) -> Work[Context]:
        begins = context.begins_sentence
        if self.tokenizer.spacing.ends(word.text):
            known = self.tokenizer.spacing.abbreviations
            begins = not (raw == "." and word.start > 0 and is_abbreviated(context.words, known))
        elif is_emoji(raw):
            begins = begins or raw[0] not in HEARTS
        elif not set(raw) <= _TRANSPARENT:
            begins = False
        style = context.style.after(raw, word.text, quoting=context.quoting, spaced=word.start == 0)
        state = yield Advance(self.engine, context.state, self.id_of(context.state, word.text))
        return Context(
            state,
            (*context.words[1 - WORDS_REMEMBERED :], word.text),
            begins,
            self._capitals(context, raw, self.lexicon.fold(word.text)),
            style,
            context.quoting != (word.text == '"'),
            context.state,
        )

    def _capitals(self, context: Context, raw: str, fold: str) -> int:
        """The count of sentences begun with a capital, after a word. Names and I tell nothing."""
        first = raw[0]
        if not context.begins_sentence or not (first.isupper() or first.islower()):
            return context.capitals
        if first.isupper() and self.lexicon.has_own_capital(fold):
            return context.capitals
        counted = context.capitals + (1 if first.isupper() else -1)
        return max(-_MOST_CAPITALS, min(_MOST_CAPITALS, counted))

    def _line_end(self, context: Context) -> Work[Context]:
        state = context.state
        if self.in_print and state.last == EOS_ID:
            return context  # blank lines have none, as in training
        after = yield Advance(self.engine, state, EOS_ID)
        return Context(
            after,
            (*context.words[1 - WORDS_REMEMBERED :], "\n"),
            begins_sentence=True,
            capitals=context.capitals,
            style=context.style,
            before=state,
        )


def read_as(engine: Engine, lexicon: Lexicon, state: State, word: str) -> int:
    """The id that a typed word is read as: its own, or that of a commoner form, or `<unk>`.

    People leave out capitals, apostrophes and accents, and a vocabulary has many words so written,
    seldom: i, dont, THE. Of the forms that may be meant, the likeliest in the context is read:
    P(form | context), times `CARELESS` where it is not written as typed.

    Args:
        engine: the model's.
        lexicon: its words.
        state: before the word.
        word: normalised.
    """
    ids = lexicon.readings(word)
    if len(ids) == 0:
        return UNK_ID
    if len(ids) == 1:
        return int(ids[0])
    shares = engine.probabilities(state, ids)
    if lexicon.words[ids[0]] == word:
        shares[0] /= CARELESS
    return int(ids[int(shares.argmax())])


def beginning(text: str, stride: int) -> tuple[int, bool]:
    """Where the part of a text begins that is read, and whether a line begins there.

    Args:
        text: of any length.
        stride: of twice so many characters and more, that is after the first space that follows the
            last multiple of this number that leaves at least so many.
    """
    if len(text) < 2 * stride:
        return 0, True
    cut = (len(text) // stride - 1) * stride
    space = _A_SPACE.search(text, cut, cut + stride // 2)
    begin = space.end() if space is not None else cut
    if text.startswith("\r\n", begin - 1):
        begin += 1
    return begin, text[begin - 1] in LINE_ENDS


def _is_of_words(character: str) -> bool:
    """Whether words are made of it: letters, marks on letters, digits, the low line."""
    return unicodedata.category(character)[0] in "LMN" or character == "_"


def _has_a_word(text: str) -> bool:
    """Whether a whole word stands in the last line."""
    line = text[1 + max(text.rfind(end) for end in LINE_ENDS) :]
    words = line.split()
    whole = words if line[-1:].isspace() else words[:-1]
    return any(character.isalnum() for word in whole for character in word)


def _common(a: str, b: str) -> int:
    """How many characters two texts have in common from their beginning."""
    low, high = 0, min(len(a), len(b))
    if a[:high] == b[:high]:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _thinned(marks: list[Mark], most: int) -> tuple[Mark, ...]:
    """At most so many of them, 1 or more: all of the last, every second of the older half."""
    if most < 4:
        return tuple(marks[-most:])
    while len(marks) > most:
        older = len(marks) // 2
        marks = [*marks[:older:2], *marks[older:]]
    return tuple(marks)
