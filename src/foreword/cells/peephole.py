"""LSTMs whose gates look at the memory: as well as at h (Gers), or instead of it."""

import torch
from torch import Tensor
from torch.nn.functional import linear

from foreword.cells.cell import State, Weights
from foreword.cells.lstm import MemoryCell


class PeepholeLSTMCell(MemoryCell):
    """Gers & Schmidhuber (2000); Gers, Schraudolph & Schmidhuber (2002).

    i = sigmoid(W_ii x + b_ii + W_hi h + b_hi + p_i * c)
    f = sigmoid(W_if x + b_if + W_hf h + b_hf + p_f * c)
    g = tanh(W_ig x + b_ig + W_hg h + b_hg)
    c' = f * c + i * g
    o = sigmoid(W_io x + b_io + W_ho h + b_ho + p_o * c')
    h' = o * tanh(c')

    A unit's gates see that unit's own memory: `weight_peephole` (3, H) has the rows p_i, p_f, p_o.
    The output gate, decided last, sees the memory that it is about to show. With a closed output
    gate h tells the gates nothing; the peepholes let them see what is stored all the same.
    """

    name = "lstm-peephole"
    gates = ("i", "f", "g", "o")

    def parameter_shapes(
        self, input_size: int, hidden_size: int, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """Those of the LSTM, and the peepholes."""
        shapes = super().parameter_shapes(input_size, hidden_size, proj_size)
        return shapes | {"weight_peephole": (3, hidden_size)}

    def step(
        self, x: Tensor, state: State, w: Weights, seen: Tensor | None = None
    ) -> tuple[State, dict[str, Tensor]]:
        """The equations above."""
        h, c = state
        seen = h if seen is None else seen
        p_i, p_f, p_o = w["weight_peephole"]
        a = linear(x, w["weight_ih"], w["bias_ih"]) + linear(seen, w["weight_hh"], w["bias_hh"])
        a_i, a_f, a_g, a_o = a.chunk(4, dim=1)
        i = torch.sigmoid(a_i + p_i * c)
        f = torch.sigmoid(a_f + p_f * c)
        g = torch.tanh(a_g)
        c = self.clipped(f * c + i * g)
        o = torch.sigmoid(a_o + p_o * c)
        h = self.project(o * torch.tanh(c), w)
        return (h, c), {"i": i, "f": f, "g": g, "o": o}


class PeepholeOnlyLSTMCell(MemoryCell):
    """The peephole LSTM as a popular description has it (Wikipedia, "Long short-term memory").

    i = sigmoid(W_ii x + b_ii + W_ci c + b_ci)
    f = sigmoid(W_if x + b_if + W_cf c + b_cf)
    g = tanh(W_ig x + b_ig)
    o = sigmoid(W_io x + b_io + W_co c + b_co)
    c' = f * c + i * g
    h' = o * tanh(c')

    It differs from the papers' peephole LSTM in four ways: the gates see the memory *instead of*
    h; they see it through full matrices (`weight_hh`, (3 H, H), rows i, f, o), every unit's; the
    output gate sees the old memory; and the candidate g sees the input alone. So h goes nowhere
    but out: all that flows through time is c.
    """

    name = "lstm-peephole-only"
    gates = ("i", "f", "g", "o")

    @property
    def recurrent_gates(self) -> tuple[str, ...]:
        """All but the candidate."""
        return ("i", "f", "o")

    @property
    def recurrent_state(self) -> int:
        """1, c."""
        return 1

    def step(
        self, x: Tensor, state: State, w: Weights, seen: Tensor | None = None
    ) -> tuple[State, dict[str, Tensor]]:
        """The equations above."""
        _, c = state
        seen = c if seen is None else seen
        x_i, x_f, x_g, x_o = linear(x, w["weight_ih"], w["bias_ih"]).chunk(4, dim=1)
        c_i, c_f, c_o = linear(seen, w["weight_hh"], w["bias_hh"]).chunk(3, dim=1)
        i = torch.sigmoid(x_i + c_i)
        f = torch.sigmoid(x_f + c_f)
        g = torch.tanh(x_g)
        o = torch.sigmoid(x_o + c_o)
        c = self.clipped(f * c + i * g)
        h = self.project(o * torch.tanh(c), w)
        return (h, c), {"i": i, "f": f, "g": g, "o": o}
