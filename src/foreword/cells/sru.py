"""The simple recurrent unit, whose gates see the input and their own unit's memory."""

from foreword.cells.cell import Gates, State, Weights
from foreword.cells.lstm import MemoryCell
from foreword.cells.operations import Array, chunks, linear, sigmoid


class SRUCell(MemoryCell):
    """Lei et al. (2018), "Simple recurrent units for highly parallelizable recurrence", 1709.02755.

    f = sigmoid(W_f x + b_f + v_f * c)    how much of the old stays in the memory
    g = W_g x + b_g                       what may enter
    o = sigmoid(W_o x + b_o + v_o * c)    how much of the memory is shown; the paper's r
    s = W_s x + b_s                       what is output instead of the rest
    c' = f * c + (1 - f) * g
    h' = o * c' + (1 - o) * s

    `weight_peephole` (2, H) has the rows v_f and v_o. A unit sees no other unit's past, so all
    matrix products of a text can be computed before its first step. In place of s, the paper uses x
    itself times a constant if x has H features, and otherwise a product like s. Here it is always a
    product, so that one cell serves layers of all sizes.
    """

    name = "sru"
    about = "a simple recurrent unit, whose gates see its own memory alone (Lei et al. 2018)"
    year = 2018
    colours = ("#6b4f3a", "#c4a58c")
    line = ":"
    is_compared = False
    take = None
    gates = ("f", "g", "o", "s")

    @property
    def is_bounded(self) -> bool:
        """The candidate and the output are linear functions of the input, without a limit."""
        return False

    @property
    def recurrent_gates(self) -> tuple[str, ...]:
        """None by a matrix."""
        return ()

    @property
    def recurrent_state(self) -> int:
        """1, c, which v_f and v_o are applied to."""
        return 1

    def parameter_shapes(
        self, input_size: int, hidden_size: int, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """Those of the input, a projection if there is one, and v_f and v_o."""
        shapes = super().parameter_shapes(input_size, hidden_size, proj_size)
        return shapes | {"weight_peephole": (2, hidden_size)}

    def step(
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        """The equations above."""
        del seen  # no matrix sees the state
        _, c = state
        v_f, v_o = w["weight_peephole"]
        a_f, g, a_o, s = chunks(linear(x, w["weight_ih"], w["bias_ih"]), 4)
        f = sigmoid(a_f + v_f * c)
        o = sigmoid(a_o + v_o * c)
        c = f * c + (1 - f) * g
        h = self.project(o * c + (1 - o) * s, w)
        return (h, c), {"f": f, "g": g, "o": o, "s": s}
