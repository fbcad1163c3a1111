"""The hand-written kernel as torch operators, which compilers and exporters take as they are.

`torch.compile` and `torch.export` would unroll the loop over time, and do not look into another
function's way back. An operator is one node of their graph, whatever the number of steps.
"""

from typing import Any

import torch
from torch import Tensor

from foreword.cells.registry import describe, from_description
from foreword.kernels.portable import kernel as eager
from foreword.kernels.portable.shared import Inputs
from foreword.kernels.problem import Problem, Run

_Optional = Tensor | None


def run(problem: Problem) -> Run:
    """Runs a cell over time as an operator; see `portable.kernel.run`."""
    inputs = eager.inputs_of(problem)
    found = bptt_forward(describe(problem.cell), *inputs)
    return eager.run_of(problem, inputs, found[: len(problem.state) + 1])


@torch.library.custom_op("foreword::bptt_forward", mutates_args=())
def bptt_forward(
    cell: str,
    x: Tensor,
    h: Tensor,
    c: _Optional,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor,
    bias_hh: Tensor,
    weight_peephole: _Optional,
    weight_hr: _Optional,
    keep: _Optional,
    drop_hidden: _Optional,
    drop_memory: _Optional,
    probe_h: _Optional,
    probe_c: _Optional,
) -> list[Tensor]:
    """States, gates, and what the way back needs. None is a view of another, as operators must."""
    inputs = Inputs(
        x,
        h,
        c,
        weight_ih,
        weight_hh,
        bias_ih,
        bias_hh,
        weight_peephole,
        weight_hr,
        keep,
        drop_hidden,
        drop_memory,
        probe_h,
        probe_c,
    )
    outputs, extra = eager.forward(from_description(cell), inputs)
    return [part.clone() for part in (*outputs, *extra)]


@bptt_forward.register_fake
def _shapes(cell: str, x: Tensor, h: Tensor, c: _Optional, *rest: _Optional) -> list[Tensor]:
    T, B = x.shape[:2]
    spec = from_description(cell)
    weight_ih = rest[0]
    assert weight_ih is not None
    H = weight_ih.shape[0] // len(spec.gates)
    sizes = [h.shape[1]] if c is None else [h.shape[1], H]
    seen = sizes[spec.recurrent_state]
    extra = {"rnn": [seen], "gru": [seen, H, H]}.get(spec.name, [seen, H, H, H])
    states = [x.new_empty((T, B, size)) for size in sizes]
    gates = x.new_empty((T, B, len(spec.gates), H))
    return [*states, gates, *(x.new_empty((T, B, size)) for size in extra)]


@torch.library.custom_op("foreword::bptt_backward", mutates_args=())
def bptt_backward(
    cell: str,
    x: Tensor,
    h: Tensor,
    c: _Optional,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor,
    bias_hh: Tensor,
    weight_peephole: _Optional,
    weight_hr: _Optional,
    keep: _Optional,
    drop_hidden: _Optional,
    drop_memory: _Optional,
    probe_h: _Optional,
    probe_c: _Optional,
    kept: list[Tensor],
    d_outputs: list[Tensor],
) -> list[Tensor]:
    """Gradients by the inputs that are there and can have one, in their order."""
    inputs = Inputs(
        x,
        h,
        c,
        weight_ih,
        weight_hh,
        bias_ih,
        bias_hh,
        weight_peephole,
        weight_hr,
        keep,
        drop_hidden,
        drop_memory,
        probe_h,
        probe_c,
    )
    found = eager.backward(from_description(cell), inputs, kept, tuple(d_outputs))
    return [gradient.clone() for gradient in found if gradient is not None]


@bptt_backward.register_fake
def _gradient_shapes(cell: str, *rest: Any) -> list[Tensor]:
    del cell
    inputs = Inputs(*rest[: len(Inputs._fields)])
    return [torch.empty_like(part) for part in _with_gradients(inputs) if part is not None]


def _with_gradients(inputs: Inputs) -> list[_Optional]:
    """The inputs; None in the place of those that are absent or have no gradient."""
    fixed = {"keep", "drop_hidden", "drop_memory"}
    return [
        None if name in fixed else part for name, part in zip(Inputs._fields, inputs, strict=True)
    ]


def _setup(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    cell, *tensors = inputs
    ctx.cell = cell
    ctx.save_for_backward(*tensors, *output)


def _backward(ctx: Any, d_outputs: list[Tensor]) -> tuple[_Optional, ...]:
    saved = ctx.saved_tensors
    count = len(Inputs._fields)
    inputs, kept = Inputs(*saved[:count]), list(saved[count:])
    parts = 3 if inputs.c is not None else 2
    found = iter(bptt_backward(ctx.cell, *inputs, kept, list(d_outputs[:parts])))
    gradients = [None if part is None else next(found) for part in _with_gradients(inputs)]
    return (None, *gradients)


bptt_forward.register_autograd(_backward, setup_context=_setup)
