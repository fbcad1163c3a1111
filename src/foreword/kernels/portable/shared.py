"""What the cells' forward and backward loops have in common."""

from typing import NamedTuple

from torch import Tensor

from foreword.kernels.portable.products import product


class Inputs(NamedTuple):
    """All tensors that a cell's way through time depends on; None where there is none.

    Attributes:
        x: (T, B, I).
        h: hidden state before the first step, (B, P).
        weight_ih, weight_hh, bias_ih, bias_hh, weight_peephole, weight_hr: parameters.
        c: the state's other part, (B, H): the memory, or a projected GRU's u.
        norm_ih, norm_hh, norm_c, bias_c: parameters of layer normalisation.
        weight_q, weight_q_right, weight_r, weight_r_right: those of the Mogrifier LSTM.
        keep, drop_hidden, drop_memory, lengths: as in `kernels.problem.Extras`.
        zone_hidden: (T, B, P), as in `kernels.problem.Zoneout`; a share is expanded.
        zone_memory: (T, B, H), the same.
        probe_h: (T, B, P), zeros, for the gradients by the hidden states.
        probe_c: (T, B, H), the same for the memories.
    """

    x: Tensor
    h: Tensor
    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor
    bias_hh: Tensor
    c: Tensor | None = None
    weight_peephole: Tensor | None = None
    weight_hr: Tensor | None = None
    keep: Tensor | None = None
    drop_hidden: Tensor | None = None
    drop_memory: Tensor | None = None
    probe_h: Tensor | None = None
    probe_c: Tensor | None = None
    lengths: Tensor | None = None
    norm_ih: Tensor | None = None
    norm_hh: Tensor | None = None
    norm_c: Tensor | None = None
    bias_c: Tensor | None = None
    zone_hidden: Tensor | None = None
    zone_memory: Tensor | None = None
    weight_q: Tensor | None = None
    weight_q_right: Tensor | None = None
    weight_r: Tensor | None = None
    weight_r_right: Tensor | None = None

    def carries(self) -> tuple[Tensor | None, Tensor | None]:
        """What h and c are multiplied by before each step, (T, B, 1) and (T, B, 1 or H)."""
        carry_h = None if self.keep is None else self.keep.unsqueeze(2)
        if self.drop_memory is None:
            return carry_h, carry_h
        if carry_h is None:
            return None, self.drop_memory.expand(len(self.x), *self.drop_memory.shape)
        return carry_h, carry_h * self.drop_memory


Gradients = dict[str, Tensor | None]
"""By the names of `Inputs`."""


def project(x: Tensor, weight_ih: Tensor, bias: Tensor) -> Tensor:
    """W_ih x + b for all steps as one product, (T, B, n H)."""
    T, B, inputs = x.shape
    return product(x.reshape(T * B, inputs), weight_ih, bias).view(T, B, len(bias))


def with_first(first: Tensor, steps: int) -> Tensor:
    """Room for a state before and after each step, (T + 1, B, size)."""
    states = first.new_empty((steps + 1, *first.shape))
    states[0] = first
    return states


def times(a: Tensor, factor: Tensor | None) -> Tensor:
    """The product, if there is a factor."""
    return a if factor is None else a * factor


def plus(a: Tensor, b: Tensor | None) -> Tensor:
    """The sum, if there is another."""
    return a if b is None else a + b


def step_of(sequence: Tensor | None, t: int) -> Tensor | None:
    """One step of a sequence that may be absent."""
    return None if sequence is None else sequence[t]


def input_gradient(d_a: Tensor, x: Tensor, weight_ih: Tensor) -> Tensor:
    """By x, from d_a (T, B, n H)."""
    return product(d_a.reshape(-1, d_a.shape[2]), weight_ih.t()).view(x.shape)


def weight_gradient(d_a: Tensor, seen: Tensor) -> Tensor:
    """Sum over steps and sequences of d_a (T, B, rows) by what the weight was applied to."""
    return weight_gradients(d_a, seen)[0]


def weight_gradients(d_a: Tensor, *seen: Tensor) -> list[Tensor]:
    """The same by several weights that d_a comes from, each as one product."""
    # Not left to the products, which would transpose it once for each.
    rows = d_a.reshape(-1, d_a.shape[2]).t().contiguous()
    return [product(rows, part.reshape(-1, part.shape[2]).t()) for part in seen]
