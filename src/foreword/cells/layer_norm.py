"""The LSTM and the GRU with layer normalisation."""

from typing import ClassVar

from foreword.cells.cell import Gates, State, Weights
from foreword.cells.gru import UpdatedCell
from foreword.cells.lstm import MemoryCell
from foreword.cells.operations import Array, chunks, linear, normalised, sigmoid, tanh


class LayerNormLSTMCell(MemoryCell):
    """Ba, Kiros & Hinton (2016), "Layer normalization", supplement.

    a = N(W_ih x) * s_ih + b_ih + N(W_hh h) * s_hh + b_hh     of i, f, g and o together
    i, f, o = sigmoid(a_i, a_f, a_o),  g = tanh(a_g)
    c' = f * c + i * g
    h' = o * tanh(N(c') * s_c + b_c)

    N takes from a vector its mean and divides by its standard deviation, one sequence and one step
    at a time; over all four gates at once. `norm_ih`, `norm_hh` (4 H) and `norm_c` (H) are the
    gains s. The paper's b and beta are one: torch's two biases.
    """

    name = "lstm-layernorm"
    about = "an LSTM with layer normalisation (Ba et al. 2016)"
    year = 2016
    colours = ("#5b6573", "#a9b4c2")
    line = "-."
    is_compared: ClassVar[bool] = False
    gates = ("i", "f", "g", "o")
    begins: ClassVar = {"norm_ih": 1.0, "norm_hh": 1.0, "norm_c": 1.0, "bias_c": 0.0}

    def parameter_shapes(
        self, input_size: int, hidden_size: int, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """Those of the LSTM, the gains, and c's bias."""
        shapes = super().parameter_shapes(input_size, hidden_size, proj_size)
        rows, H = 4 * hidden_size, hidden_size
        return shapes | {"norm_ih": (rows,), "norm_hh": (rows,), "norm_c": (H,), "bias_c": (H,)}

    def step(
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        """The equations above."""
        h, c = state
        seen = h if seen is None else seen
        a = normalised(linear(x, w["weight_ih"]), w["norm_ih"], w["bias_ih"])
        a = a + normalised(linear(seen, w["weight_hh"]), w["norm_hh"], w["bias_hh"])
        a_i, a_f, a_g, a_o = chunks(a, 4)
        i = sigmoid(a_i)
        f = sigmoid(a_f)
        g = tanh(a_g)
        o = sigmoid(a_o)
        c = f * c + i * g
        h = self.project(o * tanh(normalised(c, w["norm_c"], w["bias_c"])), w)
        return (h, c), {"i": i, "f": f, "g": g, "o": o}


class LayerNormGRUCell(UpdatedCell):
    """Ba, Kiros & Hinton (2016), "Layer normalization", supplement, in torch's notation.

    a_rz = N(W_i,rz x) * s_i,rz + b_i,rz + N(W_h,rz h) * s_h,rz + b_h,rz    of r and z together
    r, z = sigmoid(a_r, a_z)
    n = tanh(N(W_in x) * s_in + b_in + r * (N(W_hn h) * s_hn + b_hn))
    h' = (1 - z) * n + z * h

    N is as in the LSTM with layer normalisation; z = 1 keeps the old state (the paper's 1 - z).
    """

    name = "gru-layernorm"
    about = "a gated recurrent unit network with layer normalisation (Ba et al. 2016)"
    year = 2016
    colours = ("#4d7a1f", "#a3cf72")
    line = "-."
    is_compared: ClassVar[bool] = False
    gates = ("r", "z", "n")
    begins: ClassVar = {"norm_ih": 1.0, "norm_hh": 1.0}

    def parameter_shapes(
        self, input_size: int, hidden_size: int, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """Those of the GRU, and the gains."""
        shapes = super().parameter_shapes(input_size, hidden_size, proj_size)
        return shapes | {"norm_ih": (3 * hidden_size,), "norm_hh": (3 * hidden_size,)}

    def step(
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        """The equations above."""
        seen = state[0] if seen is None else seen
        x_rz, x_n = _gates_normalised(linear(x, w["weight_ih"]), w["norm_ih"], w["bias_ih"])
        h_rz, h_n = _gates_normalised(linear(seen, w["weight_hh"]), w["norm_hh"], w["bias_hh"])
        r, z = chunks(sigmoid(x_rz + h_rz), 2)
        n = tanh(x_n + r * h_n)
        return self.updated(z, n, state, w), {"r": r, "z": z, "n": n}


def _gates_normalised(a: Array, gain: Array, bias: Array) -> tuple[Array, Array]:
    """Of the gates r and z together, and of n."""
    rz = 2 * gain.shape[0] // 3
    return (
        normalised(a[..., :rz], gain[:rz], bias[:rz]),
        normalised(a[..., rz:], gain[rz:], bias[rz:]),
    )
