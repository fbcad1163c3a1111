"""Suggest words at the cursor: next words and completions, as they are written into the text.

Knows no earlier texts: what was read before comes in as a `Context`.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import NamedTuple

from foreword.predictor.candidates import Options, Ranked, parted_word, ranked
from foreword.predictor.lexicon import Lexicon
from foreword.predictor.lockstep import Work
from foreword.predictor.reading import Context, ModelReader
from foreword.predictor.spacing import join
from foreword.predictor.spelling import as_typed, written
from foreword.text.tokenizer import UNK_ID

LONGEST_TYPED = 256
"""The longest word, in letters, for which anything is suggested."""

MENDED = 0.5
"""The probability that a word in another form than its own (paris) should be corrected, rather than
kept and followed by the next word.
"""
SLIP_MENDED = 0.8
"""The same for a known misspelling."""
UNLIKELY = 0.05
"""The least probability that letters are a whole word for which next words are offered. It saves
lookups and loses no intended word (`benchmarks/finished.py`)."""
ENOUGH = 8
"""A word that is probably finished is among this many best words."""

_probability_of = attrgetter("probability")


class Suggestion(NamedTuple):
    """A word to offer.

    Attributes:
        word: the word as it is written at the cursor, including its typed letters.
        probability: the probability that this word is intended, in any case; for a next word the
            model's own, for an unfinished one given the typed letters.
        text: what replaces the last `replaces` characters when the word is accepted. A space after
            it is up to the product: a mark that is accepted next removes it.
        replaces: the number of characters at the end of the text that are removed, often 0.
    """

    word: str
    probability: float
    text: str
    replaces: int

    def accepted(self, field: str) -> str:
        """Return the content of the field after this word was accepted.

        >>> Suggestion("like", 0.9, "like", 2).accepted("I would li")
        'I would like'
        """
        return field[: len(field) - self.replaces] + self.text


def suggestions(
    reader: ModelReader,
    context: Context,
    typed: str,
    end: str,
    k: int,
    options: Options,
    *,
    complete: bool | None = None,
    look_ahead: Callable[[str], Work[Context]],
) -> Work[list[Suggestion]]:
    """Return the k most probable words at the end of a text.

    Letters at the end can be read in two ways: as a whole word, which a next word follows, or as
    the beginning of a longer one. Both readings count by their probabilities: P(the word |
    context) P(next word | context, the word) for a next word, and P(longer word | context) for a
    longer word, each divided by the sum over all words that begin as typed.

    Args:
        reader: the model.
        context: the context before the word.
        typed: its raw letters at the end of the text; empty for a new word.
        end: the last characters of the text, up to `spacing.SEEN`.
        k: the largest number of words.
        options: how to suggest.
        complete: None weighs both readings; True takes the letters as unfinished.
        look_ahead: returns the context after the letters as a whole word.
    """
    is_weighed = complete is None and bool(typed)
    offered: list[Suggestion] = []
    finished = 1.0
    if len(typed) > LONGEST_TYPED:
        if not is_weighed:
            return []
    else:
        parted = yield from parted_word(reader, context, typed, options.filter.blocks)
        words = yield from ranked(
            reader, context, typed, k, options, is_weighed=is_weighed, parted=parted
        )
        offered, finished = _readings(reader, context, typed, end, words, is_weighed=is_weighed)
    # A next word is no more probable than the word before it: most letters need no look-ahead.
    if finished > max(UNLIKELY, offered[k - 1].probability if len(offered) >= k else 0.0):
        after = yield from look_ahead(typed)
        words = yield from ranked(reader, after, "", k, options)
        following, _ = _readings(reader, after, "", end, words)
        offered += [
            suggestion._replace(probability=finished * suggestion.probability)
            for suggestion in following
        ]
        offered.sort(key=_probability_of, reverse=True)
        offered = _each_once(offered, reader.lexicon)
    return offered[:k]


def _each_once(offered: list[Suggestion], lexicon: Lexicon) -> list[Suggestion]:
    """Drop the less probable of two equal words: likely as a completion, and after a word."""
    seen: dict[str, Suggestion] = {}
    for suggestion in offered:
        seen.setdefault(lexicon.fold(suggestion.word), suggestion)
    return list(seen.values())


def finished_share(
    reader: ModelReader, context: Context, typed: str, end: str, options: Options
) -> Work[float]:
    """Return P(letters at the end of a text are a whole word | context).

    Args: as `suggestions`.
    """
    if len(typed) > LONGEST_TYPED:
        return 1.0
    words = yield from ranked(reader, context, typed, ENOUGH, options, is_weighed=True)
    return _readings(reader, context, typed, end, words, is_weighed=True)[1]


def _readings(
    reader: ModelReader,
    context: Context,
    typed: str,
    end: str,
    words: Ranked,
    *,
    is_weighed: bool = False,
) -> tuple[list[Suggestion], float]:
    """Return words ready for insertion, and P(the typed letters are a whole word)."""
    letters = as_typed(typed) if typed else ""
    lexicon = reader.lexicon
    style = context.style
    if "'" in letters or "״" in letters:
        style = style.after(typed, letters, quoting=context.quoting, spaced=False)
    is_plain = not context.begins_sentence and letters == lexicon.case.lower(letters)
    read_as = _read_as(reader, context, letters) if is_weighed else frozenset()
    mended = SLIP_MENDED if is_weighed and lexicon.is_slip(lexicon.fold(letters)) else MENDED
    offered: list[Suggestion] = []
    finished = 0.0
    for probability, forms in words:
        # Most words have one form.
        as_known = is_plain and len(forms) == 1
        word = forms[0][1] if as_known else written(forms, letters, context, lexicon)
        replaces = len(typed)
        share = probability
        if not typed:
            replaces, text = _joined(reader, context, end, word)
        else:
            text = style.written(word, quoting=context.quoting, spaced=False)
        is_typed_already = bool(typed) and (text == typed or word == letters)
        # "a lot" is offered for alot, which is read as it stands.
        if is_weighed and lexicon.fold(word).replace(" ", "") in read_as:
            left = 0.0 if is_typed_already else probability * mended
            finished += probability - left
            share = left
        elif is_typed_already and lexicon.forms(lexicon.fold(letters)):
            continue  # this word is in the text already
        if share > 0:
            offered.append(Suggestion(word, share, text, replaces))
    if finished:
        offered.sort(key=_probability_of, reverse=True)
    return offered, finished


def _joined(reader: ModelReader, context: Context, end: str, word: str) -> tuple[int, str]:
    """Return how many characters to remove from a text, and what to append, to add a word."""
    replaces, text = join(
        end,
        word,
        quoting=context.quoting,
        in_print=reader.in_print,
        spacing=reader.tokenizer.spacing,
    )
    spaced = text != word or not end[-1:].strip()
    mark = context.style.written(word, quoting=context.quoting, spaced=spaced and not replaces)
    return replaces, text[: len(text) - len(word)] + mark


def _read_as(reader: ModelReader, context: Context, letters: str) -> frozenset[str]:
    """Return the folds of the words that the typed letters, as a whole word, are read as."""
    index = reader.id_of(context.state, reader.tokenizer.normalise(letters))
    known = {reader.lexicon.folds[index]} if index != UNK_ID else set()
    return frozenset(known | {reader.lexicon.fold(letters)})
