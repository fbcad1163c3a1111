"""Find misspellings in a vocabulary: rare words one slip away from a far more frequent word.

A text that people wrote contains becuase and wierd often enough for them to enter its vocabulary.
Real words can also be one slip away from a more frequent word (form and from, tow and two). Usage
tells them apart, since a misspelling occurs in the contexts of the intended word: each word comes
with a vector that describes its usage, from a network's own or from the shares of common words
beside it. The search runs once, after training; the model folder stores its result.
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
from foreword.text.vocabulary import Vocabulary
from foreword.visible import is_plain

VERSION = 1
SHORTEST = 3
SHORTEST_TWICE = 7
"""The least number of letters of a word with two slips."""
TWICE_ALIKE = 2.5
"""The least similarity, as `Pairs.likeness`, of such a word to the intended word."""
COMMON = 1000
"""The number of most frequent words that are never misspellings."""
COMMONER = 2
"""How many times more frequent the intended word must be, at least."""
MEANT = 12_000
"""For a wrong or missing letter, only this many most frequent words can be the intended one."""
TYPICAL = 8000
"""The number of frequent words that show how words are spelled."""
COMPARED = 2000
"""The number of frequent words with whose vectors each word's is compared."""
INFLECTIONS, ALIKE = 10, 8
"""The number of word pairs with the same change before the same letters, as in pouvant and pouvait,
from which the change is an inflection, not a slip; only pairs of similar frequency are counted."""
SUFFIX = 3
"""The number of letters after a change that must be the same in both pairs."""
USUAL = 2.0
"""The assumed similarity of a word without a vector to the intended word."""

# Kinds of slips; TWICE is two of them, see `_twice_apart`.
SWAPPED, DOUBLED, UNDOUBLED, MISSING, EXTRA, OTHER, TWICE = KINDS = range(7)
_BLANK, _EDGE = "\0", "$"
_VOWELS = frozenset("aeiouy")
_BRITISH = re.compile("ll(?:e|i[ns]|o)")
"""Where British English has an additional l: travelled, modelling, marvellous."""


@dataclass(frozen=True)
class Rule:
    """A logistic regression over a pair's features, giving ln of P(misspelling) / P(own word).

    Attributes:
        share: the share of misspellings among the pairs that it was fitted to.
        none: the intercept.
        kinds: the coefficient of each kind of slip.
        letters, commoner, odd, likeness: the coefficients of the features of `Pairs`.
    """

    share: float
    none: float
    kinds: tuple[float, ...]
    letters: float
    commoner: float
    odd: float
    likeness: float

    def score(self, pairs: "Pairs") -> np.ndarray:
        """Return the log odds of each pair, adjusted to the share of misspellings in this text.

        A carefully written text has far fewer. Expectation maximisation estimates the share
        (Saerens, Latinne & Decaestecker 2002), with a prior of `PAIRS_BEFORE` pairs of the text
        that the rule was fitted to.
        """
        scores = self._fitted(pairs)
        usual = math.log(self.share / (1 - self.share))
        share, shift = self.share, 0.0
        once = scores[pairs.kind != TWICE]
        for _ in range(ROUNDS):
            expected = (1 / (1 + np.exp(-(once + shift)))).sum()
            share = (expected + PAIRS_BEFORE * self.share) / (len(once) + PAIRS_BEFORE)
            shift = math.log(share / (1 - share)) - usual
        return scores + shift

    def _fitted(self, pairs: "Pairs") -> np.ndarray:
        return np.asarray(
            self.none
            + np.array(self.kinds)[pairs.kind]
            + self.letters * pairs.letters
            + self.commoner * pairs.commoner
            + self.odd * pairs.odd
            + self.likeness * pairs.likeness
        )


# Fitted by `benchmarks/misspellings.py --fit` to everyday English, from networks and from n-grams.
OF_NETWORKS = Rule(
    share=0.074,
    none=-11.71,
    kinds=(1.71, 1.52, -0.16, 0.81, -1.57, -2.39, -1.0),
    letters=0.85,
    commoner=1.28,
    odd=0.18,
    likeness=0.87,
)
OF_NGRAMS = Rule(
    share=0.094,
    none=-10.74,
    kinds=(1.86, 1.8, -0.46, 0.85, -1.94, -2.49, -1.1),
    letters=1.01,
    commoner=0.9,
    odd=0.23,
    likeness=0.5,
)
THRESHOLD = 0.6
"""The log odds from which a word counts as a misspelling."""
ROUNDS, PAIRS_BEFORE = 100, 100


@dataclass(frozen=True)
class Pairs:
    """Pairs of a possible misspelling and the intended word; every array has the shape (pairs,).

    Attributes:
        wrong, meant: the indices of the words.
        kind: the kind of slip.
        letters: the number of letters of the wrong word, at most 10.
        commoner: ln of how many times more frequent the intended word is, by Zipf's law.
        odd: ln of P(letters of the intended word) / P(letters of the wrong word), by letter
            trigrams of common words.
        likeness: the similarity of their vectors, in standard deviations above the mean similarity
            of the wrong word's vector to those of common words.
    """

    wrong: np.ndarray
    meant: np.ndarray
    kind: np.ndarray
    letters: np.ndarray
    commoner: np.ndarray
    odd: np.ndarray
    likeness: np.ndarray


