"""Run a model in numpy, one word at a time, where nothing was compiled. No torch.

The equations are those of `foreword.cells`, which names their sources; tests compare the two.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from foreword.folder.architecture import ModelConfig
from foreword.folder.quantised import SCALE, dense

Array: TypeAlias = np.ndarray
Parts = tuple[Array, ...]
Gates = dict[str, Array]
StepFunction = Callable[[Array, Parts], tuple[Parts, Gates]]
"""Maps a layer's input and state to its next state, (H,) each, h first, and its gates by name."""
Affine = tuple[Array, Array, Array]
"""Weight (rows, n), gain (rows,) and bias (rows,)."""

EPSILON = 1e-5
"""The number added to variances, as in `foreword.cells.layer_norm`."""

_OUTER = ("embedding.", "decoder.", "projection.", "mixture.", "adaptive.")
"""The beginnings of the names of weights outside the layers."""


class NumpyLayers:
    """The layers between the embedding and the output, one word at a time."""

    def __init__(self, config: ModelConfig, weights: Mapping[str, Array]) -> None:
        self._embedding = weights["embedding.weight"]
        self._scales = weights.get("embedding.weight" + SCALE)
        inner = dense({k: v for k, v in weights.items() if not k.startswith(_OUTER)})
        layers = range(config.num_layers)
        with np.errstate(over="ignore"):
            self._steps = [_step_of(config, inner, layer) for layer in layers]

    def embedded(self, ids: int | Array) -> Array:
        """Return a word's vector, or those of several words, concatenated."""
        rows = self._embedding[ids]
        return np.asarray(
            rows if self._scales is None else rows * self._scales[ids][..., None]
        ).reshape(-1)

    def run(self, x: Array, parts: Parts) -> list[tuple[Parts, Gates]]:
        """Return each layer's state and gates after one more input; an MLP's output counts as h.

        Args:
            x: a result of `embedded`.
            parts: the parts of the state before, (num_layers, H) each; none for an MLP.
        """
        results = []
        with np.errstate(over="ignore", invalid="ignore"):  # reported when scores are needed
            for layer, step in enumerate(self._steps):
                new, gates = step(x, tuple(part[layer] for part in parts))
                results.append((new, gates))
                x = new[0]
        return results


class ByScores(ABC):
    """A network defined by one state's step and scores, which handles states one by one."""

    @abstractmethod
    def advance(self, parts: Parts, word: int) -> Parts:
        """Return the parts of the state after one more word id."""

    @abstractmethod
    def scores(self, parts: Parts, ids: Array | None) -> Array:
        """Return the scores of all words as the next, or of those in `ids`."""

    def call_up(self) -> None:  # noqa: B027, there is nothing to do
        """Do nothing, as there are no threads to wake."""

    def advance_many(self, parts: Sequence[Parts], words: Sequence[int]) -> list[Parts]:
        """Return what `advance` gives for each state with a word of its own."""
        return [self.advance(*pair) for pair in zip(parts, words, strict=True)]

    def best(
        self, parts: Parts, k: int, ids: Array | None, hidden: Sequence[int]
    ) -> list[tuple[int, float]] | None:
        """Return the result of `Engine.best`; None if scores overflow."""
        return likeliest(self.scores(parts, ids), k, ids, hidden)

    def best_many(
        self, parts: Sequence[Parts], k: int, ids: Sequence[Array | None], hidden: Sequence[int]
    ) -> list[list[tuple[int, float]] | None]:
        """Return the result of `best` for each state with ids of its own."""
        return [
            self.best(state_parts, k, candidates, hidden)
            for state_parts, candidates in zip(parts, ids, strict=True)
        ]


