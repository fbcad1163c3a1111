"""Loops over time, written by hand forwards and back, as a differentiable function."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from foreword.cells.cell import Cell, State
from foreword.cells.gru import GRUCell
from foreword.cells.lstm import CoupledLSTMCell, LSTMCell
from foreword.cells.mogrifier import MogrifierLSTMCell
from foreword.cells.peephole import PeepholeLSTMCell, PeepholeOnlyLSTMCell
from foreword.cells.rnn import ElmanCell
from foreword.kernels import reference
from foreword.kernels.lengths import run_padded
from foreword.kernels.portable import elman, gru, lstm, mogrifier
from foreword.kernels.portable.shared import Gradients, Inputs
from foreword.kernels.problem import Extras, Problem, Run, Zoneout, unknown

MODULES: Mapping[type[Cell], Any] = {
    ElmanCell: elman,
    GRUCell: gru,
    LSTMCell: lstm,
    CoupledLSTMCell: lstm,
    PeepholeLSTMCell: lstm,
    PeepholeOnlyLSTMCell: lstm,
    MogrifierLSTMCell: mogrifier,
}
"""The cells that this kernel runs, and where their loops stand. It refuses all others."""

Outputs = tuple[list[Tensor], list[Tensor]]
"""The states after each step and the gates; and what the way back needs besides."""


class Loops(NamedTuple):
    """A way to run cells forwards and back through time.

    Attributes:
        name: of its kernel.
        forward: outputs from a cell and its inputs; with lengths, the last states besides.
        backward: gradients by the inputs, from the same, from what `forward` gave, and from the
            gradients by its outputs.
        states: the states after each step alone.
    """

    name: str
    forward: Callable[[Cell, Inputs], Outputs]
    backward: Callable[[Cell, Inputs, list[Tensor], tuple[Tensor | None, ...]], Gradients]
    states: Callable[[Cell, Inputs], list[Tensor]]


def run(problem: Problem) -> Run:
    """Runs a cell over time; a cell of `MODULES`, without zoneout."""
    return run_padded(partial(run_by, LOOPS), problem)


def run_by(loops: Loops, problem: Problem) -> Run:
    """The same by any loops."""
    inputs = inputs_of(problem)
    if not has_way_back(problem) and not problem.extras.traced:
        states = loops.states(problem.cell, inputs)
        return Run(states[0], tuple(part[-1] for part in states), tuple(states))
    return run_of(problem, inputs, differentiable(loops, problem.cell, inputs))


def has_way_back(problem: Problem) -> bool:
    """Whether gradients may be asked for."""
    return torch.is_grad_enabled() and any(part.requires_grad for part in problem.tensors)


def differentiable(loops: Loops, cell: Cell, inputs: Inputs) -> Sequence[Tensor]:
    """What `loops.forward` gives, with a way back."""
    results: Sequence[Tensor] = _Bptt.apply(loops, cell, *inputs)  # type: ignore[no-untyped-call]
    return results


def run_of(problem: Problem, inputs: Inputs, outputs: Sequence[Tensor]) -> Run:
    """The states of all steps, and the gates, by their names."""
    *states, gates = outputs
    last = tuple(part[-1] for part in states)
    if not problem.extras.traced:
        return Run(states[0], last, tuple(states))
    named = dict(zip(problem.cell.gates, gates.unbind(2), strict=True))
    handles = tuple([probe] for probe in (inputs.probe_h, inputs.probe_c) if probe is not None)
    return Run(states[0], last, tuple(states), named, handles or None)


def refusal(problem: Problem) -> str | None:
    """Why the hand-written kernel cannot do it; None if it can."""
    if problem.extras.zoneout is not None:
        return "zoneout has no hand-written way back"
    return unknown(problem.cell, MODULES)


def inputs_of(problem: Problem) -> Inputs:
    """The problem's tensors, and probes where a trace is wanted."""
    extras = problem.extras
    h, *rest = problem.state
    probes: tuple[Tensor | None, ...] = (None, None)
    if extras.traced and torch.is_grad_enabled():
        T = len(problem.x)
        zeros = (part.new_zeros((T, *part.shape)).requires_grad_() for part in problem.state)
        probes = (*zeros, None)
    zones: tuple[Tensor | None, ...] = (None, None)
    if extras.zoneout is not None:
        shares = extras.zoneout.hidden, extras.zoneout.memory
        zones = tuple(map(partial(_share, problem), shares, (h, rest[0] if rest else None)))
    return Inputs(
        problem.x,
        h,
        **problem.weights,
        c=rest[0] if rest else None,
        keep=extras.keep,
        drop_hidden=extras.drop_hidden,
        drop_memory=extras.drop_memory,
        probe_h=probes[0],
        probe_c=probes[1],
        lengths=extras.lengths,
        zone_hidden=zones[0],
        zone_memory=zones[1],
    )


