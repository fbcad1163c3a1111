"""The real-gated linear recurrent unit, whose gates see only the input."""

from typing import ClassVar

from foreword.cells.cell import Gates, State, Weights
from foreword.cells.minimal import InputGatedCell
from foreword.cells.operations import Array, chunks, exp, linear, log, sigmoid, softplus, tanh

SHARPNESS = 8
"""The paper's constant c."""
SLOWEST, FASTEST = 0.999, 0.9
"""The range of the initial sigmoid(L)^c, which is uniform."""
TINY = 1e-12
"""Keeps the slope of the square root finite if nothing of the old state goes."""


def spread(draw: Array) -> Array:
    """L of units that keep FASTEST to SLOWEST of their state at r = 1, by draws from 0 to 1."""
    a = (FASTEST + (SLOWEST - FASTEST) * draw) ** (1 / SHARPNESS)
    return log(a / (1 - a))


class RGLRUCell(InputGatedCell):
    """De et al. (2024), "Griffin", arXiv 2402.19427, section 2.4, equations 1 to 4.

    r = sigmoid(-(W_f x + b_f))           how much of the old state goes
    i = sigmoid(W_i x + b_i)              how much of the new comes in
    n = W_n x + b_n                       what may come in
    a = sigmoid(L)^(c r),  c = 8          how much of the old state stays
    h' = a * h + sqrt(1 - a^2) * (i * n)

    `recurrence` (H,) is L, the paper's Lambda. Its initial values make sigmoid(L)^c uniform between
    0.9 and 0.999. The square root keeps the variance of h that of n if i is 1. Only a * h depends
    on the past, so the gates of all steps are computed at once (`foreword.kernels.scan`).

    The paper's r has no minus sign; with it, a large b_f keeps the state, as in other cells. The
    paper's x is n here, the input projected to H units; its gates see this, and ours see the input
    itself. The paper's convolution before the unit, and the branch that multiplies its output, are
    not part of this cell. The gates that `step` returns are those of h' = f * h + i * n: f is a, i
    is sqrt(1 - a^2) i.
    """

    name = "rg-lru"
    about = "a real-gated linear recurrent unit, whose gates see the input alone (De et al. 2024)"
    year = 2024
    colours = ("#3d5a9e", "#93abe6")
    line = ":"
    is_compared = False
    gates = ("f", "i", "n")
    keep = "f"
    take = "i"
    begins: ClassVar = {"recurrence": spread}

    def parameter_shapes(
        self, input_size: int, hidden_size: int, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """Those of the input, a projection if there is one, and L."""
        shapes = super().parameter_shapes(input_size, hidden_size, proj_size)
        return shapes | {"recurrence": (hidden_size,)}

    def step(
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        """The equations above."""
        del seen  # no gate sees the state
        a_f, a_i, n = chunks(linear(x, w["weight_ih"], w["bias_ih"]), 3)
        r = sigmoid(-a_f)
        i = sigmoid(a_i)
        log_a = -SHARPNESS * r * softplus(-w["recurrence"])
        a = exp(log_a)
        # 1 - a^2 = tanh(-log a) (1 + a^2), which is exact where a is next to 1.
        i = (tanh(-log_a) * (1 + a * a) + TINY) ** 0.5 * i
        return self.updated(a, i, n, state, w), {"f": a, "i": i, "n": n}
