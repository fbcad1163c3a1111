"""Dropout in training, as functions of an explicit generator. They do nothing outside of training.

All keep the expectation: values that are kept are divided by the probability of being kept.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from foreword.kernels.problem import Zoneout


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
    embedded: Tensor,
    ids: Tensor,
    words: int,
    p: float,
    training: bool,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Drop words wherever they occur (Gal & Ghahramani 2016; Merity et al. 2018).

    Args:
        embedded: the vectors of words, (..., E).
        ids: those words, (...), less than `words`.
        words: the size of the vocabulary.
        p: the probability of dropping a word.
        training: whether anything is dropped.
        generator: of the mask.
    """
    if not training or p == 0:
        return embedded
    return embedded * F.embedding(ids, mask(embedded, (words, 1), p, generator))


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


@dataclass(frozen=True)
class Noise:
    """What a recurrent layer drops while it trains, as probabilities; evaluation drops nothing.

    Attributes:
        locked: one mask for all time steps between layers, not a new one at each.
        hidden: on h before the recurrent weights, one mask for all steps (Gal & Ghahramani 2016).
        memory: on c at the beginning of each step, one mask for all steps (Moon et al. 2015,
            "RNNDrop").
        weight: DropConnect on the recurrent weights (Wan et al. 2013; Merity et al. 2018).
        zoneout_hidden: units of h that keep their old value, drawn at each step (Krueger et al.
            2016); evaluation takes the expectation.
        zoneout_memory: the same of c.
    """

    locked: bool = False
    hidden: float = 0.0
    memory: float = 0.0
    weight: float = 0.0
    zoneout_hidden: float = 0.0
    zoneout_memory: float = 0.0

    def __post_init__(self) -> None:
        for name in ("hidden", "memory", "weight", "zoneout_hidden", "zoneout_memory"):
            share = getattr(self, name)
            if not 0 <= share < 1:
                raise ValueError(f"{name} should be a number in range [0, 1), got {share}")

    def masks(
        self,
        x: Tensor,
        state: tuple[Tensor, ...],
        seen: Tensor,
        *,
        training: bool,
        generator: torch.Generator | None,
    ) -> tuple[Tensor | None, Tensor | None, Zoneout | None]:
        """Draw masks of what the recurrent weights see, of c, and of the units that zoneout keeps.

        Args:
            x: (T, B, I); the masks have its dtype and device.
            state: the state before the first step.
            seen: the part of the state that the recurrent weights see.
            training: whether anything is dropped; otherwise zoneout takes its expectation.
            generator: of the masks.
        """
        hidden = memory = None
        shares = self.zoneout_hidden, self.zoneout_memory
        zoneout = Zoneout(*shares) if any(shares) else None
        if training and self.hidden > 0:
            hidden = mask(x, tuple(seen.shape), self.hidden, generator)
        if training and self.memory > 0:
            memory = mask(x, tuple(state[1].shape), self.memory, generator)
        if training and zoneout is not None:
            kept = [
                mask(x, (len(x), *part.shape), 1 - share, generator, scaled=False)
                if share > 0
                else 0.0
                for part, share in zip((state[0], state[-1]), shares, strict=True)
            ]
            zoneout = Zoneout(*kept)
        return hidden, memory, zoneout


QUIET = Noise()
