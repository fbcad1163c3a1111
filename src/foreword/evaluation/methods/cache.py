"""The continuous cache: words that came at similar positions before. Knows features and ids only.

Grave, Joulin & Usunier 2017, "Improving neural language models with a continuous cache", eq. 3:

    P_cache(w | h_1 .. h_t, x_1 .. x_t)  is proportional to  the sum over i < t with x_(i+1) = w
                                         of exp(theta h_t . h_i)

Here h is the input of the output layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


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


def cached(
    history: History,
    features: Tensor,
    words: Tensor,
    thetas: Sequence[float],
    windows: Sequence[int],
) -> Tensor:
    """Return P of each word by the cache alone: (thetas, windows, T) float64.

    Args:
        history: the positions before, as many as the largest window at most.
        features: (T, F) of the positions whose words are predicted; each sees those before it.
        words: (T,).
        thetas: how strongly similar positions are preferred.
        windows: the numbers of positions that are remembered.

    Returns:
        The probabilities, NaN where nothing is remembered yet.
    """
    W, T = len(history.words), len(words)
    before = torch.cat([history.features, features])
    same = torch.cat([history.words, words]) == words[:, None]
    ages = torch.arange(T, device=words.device)[:, None] + W
    ages = ages - torch.arange(W + T, device=words.device)  # (T, W + T); below 1 is the future
    similar = (features @ before.t()).double().masked_fill(ages < 1, -torch.inf)
    similar -= similar.amax(1, keepdim=True)
    probabilities = torch.empty(
        len(thetas), len(windows), T, dtype=torch.float64, device=words.device
    )
    for a, theta in enumerate(thetas):
        weights = (theta * similar).exp()
        for b, window in enumerate(windows):
            inside = weights.masked_fill(ages > window, 0.0)
            probabilities[a, b] = (inside * same).sum(1) / inside.sum(1)
    return probabilities
