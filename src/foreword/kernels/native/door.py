"""Checks of tensors whose memory is passed to C++.

The loops receive addresses and sizes, read and write there, and check nothing. So every tensor is
checked before. The compiled module checks dtype, device, strides, shape and address of each tensor
(`native/arguments.cpp`, `native/fields.hpp`), which takes nanoseconds, and refuses it with a
`Misfit`, a RuntimeError. DLPack does not provide the class, negative views and the length of the
storage; these are checked here.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import Parameter

from foreword.kernels.problem import Problem

LARGEST = (1 << 31) - 1
"""The loops count rows in 32 bits."""


def is_whole(tensor: Tensor) -> bool:
    """Whether a contiguous tensor has all of its memory, and is not a lazily negated view."""
    stored = tensor.untyped_storage().nbytes()
    wanted = tensor.nbytes + tensor.itemsize * tensor.storage_offset()
    return stored >= wanted and not tensor.is_neg()


def refusal(problem: Problem) -> str | None:
    """The first of a problem's tensors that the loops cannot read, and why; None if there is none.

    Raises:
        RuntimeError: one has less memory than its shape requires. It is not left to another kernel,
            because torch's own operations would read beyond its memory.
    """
    steps, batch = problem.x.shape[:2]
    if steps * batch > LARGEST:
        return f"it counts rows to {LARGEST}"
    for name, part in _named(problem):
        kind = type(part)
        if kind is not Tensor and kind is not Parameter:
            return f"{name} is a {kind.__name__}, no plain tensor"
        try:
            if is_whole(part):
                continue
            if part.is_neg():
                return f"{name} is a negative view"
            why_not = _lack(part)
        except NotImplementedError:
            return f"{name} has no dense memory"
        if why_not is not None:
            raise RuntimeError(
                f"{name} is {why_not}. A wrapper that frees weights between calls, as FSDP does, "
                "has them only while its own forward and backward run"
            )
    return None


def _named(problem: Problem) -> Iterator[tuple[str, Tensor]]:
    yield "the input", problem.x
    yield from zip(problem.cell.states, problem.state, strict=True)
    yield from problem.weights.items()
    yield from problem.extras.tensors


def _lack(tensor: Tensor) -> str | None:
    """How much of the memory that its shape requires a tensor lacks; None if it has all."""
    last = sum((n - 1) * by for n, by in zip(tensor.shape, tensor.stride(), strict=True))
    wanted = (tensor.storage_offset() + last + 1) * tensor.itemsize
    stored = tensor.untyped_storage().nbytes()
    if stored >= wanted or tensor.numel() == 0:
        return None
    return f"without its memory: its storage was resized to {stored} bytes, and it takes {wanted}"


def settled(gradient: Tensor | None) -> Tensor | None:
    """An incoming gradient in memory, without lazy negation."""
    return gradient.resolve_neg() if gradient is not None and gradient.is_neg() else gradient


def is_plain(tensor: Tensor) -> bool:
    """Whether it is a plain dense tensor on the CPU, of any dtype."""
    return type(tensor) in (Tensor, Parameter) and _keys(tensor) in _PLAIN_KEYS


def _keys(tensor: Tensor) -> int:
    """A tensor's keys in torch's dispatcher, as bits."""
    keys: int = torch._C._dispatch_keys(tensor).raw_repr()
    return keys


def _plain_keys() -> frozenset[int]:
    """The keys of plain dense tensors on the CPU.

    Another bit means another device, a sparse or quantised layout, a negative or conjugate view, or
    a wrapper of `torch.func` or of a compiler.
    """
    keys = []
    for is_inference in (False, True):
        with torch.inference_mode(is_inference):
            keys.append(_keys(torch.empty(0, dtype=torch.float32, device="cpu")))
    return frozenset(keys)


_PLAIN_KEYS = _plain_keys()
