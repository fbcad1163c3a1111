"""Matrix products of the hand-written kernel, by oneDNN where torch would use a slower library.

For float32 on CPUs torch calls MKL, which reaches less than half of oneDNN's speed on AMD's
processors (`benchmarks/products.py`). oneDNN also accepts a weight in its own layout, which is made
once for all time steps.
"""

from collections.abc import Callable

import torch
from torch import Tensor

SMALLEST = 1 << 21
"""Number of multiplications below which calling oneDNN takes longer than it saves."""
SMALLEST_LAID_OUT, FEWEST_TIMES = 1 << 20, 8
"""The same for a weight in oneDNN's layout, and the number of uses that repay the conversion.
"""

# Operators that torch's own compiler calls; every build with oneDNN has them.
_HAS_ONEDNN = torch._C._has_mkldnn and hasattr(torch.ops.mkldnn, "_linear_pointwise")

Product = Callable[[Tensor], Tensor]


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The product of x (M, K) and the transpose of weight (N, K), plus bias (N,); any strides."""
    if _suits(x, weight) and len(x) * weight.numel() >= SMALLEST:
        result: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
        return result
    return torch.mm(x, weight.t()) if bias is None else torch.addmm(bias, x, weight.t())


def product_by(weight: Tensor, rows: int, times: int, bias: Tensor | None = None) -> Product:
    """A function of x (rows, K) for the same product by one weight, to be called `times` times."""
    is_large = rows * weight.numel() >= SMALLEST_LAID_OUT
    if is_large and times >= FEWEST_TIMES and _suits(weight, weight):
        laid_out = torch.ops.mkldnn._reorder_linear_weight(_contiguous(weight), rows)
        return lambda x: torch.ops.mkldnn._linear_pointwise(x, laid_out, bias, "none", [], "")
    return lambda x: product(x, weight, bias)


def _suits(x: Tensor, weight: Tensor) -> bool:
    return (
        weight.dtype == torch.float32
        and weight.device.type == "cpu"
        and type(x) in (Tensor, torch.nn.Parameter)
        and _HAS_ONEDNN
        and bool(torch.backends.mkldnn.enabled)
    )


def _contiguous(weight: Tensor) -> Tensor:
    # `contiguous` takes longer to transpose.
    return weight if weight.is_contiguous() else weight.new_empty(weight.shape).copy_(weight)
