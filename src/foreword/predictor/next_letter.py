"""Give the probability of every next character of a text, from the probabilities of words.

Knows no earlier texts: what was read before comes in as a `Context`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from foreword.predictor.engine import shares_of
from foreword.predictor.lockstep import Scores, Work
from foreword.predictor.reading import Context, ModelReader
from foreword.predictor.spacing import join, space_share
from foreword.predictor.spelling import as_typed
from foreword.predictor.spellings import Spellings
from foreword.text.lines import LINE_ENDS
from foreword.text.segments import is_unspaced
from foreword.text.spacing import is_mark
from foreword.text.tokenizer import EOS_ID, UNK_ID

KINDS = (0.98, 0.015, 0.005)
"""P of a word being typed as the vocabulary spells it, with a capital, in capitals; a guess."""
UNUSUAL = 1e-3
"""The least P of a space where the training text never has one, and of its lack where it always
does, so that every text can be written."""
FOLLOWED = 1e-3
"""The least P(the letters are a whole word) for which the network reads them as one. The mass of a
less probable whole word counts as that of a space."""

Masses = dict[str, float]
"""Probabilities by character, up to a common factor."""


class Letters(Mapping[str, float]):
    r"""P(next character), by character, the most probable first; immutable, sums to 1.

    The end of the line is `"\n"`, and a space is `" "`.

    Attributes:
        end_of_word: P(the letters at the end of the text are a whole word); 0 after a space or a
            mark. Its mass is part of that of the space, the marks and the line end.
    """

    __slots__ = ("_shares", "end_of_word")

    def __init__(self, shares: Mapping[str, float], end_of_word: float) -> None:
        ordered = sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))
        self._shares = MappingProxyType(dict(ordered))
        self.end_of_word = end_of_word

    def __getitem__(self, letter: str) -> float:
        return self._shares[letter]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shares)

    def __len__(self) -> int:
        return len(self._shares)

    def __repr__(self) -> str:
        return f"Letters({dict(self._shares)!r}, end_of_word={self.end_of_word!r})"


def next_letters(
    reader: ModelReader,
    context: Context,
    typed: str,
    end: str,
    *,
    ignore_case: bool,
    scores: Callable[[Context], Work[np.ndarray]],
    look_ahead: Callable[[str], Work[Context]],
) -> Work[Letters]:
    """Return the probability of each next character; `Typist.letters` explains them.

    Args:
        reader: the model.
        context: the context before the word.
        typed: its raw letters at the end of the text; empty for a new word.
        end: the last characters of the text, up to `spacing.SEEN`.
        ignore_case: whether words are typed in lower case alone.
        scores: returns P(next word) after a context, (V,).
        look_ahead: returns the context after the letters as a whole word.
    """
    shares = yield from scores(context)
    position = _Position(reader, context, ignore_case)
    if not typed:
        return Letters(_normalised(_of_new_word(position, shares, end)), 0.0)
    masses, whole = _within_word(position, shares, position.spelled(typed))
    finished = whole / (sum(masses.values()) + whole)
    masses = {letter: mass for letter, mass in masses.items() if mass > 0}
    masses = _normalised(masses, 1 - finished) if masses else {}
    following: Masses = {" ": 1.0}
    if finished >= FOLLOWED:
        after = yield from look_ahead(typed)
        next_shares = yield from scores(after)
        position = _Position(reader, after, ignore_case)
        following = _normalised(_of_new_word(position, next_shares, end))
    for letter, share in following.items():
        masses[letter] = masses.get(letter, 0.0) + finished * share
    return Letters(masses, finished)


def word_shares(reader: ModelReader, context: Context) -> Work[np.ndarray]:
    """Return P(next word | context), (V,) float64."""
    scores = yield Scores(reader.engine, context.state)
    return shares_of(scores.astype(np.float64))


@dataclass(frozen=True, slots=True)
class _Position:
    """Where a word begins, and how it is typed there.

    Attributes:
        reader: the model.
        context: the context before the word.
        ignore_case: whether words are typed in lower case alone.
    """

    reader: ModelReader
    context: Context
    ignore_case: bool

    @property
    def spellings(self) -> Spellings:
        """The ways in which words are typed."""
        return self.reader.spellings_in_lower_case if self.ignore_case else self.reader.spellings

    @property
    def kinds(self) -> tuple[float, ...]:
        """P of a word being typed as it is spelled, with a capital, in capitals."""
        if self.ignore_case:
            return (1.0,)
        keeps_case = self.reader.tokenizer.config.case == "keep"
        if keeps_case or not self.context.begins_sentence:
            return KINDS
        capital = (1 - KINDS[2]) * (3.5 + self.context.capitals) / 7
        return 1 - KINDS[2] - capital, capital, KINDS[2]

    def spelled(self, typed: str) -> str:
        """Return typed letters as `spellings` has them."""
        letters = as_typed(typed)
        return self.reader.lexicon.case.lower(letters) if self.ignore_case else letters


def _within_word(position: _Position, shares: np.ndarray, prefix: str) -> tuple[Masses, float]:
    """Return the masses of the letters that continue a prefix, and that of its end."""
    spellings = position.spellings
    of_words, unlisted = spellings.shared(_typed_only(shares), float(shares[UNK_ID]))
    masses, whole = spellings.branching(prefix, of_words, position.kinds)
    begun = unlisted * spellings.unlisted.probability(prefix)
    if prefix and begun == 0.0 and whole + sum(masses.values()) == 0.0:
        begun = 1.0  # so long a word that its probability underflows; it is unlisted
    after = spellings.unlisted.after(prefix)
    for letter, share in zip(spellings.unlisted.alphabet, (begun * after).tolist(), strict=False):
        masses[letter] = masses.get(letter, 0.0) + share
    return masses, whole + begun * float(after[-1])


def _of_new_word(position: _Position, shares: np.ndarray, end: str) -> Masses:
    """Return the masses of the characters after a space, a mark, a whole word, or nothing."""
    last = end[-1:]
    if not last or last in LINE_ENDS:
        return _first_letters(position, shares, np.ones(len(shares)), 1.0)
    spaced = _space_shares(position.reader, position.context, end)
    if last.isspace():
        return _first_letters(position, shares, spaced, float(spaced[UNK_ID]))
    masses = _first_letters(position, shares, 1 - spaced, 1 - float(spaced[UNK_ID]))
    masses[" "] = masses.get(" ", 0.0) + float(shares @ spaced)
    return masses


def _first_letters(
    position: _Position, shares: np.ndarray, weights: np.ndarray, unknown: float
) -> Masses:
    """Return the masses of first characters of words, each word's share weighted."""
    weighed = shares * weights
    weighed[UNK_ID] = shares[UNK_ID] * unknown
    masses, _ = _within_word(position, weighed, "")
    masses["\n"] = masses.get("\n", 0.0) + float(weighed[EOS_ID])
    return {letter: mass for letter, mass in masses.items() if mass > 0}


