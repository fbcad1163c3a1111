"""The Elman recurrent network."""

import torch
from torch import Tensor
from torch.nn.functional import linear

from foreword.cells.cell import Cell, State, Weights


class ElmanCell(Cell):
    """Elman (1990), "Finding structure in time": the hidden state sees its own past.

    h' = a(W_ih x + b_ih + W_hh h + b_hh),  a = tanh or ReLU

    Equal to `torch.nn.RNN`.
    """

    name = "rnn"
    gates = ("h",)

    def __init__(self, nonlinearity: str = "tanh") -> None:
        self.nonlinearity = nonlinearity

    def step(self, x: Tensor, state: State, w: Weights) -> tuple[State, dict[str, Tensor]]:
        """The equation above; its only "gate" is the new hidden state."""
        (h,) = state
        a = torch.tanh if self.nonlinearity == "tanh" else torch.relu
        h = a(linear(x, w["weight_ih"], w["bias_ih"]) + linear(h, w["weight_hh"], w["bias_hh"]))
        return (h,), {"h": h}
