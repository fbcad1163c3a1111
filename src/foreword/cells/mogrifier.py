"""The Mogrifier LSTM: input and hidden state modulate each other before the LSTM's step."""

from typing import ClassVar

from foreword.cells.cell import Gates, Option, OptionValue, State, Weights
from foreword.cells.lstm import LSTMCell, MemoryCell
from foreword.cells.operations import Array, linear, row_blocks, sigmoid

MOST_ROUNDS = 16
LARGEST_RANK = 1 << 24


class MogrifierLSTMCell(MemoryCell):
    """Melis, Kocisky & Blunsom (2020), "Mogrifier LSTM", equations 1 and 2.

    With x^-1 = x and h^0 = h, for k = 1 .. rounds:

    x^k = 2 sigmoid(Q^k h^(k-1)) * x^(k-2)       where k is odd
    h^k = 2 sigmoid(R^k x^(k-1)) * h^(k-2)       where k is even

    The last x and h take the places of x and h in the LSTM's equations (`foreword.cells.lstm`); c
    is unchanged. So the meaning of a word depends on what came before it. Where the sigmoids are
    1/2, nothing changes.

    `weight_q` stacks Q^1, Q^3, ..., (I, P) each, and `weight_r` R^2, R^4, ..., (P, I) each. With a
    rank K each is a product (Q = Q_left Q_right in the paper): `weight_q` then has the left
    factors, (I, K) each, and `weight_q_right` the right ones, (K, P) each; R likewise.

    Attributes:
        rounds: 1 or more; the paper takes 4 to 6.
        rank: K, or 0 for full rank.
    """

    name = "lstm-mogrifier"
    about = "an LSTM whose input and hidden state modulate each other (Melis et al. 2020)"
    year = 2020
    colours = ("#8a6d00", "#d5bd5a")
    gates = ("i", "f", "g", "o")
    setting_of = "lstm"
    variant_setting = "mogrifier_rounds"
    options: ClassVar = {
        "rounds": Option(
            "How often input and hidden state modulate each other before each step.",
            5,
            least=1,
            most=MOST_ROUNDS,
            setting="mogrifier_rounds",
        ),
        "rank": Option(
            "The rank of the matrices that do it; 0 means full rank.",
            0,
            most=LARGEST_RANK,
            setting="mogrifier_rank",
        ),
    }
    rounds: int
    rank: int

    def __init__(self, *, projected: bool = False, **options: OptionValue) -> None:
        """Also makes the LSTM with these options, whose equations come last."""
        super().__init__(projected=projected, **options)
        self._lstm = LSTMCell(projected=projected)

    def parameter_shapes(
        self, input_size: int, hidden_size: int, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """Those of the LSTM, and of Q and R."""
        shapes = super().parameter_shapes(input_size, hidden_size, proj_size)
        I, P, K = input_size, proj_size or hidden_size, self.rank  # noqa: E741
        odd, even = (self.rounds + 1) // 2, self.rounds // 2
        for name, count, rows, columns in (("weight_q", odd, I, P), ("weight_r", even, P, I)):
            if count:
                shapes[name] = (count * rows, K or columns)
                if K:
                    shapes[f"{name}_right"] = (count * K, columns)
        return shapes

    def step(
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        """The equations above."""
        h = state[0] if seen is None else seen
        odd, even = (self.rounds + 1) // 2, self.rounds // 2
        Q, R = _factors(w, "weight_q", odd), _factors(w, "weight_r", even)
        for k in range(1, self.rounds + 1):
            if k % 2 == 1:
                x = 2 * sigmoid(_product(Q[k // 2], h)) * x
            else:
                h = 2 * sigmoid(_product(R[k // 2 - 1], x)) * h
        return self._lstm.step(x, state, w, h)


def _factors(w: Weights, name: str, count: int) -> list[tuple[Array, ...]]:
    """Each round's matrix, or its left and right factor."""
    stacked = [w[part] for part in (name, f"{name}_right") if part in w]
    return list(zip(*(row_blocks(part, count) for part in stacked), strict=True))


def _product(factors: tuple[Array, ...], v: Array) -> Array:
    for factor in reversed(factors):
        v = linear(v, factor)
    return v
