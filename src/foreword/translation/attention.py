"""Attention over an encoder's outputs (Bahdanau et al. 2015; Luong et al. 2015). Knows no words."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foreword.folder.translation import TranslationConfig


class Attention(nn.Module):
    """A weighted mean of the encoder's outputs, for each state of the decoder that looks at them.

    T queries, S positions of the source, B sentences, H hidden units in K heads of D = H / K. In
    each head, on its D of the H numbers, with q the query W_q h and m_j the output at position j:

        multiplicative  e_j = q . m_j                  (Luong et al. 2015, equation 8, "general")
        additive        e_j = v . tanh(q + W_k m_j)    (Bahdanau et al. 2015, appendix A.1.2)
        alpha = softmax(e),  c = sum_j alpha_j m_j

    A multiplicative score is divided by sqrt(D), which keeps the softmax soft at the start
    (Vaswani et al. 2017).
    """

    def __init__(self, config: TranslationConfig, generator: torch.Generator | None = None) -> None:
        super().__init__()
        H = config.hidden_size
        self.heads = config.heads
        bound = H**-0.5

        def uniform(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(shape).uniform_(-bound, bound, generator=generator))

        self.query = uniform(H, H)
        is_additive = config.attention == "additive"
        self.key = uniform(H, H) if is_additive else None
        self.energy = uniform(H) if is_additive else None

    def keys(self, memory: Tensor) -> Tensor:
        """Return the keys with which queries are compared, (S, B, H), for the outputs (S, B, H)."""
        return memory if self.key is None else F.linear(memory, self.key)

    def forward(
        self, states: Tensor, memory: Tensor, keys: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the contexts (T, B, H), and the weights (B, K, T, S).

        Args:
            states: the decoder's, (T, B, H).
            memory: the encoder's outputs, (S, B, H).
            keys: the result of `keys(memory)`.
            mask: (B, S), true at the positions of the sentence, false at the padding.
        """
        T, B, H = states.shape
        K, D = self.heads, H // self.heads
        queries = F.linear(states, self.query).view(T, B, K, D).permute(1, 2, 0, 3)  # (B, K, T, D)
        seen = keys.view(-1, B, K, D).permute(1, 2, 0, 3)  # (B, K, S, D)
        if self.energy is None:
            scores = queries @ seen.transpose(2, 3) / math.sqrt(D)
        else:
            hidden = torch.tanh(queries[:, :, :, None] + seen[:, :, None])  # (B, K, T, S, D)
            scores = (hidden * self.energy.view(K, 1, 1, D)).sum(-1)
        weights = scores.masked_fill(~mask[:, None, None], -math.inf).softmax(-1)
        contexts = weights @ memory.view(-1, B, K, D).permute(1, 2, 0, 3)
        return contexts.permute(2, 0, 1, 3).reshape(T, B, H), weights
