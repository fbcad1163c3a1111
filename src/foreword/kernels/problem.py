"""The arguments and the results of a kernel. No equations, no loops."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor

from foreword.cells.cell import Cell, State


@dataclass(frozen=True)
class Zoneout:
    """Units of the state that keep their old value in a step (Krueger et al. 2016).

    Each is a mask (T, B, size), 1 where the old value stays; or a probability, for the expectation.
    """

    hidden: Tensor | float = 0.0
    memory: Tensor | float = 0.0


@dataclass(frozen=True)
class Extras:
    """Changes to the state between the cell's steps. By default there are none.

    Attributes:
        keep: (T, B), 0 where a sequence's state is reset to zero before the step, else 1.
        drop_hidden: (B, S), the factor of the state before `weight_hh` at all steps: recurrent
            dropout (Gal & Ghahramani 2016).
        drop_memory: (B, H), the factor of c before every step.
        zoneout: units that keep their old value.
        lengths: (B,), int64, the number of steps of each sequence, 0 to T. Nothing depends on the
            inputs beyond: states, gates and gradients there are 0, and the last state is that after
            the sequence's own last step. None if all have T.
        wants_states: whether the states of all steps are needed.
        traced: whether the gates of all steps are also needed, and gradients with respect to
            states.
    """

    keep: Tensor | None = None
    drop_hidden: Tensor | None = None
    drop_memory: Tensor | None = None
    zoneout: Zoneout | None = None
    lengths: Tensor | None = None
    wants_states: bool = False
    traced: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether only the outputs and the last state are needed, for whole sequences."""
        asked = self.keep, self.drop_hidden, self.drop_memory, self.zoneout, self.lengths
        return all(part is None for part in asked) and not (self.wants_states or self.traced)

    @property
    def tensors(self) -> list[tuple[str, Tensor]]:
        """Those that are present, by name."""
        if self is NO_EXTRAS:
            return []
        zoneout = self.zoneout or Zoneout()
        maybe = {
            "keep": self.keep,
            "drop_hidden": self.drop_hidden,
            "drop_memory": self.drop_memory,
            "zoneout of h": zoneout.hidden,
            "zoneout of c": zoneout.memory,
            "lengths": self.lengths,
        }
        return [(name, part) for name, part in maybe.items() if isinstance(part, Tensor)]


NO_EXTRAS = Extras()


def unknown(cell: Cell, known: Container[type[Cell]]) -> str | None:
    """Why a kernel cannot run a cell; None if the kernel declares the cell.

    A class that inherits from a declared one may have other equations, so it is not declared.
    """
    return None if type(cell) in known else f"it has no loops for {cell.name}"


@dataclass(frozen=True)
class Problem:
    """A cell to be run over time.

    Attributes:
        cell: the cell.
        x: inputs (T, B, I), T at least 1.
        state: before the first step, (B, size) for each part.
        weights: the cell's parameters by name.
        extras: changes to the state between steps, and which results are needed.
    """

    cell: Cell
    x: Tensor
    state: State
    weights: Mapping[str, Tensor]
    extras: Extras = field(default=NO_EXTRAS)

    @property
    def tensors(self) -> list[Tensor]:
        """All of them but lengths."""
        extras = [part for name, part in self.extras.tensors if name != "lengths"]
        return [self.x, *self.state, *self.weights.values(), *extras]


class Run(NamedTuple):
    """The results of running a cell over time.

    Attributes:
        outputs: hidden states after each step, (T, B, P).
        last: the state after the last step.
        states: each part of the state after each step, (T, B, size); None only if they were not
            requested.
        gates: by name, (T, B, H) each; only if it was traced.
        handles: for each part of the state, the tensors with respect to which a loss must be
            differentiated to get its gradient with respect to that part after each step, including
            all later steps: T tensors (B, size), or one (T, B, size) for all. Only if it was traced
            with gradients.
    """

    outputs: Tensor
    last: State
    states: tuple[Tensor, ...] | None = None
    gates: dict[str, Tensor] | None = None
    handles: tuple[list[Tensor], ...] | None = None
