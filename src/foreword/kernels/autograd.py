"""Autograd functions of all hand-written kernels: a loop over time and its backward pass."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from foreword.cells.cell import Cell
from foreword.kernels import reference
from foreword.kernels.inputs import Gradients, Inputs, flat_inputs, problem_of
from foreword.kernels.problem import Problem, Run

Outputs = tuple[list[Tensor], list[Tensor]]
"""The states after each step, the gates, and what else the backward pass needs."""


class Loops(NamedTuple):
    """A way to run cells forwards and back through time.

    Attributes:
        name: the name of its kernel.
        forward: the outputs of a cell for its inputs; with lengths, also the last states.
        backward: gradients with respect to the inputs, from the same arguments, the results of
            `forward`, and the gradients with respect to its outputs.
        states: only the states after each step.
    """

    name: str
    forward: Callable[[Cell, Inputs], Outputs]
    backward: Callable[[Cell, Inputs, list[Tensor], tuple[Tensor | None, ...]], Gradients]
    states: Callable[[Cell, Inputs], list[Tensor]]


def run_by(loops: Loops, problem: Problem) -> Run:
    """Runs a problem with any loops, with autograd."""
    inputs = flat_inputs(problem)
    if not has_way_back(problem) and not problem.extras.traced:
        states = loops.states(problem.cell, inputs)
        return Run(states[0], tuple(part[-1] for part in states), tuple(states))
    return run_of(problem, inputs, differentiable(loops, problem.cell, inputs))


def has_way_back(problem: Problem) -> bool:
    """Whether gradients may be requested."""
    return torch.is_grad_enabled() and any(part.requires_grad for part in problem.tensors)


def differentiable(loops: Loops, cell: Cell, inputs: Inputs) -> Sequence[Tensor]:
    """The results of `loops.forward`, differentiable."""
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


def gradients(
    loops: Loops,
    cell: Cell,
    inputs: Inputs,
    kept: list[Tensor],
    d_outputs: tuple[Tensor | None, ...],
) -> list[Tensor | None]:
    """Gradients with respect to all inputs, in their order."""
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
    """A backward pass that processes several incoming gradients one after the other.

    Several gradients come at once with `is_grads_batched`, which
    `torch.autograd.functional.jacobian(..., vectorize=True)` uses: by torch's older vmap, which has
    no rules for custom functions.
    """
    level = torch._C._vmapmode_increment_nesting() - 1
    torch._C._vmapmode_decrement_nesting()
    if level == 0:
        return way(d_outputs)
    apart = [
        None if d is None else torch._remove_batch_dim(d, level, 1, 0)  # one for each, or 1 for all
        for d in d_outputs
    ]
    count = max((len(d) for d in apart if d is not None), default=1)
    rows = [way(tuple(None if d is None else d[k % len(d)] for d in apart)) for k in range(count)]
    return [
        None if parts[0] is None else torch._add_batch_dim(torch.stack(parts), 0, level)
        for parts in zip(*rows, strict=True)
    ]


class _WayBack(torch.autograd.Function):
    """The backward pass under `torch.func.vmap`, for one incoming gradient after the other."""

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
        """Nothing is saved, since it cannot be differentiated again."""

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


def _differentiable_gradients(
    ctx: Any, inputs: Inputs, d_outputs: tuple[Tensor | None, ...]
) -> list[Tensor | None]:
    """Gradients that can be differentiated again, by autograd over the cell's equations."""
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
