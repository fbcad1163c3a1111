"""The few operations that cells are written in, for PyTorch's tensors and NumPy's arrays alike.

Training and the kernels' tests run a cell's equations on tensors, and differentiate them. The
predictor, which has no PyTorch, runs the same equations on arrays. Vectors are along the last
dimension; there may be a batch dimension before it.
"""

from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""A `torch.Tensor` or a `numpy.ndarray` of floating-point numbers."""

EPSILON = 1e-5
"""Added to the variance in `normalised`, as `torch.nn.LayerNorm` does."""


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """W x + b, for x (..., n), W (rows, n) and b (rows,)."""
    product = x @ weight.T
    return product if bias is None else product + bias


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    if isinstance(x, np.ndarray):
        return 0.5 * (np.tanh(0.5 * x) + 1)  # tanh overflows for no argument
    return x.sigmoid()


def tanh(x: Array) -> Array:
    """The hyperbolic tangent."""
    return np.tanh(x) if isinstance(x, np.ndarray) else x.tanh()


def relu(x: Array) -> Array:
    """Max(x, 0)."""
    return np.maximum(x, 0) if isinstance(x, np.ndarray) else x.relu()


def exp(x: Array) -> Array:
    """The exponential function."""
    return np.exp(x) if isinstance(x, np.ndarray) else x.exp()


def log(x: Array) -> Array:
    """The natural logarithm."""
    return np.log(x) if isinstance(x, np.ndarray) else x.log()


def softplus(x: Array) -> Array:
    """Log(1 + exp(x)), which overflows for no argument; -softplus(-x) is log sigmoid(x)."""
    return np.logaddexp(x, 0 * x) if isinstance(x, np.ndarray) else x.logaddexp(0 * x)


def largest(x: Array) -> Array:
    """The largest number of the last dimension, which stays, with one entry."""
    return x.max(-1, keepdims=True) if isinstance(x, np.ndarray) else x.amax(-1, keepdim=True)


def clipped(x: Array, largest: float) -> Array:
    """X between -largest and largest; any x if `largest` is 0."""
    return x.clip(-largest, largest) if largest else x


def chunks(x: Array, count: int) -> list[Array]:
    """Equal parts of the last dimension: the gates of stacked matrices."""
    if isinstance(x, np.ndarray):  # slices, since np.split takes as long as a small product
        size = x.shape[-1] // count
        return [x[..., k * size : (k + 1) * size] for k in range(count)]
    return list(x.chunk(count, -1))


def row_blocks(matrix: Array, count: int) -> list[Array]:
    """Equal parts of the first dimension: the matrices or biases that are stacked in one."""
    rows = len(matrix) // count
    return [matrix[k * rows : (k + 1) * rows] for k in range(count)]


def normalised(x: Array, gain: Array, bias: Array) -> Array:
    """Layer normalisation: (x - mean) / sqrt(variance + EPSILON) * gain + bias."""
    centred = x - x.mean(-1)[..., None]
    variance = (centred * centred).mean(-1)[..., None]
    return centred / (variance + EPSILON) ** 0.5 * gain + bias
