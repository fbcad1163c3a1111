"""The coupled LSTM whose activations do not depend on the scale of the weights."""

from foreword.cells.cell import Gates, State, Weights
from foreword.cells.lstm import MemoryCell
from foreword.cells.operations import Array, chunks, largest, linear, relu


def max_normalised(x: Array) -> Array:
    """X / max |x| over the units; zeros stay zeros."""
    top = largest(abs(x))
    return x / (top + (top == 0))


class ScaleInvariantCoupledLSTMCell(MemoryCell):
    """SI-CIFG (Ro et al. 2024), arXiv 2403.08100: the coupled LSTM for training by plain SGD.

    MaxN(x) = x / max |x|              the largest over the units of one sequence
    f = MaxN(relu(W_if x + b_if + W_hf h + b_hf))
    g = MaxN(W_ig x + b_ig + W_hg h + b_hg)
    o = MaxN(relu(W_io x + b_io + W_ho h + b_ho))
    c' = f * c + (1 - f) * g
    h' = o * MaxN(c')

    Sigmoid becomes MaxN(relu), and tanh becomes MaxN. So the outputs stay the same when the weights
    and biases of a gate are multiplied by a positive number. These equations follow published
    summaries of the paper, not its own text. That MaxN leaves zeros as they are is our choice.
    """

    name = "si-cifg"
    about = "a scale-invariant LSTM whose input gate is 1 - forget gate (Ro et al. 2024)"
    year = 2024
    colours = ("#7a3e9d", "#c79be0")
    line = ":"
    is_compared = False
    take = None
    gates = ("f", "g", "o")

    def step(
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        """The equations above."""
        h, c = state
        seen = h if seen is None else seen
        a = linear(x, w["weight_ih"], w["bias_ih"]) + linear(seen, w["weight_hh"], w["bias_hh"])
        a_f, a_g, a_o = chunks(a, 3)
        f = max_normalised(relu(a_f))
        g = max_normalised(a_g)
        o = max_normalised(relu(a_o))
        c = f * c + (1 - f) * g
        h = self.project(o * max_normalised(c), w)
        return (h, c), {"f": f, "g": g, "o": o}
