"""The same forward and backward as the portable kernel's, in C++.

What is rare (gradients that come in by the gates of a trace) goes the portable way: both keep the
same tensors.

Where sequences end before others, memory has rows for what is there and no others, in the order of
`steps.Order`; only what a caller sees is padded. N rows, those of all steps.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from foreword.cells.cell import Cell
from foreword.cells.gru import GRUCell
from foreword.cells.rnn import ElmanCell
from foreword.compiled import why_absent
from foreword.kernels.native import packed
from foreword.kernels.native.memory import Rows, empty, sums
from foreword.kernels.native.module import Products, call
from foreword.kernels.native.steps import Steps, arranged
from foreword.kernels.portable import kernel as portable
from foreword.kernels.portable.shared import Gradients, Inputs
from foreword.kernels.problem import Problem, Run

_products: ContextVar[Products] = ContextVar("products", default="float32")


@contextmanager
def products_in(format_: Products) -> Iterator[None]:
    """Chooses how numbers stand in this kernel's products while the context lasts.

    float32, or bfloat16: twice the numbers a step where the processor multiplies them; or int8,
    forwards only. What int8 cannot do (gradients, states beyond -1 and 1) is done in float32.
    """
    token = _products.set(format_)
    try:
        yield
    finally:
        _products.reset(token)


def products_chosen() -> Products:
    """How numbers stand in this kernel's products here."""
    return _products.get()


def run(problem: Problem) -> Run:
    """Runs a cell over time; what `refusal` says it can."""
    lengths = problem.extras.lengths
    if lengths is None:
        return portable.run_by(_LOOPS[_products.get()], problem)
    return _run_with_lengths(problem) if lengths.any() else portable.run(problem)


def refusal(problem: Problem) -> str | None:
    """Why the native kernel cannot do it; None if it can."""
    x, lengths = problem.x, problem.extras.lengths
    if x.device.type != "cpu":
        return "it is for CPUs"
    if x.dtype != torch.float32:
        return f"it has no loops in {str(x.dtype).removeprefix('torch.')}"
    if problem.cell.projected:
        return "it has no projections"
    if (why := portable.refusal(problem)) is not None:
        return why
    if x.shape[1] == 0:
        return "there is no sequence"
    if any(type(part) not in _PLAIN for part in (*problem.tensors, lengths)):
        return "it reads the memory of plain tensors"
    return why_absent()


_NO_ENDS = (None, None)
_PLAIN = (Tensor, torch.nn.Parameter, type(None))


def _run_with_lengths(problem: Problem) -> Run:
    cell, extras, inputs = problem.cell, problem.extras, portable.inputs_of(problem)
    parts, shows = len(problem.state), extras.wants_states or extras.traced
    products = _products.get()
    outputs: Sequence[Tensor]
    if extras.traced or portable.has_way_back(problem):
        loops = _loops("float32" if products == "int8" else products, shows=shows)
        outputs = portable.differentiable(loops, cell, inputs)
    else:
        products = possible(products, cell)
        outputs, _ = forward(products, cell, inputs, keeps=False, shows=shows)
    last = tuple(outputs[parts + 1 :])
    if extras.traced:
        return portable.run_of(problem, inputs, outputs[: parts + 1])._replace(last=last)
    return Run(outputs[0], last, tuple(outputs[:parts]) if shows else None)


class _Found(NamedTuple):
    """What a loop wrote.

    Attributes:
        states: each part before the first step, (B, H), then after each step, (N, H).
        gates: (N, n, H), or of as many rows as it needs.
        outputs: the hidden states (T, B, H) as the caller has them, where there are lengths.
        kept: rows that the way back needs besides.
    """

    states: list[Tensor]
    gates: Tensor
    outputs: Tensor | None
    kept: list[Tensor]


