"""Measure how well a model predicts a text, by the engine that serves it. No torch, no files."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foreword.errors import SettingsError
from foreword.predictor.engine import Engine
from foreword.text.tokenizer import EOS_ID, UNK_ID

SLOTS = 3


def refuse_compressed(source: Path, weights: str) -> None:
    """Refuse a model whose weights are compressed already.

    Raises:
        SettingsError: the weights are int8.
    """
    if weights == "int8":
        raise SettingsError(
            f"{source} is compressed already: compress the model that it was made from"
        )


@dataclass(frozen=True)
class Cost:
    """Means over a text's words, including `<eos>` and `<unk>`.

    Attributes:
        perplexity: exp of the nats per word.
        top3: the share of words among the three most probable, which `<unk>` never counts as.
    """

    perplexity: float
    top3: float


def cost_on(
    engine: Engine,
    ids: np.ndarray,
    missing: int = 0,
    progress: Callable[[int], None] | None = None,
    *,
    resets: bool = False,
) -> Cost:
    """Predict every word of a text from those before it, the first from an `<eos>`.

    A model that lacks words is measured over the vocabulary of the whole one, so that pruning does
    not improve the figures. It reads the missing words as `<unk>`. Of the probability of `<unk>`,
    the whole model's `<unk>` gets the fraction that is best for this text, and the missing words
    share the rest equally.

    Args:
        engine: the model.
        ids: (N,) in the whole vocabulary, of which the model's is the beginning.
        missing: the number of words of the whole vocabulary that the model lacks.
        progress: called with the number of words done.
        resets: whether each line starts from the state at the beginning of a text.
    """
    size = engine.config.vocab_size
    start = engine.advance(engine.start(), EOS_ID)
    state = start
    nats, right = 0.0, 0
    for done, index in enumerate(ids.tolist(), 1):
        known = index if index < size else UNK_ID
        scores = engine.logits(state)
        largest = scores.max()
        nats += math.log(np.exp(scores - largest).sum(dtype=np.float64)) + float(largest)
        nats -= float(scores[known])
        better = scores > scores[known]
        better[UNK_ID] = False
        right += int(known != UNK_ID and np.count_nonzero(better) < SLOTS)
        state = start if resets and known == EOS_ID else engine.advance(state, known)
        if progress is not None:
            progress(done)
    nats += _nats_of_the_missing(int((ids == UNK_ID).sum()), int((ids >= size).sum()), missing)
    return Cost(math.exp(min(nats / len(ids), 700.0)), right / len(ids))


def _nats_of_the_missing(unknown: int, lacking: int, missing: int) -> float:
    """Return the nats needed to tell `<unk>` and the missing words apart at their occurrences."""
    nats = 0.0
    for count, words in ((unknown, 1), (lacking, missing)):
        if count > 0:
            nats += count * math.log(words * (unknown + lacking) / count)
    return nats