def _share(problem: Problem, share: Tensor | float, part: Tensor | None) -> Tensor | None:
    """Of a part of the state that stays, (T, B, size); one for all is expanded."""
    if part is None or isinstance(share, Tensor):
        return None if part is None else share  # type: ignore[return-value]
    return part.new_full(part.shape[1:], share).expand(len(problem.x), *part.shape)


def problem_of(cell: Cell, inputs: Inputs) -> Problem:
    """The way back from `inputs_of`."""
    names = (
        *("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_peephole", "weight_hr"),
        *("norm_ih", "norm_hh", "norm_c", "bias_c"),
        *("weight_q", "weight_q_right", "weight_r", "weight_r_right"),
    )
    weights = {name: w for name in names if (w := getattr(inputs, name)) is not None}
    state: State = (inputs.h,) if inputs.c is None else (inputs.h, inputs.c)
    masks = inputs.keep, inputs.drop_hidden, inputs.drop_memory
    zoneout = None
    if inputs.zone_hidden is not None:
        memory = 0.0 if inputs.zone_memory is None else inputs.zone_memory
        zoneout = Zoneout(inputs.zone_hidden, memory)
    extras = Extras(*masks, zoneout, inputs.lengths, traced=True)
    return Problem(cell, inputs.x, state, weights, extras)


def forward(cell: Cell, inputs: Inputs) -> Outputs:
    """The loop of the cell's module."""
    outputs: Outputs = MODULES[type(cell)].forward(cell, inputs)
    return outputs


def backward(
    cell: Cell, inputs: Inputs, kept: list[Tensor], d_outputs: tuple[Tensor | None, ...]
) -> Gradients:
    """The way back of the cell's module."""
    *d_states, d_gates = d_outputs
    d_h, d_c = (*d_states, None)[:2]
    by_input: Gradients = MODULES[type(cell)].backward(cell, inputs, kept, d_h, d_c, d_gates)
    return by_input


def states(cell: Cell, inputs: Inputs) -> list[Tensor]:
    """The states after each step."""
    outputs, _ = forward(cell, inputs)
    return outputs[:-1]


LOOPS = Loops("portable", forward, backward, states)


def gradients(
    loops: Loops,
    cell: Cell,
    inputs: Inputs,
    kept: list[Tensor],
    d_outputs: tuple[Tensor | None, ...],
) -> list[Tensor | None]:
    """Gradients by all inputs in their order."""
    by_name = loops.backward(cell, inputs, kept, d_outputs)
    return [
        None if part is None else by_name.get(name)
        for name, part in zip(Inputs._fields, inputs, strict=True)
    ]


class _Bptt(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, loops: Loops, cell: Cell, *tensors: Tensor | None) -> tuple[Tensor, ...]:
        outputs, extra = loops.forward(cell, Inputs(*tensors))  # type: ignore[arg-type]
        ctx.loops, ctx.cell = loops, cell
        ctx.save_for_backward(*tensors, *outputs, *extra)
        ctx.set_materialize_grads(False)
        return tuple(outputs)

    @staticmethod
    def backward(ctx: Any, *d_outputs: Tensor | None) -> tuple[Tensor | None, ...]:
        saved = ctx.saved_tensors
        count = len(Inputs._fields)
        inputs, kept = Inputs(*saved[:count]), list(saved[count:])

        def way(d: tuple[Tensor | None, ...]) -> Sequence[Tensor | None]:
            if torch.is_grad_enabled():
                return _differentiable_gradients(ctx, inputs, d)
            if torch._C._are_functorch_transforms_active():
                grads: Sequence[Tensor | None] = _WayBack.apply(  # type: ignore[no-untyped-call]
                    partial(gradients, ctx.loops, ctx.cell), len(d), *d, *saved
                )
                return grads
            return gradients(ctx.loops, ctx.cell, inputs, kept, d)

        return (None, None, *one_by_one(way, d_outputs))


