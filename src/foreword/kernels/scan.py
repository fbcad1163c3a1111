"""Cells with a linear recurrence in each unit: h_t = a_t * h_{t-1} + b_t, a and b of the input.

The cell's own equations give a and b of all steps at once, in one matrix product. Only the
recurrence runs step by step: in C++ for float32 on the CPU, otherwise in torch's operations (Martin
& Cundy 2018, "Parallelizing linear recurrent neural nets over sequence length").
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from foreword.cells.cell import Cell, Gates
from foreword.cells.minimal import MinGRUCell, MinLSTMCell
from foreword.cells.qrnn import QRNNCell
from foreword.cells.rg_lru import RGLRUCell
from foreword.kernels import native
from foreword.kernels.autograd import one_by_one
from foreword.kernels.lengths import run_padded
from foreword.kernels.problem import Problem, Run, unknown

CELLS: frozenset[type[Cell]] = frozenset({MinGRUCell, MinLSTMCell, RGLRUCell, QRNNCell})
"""The cells that this kernel runs.

Without a memory c, a is the gate `keep`, and b the state after a step from 0. With c, that of the
quasi-recurrent network, a is f and b is (1 - f) g.
"""


def run(problem: Problem) -> Run:
    """Runs a cell over time, if `refusal` returns None for it."""
    return run_padded(_run, problem)


def refusal(problem: Problem) -> str | None:
    """Why this kernel cannot run it; None if it can."""
    if problem.extras.zoneout is not None:
        return "it has no zoneout"
    if problem.extras.drop_memory is not None and "c" not in problem.cell.states:
        return "it has no memory c that could be dropped"
    return unknown(problem.cell, CELLS)


def _run(problem: Problem) -> Run:
    if isinstance(problem.cell, QRNNCell):
        return _run_quasi_recurrent(problem, problem.cell)
    cell, x = problem.cell, problem.x
    unprojected = type(cell)(**cell.chosen)
    (b,), gates = unprojected.step(x, (x.new_zeros(()),), problem.weights)
    assert cell.keep is not None
    u, probe = _scanned(problem, gates[cell.keep], b, problem.state[-1])
    states = (cell.project(u, problem.weights), u) if cell.projected else (u,)
    handles = None
    if probe is not None:
        handles = ([states[0]], [probe]) if cell.projected else ([probe],)
    return _finished(problem, states, gates, handles)


def _run_quasi_recurrent(problem: Problem, cell: QRNNCell) -> Run:
    _, c, *first = problem.state
    products = cell.products(problem.x, problem.weights)
    before = [
        _kept(problem, torch.cat([start.unsqueeze(0), product[:-1]]))
        for start, product in zip(first, products, strict=True)
    ]
    gates = cell.gates_of(problem.x, before, problem.weights)
    a = gates["f"]
    if problem.extras.drop_memory is not None:
        a = a * problem.extras.drop_memory
    c, probe = _scanned(problem, a, (1 - gates["f"]) * gates["g"], c)
    h = cell.project(gates["o"] * c, problem.weights)
    handles = None
    if probe is not None:
        handles = ([h], [probe], *([product] for product in products))
    return _finished(problem, (h, c, *products), gates, handles)


def _kept(problem: Problem, part: Tensor) -> Tensor:
    """A factor of the state before each step, or a part of it, 0 where the state is reset."""
    keep = problem.extras.keep
    return part if keep is None else part * keep.unsqueeze(2)


def _scanned(problem: Problem, a: Tensor, b: Tensor, first: Tensor) -> tuple[Tensor, Tensor | None]:
    """The recurrence, and what a loss is differentiated by for its gradients, if it is traced."""
    probe = None
    if problem.extras.traced and torch.is_grad_enabled():
        # The gradient with respect to b_t is that of h_t, including all later steps.
        probe = torch.zeros_like(b).requires_grad_()
        b = b + probe
    return scan(_kept(problem, a), b, first), probe


def _finished(
    problem: Problem,
    states: tuple[Tensor, ...],
    gates: Gates,
    handles: tuple[list[Tensor], ...] | None,
) -> Run:
    last = tuple(part[-1] for part in states)
    if not problem.extras.traced:
        return Run(states[0], last, states)
    return Run(states[0], last, states, gates, handles)


def scan(a: Tensor, b: Tensor, first: Tensor) -> Tensor:
    """Return h (T, B, H) of h_t = a_t * h_{t-1} + b_t, differentiable.

    Args:
        a: (T, B, H).
        b: (T, B, H).
        first: h before the first step, (B, H).
    """
    if not native.has_scan(a, b, first):
        return _loop(a, b, first)
    h: Tensor = _Scan.apply(a, b, first)  # type: ignore[no-untyped-call]
    return h


def _loop(a: Tensor, b: Tensor, first: Tensor) -> Tensor:
    """The same in torch's operations."""
    h, steps = first, []
    for a_t, b_t in zip(a, b, strict=True):
        h = torch.addcmul(b_t, a_t, h)
        steps.append(h)
    return torch.stack(steps)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, first: Tensor) -> Tensor:
        h = native.scan(a, b, first)
        ctx.save_for_backward(a, first, h)
        return h

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        saved: tuple[Tensor, Tensor, Tensor] = ctx.saved_tensors
        return tuple(one_by_one(lambda d: _way_back(*saved, d[0]), gradients))


def _way_back(a: Tensor, first: Tensor, h: Tensor, d_h: Tensor | None) -> Sequence[Tensor | None]:
    """Gradients with respect to a, b and the first h, from those of h."""
    if d_h is None:
        return None, None, None
    if not torch.is_grad_enabled() and native.has_scan(a, first, h, d_h):
        return native.scan_back(a, first, h, d_h)
    # By torch's operations if the gradients are differentiated again.
    factors = torch.cat([torch.zeros_like(a[:1]), a[1:].flip(0)])
    d_b = _loop(factors, d_h.flip(0), torch.zeros_like(first)).flip(0)
    before = torch.cat([first.unsqueeze(0), h[:-1]])
    return d_b * before, d_b, d_b[0] * a[0]