class NumpyNetwork(ByScores):
    """Advances the parts of a state, and scores words. Dequantises int8 weights to float32."""

    def __init__(self, config: ModelConfig, weights: Mapping[str, Array]) -> None:
        self._config = config
        self._w = dense(weights)
        self._output = self._w.get("decoder.weight", self._w["embedding.weight"])
        self._layers = NumpyLayers(config, self._w)
        self._clusters = config.clusters

    def advance(self, parts: Parts, word: int) -> Parts:
        """Return the parts of the state after one more word id."""
        if not self._config.is_recurrent:
            return (np.append(parts[0][1:], word),)
        after = tuple(np.empty_like(part) for part in parts)
        for layer, (new, _) in enumerate(self._layers.run(self._layers.embedded(word), parts)):
            for part, value in zip(after, new, strict=True):
                part[layer] = value
        return after

    def scores(self, parts: Parts, ids: Array | None) -> Array:
        """Return scores of all words, or of those in `ids`; ln P for mixtures and clusters."""
        output, bias = self._output, self._w["decoder.bias"]
        if self._clusters:
            clustered = self._clustered(self._features(parts))
            return clustered if ids is None else clustered[ids]
        if self._config.softmaxes > 1:
            mixed = self._mixed(self._features(parts))
            return mixed if ids is None else mixed[ids]
        if ids is not None:
            output, bias = output[ids], bias[ids]
        with np.errstate(over="ignore", invalid="ignore"):
            scores: Array = output @ self._features(parts) + bias
        return scores

    def _mixed(self, g: Array) -> Array:
        """Return ln P, (V,), by a mixture of softmaxes, as in `foreword.nn.mixture`."""
        w, K = self._w, self._config.softmaxes
        with np.errstate(over="ignore", invalid="ignore"):
            contexts = np.tanh(w["mixture.weight"] @ g + w["mixture.bias"]).reshape(K, -1)
            each = _log_softmax(contexts @ self._output.T + w["decoder.bias"])
            each += _log_softmax(w["mixture.prior"] @ g)[:, None]
            peak = each.max(axis=0)
            logs: Array = np.log(np.exp(each - peak).sum(axis=0)) + peak
        return logs

    def _clustered(self, g: Array) -> Array:
        """Return ln P, (V,), by an adaptive softmax, as in `foreword.nn.adaptive`."""
        w, common = self._w, self._config.adaptive_head
        bias = w["decoder.bias"]
        with np.errstate(over="ignore", invalid="ignore"):
            by_head = np.concatenate([bias[:common], w["adaptive.bias"]])
            head = _log_softmax(w["adaptive.head"] @ g + by_head)
            parts = [head[:common]]
            for k, cluster in enumerate(self._clusters):
                words = bias[cluster.first : cluster.first + cluster.words]
                inside = w[f"adaptive.up.{k}"] @ (w[f"adaptive.down.{k}"] @ g) + words
                parts.append(_log_softmax(inside) + head[common + k])
        return np.concatenate(parts)

    def _features(self, parts: Parts) -> Array:
        """Return the input of the output layer: (H,), or (E,) after a projection."""
        if self._config.is_recurrent:
            x = parts[0].sum(axis=0) if self._config.skip else parts[0][-1]
        else:
            ((x,), _) = self._layers.run(self._layers.embedded(parts[0]), ())[-1]
        if "projection.weight" in self._w:
            x = self._w["projection.weight"] @ x + self._w["projection.bias"]
        return np.asarray(x)


def likeliest(
    scores: Array, k: int, ids: Array | None, hidden: Sequence[int]
) -> list[tuple[int, float]] | None:
    """Return the k best words by score, as `Engine.best` does; None if scores overflow."""
    if len(scores) == 0:
        return []
    largest = scores.max()
    if not np.isfinite(largest):
        return None
    shares = np.exp(scores.astype(np.float64) - largest)
    shares /= shares.sum()
    ids = np.arange(len(scores)) if ids is None else ids
    shown = np.flatnonzero(~np.isin(ids, hidden))
    if k < len(shown):
        # Words whose scores tie with the last of the best are compared too.
        least = np.partition(scores[shown], len(shown) - k)[len(shown) - k] if k > 0 else np.inf
        shown = shown[scores[shown] >= least]
    order = shown[np.lexsort((ids[shown], -scores[shown]))][: max(k, 0)]
    return [(int(ids[position]), float(shares[position])) for position in order]


