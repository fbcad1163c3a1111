"""A running mean of a model's weights, often better than the last ones. Knows no loop, no text.

Polynomial-decay averaging (Shamir & Zhang 2013, "Stochastic gradient descent for non-smooth
optimization"): after step t,

    mean <- mean + (weights - mean) / (1 + share (t - 1))

so that weights of step s count in proportion to about s^(1 / share - 1): the last `share` of the
run weighs the most, whenever it ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """The mean of a model's parameters over about a share of the steps so far.

    Attributes:
        weights: the mean weights, by the parameters' names.
    """

    def __init__(self, model: nn.Module, share: float) -> None:
        """Begin with the model's current weights; 0 < share < 1."""
        self._parameters = dict(model.named_parameters())
        self._share = share
        self.weights: dict[str, Tensor] = {
            name: parameter.detach().clone() for name, parameter in self._parameters.items()
        }

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Add the weights after step 1, 2, ..."""
        means = list(self.weights.values())
        newest: list[Tensor] = list(self._parameters.values())
        torch._foreach_lerp_(means, newest, 1.0 / (1.0 + self._share * (step - 1)))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Give the model the mean weights within a `with` block."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for name, parameter in self._parameters.items():
            newest = parameter.clone()
            parameter.copy_(self.weights[name])
            self.weights[name].copy_(newest)