def find(words: Sequence[str], vectors: np.ndarray, case: Case, rule: Rule) -> dict[str, str]:
    """Return the misspellings among words, each with the intended word.

    Args:
        words: the words by id, the most frequent first.
        vectors: the usage of the first V words, (V, d); later words are too rare to have one.
        case: the case rules of their language.
        rule: the rule for this kind of vectors.
    """
    candidates = pairs([case.fold(word) for word in words], vectors)
    scores = rule.score(candidates)
    meant: dict[int, int] = {}
    for index in np.argsort(scores, kind="stable").tolist():  # the likeliest last
        if scores[index] > THRESHOLD:
            meant[int(candidates.wrong[index])] = int(candidates.meant[index])
    for wrong in sorted(meant):  # definatley is one slip away from definately
        meant[wrong] = meant.get(meant[wrong], meant[wrong])
    return {words[wrong]: words[meant_index] for wrong, meant_index in meant.items()}


def pairs(folds: Sequence[str], vectors: np.ndarray) -> Pairs:
    """Return all pairs of words one slip apart.

    Args:
        folds: the case-folded words, the most frequent first.
        vectors: the usage of the first V words, (V, d).
    """
    apart = sorted({*_one_slip_apart(folds), *_twice_apart(folds)})
    changes = [_change(folds[wrong], folds[meant]) for wrong, meant, _ in apart]
    first = {fold: index for index, fold in reversed(list(enumerate(folds)))}
    often: Counter[tuple[str, str, str]] = Counter()
    for (wrong, meant, _), change in zip(apart, changes, strict=True):
        if wrong == first[folds[wrong]] and meant <= wrong <= meant * ALIKE:
            often[change] += 1
    candidates = [
        (wrong, meant, kind)
        for (wrong, meant, kind), change in zip(apart, changes, strict=True)
        if (own := first[folds[wrong]]) >= COMMON and meant * COMMONER <= own
        if often[change] < INFLECTIONS or kind in (DOUBLED, UNDOUBLED, TWICE)
    ]
    rows = np.array(candidates, dtype=np.int64).reshape(-1, 3)
    wrongs, meants, kinds = rows.T
    letters = np.array([min(len(folds[index]), 10) for index in wrongs.tolist()])
    commoner = np.log(np.maximum(wrongs, 1) / np.maximum(meants, 1))
    of_letters = _LetterModel(folds[len(SPECIAL) : len(SPECIAL) + TYPICAL])
    odd = np.array([of_letters(folds[m]) - of_letters(folds[w]) for w, m, *_ in candidates])
    likeness = _likeness(wrongs, meants, vectors)
    kept = (kinds != TWICE) | (likeness >= TWICE_ALIKE)
    features = (wrongs, meants, kinds, letters, commoner, odd, likeness)
    return Pairs(*(feature[kept] for feature in features))


def _change(wrong: str, meant: str) -> tuple[str, str, str]:
    """Return the two differing parts of two words, sorted, and the letters after them.

    >>> _change("étudiantes", "étudiants"), _change("wierdly", "weirdly")
    (('', 'e', 's$'), ('ei', 'ie', 'rdl'))
    """
    letters = zip(wrong + _EDGE, meant + _BLANK, strict=False)
    first = next(index for index, (shorter, longer) in enumerate(letters) if shorter != longer)
    most = min(len(wrong), len(meant)) - first
    last = 0
    while last < most and wrong[-1 - last] == meant[-1 - last]:
        last += 1
    end = len(wrong) - last
    shorter, longer = sorted((wrong[first:end], meant[first : len(meant) - last]))
    return shorter, longer, f"{wrong[end:]}{_EDGE}"[:SUFFIX]


class _LetterModel:
    """The log probability of a word's letters, by letter trigrams of given words."""

    def __init__(self, folds: Iterable[str]) -> None:
        self._counts: Counter[str] = Counter()
        for fold in {fold for fold in folds if fold.replace("'", "").isalpha()}:
            for letters in _trigrams(fold):
                self._counts[letters] += 1
                self._counts[letters[:2]] += 1
        self._kinds = len({letters[-1] for letters in self._counts})

    def __call__(self, fold: str) -> float:
        """Return the log probability of one word."""
        count = self._counts
        return sum(
            math.log((count[letters] + 0.5) / (count[letters[:2]] + 0.5 * self._kinds))
            for letters in _trigrams(fold)
        )


def _trigrams(fold: str) -> Iterator[str]:
    letters = f"{_EDGE}{_EDGE}{fold}{_EDGE}"
    return (letters[start : start + 3] for start in range(len(letters) - 2))


