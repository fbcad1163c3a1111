"""The computation of a client on its own text: a change of the weights. Knows no server, no people.

The loss, the windows of backpropagation through time and the layers are those of `foreword train`;
the steps are plain SGD, as in McMahan et al. (2017).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from foreword.federated.rules import ClientRule
from foreword.federated.server import Update, Weights
from foreword.models.build import load_weights, weights_of
from foreword.models.model import NextWordModel
from foreword.text.windows import LineWindows, StreamWindows
from foreword.training.objective import NextWords, Windows


@dataclass(frozen=True)
class Learned:
    """The outcome of a client's steps.

    Attributes:
        update: the data that is sent.
        nats: the mean loss per word before each step, for the reports of a simulation; not sent.
    """

    update: Update
    nats: float


def client_update(
    model: NextWordModel, weights: Weights, ids: np.ndarray, rule: ClientRule, seed: Sequence[int]
) -> Learned:
    """Return the change of the weights by some steps on a person's text.

    Args:
        model: a network of the weights' architecture, whose own weights are overwritten.
        weights: those that the server has sent.
        ids: the person's text, (N,), of 2 words or more.
        rule: how to learn.
        seed: chooses the passage of `rule.words` words that is read of a longer text.
    """
    load_weights(model, dict(weights))
    windows = _windows(part_of(ids, rule, seed), rule)
    objective = NextWords(model, windows, rule.settings(), torch.Generator())
    optimiser = torch.optim.SGD(model.parameters(), lr=rule.rate)
    model.train()
    nats, words = 0.0, 0
    while objective.epochs < rule.passes:
        loss, of_step = objective.backward(0.0)
        torch.nn.utils.clip_grad_norm_(model.parameters(), rule.gradient_clip)
        optimiser.step()
        objective.advance()
        nats, words = nats + float(loss) * of_step, words + of_step
    after = weights_of(model)
    with np.errstate(over="ignore", invalid="ignore"):  # the server drops NaN and infinity
        delta = {name: after[name] - value for name, value in weights.items()}
    return Learned(Update(delta, words // rule.passes), nats / max(1, words))


def part_of(ids: np.ndarray, rule: ClientRule, seed: Sequence[int]) -> np.ndarray:
    """Return the passage of a person's text (N,) that is read in a round: at most `rule.words`."""
    if len(ids) <= rule.words:
        return ids
    first = int(np.random.default_rng(list(seed)).integers(len(ids) - rule.words + 1))
    return ids[first : first + rule.words]


def _windows(ids: np.ndarray, rule: ClientRule) -> Windows:
    if rule.bptt == "sentence":
        return LineWindows(ids, batch_words=rule.batch_size * rule.window, max_length=rule.window)
    return StreamWindows(ids, batch_size=rule.batch_size, window=rule.window)
