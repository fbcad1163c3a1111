"""Cross-entropy of rows of logits in C++, computed while a row is in a core's cache."""

import torch
from torch import Tensor

from foreword.compiled import why_absent
from foreword.kernels.native.module import Products, call
from foreword.kernels.native.structs import Ranks, Softmax

_COST = 16
"""The cost of a logit's exponential, in multiplications."""


def has_softmax(precision: torch.dtype, *parameters: Tensor) -> bool:
    """Whether `softmax` can be used: float32 or bfloat16 logits, the rest float32, on the CPU."""
    return (
        precision in (torch.float32, torch.bfloat16)
        and all(p.dtype == torch.float32 and p.is_cpu for p in parameters)
        and why_absent() is None
    )


def ranks(logits: Tensor, targets: Tensor, left_out: int) -> tuple[Tensor, Tensor]:
    """`foreword.nn.softmax.ranks` for rows of logits (N, V) in float32 on the CPU."""
    rows, V = logits.shape
    losses = torch.empty(rows, dtype=torch.float32, device="cpu")
    above = torch.empty(rows, dtype=torch.int64, device="cpu")
    struct = Ranks(rows, V, left_out, logits.contiguous(), targets.contiguous(), losses, above)
    call("ranks", "float32", rows * V * _COST, 1, struct)
    return losses, above


def softmax(
    logits: Tensor, bias: Tensor, targets: Tensor, grad_bias: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Cross-entropy of each row and its gradient by the logits, which are overwritten.

    Logits and gradients pass through memory twice rather than ten times: rows' exponentials and
    sums are computed while the row is in a core's cache, then the bias's gradient by columns.

    Args:
        logits: (N, V) float32 or bfloat16, contiguous, without the bias.
        bias: (V,).
        targets: (N,).
        grad_bias: (V,), to which the rows' gradients with respect to the bias are added.

    Returns:
        Gradients with respect to the logits (N, V), in their dtype, which must still be multiplied
        by a scale for each row; the scales (N, 1); and -log P(target) (N,), in nats. Rows that are
        not finite give NaN.
    """
    rows, V = logits.shape
    scales, losses = (
        torch.empty((rows, 1), dtype=torch.float32, device="cpu"),
        torch.empty(rows, dtype=torch.float32, device="cpu"),
    )
    struct = Softmax(
        rows, V, logits, bias.contiguous(), targets.contiguous(), scales, losses, grad_bias
    )
    format_: Products = "bfloat16" if logits.dtype == torch.bfloat16 else "float32"
    call("softmax", format_, rows * V * _COST, 2, struct)
    return logits, scales, losses
