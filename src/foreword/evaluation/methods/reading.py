"""Compute the probability of each word of a text as a network reads on. Knows no mixtures.

Each is computed before any adapting part, a cache or weights, sees the word.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from foreword.errors import SettingsError, TextError
from foreword.evaluation.methods.cache import Before, History
from foreword.evaluation.methods.dynamic import Dynamic, Learner, segment_loss
from foreword.models.model import LanguageModel, NextWordModel
from foreword.text.tokenizer import EOS_ID

WINDOW_WORDS = 256
CHUNK_ROWS = 64


@dataclass(frozen=True)
class TextReading:
    """The results for N words in order, each predicted from those before it.

    Attributes:
        nats: (temperatures, N) float64, -log P(word) by the network.
        cached: (thetas, windows, N) float64, P(word) by the cache alone; NaN where it is empty.
        signs: (2, N) float64, what tells how sure the network is before it knows the word: the
            entropy of its distribution, in nats, and the logarithm of the greatest probability.
        cache_signs: (2, N) float64, `foreword.evaluation.methods.cache.Before.signs`; None unless
            there is one cache alone.
    """

    nats: np.ndarray
    cached: np.ndarray
    signs: np.ndarray
    cache_signs: np.ndarray | None


def read(
    model: LanguageModel,
    ids: np.ndarray,
    *,
    temperatures: Sequence[float] = (1.0,),
    thetas: Sequence[float] = (),
    windows: Sequence[int] = (),
    dynamic: Dynamic | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TextReading:
    """Read a text as one stream from an `<eos>` on, carrying the state.

    Args:
        model: a model, which stays unchanged; a network if there is a cache or dynamic evaluation.
        ids: (N,) word ids.
        temperatures: the divisors of the logits.
        thetas: of the caches; empty for no cache.
        windows: of the caches.
        dynamic: how the network learns as it reads; None if it does not.
        progress: called with (words done, words in all).
    """
    if len(ids) == 0:
        raise TextError("there is nothing to evaluate on: the text has no words")
    if not isinstance(model, NextWordModel):
        raise SettingsError(
            "temperature, cache and dynamic evaluation are for networks; an ngram is mixed in by "
            "--with"
        )
    learner = None if dynamic is None else Learner(model, dynamic)
    network = model if learner is None else learner.model
    was_training = model.training
    network.eval()
    text = torch.from_numpy(np.r_[EOS_ID, ids].astype(np.int64)).to(network.device)
    nats = np.empty((len(temperatures), len(ids)))
    probabilities = np.empty((len(thetas), len(windows), len(ids)))
    sure = np.empty((2, len(ids)))
    remembers = np.empty((2, len(ids))) if len(thetas) == len(windows) == 1 else None
    state, history = network.start(1), None
    segment = WINDOW_WORDS if dynamic is None else dynamic.segment
    try:
        with torch.no_grad():
            for start in range(0, len(ids), segment):
                stop = min(start + segment, len(ids))
                inputs, words = text[start:stop, None], text[start + 1 : stop + 1]
                if learner is None:
                    features, state = network.features(inputs, state)
                    features = features[:, 0]
                    at = _nats_in_chunks(network, features, words, temperatures)
                else:
                    loss, logits, features, state = segment_loss(network, inputs, words, state)
                    at = _nats(logits, words, temperatures)
                    loss.backward()  # type: ignore[no-untyped-call]
                    learner.learn()
                nats[:, start:stop], sure[:, start:stop] = at
                if len(thetas) > 0:
                    history = history or History.empty(features.shape[1], features.device)
                    before = Before.of(history, features, words)
                    places = before.probabilities(thetas, windows)
                    probabilities[:, :, start:stop] = places.cpu().numpy()
                    if remembers is not None:
                        told = before.signs(thetas[0], windows[0])
                        remembers[:, start:stop] = told.cpu().numpy()
                    history = history.with_latest(features, words, max(windows))
                if progress is not None:
                    progress(stop, len(ids))
    finally:
        model.train(was_training)
    return TextReading(nats, probabilities, sure, remembers)


def _nats_in_chunks(
    network: NextWordModel, features: Tensor, words: Tensor, temperatures: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    parts = [
        _nats(
            network.scores(features[start : start + CHUNK_ROWS]),
            words[start : start + CHUNK_ROWS],
            temperatures,
        )
        for start in range(0, len(words), CHUNK_ROWS)
    ]
    nats, sure = (np.concatenate(kind, axis=1) for kind in zip(*parts, strict=True))
    return nats, sure


def _nats(
    logits: Tensor, words: Tensor, temperatures: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return -log P of the words (T,) by their logits (T, V), (temperatures, T), and signs (2, T).

    The signs are those at the first temperature.
    """
    gaps = logits - logits.amax(1, keepdim=True)
    of_word = gaps.gather(1, words[:, None])[:, 0]
    scaled, exponentials = torch.empty_like(gaps), torch.empty_like(gaps)
    nats, sure = [], None
    for temperature in temperatures:
        torch.div(gaps, temperature, out=scaled)
        torch.exp(scaled, out=exponentials)
        total = exponentials.sum(1)
        log_total = total.log()
        nats.append(log_total - of_word / temperature)
        if sure is None:
            entropy = log_total - exponentials.mul_(scaled).sum(1) / total
            sure = torch.stack([entropy, -log_total])
    assert sure is not None
    return torch.stack(nats).double().cpu().numpy(), sure.double().cpu().numpy()
