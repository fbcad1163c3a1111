"""The gated recurrent unit, with either placement of its reset gate."""

import torch
from torch import Tensor
from torch.nn.functional import linear

from foreword.cells.cell import Cell, State, Weights


class UpdatedCell(Cell):
    """A cell whose update gate z weighs its old state against a candidate n."""

    @property
    def states(self) -> tuple[str, ...]:
        """h; with a projection also u, the state before it, which is what z keeps."""
        return ("h", "u") if self.projected else ("h",)

    def updated(self, z: Tensor, n: Tensor, state: State, w: Weights) -> State:
        """(1 - z) * n + z * the old state, and its projection if there is one."""
        u = (1 - z) * n + z * state[-1]
        return (self.project(u, w), u) if self.projected else (u,)


class GRUCell(UpdatedCell):
    """Cho et al. (2014), in torch's notation, where z = 1 keeps the old state.

    r = sigmoid(W_ir x + b_ir + W_hr h + b_hr)          how much of the past the candidate sees
    z = sigmoid(W_iz x + b_iz + W_hz h + b_hz)          how much of the old state stays
    n = tanh(W_in x + b_in + r * (W_hn h + b_hn))       reset after the product: torch, cuDNN
    n = tanh(W_in x + b_in + W_hn (r * h) + b_hn)       reset before it: the paper
    h' = (1 - z) * n + z * h

    With `reset_after` equal to `torch.nn.GRU`. Where the hidden state is projected, what z keeps is
    the state before the projection, u: a second part of the state. Then h' = W_hr u', and the reset
    can only stand after the product.
    """

    name = "gru"
    gates = ("r", "z", "n")

    def __init__(self, *, reset_after: bool = True, projected: bool = False) -> None:
        super().__init__(projected=projected)
        if projected and not reset_after:
            raise ValueError("a GRU with a projection has its reset gate after the product")
        self.reset_after = reset_after

    def step(
        self, x: Tensor, state: State, w: Weights, seen: Tensor | None = None
    ) -> tuple[State, dict[str, Tensor]]:
        """The equations above."""
        seen = state[0] if seen is None else seen
        x_r, x_z, x_n = linear(x, w["weight_ih"], w["bias_ih"]).chunk(3, dim=1)
        W_r, W_z, W_n = w["weight_hh"].chunk(3)
        b_r, b_z, b_n = w["bias_hh"].chunk(3)
        r = torch.sigmoid(x_r + linear(seen, W_r, b_r))
        z = torch.sigmoid(x_z + linear(seen, W_z, b_z))
        past = r * linear(seen, W_n, b_n) if self.reset_after else linear(r * seen, W_n, b_n)
        n = torch.tanh(x_n + past)
        return self.updated(z, n, state, w), {"r": r, "z": z, "n": n}
