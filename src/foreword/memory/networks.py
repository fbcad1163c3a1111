"""The networks that are tried: any recurrent cell, and an MLP on a window; of equal size.

Knows nothing of tasks but how many numbers go in and out.
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
"""What can be tried, by name."""


class Network(nn.Module):
    """Reads sequences, and answers where it is asked."""

    readout: nn.Linear

    def forward(self, batch: Batch) -> Tensor:
        """(N, O) for the N answers that are wanted."""
        answers: Tensor = self.readout(self.hidden(batch))
        return answers

    def hidden(self, batch: Batch) -> Tensor:
        """(N, H), what the answers are read from."""
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
        """The states h at the steps where an answer is wanted."""
        states, _ = self.layer(batch.inputs)
        return cast(Tensor, states)[batch.asked]


class WindowNetwork(Network):
    """A layer of rectified units on the last inputs, and a linear layer on them; no state."""

    def __init__(
        self, window: int, inputs: int, hidden_size: int, outputs: int, generator: Generator
    ) -> None:
        super().__init__()
        self.window = window
        self.first = _linear(window * inputs, hidden_size, generator)
        self.readout = _linear(hidden_size, outputs, generator)

    def hidden(self, batch: Batch) -> Tensor:
        """Of the windows that end where an answer is wanted; before the first step all is 0."""
        padded = F.pad(batch.inputs, (0, 0, 0, 0, self.window - 1, 0))
        step, sequence = batch.asked.nonzero(as_tuple=True)
        steps = step.unsqueeze(1) + torch.arange(self.window)
        windows = padded[steps, sequence.unsqueeze(1)].flatten(1)
        return F.relu(self.first(windows))


def build(
    cell: str, inputs: int, outputs: int, hidden_size: int, window: int, generator: Generator
) -> Network:
    """A network with fresh weights, uniform in +-1/sqrt(fan-in), as torch's layers have them."""
    check_cell(cell)
    if cell == WINDOW:
        return WindowNetwork(window, inputs, hidden_size, outputs, generator)
    return RecurrentNetwork(cell, inputs, hidden_size, outputs, generator)


def count_parameters(cell: str, inputs: int, outputs: int, hidden_size: int, window: int) -> int:
    """Trainable numbers; builds nothing."""
    check_cell(cell)
    H = hidden_size
    readout = (H + 1) * outputs
    if cell == WINDOW:
        return (window * inputs + 1) * H + readout
    shapes = cell_for(cell).parameter_shapes(inputs, H).values()
    return sum(math.prod(shape) for shape in shapes) + readout


def hidden_size_for(cell: str, inputs: int, outputs: int, parameters: int, window: int) -> int:
    """The hidden size whose number of parameters is nearest to `parameters`; at least 1."""

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
    """What the gate that keeps begins with: f, or the GRU's z. Other networks have none.

    A large forget-gate bias is Gers, Schmidhuber & Cummins's (2000); see also Jozefowicz, Zaremba
    & Sutskever (2015).
    """
    gate = keeping_gate(network)
    if gate is not None:
        _set_bias(network, gate, bias)


def set_chrono(network: Network, longest: int, generator: Generator) -> None:
    """Biases by which a unit forgets in 1 to `longest` steps (Tallec & Ollivier 2018).

    b_f = log of a number uniform in [1, longest - 1], and b_i = -b_f where there is an input gate;
    for the GRU, whose z keeps, b_z = that log.
    """
    gate = keeping_gate(network)
    if gate is None or not isinstance(network, RecurrentNetwork):
        return
    H = network.layer.hidden_size
    times = 1 + torch.rand(H, generator=generator) * max(longest - 2, 0)
    _set_bias(network, gate, times.log())
    if "i" in network.layer.cell.gates:
        _set_bias(network, "i", -times.log())


def keeping_gate(network: Network) -> str | None:
    """The name of the gate by which a cell keeps its state; None where there is none."""
    if not isinstance(network, RecurrentNetwork):
        return None
    return next((gate for gate in ("f", "z") if gate in network.layer.cell.gates), None)


def check_cell(cell: str) -> None:
    """Refuses a name that is none of `NETWORKS`.

    Raises:
        SettingsError: says which there are.
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
            first = gates.index(gate) * H
            layer.get_parameter(name)[first : first + H] = part


def _linear(inputs: int, outputs: int, generator: Generator) -> nn.Linear:
    layer = nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")
    bound = inputs**-0.5
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.uniform_(-bound, bound, generator=generator)
    return layer
