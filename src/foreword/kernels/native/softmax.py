"""Cross-entropy of rows of logits in C++, where a row passes while it is in a core's cache."""

import torch
from torch import Tensor

from foreword.compiled import why_absent
from foreword.kernels.native.module import Products, call
from foreword.kernels.native.structs import Ranks, Softmax

_COST = 16
"""What a logit's exponential costs, in multiplications."""


def has_softmax(precision: torch.dtype, *parameters: Tensor) -> bool:
    """Whether `softmax` can serve: logits of float32 or bfloat16, all else float32, on the CPU."""
    return (
        precision in (torch.float32, torch.bfloat16)
        and all(p.dtype == torch.float32 and p.is_cpu for p in parameters)
        and why_absent() is None
    )


def ranks(logits: Tensor, targets: Tensor, left_out: int) -> tuple[Tensor, Tensor]:
    """Of rows of logits (N, V) float32 on the CPU; see `foreword.nn.softmax.ranks`."""
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
        grad_bias: (V,), to which the rows' gradients by the bias are added.

    Returns:
        Gradients by the logits (N, V), in their dtype, yet to be multiplied by a scale of each
        row; the scales (N, 1); and -log P(target) (N,), in nats. What is not finite gives NaN.
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
