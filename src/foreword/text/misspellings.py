"""Misspellings in a vocabulary: rare words one slip away from a far commoner word like them.

A text that people wrote has becuase and wierd, often enough to be among its words. They are told
from real words that are one slip away from a commoner one (form and from, tow and two) by how
words are used: a misspelling stands where the word that is meant stands. So each word comes with a
vector that tells of its use: a network's own, or the shares of common words beside it. They are
found once, when a model is trained, and kept in its folder. Knows words and vectors; no models.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from foreword.errors import FolderError
from foreword.text.case import Case
from foreword.text.model_files import RESTORE, versioned
from foreword.text.tokenizer import SPECIAL, Tokenizer

VERSION = 1
SHORTEST = 3
COMMON = 1000
"""So many of the commonest words are no misspellings."""
COMMONER = 2
"""The word that is meant is so many times commoner, at least."""
MEANT = 12_000
"""Of words that have another letter or one more, only so many of the commonest may be meant."""
TYPICAL = 8000
"""Common words, whose letters show how words are spelled."""
COMPARED = 2000
"""Common words, with whose vectors each word's is compared."""
INFLECTIONS, ALIKE = 10, 8
"""Pairs of words that differ in the same way before the same letters, as pouvant and pouvait do,
from which on that is no slip; those that differ by less in how common they are count."""
SUFFIX = 3
"""Letters after a change by which it is the same as another."""
USUAL = 2.0
"""The likeness of a word that has no vector to the one that it may stand for."""

# Kinds of slips.
SWAPPED, DOUBLED, UNDOUBLED, MISSING, EXTRA, OTHER = range(6)
_BLANK, _EDGE = "\0", "$"
_BRITISH = re.compile("ll(?:e|i[ns]|o)")
"""Where travelled, modelling and marvellous have an l more than elsewhere."""


@dataclass(frozen=True)
class Rule:
    """A logistic regression: ln of P(misspelling) / P(a word of its own), by a pair's features.

    Attributes:
        share: of the pairs that it was fitted to, that are misspellings.
        none: before anything is known.
        kinds: more for each kind of slip.
        letters, commoner, odd, likeness: times those of `Pairs`.
    """

    share: float
    none: float
    kinds: tuple[float, ...]
    letters: float
    commoner: float
    odd: float
    likeness: float

    def score(self, found: "Pairs") -> np.ndarray:
        """Of each pair, in a text with as many misspellings as this one seems to have.

        A text that was written with care has far fewer. How many is found by expectation
        maximisation (Saerens, Latinne & Decaestecker 2002), from `PAIRS_BEFORE` pairs of the text
        that the rule was fitted to.
        """
        scores = self._fitted(found)
        usual = math.log(self.share / (1 - self.share))
        share, shift = self.share, 0.0
        for _ in range(ROUNDS):
            expected = (1 / (1 + np.exp(-(scores + shift)))).sum()
            share = (expected + PAIRS_BEFORE * self.share) / (len(scores) + PAIRS_BEFORE)
            shift = math.log(share / (1 - share)) - usual
        return scores + shift

    def _fitted(self, found: "Pairs") -> np.ndarray:
        return np.asarray(
            self.none
            + np.array(self.kinds)[found.kind]
            + self.letters * found.letters
            + self.commoner * found.commoner
            + self.odd * found.odd
            + self.likeness * found.likeness
        )


# Fitted by `benchmarks/misspellings.py --fit` to everyday English, from networks and from n-grams.
OF_NETWORKS = Rule(
    share=0.074,
    none=-11.71,
    kinds=(1.71, 1.52, -0.16, 0.81, -1.57, -2.39),
    letters=0.85,
    commoner=1.28,
    odd=0.18,
    likeness=0.87,
)
OF_NGRAMS = Rule(
    share=0.094,
    none=-10.74,
    kinds=(1.86, 1.8, -0.46, 0.85, -1.94, -2.49),
    letters=1.01,
    commoner=0.9,
    odd=0.23,
    likeness=0.5,
)
THRESHOLD = 0.6
"""ln of odds from which a word is taken for a misspelling."""
ROUNDS, PAIRS_BEFORE = 100, 100


@dataclass(frozen=True)
class Pairs:
    """Words that may be misspellings of others, (pairs,) each.

    Attributes:
        wrong, meant: indices of words.
        kind: of the slip.
        letters: of the wrong one, at most 10.
        commoner: ln of how many times the one that is meant is commoner, by Zipf's law.
        odd: ln of P(letters of the one that is meant) / P(letters of the wrong one), by trigrams of
            the letters of common words.
        likeness: of their vectors, in standard deviations above that of the wrong word's vector
            and those of common words.
    """

    wrong: np.ndarray
    meant: np.ndarray
    kind: np.ndarray
    letters: np.ndarray
    commoner: np.ndarray
    odd: np.ndarray
    likeness: np.ndarray


