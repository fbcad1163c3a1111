"""Memory and matrix products of the native kernels."""

import math
from typing import Any

import torch
from torch import Tensor

from foreword.kernels.native.module import call, loaded

SMALLEST_POOLED = 1 << 14
"""Floats below which torch's own memory is as good."""


def empty(*shape: int) -> Tensor:
    """A float32 tensor, not set, in memory that earlier tensors of the size have left."""
    count = math.prod(shape)
    if count < SMALLEST_POOLED:
        return torch.empty(shape)
    module: Any = loaded()
    tensor: Tensor = module.empty(count)
    return tensor.view(shape)


def product(a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    """A (M, K) by b (K, N), plus bias (N,); the result does not depend on the number of threads."""
    (M, K), N = a.shape, b.shape[1]
    if 0 in (M, N, K):
        return torch.mm(a, b) if bias is None else torch.addmm(bias, a, b)
    c = empty(M, N)
    is_rows = b.stride(0) == 1 and b.stride(1) >= K
    if not is_rows and not (b.stride(1) == 1 and b.stride(0) >= N):
        b = b.contiguous()
    row = b.stride(1) if is_rows else b.stride(0)
    module: Any = loaded()
    room = empty(module.matmul_room(M, N))
    bias = None if bias is None else bias.contiguous()
    call("matmul", (M, N, K), M * N * K, a, *a.stride(), b, row, is_rows, bias, c, room)
    return c


def room_for_strips(weight: Tensor) -> Tensor:
    """For a weight (rows, H) cut into strips: whole vectors of units."""
    module: Any = loaded()
    lanes = module.lanes()
    rows, H = weight.shape
    return empty(rows // H * H * (-(-H // lanes) * lanes))
