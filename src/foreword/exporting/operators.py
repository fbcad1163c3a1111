"""Layers that run by ONNX's own LSTM, GRU and RNN, one step at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from foreword.cells.operations import row_blocks
from foreword.exporting.graph import Array, Graph, Int8, Matrix, Value
from foreword.kernels.onnx_operators import PEEPHOLES, Blocks, Operator


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
        inputs.append(_dense(arranged(weights["weight_peephole"], PEEPHOLES)).reshape(1, -1))
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
