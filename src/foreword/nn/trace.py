"""The states and gates inside a recurrent layer, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class LayerTrace:
    """One layer in one direction through time; step t is that of input t.

    Attributes:
        layer: the index of the layer; 0 is the one next to the input.
        is_reverse: whether it read the sequence backwards.
        states: h, and c where the cell has one, after each step: (T, B, size), or in the layout of
            the layer's output (batch first, or without a batch).
        gates: each gate's values, in the same layout.
    """

    layer: int
    is_reverse: bool
    states: dict[str, Tensor]
    gates: dict[str, Tensor]


@dataclass(frozen=True)
class Trace:
    """All layers of a recurrent module, in the order of its h_n."""

    layers: tuple[LayerTrace, ...]
    _handles: tuple[tuple[list[Tensor], ...] | None, ...] = field(repr=False)
    _layouts: tuple[Any, ...] = field(repr=False)

    def __getitem__(self, k: int) -> LayerTrace:
        return self.layers[k]

    def __len__(self) -> int:
        return len(self.layers)

    def gradients(self, loss: Tensor) -> tuple[dict[str, Tensor], ...]:
        """Return how much each state matters: the loss's gradient by h and c after each step.

        All later steps are included: this is what backpropagation through time carries, and what
        vanishes or explodes (Hochreiter 1991; Bengio et al. 1994).

        Args:
            loss: a scalar made from the layer's outputs. Its graph is kept.

        Returns:
            The gradients of each layer, by the state's name, in the layout of `states`.

        Raises:
            RuntimeError: the trace was made without gradients.
        """
        if any(handles is None for handles in self._handles):
            raise RuntimeError("this trace was made under torch.no_grad, and so has no gradients")
        by_layer = []
        for layer, handles, layout in zip(self.layers, self._handles, self._layouts, strict=True):
            assert handles is not None
            by_name = {}
            for name, parts in zip(layer.states, handles, strict=True):
                by_name[name] = layout(_gradient(loss, parts))
            by_layer.append(by_name)
        return tuple(by_layer)


def _gradient(loss: Tensor, parts: list[Tensor]) -> Tensor:
    """Return (T, B, size), from one tensor for all steps or one per step."""
    gradients: Sequence[Tensor | None] = torch.autograd.grad(
        loss, parts, retain_graph=True, allow_unused=True
    )
    whole = [
        torch.zeros_like(part) if gradient is None else gradient
        for part, gradient in zip(parts, gradients, strict=True)
    ]
    return whole[0] if whole[0].ndim == 3 else torch.stack(whole)
