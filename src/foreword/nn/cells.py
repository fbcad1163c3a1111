"""`RNNCell`, `LSTMCell` and `GRUCell`: one time step, with the signatures of torch.nn's."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from foreword.cells.cell import Cell, State
from foreword.cells.registry import cell_for
from foreword.nn import names

_Device = torch.device | str | None


class _OneStep(nn.Module):
    """A cell's equations as a module. Parameters have torch's names and initial values."""

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden_size: int,
        bias: bool,
        device: _Device,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__()
        self.cell = cell
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        for name, shape in cell.parameter_shapes(input_size, hidden_size).items():
            value = nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
            absent = not bias and name.startswith("bias_")
            self.register_parameter(name, None if absent else value)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform in +-1/sqrt(H), as torch does."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-bound, bound)

    def _get_name(self) -> str:
        return names.shown(self)

    def extra_repr(self) -> str:
        """The sizes, and the arguments that differ from their defaults."""
        shown = f"{self.input_size}, {self.hidden_size}"
        return shown if self.bias else f"{shown}, bias={self.bias}"

    def _step(self, x: Tensor, state: State | None) -> State:
        """The state after one more input, for x (B, I) or (I)."""
        is_batched = x.dim() == 2
        x = x if is_batched else x.unsqueeze(0)
        if state is None:
            zeros = x.new_zeros((len(x), self.hidden_size))
            state = tuple(zeros for _ in self.cell.states)
        elif not is_batched:
            state = tuple(part.unsqueeze(0) for part in state)
        self._check(x, state)
        weights: dict[str, Tensor] = {}
        for name, shape in self.cell.parameter_shapes(self.input_size, self.hidden_size).items():
            parameter = getattr(self, name)
            weights[name] = x.new_zeros(shape) if parameter is None else parameter
        after, _ = self.cell.step(x, state, weights)
        return after if is_batched else tuple(part.squeeze(0) for part in after)

    def _check(self, x: Tensor, state: State) -> None:
        if x.shape[1] != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {x.shape[1]} expected {self.input_size}"
            )
        for k, part in enumerate(state):
            if len(part) != len(x):
                raise RuntimeError(
                    f"Input batch size {len(x)} doesn't match hidden{k} batch size {len(part)}"
                )
            if part.shape[1] != self.hidden_size:
                raise RuntimeError(
                    f"hidden{k} has inconsistent hidden_size: got {part.shape[1]}, "
                    f"expected {self.hidden_size}"
                )

    def _check_dimensions(self, x: Tensor, state: State | None, names: tuple[str, ...]) -> None:
        kind = type(self).__name__
        if x.dim() not in (1, 2):
            raise ValueError(f"{kind}: Expected input to be 1D or 2D, got {x.dim()}D instead")
        for name, part in zip(names, state or (), strict=False):
            if part.dim() not in (1, 2):
                raise ValueError(
                    f"{kind}: Expected {name} to be 1D or 2D, got {part.dim()}D instead"
                )


class _OneState(_OneStep):
    """A cell whose state is h alone."""

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:  # noqa: A002
        """The hidden state (B, H) after one more input (B, I); or both without B."""
        state = None if hx is None else (hx,)
        self._check_dimensions(input, state, ("hidden",))
        h: Tensor = self._step(input, state)[0]
        return h


class RNNCell(_OneState):
    """`torch.nn.RNNCell`: one step of the Elman network (`foreword.cells.rnn`)."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: _Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        cell = cell_for("rnn", nonlinearity=nonlinearity)
        super().__init__(cell, input_size, hidden_size, bias, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:  # noqa: A002
        """The hidden state (B, H) after one more input (B, I); or both without B."""
        # torch reads it at each call, so its error is raised only here.
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return super().forward(input, hx)


class GRUCell(_OneState):
    """`torch.nn.GRUCell`: one step of the GRU (`foreword.cells.gru`)."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: _Device = None,
        dtype: torch.dtype | None = None,
        *,
        reset_after: bool = True,
    ) -> None:
        cell = cell_for("gru", reset_after=reset_after)
        super().__init__(cell, input_size, hidden_size, bias, device, dtype)


class LSTMCell(_OneStep):
    """`torch.nn.LSTMCell`: one step of the LSTM (`foreword.cells.lstm`)."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: _Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(cell_for("lstm"), input_size, hidden_size, bias, device, dtype)

    def forward(self, input: Tensor, hx: State | None = None) -> Any:  # noqa: A002
        """The pair h and c (B, H) after one more input (B, I); or all without B."""
        self._check_dimensions(input, hx, ("hx[0]", "hx[1]"))
        return self._step(input, hx)
