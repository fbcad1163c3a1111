"""The sLSTM: an LSTM with exponential gates, a normaliser and a stabiliser."""

from typing import ClassVar

from foreword.cells.cell import Gates, Option, State, Weights
from foreword.cells.lstm import MemoryCell
from foreword.cells.operations import Array, chunks, exp, linear, relu, sigmoid, softplus, tanh


class SLSTMCell(MemoryCell):
    """Beck et al. (2024), "xLSTM: Extended long short-term memory", arXiv 2405.04517, section 2.2.

    i = exp(a_i)                    a_i = W_ii x + b_ii + W_hi h + b_hi, and so a_f, a_g and a_o
    f = sigmoid(a_f) or exp(a_f)    by `forget_activation`
    g = tanh(a_g)                   the paper's z
    o = sigmoid(a_o)
    C' = f * C + i * g
    N' = f * N + i
    h' = o * C' / N'

    An input gate has no upper limit and can thereby overwrite the memory; the normaliser N divides
    by the sum of all weights of inputs so far. As exp would overflow, n = N / exp(m) is kept
    instead of N, with the paper's stabiliser m, and c = C / N instead of C:

    m' = max(log f + m, a_i)
    n' = exp(log f + m - m') * n + exp(a_i - m')
    c' = (exp(log f + m - m') * n * c + exp(a_i - m') * g) / n'
    h' = o * c'

    That is the same h. So c is a mean of all g, and is between -1 and 1. The gates that `step`
    returns are the weights f and i with which c' = f * c + i * g; they sum to 1. The zero state has
    read no input: n is 0, and m' is a_i. W_h is one matrix, the paper's case of a single head; the
    convolution, norms and projections of the paper's block around the cell are not part of it.
    """

    name = "slstm"
    about = "an LSTM with exponential gates and a normaliser (sLSTM, Beck et al. 2024)"
    year = 2024
    colours = ("#b3261e", "#f2938c")
    line = ":"
    is_compared = False
    options: ClassVar = {
        "forget_activation": Option(
            "Activation function of the forget gate.", "sigmoid", choices=("sigmoid", "exp")
        )
    }
    gates = ("i", "f", "g", "o")
    forget_activation: str

    @property
    def states(self) -> tuple[str, ...]:
        """H, the memory c, the normaliser n and the stabiliser m."""
        return ("h", "c", "n", "m")

    def step(
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        """The second form of the equations above."""
        h, c, n, m = state
        seen = h if seen is None else seen
        a = linear(x, w["weight_ih"], w["bias_ih"]) + linear(seen, w["weight_hh"], w["bias_hh"])
        a_i, a_f, a_g, a_o = chunks(a, 4)
        log_f = a_f if self.forget_activation == "exp" else -softplus(-a_f)
        g = tanh(a_g)
        o = sigmoid(a_o)
        lead = log_f + m - a_i
        lead = lead - lead * (n == 0)  # nothing has come in yet, so the old m says nothing
        m = a_i + relu(lead)  # the larger of log f + m and a_i
        f = exp(lead - relu(lead)) * abs(n)  # n < 0 only in a state that no step has made
        i = exp(-relu(lead))
        n = f + i
        f, i = f / n, i / n
        c = f * c + i * g
        h = self.project(o * c, w)
        return (h, c, n, m), {"i": i, "f": f, "g": g, "o": o}
