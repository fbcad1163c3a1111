"""Loops over time in C++, for float32 on CPUs: one call a layer, all threads in it together."""

from foreword.kernels.native.loops import LOOPS, products_in, refusal, run
from foreword.kernels.native.module import FORMATS, Products, instruction_set, why_absent

__all__ = [
    "FORMATS",
    "LOOPS",
    "Products",
    "instruction_set",
    "products_in",
    "refusal",
    "run",
    "why_absent",
]
