"""An output layer that spends less on rarer words, and its cross-entropy. Knows no text.

Grave, Joulin, Cisse, Grangier & Jegou 2017, "Efficient softmax approximation for GPUs", section 4.
Ids ascend from the commonest word to the rarest. The commonest are the head; the others are in
clusters, each rarer and larger than the one before. Of features g,

    P(x) = softmax(W g + b)_x                          of a word x of the head
    P(x) = softmax(W g + b)_k softmax(U_k V_k g + b_k)_x    of one of cluster k

where the head's softmax is over its words and the clusters, and V_k makes cluster k's features, a
fourth as many for each cluster as for the one before. Only the head and the clusters of a window's
targets are computed, so the loss of a frequent word costs little. P is exact, and sums to 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foreword.nn.softmax import IGNORED, linear_cross_entropy


@dataclass(frozen=True)
class ClusterRange:
    """The ids of a cluster's words: `first` to `last` - 1."""

    first: int
    last: int


class Adaptive(nn.Module):
    """Weights of the head and of the clusters; the words' biases (V,) are given at each call.

    Args:
        head: W, (words of the head + clusters, G).
        down: V_1 to V_n, (features of the cluster, G) each.
        up: U_1 to U_n, (words of the cluster, features of the cluster) each.
    """

    def __init__(self, head: Tensor, down: Sequence[Tensor], up: Sequence[Tensor]) -> None:
        super().__init__()
        self.head = nn.Parameter(head)
        self.bias = nn.Parameter(head.new_zeros(len(down)))
        """The biases of the clusters in the head's softmax."""
        self.down = nn.ParameterList(nn.Parameter(weight) for weight in down)
        self.up = nn.ParameterList(nn.Parameter(weight) for weight in up)
        self._common = len(head) - len(down)

    @property
    def ranges(self) -> list[ClusterRange]:
        """The ids of each cluster's words, the most frequent first."""
        ranges, first = [], self._common
        for weight in self.up:
            ranges.append(ClusterRange(first, first + len(weight)))
            first += len(weight)
        return ranges

    @torch.no_grad()
    def start_from(self, bias: Tensor) -> None:
        """Set the clusters' biases to match the biases of their words (V,), which are ln P."""
        for k, cluster in enumerate(self.ranges):
            self.bias[k] = bias[cluster.first : cluster.last].logsumexp(0)

    def log_probabilities(self, features: Tensor, bias: Tensor) -> Tensor:
        """Return ln P of all words (..., V), by features (..., G) and the words' biases (V,)."""
        head = F.linear(features, self.head, self._head_bias(bias)).log_softmax(-1)
        parts = [head[..., : self._common]]
        for k, (down, up, cluster) in enumerate(zip(self.down, self.up, self.ranges, strict=True)):
            inside = F.linear(F.linear(features, down), up, bias[cluster.first : cluster.last])
            share = head[..., self._common + k : self._common + k + 1]
            parts.append(inside.log_softmax(-1) + share)
        return torch.cat(parts, dim=-1)

    def cross_entropy(
        self,
        features: Tensor,
        bias: Tensor,
        targets: Tensor,
        *,
        precision: torch.dtype = torch.float32,
    ) -> Tensor:
        """Return the sum over positions of -ln P(target), in nats; each softmax in chunks.

        Args:
            features: (N, G).
            bias: the words' biases, (V,).
            targets: (N,) word ids; `IGNORED` where nothing is predicted.
            precision: the dtype of the matrix products; see `linear_cross_entropy`.
        """
        low = features.dtype if precision == torch.float32 else precision
        by_head = targets
        total: Tensor | None = None
        for k, (down, up, cluster) in enumerate(zip(self.down, self.up, self.ranges, strict=True)):
            is_inside = (targets >= cluster.first) & (targets < cluster.last)
            by_head = by_head.masked_fill(is_inside, self._common + k)
            x, inside = features, (targets - cluster.first).masked_fill(~is_inside, IGNORED)
            if not features.is_cuda:  # this would wait for a GPU; its graphs have fixed shapes
                rows = is_inside.nonzero().squeeze(1)
                x, inside = features[rows], inside[rows]
            x = F.linear(x.to(low), down.to(low)).to(features.dtype)
            words = bias[cluster.first : cluster.last]
            loss = linear_cross_entropy(x, up, words, inside, precision=precision)
            total = loss if total is None else total + loss
        loss = linear_cross_entropy(
            features, self.head, self._head_bias(bias), by_head, precision=precision
        )
        return loss if total is None else total + loss

    def _head_bias(self, bias: Tensor) -> Tensor:
        return torch.cat([bias[: self._common], self.bias])
