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

    def __init__(self, nonlinearity: str = "tanh", *, projected: bool = False) -> None:
        super().__init__(projected=projected)
        self.nonlinearity = nonlinearity

    def step(
        self, x: Tensor, state: State, w: Weights, seen: Tensor | None = None
    ) -> tuple[State, dict[str, Tensor]]:
        """The equation above; its only "gate" is the new hidden state before any projection."""
        (h,) = state
        seen = h if seen is None else seen
        a = torch.tanh if self.nonlinearity == "tanh" else torch.relu
        h = a(linear(x, w["weight_ih"], w["bias_ih"]) + linear(seen, w["weight_hh"], w["bias_hh"]))
        return (self.project(h, w),), {"h": h}
