"""A round at the server: the changes of some people become new weights. Knows no text and no torch.

Federated averaging (McMahan et al. 2017, "Communication-efficient learning of deep networks from
decentralized data") adds the mean change to the weights. In the view of Reddi et al. (2021,
"Adaptive federated optimization"), the mean is a gradient, with which the server may also use
momentum or Adam. With noise, the mean is that of DP-FTRL: its sum over all rounds so far carries
the noise of a tree (Kairouz et al. 2021, "Practical and private (deep) learning without sampling or
shuffling").
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from foreword.federated.noise_tree import Draw, NoiseTree
from foreword.federated.rules import ServerRule
from foreword.visible import shown

Weights = Mapping[str, np.ndarray]
"""Arrays by name, float32."""


@dataclass(frozen=True)
class Update:
    """The data that a client sends.

    Attributes:
        delta: its weights after its steps minus those before.
        words: the number of words that it read, its weight in the mean.
    """

    delta: Weights
    words: int


@dataclass(frozen=True)
class ServerState:
    """Everything that a round changes. A value: `server_round` returns another one.

    Attributes:
        weights: those of the model.
        round: the number of rounds so far.
        received: the number of changes that were used.
        dropped: the number of changes that were not; see `fault_of`.
        words: the number of words that were read for the used changes.
        mean: the mean change, decayed over rounds.
        square: its mean square, only for "fedadam".
        tree: the noise so far.
    """

    weights: Weights
    round: int = 0
    received: int = 0
    dropped: int = 0
    words: int = 0
    mean: Weights = field(default_factory=dict)
    square: Weights = field(default_factory=dict)
    tree: NoiseTree = field(default_factory=NoiseTree)


def fault_of(update: Update, weights: Weights, longest: float = math.inf) -> str | None:
    """Return why an update from any sender cannot be used; None if it can.

    Args:
        update: the data that was sent.
        weights: arrays of the right names, shapes and kinds.
        longest: the largest norm that an honest sender's change can have.
    """
    if update.words < 1:
        return "it read no words"
    if update.delta.keys() != weights.keys():
        names = sorted(update.delta.keys() ^ weights.keys())
        return f"its arrays are not the model's: {shown(names[0][:40])}"
    for name, values in update.delta.items():
        own = weights[name]
        if values.shape != own.shape:
            return f"{name} has shape {values.shape}, and the model's has {own.shape}"
        if values.dtype != own.dtype:
            return f"{name} is of {shown(str(values.dtype)[:40])}, and the model's of {own.dtype}"
    norm = norm_of(update.delta)
    if not math.isfinite(norm):
        return "it holds NaN, infinity or numbers too large"
    if norm > longest:
        return f"its norm is {norm:.3g}, and training as it was told gives {longest:.3g} at most"
    return None


def norm_of(delta: Weights) -> float:
    """Return the L2 norm over all arrays together."""
    squares = (np.square(values, dtype=np.float64).sum() for values in delta.values())
    return math.sqrt(sum(map(float, squares)))


def clipped(delta: Weights, clip: float) -> Weights:
    """Return a change whose L2 norm is at most `clip`: scaled down if it is longer."""
    norm = norm_of(delta)
    if norm <= clip:
        return delta
    # A little less than clip / norm, as float32 may round up.
    share = np.float32(clip / norm * (1.0 - 1e-6))
    return {name: values * share for name, values in delta.items()}


def server_round(
    state: ServerState, updates: Sequence[Update], rule: ServerRule, draw: Draw | None = None
) -> ServerState:
    """Return the state after one more round.

    Args:
        state: the state before it.
        updates: the data that the round's clients have sent. Unusable updates are dropped and
            counted.
        rule: how new weights are made.
        draw: the noise of each node, for all weights in the order of their names; required if the
            rule has noise.
    """
    usable = [update for update in updates if not fault_of(update, state.weights, rule.longest)]
    mean, tree = _mean(usable, rule, state.weights), state.tree
    if rule.noise > 0:
        assert draw is not None
        noise, tree = tree.added(draw)
        scale = np.float32(rule.noise * rule.clip / rule.clients)
        mean = {name: mean[name] + scale * part for name, part in _split(noise, mean).items()}
    decayed = _decayed(state.mean, mean, rule)
    square, step = state.square, decayed
    if rule.optimiser == "fedadam":
        square = _square(state.square, mean, rule)
        tau = np.float32(rule.adaptivity)
        step = {name: decayed[name] / (np.sqrt(square[name]) + tau) for name in decayed}
    rate = np.float32(rule.rate)
    return replace(
        state,
        weights={name: value + rate * step[name] for name, value in state.weights.items()},
        round=state.round + 1,
        received=state.received + len(usable),
        dropped=state.dropped + len(updates) - len(usable),
        words=state.words + sum(update.words for update in usable),
        mean=decayed,
        square=square,
        tree=tree,
    )


def _mean(updates: Sequence[Update], rule: ServerRule, like: Weights) -> Weights:
    """Return the mean of clipped changes; zeros if there are none."""
    shares = [1.0 if rule.noise > 0 else float(update.words) for update in updates]
    whole = float(rule.clients) if rule.noise > 0 else max(1.0, sum(shares))
    mean = {name: np.zeros_like(value) for name, value in like.items()}
    for update, share in zip(updates, shares, strict=True):
        for name, values in clipped(update.delta, rule.clip).items():
            mean[name] += np.float32(share / whole) * values
    return mean


def _decayed(before: Weights, mean: Weights, rule: ServerRule) -> Weights:
    """Return the mean over rounds: a sum for "fedavg", as SGD with momentum, a mean for Adam."""
    if not before or rule.momentum == 0.0:
        before = {name: np.zeros_like(value) for name, value in mean.items()}
    fresh = np.float32(1.0 - rule.momentum if rule.optimiser == "fedadam" else 1.0)
    decay = np.float32(rule.momentum)
    return {name: decay * before[name] + fresh * value for name, value in mean.items()}


def _square(before: Weights, mean: Weights, rule: ServerRule) -> Weights:
    """Return the mean square over rounds, which begins with the square of `adaptivity`."""
    if not before:
        start = np.float32(rule.adaptivity**2)
        before = {name: np.full_like(value, start) for name, value in mean.items()}
    decay, fresh = np.float32(rule.beta2), np.float32(1.0 - rule.beta2)
    return {name: decay * before[name] + fresh * value**2 for name, value in mean.items()}


def _split(vector: np.ndarray, like: Weights) -> Weights:
    """Return a vector's numbers as arrays of these names and shapes, in the order of the names."""
    parts, begin = {}, 0
    for name in sorted(like):
        values = like[name]
        parts[name] = vector[begin : begin + values.size].reshape(values.shape)
        begin += values.size
    return parts
