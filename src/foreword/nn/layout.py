"""The caller's layout of sequences, and the direction in which a layer reads them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from foreword.cells.cell import State
from foreword.nn import sequence


@dataclass(frozen=True)
class Layout:
    """Converts between the caller's layout and (T, B, F)."""

    batched: bool
    batch_first: bool

    def inputs(self, x: Tensor) -> Tensor:
        """Return the input as (T, B, I)."""
        if not self.batched:
            return x.unsqueeze(1)
        return x.transpose(0, 1) if self.batch_first else x

    def outputs(self, y: Tensor) -> Tensor:
        """Return outputs (T, B, F) in the caller's layout."""
        if not self.batched:
            return y.squeeze(1)
        return y.transpose(0, 1) if self.batch_first else y

    def mask(self, reset: Tensor) -> Tensor:
        """Return resets as (T, B); other dimensions stay unchanged, to be refused later."""
        if not self.batched:
            return reset.unsqueeze(1) if reset.dim() == 1 else reset
        return reset.transpose(0, 1) if self.batch_first and reset.dim() == 2 else reset

    def states(self, state: State) -> State:
        """Return states (L D, B, size) in the caller's layout."""
        return state if self.batched else tuple(part.squeeze(1) for part in state)


@dataclass(frozen=True)
class Direction:
    """The direction in which a layer reads the steps."""

    is_reverse: bool
    lengths: Tensor | None

    def reordered(self, x: Tensor) -> Tensor:
        """Put steps in the order in which they are read, or back: it is its own inverse."""
        return sequence.reverse(x, self.lengths) if self.is_reverse else x

    def keep(self, keep: Tensor | None) -> Tensor | None:
        """Return the factors of a reversed layer: a reset before step t separates t and t - 1."""
        if keep is None or not self.is_reverse:
            return keep
        shifted = torch.cat([keep[1:], torch.ones_like(keep[:1])])
        if self.lengths is not None:
            # The first step that is read backwards begins from the initial state.
            last = torch.arange(keep.shape[0], device=keep.device).unsqueeze(1) == self.lengths - 1
            shifted = shifted.masked_fill(last, 1.0)
        return sequence.reverse(shifted, self.lengths)
