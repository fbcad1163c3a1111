"""A mixture of softmaxes over one output matrix, and its cross-entropy. Knows nothing about words.

Yang, Dai, Salakhutdinov & Cohen 2018, "Breaking the softmax bottleneck: a high-rank RNN language
model", section 2.5. Of features g, with K contexts h_k as wide as the output matrix' rows w_x:

    pi   = softmax(W_prior g)                          how much each context counts
    h_k  = tanh(W_k g + b_k)                           what each looks for
    P(x) = sum over k of pi_k softmax(h_k . w + b)_x

log P is not linear in g, so its rank is not bounded by the features' size, as that of one softmax'
logits is.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from foreword.kernels import dispatch, native
from foreword.nn import softmax
from foreword.nn.softmax import IGNORED

GPU_CHUNK_BYTES = 1 << 28
"""The memory for logits that exist at once on a GPU, which small chunks would not keep busy."""


class Mixture(nn.Module):
    """Turns features into K contexts and the logarithms of their shares.

    Args:
        prior: W_prior, (K, F).
        weight: W_1 to W_K, stacked, (K E, F).

    Args:
        prior: W_prior, (K, F).
        weight: W_1 to W_K, one below the other, (K E, F).
    """

    def __init__(self, prior: Tensor, weight: Tensor) -> None:
        super().__init__()
        self.prior = nn.Parameter(prior)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(weight.new_zeros(len(weight)))

    def forward(
        self, features: Tensor, precision: torch.dtype = torch.float32
    ) -> tuple[Tensor, Tensor]:
        """Return contexts (..., K, E) and ln pi (..., K) of features (..., F).

        Args:
            features: g.
            precision: the dtype of the contexts' product; in float32 it is that of `features`.
        """
        low = features.dtype if precision == torch.float32 else precision
        products = F.linear(features.to(low), self.weight.to(low)).to(features.dtype)
        contexts = torch.tanh(products + self.bias)
        contexts = contexts.view(*contexts.shape[:-1], len(self.prior), -1)
        return contexts, F.linear(features, self.prior).log_softmax(-1)


def log_mixture(contexts: Tensor, log_prior: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return ln P, (..., V), computed one context after the other.

    Args:
        contexts: h_1 to h_K, (..., K, E).
        log_prior: ln pi, (..., K).
        weight: (V, E).
        bias: (V,).
    """
    mixture: Tensor | None = None
    for context, share in zip(contexts.unbind(-2), log_prior.unbind(-1), strict=True):
        component = F.linear(context, weight, bias).log_softmax(-1) + share.unsqueeze(-1)
        mixture = component if mixture is None else torch.logaddexp(mixture, component)
    assert mixture is not None
    return mixture


def mixture_cross_entropy(
    contexts: Tensor,
    log_prior: Tensor,
    weight: Tensor,
    bias: Tensor,
    targets: Tensor,
    *,
    precision: torch.dtype = torch.float32,
) -> Tensor:
    """Sum over positions of -ln P(target), in nats.

    As in `linear_cross_entropy` the logits exist a few rows at a time, and become their gradient in
    place. Only the mixture's probability of the target is needed: with p_k the softmax of context k
    and r_k = pi_k p_k(target) / P(target) its contribution to the prediction,

        d loss / d logits_k = r_k (p_k - onehot(target))        d loss / d ln pi_k = -r_k

    Args:
        contexts: (N, K, E), as `Mixture` makes them.
        log_prior: (N, K), ln pi.
        weight: (V, E).
        bias: (V,).
        targets: (N,) of word ids; `IGNORED` where there is nothing to predict.
        precision: dtype of the three matrix products. Softmax and sums are float32 or better.

    Returns:
        A scalar. Differentiable once, with respect to all but the targets.
    """
    result: Tensor = _MixtureCrossEntropy.apply(  # type: ignore[no-untyped-call]
        contexts, log_prior, weight, bias, targets, precision
    )
    return result


class _MixtureCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        contexts: Tensor,
        log_prior: Tensor,
        weight: Tensor,
        bias: Tensor,
        targets: Tensor,
        precision: torch.dtype,
    ) -> Tensor:
        low = precision if precision != torch.float32 else weight.dtype
        K = contexts.shape[1]
        # Ignored rows are computed with weight 0: leaving them out would require waiting for the
        # GPU to learn which they are.
        counts = (targets != IGNORED).unsqueeze(1)
        wanted = targets.clamp(min=0)
        weight_low = weight.to(low)
        grad_contexts = torch.empty_like(contexts, memory_format=torch.contiguous_format)
        grad_prior = torch.empty_like(log_prior)
        grad_weight, grad_bias = torch.zeros_like(weight), torch.zeros_like(bias)
        unweighted = torch.zeros_like(bias)  # the gradients below are added up there
        loss = torch.zeros((), dtype=torch.float64, device=contexts.device)
        rows = contexts.reshape(-1, contexts.shape[2])
        is_native = dispatch.native_may_serve() and native.has_softmax(low, rows, weight, bias)
        gradients = native.softmax if is_native else softmax.softmax
        chunk_bytes = softmax.CHUNK_BYTES if weight.is_cpu else GPU_CHUNK_BYTES
        positions = max(1, chunk_bytes // (len(weight) * low.itemsize * K))
        for start in range(0, len(targets), positions):
            at = slice(start, start + positions)
            chunk = rows[start * K : (start + positions) * K]
            logits = torch.mm(chunk.to(low), weight_low.t())
            each = wanted[at].repeat_interleave(K)
            by_logits, scales, losses = gradients(logits, bias, each, unweighted)
            joint = log_prior[at] - losses.view(-1, K)
            total = joint.logsumexp(1, keepdim=True)
            earned = (joint - total).exp_().mul_(counts[at])
            loss -= (total * counts[at]).sum(dtype=torch.float64)
            torch.neg(earned, out=grad_prior[at])
            scales = scales * earned.view(-1, 1)
            torch.mul(torch.mm(by_logits, weight_low), scales, out=grad_contexts[at].view_as(chunk))
            scaled = (chunk * scales).to(low)
            if low == grad_weight.dtype:
                grad_weight.addmm_(by_logits.t(), scaled)
            else:
                grad_weight += torch.mm(by_logits.t(), scaled)
            grad_bias += torch.mm(by_logits.t(), scales.to(low)).squeeze(1)
        ctx.save_for_backward(grad_contexts, grad_prior, grad_weight, grad_bias)
        return loss.to(bias.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_loss: Tensor) -> tuple[Tensor | None, ...]:
        return (*(gradient * grad_loss for gradient in ctx.saved_tensors), None, None)
