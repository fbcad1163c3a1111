"""What a recurrent cell is: its gates, its states, its parameters and its equations."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

Weights = Mapping[str, Tensor]
State = tuple[Tensor, ...]


class Cell(ABC):
    """The equations of one recurrent network, for one time step.

    Letters, here and in every cell: x input (B, I), h hidden state (B, H), c memory (B, H);
    i, f, o input, forget and output gate; g candidate memory; r, z, n reset gate, update gate and
    candidate state. Weights have torch's names and order of gates.

    Attributes:
        name: as on the command line.
        states: names of the parts of the state, the output h first.
        gates: names of what `step` computes on the way, in the order of the rows of `weight_ih`.
    """

    name: ClassVar[str]
    states: ClassVar[tuple[str, ...]] = ("h",)
    gates: ClassVar[tuple[str, ...]]

    @abstractmethod
    def step(self, x: Tensor, state: State, w: Weights) -> tuple[State, dict[str, Tensor]]:
        """The state after one more input, and the gates.

        Args:
            x: (B, I).
            state: the parts of `states`, (B, H) each.
            w: the parameters of `parameter_shapes`.
        """

    def parameter_shapes(self, input_size: int, hidden_size: int) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the cell's parameters."""
        H, rows = hidden_size, len(self.gates) * hidden_size
        recurrent_rows = len(self.recurrent_gates) * hidden_size
        return {
            "weight_ih": (rows, input_size),
            "weight_hh": (recurrent_rows, H),
            "bias_ih": (rows,),
            "bias_hh": (recurrent_rows,),
        }

    @property
    def recurrent_gates(self) -> tuple[str, ...]:
        """The gates that see the state, in the order of the rows of `weight_hh`."""
        return self.gates
