"""LSTMs whose gates see the memory: in addition to h (Gers), or instead of it."""

from typing import ClassVar

from foreword.cells.cell import Gates, Option, State, Weights
from foreword.cells.lstm import LARGEST_CLIP, MemoryCell
from foreword.cells.operations import Array, chunks, clipped, linear, sigmoid, tanh

CLIP = 5.0
"""The usual `cell_clip`. If gates see the memory, it may charge itself without end after tens of
thousands of words. The clip hardly changes h, since tanh(5) is 0.9999.
"""


class PeepholeLSTMCell(MemoryCell):
    """Gers & Schmidhuber (2000); Gers, Schraudolph & Schmidhuber (2002).

    i = sigmoid(W_ii x + b_ii + W_hi h + b_hi + p_i * c)
    f = sigmoid(W_if x + b_if + W_hf h + b_hf + p_f * c)
    g = tanh(W_ig x + b_ig + W_hg h + b_hg)
    c' = f * c + i * g
    o = sigmoid(W_io x + b_io + W_ho h + b_ho + p_o * c')
    h' = o * tanh(c')

    A unit's gates see that unit's own memory: `weight_peephole` (3, H) has the rows p_i, p_f, p_o.
    The output gate, decided last, sees the memory that it is about to show. If the output gate is
    closed, h tells the gates nothing, but through the peepholes they still see what is stored.
    """

    name = "lstm-peephole"
    about = "an LSTM whose gates also see its memory (Gers et al. 2002)"
    year = 2002
    colours = ("#7b4fb5", "#bfa0ea")
    options: ClassVar = {
        "cell_clip": Option(
            "The largest |c|; 0 means no limit.", 0.0, most=LARGEST_CLIP, usual=CLIP
        )
    }
    gates = ("i", "f", "g", "o")
    begins: ClassVar = {"weight_peephole": 0.0}

    def parameter_shapes(
        self, input_size: int, hidden_size: int, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """Those of the LSTM, and the peepholes."""
        shapes = super().parameter_shapes(input_size, hidden_size, proj_size)
        return shapes | {"weight_peephole": (3, hidden_size)}

    def step(
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        """The equations above."""
        h, c = state
        seen = h if seen is None else seen
        p_i, p_f, p_o = w["weight_peephole"]
        a = linear(x, w["weight_ih"], w["bias_ih"]) + linear(seen, w["weight_hh"], w["bias_hh"])
        a_i, a_f, a_g, a_o = chunks(a, 4)
        i = sigmoid(a_i + p_i * c)
        f = sigmoid(a_f + p_f * c)
        g = tanh(a_g)
        c = clipped(f * c + i * g, self.cell_clip)
        o = sigmoid(a_o + p_o * c)
        h = self.project(o * tanh(c), w)
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
    output gate sees the old memory; and the candidate g sees the input alone. So h is only an
    output, and only c flows through time.
    """

    name = "lstm-peephole-only"
    about = "an LSTM whose gates see its memory instead of its hidden state"
    year = 2002
    colours = ("#a83f7d", "#e08fbe")
    line = "--"
    options: ClassVar = {
        "cell_clip": Option(
            "The largest |c|; 0 means no limit.", 0.0, most=LARGEST_CLIP, usual=CLIP
        )
    }
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
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        """The equations above."""
        _, c = state
        seen = c if seen is None else seen
        x_i, x_f, x_g, x_o = chunks(linear(x, w["weight_ih"], w["bias_ih"]), 4)
        c_i, c_f, c_o = chunks(linear(seen, w["weight_hh"], w["bias_hh"]), 3)
        i = sigmoid(x_i + c_i)
        f = sigmoid(x_f + c_f)
        g = tanh(x_g)
        o = sigmoid(x_o + c_o)
        c = clipped(f * c + i * g, self.cell_clip)
        h = self.project(o * tanh(c), w)
        return (h, c), {"i": i, "f": f, "g": g, "o": o}
