"""The limits of this machine: arithmetic in registers, and reading from the caches.

Measured by `limits.cpp`, compiled for the processor at hand; absent where there is no C++ compiler,
or no AVX-512.
"""

import ctypes
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import torch

BYTES = {"float32": 4, "bfloat16": 2, "int8": 1}
_PEAKS = {"float32": "fp32", "bfloat16": "bf16", "int8": "int8"}


@cache
def _library() -> ctypes.CDLL | None:
    target = Path(tempfile.mkdtemp()) / "limits.so"
    source = Path(__file__).with_name("limits.cpp")
    command = ["c++", "-O3", "-march=native", "-shared", "-fPIC", "-std=c++17"]
    try:
        subprocess.run([*command, str(source), "-o", str(target)], check=True, capture_output=True)
        library = ctypes.CDLL(str(target))
    except (OSError, subprocess.CalledProcessError):
        return None
    for name in _PEAKS.values():
        function = getattr(library, name)
        function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double]
    library.reads.restype = ctypes.c_double
    library.reads.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_double]
    return library


@cache
def peak(products: str, threads: int) -> float | None:
    """Multiplications and additions a second, all threads together; None if not measurable."""
    library = _library()
    if library is None:
        return None
    function = getattr(library, _PEAKS[products])
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(function, [0.1] * threads)) or None


@cache
def read_rate(total: int, threads: int) -> float | None:
    """Bytes a second, each thread reading its share of so many bytes over and over."""
    library = _library()
    if library is None:
        return None
    share = max(4096, total // threads // 256 * 256)
    parts = [torch.zeros(share + 64, dtype=torch.uint8) for _ in range(threads)]
    starts = [(part.data_ptr() + 63) // 64 * 64 for part in parts]
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(lambda start: library.reads(start, share, 0.1), starts))


def least_seconds(
    shape: tuple[int, int, int], gates: int, products: str, threads: int, *, both_ways: bool
) -> tuple[float, str] | None:
    """The time that a layer must take, and whether arithmetic or reading bounds its steps.

    The products over all steps at once (inputs, weights' gradients) take what their arithmetic
    takes, or one reading of the weights; each step takes its arithmetic, or a reading of its own.
    """
    B, T, H = shape
    work, size = 2.0 * B * gates * H * H, gates * H * H * BYTES[products]
    arithmetic, reading = peak(products, threads), read_rate(size, threads)
    if arithmetic is None or reading is None:
        return None
    step = max(work / arithmetic, size / reading)
    at_once = max(T * work / arithmetic, size / reading)
    bound = "arithmetic" if work / arithmetic > size / reading else "reading"
    # Back again: the same two products, and the gradients by two weights.
    factor = 2 if both_ways else 1
    gradients = 2 * T * work / arithmetic if both_ways else 0.0
    return factor * (T * step + at_once) + gradients, bound
