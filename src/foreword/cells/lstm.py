"""The long short-term memory, with forget gate, and its variant with coupled gates."""

from typing import ClassVar

from foreword.cells.cell import Cell, Gates, Option, State, Weights
from foreword.cells.operations import Array, chunks, clipped, linear, sigmoid, tanh

LARGEST_CLIP = 1_000_000


class MemoryCell(Cell):
    """A cell with a long-term memory c beside its hidden state h.

    Attributes:
        cell_clip: L, the largest |c|: where it is above 0, c' is clipped to [-L, L] before anything
            sees it (TensorFlow's `cell_clip`, after Sak, Senior & Beaufays 2014). A gate that sees
            c may open wider the larger c is, and so charge it without end.
    """

    keep = "f"
    take: ClassVar[str | None] = "i"
    candidate = "g"

    @property
    def states(self) -> tuple[str, ...]:
        """H and c."""
        return ("h", "c")


class LSTMCell(MemoryCell):
    """Hochreiter & Schmidhuber (1997) with the forget gate of Gers, Schmidhuber & Cummins (2000).

    i = sigmoid(W_ii x + b_ii + W_hi h + b_hi)   how much of the new enters the memory
    f = sigmoid(W_if x + b_if + W_hf h + b_hf)   how much of the old stays in it
    g = tanh(W_ig x + b_ig + W_hg h + b_hg)      what may enter
    o = sigmoid(W_io x + b_io + W_ho h + b_ho)   how much of the memory is shown
    c' = f * c + i * g
    h' = o * tanh(c')

    The memory c is like a capacitor: with f near 1 and i near 0 it holds its charge, an open input
    gate charges it, a closed forget gate discharges it. Equal to `torch.nn.LSTM`.
    """

    name = "lstm"
    about = "an LSTM with forget gate (Hochreiter & Schmidhuber 1997; Gers et al. 2000)"
    year = 2000
    colours = ("#0b62a0", "#6cb9ec")
    options: ClassVar = {
        "cell_clip": Option("The largest |c|; 0 means no limit.", 0.0, most=LARGEST_CLIP)
    }
    gates = ("i", "f", "g", "o")

    def step(
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        """The equations above."""
        h, c = state
        seen = h if seen is None else seen
        a = linear(x, w["weight_ih"], w["bias_ih"]) + linear(seen, w["weight_hh"], w["bias_hh"])
        a_i, a_f, a_g, a_o = chunks(a, 4)
        i = sigmoid(a_i)
        f = sigmoid(a_f)
        g = tanh(a_g)
        o = sigmoid(a_o)
        c = clipped(f * c + i * g, self.cell_clip)
        h = self.project(o * tanh(c), w)
        return (h, c), {"i": i, "f": f, "g": g, "o": o}


class CoupledLSTMCell(MemoryCell):
    """The LSTM whose input gate is 1 - forget gate (CIFG, Greff et al. 2015, section 4).

    f = sigmoid(W_if x + b_if + W_hf h + b_hf)
    g = tanh(W_ig x + b_ig + W_hg h + b_hg)
    o = sigmoid(W_io x + b_io + W_ho h + b_ho)
    c' = f * c + (1 - f) * g
    h' = o * tanh(c')

    As much of the new is added as is forgotten of the old. It has a quarter fewer parameters.
    """

    name = "lstm-coupled"
    about = "an LSTM whose input gate is 1 - forget gate (Greff et al. 2015)"
    year = 2015
    colours = ("#27864a", "#74cf94")
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
        f = sigmoid(a_f)
        g = tanh(a_g)
        o = sigmoid(a_o)
        c = f * c + (1 - f) * g
        h = self.project(o * tanh(c), w)
        return (h, c), {"f": f, "g": g, "o": o}
