"""Runs a model's weights in numpy, one word at a time. Knows ids, not words; no torch.

The equations are those of `foreword.cells`, where their sources are named; the tests hold both
against each other.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from foreword.errors import FolderError
from foreword.folder.config import ModelConfig
from foreword.predictor.state import State
from foreword.text.tokenizer import EOS_ID

Array = np.ndarray
Step = Callable[[Array, tuple[Array, ...]], tuple[Array, ...]]
Likely = list[tuple[int, float]]
"""Ids and their probabilities, the likeliest first; of equals the smaller id."""


class Engine:
    """A model that advances a state by a word and scores the next."""

    def __init__(self, config: ModelConfig, weights: Mapping[str, Array]) -> None:
        self.config = config
        self._w = weights
        self._output = weights.get("decoder.weight", weights["embedding.weight"])
        layers = range(config.num_layers)
        with np.errstate(over="ignore"):
            self._steps = [_step_of(config, weights, layer) for layer in layers]

    def start(self) -> State:
        """The state before any word: zeros, or a window of line ends."""
        config = self.config
        if not config.is_recurrent:
            return State((np.full(config.context_words, EOS_ID, dtype=np.int64),), EOS_ID)
        parts = 2 if config.name.startswith("lstm") else 1
        shape = (config.num_layers, config.hidden_size)
        return State(tuple(np.zeros(shape, dtype=np.float32) for _ in range(parts)), EOS_ID)

    def advance(self, state: State, word: int) -> State:
        """The state after one more word id."""
        if not self.config.is_recurrent:
            return State((np.append(state.parts[0][1:], word),), word)
        x = self._w["embedding.weight"][word]
        after = tuple(np.empty_like(part) for part in state.parts)
        with np.errstate(over="ignore", invalid="ignore"):  # answered in `logits`
            for layer, step in enumerate(self._steps):
                new = step(x, tuple(part[layer] for part in state.parts))
                for part, value in zip(after, new, strict=True):
                    part[layer] = value
                x = new[0]
        return State(after, word)

    def advance_many(self, states: Sequence[State], words: Sequence[int]) -> list[State]:
        """Each state after one more word id of its own."""
        return [self.advance(state, word) for state, word in zip(states, words, strict=True)]

    def best(
        self, state: State, k: int, words: Array | None = None, hidden: Sequence[int] = ()
    ) -> Likely:
        """The k likeliest next words and their probabilities.

        Args:
            state: after the text.
            k: how many at most.
            words: ids, distinct: only these are scored, and P given that the next is one of them.
            hidden: ids that are not given, though they have their share of the probability.

        Raises:
            FolderError: as `logits`.
        """
        shares = self.probabilities(state, words)
        ids = np.arange(len(shares)) if words is None else words
        if hidden:
            seen = np.isin(ids, hidden, invert=True)
            ids, shares = ids[seen], shares[seen]
        if k < len(ids):
            top = np.argpartition(-shares, k)[:k]
            ids, shares = ids[top], shares[top]
        order = np.lexsort((ids, -shares))
        return list(zip(ids[order].tolist(), shares[order].tolist(), strict=True))

    def features(self, state: State) -> Array:
        """What the output layer sees of a state, (H,), or (E,) where tied to the embedding."""
        if self.config.is_recurrent:
            x = state.parts[0][-1]
        else:
            x = self._w["embedding.weight"][state.parts[0]].reshape(-1)
            for step in self._steps:
                (x,) = step(x, ())
        if "projection.weight" in self._w:
            x = self._w["projection.weight"] @ x + self._w["projection.bias"]
        return np.asarray(x)

    def logits(self, state: State, words: Array | None = None) -> Array:
        """Scores of every word as the next, (V,); or of some words alone, by their ids.

        Raises:
            FolderError: they overflow, so that there are no probabilities.
        """
        output, bias = self._output, self._w["decoder.bias"]
        if words is not None:
            output, bias = output[words], bias[words]
        with np.errstate(over="ignore", invalid="ignore"):
            scores: Array = output @ self.features(state) + bias
        if len(scores) and not np.isfinite(scores.max()):
            raise FolderError(
                "the model's scores overflow after this text: its weights are too large. "
                "Train it anew with a smaller learning rate"
            )
        return scores

    def probabilities(self, state: State, words: Array | None = None) -> Array:
        """P(next word), (V,) float32, sums to 1.

        Args:
            state: after the text.
            words: ids; P given that the next is one of these, (len(words),). Scores no others.
        """
        scores = self.logits(state, words)
        if len(scores) == 0:
            return scores
        shares = np.exp(scores - scores.max())
        shares /= shares.sum(dtype=np.float64)
        return np.asarray(shares)

    def log_probabilities(self, state: State) -> Array:
        """Natural logarithm of P(next word), (V,) float64; exact where P itself rounds to 0."""
        scores = self.logits(state).astype(np.float64)
        scores -= scores.max()
        return np.asarray(scores - np.log(np.exp(scores).sum()))


def _step_of(config: ModelConfig, weights: Mapping[str, Array], layer: int) -> Step:
    if not config.is_recurrent:
        return _feed_forward(
            _activation(config), weights[f"hidden.{layer}.weight"], weights[f"hidden.{layer}.bias"]
        )
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    W_ih, W_hh, b_ih, b_hh = (weights[f"recurrent.{name}_l{layer}"] for name in names)
    match config.name:
        case "rnn":
            return _rnn(_activation(config), W_ih, W_hh, b_ih + b_hh)
        case "lstm":
            return _lstm(W_ih, W_hh, b_ih + b_hh)
        case "lstm-peephole":
            peephole = weights[f"recurrent.weight_peephole_l{layer}"]
            return _lstm(W_ih, W_hh, b_ih + b_hh, peephole)
        case "lstm-peephole-only":
            return _lstm_peephole_only(W_ih, W_hh, b_ih, b_hh)
        case "lstm-coupled":
            return _lstm_coupled(W_ih, W_hh, b_ih + b_hh)
        case _:
            return _gru(W_ih, W_hh, b_ih, b_hh, reset_after=config.reset_after)


def _activation(config: ModelConfig) -> Callable[[Array], Array]:
    return np.tanh if config.nonlinearity == "tanh" else lambda a: np.maximum(a, 0)


def _sigmoid(a: Array) -> Array:
    # By tanh, which overflows for no argument.
    shares: Array = 0.5 * (np.tanh(0.5 * a) + 1)
    return shares


def _feed_forward(activation: Callable[[Array], Array], W: Array, b: Array) -> Step:
    def step(x: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        del state
        return (activation(W @ x + b),)

    return step


def _rnn(activation: Callable[[Array], Array], W_ih: Array, W_hh: Array, b: Array) -> Step:
    def step(x: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        (h,) = state
        return (activation(W_ih @ x + W_hh @ h + b),)

    return step


def _lstm(W_ih: Array, W_hh: Array, b: Array, peephole: Array | None = None) -> Step:
    H = W_hh.shape[1]

    def step(x: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        h, c = state
        a = W_ih @ x + W_hh @ h + b
        if peephole is not None:
            a[: 2 * H] += (peephole[:2] * c).reshape(-1)
        i, f = _sigmoid(a[: 2 * H]).reshape(2, H)
        c = f * c + i * np.tanh(a[2 * H : 3 * H])
        if peephole is not None:
            a[3 * H :] += peephole[2] * c
        return _sigmoid(a[3 * H :]) * np.tanh(c), c

    return step


def _lstm_peephole_only(W_ih: Array, W_hh: Array, b_ih: Array, b_hh: Array) -> Step:
    H = W_hh.shape[1]

    def step(x: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        _, c = state
        x_i, x_f, x_g, x_o = (W_ih @ x + b_ih).reshape(4, H)
        c_i, c_f, c_o = (W_hh @ c + b_hh).reshape(3, H)
        o = _sigmoid(x_o + c_o)
        c = _sigmoid(x_f + c_f) * c + _sigmoid(x_i + c_i) * np.tanh(x_g)
        return o * np.tanh(c), c

    return step


def _lstm_coupled(W_ih: Array, W_hh: Array, b: Array) -> Step:
    H = W_hh.shape[1]

    def step(x: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        h, c = state
        a_f, a_g, a_o = (W_ih @ x + W_hh @ h + b).reshape(3, H)
        f = _sigmoid(a_f)
        c = f * c + (1 - f) * np.tanh(a_g)
        return _sigmoid(a_o) * np.tanh(c), c

    return step


def _gru(W_ih: Array, W_hh: Array, b_ih: Array, b_hh: Array, *, reset_after: bool) -> Step:
    H = W_hh.shape[1]

    def step(x: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        (h,) = state
        x_r, x_z, x_n = (W_ih @ x + b_ih).reshape(3, H)
        if reset_after:
            h_r, h_z, h_n = (W_hh @ h + b_hh).reshape(3, H)
            n = np.tanh(x_n + _sigmoid(x_r + h_r) * h_n)
        else:
            h_r, h_z = (W_hh[: 2 * H] @ h + b_hh[: 2 * H]).reshape(2, H)
            r = _sigmoid(x_r + h_r)
            n = np.tanh(x_n + W_hh[2 * H :] @ (r * h) + b_hh[2 * H :])
        z = _sigmoid(x_z + h_z)
        return ((1 - z) * n + z * h,)

    return step
