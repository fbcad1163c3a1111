"""The loop of `triton_softmax` over one row, compiled by Triton. Imported only with Triton."""

import triton
import triton.language as tl


@triton.jit
def rows(
    logits,
    bias,
    targets,
    losses,
    V: tl.constexpr,
    W: tl.constexpr,
    stride,
    BLOCK: tl.constexpr,
):
    """One row of `triton_softmax.rows_softmax`; the program's number is that of the row."""
    row = tl.program_id(0)
    target = tl.load(targets + row)
    start = logits + row.to(tl.int64) * stride
    columns = tl.arange(0, BLOCK)
    # The largest logit so far, and the sum of exponentials below it.
    peak = -float("inf")
    total = 0.0
    for first in range(0, V, BLOCK):
        at = first + columns
        inside = at < V
        x = tl.load(start + at, mask=inside, other=-float("inf")).to(tl.float32)
        x += tl.load(bias + at, mask=inside, other=0.0)
        higher = tl.maximum(peak, tl.max(x, 0))
        total = total * tl.exp(peak - higher) + tl.sum(tl.exp(x - higher), 0)
        peak = higher
    is_asked = target >= 0
    known = tl.maximum(target, 0)
    at_target = tl.load(start + known).to(tl.float32) + tl.load(bias + known)
    tl.store(losses + row, tl.where(is_asked, tl.log(total) + peak - at_target, 0.0))
    for first in range(0, W, BLOCK):
        at = first + columns
        inside = at < V
        x = tl.load(start + at, mask=inside, other=-float("inf")).to(tl.float32)
        x += tl.load(bias + at, mask=inside, other=0.0)
        gradient = tl.exp(x - peak) / total - tl.where(at == target, 1.0, 0.0)
        gradient = tl.where(is_asked & inside, gradient, 0.0)
        tl.store(start + at, gradient.to(logits.dtype.element_ty), mask=at < W)
