"""Cells by their names."""

from foreword.cells.cell import Cell
from foreword.cells.gru import GRUCell
from foreword.cells.lstm import CoupledLSTMCell, LSTMCell
from foreword.cells.peephole import PeepholeLSTMCell, PeepholeOnlyLSTMCell
from foreword.cells.rnn import ElmanCell

NAMES = ("rnn", "lstm", "lstm-peephole", "lstm-peephole-only", "lstm-coupled", "gru")


def cell_for(name: str, *, nonlinearity: str = "tanh", reset_after: bool = True) -> Cell:
    """The cell of this name; `nonlinearity` concerns the Elman cell, `reset_after` the GRU.

    >>> cell_for("lstm-coupled").gates
    ('f', 'g', 'o')
    """
    match name:
        case "rnn":
            return ElmanCell(nonlinearity)
        case "lstm":
            return LSTMCell()
        case "lstm-peephole":
            return PeepholeLSTMCell()
        case "lstm-peephole-only":
            return PeepholeOnlyLSTMCell()
        case "lstm-coupled":
            return CoupledLSTMCell()
        case "gru":
            return GRUCell(reset_after=reset_after)
        case _:
            raise ValueError(f"there is no cell {name!r}; the cells are {', '.join(NAMES)}")
