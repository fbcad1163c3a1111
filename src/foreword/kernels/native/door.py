"""The door by which tensors' memory reaches C++: what passes is what the loops take it for.

The loops are given memory and sizes, read and write there, and ask nothing. So every tensor is
asked before. The compiled module asks each that it is given for its dtype, device, strides, shape
and address (`native/arguments.cpp`, `native/fields.hpp`), which takes nanoseconds, and refuses it
with a `Misfit`, a RuntimeError. What DLPack does not tell is asked here: classes, negative views,
and how long the storage is.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import Parameter

from foreword.kernels.problem import Problem

LARGEST = (1 << 31) - 1
"""The loops count rows by 32 bits."""


def is_whole(tensor: Tensor) -> bool:
    """Whether a contiguous tensor has all of its memory, and is not a lazily negated view."""
    stored = tensor.untyped_storage().nbytes()
    wanted = tensor.nbytes + tensor.itemsize * tensor.storage_offset()
    return stored >= wanted and not tensor.is_neg()


def refusal(problem: Problem) -> str | None:
    """Which of a problem's tensors the loops cannot read, and why; None if they can read all.

    Raises:
        RuntimeError: one has less memory than its shape says. That is not left to another kernel:
            torch's own operations would read what is not there.
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
    """How much less memory a tensor has than its shape says; None if all of it is there."""
    last = sum((n - 1) * by for n, by in zip(tensor.shape, tensor.stride(), strict=True))
    wanted = (tensor.storage_offset() + last + 1) * tensor.itemsize
    stored = tensor.untyped_storage().nbytes()
    if stored >= wanted or tensor.numel() == 0:
        return None
    return f"without its memory: its storage was resized to {stored} bytes, and it takes {wanted}"


def settled(gradient: Tensor | None) -> Tensor | None:
    """An incoming gradient as its numbers are."""
    return gradient.resolve_neg() if gradient is not None and gradient.is_neg() else gradient


def is_plain(tensor: Tensor) -> bool:
    """Whether it is a dense tensor on the CPU, and nothing more; of any dtype."""
    return type(tensor) in (Tensor, Parameter) and _keys(tensor) in _PLAIN_KEYS


def _keys(tensor: Tensor) -> int:
    """What torch's dispatcher knows of a tensor, one bit for each kind of thing."""
    keys: int = torch._C._dispatch_keys(tensor).raw_repr()
    return keys


def _plain_keys() -> frozenset[int]:
    """The same of dense tensors on the CPU that are nothing more.

    A bit more or less is another device, a sparse or quantised layout, a negative or conjugate
    view, a wrapper of `torch.func` or of a compiler.
    """
    keys = []
    for is_inference in (False, True):
        with torch.inference_mode(is_inference):
            keys.append(_keys(torch.empty(0, dtype=torch.float32, device="cpu")))
    return frozenset(keys)


_PLAIN_KEYS = _plain_keys()
