"""The hand-written kernels as torch operators, which compilers and exporters do not trace.

`torch.compile` and `torch.export` would unroll the loop over time, and cannot trace a custom
backward pass. An operator is one node of their graph for any number of steps.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import register_flop_formula

from foreword.cells.cell import Cell
from foreword.cells.registry import describe, from_description
from foreword.kernels import autograd, flops, native
from foreword.kernels.inputs import Inputs, flat_inputs, problem_of
from foreword.kernels.lengths import run_padded
from foreword.kernels.portable import kernel as eager
from foreword.kernels.problem import Problem, Run

# Inputs without a gradient.
_FIXED = {"keep", "drop_hidden", "drop_memory"}


def run(problem: Problem) -> Run:
    """Runs a cell over time as an operator; see `portable.kernel.run`.

    With lengths all steps are computed: the number of rows depends on data, and shapes must not.
    """
    return run_padded(_run, problem)


def _run(problem: Problem) -> Run:
    inputs = flat_inputs(problem)
    present = {name: part for name, part in inputs._asdict().items() if part is not None}
    results = bptt_forward(describe(problem.cell), " ".join(present), list(present.values()))
    return autograd.run_of(problem, inputs, results[: len(problem.state) + 1])


@torch.library.custom_op("foreword::bptt_forward", mutates_args=())
def bptt_forward(cell: str, names: str, tensors: Sequence[Tensor]) -> list[Tensor]:
    """States, gates, and what the backward pass needs; none is a view of another.

    Args:
        cell: the result of `cells.registry.describe`.
        names: those of the `Inputs` that are present.
        tensors: these inputs.
    """
    inputs, spec = _inputs(names, tensors), from_description(cell)
    outputs, extra = _loops(spec, inputs).forward(spec, inputs)
    return [_own(part, inputs.x) for part in (*outputs, *extra)]


@bptt_forward.register_fake
def _shapes(cell: str, names: str, tensors: Sequence[Tensor]) -> list[Tensor]:
    i, spec = _inputs(names, tensors), from_description(cell)
    T, B = i.x.shape[:2]
    H = i.weight_ih.shape[0] // len(spec.gates)
    sizes = [i.h.shape[1]] if i.c is None else [i.h.shape[1], H]
    extra = eager.MODULES[type(spec)].kept_sizes(spec, i.x.shape[2], i.h.shape[1], H)
    states = [i.x.new_empty((T, B, size)) for size in sizes]
    gates = i.x.new_empty((T, B, len(spec.gates), H))
    return [*states, gates, *(i.x.new_empty((T, B, size)) for size in extra)]


@torch.library.custom_op("foreword::bptt_backward", mutates_args=())
def bptt_backward(
    cell: str,
    names: str,
    tensors: Sequence[Tensor],
    kept: Sequence[Tensor],
    d_outputs: Sequence[Tensor],
) -> list[Tensor]:
    """Gradients with respect to the inputs that are present and can have one, in their order."""
    inputs = _inputs(names, tensors)
    spec = from_description(cell)
    present: list[Any] = [part if part.numel() else None for part in kept]
    gradients = autograd.gradients(_loops(spec, inputs), spec, inputs, present, tuple(d_outputs))
    return [gradient.clone() for gradient in gradients if gradient is not None]


@bptt_backward.register_fake
def _gradient_shapes(
    cell: str,
    names: str,
    tensors: Sequence[Tensor],
    kept: Sequence[Tensor],
    d_outputs: Sequence[Tensor],
) -> list[Tensor]:
    del cell, kept, d_outputs
    pairs = zip(names.split(), tensors, strict=True)
    return [torch.empty_like(part) for name, part in pairs if name not in _FIXED]


def _own(part: Tensor | None, like: Tensor) -> Tensor:
    """A copy, since operators must not return views of each other; an empty tensor for None."""
    return like.new_empty(0) if part is None else part.clone()


def _loops(cell: Cell, inputs: Inputs) -> autograd.Loops:
    """The kernel, chosen when the operator runs: perhaps on another machine than the compiler's."""
    problem = problem_of(cell, inputs)
    if native.refusal(problem) is not None:
        return eager.LOOPS
    # The staged loops save other tensors than are declared here, so they are used only if nothing
    # else can run it.
    is_staged = cell.projected and eager.refusal(problem) is None
    return eager.LOOPS if is_staged else native.LOOPS


def _inputs(names: str, tensors: Sequence[Tensor]) -> Inputs:
    return Inputs(**dict(zip(names.split(), tensors, strict=True)))


def _setup(ctx: Any, inputs: tuple[str, str, Sequence[Tensor]], output: list[Tensor]) -> None:
    ctx.cell, ctx.names, tensors = inputs
    ctx.save_for_backward(*tensors, *output)


def _backward(ctx: Any, d_outputs: Sequence[Tensor]) -> tuple[None, None, list[Tensor | None]]:
    names = ctx.names.split()
    tensors, kept = ctx.saved_tensors[: len(names)], ctx.saved_tensors[len(names) :]
    parts = 3 if "c" in names else 2
    gradients = iter(bptt_backward(ctx.cell, ctx.names, tensors, kept, list(d_outputs[:parts])))
    return None, None, [None if name in _FIXED else next(gradients) for name in names]


bptt_forward.register_autograd(_backward, setup_context=_setup)


# What `torch.utils.flop_counter.FlopCounterMode` counts.


def _flops(names: str, shapes: Sequence[Sequence[int]]) -> int:
    named = dict(zip(names.split(), shapes, strict=True))
    steps, batch = named["x"][:2]
    return flops.flops(named, steps * batch)


@register_flop_formula(torch.ops.foreword.bptt_forward)
def _forward_flops(cell: str, names: str, shapes: Any, *rest: Any, **more: Any) -> int:
    del cell, rest, more
    return _flops(names, shapes)


@register_flop_formula(torch.ops.foreword.bptt_backward)
def _backward_flops(cell: str, names: str, shapes: Any, *rest: Any, **more: Any) -> int:
    del cell, rest, more
    return 2 * _flops(names, shapes)  # with respect to the inputs and to the weights
