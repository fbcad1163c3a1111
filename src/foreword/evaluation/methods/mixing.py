"""Mix probabilities of each word, and find the best weights. Knows only numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

ROUNDS = 200
STEPS = 200
PENALTY = 1e-4
"""The weight of the squares of a gate's factors, so that no sign of few words is trusted much."""
FIRST = 0.01
"""The least weight of a part from which the search for a gate begins."""
TINY = 1e-12


def mixed(shares: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return P of each word by the mixture, (N,).

    Args:
        shares: (K, N), P of each word by each of K parts; NaN where a part has no opinion, whose
            weight then goes to the first part, which always has one.
        weights: (K, N), or (K, 1) for all words.
    """
    shares = np.where(np.isnan(shares), shares[0], shares)
    mixture: np.ndarray = (weights * shares).sum(axis=0)
    return mixture


def best_weights(shares: np.ndarray) -> np.ndarray:
    """Return the weights (K,), which sum to 1, that maximise the probability of a text.

    By expectation maximisation (Jelinek & Mercer 1980): the likelihood is concave in the weights.
    """
    shares = np.where(np.isnan(shares), shares[0], shares)
    weights = np.full(len(shares), 1.0 / len(shares))
    for _ in range(ROUNDS):
        parts = weights[:, None] * shares
        weights = (parts / parts.sum(axis=0)).mean(axis=1)
    return weights


@dataclass(frozen=True)
class Gate:
    """Weights of a mixture's parts that follow signs of how far each part can be trusted.

    The weights are softmax(A [1; x]), where x are the signs, as in the gating network of Jacobs et
    al. 1991, "Adaptive mixtures of local experts". Signs are known before the word is, so that the
    mixture remains a distribution.

    Attributes:
        factors: A, (parts, 1 + signs).
    """

    factors: np.ndarray

    @classmethod
    def constant(cls, weights: Sequence[float] | np.ndarray) -> "Gate":
        """Return the gate with the same weights (K,) at every word, which looks at no signs."""
        return cls(np.log(np.maximum(weights, TINY))[:, None])

    def weights(self, signs: np.ndarray) -> np.ndarray:
        """Return the weights (K, N) at the signs of N words, (signs, N)."""
        slopes = self.factors[:, 1:]
        logits = self.factors[:, :1] + slopes @ signs[: slopes.shape[1]]
        weights = np.exp(logits - logits.max(axis=0))
        each: np.ndarray = weights / weights.sum(axis=0)
        return each


def best_gate(shares: np.ndarray, signs: np.ndarray) -> Gate:
    """Return the gate that maximises the probability of a text.

    Args:
        shares: (K, N), as in `mixed`.
        signs: (signs, N).
    """
    shares = np.where(np.isnan(shares), shares[0], shares)
    mean, spread = signs.mean(axis=1, keepdims=True), signs.std(axis=1, keepdims=True)
    spread = np.where(spread > 0, spread, 1.0)
    logs = torch.from_numpy(np.log(np.maximum(shares, TINY)))
    x = torch.from_numpy((signs - mean) / spread)
    # A part that had no weight at all at first would have no gradient either.
    first = Gate.constant(np.maximum(best_weights(shares), FIRST)).factors
    factors = torch.from_numpy(np.pad(first, ((0, 0), (0, len(signs))))).requires_grad_()
    optimiser = torch.optim.LBFGS([factors], max_iter=STEPS, line_search_fn="strong_wolfe")

    def cost() -> Tensor:
        optimiser.zero_grad()
        weights = (factors[:, :1] + factors[:, 1:] @ x).log_softmax(0)
        loss = -(weights + logs).logsumexp(0).mean() + PENALTY * factors[:, 1:].square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(cost)  # type: ignore[no-untyped-call]
    best = factors.detach().numpy()
    slopes = best[:, 1:] / spread.T
    return Gate(np.concatenate([best[:, :1] - slopes @ mean, slopes], axis=1))


def perplexity(shares: np.ndarray) -> float:
    """Return exp of the mean of -log P."""
    return float(np.exp(-np.log(shares).mean()))
