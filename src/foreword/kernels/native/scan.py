"""The linear recurrence h_t = a_t * h_{t-1} + b_t in C++, and its backward pass."""

from typing import Any

import torch
from torch import Tensor

from foreword.compiled import why_absent
from foreword.kernels.native.door import is_plain, is_whole
from foreword.kernels.native.memory import empty
from foreword.kernels.native.module import loaded, threads_for

_COST = 8
"""The cost of a unit's step, in multiplications of a product; its numbers come from memory."""


def has_scan(*tensors: Tensor) -> bool:
    """Whether `scan` and `scan_back` can be used: float32, dense, on the CPU, none empty."""
    return (
        why_absent() is None
        and hasattr(loaded(), "scan")
        and all(
            is_plain(t) and t.dtype == torch.float32 and is_whole(t) and t.numel() for t in tensors
        )
    )


def scan(a: Tensor, b: Tensor, first: Tensor) -> Tensor:
    """H (T, ...) of a and b (T, ...), from the first h (...)."""
    h = empty(*b.shape)
    _call("scan", len(a), (a, b, first, h))
    return h


def scan_back(a: Tensor, first: Tensor, h: Tensor, d_h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients with respect to a, b (T, ...) and the first h (...), from those of h (T, ...)."""
    d_a, d_b, d_first = empty(*a.shape), empty(*a.shape), empty(*first.shape)
    _call("scan_back", len(a), (a, first, h, d_h, d_a, d_b, d_first))
    return d_a, d_b, d_first


def _call(name: str, steps: int, tensors: tuple[Tensor, ...]) -> None:
    of_steps = tensors[0].dim()
    flat = [t.contiguous().view((steps, -1) if t.dim() == of_steps else -1) for t in tensors]
    module: Any = loaded()
    getattr(module, name)(flat, threads_for(tensors[0].numel() * _COST, 1))
