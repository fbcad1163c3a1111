"""How much a cell's matrix products compute, for counters, which see only an operator."""

import math
from collections.abc import Mapping, Sequence

MATRICES = (
    *("weight_ih", "weight_hh", "weight_hr"),
    *("weight_q", "weight_q_right", "weight_r", "weight_r_right"),
)
"""Parameters that a step multiplies with a vector, each once."""


def flops(shapes: Mapping[str, Sequence[int]], rows: int) -> int:
    """Additions and multiplications of the forward matrix products, without element-wise work.

    Args:
        shapes: those of a cell's parameters, by name.
        rows: time steps times sequences.
    """
    return 2 * rows * sum(math.prod(shapes[name]) for name in MATRICES if name in shapes)
