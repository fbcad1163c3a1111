"""`RNN`, `LSTM` and `GRU` with the signatures of torch.nn, and layers of related cells."""

from typing import Any, ClassVar

import torch

from foreword.nn.recurrent import Recurrent

_Device = torch.device | str | None


def _refuse_projection(cell: str, more: dict[str, Any]) -> None:
    if "proj_size" in more:
        raise ValueError(
            "proj_size argument is only supported for LSTM, not RNN or GRU. "
            f"foreword.nn.Recurrent({cell!r}, ..., proj_size=...) projects any cell"
        )


class RNN(Recurrent):
    """`torch.nn.RNN`: the Elman network (`foreword.cells.rnn`).

    Takes the arguments of `torch.nn.RNN`, and by name those of `Recurrent`: `noise`, `generator`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: _Device = None,
        dtype: torch.dtype | None = None,
        **more: Any,
    ) -> None:
        _refuse_projection("rnn", more)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        sizes = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__("rnn", *sizes, 0, device, dtype, nonlinearity=nonlinearity, **more)

    @property
    def nonlinearity(self) -> str:
        """Tanh or relu."""
        return self.cell.nonlinearity  # type: ignore[attr-defined, no-any-return]


class GRU(Recurrent):
    """`torch.nn.GRU` (`foreword.cells.gru`).

    Takes the arguments of `torch.nn.GRU`, and by name those of `Recurrent`: `reset_after`, `noise`,
    `generator`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: _Device = None,
        dtype: torch.dtype | None = None,
        **more: Any,
    ) -> None:
        _refuse_projection("gru", more)
        sizes = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__("gru", *sizes, 0, device, dtype, **more)


class _Projectable(Recurrent):
    """A layer with the signature of `torch.nn.LSTM`."""

    _cell: ClassVar[str]

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: _Device = None,
        dtype: torch.dtype | None = None,
        **more: Any,
    ) -> None:
        sizes = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__(self._cell, *sizes, proj_size, device, dtype, **more)


class LSTM(_Projectable):
    """`torch.nn.LSTM` (`foreword.cells.lstm`).

    Takes the arguments of `torch.nn.LSTM`, and by name those of `Recurrent`: `forget_bias`,
    `cell_clip`, `noise`, `generator`.
    """

    _cell = "lstm"


class PeepholeLSTM(_Projectable):
    """An LSTM whose gates also look at c (`foreword.cells.peephole`); arguments as of `LSTM`."""

    _cell = "lstm-peephole"


class PeepholeOnlyLSTM(_Projectable):
    """An LSTM whose gates see c, not h (`foreword.cells.peephole`); arguments as of `LSTM`."""

    _cell = "lstm-peephole-only"


class CoupledLSTM(_Projectable):
    """An LSTM with i = 1 - f (`foreword.cells.lstm`); arguments as of `LSTM`."""

    _cell = "lstm-coupled"


class MogrifierLSTM(_Projectable):
    """An LSTM whose x and h modulate each other before each step (`foreword.cells.mogrifier`).

    Arguments as of `LSTM`, and by name `rounds` and `rank`.
    """

    _cell = "lstm-mogrifier"


class LayerNormLSTM(_Projectable):
    """An LSTM with layer normalisation (`foreword.cells.layer_norm`); arguments as of `LSTM`."""

    _cell = "lstm-layernorm"


class LayerNormGRU(_Projectable):
    """A GRU with layer normalisation (`foreword.cells.layer_norm`); arguments as of `LSTM`.

    With a projection its state is (h, u), u being the state before the projection.
    """

    _cell = "gru-layernorm"
