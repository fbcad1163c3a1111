"""Cross-entropy of a linear output layer, a few rows at a time. Knows nothing about words."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from foreword.kernels import dispatch, native, triton_softmax

CHUNK_BYTES = 1 << 26
"""The memory for logits that exist at once. Larger chunks are faster up to this size, as each chunk
adds to the whole gradient of the weight."""

IGNORED = -1
"""The target of a position at which nothing is predicted."""


def linear_cross_entropy(
    features: Tensor,
    weight: Tensor,
    bias: Tensor,
    targets: Tensor,
    *,
    precision: torch.dtype = torch.float32,
) -> Tensor:
    """Return the sum over positions of -log softmax(features @ weight.T + bias)[target], in nats.

    The logits never exist as a whole, and their gradient is formed in place in the forward pass:
    with p = softmax(logits), d loss / d logits = p - onehot(target). (An output layer over 33,000
    words would otherwise write and read 300 MB several times for each training step.)

    Args:
        features: (N, F).
        weight: (V, F).
        bias: (V,).
        targets: (N,) word ids; `IGNORED` where nothing is predicted.
        precision: the dtype of the three matrix products. Softmax and sums are float32 or better.

    Returns:
        A scalar. Differentiable once, with respect to features, weight and bias.
    """
    result: Tensor = _LinearCrossEntropy.apply(features, weight, bias, targets, precision)  # type: ignore[no-untyped-call]
    return result


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        weight: Tensor,
        bias: Tensor,
        targets: Tensor,
        precision: torch.dtype,
    ) -> Tensor:
        # In float32 and float64 the products run in the tensors' own dtype.
        low = precision if precision != torch.float32 else weight.dtype
        if triton_softmax.can(features, low):
            loss, *gradients_ = triton_softmax.loss_and_gradients(
                features, weight, bias, targets, low
            )
            ctx.save_for_backward(*gradients_)
            return loss.to(bias.dtype)
        keep = targets != IGNORED
        rows = None if bool(keep.all()) else keep.nonzero().squeeze(1)
        if rows is not None:
            features, targets = features[rows], targets[rows]
        weight_low = weight.to(low)
        grad_features = torch.empty_like(features)
        grad_weight = torch.zeros_like(weight)
        grad_bias = torch.zeros_like(bias)
        loss = torch.zeros((), dtype=torch.float64, device=features.device)
        is_native = dispatch.native_may_serve() and native.has_softmax(low, features, weight, bias)
        gradients = native.softmax if is_native else softmax
        rows_at_once = max(1, CHUNK_BYTES // (len(weight) * low.itemsize))
        for start in range(0, len(targets), rows_at_once):
            stop = start + rows_at_once
            chunk = features[start:stop]
            logits = torch.mm(chunk.to(low), weight_low.t())
            by_logits, scales, losses = gradients(logits, bias, targets[start:stop], grad_bias)
            loss += losses.sum(dtype=torch.float64)
            torch.mul(torch.mm(by_logits, weight_low), scales, out=grad_features[start:stop])
            scaled = (chunk * scales).to(low)
            if low == grad_weight.dtype:
                grad_weight.addmm_(by_logits.t(), scaled)
            else:
                grad_weight += torch.mm(by_logits.t(), scaled)
        if rows is not None:
            scattered = grad_features.new_zeros((len(keep), grad_features.shape[1]))
            grad_features = scattered.index_copy_(0, rows, grad_features)
        ctx.save_for_backward(grad_features, grad_weight, grad_bias)
        return loss.to(bias.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_loss: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        grad_features, grad_weight, grad_bias = ctx.saved_tensors
        return grad_features * grad_loss, grad_weight * grad_loss, grad_bias * grad_loss, None, None


def ranks(logits: Tensor, targets: Tensor, left_out: int) -> tuple[Tensor, Tensor]:
    """Return how well rows of logits predict their targets.

    Args:
        logits: (N, V).
        targets: (N,) word ids.
        left_out: the id of a word that has no rank.

    Returns:
        -log P(target), in nats, (N,); and the number of words with larger logits than the target,
        without `left_out`, (N,) int64.
    """
    if dispatch.native_may_serve() and native.has_softmax(torch.float32, logits):
        return native.ranks(logits, targets, left_out)
    at_target = logits.gather(1, targets[:, None])
    losses = (logits.logsumexp(1, keepdim=True) - at_target).squeeze(1)
    above = (logits > at_target).sum(dim=1) - (logits[:, left_out] > at_target[:, 0]).long()
    return losses, above


def softmax(
    logits: Tensor, bias: Tensor, targets: Tensor, grad_bias: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the cross-entropy of each row and its gradient by the logits, as `native.softmax`.

    Args:
        logits: (N, V), without the bias; may be overwritten.
        bias: (V,).
        targets: (N,).
        grad_bias: (V,), to which the rows' gradients by the bias are added.

    Returns:
        Gradients by the logits (N, V), in the dtype of `logits`, yet to be multiplied by a scale
        for each row; the scales (N, 1); and -log P(target) (N,), in nats.
    """
    dtype = logits.dtype
    logits = logits.to(bias.dtype).add_(bias)
    peak = logits.amax(dim=1, keepdim=True)
    at_target = logits.gather(1, targets[:, None])
    probabilities = logits.sub_(peak).exp_()
    total = probabilities.sum(dim=1, keepdim=True)
    losses = (total.log() + peak - at_target).squeeze(1)
    by_logits = probabilities.scatter_add_(1, targets[:, None], -total)
    scales = 1.0 / total
    grad_bias += torch.mv(by_logits.t(), scales.squeeze(1))
    return by_logits.to(dtype), scales, losses


def fast_precision(device: torch.device) -> torch.dtype:
    """Return bfloat16 where the device multiplies it faster than float32, else float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return torch.bfloat16 if torch.ops.mkldnn._is_mkldnn_bf16_supported() else torch.float32