def forward(
    products: Products, cell: Cell, i: Inputs, *, keeps: bool = True, shows: bool = True
) -> tuple[list[Any], list[Tensor]]:
    """As `portable.kernel.forward`; the gates are not to be used unless it `keeps` them.

    With lengths, memories and gates are given only if it `shows` them, and what is kept is rows.
    """
    steps = arranged(i.x, i.lengths)
    if isinstance(cell, ElmanCell):
        found = _elman(products, cell, i, steps, keeps)
    elif isinstance(cell, GRUCell):
        found = _gru(products, cell, i, steps, keeps)
    else:
        found = _lstm(products, cell, i, steps, keeps)
    after = [part[steps.B :] for part in found.states]
    if steps.order is None:
        shown = [steps.padded(part, steps.T) for part in after]
        if not keeps:
            return [*shown, found.gates], []
        kept = [steps.padded(part[: steps.rows], steps.T) for part in found.kept]
        units = [] if i.c is None else [shown[0]]
        return [*shown, steps.padded(found.gates, steps.T)], [*kept, *units]
    last = [part.index_select(0, steps.order.ends) for part in found.states]
    others = [steps.padded(part, len(i.x)) if shows else None for part in after[1:]]
    gates = steps.padded(found.gates, len(i.x)) if shows and keeps else None
    return [found.outputs, *others, gates, *last], [*after, found.gates, *found.kept]


def backward(
    products: Products,
    cell: Cell,
    i: Inputs,
    kept: list[Tensor],
    d_outputs: tuple[Tensor | None, ...],
) -> Gradients:
    """As `portable.kernel.backward`."""
    parts = 1 if i.c is None else 2
    d_states, d_gates, d_last = d_outputs[:parts], d_outputs[parts], d_outputs[parts + 1 :]
    if d_gates is not None:
        if i.lengths is not None:
            return portable.backward_with_lengths(cell, i, d_outputs)
        return portable.LOOPS.backward(cell, i, kept, d_outputs)
    steps = arranged(i.x, i.lengths)
    if steps.order is None:
        rows = [_whole(part).view(steps.rows, *part.shape[2:]) for part in kept]
    else:
        rows = kept[len(d_outputs) :]
    given = _Given(
        _whole(d_states[0]),
        _whole(steps.packed(d_states[1])) if i.c is not None else None,
        *(_whole(steps.in_order(part)) for part in d_last),
    )
    if isinstance(cell, ElmanCell):
        found = _elman_back(products, cell, i, steps, rows, given)
    elif isinstance(cell, GRUCell):
        found = _gru_back(products, cell, i, steps, rows, given)
    else:
        found = _lstm_back(products, cell, i, steps, rows, given)
    for name in ("h", "c"):
        if (part := found.get(name)) is not None:
            found[name] = steps.out_of_order(part)
        if (part := found.get(f"probe_{name}")) is not None:
            found[f"probe_{name}"] = steps.padded(part, len(i.x))
    return found


class _Given(NamedTuple):
    """Gradients that come in.

    Attributes:
        h: by the outputs (T, B, H) as the caller has them.
        c: by the memories, (N, H).
        last_h, last_c: by the last states, (B, H), where there are lengths.
    """

    h: Tensor | None
    c: Tensor | None = None
    last_h: Tensor | None = None
    last_c: Tensor | None = None


def states(products: Products, cell: Cell, i: Inputs) -> list[Tensor]:
    """The states after each step, where nothing is kept for a way back."""
    outputs, _ = forward(possible(products, cell), cell, i, keeps=False)
    return outputs[:-1]


def possible(products: Products, cell: Cell) -> Products:
    """Not int8 for states that need not lie between -1 and 1."""
    is_unbounded = cell.recurrent_state == 1 or getattr(cell, "nonlinearity", "tanh") == "relu"
    return "float32" if products == "int8" and is_unbounded else products


def _loops(products: Products, *, shows: bool = True) -> portable.Loops:
    ways = partial(forward, products, shows=shows), partial(backward, products)
    return portable.Loops("native", *ways, partial(states, products))


