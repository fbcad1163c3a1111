"""The long short-term memory, with forget gate, and its variant with coupled gates."""

import math

import torch
from torch import Tensor
from torch.nn.functional import linear

from foreword.cells.cell import Cell, State, Weights


class MemoryCell(Cell):
    """A cell with a long-term memory c beside its hidden state h.

    Attributes:
        cell_clip: L, the largest |c|: where it is above 0, c' is clipped to [-L, L] before anything
            sees it (TensorFlow's `cell_clip`, after Sak, Senior & Beaufays 2014). A gate that looks
            at c may open the wider the more c holds, and so charge it without end; a capacitor has
            its voltage, too.
    """

    def __init__(self, *, projected: bool = False, cell_clip: float = 0.0) -> None:
        super().__init__(projected=projected)
        if not 0 <= cell_clip < math.inf:
            raise ValueError(f"cell_clip must be a number above 0, or 0 for none, not {cell_clip}")
        self.cell_clip = float(cell_clip)

    def clipped(self, c: Tensor) -> Tensor:
        """Between -L and L."""
        return c.clamp(-self.cell_clip, self.cell_clip) if self.cell_clip else c

    @property
    def states(self) -> tuple[str, ...]:
        """H and c."""
        return ("h", "c")


class LSTMCell(MemoryCell):
    """Hochreiter & Schmidhuber (1997) with the forget gate of Gers, Schmidhuber & Cummins (2000).

    i = sigmoid(W_ii x + b_ii + W_hi h + b_hi)   how much of the new enters the memory
    f = sigmoid(W_if x + b_if + W_hf h + b_hf)   how much of the old stays in it
    g = tanh(W_ig x + b_ig + W_hg h + b_hg)      what may enter
    o = sigmoid(W_io x + b_io + W_ho h + b_ho)   how much of the memory is shown
    c' = f * c + i * g
    h' = o * tanh(c')

    The memory c is like a capacitor: with f near 1 and i near 0 it holds its charge, an open input
    gate charges it, a closed forget gate discharges it. Equal to `torch.nn.LSTM`.
    """

    name = "lstm"
    gates = ("i", "f", "g", "o")

    def step(
        self, x: Tensor, state: State, w: Weights, seen: Tensor | None = None
    ) -> tuple[State, dict[str, Tensor]]:
        """The equations above."""
        h, c = state
        seen = h if seen is None else seen
        a = linear(x, w["weight_ih"], w["bias_ih"]) + linear(seen, w["weight_hh"], w["bias_hh"])
        a_i, a_f, a_g, a_o = a.chunk(4, dim=1)
        i = torch.sigmoid(a_i)
        f = torch.sigmoid(a_f)
        g = torch.tanh(a_g)
        o = torch.sigmoid(a_o)
        c = self.clipped(f * c + i * g)
        h = self.project(o * torch.tanh(c), w)
        return (h, c), {"i": i, "f": f, "g": g, "o": o}


class CoupledLSTMCell(MemoryCell):
    """The LSTM whose input gate is 1 - forget gate (CIFG, Greff et al. 2015, section 4).

    f = sigmoid(W_if x + b_if + W_hf h + b_hf)
    g = tanh(W_ig x + b_ig + W_hg h + b_hg)
    o = sigmoid(W_io x + b_io + W_ho h + b_ho)
    c' = f * c + (1 - f) * g
    h' = o * tanh(c')

    What is forgotten makes room for as much that is new; a quarter fewer parameters.
    """

    name = "lstm-coupled"
    gates = ("f", "g", "o")

    def step(
        self, x: Tensor, state: State, w: Weights, seen: Tensor | None = None
    ) -> tuple[State, dict[str, Tensor]]:
        """The equations above."""
        h, c = state
        seen = h if seen is None else seen
        a = linear(x, w["weight_ih"], w["bias_ih"]) + linear(seen, w["weight_hh"], w["bias_hh"])
        a_f, a_g, a_o = a.chunk(3, dim=1)
        f = torch.sigmoid(a_f)
        g = torch.tanh(a_g)
        o = torch.sigmoid(a_o)
        c = f * c + (1 - f) * g
        h = self.project(o * torch.tanh(c), w)
        return (h, c), {"f": f, "g": g, "o": o}
