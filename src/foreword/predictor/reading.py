"""Read a text up to the word being typed, and remember how far. Knows no suggestions.

The result depends on the text alone, not on whether it was typed, pasted or edited.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, partial
from typing import NamedTuple

import numpy as np

from foreword.predictor.activations import WordTrace
from foreword.predictor.apart import apart
from foreword.predictor.engine import Engine
from foreword.predictor.lexicon import REMEMBERED, Lexicon, RareWords
from foreword.predictor.lockstep import Advance, Work
from foreword.predictor.new_words import NewWords
from foreword.predictor.sentences import (
    DOTTED,
    HEARTS,
    is_abbreviated,
    is_emoji,
    is_read_without_stop,
)
from foreword.predictor.slips import whole_words
from foreword.predictor.spacing import space_share
from foreword.predictor.spellings import Spellings
from foreword.predictor.state import State
from foreword.text.characters import as_if_continued
from foreword.text.joints import UNSEEN
from foreword.text.lines import LINE_ENDS, with_newlines
from foreword.text.newlines import Known, as_units
from foreword.text.segments import is_unspaced
from foreword.text.style import PLAIN_STYLE, Style
from foreword.text.tokenizer import EOS, EOS_ID, INSIDE, UNK_ID, Tokenizer, Word
from foreword.text.wrapping import PLAIN

STRIDE = 2048
"""If a text has twice this many characters or more, only its end is read: from the last multiple of
this number that leaves at least as many characters. So the time is bounded for every text.
"""
WORDS_BETWEEN_SPACES = 64
"""The number of last words that are read of a run without spaces, which is mostly marks."""
LONGEST = 1024
"""The number of last characters of a run without spaces that are cut into words. Otherwise an
endless run of emoji would be cut again as a whole at every key."""
STRETCH, SETTLED = 32, 48
"""Once a run of letters without spaces has `SETTLED` characters, the words in its first `STRETCH`
characters are final: letters that follow change no words so far before them."""
WORDS_REMEMBERED = 64
"""The number of last words that a layer receives."""
MARKS = 64
"""The number of states kept at word boundaries, to continue from after an edit."""

A_LETTER, A_LETTER_OF_NAME = 1 / 8, 1 / 6
"""P of each letter of a new word, given those before it, and of one with a capital, which is mostly
a name. So low that next words after the rare words of Wikipedia and captions do not change."""
CARELESS = 0.1
"""P(a word is typed in another, rarer form), relative to 1 for the intended form."""

_SPACE = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"  # the tokeniser's spaces
_TO_A_SPACE = re.compile(rf"([^{_SPACE}]*+)([{_SPACE}])")
_A_SPACE = re.compile(rf"[{_SPACE}]")
_MARKS_BETWEEN = re.compile("[\u3001-\u3003\u3008-\u3011\u3014-\u301f！（），．：；？…—,.!?;:()]++")
_NO_TEXT = re.compile("[\ud800-\udfff]")
_TRANSPARENT = frozenset("\"'“”‘’()[]«»¿¡")
_MAY_CLOSE = frozenset("'’״")
"""Characters that may stand inside a word and may also close a quotation."""
_MOST_CAPITALS = 3


def readable(text: str) -> str:
    """Replace lone surrogates, as from broken bytes of a shell, by U+FFFD."""
    return text if text.isascii() else _NO_TEXT.sub("\ufffd", text)


@dataclass(frozen=True, slots=True)
class Context:
    r"""What is known before a word.

    Attributes:
        state: the state of the network.
        words: the last words, normalised, with "\n" for the end of a line.
        begins_sentence: whether the next word begins a sentence.
        capitals: the number of sentences begun with a capital minus those without, from -3 to 3.
        style: the typographic marks of the text so far, or else of the training text.
        quoting: whether a straight quotation mark is open in this line.
        before: the state of the network before the last word; None if no word was read.
    """

    state: State
    words: tuple[str, ...] = ()
    begins_sentence: bool = True
    capitals: int = 0
    style: Style = PLAIN_STYLE
    quoting: bool = False
    before: State | None = None


class Boundary(NamedTuple):
    """A word boundary from which reading can continue.

    Attributes:
        position: its offset in the text as it was read.
        settled_by: the length of the common beginning for which a changed text has it too.
        context: the context at the boundary.
    """

    position: int
    settled_by: int
    context: Context


@dataclass(frozen=True, slots=True)
class ReadingProgress:
    """How far a text has been read. Immutable; holds the text of one user.

    Attributes:
        begin: the offset in the text at which reading began.
        is_whole: whether a line begins there.
        head: the text from there up to the word being typed.
        seen: that part as it was read, with a newline where a unit ends, and the text after it.
        context: the context after the head.
        marks: the last word boundaries in the head, in order.
        known: how far the ends of units are final, if lines are wrapped.
        is_steady: whether the head stays the same while only letters are typed after it.
        ahead: letters after the head, and the context after them as a whole word; None if not yet
            computed.
    """

    begin: int
    is_whole: bool
    head: str
    seen: str = field(compare=False)
    context: Context
    marks: tuple[Boundary, ...]
    known: Known | None
    is_steady: bool
    ahead: tuple[str, Context] | None = None

    def letters_after(self, text: str) -> str:
        """Return the unfinished word if the text is the head and letters; otherwise nothing."""
        begin = self.begin
        if not self.is_steady or not text.startswith(self.head, begin):
            return ""
        if beginning(text, STRIDE) != (begin, self.is_whole):
            return ""
        typed = text[begin + len(self.head) :]
        if len(typed) > LONGEST:  # a fresh reading takes only the last letters for the word
            return ""
        # Without spaces between words, letters may change the words before them.
        return typed if typed.isalpha() and not is_unspaced(typed) else ""

    def after(self, context: Context, letters: str) -> Context | None:
        """Return the context after letters in a context, if it is known already."""
        if self.ahead is None or self.ahead[0] != letters or context is not self.context:
            return None
        return self.ahead[1]


class ModelReader:
    """Reads with a model's tokeniser and network. Immutable and thread-safe."""

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
        self._whole_words = lru_cache(maxsize=REMEMBERED)(partial(whole_words, lexicon))
        self._start = Context(start, style=tokenizer.spacing.style)
        self._wrapped = tokenizer.config.lines == "wrapped"
        self.in_print = tokenizer.config.words == "unicode"
        marks = tokenizer.spacing.marks
        spaced = [marks[mark].before[1] if mark in marks else 0 for mark in "–-"]
        self._has_dash = "–" in tokenizer.ids and spaced[0] > spaced[1]

    def read(
        self,
        text: str,
        before: ReadingProgress | None = None,
        *,
        unfinished: bool,
        marks: int = MARKS,
    ) -> Work[tuple[ReadingProgress, str]]:
        """Read a text, continuing an earlier reading as far as the texts are the same.

        Args:
            text: the text up to the cursor.
            before: the reading of an earlier text of the same user.
            unfinished: whether letters at the end may be an unfinished word.
            marks: the largest number of word boundaries to keep.

        Returns:
            The reading, and the unfinished word after its head, or nothing.
        """
        begin, is_whole = beginning(text, STRIDE)
        window = readable(text[begin:])
        known = None
        is_same_part = before is not None and (before.begin, before.is_whole) == (begin, is_whole)
        if self._wrapped:
            known = before.known if before is not None and is_same_part else None
            seen, known = as_units(
                window, PLAIN, known, is_start=is_whole, hyphens=self.tokenizer.hyphens
            )
        else:
            seen = with_newlines(window)
        boundaries: list[Boundary] = []
        if before is not None and is_same_part:
            same = common_length(seen, before.seen)
            boundaries = [mark for mark in before.marks if mark.settled_by <= same]
        start = self._start
        if not is_whole:
            start = replace(start, begins_sentence=False)
        position, _, context = boundaries[-1] if boundaries else Boundary(0, 0, start)
        while (step := _TO_A_SPACE.match(seen, position)) is not None:
            end, settled_by = self._stretch(step[1])
            if end:
                context = yield from self._chunk(context, step[1][:end])
                boundaries.append(Boundary(position + end, position + settled_by, context))
                position += end
                continue
            after = before.after(context, step[1]) if before is not None else None
            if after is None:
                after = yield from self._chunk(context, step[1])
            if step[2] == "\n":
                after = yield from self._line_end(after)
            position = step.end()
            if after is not context:
                context = after
                boundaries.append(Boundary(position, position, context))
        rest = seen[position:]
        end, settled_by = self._stretch(rest)
        while end:
            context = yield from self._chunk(context, rest[:end])
            boundaries.append(Boundary(position + end, position + settled_by, context))
            position += end
            rest = rest[end:]
            end, settled_by = self._stretch(rest)
        typed_from = self._unfinished(rest) if unfinished else len(rest)
        # Only the last line holds the typed word, even if it begins in the line before.
        typed_from = max(typed_from, rest.rfind(UNSEEN) + 1)
        if typed_from > 0:
            context = yield from self._chunk(context, rest[:typed_from])
        typed_at = position + typed_from
        is_steady = typed_from == 0 or (typed_at < len(window) and len(rest) <= LONGEST)
        if self._wrapped and not _has_a_word(window[:typed_at]):
            is_steady = False  # letters decide whether the line continues the one before it
        reading = ReadingProgress(
            begin,
            is_whole,
            window[:typed_at],
            seen,
            context,
            _thinned(boundaries, marks),
            known,
            is_steady,
        )
        return reading, window[typed_at:]

    def look_ahead(self, reading: ReadingProgress, letters: str) -> Work[ReadingProgress]:
        """Add to a reading the context after the letters that follow it, as a whole word."""
        if reading.after(reading.context, letters) is not None:
            return reading
        after = yield from self._chunk(reading.context, readable(letters))
        return replace(reading, ahead=(letters, after))

    def letters_at_end(self, text: str) -> str:
        """Return the end of a text that may begin a longer word; or nothing."""
        window = readable(text[-STRIDE:])
        rest = window[max((space.end() for space in _A_SPACE.finditer(window)), default=0) :]
        return rest[self._unfinished(rest) :]

    @cached_property
    def spellings(self) -> Spellings:
        """The ways in which the words are typed, sorted by letters."""
        return self._spellings(ignore_case=False)

    @cached_property
    def spellings_in_lower_case(self) -> Spellings:
        """The words as they are typed without capitals, sorted by letters."""
        return self._spellings(ignore_case=True)

    @cached_property
    def new_words(self) -> NewWords | None:
        """Words that are neither in the vocabulary nor rare, if the language has many of them."""
        return NewWords(self.lexicon, self.rare) if self.tokenizer.config.new_words else None

    def _spellings(self, *, ignore_case: bool) -> Spellings:
        words, case = self.lexicon.words, self.lexicon.case
        return Spellings(
            words, self.rare.words, hidden=EOS_ID + 1, case=case, ignore_case=ignore_case
        )

    @cached_property
    def space_before(self) -> np.ndarray:
        """P(a space stands between a word and each next word), (V,): 1 except for marks."""
        spacing = self.tokenizer.spacing
        shares = [space_share(word, quoting=True, spacing=spacing) for word in self.lexicon.words]
        shares[UNK_ID] = 1.0  # a word
        return np.array(shares)

    @cached_property
    def begins_with_letter(self) -> np.ndarray:
        """Whether each word begins with a letter or a digit, (V,); `<unk>` counts as one."""
        begins = np.array([_is_of_words(word[0]) for word in self.lexicon.words])
        begins[UNK_ID] = True
        return begins

    @cached_property
    def begins_unspaced(self) -> np.ndarray:
        """Whether each word begins with a letter of a script without spaces, (V,)."""
        return np.array([is_unspaced(word[0]) for word in self.lexicon.words])

    def id_of(self, state: State, word: str) -> int:
        """Return the id that a typed word is read as: its own, a more frequent form's, or `<unk>`.

        People leave out capitals, apostrophes and accents, and a vocabulary contains many such rare
        forms: i, dont, THE. The form with the highest P(form | context) is read, times `CARELESS`
        if it is not the typed one.

        Args:
            state: the state before the word.
            word: the word, normalised.
        """
        ids = self.lexicon.readings(word)
        if len(ids) == 0:
            return UNK_ID
        if len(ids) == 1:
            return int(ids[0])
        shares = self.engine.probabilities(state, ids)
        if self.lexicon.words[ids[0]] == word:
            shares[0] /= CARELESS
        return int(ids[int(shares.argmax())])

    def trace(self, context: Context) -> WordTrace:
        """Return gates and states at the last word read, or at the `<eos>` before the first."""
        word = "".join(context.words[-1:])
        return traced(self.engine, word, context.state.last, context.before)

    def _unfinished(self, rest: str) -> int:
        """Return the position at which an unfinished word begins in characters without spaces."""
        if len(rest) > LONGEST:
            return len(rest) - LONGEST + self._unfinished(rest[-LONGEST:])
        rest = as_if_continued(rest)
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
        # The m of p.m is a whole word.
        is_dotted = any(match.end() == len(rest) for match in DOTTED.finditer(rest))
        return last.start if goes_on and not is_dotted else len(rest)

    def _begins_a_word(self, letters: str) -> bool:
        """Whether a known word begins so. Otherwise, a mark at its end may close a quotation."""
        fold = self.lexicon.fold(self.tokenizer.normalise(letters))
        low, high = self.lexicon.range(fold)
        return low < high or bool(self.rare.beginning(fold, 1))

    def _may_go_on(self, last: str) -> bool:
        return not self.in_print or _is_of_words(last)

    def _stretch(self, text: str) -> tuple[int, int]:
        """Return how much of a run without spaces is final, and how much text shows that; or 0.

        In scripts without spaces, a text would be read again from its beginning at every key. A
        part of it is final up to a mark, or up to a word that many letters follow.
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
        """Return the context after words without spaces between them."""
        if not text:
            return context
        if text == "-" and self._has_dash:
            text = "–"  # the training text has this dash between spaces
        text = text[-LONGEST:]
        words = self.tokenizer.split(text)[-WORDS_BETWEEN_SPACES:]
        dotted = dict(match.span() for match in DOTTED.finditer(text)) if "." in text else {}
        while words:
            word, end = words[0], dotted.get(words[0].start, 0)
            if count := sum(word.end <= end for word in words):
                context = yield from self._dotted(context, words[:count], text)
            else:
                context = yield from self._after(context, word, text[word.start : word.end])
            words = words[count or 1 :]
        return context

    def _dotted(self, context: Context, words: Sequence[Word], text: str) -> Work[Context]:
        """Return the context after an abbreviation of letters and full stops.

        Each of them is a word of its own. A model that saw few takes the last stop for the end of
        a sentence; it reads pm for p.m. if it knows that better.
        """
        start = context.state
        whole = self.id_of(start, "".join(word.text for word in words if word.text != "."))
        is_known, of_parts = whole != UNK_ID, 1.0
        of_whole = float(self.engine.probabilities(start)[whole]) if is_known else 0.0
        for word in words:
            before = context.state
            context = yield from self._after(context, word, text[word.start : word.end])
            if is_known and of_parts > of_whole:
                of_parts *= float(self.engine.probabilities(before)[context.state.last])
        if not is_known or of_parts > of_whole:
            return context
        state = yield Advance(self.engine, start, whole)
        return replace(context, state=state, before=start, begins_sentence=False)

    def _after(self, context: Context, word: Word, raw: str) -> Work[Context]:
        begins = context.begins_sentence
        is_read = True
        if self.tokenizer.spacing.ends(word.text):
            known = self.tokenizer.spacing.abbreviations
            begins = not (raw == "." and word.start > 0 and is_abbreviated(context.words, known))
            is_read = begins or not is_read_without_stop(context.words, known)
        elif is_emoji(raw):
            begins = begins or raw[0] not in HEARTS
        elif not set(raw) <= _TRANSPARENT:
            begins = False
        style = context.style.after(raw, word.text, quoting=context.quoting, spaced=word.start == 0)
        state = before = context.state
        if is_read:
            for index in (yield from self._ids_of(context, word.text)):
                before = state
                state = yield Advance(self.engine, state, index)
        return Context(
            state,
            (*context.words[1 - WORDS_REMEMBERED :], word.text),
            begins,
            self._capitals(context, raw, self.lexicon.fold(word.text)),
            style,
            context.quoting != (word.text == '"'),
            before if is_read else context.before,
        )

    def _ids_of(self, context: Context, word: str) -> Work[tuple[int, ...]]:
        """Return the ids that a normalised word is read as: of several if the spaces are missing.

        An unknown word is one of the user's own if it was there before, or if that is more probable
        than a slip or missing spaces.
        """
        state = context.state
        index = self.id_of(state, word)
        if not self._may_be_slip(index, word, context.words):
            return (index,)
        parted = yield from apart(self.engine, self.lexicon, state, word)
        if parted is None:
            return (self._meant(state, word),)
        index, share = self._likeliest(state, word, self._slipped(word))
        return parted.ids if parted.share * parted.weight > share else (index,)

    def id_with_slip(self, state: State, word: str) -> int:
        """Return the id that a normalised word is read as after a state, if it may have a slip."""
        index = self.id_of(state, word)
        return self._meant(state, word) if self._may_be_slip(index, word) else index

    def _may_be_slip(self, index: int, word: str, earlier: Sequence[str] = ()) -> bool:
        """Whether a word may be another one with a slip.

        Args:
            index: the id that the word is read as without slips.
            word: the word, which is meant as it is if it is a rare one or one of `earlier`.
            earlier: words of the same text.
        """
        fold = self.lexicon.fold(word)
        is_own = self.rare.has(fold) or fold in map(self.lexicon.fold, earlier)
        return index == UNK_ID and not is_own

    def _meant(self, state: State, word: str) -> int:
        """Return the id of the word that an unknown one is with a slip; or `<unk>`."""
        words = self._slipped(word)
        return self._likeliest(state, word, words)[0] if words else UNK_ID

    def _slipped(self, word: str) -> dict[int, float]:
        """Return the words that an unknown one may be with a slip, with the slip's probability."""
        is_one = word.isalpha() and not is_unspaced(word)
        return self._whole_words(self.lexicon.fold(word)) if is_one else {}

    def _likeliest(self, state: State, word: str, words: Mapping[int, float]) -> tuple[int, float]:
        """Return the likeliest of words with a slip, or `<unk>`: its id, P(typed so | state)."""
        shares = self.engine.probabilities(state)
        letter = A_LETTER_OF_NAME if word[0].isupper() else A_LETTER
        new = float(shares[UNK_ID]) * letter ** len(word)
        slipped = [(float(shares[index]) * weight, index) for index, weight in words.items()]
        share, index = max([*slipped, (new, UNK_ID)])
        return index, share

    def _capitals(self, context: Context, raw: str, fold: str) -> int:
        """Return the count of capitals at sentence beginnings after a word; names do not count."""
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
            return context  # blank lines have no <eos>, as in training
        after = yield Advance(self.engine, state, EOS_ID)
        return Context(
            after,
            (*context.words[1 - WORDS_REMEMBERED :], "\n"),
            begins_sentence=True,
            capitals=context.capitals,
            style=context.style,
            before=state,
        )


