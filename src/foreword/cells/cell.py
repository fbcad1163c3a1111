"""What a recurrent cell is: its gates, its states, its parameters and its equations."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import linear

Weights = Mapping[str, Tensor]
State = tuple[Tensor, ...]


class Cell(ABC):
    """The equations of one recurrent network, for one time step.

    Letters, here and in every cell: x input (B, I), h hidden state (B, P), c memory (B, H);
    i, f, o input, forget and output gate; g candidate memory; r, z, n reset gate, update gate and
    candidate state. Weights have torch's names and order of gates. P is H, unless the hidden state
    is a projection of H units to fewer (Sak et al. 2014): then `weight_hr` (P, H) makes it.

    Attributes:
        name: as on the command line.
        gates: names of what `step` computes on the way, in the order of the rows of `weight_ih`.
        projected: whether there is a `weight_hr`.
        cell_clip: the largest |c|; 0 for any, or where there is no c.
    """

    name: ClassVar[str]
    gates: ClassVar[tuple[str, ...]]
    cell_clip: float = 0.0

    def __init__(self, *, projected: bool = False) -> None:
        self.projected = projected

    @abstractmethod
    def step(
        self, x: Tensor, state: State, w: Weights, seen: Tensor | None = None
    ) -> tuple[State, dict[str, Tensor]]:
        """The state after one more input, and the gates.

        Args:
            x: (B, I).
            state: the parts of `states`.
            w: the parameters of `parameter_shapes`.
            seen: what `weight_hh` is applied to; None is the state itself. Recurrent dropout
                gives a masked copy here, and leaves the state whole where it is carried on.
        """

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the parts of the state, the output h first."""
        return ("h",)

    @property
    def recurrent_gates(self) -> tuple[str, ...]:
        """The gates that see the state, in the order of the rows of `weight_hh`."""
        return self.gates

    @property
    def recurrent_state(self) -> int:
        """Which part of the state `weight_hh` is applied to: 0, h."""
        return 0

    def state_sizes(self, hidden_size: int, proj_size: int = 0) -> tuple[int, ...]:
        """Units of each part of the state: h may be projected, the others are not."""
        return (proj_size or hidden_size, *(hidden_size for _ in self.states[1:]))

    def parameter_shapes(
        self, input_size: int, hidden_size: int, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the cell's parameters, in torch's order."""
        H, rows = hidden_size, len(self.gates) * hidden_size
        recurrent_rows = len(self.recurrent_gates) * hidden_size
        seen = self.state_sizes(hidden_size, proj_size)[self.recurrent_state]
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, input_size),
            "weight_hh": (recurrent_rows, seen),
            "bias_ih": (rows,),
            "bias_hh": (recurrent_rows,),
        }
        if self.projected:
            shapes["weight_hr"] = (proj_size, H)
        return shapes

    def project(self, h: Tensor, w: Weights) -> Tensor:
        """W_hr h, if the hidden state is projected; else h."""
        return linear(h, w["weight_hr"]) if self.projected else h
