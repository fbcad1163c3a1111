"""The same forward and backward as the portable kernel's, in C++.

What is rare (gradients that come in by the gates of a trace) goes the portable way: both keep the
same tensors.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

import torch
from torch import Tensor

from foreword.cells.cell import Cell
from foreword.cells.gru import GRUCell
from foreword.cells.rnn import ElmanCell
from foreword.kernels.native.memory import empty, sums
from foreword.kernels.native.module import Products, call, loaded, why_absent
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


def run(problem: Problem) -> Run:
    """Runs a cell over time; what `refusal` says it can."""
    return portable.run_by(_LOOPS[_products.get()], problem)


def refusal(problem: Problem) -> str | None:
    """Why the native kernel cannot do it; None if it can."""
    x = problem.x
    if x.device.type != "cpu":
        return "it is for CPUs"
    if x.dtype != torch.float32:
        return f"it has no loops in {str(x.dtype).removeprefix('torch.')}"
    if problem.cell.projected:
        return "it has no projections"
    if (why := portable.refusal(problem)) is not None:
        return why
    if any(type(part) not in (Tensor, torch.nn.Parameter) for part in problem.tensors):
        return "it reads the memory of plain tensors"
    return why_absent()


def forward(
    products: Products, cell: Cell, i: Inputs, *, keeps: bool = True
) -> tuple[list[Tensor], list[Tensor]]:
    """As `portable.kernel.forward`; the gates are not to be used unless it `keeps` them."""
    if isinstance(cell, ElmanCell):
        return _elman(products, cell, i, keeps)
    if isinstance(cell, GRUCell):
        return _gru(products, cell, i, keeps)
    return _lstm(products, cell, i, keeps)


def backward(
    products: Products,
    cell: Cell,
    i: Inputs,
    kept: list[Tensor],
    d_outputs: tuple[Tensor | None, ...],
) -> Gradients:
    """As `portable.kernel.backward`."""
    *d_states, d_gates = d_outputs
    if d_gates is not None:
        return portable.LOOPS.backward(cell, i, kept, d_outputs)
    d_h, d_c = (*d_states, None)[:2]
    if isinstance(cell, ElmanCell):
        return _elman_back(products, cell, i, kept, d_h)
    if isinstance(cell, GRUCell):
        return _gru_back(products, cell, i, kept, d_h)
    return _lstm_back(products, cell, i, kept, d_h, d_c)


def states(products: Products, cell: Cell, i: Inputs) -> list[Tensor]:
    """The states after each step, where nothing is kept for a way back."""
    outputs, _ = forward(products, cell, i, keeps=False)
    return outputs[:-1]


def int8_states(cell: Cell, i: Inputs) -> list[Tensor]:
    """The same in int8, whose states lie between -1 and 1; in float32 where they need not."""
    is_unbounded = cell.recurrent_state == 1 or getattr(cell, "nonlinearity", "tanh") == "relu"
    return states("float32" if is_unbounded else "int8", cell, i)


def _loops(products: Products) -> portable.Loops:
    return portable.Loops(
        "native", partial(forward, products), partial(backward, products), partial(states, products)
    )


LOOPS = _loops("float32")
_LOOPS = {
    "float32": LOOPS,
    "bfloat16": _loops("bfloat16"),
    "int8": LOOPS._replace(states=int8_states),
}


def _lstm(
    products: Products, cell: Cell, i: Inputs, keeps: bool
) -> tuple[list[Tensor], list[Tensor]]:
    assert i.c is not None
    T, B, H, n = len(i.x), *i.c.shape, len(cell.gates)
    sees_c = cell.recurrent_state == 1
    gates = _room_for_gates(T, B, n, H, keeps)
    hs, cs = _with_first(i.h, T), _with_first(i.c, T)
    seen = empty(T, B, H) if _masks_hidden(i, sees_c) else (cs if sees_c else hs)[:-1]
    carries = i.keep is not None or i.drop_memory is not None
    before = empty(T, B, H) if carries else cs[:-1]
    tanh_cs = empty(T, B, H) if keeps else None
    weight, peepholes = i.weight_hh.contiguous(), _whole(i.weight_peephole)
    given = (*_masks(i), *_input(i, _all_biases(i, sees_c, H)), keeps)
    known = (n == 3, sees_c, peepholes, weight)
    call(
        "lstm",
        products,
        (T, B, H),
        B * H * H * n,
        *given,
        *known,
        gates,
        hs,
        cs,
        seen,
        before,
        tanh_cs,
    )
    # What is not kept is not looked at.
    return [hs[1:], cs[1:], gates], [seen, before, hs[1:] if tanh_cs is None else tanh_cs, hs[1:]]


def _lstm_back(
    products: Products,
    cell: Cell,
    i: Inputs,
    kept: list[Tensor],
    d_hs: Tensor | None,
    d_cs: Tensor | None,
) -> Gradients:
    _, cs, gates, seen, before, tanh_cs, _ = kept
    T, B, n, H = gates.shape
    sees_c = cell.recurrent_state == 1
    d_a, d_x = empty(*gates.shape), empty(*i.x.shape)
    d_states_h = empty(T, B, H) if i.probe_h is not None else None
    d_states_c = empty(T, B, H) if i.probe_c is not None else None
    d_h, d_c = empty(B, H), empty(B, H)
    peepholes = _whole(i.weight_peephole)
    d_peephole = None if peepholes is None else torch.zeros_like(peepholes)
    weight = i.weight_hh.contiguous()
    d_hs, d_cs = _whole(d_hs), _whole(d_cs)
    given = (*_masks(i), *_input_back(i, d_x), n == 3, sees_c, peepholes, weight)
    known = (_whole(gates), _whole(cs), _whole(before), tanh_cs, d_hs, d_cs)
    found = (d_a, d_states_h, d_states_c, d_h, d_c, d_peephole)
    call("lstm_back", products, (T, B, H), B * H * H * n, *given, *known, *found)
    flat = d_a.view(T * B, n * H)
    if sees_c:
        d_weight_ih, _, d_bias = sums(products, flat, i.x, with_totals=True)
        parts = [
            sums(products, flat[:, : 2 * H], seen)[0],
            sums(products, flat[:, 3 * H :], seen)[0],
        ]
        d_weight_hh: Tensor | None = torch.cat(parts)
        assert d_bias is not None
        d_bias_hh = d_bias.view(n, H)[[0, 1, 3]].view(-1)
    else:
        d_weight_ih, d_weight_hh, d_bias = sums(products, flat, i.x, seen, with_totals=True)
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


def _gru(
    products: Products, cell: GRUCell, i: Inputs, keeps: bool
) -> tuple[list[Tensor], list[Tensor]]:
    T, B, H = len(i.x), *i.h.shape
    after = cell.reset_after
    bias = i.bias_ih + i.bias_hh
    bias_n = None
    if after:
        bias_n = i.bias_hh[2 * H :].contiguous()
        bias[2 * H :] = i.bias_ih[2 * H :]
    gates = _room_for_gates(T, B, 3, H, keeps)
    hs = _with_first(i.h, T)
    before = empty(T, B, H) if i.keep is not None else hs[:-1]
    seen = empty(T, B, H) if i.drop_hidden is not None else before
    inner = empty(T, B, H)
    weight = i.weight_hh.contiguous()
    given = (*_masks(i), *_input(i, bias), keeps, after, weight, bias_n)
    # Where only the carried state differs from h, it is what the weight is applied to.
    found = (gates, hs, seen, before, inner)
    call("gru", products, (T, B, H), B * H * H * 3, *given, *found)
    return [hs[1:], gates], [seen, before, inner]


def _gru_back(
    products: Products, cell: GRUCell, i: Inputs, kept: list[Tensor], d_hs: Tensor | None
) -> Gradients:
    _, gates, seen, before, inner = kept
    T, B, _, H = gates.shape
    after = cell.reset_after
    d_a, d_x = empty(*gates.shape), empty(*i.x.shape)
    d_past = empty(*gates.shape) if after else d_a
    d_states = empty(T, B, H) if i.probe_h is not None else None
    d_h = empty(B, H)
    weight = i.weight_hh.contiguous()
    d_hs = _whole(d_hs)
    given = (*_masks(i), *_input_back(i, d_x), after, weight)
    known = (_whole(gates), _whole(before), inner, d_hs)
    call("gru_back", products, (T, B, H), B * H * H * 3, *given, *known, d_a, d_past, d_states, d_h)
    flat, past = d_a.view(T * B, 3 * H), d_past.view(T * B, 3 * H)
    d_weight_ih, _, d_bias = sums(products, flat, i.x, with_totals=True)
    assert d_bias is not None
    if after:
        d_weight_hh, _, d_bias_hh = sums(products, past, seen, with_totals=True)
    else:
        parts = [
            sums(products, flat[:, : 2 * H], seen)[0],
            sums(products, flat[:, 2 * H :], inner)[0],
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


def _elman(
    products: Products, cell: ElmanCell, i: Inputs, keeps: bool
) -> tuple[list[Tensor], list[Tensor]]:
    T, B, H = len(i.x), *i.h.shape
    gates = _room_for_gates(T, B, 1, H, keeps)
    hs = _with_first(i.h, T)
    seen = empty(T, B, H) if _masks_hidden(i, sees_c=False) else hs[:-1]
    weight = i.weight_hh.contiguous()
    given = (*_masks(i), *_input(i, i.bias_ih + i.bias_hh), keeps, cell.nonlinearity == "relu")
    found = (weight, gates, hs, seen)
    call("elman", products, (T, B, H), B * H * H, *given, *found)
    return [hs[1:], gates], [seen]


def _elman_back(
    products: Products, cell: ElmanCell, i: Inputs, kept: list[Tensor], d_hs: Tensor | None
) -> Gradients:
    _, gates, seen = kept
    T, B, _, H = gates.shape
    d_a, d_x = empty(T, B, H), empty(*i.x.shape)
    d_states = empty(T, B, H) if i.probe_h is not None else None
    d_h = empty(B, H)
    weight = i.weight_hh.contiguous()
    d_hs = _whole(d_hs)
    given = (*_masks(i), *_input_back(i, d_x), cell.nonlinearity == "relu", weight)
    found = (_whole(gates), d_hs, d_a, d_states, d_h)
    call("elman_back", products, (T, B, H), B * H * H, *given, *found)
    d_weight_ih, d_weight_hh, d_bias = sums(
        products, d_a.view(T * B, H), i.x, seen, with_totals=True
    )
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


def _masks(i: Inputs) -> tuple[Tensor | None, ...]:
    return _whole(i.keep), _whole(i.drop_hidden), _whole(i.drop_memory)


def _whole(part: Tensor | None) -> Any:
    return None if part is None else part.contiguous()


def _masks_hidden(i: Inputs, sees_c: bool) -> bool:
    memory = sees_c and i.drop_memory is not None
    return i.keep is not None or i.drop_hidden is not None or memory


def _all_biases(i: Inputs, sees_c: bool, H: int) -> Tensor:
    if not sees_c:
        return i.bias_ih + i.bias_hh
    bias = i.bias_ih.clone()
    bias[: 2 * H] += i.bias_hh[: 2 * H]
    bias[3 * H :] += i.bias_hh[2 * H :]
    return bias


def _room_for_gates(T: int, B: int, gates: int, H: int, keeps: bool) -> Tensor:
    module: Any = loaded()
    return empty(T if keeps else module.steps_at_once(T, B), B, gates, H)


def _with_first(first: Tensor, steps: int) -> Tensor:
    states = empty(steps + 1, *first.shape)
    states[0] = first
    return states
