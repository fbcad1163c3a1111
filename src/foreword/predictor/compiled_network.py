"""Run a recurrent model in C++, with its weights packed once. Holds no equations."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from foreword import compiled
from foreword.cells.cell import Cell
from foreword.cells.gru import GRUCell
from foreword.cells.lstm import CoupledLSTMCell, LSTMCell
from foreword.cells.peephole import PeepholeLSTMCell, PeepholeOnlyLSTMCell
from foreword.cells.rnn import ElmanCell
from foreword.cells.scale_invariant import ScaleInvariantCoupledLSTMCell
from foreword.folder.architecture import ModelConfig
from foreword.folder.files import bytes_behind
from foreword.folder.quantised import SCALE
from foreword.predictor.numpy_network import Array, Parts

MOST_INT8_COLUMNS = 1 << 16
"""The most columns of a matrix for which a sum of int8 products fits into 32 bits."""
MOST_FOR_ONE = 8
"""The most threads that compute the scores of one user; waking more would cost more than it
saves."""


CELLS = frozenset(
    {
        *(ElmanCell, GRUCell, LSTMCell, CoupledLSTMCell, ScaleInvariantCoupledLSTMCell),
        *(PeepholeLSTMCell, PeepholeOnlyLSTMCell),
    }
)
"""The cells whose equations are in `native/cells`; numpy runs the others."""


class CompiledNetwork:
    """Does the work of `NumpyNetwork` by `native/network.hpp`.

    In float32 the results are the same. With int8 weights, inputs and hidden states are rounded to
    127ths of their largest value, so that all products are of whole numbers.

    Attributes:
        native: the network there.
        skips: whether the output layer sees the sum of all layers' h.
        threads_for_one: the most threads that compute the scores of one user.
    """

    def __init__(
        self, module: Any, config: ModelConfig, weights: Mapping[str, Array], threads: int
    ) -> None:
        self._threads = threads
        self._module = module
        self._weights = weights
        output = "embedding.weight" if config.tied else "decoder.weight"
        has_projection = "projection.weight" in weights
        self.native = module.Network(
            name_of(config.cell),
            self._matrix("embedding.weight"),
            [self._layer(config, layer) for layer in range(config.num_layers)],
            self._matrix("projection.weight", weights["projection.bias"])
            if has_projection
            else None,
            self._matrix(output, weights["decoder.bias"]),
            config.cell_clip,
        )
        self._words = config.vocab_size
        self.skips = config.skip
        self.threads_for_one = min(threads, MOST_FOR_ONE)

    def advance(self, parts: Parts, word: int) -> Parts:
        """Return the parts of the state after one more word id."""
        after = tuple([np.empty_like(part) for part in parts])
        self.native.advance(word, parts, after)
        return after

    def call_up(self) -> None:
        """Wake the threads that share long work."""
        self._module.call_up(self.threads_for_one)

    def advance_many(self, parts: Sequence[Parts], words: Sequence[int]) -> list[Parts]:
        """Return the result of `advance` for each state with a word of its own, bit for bit."""
        after = [tuple([np.empty_like(part) for part in before]) for before in parts]
        ids = np.asarray(words, dtype=np.int64)
        self.native.advance_many(ids, list(parts), after, self._threads)
        return after

    def scores(self, parts: Parts, ids: Array | None) -> Array:
        """Return the scores of all words as the next, or of those in `ids`."""
        ids = _checked(ids)
        scores = np.empty(self._words if ids is None else len(ids), dtype=np.float32)
        self.native.scores(self._shown(parts), ids, scores, self.threads_for_one)
        return scores

    def best(
        self, parts: Parts, k: int, ids: Array | None, hidden: Sequence[int]
    ) -> list[tuple[int, float]] | None:
        """Return the result of `Engine.best`; None if scores overflow."""
        likeliest: list[tuple[int, float]] | None = self.native.best(
            self._shown(parts), k, _checked(ids), hidden, self.threads_for_one
        )
        return likeliest

    def best_of_scores(
        self, scores: Array, k: int, ids: Array | None, hidden: Sequence[int]
    ) -> list[tuple[int, float]] | None:
        """Return the result of `best` by scores that are given."""
        likeliest: list[tuple[int, float]] | None = self.native.best_of_scores(
            scores, k, _checked(ids), hidden
        )
        return likeliest

    def best_many(
        self, parts: Sequence[Parts], k: int, ids: Sequence[Array | None], hidden: Sequence[int]
    ) -> list[list[tuple[int, float]] | None]:
        """Return the result of `best` for each state with ids of its own."""
        likeliest: list[list[tuple[int, float]] | None] = self.native.best_many(
            [self._shown(state_parts) for state_parts in parts],
            k,
            [_checked(candidates) for candidates in ids],
            hidden,
            self._threads,
        )
        return likeliest

    def _shown(self, parts: Parts) -> Array:
        """Return h, (num_layers, H), with the output layer's input in its last row."""
        if not self.skips:
            return parts[0]
        shown = parts[0].copy()
        shown[-1] = parts[0].sum(axis=0)
        return shown

    def _matrix(self, name: str, bias: Array | None = None) -> Any:
        return matrix(self._module, self._weights, name, bias)

    def _layer(self, config: ModelConfig, layer: int) -> Any:
        return compiled_layer(self._module, config.cell, self._weights, "recurrent.", f"_l{layer}")


