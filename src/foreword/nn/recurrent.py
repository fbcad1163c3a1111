"""Recurrent layers, stacked, as a torch module around the kernels. Knows no words."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from foreword.cells.registry import cell_for
from foreword.errors import SettingsError
from foreword.kernels import dispatch
from foreword.nn.dropout import drop_connect, dropout, locked_dropout

State = tuple[Tensor, ...]


class Recurrent(nn.Module):
    """Layers of one cell, each on the hidden states of the one below.

    Parameters have torch's names and orders (`weight_ih_l0`, `bias_hh_l1`, ...), so that weights
    of `torch.nn.RNN`, `LSTM` and `GRU` load as they are. All begin uniform in +-1/sqrt(H), as
    torch's do, but for the forget gate's bias, which begins at `forget_bias` in all (Gers et al.
    2000; Jozefowicz et al. 2015), so that memory is kept until the network learns to forget, and
    the peepholes, which begin closed, at 0.

    Shapes: T steps, B sequences, H hidden units, L layers.

    Args:
        cell: a name of `foreword.cells.registry.NAMES`.
        input_size: I.
        hidden_size: H.
        num_layers: L.
        nonlinearity: of the Elman cell, "tanh" or "relu".
        reset_after: of the GRU; see `foreword.cells.gru`.
        forget_bias: where the cell has a forget gate.
        dropout: between layers, while training.
        locked: one dropout mask for all time steps, or a new one at each.
        weight_dropout: DropConnect on `weight_hh`, while training.
        generator: of the initial weights and the masks.
    """

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        nonlinearity: str = "tanh",
        reset_after: bool = True,
        forget_bias: float = 1.0,
        dropout: float = 0.0,
        locked: bool = True,
        weight_dropout: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.cell = cell_for(cell, nonlinearity=nonlinearity, reset_after=reset_after)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
        self.locked = locked
        self.weight_dropout = weight_dropout
        self.generator = generator
        bound = hidden_size**-0.5
        for layer in range(num_layers):
            size = input_size if layer == 0 else hidden_size
            for name, shape in self.cell.parameter_shapes(size, hidden_size).items():
                value = torch.zeros(shape)
                if name != "weight_peephole":
                    value.uniform_(-bound, bound, generator=generator)
                self.register_parameter(f"{name}_l{layer}", nn.Parameter(value))
            self._set_forget_bias(layer, forget_bias)

    def _set_forget_bias(self, layer: int, forget_bias: float) -> None:
        H = self.hidden_size
        with torch.no_grad():
            for name, gates, value in (
                ("bias_ih", self.cell.gates, forget_bias),
                ("bias_hh", self.cell.recurrent_gates, 0.0),
            ):
                if "f" in gates:
                    first = gates.index("f") * H
                    self.get_parameter(f"{name}_l{layer}")[first : first + H] = value

    def start(self, batch_size: int) -> State:
        """The zero state, (L, B, H) for each of the cell's states."""
        one = self.get_parameter("weight_hh_l0").new_zeros(
            (self.num_layers, batch_size, self.hidden_size)
        )
        return tuple(one.clone() for _ in self.cell.states)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Hidden states of the last layer (T, B, H), and the state after the last step.

        Args:
            x: (T, B, I).
            state: (L, B, H) for each of the cell's states; None is zero.

        Raises:
            SettingsError: a shape is wrong; both shapes are named.
        """
        if x.ndim != 3 or x.shape[2] != self.input_size or len(x) == 0:
            raise SettingsError(
                f"input has the shape {tuple(x.shape)}, but this layer takes "
                f"(time > 0, batch, {self.input_size})"
            )
        state = self.start(x.shape[1]) if state is None else state
        expected = (self.num_layers, x.shape[1], self.hidden_size)
        for name, part in zip(self.cell.states, state, strict=True):
            if tuple(part.shape) != expected:
                raise SettingsError(
                    f"state {name} has the shape {tuple(part.shape)}, but this layer takes "
                    f"{expected} for an input of batch size {x.shape[1]}"
                )
        after: list[State] = []
        for layer in range(self.num_layers):
            if layer > 0:
                drop = locked_dropout if self.locked else dropout
                x = drop(x, self.dropout, self.training, self.generator)
            before = tuple(part[layer] for part in state)
            x, last = dispatch.run(self.cell, x, before, self._weights(layer))
            after.append(last)
        return x, tuple(torch.stack(parts) for parts in zip(*after, strict=True))

    def _weights(self, layer: int) -> Mapping[str, Tensor]:
        names = self.cell.parameter_shapes(1, 1)
        weights: dict[str, Tensor] = {n: self.get_parameter(f"{n}_l{layer}") for n in names}
        weights["weight_hh"] = drop_connect(
            weights["weight_hh"], self.weight_dropout, self.training, self.generator
        )
        return weights
