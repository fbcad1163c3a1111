"""The minimal GRU and LSTM, whose gates see the input alone."""

from foreword.cells.cell import Cell, Gates, State, Weights
from foreword.cells.operations import Array, chunks, linear, sigmoid


class InputGatedCell(Cell):
    """A cell whose gates see only the input, so that there is no `weight_hh`."""

    candidate = "n"

    @property
    def is_bounded(self) -> bool:
        """The candidate is a linear function of the input, and so has no limit."""
        return False

    @property
    def recurrent_gates(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def states(self) -> tuple[str, ...]:
        """h; with a projection also u, the state before it, which is kept from step to step."""
        return ("h", "u") if self.projected else ("h",)

    def updated(self, keep: Array, take: Array, n: Array, state: State, w: Weights) -> State:
        """Keep * the old state + take * n, and its projection if there is one."""
        u = keep * state[-1] + take * n
        return (self.project(u, w), u) if self.projected else (u,)


class MinGRUCell(InputGatedCell):
    """Feng et al. (2024), "Were RNNs all we needed?", arXiv 2410.01201, section 3.1.

    z = sigmoid(W_z x + b_z)      how much of the old state stays
    n = W_n x + b_n               what may come in
    h' = z * h + (1 - z) * n

    Here as in torch's GRU z = 1 keeps the old state; the paper's z is 1 - z. Only z * h depends on
    the past, so the gates of all steps are computed at once (`foreword.kernels.scan`).
    """

    name = "mingru"
    about = "a minimal GRU, whose gate sees the input alone (Feng et al. 2024)"
    year = 2024
    colours = ("#00707a", "#5cc8d2")
    line = ":"
    is_compared = False
    gates = ("z", "n")
    keep = "z"

    def step(
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        """The equations above."""
        del seen  # no gate sees the state
        a_z, n = chunks(linear(x, w["weight_ih"], w["bias_ih"]), 2)
        z = sigmoid(a_z)
        return self.updated(z, 1 - z, n, state, w), {"z": z, "n": n}


class MinLSTMCell(InputGatedCell):
    """Feng et al. (2024), "Were RNNs all we needed?", arXiv 2410.01201, section 3.2.

    i = sigmoid(W_i x + b_i)      how much of the new comes in
    f = sigmoid(W_f x + b_f)      how much of the old state stays
    n = W_n x + b_n               what may come in
    h' = f / (f + i) * h + i / (f + i) * n

    The two gates are divided by their sum, so that the state neither grows nor shrinks with time.
    The gates that `step` returns are the divided ones.
    """

    name = "minlstm"
    about = "a minimal LSTM, whose gates see the input alone (Feng et al. 2024)"
    year = 2024
    colours = ("#8a4b00", "#d9a15c")
    line = ":"
    is_compared = False
    gates = ("i", "f", "n")
    keep = "f"
    take = "i"

    def step(
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        """The equations above."""
        del seen  # no gate sees the state
        a_i, a_f, n = chunks(linear(x, w["weight_ih"], w["bias_ih"]), 3)
        i, f = sigmoid(a_i), sigmoid(a_f)
        i, f = i / (f + i), f / (f + i)
        return self.updated(f, i, n, state, w), {"i": i, "f": f, "n": n}