def _step_of(config: ModelConfig, weights: Mapping[str, Array], layer: int) -> StepFunction:
    if not config.is_recurrent:
        return _feed_forward(
            _activation(config), weights[f"hidden.{layer}.weight"], weights[f"hidden.{layer}.bias"]
        )
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    W_ih, W_hh, b_ih, b_hh = (weights[f"recurrent.{name}_l{layer}"] for name in names)
    match config.name:
        case "rnn":
            return _rnn(_activation(config), W_ih, W_hh, b_ih + b_hh)
        case "lstm" if config.mogrifier_rounds:
            Q, R = (_factors(weights, name, layer) for name in ("weight_q", "weight_r"))
            return _mogrified(config.mogrifier_rounds, Q, R, _lstm(W_ih, W_hh, b_ih + b_hh))
        case "lstm":
            return _lstm(W_ih, W_hh, b_ih + b_hh, clip=config.cell_clip)
        case "lstm-peephole":
            peephole = weights[f"recurrent.weight_peephole_l{layer}"]
            return _lstm(W_ih, W_hh, b_ih + b_hh, peephole, config.cell_clip)
        case "lstm-peephole-only":
            return _lstm_peephole_only(W_ih, W_hh, b_ih, b_hh, config.cell_clip)
        case "lstm-coupled":
            return _lstm_coupled(W_ih, W_hh, b_ih + b_hh)
        case "lstm-layernorm" | "gru-layernorm":
            s_ih, s_hh = (weights[f"recurrent.norm_{side}_l{layer}"] for side in ("ih", "hh"))
            into, back = (W_ih, s_ih, b_ih), (W_hh, s_hh, b_hh)
            if config.name == "gru-layernorm":
                return _gru_layernorm(into, back)
            memory = weights[f"recurrent.norm_c_l{layer}"], weights[f"recurrent.bias_c_l{layer}"]
            return _lstm_layernorm(into, back, memory)
        case _:
            return _gru(W_ih, W_hh, b_ih, b_hh, reset_after=config.reset_after)


def _activation(config: ModelConfig) -> Callable[[Array], Array]:
    return np.tanh if config.nonlinearity == "tanh" else lambda a: np.maximum(a, 0)


def _sigmoid(a: Array) -> Array:
    # tanh overflows for no argument.
    shares: Array = 0.5 * (np.tanh(0.5 * a) + 1)
    return shares


def _log_softmax(a: Array) -> Array:
    """Return the log softmax over the last dimension."""
    shifted = a - a.max(axis=-1, keepdims=True)
    logs: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return logs


def _feed_forward(activation: Callable[[Array], Array], W: Array, b: Array) -> StepFunction:
    def step(x: Array, state: Parts) -> tuple[Parts, Gates]:
        del state
        return (activation(W @ x + b),), {}

    return step


def _rnn(activation: Callable[[Array], Array], W_ih: Array, W_hh: Array, b: Array) -> StepFunction:
    def step(x: Array, state: Parts) -> tuple[Parts, Gates]:
        (h,) = state
        return (activation(W_ih @ x + W_hh @ h + b),), {}

    return step


def _lstm(
    W_ih: Array, W_hh: Array, b: Array, peephole: Array | None = None, clip: float = 0.0
) -> StepFunction:
    H, bound = W_hh.shape[1], clip or np.inf

    def step(x: Array, state: Parts) -> tuple[Parts, Gates]:
        h, c = state
        a = W_ih @ x + W_hh @ h + b
        if peephole is not None:
            a[: 2 * H] += (peephole[:2] * c).reshape(-1)
        i, f = _sigmoid(a[: 2 * H]).reshape(2, H)
        g = np.tanh(a[2 * H : 3 * H])
        c = np.clip(f * c + i * g, -bound, bound)
        if peephole is not None:
            a[3 * H :] += peephole[2] * c
        o = _sigmoid(a[3 * H :])
        return (o * np.tanh(c), c), {"i": i, "f": f, "g": g, "o": o}

    return step


def _factors(weights: Mapping[str, Array], name: str, layer: int) -> list[Array]:
    """Return the stacked matrices of all rounds, or their left and right factors."""
    names = (f"recurrent.{name}_l{layer}", f"recurrent.{name}_right_l{layer}")
    return [weights[part] for part in names if part in weights]


