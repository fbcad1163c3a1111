"""Loops over time in C++, for float32 on CPUs: one call a layer, all threads in it together."""

from foreword.kernels.native.loops import LOOPS, refusal, run
from foreword.kernels.native.module import instruction_set, why_absent

__all__ = ["LOOPS", "instruction_set", "refusal", "run", "why_absent"]