def one_by_one(
    way: Callable[[tuple[Tensor | None, ...]], Sequence[Tensor | None]],
    d_outputs: tuple[Tensor | None, ...],
) -> Sequence[Tensor | None]:
    """A way back, for one incoming gradient after the other where many come at once.

    They do so with `is_grads_batched`, of which `torch.autograd.functional.jacobian(...,
    vectorize=True)` makes use: by torch's older vmap, which knows no rule for a function of one's
    own.
    """
    level = torch._C._vmapmode_increment_nesting() - 1
    torch._C._vmapmode_decrement_nesting()
    if level == 0:
        return way(d_outputs)
    apart = [
        None if d is None else torch._remove_batch_dim(d, level, 1, 0)  # of many, or of 1 for all
        for d in d_outputs
    ]
    count = max((len(d) for d in apart if d is not None), default=1)
    rows = [way(tuple(None if d is None else d[k % len(d)] for d in apart)) for k in range(count)]
    return [
        None if parts[0] is None else torch._add_batch_dim(torch.stack(parts), 0, level)
        for parts in zip(*rows, strict=True)
    ]


class _WayBack(torch.autograd.Function):
    """The way back under `torch.func.vmap`, for one incoming gradient after the other."""

    @staticmethod
    def forward(
        back: Callable[..., list[Tensor | None]], count: int, *tensors: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        d_outputs, saved = tensors[:count], tensors[count:]
        inputs = Inputs(*saved[: len(Inputs._fields)])  # type: ignore[arg-type]
        kept: list[Any] = list(saved[len(Inputs._fields) :])
        return tuple(back(inputs, kept, d_outputs))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Nothing is kept: it is differentiated no further."""

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, ...], *arguments: Any
    ) -> tuple[tuple[Tensor | None, ...], tuple[int | None, ...]]:
        batched = [
            _WayBack.apply(  # type: ignore[no-untyped-call]
                *(
                    part if dim is None or part is None else part.select(dim, k)
                    for part, dim in zip(arguments, in_dims, strict=True)
                )
            )
            for k in range(info.batch_size)
        ]
        columns = list(zip(*batched, strict=True))
        stacked = tuple(None if c[0] is None else torch.stack(c) for c in columns)
        return stacked, tuple(None if part is None else 0 for part in stacked)


def backward_with_lengths(
    cell: Cell, inputs: Inputs, d_outputs: tuple[Tensor | None, ...]
) -> Gradients:
    """Gradients of a problem with lengths, whose outputs include its last states, once more."""
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


def _differentiable_gradients(
    ctx: Any, inputs: Inputs, d_outputs: tuple[Tensor | None, ...]
) -> list[Tensor | None]:
    """Gradients that can be differentiated again: by autograd, over the cell's equations."""
    truth = reference.run(problem_of(ctx.cell, inputs))
    assert truth.states is not None
    assert truth.gates is not None
    assert truth.handles is not None
    outputs = [*truth.states, torch.stack([truth.gates[name] for name in ctx.cell.gates], 2)]
    if inputs.lengths is not None:
        outputs += truth.last
    pairs = [(y, d) for y, d in zip(outputs, d_outputs, strict=True) if d is not None]
    handles = dict(zip(("probe_h", "probe_c"), truth.handles, strict=False))
    gradients: list[Tensor | None] = []
    for name, part, is_wanted in zip(Inputs._fields, inputs, ctx.needs_input_grad[2:], strict=True):
        if part is None or not is_wanted:
            gradients.append(None)
            continue
        by = handles.get(name, [part])
        second: Sequence[Tensor | None] = torch.autograd.grad(
            [y for y, _ in pairs],
            by,
            [d for _, d in pairs],
            create_graph=True,
            allow_unused=True,
        )
        whole = [torch.zeros_like(b) if d is None else d for b, d in zip(by, second, strict=True)]
        gradients.append(torch.stack(whole) if name in handles else whole[0])
    return gradients
