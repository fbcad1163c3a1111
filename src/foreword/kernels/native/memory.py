"""Memory of the native kernels, and the gradients with respect to weights."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from foreword.kernels.native.module import Products, call, loaded
from foreword.kernels.native.structs import Sums

SMALLEST_POOLED = 1 << 14
"""Number of floats below which torch's own memory is as fast."""


def empty(*shape: int) -> Tensor:
    """An uninitialised float32 tensor, in memory that was freed by earlier tensors of its size."""
    count = math.prod(shape)
    if count < SMALLEST_POOLED:
        return torch.empty(shape, dtype=torch.float32, device="cpu")
    module: Any = loaded()
    tensor: Tensor = module.empty(count)
    return tensor.view(shape)


class Rows(NamedTuple):
    """Lines of a matrix.

    Attributes:
        memory: (..., N).
        order: the indices of these lines; None for all.
    """

    memory: Tensor
    order: Tensor | None = None


def sums(
    products: Products,
    a: Tensor,
    b: Rows,
    other: Rows | None = None,
    *,
    with_totals: bool = False,
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """The sums over steps and sequences that are the gradients with respect to weights.

    Args:
        products: the number format of the factors.
        a: (K, M), gradients with respect to the inputs of the gates; its rows need not be adjacent.
        b: K rows: the vectors that a weight multiplied.
        other: the same of another weight.
        with_totals: whether to sum the rows of `a` too.

    Returns:
        a^T b (M, N), a^T other, and the sum of a's rows (M,); None for those not requested.
    """
    (K, M), N = a.shape, b.memory.shape[-1]
    other_N = 0 if other is None else other.memory.shape[-1]
    totals = empty(M) if with_totals else None
    by_b, by_other = empty(M, N), None if other is None else empty(M, other_N)
    if 0 in (K, M, N):
        _set(by_b, totals, a, b)
        if other is not None and by_other is not None:
            _set(by_other, None, a, other)
        return by_b, by_other, totals
    other_b, other_rows = (None, None) if other is None else other
    # If its rows are not adjacent, the memory between them is passed too, and skipped.
    row = a.stride(0)
    whole = a if row == M else a.as_strided(((K - 1) * row + M,), (1,))
    struct = Sums(M, K, whole, row, N, *b, by_b, other_N, other_b, other_rows, by_other, totals)
    call("sums", products, M * (N + other_N) * K, 1, struct)
    return by_b, by_other, totals


def _set(by_b: Tensor, totals: Tensor | None, a: Tensor, b: Rows) -> None:
    by_b.copy_(a.t() @ b.memory.reshape(len(a), -1))
    if totals is not None:
        totals.copy_(a.sum(0))
