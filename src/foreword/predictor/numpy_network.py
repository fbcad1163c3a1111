"""Run a model in numpy, one word at a time, if there is no compiled module. No torch.

The equations are those of `foreword.cells`, which run on arrays as they run on tensors.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from foreword.cells.operations import linear, relu, tanh
from foreword.folder.architecture import ModelConfig
from foreword.folder.quantised import SCALE, dense

Array: TypeAlias = np.ndarray
Parts = tuple[Array, ...]
Gates = dict[str, Array]
StepFunction = Callable[[Array, Parts], tuple[Parts, Gates]]
"""Maps a layer's input and state to its next state, (H,) each, h first, and its gates by name."""
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
        """Return the result of `advance` for each state with a word of its own."""
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
        activation = tanh if config.nonlinearity == "tanh" else relu
        W, b = weights[f"hidden.{layer}.weight"], weights[f"hidden.{layer}.bias"]
        return lambda x, _: ((activation(linear(x, W, b)),), {})
    cell, end = config.cell, f"_l{layer}"
    shapes = cell.parameter_shapes(1, 1)
    of_layer = {name: weights[f"recurrent.{name}{end}"] for name in shapes}

    def step(x: Array, state: Parts) -> tuple[Parts, Gates]:
        after, gates = cell.step(x, state, of_layer)
        # An Elman network's only "gate" is its hidden state.
        return after, {name: gate for name, gate in gates.items() if name not in cell.states}

    return step


def _log_softmax(a: Array) -> Array:
    """Return the log softmax over the last dimension."""
    shifted = a - a.max(axis=-1, keepdims=True)
    logs: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return logs
