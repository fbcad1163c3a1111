"""The gated recurrent unit, with either placement of its reset gate."""

from typing import ClassVar

from foreword.cells.cell import Cell, Gates, Option, OptionValue, State, Weights
from foreword.cells.operations import Array, chunks, linear, row_blocks, sigmoid, tanh


class UpdatedCell(Cell):
    """A cell whose update gate z interpolates between its old state and a candidate n."""

    keep = "z"
    candidate = "n"

    @property
    def states(self) -> tuple[str, ...]:
        """h; with a projection also u, the state before it, which z keeps."""
        return ("h", "u") if self.projected else ("h",)

    def updated(self, z: Array, n: Array, state: State, w: Weights) -> State:
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

    With `reset_after` this equals `torch.nn.GRU`. If the hidden state is projected, z keeps the
    state before the projection, u, which is a second part of the state. Then h' = W_hr u', and the
    reset can only come after the product.
    """

    name = "gru"
    about = "a gated recurrent unit network (Cho et al. 2014)"
    year = 2014
    colours = ("#b52c52", "#f08aa6")
    gates = ("r", "z", "n")
    options: ClassVar = {
        "reset_after": Option(
            "Whether the reset gate acts after the recurrent product (PyTorch, cuDNN) or before "
            "it (the paper).",
            True,
        )
    }
    reset_after: bool

    def __init__(self, *, projected: bool = False, **options: OptionValue) -> None:
        """Refuses a projection together with `reset_after=False`."""
        super().__init__(projected=projected, **options)
        if projected and not self.reset_after:
            raise ValueError("a GRU with a projection has its reset gate after the product")

    def step(
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        """The equations above."""
        seen = state[0] if seen is None else seen
        x_r, x_z, x_n = chunks(linear(x, w["weight_ih"], w["bias_ih"]), 3)
        W_r, W_z, W_n = row_blocks(w["weight_hh"], 3)
        b_r, b_z, b_n = row_blocks(w["bias_hh"], 3)
        r = sigmoid(x_r + linear(seen, W_r, b_r))
        z = sigmoid(x_z + linear(seen, W_z, b_z))
        past = r * linear(seen, W_n, b_n) if self.reset_after else linear(r * seen, W_n, b_n)
        n = tanh(x_n + past)
        return self.updated(z, n, state, w), {"r": r, "z": z, "n": n}
