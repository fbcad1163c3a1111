"""Compare two runs: what changes when a word is replaced or dropped, or the state reset."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from foreword.errors import SettingsError
from foreword.inspect.subject import Reading
from foreword.inspect.trace import LayerArrays, Predictions, TextTrace, joined, predictions, run
from foreword.inspect.units import kinds_of

Kind = Literal["dropped", "replaced", "reset"]


@dataclass(frozen=True)
class Contrast:
    """A second run over a changed text, or with a reset state.

    Attributes:
        kind: the kind of change.
        at: the word at which, or before which, it was made.
        label: the change in words.
        reading: the words of the second run.
        pairs: (N, 2) indices of the same word in the first run and in the second; a dropped word is
            in no pair.
        divergence: (N,) Kullback-Leibler divergence of the second run's prediction from the
            first's after each pair, in bits.
        layers: the layers of the second run.
        predictions: the predictions of the second run.
        difference: for each layer, (N, H): the memory of the second run minus that of the first.

    Attributes:
        kind: what was changed.
        at: the word before which, or at which, it was.
        label: the same in words.
        reading: the words of the second run.
        pairs: (N, 2) places of the same word in the first run and in the second; what was dropped
            is in none.
        divergence: (N,) Kullback-Leibler divergence of the second run's prediction from the
            first's after each pair, in bits.
        layers: of the second run.
        predictions: of the second run.
        difference: for each layer, (N, H): the memory of the second run minus that of the first.
    """

    kind: Kind
    at: int
    label: str
    reading: Reading
    pairs: np.ndarray
    divergence: np.ndarray
    layers: tuple[LayerArrays, ...]
    predictions: Predictions
    difference: tuple[np.ndarray, ...]


def without(traced: TextTrace, at: int) -> Contrast:
    """Run the text without word `at`.

    Raises:
        SettingsError: there is no such word, or it is the `<eos>` before the text.
    """
    _check(traced, at)
    reading = traced.reading
    changed = Reading(reading.words[:at] + reading.words[at + 1 :], np.delete(reading.ids, at))
    places = np.arange(len(changed))
    pairs = np.stack([places + (places >= at), places], axis=1)
    label = f"without “{reading.words[at]}” (word {at})"
    return _contrast(traced, "dropped", at, label, changed, pairs)


def replacing(traced: TextTrace, at: int, word: str) -> Contrast:
    """Run the text with another word in place of word `at`.

    Raises:
        SettingsError: as `without`; or the replacement is not one word.
    """
    _check(traced, at)
    reading = traced.reading
    split = traced.subject.tokenizer.split(word)
    if len(split) != 1:
        raise SettingsError(
            f"{word!r} is {len(split)} words to this model; a word can be replaced by one alone"
        )
    words, ids = list(reading.words), reading.ids.copy()
    words[at], ids[at] = split[0].text, split[0].id
    places = np.arange(len(reading))
    label = f"“{split[0].text}” instead of “{reading.words[at]}” (word {at})"
    pairs = np.stack([places, places], axis=1)
    return _contrast(traced, "replaced", at, label, Reading(tuple(words), ids), pairs)


def resetting(traced: TextTrace, at: int) -> Contrast:
    """Run the same text, with the state reset before word `at`.

    Raises:
        SettingsError: as `without`.
    """
    _check(traced, at)
    places = np.arange(len(traced.reading))
    label = f"all forgotten before “{traced.reading.words[at]}” (word {at})"
    return _contrast(traced, "reset", at, label, traced.reading, np.stack([places, places], axis=1))


def _check(traced: TextTrace, at: int) -> None:
    if not 1 <= at < len(traced.reading):
        raise SettingsError(
            f"there is no word {at} to change: the words of this text are 1 to "
            f"{len(traced.reading) - 1} (0 is the <eos> before it)"
        )


def _contrast(
    traced: TextTrace, kind: Kind, at: int, label: str, changed: Reading, pairs: np.ndarray
) -> Contrast:
    subject = traced.subject
    if kind == "reset":
        first, later = changed[:at], changed[at:]
        left, right = (
            run(subject, first, traced.before),
            run(subject, later, subject.network.start(1)),
        )
        layers = joined(left[0], right[0])
        features = torch.cat([left[1], right[1]])
    else:
        layers, features = run(subject, changed, traced.before)
    unchanged = torch.from_numpy(traced.features)
    memories = [
        (a.states[kinds_of(a).memory], b.states[kinds_of(a).memory])
        for a, b in zip(traced.layers, layers, strict=True)
    ]
    return Contrast(
        kind,
        at,
        label,
        changed,
        pairs,
        _divergence(traced, unchanged[pairs[:, 0]], features[pairs[:, 1]]),
        layers,
        predictions(subject, features, changed.ids, traced.predictions.top.shape[1]),
        tuple(b[pairs[:, 1]] - a[pairs[:, 0]] for a, b in memories),
    )


def _divergence(traced: TextTrace, first: torch.Tensor, other: torch.Tensor) -> np.ndarray:
    network = traced.subject.network
    bits = []
    with torch.no_grad():
        for x, y in zip(torch.split(first, 64), torch.split(other, 64), strict=True):
            p, q = (network.scores(z).double().log_softmax(1) for z in (x, y))
            bits.append((p.exp() * (p - q)).sum(1) / np.log(2))
    return np.asarray(torch.cat(bits).clamp(min=0).numpy())
