"""The Elman recurrent network."""

from typing import ClassVar

from foreword.cells.cell import Cell, Gates, Option, State, Weights
from foreword.cells.operations import Array, linear, relu, tanh


class ElmanCell(Cell):
    """Elman (1990), "Finding structure in time": the hidden state sees its own past.

    h' = a(W_ih x + b_ih + W_hh h + b_hh),  a = tanh or ReLU

    Equal to `torch.nn.RNN`.
    """

    name = "rnn"
    about = "an Elman recurrent network (Elman 1990)"
    year = 1990
    colours = ("#b8540a", "#f0a35e")
    line = "--"
    gates = ("h",)
    learning_rate = 2e-3  # it does not learn at a rate that suits the gated cells
    options: ClassVar = {
        "nonlinearity": Option("The activation function a.", "tanh", choices=("tanh", "relu"))
    }
    nonlinearity: str

    @property
    def is_bounded(self) -> bool:
        """Whether a is tanh; ReLU has no upper limit."""
        return self.nonlinearity == "tanh"

    def step(
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        """The equation above; its only "gate" is the new hidden state before any projection."""
        (h,) = state
        seen = h if seen is None else seen
        a = tanh if self.nonlinearity == "tanh" else relu
        h = a(linear(x, w["weight_ih"], w["bias_ih"]) + linear(seen, w["weight_hh"], w["bias_hh"]))
        return (self.project(h, w),), {"h": h}