LOOPS = _loops("float32")
_LOOPS = {
    "float32": LOOPS,
    "bfloat16": _loops("bfloat16"),
    "int8": LOOPS._replace(states=partial(states, "int8")),
}


def _lstm(products: Products, cell: Cell, i: Inputs, steps: Steps, keeps: bool) -> _Found:
    assert i.c is not None
    H, n, N = i.h.shape[1], len(cell.gates), steps.rows
    sees_c = cell.recurrent_state == 1
    gates = _room_for_gates(steps, n, H, keeps)
    hs, cs = _with_first(i.h, steps), _with_first(i.c, steps)
    seen = empty(N, H) if _masks_hidden(i, sees_c) else (cs if sees_c else hs)
    before = empty(N, H) if _carries(i) else cs
    tanh_cs = empty(N, H) if keeps else None
    weight, peepholes = i.weight_hh.contiguous(), _whole(i.weight_peephole)
    outputs = _room_for_outputs(i, steps, H)
    with _packed(products, cell, i, keeps) as (bias, _, at):
        known = (*_masks(i, steps), *_input(i, bias), keeps, n == 3, sees_c)
        found = (gates, hs, cs, seen, before, tanh_cs, outputs)
        work = N // steps.T * H * H * n
        rest = (*found, *at, *_NO_ENDS, *_NO_ENDS)
        call("lstm", products, steps.sizes(H), work, 2 * steps.T, *known, peepholes, weight, *rest)
    return _Found([hs, cs], gates, outputs, [seen, before, *([] if tanh_cs is None else [tanh_cs])])


def _lstm_back(
    products: Products, cell: Cell, i: Inputs, steps: Steps, rows: list[Tensor], given: _Given
) -> Gradients:
    _, cs, gates, seen, before, tanh_cs, *_ = rows
    N, n, H = gates.shape
    sees_c = cell.recurrent_state == 1
    d_a, d_x = empty(N, n, H), empty(*i.x.shape)
    d_states_h = empty(N, H) if i.probe_h is not None else None
    d_states_c = empty(N, H) if i.probe_c is not None else None
    d_h, d_c = empty(steps.B, H), empty(steps.B, H)
    peepholes = _whole(i.weight_peephole)
    d_peephole = None if peepholes is None else torch.zeros_like(peepholes)
    weight = i.weight_hh.contiguous()
    flags = n == 3, sees_c, _carries(i)
    known = (*_masks(i, steps), *_input_back(i, d_x), *flags, peepholes, weight)
    kept = (gates, cs, before, tanh_cs, *given)
    found = (d_a, d_states_h, d_states_c, d_h, d_c, d_peephole)
    work = N // steps.T * H * H * n
    call("lstm_back", products, steps.sizes(H), work, 2 * steps.T, *known, *kept, *found)
    flat, x = d_a.view(N, n * H), _inputs(i, steps)
    inner = _seen(seen, steps, _masks_hidden(i, sees_c))
    if sees_c:
        d_weight_ih, _, d_bias = sums(products, flat, x, with_totals=True)
        parts = [
            sums(products, flat[:, : 2 * H], inner)[0],
            sums(products, flat[:, 3 * H :], inner)[0],
        ]
        d_weight_hh: Tensor | None = torch.cat(parts)
        assert d_bias is not None
        d_bias_hh = d_bias.view(n, H)[[0, 1, 3]].view(-1)
    else:
        d_weight_ih, d_weight_hh, d_bias = sums(products, flat, x, inner, with_totals=True)
        assert d_bias is not None
        d_bias_hh = d_bias.clone()
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


