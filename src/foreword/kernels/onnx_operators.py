"""The cells for which ONNX has operators of its own: LSTM, GRU and RNN. Needs no torch.

Runtimes have fast code for these. Every other cell is exported as its own equations.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from foreword.cells.cell import Cell
from foreword.cells.gru import GRUCell
from foreword.cells.lstm import CoupledLSTMCell, LSTMCell
from foreword.cells.peephole import PeepholeLSTMCell
from foreword.cells.rnn import ElmanCell

Blocks: TypeAlias = tuple[tuple[int, int], ...]
"""For each of ONNX's gates in its order: the number of our block of rows, and a sign."""


@dataclass(frozen=True)
class Operator:
    """How a cell becomes an ONNX operator.

    Attributes:
        name: the operator.
        blocks: the positions of ONNX's gates among ours.
        attributes: those of the operator, except `hidden_size`.
    """

    name: str
    blocks: Blocks
    attributes: Mapping[str, Any] = field(default_factory=dict)


_IOFC = ((0, 1), (3, 1), (1, 1), (2, 1))  # ours: i, f, g, o
# ONNX does not say which of two coupled gates is computed. Both are included, since 1 - sigmoid(a)
# is sigmoid(-a): a runtime that ignores the attribute computes the same.
_COUPLED = ((0, -1), (2, 1), (0, 1), (1, 1))  # ours: f, g, o
_ZRH = ((1, 1), (0, 1), (2, 1))  # ours: r, z, n
PEEPHOLES: Blocks = ((0, 1), (2, 1), (1, 1))
"""The same of the peepholes: i, o, f; ours are i, f, o."""


def operator_of(cell: Cell) -> Operator | None:
    """Return the operator that computes what a cell does; None if there is none.

    ONNX has no projection. Its attribute `clip` bounds the inputs of the activations, while
    `cell_clip` bounds the memory: a cell with it is exported as its equations.
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
