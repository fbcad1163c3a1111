"""Softmax, cross-entropy and its gradient on GPUs, in one pass over the logits. Needs Triton.

With torch's operations the logits of a batch, a gigabyte, are read and written a dozen times; here
they are read once or twice and written once.
"""

from functools import cache
from importlib.util import find_spec

import torch
from torch import Tensor

BLOCK = 4096
"""Logits that a program holds at once."""
PADDED_TO = 64
"""The vocabulary's size in memory is a multiple of this, since matrix units need aligned rows."""
CHUNK_BYTES = 1 << 31
"""Memory for the logits that exist at once."""


def can(features: Tensor, low: torch.dtype) -> bool:
    """Whether it can be used: on a GPU, for products in 16 bits or float32."""
    return features.is_cuda and low in (torch.bfloat16, torch.float16, torch.float32) and _there()


@cache
def _there() -> bool:
    return find_spec("triton") is not None


def loss_and_gradients(
    features: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, low: torch.dtype
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """`foreword.nn.softmax.linear_cross_entropy`, and its gradients.

    Args:
        features: (N, F) float32.
        weight: (V, F) float32.
        bias: (V,) float32.
        targets: (N,) int64; below 0 if there is nothing to predict.
        low: dtype of the matrix products' factors and of the logits; sums are float32.

    Returns:
        The sum of -log P(target), float64; gradients with respect to features, weight and bias,
        float32.
    """
    N, V = len(features), len(weight)
    width = -(-V // PADDED_TO) * PADDED_TO
    weight_low = weight.new_zeros((width, weight.shape[1]), dtype=low)
    weight_low[:V] = weight
    grad_features = torch.empty_like(features)
    grad_weight = weight.new_zeros((width, weight.shape[1]))
    grad_bias = bias.new_zeros(width)
    losses = features.new_empty(N)
    rows_at_once = max(1, CHUNK_BYTES // (width * low.itemsize))
    for start in range(0, N, rows_at_once):
        part = slice(start, start + rows_at_once)
        chunk = features[part].to(low)
        logits = torch.mm(chunk, weight_low.t())
        rows_softmax(logits, bias, targets[part], losses[part])
        grad_features[part] = _product(logits, weight_low)
        grad_weight += _product(logits.t(), chunk)
        grad_bias += _product(logits.new_ones((1, len(logits))), logits)[0]
    return losses.sum(dtype=torch.float64), grad_features, grad_weight[:V], grad_bias[:V]


def rows_softmax(logits: Tensor, bias: Tensor, targets: Tensor, losses: Tensor) -> None:
    """Overwrites each row's logits with the gradient of its loss, and writes the loss to `losses`.

    Args:
        logits: (N, W) without the bias, W at least V; columns from V on become 0.
        bias: (V,).
        targets: (N,); the row of one below 0 becomes 0, and so does its loss.
        losses: (N,).
    """
    from foreword.kernels.triton_rows import rows

    rows[(len(logits),)](
        logits,
        bias,
        targets,
        losses,
        len(bias),
        logits.shape[1],
        logits.stride(0),
        BLOCK=BLOCK,
        num_warps=8,
    )


def _product(a: Tensor, b: Tensor) -> Tensor:
    """(N, M) float32 of factors in fewer bits."""
    return torch.mm(a, b) if a.dtype == torch.float32 else torch.mm(a, b, out_dtype=torch.float32)
