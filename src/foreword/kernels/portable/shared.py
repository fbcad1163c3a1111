"""Functions that the cells' forward and backward loops share."""

from torch import Tensor

from foreword.kernels.portable.products import product


def project(x: Tensor, weight_ih: Tensor, bias: Tensor) -> Tensor:
    """W_ih x + b for all steps as one product, (T, B, n H)."""
    T, B, inputs = x.shape
    return product(x.reshape(T * B, inputs), weight_ih, bias).view(T, B, len(bias))


def with_first(first: Tensor, steps: int) -> Tensor:
    """Memory for a state before and after each step, (T + 1, B, size)."""
    states = first.new_empty((steps + 1, *first.shape))
    states[0] = first
    return states


def times(a: Tensor, factor: Tensor | None) -> Tensor:
    """The product with a factor, if there is one."""
    return a if factor is None else a * factor


def plus(a: Tensor, b: Tensor | None) -> Tensor:
    """The sum with another term, if there is one."""
    return a if b is None else a + b


def step_of(sequence: Tensor | None, t: int) -> Tensor | None:
    """One step of a sequence that may be absent."""
    return None if sequence is None else sequence[t]


def input_gradient(d_a: Tensor, x: Tensor, weight_ih: Tensor) -> Tensor:
    """The gradient with respect to x, from d_a (T, B, n H)."""
    return product(d_a.reshape(-1, d_a.shape[2]), weight_ih.t()).view(x.shape)


def weight_gradient(d_a: Tensor, seen: Tensor) -> Tensor:
    """Sum over steps and sequences of d_a (T, B, rows) times the weight's factors."""
    return weight_gradients(d_a, seen)[0]


def weight_gradients(d_a: Tensor, *seen: Tensor) -> list[Tensor]:
    """The same for several weights, each as one product."""
    # Transposed here, since each product would transpose it again.
    rows = d_a.reshape(-1, d_a.shape[2]).t().contiguous()
    return [product(rows, part.reshape(-1, part.shape[2]).t()) for part in seen]
