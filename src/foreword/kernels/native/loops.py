"""The forward and backward passes of the portable kernel, in C++.

Gradients with respect to the gates of a trace are rare, and computed by the portable kernel, which
saves the same tensors.

If sequences have different lengths, memory has rows only for existing steps, in the order of
`steps.Order`; only the results for the caller are padded. N is the number of rows of all steps.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from foreword.cells.cell import Cell
from foreword.compiled import why_absent
from foreword.kernels import autograd, reference
from foreword.kernels.inputs import Gradients, Inputs, flat_inputs
from foreword.kernels.lengths import within
from foreword.kernels.native import door, staged
from foreword.kernels.native.arguments import (
    NAMES,
    Given,
    changes_memory,
    code_of,
    input_back_of,
    input_of,
    inputs_of,
    masks_hidden,
    masks_of,
    packed_for,
    room_for_gates,
    room_for_outputs,
    seen_of,
    shown,
    whole,
    with_first,
)
from foreword.kernels.native.memory import Rows, empty, sums
from foreword.kernels.native.module import Products, bits, call, loaded
from foreword.kernels.native.steps import Steps, arranged
from foreword.kernels.native.structs import Back, Forward
from foreword.kernels.portable import kernel as portable
from foreword.kernels.problem import Problem, Run, unknown

_LARGEST = torch.finfo(torch.float32).max

_products: ContextVar[Products] = ContextVar("products", default="float32")


@contextmanager
def products_in(format_: Products) -> Iterator[None]:
    """Chooses the number format of this kernel's products within a `with` block.

    It is float32; or bfloat16, of which processors that support it multiply twice as many at once;
    or int8, forwards only. Gradients, and states beyond -1 and 1, are computed in float32 instead
    of int8.
    """
    token = _products.set(format_)
    try:
        yield
    finally:
        _products.reset(token)


def products_chosen() -> Products:
    """The number format of this kernel's products here."""
    return _products.get()


def run(problem: Problem) -> Run:
    """Runs a cell over time, if `refusal` returns None for it."""
    lengths = problem.extras.lengths
    if lengths is None:
        return autograd.run_by(_LOOPS[_products.get()], problem)
    return _run_with_lengths(problem) if lengths.any() else reference.run(problem)


def has_loop(cell: Cell) -> bool:
    """Whether this kernel runs the cell."""
    return type(cell) in CELLS


def refusal(problem: Problem) -> str | None:
    """Why the native kernel cannot run it; None if it can."""
    x = problem.x
    if x.device.type != "cpu":
        return "it is for CPUs"
    why_not = door.refusal(problem)
    if x.dtype != torch.float32:
        return f"it has no loops in {str(x.dtype).removeprefix('torch.')}"
    if (why := unknown(problem.cell, CELLS)) is not None:
        return why
    if problem.extras.zoneout is not None and not getattr(problem.cell, "reset_after", True):
        return "it has no zoneout for a GRU whose reset stands before its product"
    if x.shape[1] == 0:
        return "there is no sequence"
    return why_not or why_absent()


def _run_with_lengths(problem: Problem) -> Run:
    cell, extras, inputs = problem.cell, problem.extras, flat_inputs(problem)
    parts, shows = len(problem.state), extras.wants_states or extras.traced
    products = _products.get()
    outputs: Sequence[Tensor]
    if extras.traced or autograd.has_way_back(problem):
        loops = _loops("float32" if products == "int8" else products, shows=shows)
        outputs = autograd.differentiable(loops, cell, inputs)
    else:
        products = _possible(products, cell, inputs)
        outputs, _ = forward(products, cell, inputs, keeps=False, shows=shows)
    last = tuple(outputs[parts + 1 :])
    if extras.traced:
        return autograd.run_of(problem, inputs, outputs[: parts + 1])._replace(last=last)
    return Run(outputs[0], last, tuple(outputs[:parts]) if shows else None)


class _Buffers(NamedTuple):
    """The results of a loop.

    Attributes:
        states: each part before the first step, (B, H), then after each step, (N, H).
        gates: (N, n, H), or with as many rows as the loop needs.
        outputs: the hidden states (T, B, H) in the caller's layout, if there are lengths.
        kept: further rows that the backward pass needs.
    """

    states: list[Tensor]
    gates: Tensor
    outputs: Tensor | None
    kept: list[Tensor]


def forward(
    products: Products, cell: Cell, i: Inputs, *, keeps: bool = True, shows: bool = True
) -> tuple[list[Any], list[Tensor]]:
    """As `portable.kernel.forward`; the gates are valid only if it `keeps` them.

    With lengths, memories and gates are returned only if it `shows` them, and rows are saved.
    """
    if staged.is_needed(cell, i):
        return staged.forward(products, cell, i, keeps=keeps, shows=shows)
    steps = arranged(i.x, i.lengths)
    buffers = _forward(products, cell, i, steps, keeps)
    seen_by_caller = shown(
        buffers.states, buffers.gates, buffers.outputs, i.x, steps, keeps=keeps, shows=shows
    )
    if not keeps and steps.order is None:
        return seen_by_caller, []
    if steps.order is None:
        kept = [steps.padded(part[: steps.rows], steps.T) for part in buffers.kept]
        return seen_by_caller, [*kept, *([] if i.c is None else [seen_by_caller[0]])]
    after = [part[steps.B :] for part in buffers.states]
    return seen_by_caller, [*after, buffers.gates, *buffers.kept]