def matrix(module: Any, weights: Mapping[str, Array], name: str, bias: Array | None = None) -> Any:
    """Return a matrix in the form that the native module expects, float32 or int8."""
    values, scales = weights[name], weights.get(name + SCALE)
    if scales is None:
        return module.Matrix(np.asarray(values, np.float32, order="C"), bias)
    return module.Matrix(values, scales, bias, room=bytes_behind(values))


def compiled_layer(
    module: Any, cell: Cell, weights: Mapping[str, Array], prefix: str, suffix: str
) -> Any:
    """Return a layer for the native module; the names of its weights have prefix and suffix."""
    bias, bias_n = _biases(
        cell, *(weights[f"{prefix}bias_{side}{suffix}"] for side in ("ih", "hh"))
    )
    return module.Layer(
        matrix(module, weights, f"{prefix}weight_ih{suffix}", bias),
        matrix(module, weights, f"{prefix}weight_hh{suffix}"),
        bias_n,
        weights.get(f"{prefix}weight_peephole{suffix}"),
    )


def network(
    config: ModelConfig, weights: Mapping[str, Array], threads: int
) -> CompiledNetwork | None:
    """Return the model in C++; None without a compiled module, or if only numpy can run it."""
    module = compiled.loaded()
    is_wide = max(config.hidden_size, config.embedding_size) > MOST_INT8_COLUMNS
    has_loop = config.softmaxes == 1 and not config.clusters
    if module is None or not config.is_recurrent or is_wide or not has_loop:
        return None
    if type(config.cell) not in CELLS:
        return None
    return CompiledNetwork(module, config, weights, threads)


def name_of(cell: Cell) -> str:
    """Return the native module's name of a cell with its options."""
    if isinstance(cell, ElmanCell) and cell.nonlinearity == "relu":
        return "rnn-relu"
    if isinstance(cell, GRUCell) and not cell.reset_after:
        return "gru-reset-before"
    return cell.name


def _biases(cell: Cell, b_ih: Array, b_hh: Array) -> tuple[Array, Array | None]:
    """Return the biases outside of a reset gate, and those inside one."""
    bias = b_ih.astype(np.float32)
    H = len(bias) // len(cell.gates)
    with np.errstate(over="ignore"):
        if isinstance(cell, GRUCell) and cell.reset_after:
            bias[: 2 * H] += b_hh[: 2 * H]
            return bias, np.array(b_hh[2 * H :], dtype=np.float32)
        if isinstance(cell, PeepholeOnlyLSTMCell):  # g sees only the input
            bias[: 2 * H] += b_hh[: 2 * H]
            bias[3 * H :] += b_hh[2 * H :]
        else:
            bias += b_hh
    return bias, None


def _checked(ids: Array | None) -> Array | None:
    return None if ids is None else np.ascontiguousarray(ids, dtype=np.int64)
