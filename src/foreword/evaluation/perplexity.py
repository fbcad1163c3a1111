"""Measure a model on a text: perplexity and accuracies. Knows nothing of files or training."""

import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from foreword.errors import TextError
from foreword.models.model import LanguageModel, Scorer
from foreword.nn.softmax import IGNORED
from foreword.nn.softmax import ranks as rows_ranks
from foreword.text.tokenizer import EOS_ID, UNK_ID
from foreword.text.windows import LineWindows

WINDOW_WORDS = 256
"""The number of positions read at once, which affects only memory and speed."""
WARM_WORDS = 64
"""The number of words before a passage that are read first, so that its states are warm."""
CHUNK_ROWS = 64
"""The number of positions whose logits exist at once, few enough for a CPU's cache."""

Reset = Literal["never", "sentence"]


@dataclass(frozen=True)
class Score:
    """Sums over the predicted words, `<eos>` and `<unk>` included."""

    words: int = 0
    nats: float = 0.0
    """The sum of -ln P(word)."""
    top1: int = 0
    top3: int = 0
    top5: int = 0
    reciprocal_ranks: float = 0.0
    seconds: float = 0.0

    @property
    def cross_entropy(self) -> float:
        """The nats per word."""
        return self.nats / self.words

    @property
    def perplexity(self) -> float:
        """exp(cross-entropy): the number of equally likely words with the same uncertainty."""
        return math.exp(min(self.cross_entropy, 700.0))


def score(
    model: LanguageModel,
    ids: np.ndarray,
    *,
    reset: Reset = "never",
    streams: int = 1,
    words: int | None = None,
    own: slice = slice(None),
    progress: Callable[[int, int], None] | None = None,
) -> Score:
    """Predict every word of `ids` from those before it.

    The text begins after an `<eos>`, so that its first word is predicted too. The state is carried
    through the whole text, as in the literature, or starts from zero at each line.

    A word's rank is its position among all words by probability. `<unk>`, which cannot be offered,
    has no rank; if it is the next word, the prediction counts as wrong.

    Args:
        model: the model, which is measured without dropout and left in its mode.
        ids: (N,) word ids.
        reset: whether the state starts from zero at each line.
        streams: the number of passages of the text that are read in parallel, which is faster. The
            states of each come only from the few words before it, so only 1 is exact.
        words: about how many words are counted: equal parts of all passages, which are spread over
            the whole text, or lines from everywhere. None: all.
        own: the passages, or windows of lines, that are read if other processes read the others.
        progress: called with (words done, words in all).
    """
    if len(ids) == 0:
        raise TextError("there is nothing to evaluate on: the text has no words")
    windows = (
        _lines(ids, words, own) if reset == "sentence" else _passages(ids, streams, words, own)
    )
    was_training = model.training
    model.eval()
    began = time.perf_counter()
    total = Score()
    state = model.start(1)
    device = model.device
    try:
        with torch.inference_mode():
            for inputs, targets, fresh in windows:
                if fresh:
                    state = model.start(inputs.shape[1])
                scorer, state = model.scorer(torch.from_numpy(inputs).to(device), state)
                total = added(total, scorer, torch.from_numpy(targets).to(device).flatten())
                if progress is not None:
                    progress(total.words, len(ids))
    finally:
        model.train(was_training)
    return replace(total, seconds=time.perf_counter() - began)


def _passages(
    ids: np.ndarray, streams: int, words: int | None, own: slice
) -> Iterator[tuple[np.ndarray, np.ndarray, bool]]:
    """Yield the windows (T, B) of B passages of a text, which begin at equal distances."""
    N = len(ids)
    B = max(1, min(streams, N))
    distance = math.ceil(N / B)
    length = distance if words is None else min(distance, math.ceil(words / B))
    starts = (np.arange(B) * distance)[own]
    if len(starts) == 0:
        return
    ends = np.minimum(starts + length, N)
    steps = max(1, WINDOW_WORDS // B)
    first = -WARM_WORDS if B > 1 else 0
    for begin in range(first, length, steps):
        stop = min(begin + steps, length)
        positions = starts + np.arange(begin, stop)[:, None]
        counts = (positions >= starts) & (positions < ends)
        before, word = (ids[(positions - k).clip(0, N - 1)].astype(np.int64) for k in (1, 0))
        inputs = np.where(positions > 0, before, EOS_ID)
        yield inputs, np.where(counts, word, IGNORED), begin == first


def _lines(
    ids: np.ndarray, words: int | None, own: slice
) -> Iterator[tuple[np.ndarray, np.ndarray, bool]]:
    """Yield windows (T, B) of B whole lines, in an order that is the same each time."""
    windows = LineWindows(ids, batch_words=WINDOW_WORDS, max_length=len(ids))
    share = 1.0 if words is None else min(1.0, words / len(ids))
    for number in itertools.count():
        if windows.epochs >= share:
            return
        window = windows.next()
        if number in range(*own.indices(number + 1)):
            yield window.inputs, window.targets, True


def added(total: Score, scorer: Scorer, targets: Tensor) -> Score:
    """Return the sums with the words of one window added.

    Args:
        total: the sums so far.
        scorer: of the positions in the window.
        targets: (T B,), the word at each position; -1 where none counts.
    """
    places = (targets != IGNORED).nonzero().squeeze(1)
    targets = targets[places]
    nats = torch.zeros((), dtype=torch.float64, device=targets.device)
    ranks = torch.empty(0, dtype=torch.int64, device=targets.device)
    for start in range(0, len(targets), CHUNK_ROWS):
        target = targets[start : start + CHUNK_ROWS]
        logits = scorer(places[start : start + CHUNK_ROWS])
        losses, above = rows_ranks(logits, target, UNK_ID)
        nats += losses.sum(dtype=torch.float64)
        ranks = torch.cat([ranks, 1 + above[target != UNK_ID]])
    return replace(
        total,
        words=total.words + len(targets),
        nats=total.nats + float(nats),
        top1=total.top1 + int((ranks <= 1).sum()),
        top3=total.top3 + int((ranks <= 3).sum()),
        top5=total.top5 + int((ranks <= 5).sum()),
        reciprocal_ranks=total.reciprocal_ranks + float(ranks.double().reciprocal().sum()),
    )
