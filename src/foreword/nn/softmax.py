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
    margin: float = 0.0,
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
        margin: the length of the worst change to the weight of each position's target, relative to
            that weight. The gradients are those under this change, by which the target's logit
            falls by margin |weight[target]| |features|; the result is that without it. Source: Wang
            et al. 2019, Improving neural language modeling via adversarial training, with a
            constant share of the weight's length.

    Returns:
        A scalar. Differentiable once, with respect to features, weight and bias.
    """
    result: Tensor = _LinearCrossEntropy.apply(features, weight, bias, targets, precision, margin)  # type: ignore[no-untyped-call]
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
        margin: float,
    ) -> Tensor:
        # In float32 and float64 the products run in the tensors' own dtype.
        low = precision if precision != torch.float32 else weight.dtype
        if margin == 0 and triton_softmax.can(features, low):
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
        lengths = weight.norm(dim=1) if margin > 0 else None
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
            margins = None
            if lengths is not None:
                margins = _Margins(margin, lengths, chunk, targets[start:stop])
                margins.lower(logits)
            by_logits, scales, losses = gradients(logits, bias, targets[start:stop], grad_bias)
            torch.mul(torch.mm(by_logits, weight_low), scales, out=grad_features[start:stop])
            if margins is not None:
                grad_features[start:stop] += margins.gradients(losses)
                losses = margins.without(losses)
            loss += losses.sum(dtype=torch.float64)
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
    def backward(ctx: Any, grad_loss: Tensor) -> tuple[Tensor | None, ...]:
        of_features, of_weight, of_bias = (each * grad_loss for each in ctx.saved_tensors)
        return of_features, of_weight, of_bias, None, None, None


class _Margins:
    """How far the worst change to each target's weight lowers its logit.

    The change of length e = margin |w| is -e x / |x| for features x. It counts as a constant, so
    that the gradient by w is as without it, and that by x has -e x / |x| beside w.
    """

    def __init__(self, margin: float, lengths: Tensor, x: Tensor, targets: Tensor) -> None:
        """Take the lengths of all weights (V,), features (N, F) and targets (N,)."""
        self.changes = margin * lengths[targets]
        self.x, self.targets = x, targets
        self.of_x = x.norm(dim=1)
        self.margins = self.changes * self.of_x

    def lower(self, logits: Tensor) -> None:
        """Subtract the margins from the logits of the targets, (N, V)."""
        rows = torch.arange(len(logits), device=logits.device)
        logits[rows, self.targets] -= self.margins.to(logits.dtype)

    def gradients(self, losses: Tensor) -> Tensor:
        """Return what the change adds to the gradients by the features, (N, F).

        Args:
            losses: -log P(target) with the margins, (N,).
        """
        missing = -torch.expm1(-losses)  # 1 - P(target)
        scales: Tensor = missing * self.changes / self.of_x.clamp_min(1e-12)
        return scales[:, None] * self.x

    def without(self, losses: Tensor) -> Tensor:
        """Return -log P(target) without the margins.

        With them, P' = exp(a - m) / Z' for a logit a. Without them, Z = Z' (1 - P' + P' exp(m)).
        """
        added: Tensor = torch.exp(-losses) * torch.expm1(self.margins)
        plain: Tensor = losses - self.margins + torch.log1p(added)
        return plain


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