def _space_shares(reader: ModelReader, context: Context, end: str) -> np.ndarray:
    """Return P(a space stands between the text and a word | the word), (V,)."""
    spaced = reader.space_before.copy()
    spacing = reader.tokenizer.spacing
    last = end.rstrip()[-1:]
    if not reader.in_print:
        spaced[:] = 1.0
    else:
        if (quotation := reader.tokenizer.ids.get('"')) is not None:
            spaced[quotation] = _bounded(space_share('"', quoting=context.quoting, spacing=spacing))
        if is_mark(last):
            _, text = join(
                end.rstrip(), "a", quoting=context.quoting, in_print=True, spacing=spacing
            )
            spaced[reader.begins_with_letter] = _bounded(float(text != "a"))
        elif last and is_unspaced(last):
            spaced[reader.begins_unspaced] = UNUSUAL
    spaced[EOS_ID] = UNUSUAL
    return spaced


def _bounded(share: float) -> float:
    return min(max(share, UNUSUAL), 1 - UNUSUAL)


def _typed_only(shares: np.ndarray) -> np.ndarray:
    typed = shares.copy()
    typed[[UNK_ID, EOS_ID]] = 0.0
    return typed


def _normalised(masses: Masses, total: float = 1.0) -> Masses:
    factor = total / sum(masses.values())
    return {letter: mass * factor for letter, mass in masses.items()}
