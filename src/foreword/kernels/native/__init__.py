"""Loops over time in C++, for float32 on CPUs: one call for each layer, shared by all threads."""

from foreword.compiled import instruction_set, why_absent
from foreword.kernels.native.door import is_plain
from foreword.kernels.native.inference import Stack, at_inference
from foreword.kernels.native.loops import CELLS, LOOPS, products_chosen, products_in, refusal, run
from foreword.kernels.native.module import FORMATS, Products
from foreword.kernels.native.packed import forget, frozen
from foreword.kernels.native.scan import has_scan, scan, scan_back
from foreword.kernels.native.softmax import has_softmax, ranks, softmax

__all__ = [
    "CELLS",
    "FORMATS",
    "LOOPS",
    "Products",
    "Stack",
    "at_inference",
    "forget",
    "frozen",
    "has_scan",
    "has_softmax",
    "instruction_set",
    "is_plain",
    "products_chosen",
    "products_in",
    "ranks",
    "refusal",
    "run",
    "scan",
    "scan_back",
    "softmax",
    "why_absent",
]