def backward(
    products: Products,
    cell: Cell,
    i: Inputs,
    kept: list[Tensor],
    d_outputs: tuple[Tensor | None, ...],
) -> Gradients:
    """As `portable.kernel.backward`.

    Raises:
        RuntimeError: a tensor has changed since the forward pass.
    """
    module: Any = loaded()
    try:
        return _backward(products, cell, i, kept, tuple(map(door.settled, d_outputs)))
    except module.Misfit as error:
        raise RuntimeError(
            f"in the backward pass {error}. Call backward before weights are cast, moved, freed or "
            "replaced; what saved_tensors_hooks keep must come back as it was"
        ) from None


def _backward(
    products: Products,
    cell: Cell,
    i: Inputs,
    kept: list[Tensor],
    d_outputs: tuple[Tensor | None, ...],
) -> Gradients:
    if staged.is_needed(cell, i):
        return staged.backward(products, cell, i, kept[len(d_outputs) :], d_outputs)
    parts = 1 if i.c is None else 2
    d_states, d_gates, d_last = d_outputs[:parts], d_outputs[parts], d_outputs[parts + 1 :]
    if d_gates is not None:
        if i.lengths is not None:
            return portable.backward_with_lengths(cell, i, d_outputs)
        return portable.LOOPS.backward(cell, i, kept, d_outputs)
    steps = arranged(i.x, i.lengths)
    if steps.order is None:
        rows = [whole(part).view(steps.rows, *part.shape[2:]) for part in kept]
    else:
        rows = kept[len(d_outputs) :]
    given = Given(
        whole(d_states[0]),
        whole(steps.packed(d_states[1])) if i.c is not None else None,
        *(whole(steps.in_order(part)) for part in d_last),
    )
    buffers = _back(products, cell, i, steps, rows, given)
    for name in ("h", "c"):
        if (part := buffers.get(name)) is not None:
            buffers[name] = steps.out_of_order(part)
        if (part := buffers.get(f"probe_{name}")) is not None:
            buffers[f"probe_{name}"] = steps.padded(part, len(i.x))
    return buffers


def states(products: Products, cell: Cell, i: Inputs) -> list[Tensor]:
    """The states after each step, if nothing is saved for a backward pass."""
    outputs, _ = forward(_possible(products, cell, i), cell, i, keeps=False)
    return outputs[:-1]


def possible(products: Products, cell: Cell) -> Products:
    """float32 instead of int8 for cells whose states may be beyond -1 and 1."""
    is_relu = getattr(cell, "nonlinearity", "tanh") == "relu"
    is_unbounded = cell.recurrent_state == 1 or cell.projected or is_relu
    return "float32" if products == "int8" and is_unbounded else products


def possible_for(products: Products, cell: Cell, x: Tensor, h: Tensor | None) -> Products:
    """float32 instead of int8 for inputs that are not finite, or an initial state beyond -1 and 1.

    Args:
        products: the requested format.
        cell: the cell whose states are multiplied.
        x: the inputs, contiguous.
        h: before the first step, contiguous; None is zero.
    """
    if products != "int8" or possible(products, cell) != "int8":
        return possible(products, cell)
    module: Any = loaded()
    is_bounded = h is None or module.are_within([h], 1.0)
    return "int8" if is_bounded and module.are_within([x], _LARGEST) else "float32"


def _possible(products: Products, cell: Cell, i: Inputs) -> Products:
    # Recurrent dropout divides kept values by the probability of keeping them, so that they may
    # exceed 1.
    if products != "int8":
        return products
    if i.drop_hidden is not None:
        return "float32"
    x = i.x if i.lengths is None else i.x[within(i.lengths, len(i.x))]
    return possible_for(products, cell, x.contiguous(), i.h.contiguous())


def _loops(products: Products, *, shows: bool = True) -> autograd.Loops:
    ways = partial(forward, products, shows=shows), partial(backward, products)
    return autograd.Loops("native", *ways, partial(states, products))


LOOPS = _loops("float32")
_LOOPS = {
    "float32": LOOPS,
    "bfloat16": _loops("bfloat16"),
    "int8": LOOPS._replace(states=partial(states, "int8")),
}


