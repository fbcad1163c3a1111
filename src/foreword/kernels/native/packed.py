"""Weights in the packed order of the products, cached as long as the weights do not change.

This is only done if no gradient is needed, since training changes the weights at each step. A
cached copy belongs to a parameter by a weak reference. It is made again if a version counter, an
address, a shape or the checksum of all bits has changed. The checksum detects writes through
`.data` or NumPy, which no counter notices. With `frozen`, the caller promises that there are none,
and only a few values are compared.
"""

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from foreword.cells.cell import Cell
from foreword.cells.gru import GRUCell
from foreword.kernels.native.memory import empty
from foreword.kernels.native.module import FORMATS, Products, loaded, threads_for

MOST_FLOATS = 1 << 27
"""The largest size of the cache, 512 MiB; the oldest copies are dropped first."""
FEW_SEQUENCES = 3
"""Up to this size weights are divided into wider strips; as `widest` in `native/strips.hpp`."""

Weights = tuple[Tensor, Tensor, Tensor | None, Tensor | None, Tensor | None]
"""`weight_ih`, `weight_hh`, `bias_ih`, `bias_hh`, `weight_hr`."""
Biases = tuple[Tensor, Tensor | None]
"""The biases outside of the reset gate, and those inside."""


@dataclass
class Packed:
    """The packed weights of a cell.

    Attributes:
        state: that of the parameters when they were packed.
        memory: the packed weights, or memory for them.
        biases: their sum.
        is_there: whether a call has packed them already.
    """

    state: tuple[Any, ...]
    memory: Tensor
    biases: Biases
    is_there: bool = False


_frozen: ContextVar[bool] = ContextVar("frozen", default=False)


@contextmanager
def frozen(is_frozen: bool = True) -> Iterator[None]:
    """Promises that nothing writes to weights without torch's notice, in this thread or task.

    Changes that torch counts (in place, by an optimizer, `load_state_dict`) are still noticed.
    """
    token = _frozen.set(is_frozen)
    try:
        yield
    finally:
        _frozen.reset(token)


_lock = threading.RLock()  # a weight may be freed, and call back, while the lock is held
_kept: dict[tuple[int, Any], Packed] = {}
_alive: dict[int, Any] = {}


def add_up(cell: Cell, bias_ih: Tensor, bias_hh: Tensor) -> Biases:
    """The biases of a cell; none for products that are normalised."""
    if "layernorm" in cell.name:
        return torch.zeros_like(bias_ih), None
    bias, H = bias_ih + bias_hh if len(bias_ih) == len(bias_hh) else bias_ih.clone(), 0
    if isinstance(cell, GRUCell):
        H = len(bias_ih) // 3
        if cell.reset_after:
            bias[2 * H :] = bias_ih[2 * H :]
            return bias, bias_hh[2 * H :].contiguous()
    elif len(bias_ih) > len(bias_hh):  # g sees only the input
        H = len(bias_ih) // 4
        bias[: 2 * H] += bias_hh[: 2 * H]
        bias[3 * H :] += bias_hh[2 * H :]
    return bias, None


def find(weights: Weights, cell: Cell, products: Products, batch: int) -> Packed | None:
    """The packed weights; None if it is impossible to notice their changes.

    If they are not packed yet, the caller packs them into the memory and then calls `keep`.

    Args:
        weights: those of one cell.
        cell: decides how they are packed.
        products: the number format of the factors.
        batch: the number of sequences.
    """
    state = _state(weights)
    if state is None:
        return None
    known = _kept.get(_key(weights, cell, products, batch))
    if known is not None and known.state == state:
        return known
    if any(weight.dim() != 2 for weight in weights[:2]):
        return None
    pairs = list(zip(weights[:2], weights[2:4], strict=True))
    if any(bias is not None and bias.shape != weight.shape[:1] for weight, bias in pairs):
        return None
    module: Any = loaded()
    (rows, inputs), (recurrent_rows, seen) = weights[0].shape, weights[1].shape
    hidden, format_ = rows // len(cell.gates), FORMATS.index(products)
    floats = module.packed_floats(hidden, recurrent_rows // hidden, seen, format_)
    floats += module.packed_floats(hidden, len(cell.gates), inputs, format_)
    if weights[4] is not None:
        floats += module.packed_floats(len(weights[4]), 1, hidden, format_)
    biases = [weights[0].new_zeros(len(weight)) if bias is None else bias for weight, bias in pairs]
    return Packed(state, empty(floats), add_up(cell, *biases))


def keep(packed: Packed, weights: Weights, cell: Cell, products: Products, batch: int) -> None:
    """Caches the weights that a call has packed."""
    size, owner = packed.memory.numel(), id(weights[1])
    if size > MOST_FLOATS:
        return
    packed.is_there = True
    with _lock:
        if owner not in _alive:
            _alive[owner] = weakref.ref(weights[1], lambda _: _forget(owner))
        _kept.pop(key := _key(weights, cell, products, batch), None)
        while sum(other.memory.numel() for other in _kept.values()) + size > MOST_FLOATS:
            del _kept[next(iter(_kept))]
        _kept[key] = packed


def _key(weights: Weights, cell: Cell, products: Products, batch: int) -> tuple[int, Any]:
    kind = cell.name, getattr(cell, "reset_after", None), cell.projected
    return id(weights[1]), (kind, products, batch <= FEW_SEQUENCES)


def forget() -> None:
    """Empties the cache."""
    with _lock:
        _kept.clear()
        _alive.clear()


def _forget(owner: int) -> None:
    with _lock:
        _alive.pop(owner, None)
        for key in [key for key in _kept if key[0] == owner]:
            del _kept[key]


def _state(weights: Weights) -> tuple[Any, ...] | None:
    state: list[Any] = []
    tensors: list[Tensor] = []
    for weight in weights:
        if weight is None:
            state.append(None)
            continue
        if type(weight) is not Parameter or weight.is_inference() or not weight.is_contiguous():
            return None
        state += (weight._version, weight.data_ptr(), weight.shape)
        tensors.append(weight)
    module: Any = loaded()
    if _frozen.get():
        state.append(module.fingerprint(tensors))
    else:
        # Reading a word takes about as long as two multiplications.
        work = 2 * sum(weight.numel() for weight in tensors)
        state.append(module.checksum(tensors, threads_for(work, 1)))
    return tuple(state)
