"""Loops over time, with forward and backward passes written by hand in torch's operations."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from foreword.cells.cell import Cell
from foreword.cells.gru import GRUCell
from foreword.cells.lstm import CoupledLSTMCell, LSTMCell
from foreword.cells.mogrifier import MogrifierLSTMCell
from foreword.cells.peephole import PeepholeLSTMCell, PeepholeOnlyLSTMCell
from foreword.cells.rnn import ElmanCell
from foreword.kernels.autograd import Loops, Outputs, run_by
from foreword.kernels.inputs import Gradients, Inputs, problem_of
from foreword.kernels.lengths import run_padded
from foreword.kernels.portable import elman, gru, lstm, mogrifier
from foreword.kernels.problem import Problem, Run, unknown

MODULES: Mapping[type[Cell], Any] = {
    ElmanCell: elman,
    GRUCell: gru,
    LSTMCell: lstm,
    CoupledLSTMCell: lstm,
    PeepholeLSTMCell: lstm,
    PeepholeOnlyLSTMCell: lstm,
    MogrifierLSTMCell: mogrifier,
}
"""The cells that this kernel runs, and the modules of their loops. It refuses all others."""


def run(problem: Problem) -> Run:
    """Runs a cell over time; a cell of `MODULES`, without zoneout."""
    return run_padded(partial(run_by, LOOPS), problem)


def refusal(problem: Problem) -> str | None:
    """Why the hand-written kernel cannot run it; None if it can."""
    if problem.extras.zoneout is not None:
        return "zoneout has no hand-written way back"
    return unknown(problem.cell, MODULES)


def forward(cell: Cell, inputs: Inputs) -> Outputs:
    """The loop of the cell's module."""
    outputs: Outputs = MODULES[type(cell)].forward(cell, inputs)
    return outputs


def backward(
    cell: Cell, inputs: Inputs, kept: list[Tensor], d_outputs: tuple[Tensor | None, ...]
) -> Gradients:
    """The backward pass of the cell's module."""
    *d_states, d_gates = d_outputs
    d_h, d_c = (*d_states, None)[:2]
    by_input: Gradients = MODULES[type(cell)].backward(cell, inputs, kept, d_h, d_c, d_gates)
    return by_input


def states(cell: Cell, inputs: Inputs) -> list[Tensor]:
    """The states after each step."""
    outputs, _ = forward(cell, inputs)
    return outputs[:-1]


LOOPS = Loops("portable", forward, backward, states)


def backward_with_lengths(
    cell: Cell, inputs: Inputs, d_outputs: tuple[Tensor | None, ...]
) -> Gradients:
    """Gradients of a problem with lengths, whose outputs also include its last states."""
    with torch.enable_grad():
        leaves = Inputs(*map(_leaf, inputs))  # type: ignore[arg-type]
        run_outputs = run(problem_of(cell, leaves))
        assert run_outputs.states is not None
        assert run_outputs.gates is not None
        gates = torch.stack([run_outputs.gates[name] for name in cell.gates], 2)
    outputs = zip((*run_outputs.states, gates, *run_outputs.last), d_outputs, strict=True)
    pairs = [(y, d) for y, d in outputs if d is not None]
    named = leaves._asdict().items()
    by = {name: part for name, part in named if part is not None and part.requires_grad}
    handles = zip(("probe_h", "probe_c"), run_outputs.handles or (), strict=False)
    by |= {name: probes[0] for name, probes in handles}
    gradients = torch.autograd.grad(
        [y for y, _ in pairs], list(by.values()), [d for _, d in pairs], allow_unused=True
    )
    return dict(zip(by, gradients, strict=True))


def _leaf(part: Tensor | None) -> Tensor | None:
    return None if part is None else part.detach().requires_grad_(part.is_floating_point())
