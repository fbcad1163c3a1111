"""What training drops at random, as functions of an explicit generator. Nothing where it is off.

All keep the expectation: what stays is divided by the share that stays.
"""

import torch
from torch import Tensor


def dropout(
    x: Tensor, p: float, training: bool, generator: torch.Generator | None = None
) -> Tensor:
    """Each number on its own (Srivastava et al. 2014)."""
    return x * mask(x, x.shape, p, generator) if training and p > 0 else x


def locked_dropout(
    x: Tensor, p: float, training: bool, generator: torch.Generator | None = None
) -> Tensor:
    """One mask for all time steps of x (T, B, F): variational dropout (Gal & Ghahramani 2016)."""
    return x * mask(x, (1, *x.shape[1:]), p, generator) if training and p > 0 else x


def embedding_dropout(
    table: Tensor, p: float, training: bool, generator: torch.Generator | None = None
) -> Tensor:
    """Whole words of an embedding matrix (V, E) (Gal & Ghahramani 2016; Merity et al. 2018)."""
    return table * mask(table, (len(table), 1), p, generator) if training and p > 0 else table


def drop_connect(
    weight: Tensor, p: float, training: bool, generator: torch.Generator | None = None
) -> Tensor:
    """Single weights of a recurrent matrix, the same at all steps (Wan et al. 2013; Merity 2018).

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
    """0 with probability p, else 1 / (1 - p), or 1 if not `scaled`; of x's dtype and device."""
    keep = 1.0 - p
    drawn = x.new_empty(shape).bernoulli_(keep, generator=generator)
    return drawn.div_(keep) if scaled and keep > 0 else drawn
