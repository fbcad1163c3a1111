"""The quasi-recurrent network, whose gates see this input and the one before."""

from collections.abc import Sequence

from foreword.cells.cell import Gates, State, Weights
from foreword.cells.lstm import MemoryCell
from foreword.cells.operations import Array, chunks, linear, sigmoid, tanh


class QRNNCell(MemoryCell):
    """Bradbury et al. (2016), "Quasi-recurrent neural networks", 1611.01576: k = 2, fo-pooling.

    f = sigmoid(W_f x + V_f x- + b_f)     how much of the old stays in the memory
    g = tanh(W_g x + V_g x- + b_g)        what may enter; the paper's z
    o = sigmoid(W_o x + V_o x- + b_o)     how much of the memory is shown
    c' = f * c + (1 - f) * g
    h' = o * c'

    x- is the input before x: the gates are a convolution of the inputs, two steps wide. Only f * c
    depends on older inputs, so the gates of all steps are computed at once
    (`foreword.kernels.scan`). `weight_ih` (3 H, I) has the rows of W, and `weight_before` (3 H, I)
    those of V. A state has no room for x-, which has I numbers; it has the products V_f x-, V_g x-
    and V_o x-, named u_f, u_g and u_o. They are 0 at first, where the paper pads with zeros.
    """

    name = "qrnn"
    about = "a quasi-recurrent network, whose gates see two inputs (Bradbury et al. 2016)"
    year = 2016
    colours = ("#7a6a00", "#d9c64a")
    line = ":"
    is_compared = False
    take = None
    gates = ("f", "g", "o")

    @property
    def states(self) -> tuple[str, ...]:
        """H, c, and the products of the input before."""
        return ("h", "c", *(f"u_{gate}" for gate in self.gates))

    @property
    def recurrent_gates(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def recurrent_state(self) -> int:
        """1, c: h is only an output."""
        return 1

    def parameter_shapes(
        self, input_size: int, hidden_size: int, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """Those of two inputs, and of a projection if there is one."""
        shapes = super().parameter_shapes(input_size, hidden_size, proj_size)
        return shapes | {"weight_before": shapes["weight_ih"]}

    def step(
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        """The equations above."""
        del seen  # no gate sees h or c
        _, c, *before = state
        gates = self.gates_of(x, before, w)
        c = gates["f"] * c + (1 - gates["f"]) * gates["g"]
        h = self.project(gates["o"] * c, w)
        return (h, c, *self.products(x, w)), gates

    def products(self, x: Array, w: Weights) -> list[Array]:
        """V_f x, V_g x and V_o x, which the gates of the next step see."""
        return chunks(linear(x, w["weight_before"]), 3)

    def gates_of(self, x: Array, before: Sequence[Array], w: Weights) -> Gates:
        """The gates; `before` has the products of the input before x."""
        a_f, a_g, a_o = chunks(linear(x, w["weight_ih"], w["bias_ih"]), 3)
        u_f, u_g, u_o = before
        return {"f": sigmoid(a_f + u_f), "g": tanh(a_g + u_g), "o": sigmoid(a_o + u_o)}
