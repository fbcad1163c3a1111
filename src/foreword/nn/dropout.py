"""Dropout in training, as functions of an explicit generator. They do nothing outside of training.

All keep the expectation: values that stay are divided by the share that stays.
"""

import torch
from torch import Tensor


def dropout(
    x: Tensor, p: float, training: bool, generator: torch.Generator | None = None
) -> Tensor:
    """Drop each number independently (Srivastava et al. 2014)."""
    return x * mask(x, x.shape, p, generator) if training and p > 0 else x


def locked_dropout(
    x: Tensor, p: float, training: bool, generator: torch.Generator | None = None
) -> Tensor:
    """Drop with one mask for all time steps of x (T, B, F): variational (Gal & Ghahramani 2016)."""
    return x * mask(x, (1, *x.shape[1:]), p, generator) if training and p > 0 else x


def embedding_dropout(
    table: Tensor, p: float, training: bool, generator: torch.Generator | None = None
) -> Tensor:
    """Drop whole words of an embedding matrix (V, E) (Gal & Ghahramani 2016; Merity 2018)."""
    return table * mask(table, (len(table), 1), p, generator) if training and p > 0 else table


def drop_connect(
    weight: Tensor, p: float, training: bool, generator: torch.Generator | None = None
) -> Tensor:
    """Drop single weights of a recurrent matrix at all steps (Wan et al. 2013; Merity et al. 2018).

    Returns a masked copy, a function of the weight: gradients reach the weight itself.
    """
    return dropout(weight, p, training, generator)


def mask(
    x: Tensor,
    shape: tuple[int, ...],
    p: float,
    generator: torch.Generator | None,
    *,
    scaled: bool = True,
) -> Tensor:
    """Return 0 with probability p, else 1 / (1 - p), or 1 if not `scaled`, like x."""
    keep = 1.0 - p
    drawn = x.new_empty(shape).bernoulli_(keep, generator=generator)
    return drawn.div_(keep) if scaled and keep > 0 else drawn
