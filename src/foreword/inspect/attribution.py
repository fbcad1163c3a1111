"""Find which earlier words made a prediction: integrated gradients, checked by erasure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from foreword.errors import MissingExtraError
from foreword.inspect.trace import TextTrace
from foreword.models.model import NextWordModel, State

CONTEXT = 48
"""The number of words before a prediction that are examined; earlier ones count as given."""
POINTS, MOST_POINTS = 32, 256
"""The numbers of points of the integral (Gauss-Legendre): doubled until it is right to
`TOLERANCE`."""
TOLERANCE = 1e-3
"""The error relative to the explained difference, or in nats where that is below 1."""
PREDICTIONS = 8


@dataclass(frozen=True)
class Attribution:
    """What each of the words up to `at` contributed to the prediction of the next word.

    Attributes:
        at: the last word read.
        first: the first word that is examined.
        target: the id of the next word.
        log_probability: ln P(target), in nats.
        baseline: ln P(target) with the embeddings of all these words at zero.
        integrated: (at - first + 1,) nats that each word contributed, by integrated gradients
            (Sundararajan, Taly & Yan 2017); None if captum is not installed. They sum to
            `log_probability - baseline`, up to the error of the integral.
        erased: likewise, the nats lost when only that word's embedding is set to zero.
    """

    at: int
    first: int
    target: int
    log_probability: float
    baseline: float
    integrated: np.ndarray | None
    erased: np.ndarray

    @property
    def difference(self) -> float:
        """The nats that the integrated gradients explain."""
        return self.log_probability - self.baseline

    @property
    def agreement(self) -> float | None:
        """The rank correlation (Spearman) of the two; None if there is nothing to compare."""
        if self.integrated is None or len(self.erased) < 3:
            return None
        ranks = np.stack([_ranks(self.integrated), _ranks(self.erased)])
        return float(np.corrcoef(ranks)[0, 1])


def attribute(traced: TextTrace, at: Sequence[int] | None = None) -> tuple[Attribution, ...]:
    """Return attributions of some predictions.

    Args:
        traced: the model and its text.
        at: the words after which predictions are examined; each has a next one. None: those that
            the text before made most likely, the last one included, at most `PREDICTIONS`.

    Args:
        traced: the model and its text.
        at: words after which the prediction is asked about; each has a next one. None: those
            that the text before made likeliest, the last one included, at most `PREDICTIONS`.
    """
    places = chosen(traced) if at is None else at
    return tuple(attribution(traced, t) for t in places)


def chosen(traced: TextTrace) -> list[int]:
    """Choose predictions to examine: those where the next word was least surprising for its kind.

    They are spread over the text: from each stretch, the word whose probability is highest above
    its mean over the text, and the last one.

    Spread over the text: from each stretch the word whose probability stands highest above its
    mean over the text; and the last one.
    """
    last = len(traced.reading) - 2
    if last < 0:
        return []
    came = traced.predictions.came[: last + 1]
    stretches = np.array_split(np.arange(last + 1), min(PREDICTIONS, last + 1))
    usual = {i: came[traced.reading.ids[1:] == i].mean() for i in set(traced.reading.ids[1:])}
    gain = came - np.array([usual[i] for i in traced.reading.ids[1:]])
    best = [int(part[np.lexsort((came[part], gain[part]))[-1]]) for part in stretches]
    return [*best[:-1], last]


def attribution(traced: TextTrace, at: int) -> Attribution:
    """Return the attribution of the prediction after word `at`, or raise IndexError at the end."""
    ids = traced.reading.ids
    if not 0 <= at < len(ids) - 1:
        raise IndexError(f"there is no word after word {at}: the text has {len(ids)}")
    network = traced.subject.network
    config = traced.subject.config.network
    reach = CONTEXT if config.is_recurrent else config.context_words
    first = max(0, at + 1 - reach)
    state = traced.state_before(first)
    inputs, target = torch.from_numpy(ids[first : at + 1]), int(ids[at + 1])
    embedded = network.embedding.weight.detach()[inputs]

    def score(batch: Tensor) -> Tensor:
        """Return ln P(target) for embedded words (N, L, E), in the network's precision."""
        return _log_probability(network, batch, inputs, state, target)

    L = len(inputs)
    erasing = embedded.repeat(L + 2, 1, 1)
    erasing[range(L), range(L)] = 0
    erasing[L] = 0
    with torch.no_grad():
        scores = score(erasing).double().numpy()
    whole, baseline = float(scores[L + 1]), float(scores[L])
    return Attribution(
        at,
        first,
        target,
        whole,
        baseline,
        _integrated(score, embedded, whole - baseline),
        whole - scores[:L],
    )


def _integrated(score: Any, embedded: Tensor, difference: float) -> np.ndarray | None:
    try:
        method = _integrated_gradients()(score)
    except MissingExtraError:
        return None
    points = POINTS
    while True:
        attributions: Tensor = method.attribute(
            embedded[None], torch.zeros_like(embedded[None]), n_steps=points
        )
        earned = np.array(attributions[0].double().sum(1).detach().numpy())
        wrong = abs(float(earned.sum()) - difference)
        if wrong <= TOLERANCE * max(1.0, abs(difference)) or points >= MOST_POINTS:
            return earned
        points *= 2


def _ranks(values: np.ndarray) -> np.ndarray:
    return np.argsort(np.argsort(values))


def is_available() -> bool:
    """Whether integrated gradients are available."""
    try:
        _integrated_gradients()
    except MissingExtraError:
        return False
    return True


def _integrated_gradients() -> Any:
    try:
        from captum.attr import IntegratedGradients
    except ModuleNotFoundError as error:
        raise MissingExtraError("attribution by integrated gradients", "inspect") from error
    return IntegratedGradients


def _log_probability(
    network: NextWordModel, batch: Tensor, ids: Tensor, state: State, target: int
) -> Tensor:
    N = len(batch)
    wide = tuple(part.expand(part.shape[0], N, *part.shape[2:]).contiguous() for part in state)
    inputs = ids[:, None].expand(-1, N)
    hidden, _ = network.hidden_states(batch.transpose(0, 1), inputs, wide)
    scores = network.scores(network.projected(hidden[-1]))
    return scores[:, target] - scores.logsumexp(1)