def _forward(products: Products, cell: Cell, i: Inputs, steps: Steps, keeps: bool) -> _Buffers:
    H, n, N = i.h.shape[1], len(cell.gates), steps.rows
    sees_c, is_gru = cell.recurrent_state == 1, "z" in cell.gates
    gates = room_for_gates(steps, n, H, keeps)
    hs = with_first(i.h, steps)
    cs = None if i.c is None else with_first(i.c, steps)
    carried = hs if cs is None else cs
    before = empty(N, H) if changes_memory(i) else carried
    if cs is None and i.drop_hidden is None:
        seen = before
    else:
        seen = empty(N, H) if masks_hidden(i, sees_c) else (carried if sees_c else hs)
    tanh_cs = empty(N, H) if keeps and cs is not None else None
    inner = empty(N, H) if is_gru else None
    outputs = room_for_outputs(i, steps, H)
    with packed_for(products, cell, i, keeps) as (bias, bias_n, at):
        struct = Forward(
            sizes=steps.sizes(H),
            cell=code_of(cell),
            clip=bits(cell.cell_clip),
            keeps=keeps,
            masks=masks_of(i, steps),
            input=input_of(i, bias),
            weight_hh=i.weight_hh.contiguous(),
            peepholes=whole(i.weight_peephole),
            bias_n=bias_n,
            gates=gates,
            h=hs,
            c=cs,
            seen=seen,
            before=before,
            tanh_c=tanh_cs,
            inner=inner,
            outputs=outputs,
            packed=at,
        )
        call("forward", products, N // steps.T * H * H * n, 2 * steps.T, struct)
    states = [hs] if cs is None else [hs, cs]
    kept = [seen, before, tanh_cs if inner is None else inner]
    if cs is None and not is_gru:
        kept = [seen]
    return _Buffers(states, gates, outputs, [part for part in kept if part is not None])


def _back(
    products: Products, cell: Cell, i: Inputs, steps: Steps, rows: list[Tensor], given: Given
) -> Gradients:
    sees_c, is_gru = cell.recurrent_state == 1, "z" in cell.gates
    resets_after = getattr(cell, "reset_after", False)
    cs = None if i.c is None else rows[1]
    gates, seen, *others = rows[1 if cs is None else 2 :]
    before, product = (*others, None, None)[:2]
    tanh_cs, inner = (None, product) if is_gru else (product, None)
    N, n, H = gates.shape
    d_a, d_x = empty(N, n, H), empty(*i.x.shape)
    d_past = empty(N, n, H) if resets_after else d_a
    d_states_h = empty(N, H) if i.probe_h is not None else None
    d_states_c = empty(N, H) if i.probe_c is not None else None
    d_h, d_c = empty(steps.B, H), None if cs is None else empty(steps.B, H)
    peepholes = whole(i.weight_peephole)
    d_peephole = None if peepholes is None else torch.zeros_like(peepholes)
    struct = Back(
        sizes=steps.sizes(H),
        cell=code_of(cell),
        clip=bits(cell.cell_clip),
        carries=changes_memory(i),
        masks=masks_of(i, steps),
        input=input_back_of(i, d_x),
        weight_hh=i.weight_hh.contiguous(),
        peepholes=peepholes,
        gates=gates,
        c=cs,
        before=before,
        tanh_c=tanh_cs,
        inner=inner,
        d_h=given.h,
        d_c=given.c,
        d_last_h=given.last_h,
        d_last_c=given.last_c,
        d_gates=d_a,
        d_past=d_past,
        d_states_h=d_states_h,
        d_states_c=d_states_c,
        d_first_h=d_h,
        d_first_c=d_c,
        d_peepholes=d_peephole,
    )
    call("back", products, N // steps.T * H * H * n, 2 * steps.T, struct)
    flat, past, x = d_a.view(N, n * H), d_past.view(N, n * H), inputs_of(i, steps)
    saw = seen_of(seen, steps, masks_hidden(i, sees_c))
    is_one = not is_gru and not sees_c
    d_weight_ih, d_weight_hh, d_bias = sums(
        products, flat, x, saw if is_one else None, with_totals=True
    )
    assert d_bias is not None
    d_bias_hh: Tensor | None = d_bias.clone()
    if resets_after:
        d_weight_hh, _, d_bias_hh = sums(products, past, saw, with_totals=True)
    elif not is_one:
        # The candidate sees only the input, or the state after the reset gate.
        last = flat[:, 3 * H :] if sees_c else flat[:, 2 * H :]
        other = saw if inner is None else Rows(inner)
        parts = sums(products, flat[:, : 2 * H], saw)[0], sums(products, last, other)[0]
        d_weight_hh = torch.cat(parts)
        if sees_c:
            d_bias_hh = d_bias.view(n, H)[[0, 1, 3]].view(-1)
    return {
        "x": d_x,
        "h": d_h,
        "c": d_c,
        "weight_ih": d_weight_ih,
        "weight_hh": d_weight_hh,
        "bias_ih": d_bias,
        "bias_hh": d_bias_hh,
        "weight_peephole": d_peephole,
        "probe_h": d_states_h,
        "probe_c": d_states_c,
    }


CELLS = frozenset(NAMES)
"""The cells that this kernel runs: all in staged loops, some also in quicker ones."""
