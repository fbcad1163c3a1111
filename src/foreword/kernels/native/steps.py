"""Which rows of memory belong to a time step; see `Sizes` in `native/kernels.hpp`."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from foreword.kernels.native.module import loaded
from foreword.kernels.native.structs import Sizes


class Order(NamedTuple):
    """The arrangement of sequences of different lengths, the longest first. All int64.

    Attributes:
        begins: (T + 1), each step's first row.
        places: (N + idle), the index of each row in the caller's (T, B), flattened; then the
            indices of the padding.
        befores: (N), the row of the state before; the B initial states come first.
        order: (B), the sequences, the longest first.
        rank: (B), the position of each sequence in `order`.
        ends: (B), the row of each sequence's last state, counted as in `befores`.
    """

    begins: Tensor
    places: Tensor
    befores: Tensor
    order: Tensor
    rank: Tensor
    ends: Tensor


@dataclass(frozen=True)
class Steps:
    """Rows of T steps of B sequences: B for each step if all sequences have the same length.

    Attributes:
        T: the number of steps; with an order, that of the longest sequence.
        B: sequences.
        rows: of all steps, N.
        order: None where all sequences have T steps.
    """

    T: int
    B: int
    rows: int
    order: Order | None = None

    def sizes(self, hidden: int) -> Sizes:
        """The fields that describe the steps to the kernels."""
        if self.order is None:
            return Sizes(self.T, self.B, hidden)
        idle = len(self.order.places) - self.rows
        return Sizes(self.T, self.B, hidden, self.order.begins, idle, self.order.places)

    @property
    def most_rows_at_once(self) -> int:
        """The rows of the steps whose gates are computed at once."""
        module: Any = loaded()
        if self.order is None:
            return int(module.steps_at_once(self.T, self.B)) * self.B
        return min(self.rows, self.B + int(module.ENOUGH_ROWS))

    def in_order(self, part: Tensor | None) -> Tensor | None:
        """From (B, ...) in the caller's order."""
        if part is None or self.order is None:
            return part
        return part.index_select(0, self.order.order)

    def out_of_order(self, part: Tensor) -> Tensor:
        """The inverse of this."""
        return part if self.order is None else part.index_select(0, self.order.rank)

    def packed(self, part: Tensor | None) -> Tensor | None:
        """From (T, B, ...) in the caller's layout to (N, ...)."""
        if part is None or self.order is None:
            return part
        flat = part.reshape(-1, *part.shape[2:])
        return flat.index_select(0, self.order.places[: self.rows])

    def padded(self, rows: Tensor, steps: int) -> Tensor:
        """From (N, ...) to (T, B, ...) with the caller's number of steps, padded with zeros."""
        if self.order is None:
            return rows.view(self.T, self.B, *rows.shape[1:])
        flat = rows.new_zeros((steps * self.B, *rows.shape[1:]))
        flat.index_copy_(0, self.order.places[: self.rows], rows)
        return flat.view(steps, self.B, *rows.shape[1:])


def arranged(x: Tensor, lengths: Tensor | None) -> Steps:
    """The rows of a padded batch (T, B, I) of sequences of these lengths."""
    steps, batch = x.shape[:2]
    if lengths is None:
        return Steps(steps, batch, steps * batch)
    module: Any = loaded()
    sizes = [steps + 1, steps * batch, steps * batch, batch, batch, batch]
    room = torch.empty(sum(sizes), dtype=torch.int64, device="cpu")
    order = Order(*torch.split(room, sizes))
    longest, rows = module.arrange(steps, batch, [lengths.contiguous(), *order])
    return Steps(longest, batch, rows, order)