def _gru(products: Products, cell: GRUCell, i: Inputs, steps: Steps, keeps: bool) -> _Found:
    H, N = i.h.shape[1], steps.rows
    gates = _room_for_gates(steps, 3, H, keeps)
    hs = _with_first(i.h, steps)
    # Where only the carried state differs from h, it is what the weight is applied to.
    before = empty(N, H) if i.keep is not None else hs
    seen = empty(N, H) if i.drop_hidden is not None else before
    inner = empty(N, H)
    weight = i.weight_hh.contiguous()
    outputs = _room_for_outputs(i, steps, H)
    with _packed(products, cell, i, keeps) as (bias, bias_n, at):
        known = (*_masks(i, steps), *_input(i, bias), keeps, cell.reset_after, weight, bias_n)
        found = (gates, hs, seen, before, inner, outputs, *at, *_NO_ENDS)
        call("gru", products, steps.sizes(H), N // steps.T * H * H * 3, 2 * steps.T, *known, *found)
    return _Found([hs], gates, outputs, [seen, before, inner])


def _gru_back(
    products: Products, cell: GRUCell, i: Inputs, steps: Steps, rows: list[Tensor], given: _Given
) -> Gradients:
    _, gates, seen, before, inner = rows
    N, _, H = gates.shape
    after = cell.reset_after
    d_a, d_x = empty(N, 3, H), empty(*i.x.shape)
    d_past = empty(N, 3, H) if after else d_a
    d_states = empty(N, H) if i.probe_h is not None else None
    d_h = empty(steps.B, H)
    weight, carries = i.weight_hh.contiguous(), i.keep is not None
    known = (*_masks(i, steps), *_input_back(i, d_x), after, carries, weight)
    kept = (gates, before, inner, given.h, given.last_h)
    found = (d_a, d_past, d_states, d_h)
    work = N // steps.T * H * H * 3
    call("gru_back", products, steps.sizes(H), work, 2 * steps.T, *known, *kept, *found)
    flat, past = d_a.view(N, 3 * H), d_past.view(N, 3 * H)
    x, saw = _inputs(i, steps), _seen(seen, steps, carries or i.drop_hidden is not None)
    d_weight_ih, _, d_bias = sums(products, flat, x, with_totals=True)
    assert d_bias is not None
    if after:
        d_weight_hh, _, d_bias_hh = sums(products, past, saw, with_totals=True)
    else:
        parts = [
            sums(products, flat[:, : 2 * H], saw)[0],
            sums(products, flat[:, 2 * H :], Rows(inner))[0],
        ]
        d_weight_hh, d_bias_hh = torch.cat(parts), d_bias.clone()
    return {
        "x": d_x,
        "h": d_h,
        "weight_ih": d_weight_ih,
        "weight_hh": d_weight_hh,
        "bias_ih": d_bias,
        "bias_hh": d_bias_hh,
        "probe_h": d_states,
    }


def _elman(products: Products, cell: ElmanCell, i: Inputs, steps: Steps, keeps: bool) -> _Found:
    H, N = i.h.shape[1], steps.rows
    gates = _room_for_gates(steps, 1, H, keeps)
    hs = _with_first(i.h, steps)
    seen = empty(N, H) if _masks_hidden(i, sees_c=False) else hs
    weight = i.weight_hh.contiguous()
    outputs = _room_for_outputs(i, steps, H)
    with _packed(products, cell, i, keeps) as (bias, _, at):
        is_relu = cell.nonlinearity == "relu"
        known = (*_masks(i, steps), *_input(i, bias), keeps, is_relu, weight)
        found = (gates, hs, seen, outputs, *at, *_NO_ENDS)
        call("elman", products, steps.sizes(H), N // steps.T * H * H, 2 * steps.T, *known, *found)
    return _Found([hs], gates, outputs, [seen])


def _elman_back(
    products: Products, cell: ElmanCell, i: Inputs, steps: Steps, rows: list[Tensor], given: _Given
) -> Gradients:
    _, gates, seen = rows
    N, _, H = gates.shape
    d_a, d_x = empty(N, H), empty(*i.x.shape)
    d_states = empty(N, H) if i.probe_h is not None else None
    d_h = empty(steps.B, H)
    weight, is_relu = i.weight_hh.contiguous(), cell.nonlinearity == "relu"
    known = (*_masks(i, steps), *_input_back(i, d_x), is_relu, weight)
    kept = (gates, given.h, given.last_h)
    work = N // steps.T * H * H
    call(
        "elman_back", products, steps.sizes(H), work, 2 * steps.T, *known, *kept, d_a, d_states, d_h
    )
    saw = _seen(seen, steps, _masks_hidden(i, sees_c=False))
    d_weight_ih, d_weight_hh, d_bias = sums(products, d_a, _inputs(i, steps), saw, with_totals=True)
    assert d_bias is not None
    return {
        "x": d_x,
        "h": d_h,
        "weight_ih": d_weight_ih,
        "weight_hh": d_weight_hh,
        "bias_ih": d_bias,
        "bias_hh": d_bias.clone(),
        "probe_h": d_states,
    }


def _input(i: Inputs, bias: Tensor) -> tuple[Tensor | int, ...]:
    """As `Input` in `native/kernels.hpp`."""
    return i.x.shape[2], i.x.contiguous(), i.weight_ih.contiguous(), bias


def _input_back(i: Inputs, d_x: Tensor) -> tuple[Tensor | int, ...]:
    """As `InputBack` there."""
    return i.x.shape[2], i.weight_ih.contiguous(), d_x


def _inputs(i: Inputs, steps: Steps) -> Rows:
    """The inputs of all steps."""
    order = steps.order
    return Rows(i.x.contiguous(), None if order is None else order.places)


def _seen(seen: Tensor, steps: Steps, is_apart: bool) -> Rows:
    """What the recurrent weight was applied to; unless it is apart, the states themselves."""
    order = steps.order
    return Rows(seen, None if is_apart or order is None else order.befores)


def _masks(i: Inputs, steps: Steps) -> tuple[Tensor | None, ...]:
    masks = steps.packed(i.keep), steps.in_order(i.drop_hidden), steps.in_order(i.drop_memory)
    return tuple(map(_whole, masks))


def _whole(part: Any) -> Any:
    return None if part is None else part.contiguous()


def _masks_hidden(i: Inputs, sees_c: bool) -> bool:
    memory = sees_c and i.drop_memory is not None
    return i.keep is not None or i.drop_hidden is not None or memory


def _carries(i: Inputs) -> bool:
    """Whether an LSTM's step finds another memory than the one before it left."""
    return i.keep is not None or i.drop_memory is not None


@contextmanager
def _packed(
    products: Products, cell: Cell, i: Inputs, keeps: bool
) -> Iterator[tuple[Tensor, Tensor | None, tuple[Tensor | None, bool]]]:
    """The biases, and `Packed` as there: for this call alone if it `keeps` what goes back."""
    weights = i.weight_ih, i.weight_hh, i.bias_ih, i.bias_hh
    if keeps:
        yield *packed.add_up(cell, *weights[2:]), (None, False)
        return
    found = packed.find(weights, cell, products, i.x.shape[1])
    if found is None:
        yield *packed.add_up(cell, *weights[2:]), (None, False)
        return
    yield *found.biases, (found.memory, found.is_there)
    if not found.is_there:
        packed.keep(found, weights, cell, products, i.x.shape[1])


def _room_for_gates(steps: Steps, gates: int, H: int, keeps: bool) -> Tensor:
    return empty(steps.rows if keeps else steps.most_rows_at_once, gates, H)


def _room_for_outputs(i: Inputs, steps: Steps, H: int) -> Tensor | None:
    """Where there are lengths, the caller's outputs stand elsewhere than the states."""
    return None if steps.order is None else empty(*i.x.shape[:2], H)


def _with_first(first: Tensor, steps: Steps) -> Tensor:
    states = empty(steps.B + steps.rows, first.shape[1])
    if steps.order is None:
        states[: steps.B] = first
    else:
        torch.index_select(first, 0, steps.order.order, out=states[: steps.B])
    return states