def _mogrified(rounds: int, Q: list[Array], R: list[Array], lstm: StepFunction) -> StepFunction:
    odd, even = (rounds + 1) // 2, rounds // 2
    by_q = list(zip(*(np.split(part, odd) for part in Q), strict=True))
    by_r = list(zip(*(np.split(part, even) for part in R), strict=True))

    def doubled(factors: tuple[Array, ...], v: Array) -> Array:
        for factor in reversed(factors):
            v = factor @ v
        return 2 * _sigmoid(v)

    def step(x: Array, state: Parts) -> tuple[Parts, Gates]:
        h, c = state
        for k in range(rounds):
            if k % 2 == 0:
                x = doubled(by_q[k // 2], h) * x
            else:
                h = doubled(by_r[k // 2], x) * h
        return lstm(x, (h, c))

    return step


def _lstm_peephole_only(
    W_ih: Array, W_hh: Array, b_ih: Array, b_hh: Array, clip: float
) -> StepFunction:
    H, bound = W_hh.shape[1], clip or np.inf

    def step(x: Array, state: Parts) -> tuple[Parts, Gates]:
        _, c = state
        x_i, x_f, x_g, x_o = (W_ih @ x + b_ih).reshape(4, H)
        c_i, c_f, c_o = (W_hh @ c + b_hh).reshape(3, H)
        i, f, o = _sigmoid(x_i + c_i), _sigmoid(x_f + c_f), _sigmoid(x_o + c_o)
        g = np.tanh(x_g)
        c = np.clip(f * c + i * g, -bound, bound)
        return (o * np.tanh(c), c), {"i": i, "f": f, "g": g, "o": o}

    return step


def _lstm_coupled(W_ih: Array, W_hh: Array, b: Array) -> StepFunction:
    H = W_hh.shape[1]

    def step(x: Array, state: Parts) -> tuple[Parts, Gates]:
        h, c = state
        a_f, a_g, a_o = (W_ih @ x + W_hh @ h + b).reshape(3, H)
        f, g, o = _sigmoid(a_f), np.tanh(a_g), _sigmoid(a_o)
        c = f * c + (1 - f) * g
        return (o * np.tanh(c), c), {"f": f, "g": g, "o": o}

    return step


def _lstm_layernorm(into: Affine, back: Affine, memory: tuple[Array, Array]) -> StepFunction:
    (W_ih, s_ih, b_ih), (W_hh, s_hh, b_hh), (s_c, b_c) = into, back, memory
    H = W_hh.shape[1]

    def step(x: Array, state: Parts) -> tuple[Parts, Gates]:
        h, c = state
        a = _normalised(W_ih @ x) * s_ih + b_ih + _normalised(W_hh @ h) * s_hh + b_hh
        i, f = _sigmoid(a[: 2 * H]).reshape(2, H)
        g, o = np.tanh(a[2 * H : 3 * H]), _sigmoid(a[3 * H :])
        c = f * c + i * g
        return (o * np.tanh(_normalised(c) * s_c + b_c), c), {"i": i, "f": f, "g": g, "o": o}

    return step


def _gru_layernorm(into: Affine, back: Affine) -> StepFunction:
    (W_ih, s_ih, b_ih), (W_hh, s_hh, b_hh) = into, back
    H = W_hh.shape[1]

    def parts(a: Array, gain: Array, bias: Array) -> Array:
        # r and z are normalised together, n separately.
        whole = np.concatenate([_normalised(a[: 2 * H]), _normalised(a[2 * H :])])
        return np.asarray(whole * gain + bias).reshape(3, H)

    def step(x: Array, state: Parts) -> tuple[Parts, Gates]:
        (h,) = state
        x_r, x_z, x_n = parts(W_ih @ x, s_ih, b_ih)
        h_r, h_z, h_n = parts(W_hh @ h, s_hh, b_hh)
        r, z = _sigmoid(x_r + h_r), _sigmoid(x_z + h_z)
        n = np.tanh(x_n + r * h_n)
        return ((1 - z) * n + z * h,), {"r": r, "z": z, "n": n}

    return step


def _normalised(a: Array) -> Array:
    centred: Array = a - a.mean()
    return np.asarray(centred / np.sqrt(np.mean(centred * centred) + np.float32(EPSILON)))


def _gru(W_ih: Array, W_hh: Array, b_ih: Array, b_hh: Array, *, reset_after: bool) -> StepFunction:
    H = W_hh.shape[1]

    def step(x: Array, state: Parts) -> tuple[Parts, Gates]:
        (h,) = state
        x_r, x_z, x_n = (W_ih @ x + b_ih).reshape(3, H)
        if reset_after:
            h_r, h_z, h_n = (W_hh @ h + b_hh).reshape(3, H)
            r = _sigmoid(x_r + h_r)
            n = np.tanh(x_n + r * h_n)
        else:
            h_r, h_z = (W_hh[: 2 * H] @ h + b_hh[: 2 * H]).reshape(2, H)
            r = _sigmoid(x_r + h_r)
            n = np.tanh(x_n + W_hh[2 * H :] @ (r * h) + b_hh[2 * H :])
        z = _sigmoid(x_z + h_z)
        return ((1 - z) * n + z * h,), {"r": r, "z": z, "n": n}

    return step
