"""Run a recurrent layer over time: in C++ if it was compiled and knows the cell, else in numpy."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from foreword import compiled
from foreword.cells.cell import Cell, State
from foreword.cores import available
from foreword.predictor.compiled_network import CELLS, compiled_layer, name_of

Array = np.ndarray


class Layer(Protocol):
    """A recurrent layer."""

    def run(self, x: Array, state: State, begins: Array) -> tuple[Array, State]:
        """Return the outputs (rows, H), and the states of the sequences that have the last step.

        Args:
            x: the inputs of each step's sequences, one step after the other, (rows, I).
            state: before them, (N, H) for each of the cell's states.
            begins: the first row of each of T steps, and the number of rows, (T + 1,) of int64. All
                sequences have the first step, and the first ones of them each later one.
        """


class CellLayer:
    """A layer that is run by the cell's equations, one step after the other."""

    def __init__(self, cell: Cell, weights: Mapping[str, Any], prefix: str, suffix: str) -> None:
        self._cell = cell
        parts = cell.parameter_shapes(1, 1)
        self._weights = {part: weights[f"{prefix}{part}{suffix}"] for part in parts}

    def run(self, x: Array, state: State, begins: Array) -> tuple[Array, State]:
        """See `Layer`."""
        outputs = []
        for begin, end in pairwise(begins.tolist()):
            before = tuple(part[: end - begin] for part in state)
            state, _ = self._cell.step(x[begin:end], before, self._weights)
            outputs.append(state[0])
        return np.concatenate(outputs), state


class CompiledLayer:
    """A layer that is run by `native/network.hpp`.

    With int8 weights, inputs are rounded to 127ths of their largest value, and hidden states to
    127ths.
    """

    def __init__(self, cell: Cell, weights: Mapping[str, Array], prefix: str, suffix: str) -> None:
        module: Any = compiled.loaded()
        layer = compiled_layer(module, cell, weights, prefix, suffix)
        self._hidden = weights[f"{prefix}weight_hh{suffix}"].shape[1]
        inputs = weights[f"{prefix}weight_ih{suffix}"].shape[1]
        # The network's inputs are vectors, so that it needs neither embedding nor output.
        words = (module.Matrix(np.zeros((1, size), np.float32)) for size in (inputs, self._hidden))
        clip = getattr(cell, "cell_clip", 0.0)
        embedding, output = words
        self._network = module.Network(name_of(cell), embedding, [layer], None, output, clip)

    def run(self, x: Array, state: State, begins: Array) -> tuple[Array, State]:
        """See `Layer`."""
        N, last = int(begins[1]), int(begins[-1] - begins[-2])
        parts = []
        for before in state:
            part = np.empty((N + len(x), self._hidden), np.float32)
            part[:N] = before
            parts.append(part)
        memory = parts[1] if len(parts) > 1 else None
        self._network.steps(np.ascontiguousarray(x), parts[0], memory, begins, available())
        return parts[0][N:], tuple(part[-last:] for part in parts)


def layer_of(
    cell: Cell, weights: Mapping[str, Array], factors: Mapping[str, Any], prefix: str, suffix: str
) -> Layer:
    """Return the fastest way to run a layer here.

    Args:
        cell: the cell.
        weights: by name, float32, or int8 with scales.
        factors: the same in the form of numpy's equations.
        prefix: the beginning of the names of the layer's weights.
        suffix: the end of these names.
    """
    if compiled.loaded() is not None and type(cell) in CELLS:
        return CompiledLayer(cell, weights, prefix, suffix)
    return CellLayer(cell, factors, prefix, suffix)