def _one_slip_apart(folds: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield (wrong, intended, kind of slip), by index; of equal folds the first is intended.

    Except in a swap, the first and last letters stay, since endings make other words: cat and cats.
    Apostrophes stay too, as do the doubled l and the u after o of British English.
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
    """Yield each kind of slip with the word that it would be a misspelling of."""
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


def _twice_apart(folds: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield (wrong, intended, TWICE) for words two slips apart, by index.

    Both slips are of the commonest kinds (definetly, dissapointed): vowels that are wrong, missing
    or too many, and letters that are doubled or not. First and last letters stay, and neither word
    is the beginning of the other, as business is of businesses.
    """
    alike: dict[str, list[int]] = {}
    seen: set[str] = set()
    for index in range(len(SPECIAL), len(folds)):
        fold = folds[index]
        if len(fold) < SHORTEST_TWICE or not fold.isalpha() or fold in seen:
            continue
        seen.add(fold)
        key = frame(fold)
        for meant in alike.setdefault(key, []):
            if not fold.startswith(folds[meant]) and distance(fold, folds[meant]) == 2:
                yield index, meant, TWICE
        if index < MEANT:
            alike[key].append(index)


def frame(fold: str) -> str:
    """Return what the commonest slips leave: first and last letter, and consonants without doubles.

    >>> frame("tommorow"), frame("tomorrow")
    ('tmrw', 'tmrw')
    """
    consonants = "".join(letter for letter in fold[1:-1] if letter not in _VOWELS)
    return fold[0] + re.sub(r"(.)\1", r"\1", consonants) + fold[-1]


def distance(a: str, b: str) -> int:
    """Return the least number of letters to add, drop or replace."""
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            before, row[j] = row[j], min(before + (letter != other), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def _has_british_l(fold: str, i: int) -> bool:
    return _BRITISH.match(fold, i - 1) is not None or _BRITISH.match(fold, i) is not None


def _likeness(wrong: np.ndarray, meant: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return `Pairs.likeness`."""
    likeness = np.full(len(wrong), USUAL)
    common = _unit(vectors[len(SPECIAL) : len(SPECIAL) + COMPARED])
    known = np.flatnonzero(wrong < len(vectors))
    for start in range(0, len(known), COMPARED):
        batch = known[start : start + COMPARED]
        of_wrong = _unit(vectors[wrong[batch]])
        cosines = of_wrong @ common.T
        own = (of_wrong * _unit(vectors[meant[batch]])).sum(axis=1)
        deviation = np.maximum(cosines.std(axis=1), 1e-6)
        likeness[batch] = (own - cosines.mean(axis=1)) / deviation
    return likeness


def _unit(vectors: np.ndarray) -> np.ndarray:
    rows = vectors.astype(np.float32)
    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    return np.asarray(rows / np.maximum(lengths, 1e-12))


def to_json(misspellings: Mapping[str, str]) -> str:
    """Return the content of `misspellings.json`."""
    lines = [
        f"{json.dumps(wrong, ensure_ascii=False)}: {json.dumps(meant, ensure_ascii=False)}"
        for wrong, meant in sorted(misspellings.items())
    ]
    return f'{{"version": {VERSION}, "misspellings": {{\n' + ",\n".join(lines) + "\n}}\n"


def from_json(text: str, tokenizer: Tokenizer, file: Path) -> dict[str, str]:
    """Read what `to_json` wrote.

    Raises:
        FolderError: the content is anything else, or a meant word is not in this vocabulary.
    """
    document = versioned(text, str(file), VERSION)
    try:
        return _checked(document, tokenizer.vocabulary)
    except (ValueError, TypeError, AttributeError) as error:
        raise FolderError(f"{file} cannot be used: {error}. {RESTORE}") from error


def _words(meant: Any) -> list[Any]:
    """The word that is meant, or the two words that were run together."""
    words = meant.split(" ") if type(meant) is str else []
    return words if len(words) == 2 else [meant]


def _checked(document: Any, vocabulary: Vocabulary) -> dict[str, str]:
    version = document.get("version")
    if type(version) is not int or version != VERSION or {*document} != {"version", "misspellings"}:
        raise ValueError(f"its keys must be version, which is {VERSION}, and misspellings")
    misspellings = dict(document["misspellings"].items())
    for wrong, meant in misspellings.items():
        words = _words(meant)
        for word in words:
            if type(word) is not str or (vocabulary.id(word) or 0) < len(SPECIAL):
                raise ValueError(f"{str(word)[:40]!r} is no word of the vocabulary")
        if wrong in SPECIAL or not wrong.strip() or not is_plain(wrong):
            raise ValueError(f"{wrong[:40]!r} is no word")
        if wrong not in vocabulary and (" " in wrong or len(words) > 1):
            raise ValueError(
                f"{wrong[:40]!r} is not in the vocabulary, and not one word for another"
            )
        if meant in misspellings:
            raise ValueError(f"{wrong[:40]!r} stands for {meant[:40]!r}, a misspelling itself")
    return misspellings
