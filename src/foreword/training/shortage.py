"""Distinguish a lack of memory or a fault of the machine from faults of the data. Knows no runs."""

import re

_MEMORY = re.compile(
    r"out of memory|(cannot|can't|unable to) allocate|not enough memory|alloc_failed|bad_alloc",
    re.IGNORECASE,
)
_DEVICE = re.compile(r"\b(CUDA|HIP|MPS|XPU|cuDNN|MIOpen|NCCL)\b|\bCU(DNN|BLAS)_STATUS_")


def lacks_memory(error: BaseException) -> bool:
    """Tell whether an error says that the machine, or its GPU, has no memory left.

    PyTorch has no class of its own for all of them: if CUDA, cuBLAS or the processor's allocator
    reports it, it is a plain RuntimeError that only its message distinguishes from others.

    >>> lacks_memory(RuntimeError("CUDA error: out of memory"))
    True
    >>> lacks_memory(RuntimeError("the shapes differ"))
    False
    """
    if isinstance(error, RuntimeError):
        return _MEMORY.search(str(error)) is not None
    return isinstance(error, MemoryError)


def is_of_machine(error: BaseException) -> bool:
    """Tell whether an error is a lack of memory, or a fault of a GPU or its driver.

    >>> is_of_machine(RuntimeError("CUDA error: unspecified launch failure"))
    True
    >>> is_of_machine(RuntimeError("tensors are on cuda:0 and cpu"))
    False
    """
    of_device = isinstance(error, RuntimeError) and _DEVICE.search(str(error)) is not None
    return of_device or lacks_memory(error)
