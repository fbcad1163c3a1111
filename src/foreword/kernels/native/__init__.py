"""Loops over time in C++, for float32 on CPUs: one call a layer, all threads in it together."""

from foreword.kernels.native.inference import at_inference
from foreword.kernels.native.loops import LOOPS, products_in, refusal, run
from foreword.kernels.native.module import FORMATS, Products, instruction_set, why_absent
from foreword.kernels.native.packed import forget, frozen

__all__ = [
    "FORMATS",
    "LOOPS",
    "Products",
    "at_inference",
    "forget",
    "frozen",
    "instruction_set",
    "products_in",
    "refusal",
    "run",
    "why_absent",
]
