"""Choose the words and phrases that together are expected to save the most keys. No models.

A word that is not shown now is shown after some more of its letters: mostly after the next one, but
later if enough likelier words go on with the same letters. Showing it now saves these letters,
however long it is. A phrase saves the key that accepts each further word of it, or types a mark. A
phrase that begins with another suggestion is right only if that one is: of a word and a phrase that
begins with it, the word counts for the texts that continue differently.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from foreword.predictor.lockstep import Work
from foreword.predictor.suggest import Suggestion
from foreword.text.spacing import is_mark

SOONER = 1.3
"""The keys that are saved for each letter before which a word is shown. More than one, since the
word may still not be shown after it."""
PHRASE = 3
"""The most words and marks of a phrase."""
STARTS = 2
"""The number of likeliest words that phrases begin with."""
LEAST_PHRASE = 0.05
"""Phrases that are less probable are not suggested."""
LEAST_START = 0.1
"""Words and phrases that are less probable are not continued, which would take longer than it
saves keys."""
SPARE = 12
"""The number of words beyond those wanted from which they are chosen."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase that may be suggested.

    Attributes:
        first: the index of the suggested word that it begins with.
        words: how many words and marks it has, with that one.
        suggestion: the phrase as a whole.
    """

    first: int
    words: int
    suggestion: Suggestion


def most_saving(
    words: Sequence[Suggestion],
    phrases: Sequence[Phrase],
    text: str,
    k: int,
    fold: Callable[[str], str] = str.casefold,
) -> list[Suggestion]:
    """Return k suggestions, each the one that adds most to the keys saved by those before it.

    Args:
        words: the words to choose from, the most probable first.
        phrases: the phrases to choose from, each after those that it begins with.
        text: the text up to the cursor.
        k: the largest number of suggestions.
        fold: returns what is the same for all cases of a text.
    """
    sooner = [SOONER * letters for letters in _letters_before(words, text, k, fold)]
    left = [Phrase(first, 1, word) for first, word in enumerate(words)]
    left += phrases
    chosen: list[Phrase] = []
    while left and len(chosen) < k:
        best = max(left, key=lambda one: _gain(one, chosen, sooner))
        left.remove(best)
        if all(one.suggestion.text != best.suggestion.text for one in chosen):
            chosen.append(best)
    return [one.suggestion for one in chosen]


def _letters_before(
    words: Sequence[Suggestion], text: str, k: int, fold: Callable[[str], str]
) -> Iterator[int]:
    """Yield how many letters of each word are typed until it is among the k likeliest."""
    typed = text[len(text) - max((word.replaces for word in words), default=0) :]
    written = [fold(word.accepted(typed)) for word in words]
    begin = len(fold(typed))
    for rank, word in enumerate(written):
        end = begin + 1
        while end < len(word) and sum(w[:end] == word[:end] for w in written[:rank]) >= k:
            end += 1
        yield end - begin


def _gain(one: Phrase, chosen: Sequence[Phrase], sooner: Sequence[float]) -> float:
    """Return the expected number of keys that a suggestion saves in addition to the chosen ones."""
    saved, before, longer = sooner[one.first] + (one.words - 1), 0.0, 0.0
    for other in chosen:
        if other.first == one.first and other.words < one.words:
            before = max(before, sooner[other.first] + (other.words - 1))
        elif other.first == one.first:
            longer = max(longer, other.suggestion.probability)
    return (one.suggestion.probability - longer) * (saved - before)


def least_phrase(words: Sequence[Suggestion], k: int) -> float:
    """Return the least probability of a phrase that is followed: another saves less than words do.

    Args:
        words: the words, the most probable first.
        k: the number of suggestions that are wanted.
    """
    last = words[k - 1].probability if len(words) >= k else 0.0
    return max(LEAST_PHRASE, last * SOONER / (SOONER + (PHRASE - 1)))


def phrases_of(
    words: Sequence[Suggestion],
    text: str,
    k: int,
    follow: Callable[[str], Work[Suggestion | None]],
) -> Work[list[Phrase]]:
    """Return phrases that begin with the likeliest words, each continued by its likeliest word.

    Args:
        words: the words, the most probable first.
        text: the text up to the cursor.
        k: the number of suggestions that are wanted.
        follow: returns the likeliest word or mark after a text, if there is any.
    """
    least = least_phrase(words, k)
    phrases: list[Phrase] = []
    for first, suggestion in enumerate(words[:STARTS]):
        for length in range(2, PHRASE + 1):
            if suggestion.probability < max(least, LEAST_START):
                break
            after = yield from follow(suggestion.accepted(text))
            if after is None or after.replaces:
                break
            suggestion = Suggestion(
                suggestion.word + after.text,
                suggestion.probability * after.probability,
                suggestion.text + after.text,
                suggestion.replaces,
            )
            if suggestion.probability < least:
                break
            phrases.append(Phrase(first, length, suggestion))
    return phrases


def without_marks(suggestions: Sequence[Suggestion]) -> list[Suggestion]:
    """Return the suggestions that save keys: typing a mark takes one key, as accepting it does."""
    return [one for one in suggestions if not is_mark(one.word)]
