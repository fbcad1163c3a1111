"""Fit confidences to the words that were right, and measure their calibration. Needs no torch."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from foreword.errors import TextError
from foreword.folder.calibration import Calibration, features
from foreword.folder.config import Reliability, ReliabilityBin
from foreword.translator.translation import Translation

BINS = 10
FEWEST_WORDS = 500
"""The number of translated words below which nothing is fitted."""
_LEAST = 1e-12
"""The least probability whose logarithm is taken."""
_RIDGE = 1e-3
"""The weight of the squared factors, so that words that are all right have finite ones."""


def right_words(translation: Translation, reference: str) -> list[bool]:
    """Return for each word of a translation whether the reference has it.

    Words are the parts between spaces, including marks. A word that the reference has once is right
    once.
    """
    left = Counter(reference.split())
    right = []
    for word in translation.words:
        right.append(left[word.text] > 0)
        left[word.text] -= 1
    return right


def fit(translations: Sequence[Translation], references: Sequence[str], text: str) -> Calibration:
    """Fit the map from log-probabilities to the probability that a word is right.

    Args:
        translations: of single sentences, by a translator without calibration.
        references: the right translations.
        text: the name of the pairs.

    Raises:
        TextError: there are too few words.
    """
    rows, labels = [], []
    for translation, reference in zip(translations, references, strict=True):
        mean = math.log(max(translation.confidence, _LEAST))
        for word, is_right in zip(
            translation.words, right_words(translation, reference), strict=True
        ):
            rows.append(features(math.log(max(word.confidence, _LEAST)), mean))
            labels.append(is_right)
    if len(rows) < FEWEST_WORDS:
        raise TextError(
            f"{text}: the translations have {len(rows):,} words; at least {FEWEST_WORDS:,} are "
            "needed to calibrate confidences"
        )
    factors = _logistic(np.array(rows), np.array(labels, np.float64)).tolist()
    return Calibration(tuple(factors), text, len(rows))


def reliability(translations: Sequence[Translation], references: Sequence[str]) -> Reliability:
    """Measure how often words of each confidence were right, and the same for whole sentences."""
    words: list[tuple[float, float]] = []
    sentences: list[tuple[float, float]] = []
    for translation, reference in zip(translations, references, strict=True):
        right = right_words(translation, reference)
        words += zip((word.confidence for word in translation.words), right, strict=True)
        if right:
            sentences.append((translation.confidence, sum(right) / len(right)))
    return Reliability(words=tuple(_bins(words)), sentences=tuple(_bins(sentences)))


def _bins(pairs: Sequence[tuple[float, float]]) -> Iterator[ReliabilityBin]:
    """Yield the bins of equal width that are not empty, from low to high confidence."""
    confidences, right = (np.array(side, np.float64) for side in zip(*pairs, strict=True))
    numbers = np.minimum((confidences * BINS).astype(int), BINS - 1)
    for number in np.unique(numbers):
        chosen = numbers == number
        yield ReliabilityBin(
            count=int(chosen.sum()),
            confidence=float(confidences[chosen].mean()),
            right=float(right[chosen].mean()),
        )


def _logistic(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the factors of a logistic regression, by Newton's method."""
    factors = np.zeros(rows.shape[1])
    ridge = _RIDGE * np.eye(len(factors))
    for _ in range(50):
        chances = 0.5 * (1 + np.tanh(rows @ factors / 2))
        gradient = rows.T @ (labels - chances) - ridge @ factors
        curvature = (rows * (chances * (1 - chances))[:, None]).T @ rows + ridge
        step = np.linalg.solve(curvature, gradient)
        factors += step
        if np.abs(step).max() < 1e-9:
            break
    return factors