def find(words: Sequence[str], vectors: np.ndarray, case: Case, rule: Rule) -> dict[str, str]:
    """Misspellings among words, and the words that are meant.

    Args:
        words: by id, the commonest first.
        vectors: how each is used, (V, d); words beyond the first V are too rare to have one.
        case: of their language.
        rule: for vectors of this kind.
    """
    found = pairs([case.fold(word) for word in words], vectors)
    scores = rule.score(found)
    meant: dict[int, int] = {}
    for place in np.argsort(scores, kind="stable").tolist():  # the likeliest last
        if scores[place] > THRESHOLD:
            meant[int(found.wrong[place])] = int(found.meant[place])
    for wrong in sorted(meant):  # definatley is one slip away from definately
        meant[wrong] = meant.get(meant[wrong], meant[wrong])
    return {words[wrong]: words[index] for wrong, index in meant.items()}


def pairs(folds: Sequence[str], vectors: np.ndarray) -> Pairs:
    """All pairs of words one slip apart.

    Args:
        folds: the words, folded, the commonest first.
        vectors: of the words, (V, d), or of the first V.
    """
    apart = sorted(set(_one_slip_apart(folds)))
    changes = [_change(folds[wrong], folds[meant]) for wrong, meant, _ in apart]
    first = {fold: index for index, fold in reversed(list(enumerate(folds)))}
    often: Counter[tuple[str, str, str]] = Counter()
    for (wrong, meant, _), change in zip(apart, changes, strict=True):
        if wrong == first[folds[wrong]] and meant <= wrong <= meant * ALIKE:
            often[change] += 1
    found = [
        (wrong, meant, kind)
        for (wrong, meant, kind), change in zip(apart, changes, strict=True)
        if (own := first[folds[wrong]]) >= COMMON and meant * COMMONER <= own
        if often[change] < INFLECTIONS or kind in (DOUBLED, UNDOUBLED)
    ]
    rows = np.array(found, dtype=np.int64).reshape(-1, 3)
    wrongs, meants, kinds = rows.T
    letters = np.array([min(len(folds[index]), 10) for index in wrongs.tolist()])
    commoner = np.log(np.maximum(wrongs, 1) / np.maximum(meants, 1))
    of_letters = _LetterModel(folds[len(SPECIAL) : len(SPECIAL) + TYPICAL])
    odd = np.array([of_letters(folds[m]) - of_letters(folds[w]) for w, m, *_ in found])
    likeness = _likeness(wrongs, meants, vectors)
    return Pairs(wrongs, meants, kinds, letters, commoner, odd, likeness)


def _change(wrong: str, meant: str) -> tuple[str, str, str]:
    """What differs between two words, and the letters after it.

    >>> _change("étudiantes", "étudiants"), _change("wierdly", "weirdly")
    (('', 'e', 's$'), ('ei', 'ie', 'rdl'))
    """
    letters = zip(wrong + _EDGE, meant + _BLANK, strict=False)
    first = next(place for place, (one, other) in enumerate(letters) if one != other)
    most = min(len(wrong), len(meant)) - first
    last = 0
    while last < most and wrong[-1 - last] == meant[-1 - last]:
        last += 1
    end = len(wrong) - last
    one, other = sorted((wrong[first:end], meant[first : len(meant) - last]))
    return one, other, f"{wrong[end:]}{_EDGE}"[:SUFFIX]


class _LetterModel:
    """ln P(letters of a word), by trigrams of the letters of some words."""

    def __init__(self, folds: Iterable[str]) -> None:
        self._counts: Counter[str] = Counter()
        for fold in {fold for fold in folds if fold.replace("'", "").isalpha()}:
            for letters in _trigrams(fold):
                self._counts[letters] += 1
                self._counts[letters[:2]] += 1
        self._kinds = len({letters[-1] for letters in self._counts})

    def __call__(self, fold: str) -> float:
        """Of one word."""
        count = self._counts
        return sum(
            math.log((count[letters] + 0.5) / (count[letters[:2]] + 0.5 * self._kinds))
            for letters in _trigrams(fold)
        )


def _trigrams(fold: str) -> Iterator[str]:
    letters = f"{_EDGE}{_EDGE}{fold}{_EDGE}"
    return (letters[start : start + 3] for start in range(len(letters) - 2))


