"""The cells that ONNX has operators of its own for: its LSTM, GRU and RNN.

Runtimes have fast code for these. Every other cell is written as its own equations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from foreword.cells.cell import Cell
from foreword.cells.gru import GRUCell
from foreword.cells.lstm import CoupledLSTMCell, LSTMCell
from foreword.cells.operations import row_blocks
from foreword.cells.peephole import PeepholeLSTMCell
from foreword.cells.rnn import ElmanCell
from foreword.exporting.graph import Array, Graph, Int8, Matrix, Value

Blocks: TypeAlias = tuple[tuple[int, int], ...]
"""For each of ONNX's gates in its order: the number of our block of rows, and a sign."""


@dataclass(frozen=True)
class Operator:
    """How a cell becomes an ONNX operator.

    Attributes:
        name: the operator.
        blocks: where ONNX's gates stand among ours.
        attributes: of the operator, besides `hidden_size`.
    """

    name: str
    blocks: Blocks
    attributes: Mapping[str, Any] = field(default_factory=dict)


_IOFC = ((0, 1), (3, 1), (1, 1), (2, 1))  # ours: i, f, g, o
# ONNX does not say which of two coupled gates is computed. Both are here, as 1 - sigmoid(a) is
# sigmoid(-a): a runtime that leaves the attribute unread computes the same.
_COUPLED = ((0, -1), (2, 1), (0, 1), (1, 1))  # ours: f, g, o
_ZRH = ((1, 1), (0, 1), (2, 1))  # ours: r, z, n
_PEEPHOLES = ((0, 1), (2, 1), (1, 1))  # ONNX: i, o, f; ours: i, f, o


def operator_of(cell: Cell) -> Operator | None:
    """Return the operator that computes what a cell does; None if there is none.

    ONNX knows no projection. Its attribute `clip` bounds what goes into the activations, where
    `cell_clip` bounds the memory: a cell with it is written as its equations.
    """
    if cell.projected or cell.cell_clip:
        return None
    kind = type(cell)  # a class that inherits from one of these may have other equations
    if kind in (LSTMCell, PeepholeLSTMCell):
        return Operator("LSTM", _IOFC)
    if kind is CoupledLSTMCell:
        return Operator("LSTM", _COUPLED, {"input_forget": 1})
    if isinstance(cell, GRUCell) and kind is GRUCell:
        return Operator("GRU", _ZRH, {"linear_before_reset": int(cell.reset_after)})
    if isinstance(cell, ElmanCell) and kind is ElmanCell:
        return Operator("RNN", ((0, 1),), {"activations": [cell.nonlinearity.capitalize()]})
    return None


def run(
    graph: Graph,
    operator: Operator,
    x: Value,
    state: Sequence[Value],
    weights: Mapping[str, Matrix],
) -> list[Value]:
    """Add one step of a layer as an ONNX operator over a sequence of length 1.

    Args:
        graph: to add it to.
        operator: a result of `operator_of`.
        x: (1, B, I).
        state: the parts of the state, (1, B, H) each.
        weights: of the cell.

    Returns:
        The parts of the next state.
    """
    W, R, b_ih, b_hh = (
        arranged(weights[name], operator.blocks)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    bias = np.concatenate([_dense(b_ih), _dense(b_hh)])
    h, *c = state
    inputs: list[Any] = [x, _stacked(W), _stacked(R), bias[None], None, h, *c]
    if "weight_peephole" in weights:
        inputs.append(_dense(arranged(weights["weight_peephole"], _PEEPHOLES)).reshape(1, -1))
    H = len(W) // len(operator.blocks)
    return graph.nodes(
        operator.name,
        *inputs,
        results=len(state),
        skipped=1,  # the outputs of all steps
        hidden_size=H,
        **operator.attributes,
    )


def arranged(matrix: Matrix, blocks: Blocks) -> Matrix:
    """Return blocks of rows in another order, some of them with the other sign."""
    if isinstance(matrix, Int8):
        unsigned = tuple((block, 1) for block, _ in blocks)
        values, scales = arranged(matrix.values, blocks), arranged(matrix.scales, unsigned)
        return Int8(_dense(values), _dense(scales))
    count = max(block for block, _ in blocks) + 1
    rows = row_blocks(matrix, count)
    return np.concatenate([sign * rows[block] for block, sign in blocks])


def _stacked(matrix: Matrix) -> Matrix:
    """Return a matrix as that of the only direction."""
    if isinstance(matrix, Int8):
        return Int8(matrix.values[None], matrix.scales[None])
    return matrix[None]


def _dense(matrix: Matrix) -> Array:
    assert isinstance(matrix, np.ndarray)  # biases and peepholes are never int8
    return matrix
