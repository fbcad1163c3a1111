"""The networks under test: any recurrent cell, and an MLP on a window, of equal size.

Knows nothing of tasks except the numbers of inputs and outputs.
"""

import math
from typing import cast

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from foreword.cells.registry import NAMES as CELLS
from foreword.cells.registry import cell_for
from foreword.errors import SettingsError
from foreword.memory.tasks.task import Batch
from foreword.nn import Recurrent

WINDOW = "mlp-window"
NETWORKS = (WINDOW, *CELLS)
"""The names of the networks that can be tried."""


class Network(nn.Module):
    """Reads sequences, and answers at the requested steps."""

    readout: nn.Linear

    def forward(self, batch: Batch) -> Tensor:
        """Return (N, O) for the N requested answers."""
        answers: Tensor = self.readout(self.hidden(batch))
        return answers

    def hidden(self, batch: Batch) -> Tensor:
        """Return the features from which the answers are computed, (N, H)."""
        raise NotImplementedError


class RecurrentNetwork(Network):
    """One layer of a recurrent cell, and a linear layer on its hidden state."""

    def __init__(
        self, cell: str, inputs: int, hidden_size: int, outputs: int, generator: Generator
    ) -> None:
        super().__init__()
        self.layer = Recurrent(cell, inputs, hidden_size, generator=generator)
        self.layer.generator = None  # draws nothing more
        self.readout = _linear(hidden_size, outputs, generator)

    def hidden(self, batch: Batch) -> Tensor:
        """Return the states h at the steps where an answer is requested."""
        states, _ = self.layer(batch.inputs)
        return cast(Tensor, states)[batch.asked]


class WindowNetwork(Network):
    """A layer of rectified units on the last inputs, with a linear layer on them; no state."""

    def __init__(
        self, window: int, inputs: int, hidden_size: int, outputs: int, generator: Generator
    ) -> None:
        super().__init__()
        self.window = window
        self.first = _linear(window * inputs, hidden_size, generator)
        self.readout = _linear(hidden_size, outputs, generator)

    def hidden(self, batch: Batch) -> Tensor:
        """Return the features of windows that end at each request, after zeros at the start."""
        padded = F.pad(batch.inputs, (0, 0, 0, 0, self.window - 1, 0))
        step, sequence = batch.asked.nonzero(as_tuple=True)
        steps = step.unsqueeze(1) + torch.arange(self.window)
        windows = padded[steps, sequence.unsqueeze(1)].flatten(1)
        return F.relu(self.first(windows))


def build(
    cell: str, inputs: int, outputs: int, hidden_size: int, window: int, generator: Generator
) -> Network:
    """Return a network with new weights, uniform in +-1/sqrt(fan-in), like torch's layers."""
    check_cell(cell)
    if cell == WINDOW:
        return WindowNetwork(window, inputs, hidden_size, outputs, generator)
    return RecurrentNetwork(cell, inputs, hidden_size, outputs, generator)


def count_parameters(cell: str, inputs: int, outputs: int, hidden_size: int, window: int) -> int:
    """Return the number of trainable parameters, without building a network."""
    check_cell(cell)
    H = hidden_size
    readout = (H + 1) * outputs
    if cell == WINDOW:
        return (window * inputs + 1) * H + readout
    shapes = cell_for(cell).parameter_shapes(inputs, H).values()
    return sum(math.prod(shape) for shape in shapes) + readout


def hidden_size_for(cell: str, inputs: int, outputs: int, parameters: int, window: int) -> int:
    """Return the hidden size whose number of parameters is nearest to `parameters`; at least 1."""

    def count(hidden_size: int) -> int:
        return count_parameters(cell, inputs, outputs, hidden_size, window)

    low, high = 1, 2
    while count(high) <= parameters:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) <= parameters else (low, middle)
    return min((low, high), key=lambda size: abs(count(size) - parameters))


def set_keeping_bias(network: Network, bias: float) -> None:
    """Set the bias of the gate that keeps: an LSTM's f, a GRU's z. Other networks have none.

    A large forget-gate bias is proposed by Gers, Schmidhuber & Cummins (2000); see also Jozefowicz,
    Zaremba & Sutskever (2015).
    """
    gate = keeping_gate(network)
    if gate is not None:
        _set_bias(network, gate, bias)


def set_chrono(network: Network, longest: int, generator: Generator) -> None:
    """Set the biases so that units forget in 1 to `longest` steps (Tallec & Ollivier 2018).

    b_f = log of a number uniform in [1, longest - 1], and b_i = -b_f where there is an input gate;
    for the GRU, whose z keeps, b_z = that log.
    """
    gate = keeping_gate(network)
    if gate is None or not isinstance(network, RecurrentNetwork):
        return
    H = network.layer.hidden_size
    times = 1 + torch.rand(H, generator=generator) * max(longest - 2, 0)
    _set_bias(network, gate, times.log())
    take = network.layer.cell.take
    if take is not None:
        _set_bias(network, take, -times.log())


def keeping_gate(network: Network) -> str | None:
    """Return the name of the gate by which a cell keeps its state; None if it has none."""
    if not isinstance(network, RecurrentNetwork):
        return None
    return network.layer.cell.keep


def check_cell(cell: str) -> None:
    """Refuse a name that is not in `NETWORKS`.

    Raises:
        SettingsError: lists the names.
    """
    if cell not in NETWORKS:
        raise SettingsError(f"there is no cell {cell!r}; the cells are {', '.join(NETWORKS)}")


def _set_bias(network: Network, gate: str, value: float | Tensor) -> None:
    assert isinstance(network, RecurrentNetwork)
    layer, H = network.layer, network.layer.hidden_size
    parts = (
        ("bias_ih_l0", layer.cell.gates, value),
        ("bias_hh_l0", layer.cell.recurrent_gates, 0.0),
    )
    with torch.no_grad():
        for name, gates, part in parts:
            if gate in gates:  # a minimal cell's gates do not see the state
                first = gates.index(gate) * H
                layer.get_parameter(name)[first : first + H] = part


def _linear(inputs: int, outputs: int, generator: Generator) -> nn.Linear:
    layer = nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")
    bound = inputs**-0.5
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.uniform_(-bound, bound, generator=generator)
    return layer
