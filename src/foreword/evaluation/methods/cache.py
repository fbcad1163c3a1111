"""The continuous cache: words that came at similar positions before. Knows features and ids only.

Grave, Joulin & Usunier 2017, "Improving neural language models with a continuous cache", eq. 3, but
with the cosine of two features where they have the inner product:

    P_cache(w | h_1 .. h_t, x_1 .. x_t)  is proportional to  the sum over i < t with x_(i+1) = w
                                         of exp(theta cos(h_t, h_i))

Here h is the input of the output layer. Its length says how sure the network is rather than what it
expects, and with the cosine a cache predicts much better (docs/explanation/decisions.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

LEAST = 1e-12
"""The least sum of weights; at the first word of a text nothing is remembered."""


@dataclass(frozen=True)
class History:
    """The positions that a cache remembers, the latest last.

    Attributes:
        features: (W, F), h.
        words: (W,), the id of the word that came at each position.
    """

    features: Tensor
    words: Tensor

    @classmethod
    def empty(cls, features: int, device: torch.device) -> "History":
        """Return an empty history."""
        return cls(
            torch.empty(0, features, device=device),
            torch.empty(0, dtype=torch.int64, device=device),
        )

    def with_latest(self, features: Tensor, words: Tensor, window: int) -> "History":
        """Return the history with further positions, (T, F) and (T,), cut to the last `window`."""
        return History(
            torch.cat([self.features, features])[-window:], torch.cat([self.words, words])[-window:]
        )


@dataclass(frozen=True)
class Before:
    """The positions before those of T words whose probabilities are asked for.

    Attributes:
        cosines: (T, W + T), cos(h_t, h_i) - 1, which is 0 for equal directions.
        ages: (T, W + T), t - i; below 1 is the future.
        words: (W + T,), the id of the word that came at each position, the T words last.
    """

    cosines: Tensor
    ages: Tensor
    words: Tensor

    @classmethod
    def of(cls, history: History, features: Tensor, words: Tensor) -> "Before":
        """Compare positions with those before them.

        Args:
            history: the W positions before, as many as the largest window at most.
            features: (T, F) of the positions whose words are predicted; each sees those before it.
            words: (T,).
        """
        W, T = len(history.words), len(words)
        before = F.normalize(torch.cat([history.features, features]), dim=1)
        ages = torch.arange(T, device=words.device)[:, None] + W
        ages = ages - torch.arange(W + T, device=words.device)
        cosines = before[W:] @ before.t() - 1.0
        return cls(cosines, ages, torch.cat([history.words, words]))

    def probabilities(self, thetas: Sequence[float], windows: Sequence[int]) -> Tensor:
        """Return P of each word by the cache alone: (thetas, windows, T) float64.

        Args:
            thetas: how strongly similar positions are preferred.
            windows: the numbers of positions that are remembered.

        Returns:
            The probabilities, NaN where nothing is remembered yet.
        """
        T, positions = self.cosines.shape
        same = self.words == self.words[-T:, None]
        # The sums over the latest positions are partial sums, from the newest position on.
        newest_first = T - 1 - torch.arange(T, device=self.words.device)[:, None]
        ends = newest_first + torch.tensor(windows, device=self.words.device)
        ends = ends.clamp_max(positions - 1)
        rows = []
        for theta in thetas:
            weights = self._weights(theta, max(windows)).flip(1)
            right = (weights * same.flip(1)).cumsum(1).gather(1, ends).double()
            rows.append((right / weights.cumsum(1).gather(1, ends)).t())
        return torch.stack(rows)

    def signs(self, theta: float, window: int) -> Tensor:
        """Return what tells how far a cache can be trusted, before the word is known: (2, T).

        They are the logarithm of the sum of all weights, which is high if positions like this one
        are remembered, and P of the cache's most probable word.
        """
        weights = self._weights(theta, window).t().contiguous()  # so that whole rows are added
        different, numbers = torch.unique(self.words, return_inverse=True)
        by_word = weights.new_zeros(len(different), len(self.cosines))
        by_word.index_add_(0, numbers, weights)
        total = weights.sum(0).clamp_min(LEAST)
        return torch.stack([total.log(), by_word.amax(0) / total])

    def _weights(self, theta: float, window: int) -> Tensor:
        """Return exp(theta (cos - 1)) of the latest `window` positions, and 0 of others."""
        return (theta * self.cosines).exp_() * ((self.ages >= 1) & (self.ages <= window))