def _one_slip_apart(folds: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """(wrong, meant, kind of slip) by indices; of words of the same letters the first is meant.

    The first and the last letter stay, but for a swap, since endings make other words: cat and
    cats. So do apostrophes; and l is doubled, and u stands after o, in British English.
    """
    first: dict[str, int] = {}
    for index in range(len(SPECIAL), len(folds)):
        first.setdefault(folds[index], index)
    shorter: dict[str, int] = {}
    blanked: dict[str, int] = {}
    for fold, index in islice(first.items(), MEANT):
        if len(fold) >= SHORTEST and fold.isalpha():
            for i in range(1, len(fold) - 1):
                shorter.setdefault(fold[:i] + fold[i + 1 :], index)
                blanked.setdefault(fold[:i] + _BLANK + fold[i + 1 :], index)
    for wrong in range(len(SPECIAL), len(folds)):
        fold = folds[wrong]
        if len(fold) < SHORTEST or not fold.replace("'", "").isalpha():
            continue
        own = first[fold]
        for kind, meant in _slips(fold, first, shorter, blanked):
            if meant is not None and meant != own:
                yield wrong, meant, kind


def _slips(
    fold: str, first: Mapping[str, int], shorter: Mapping[str, int], blanked: Mapping[str, int]
) -> Iterator[tuple[int, int | None]]:
    """Kinds of slips, and the words that would be meant by them."""
    n = len(fold)
    for i in range(n - 1):
        if fold[i] != fold[i + 1]:
            yield SWAPPED, first.get(fold[:i] + fold[i + 1] + fold[i] + fold[i + 2 :])
    for i in range(1, n):
        doubles = fold[i] == fold[i - 1]
        if fold[i - 1] not in "l'" and not doubles:
            yield DOUBLED, first.get(fold[:i] + fold[i - 1] + fold[i:])
        is_british = fold[i - 1 : i + 1] == "ou" or _has_british_l(fold, i)
        if i < n - 1 and fold[i] != "'" and not is_british:
            yield UNDOUBLED if doubles else EXTRA, first.get(fold[:i] + fold[i + 1 :])
        elif i == n - 1 and doubles:
            yield UNDOUBLED, first.get(fold[:i])
    yield MISSING, shorter.get(fold)
    for i in range(1, n - 1):
        if fold[i] not in "'sz":
            yield OTHER, blanked.get(fold[:i] + _BLANK + fold[i + 1 :])


def _has_british_l(fold: str, i: int) -> bool:
    return _BRITISH.match(fold, i - 1) is not None or _BRITISH.match(fold, i) is not None


def _likeness(wrong: np.ndarray, meant: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """See `Pairs.likeness`."""
    found = np.full(len(wrong), USUAL)
    common = _unit(vectors[len(SPECIAL) : len(SPECIAL) + COMPARED])
    known = np.flatnonzero(wrong < len(vectors))
    for start in range(0, len(known), COMPARED):
        at = known[start : start + COMPARED]
        of_wrong = _unit(vectors[wrong[at]])
        cosines = of_wrong @ common.T
        own = (of_wrong * _unit(vectors[meant[at]])).sum(axis=1)
        deviation = np.maximum(cosines.std(axis=1), 1e-6)
        found[at] = (own - cosines.mean(axis=1)) / deviation
    return found


def _unit(vectors: np.ndarray) -> np.ndarray:
    rows = vectors.astype(np.float32)
    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    return np.asarray(rows / np.maximum(lengths, 1e-12))


def to_json(misspellings: Mapping[str, str]) -> str:
    """The content of `misspellings.json`."""
    lines = [
        f"{json.dumps(wrong, ensure_ascii=False)}: {json.dumps(meant, ensure_ascii=False)}"
        for wrong, meant in sorted(misspellings.items())
    ]
    return f'{{"version": {VERSION}, "misspellings": {{\n' + ",\n".join(lines) + "\n}}\n"


def from_json(text: str, tokenizer: Tokenizer, file: Path) -> dict[str, str]:
    """Reads what `to_json` has written.

    Raises:
        FolderError: it is not that, or not of this vocabulary; says what is wrong with the file.
    """
    document = versioned(text, str(file), VERSION)
    try:
        return _checked(document, tokenizer.ids)
    except (ValueError, TypeError, AttributeError) as error:
        raise FolderError(f"{file} cannot be used: {error}. {RESTORE}") from error


def _checked(document: Any, ids: Mapping[str, int]) -> dict[str, str]:
    version = document.get("version")
    if type(version) is not int or version != VERSION or {*document} != {"version", "misspellings"}:
        raise ValueError(f"its keys must be version, which is {VERSION}, and misspellings")
    found = dict(document["misspellings"].items())
    for wrong, meant in found.items():
        for word in (wrong, meant):
            if type(word) is not str or ids.get(word, 0) < len(SPECIAL):
                raise ValueError(f"{str(word)[:40]!r} is no word of the vocabulary")
        if meant in found:
            raise ValueError(f"{wrong[:40]!r} stands for {meant[:40]!r}, a misspelling itself")
    return found