def beginning(text: str, stride: int) -> tuple[int, bool]:
    """Return where the part of a text that is read begins, and whether a line begins there.

    Args:
        text: a text of any length.
        stride: a text of 2 x stride characters or more is read from the last multiple of stride
            that leaves at least stride, or from after the next space.
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
    """Whether a character is part of words: letters, combining marks, digits, the underscore."""
    return unicodedata.category(character)[0] in "LMN" or character == "_"


def _has_a_word(text: str) -> bool:
    """Whether the last line contains a whole word."""
    line = text[1 + max(text.rfind(end) for end in LINE_ENDS) :]
    words = line.split()
    whole = words if line[-1:].isspace() else words[:-1]
    return any(character.isalnum() for word in whole for character in word)


def common_length(a: str, b: str) -> int:
    """Return the length of the common beginning of two texts."""
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


def traced(engine: Engine, word: str, index: int, before: State | None) -> WordTrace:
    r"""Return gates and states at a word.

    Args:
        engine: the model.
        word: the word, or "\n" for the end of a line.
        index: its id.
        before: the state before it; None: it is the `<eos>` before the first word.
    """
    if before is None:
        return WordTrace(EOS, engine.trace(engine.start(), EOS_ID))
    return WordTrace(EOS if word == "\n" else word, engine.trace(before, index))


def _thinned(marks: list[Boundary], most: int) -> tuple[Boundary, ...]:
    """Keep at most `most` boundaries: all of the last ones, every second of the older half."""
    if most < 4:
        return tuple(marks[-most:])
    while len(marks) > most:
        older = len(marks) // 2
        marks = [*marks[:older:2], *marks[older:]]
    return tuple(marks)
