"""The compiled module for the kernels: its threads and number formats."""

import ctypes
import os
import struct
import sys
from functools import lru_cache
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from foreword import compiled
from foreword.kernels.native import structs

SMALLEST_SHARED = 1 << 19
"""Number of multiplications between two barriers below which one thread is faster."""

Products = Literal["float32", "bfloat16", "int8"]
"""How numbers stand in matrix products. States, gates, gradients and sums stay float32."""
FORMATS: tuple[Products, ...] = get_args(Products)


@lru_cache(maxsize=1)
def loaded() -> Any | None:
    """The module, sharing torch's threads; None if it was not built."""
    module = compiled.loaded()
    if module is not None:
        structs.check(module.fields())
        module.ask_tensors_by(Tensor.__dlpack_c_exchange_api__)
        _share_threads(module)
    return module


@lru_cache(maxsize=1)
def codes() -> dict[str, int]:
    """The numbers that describe a cell to the module."""
    module: Any = loaded()
    return {name: code for code, name in enumerate(module.cells())}


def call(
    name: str,
    products: Products,
    work: int,
    meetings: int,
    struct: tuple[Any, ...],
) -> None:
    """Calls a kernel with the fields of its struct, of those in `structs`.

    The kernel checks the memory of each tensor itself (`native/arguments.cpp`), and refuses a
    tensor that it cannot read with a `Misfit`, a RuntimeError. None means no memory.

    Args:
        name: that of the kernel.
        products: the number format of the factors.
        work: multiplications between two barriers.
        meetings: the number of barriers.
        struct: the fields that it reads and writes.
    """
    getattr(loaded(), name)(
        [*structs.values(struct)], FORMATS.index(products), threads_for(work, meetings)
    )


def threads_for(work: int, meetings: int) -> int:
    """The number of threads to share `work` multiplications, with `meetings` barriers."""
    if work < SMALLEST_SHARED:
        return 1
    module: Any = loaded()
    threads: int = module.threads_worth(torch.get_num_threads(), float(work * meetings))
    return threads


def bits(number: float) -> int:
    """The bits of a float32, as the kernels' reader expects them."""
    return int.from_bytes(struct.pack("=f", number), sys.byteorder)


def _share_threads(module: Any) -> None:
    """Takes threads from the OpenMP that torch has loaded, if it can be found."""
    process = ctypes.CDLL(None)
    try:
        parallel, count = process.GOMP_parallel, process.omp_get_num_threads
    except AttributeError:
        return
    addresses = (ctypes.cast(f, ctypes.c_void_p).value or 0 for f in (parallel, count))
    module.use_openmp(*addresses)
    # A forked child has none of OpenMP's threads, and would wait for them without end.
    os.register_at_fork(after_in_child=lambda: module.use_openmp(0, 0))
