"""The compiled module as the kernels use it: whose threads, which formats."""

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
"""Multiplications between two meetings of threads below which one alone is faster."""

Products = Literal["float32", "bfloat16", "int8"]
"""How numbers stand in matrix products. States, gates, gradients and sums stay float32."""
FORMATS: tuple[Products, ...] = get_args(Products)


@lru_cache(maxsize=1)
def loaded() -> Any | None:
    """The module, sharing torch's threads; None where it was not built."""
    module = compiled.loaded()
    if module is not None:
        structs.check(module.fields())
        module.ask_tensors_by(Tensor.__dlpack_c_exchange_api__)
        _share_threads(module)
    return module


@lru_cache(maxsize=1)
def codes() -> dict[str, int]:
    """The numbers by which the module is told a cell."""
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

    The kernel asks each tensor itself for its memory (`native/arguments.cpp`), and refuses it with
    a `Misfit`, a RuntimeError, where it is none that the kernel reads. None stands for no memory.

    Args:
        name: of the kernel.
        products: how numbers stand in them.
        work: multiplications between two meetings of threads.
        meetings: how many.
        struct: what it reads and writes.
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
    """Of a float32, as the kernels' reader takes it."""
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
    # A forked child has none of OpenMP's threads, and would wait for them.
    os.register_at_fork(after_in_child=lambda: module.use_openmp(0, 0))
