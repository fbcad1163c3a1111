"""A recurrent model in C++: its weights packed once, microseconds a step. No equations."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from foreword import compiled
from foreword.folder.architecture import ModelConfig
from foreword.folder.quantised import SCALE
from foreword.predictor.numpy_network import Array, Parts

MOST_INT8_COLUMNS = 1 << 16
"""Beyond which a sum of int8 products would not fit 32 bits."""
MOST_FOR_ONE = 8
"""Threads that share the scores of one user: more would be woken for a few microseconds each."""


class CompiledNetwork:
    """What `NumpyNetwork` does, by `native/network.hpp`.

    In float32 it computes the same. Of int8 weights the products are of whole numbers: inputs and
    hidden states are rounded to 127ths of their largest value before each.
    """

    def __init__(
        self, module: Any, config: ModelConfig, weights: Mapping[str, Array], threads: int
    ) -> None:
        self._threads = threads
        self._module = module
        self._weights = weights
        output = "embedding.weight" if config.tied else "decoder.weight"
        has_projection = "projection.weight" in weights
        self._network = module.Network(
            _cell(config),
            self._matrix("embedding.weight"),
            [self._layer(config, layer) for layer in range(config.num_layers)],
            self._matrix("projection.weight", weights["projection.bias"])
            if has_projection
            else None,
            self._matrix(output, weights["decoder.bias"]),
            config.cell_clip,
        )
        self._words = config.vocab_size
        self._skips = config.skip
        self._threads_for_one = min(threads, MOST_FOR_ONE)

    def advance(self, parts: Parts, word: int) -> Parts:
        """The parts after one more word id."""
        after = tuple([np.empty_like(part) for part in parts])
        self._network.advance(word, parts, after)
        return after

    def call_up(self) -> None:
        """Wakes the threads that share long work."""
        self._module.call_up(self._threads_for_one)

    def advance_many(self, parts: Sequence[Parts], words: Sequence[int]) -> list[Parts]:
        """The same of many states, each with a word of its own, the same bit for bit."""
        after = [tuple([np.empty_like(part) for part in one]) for one in parts]
        ids = np.asarray(words, dtype=np.int64)
        self._network.advance_many(ids, list(parts), after, self._threads)
        return after

    def scores(self, parts: Parts, ids: Array | None) -> Array:
        """Of all words as the next, or of some."""
        ids = _checked(ids)
        found = np.empty(self._words if ids is None else len(ids), dtype=np.float32)
        self._network.scores(self._shown(parts), ids, found, self._threads_for_one)
        return found

    def best(
        self, parts: Parts, k: int, ids: Array | None, hidden: Sequence[int]
    ) -> list[tuple[int, float]] | None:
        """As `Engine.best`; None where scores overflow."""
        found: list[tuple[int, float]] | None = self._network.best(
            self._shown(parts), k, _checked(ids), hidden, self._threads_for_one
        )
        return found

    def best_many(
        self, parts: Sequence[Parts], k: int, ids: Sequence[Array | None], hidden: Sequence[int]
    ) -> list[list[tuple[int, float]] | None]:
        """The same of many states, each with ids of its own."""
        found: list[list[tuple[int, float]] | None] = self._network.best_many(
            [self._shown(one) for one in parts],
            k,
            [_checked(some) for some in ids],
            hidden,
            self._threads,
        )
        return found

    def _shown(self, parts: Parts) -> Array:
        """h, (num_layers, H), its last row as the output layer is to see it."""
        if not self._skips:
            return parts[0]
        shown = parts[0].copy()
        shown[-1] = parts[0].sum(axis=0)
        return shown

    def _matrix(self, name: str, bias: Array | None = None) -> Any:
        values, scales = self._weights[name], self._weights.get(name + SCALE)
        if scales is None:
            return self._module.Matrix(np.asarray(values, np.float32, order="C"), bias)
        return self._module.Matrix(values, scales, bias)

    def _layer(self, config: ModelConfig, layer: int) -> Any:
        prefix, place = "recurrent.", f"_l{layer}"
        bias, bias_n = _biases(
            config, *(self._weights[f"{prefix}bias_{side}{place}"] for side in ("ih", "hh"))
        )
        return self._module.Layer(
            self._matrix(f"{prefix}weight_ih{place}", bias),
            self._matrix(f"{prefix}weight_hh{place}"),
            bias_n,
            self._weights.get(f"{prefix}weight_peephole{place}"),
        )


def network(
    config: ModelConfig, weights: Mapping[str, Array], threads: int
) -> CompiledNetwork | None:
    """The model in C++; None where nothing was compiled, or for a model that numpy runs."""
    module = compiled.loaded()
    is_wide = max(config.hidden_size, config.embedding_size) > MOST_INT8_COLUMNS
    has_loop = config.softmaxes == 1 and config.mogrifier_rounds == 0 and not config.clusters
    has_loop = has_loop and not config.name.endswith("-layernorm")
    if module is None or not config.is_recurrent or is_wide or not has_loop:
        return None
    return CompiledNetwork(module, config, weights, threads)


def _cell(config: ModelConfig) -> str:
    if config.name == "rnn" and config.nonlinearity == "relu":
        return "rnn-relu"
    if config.name == "gru" and not config.reset_after:
        return "gru-reset-before"
    return config.name


def _biases(config: ModelConfig, b_ih: Array, b_hh: Array) -> tuple[Array, Array | None]:
    """All that stand outside a reset gate, and those inside."""
    H = config.hidden_size
    bias = b_ih.astype(np.float32)
    with np.errstate(over="ignore"):
        if config.name == "gru" and config.reset_after:
            bias[: 2 * H] += b_hh[: 2 * H]
            return bias, np.array(b_hh[2 * H :], dtype=np.float32)
        if config.name == "lstm-peephole-only":  # g sees the input alone
            bias[: 2 * H] += b_hh[: 2 * H]
            bias[3 * H :] += b_hh[2 * H :]
        else:
            bias += b_hh
    return bias, None


def _checked(ids: Array | None) -> Array | None:
    return None if ids is None else np.ascontiguousarray(ids, dtype=np.int64)
