"""The same forward and backward as the portable kernel's, in C++.

What is rare (gradients that come in by the gates of a trace) goes the portable way: both keep the
same tensors.
"""

from typing import Any

import torch
from torch import Tensor

from foreword.cells.cell import Cell
from foreword.cells.gru import GRUCell
from foreword.cells.rnn import ElmanCell
from foreword.kernels.native.module import call, why_absent
from foreword.kernels.native.products import empty, product, room_for_strips
from foreword.kernels.portable import kernel as portable
from foreword.kernels.portable.shared import Gradients, Inputs
from foreword.kernels.problem import Problem, Run


def run(problem: Problem) -> Run:
    """Runs a cell over time; what `refusal` says it can."""
    return portable.run_by(LOOPS, problem)


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


def forward(cell: Cell, i: Inputs) -> tuple[list[Tensor], list[Tensor]]:
    """As `portable.kernel.forward`."""
    if isinstance(cell, ElmanCell):
        return _elman(cell, i)
    return _gru(cell, i) if isinstance(cell, GRUCell) else _lstm(cell, i)


def backward(
    cell: Cell, i: Inputs, kept: list[Tensor], d_outputs: tuple[Tensor | None, ...]
) -> Gradients:
    """As `portable.kernel.backward`."""
    *d_states, d_gates = d_outputs
    if d_gates is not None:
        return portable.LOOPS.backward(cell, i, kept, d_outputs)
    d_h, d_c = (*d_states, None)[:2]
    if isinstance(cell, ElmanCell):
        return _elman_back(cell, i, kept, d_h)
    if isinstance(cell, GRUCell):
        return _gru_back(cell, i, kept, d_h)
    return _lstm_back(cell, i, kept, d_h, d_c)


LOOPS = portable.Loops("native", forward, backward)


def _lstm(cell: Cell, i: Inputs) -> tuple[list[Tensor], list[Tensor]]:
    assert i.c is not None
    T, B, H, n = len(i.x), *i.c.shape, len(cell.gates)
    sees_c = cell.recurrent_state == 1
    gates = _project(i.x, i.weight_ih, _all_biases(i, sees_c, H), n)
    hs, cs = _with_first(i.h, T), _with_first(i.c, T)
    seen = empty(T, B, H) if _masks_hidden(i, sees_c) else (cs if sees_c else hs)[:-1]
    carries = i.keep is not None or i.drop_memory is not None
    before = empty(T, B, H) if carries else cs[:-1]
    tanh_cs = empty(T, B, H)
    weight = i.weight_hh.contiguous()
    peepholes = None if i.weight_peephole is None else i.weight_peephole.contiguous()
    masks = _masks(i)
    tensors = (*masks, n == 3, sees_c, peepholes, weight, room_for_strips(weight))
    call("lstm", (T, B, H), B * H * H * n, *tensors, gates, hs, cs, seen, before, tanh_cs)
    return [hs[1:], cs[1:], gates], [seen, before, tanh_cs, hs[1:]]


def _lstm_back(
    cell: Cell, i: Inputs, kept: list[Tensor], d_hs: Tensor | None, d_cs: Tensor | None
) -> Gradients:
    _, cs, gates, seen, before, tanh_cs, _ = kept
    T, B, n, H = gates.shape
    sees_c = cell.recurrent_state == 1
    d_a = empty(*gates.shape)
    d_states_h = empty(T, B, H) if i.probe_h is not None else None
    d_states_c = empty(T, B, H) if i.probe_c is not None else None
    d_h, d_c = empty(B, H), empty(B, H)
    peepholes = None if i.weight_peephole is None else i.weight_peephole.contiguous()
    d_peephole = None if peepholes is None else torch.zeros_like(peepholes)
    weight = i.weight_hh.contiguous()
    d_hs, d_cs = _whole(d_hs), _whole(d_cs)
    tensors = (*_masks(i), n == 3, sees_c, peepholes, weight, room_for_strips(weight))
    known = (_whole(gates), _whole(cs), _whole(before), tanh_cs, d_hs, d_cs)
    found = (d_a, d_states_h, d_states_c, d_h, d_c, d_peephole)
    call("lstm_back", (T, B, H), B * H * H * n, *tensors, *known, *found)
    flat = d_a.view(T * B, n * H)
    d_bias = d_bias_hh = flat.sum(0)
    into_state = flat
    if sees_c:
        into_state = d_a[:, :, [0, 1, 3]].view(T * B, 3 * H)
        d_bias_hh = d_bias.view(n, H)[[0, 1, 3]].view(-1)
    return {
        "x": _by_input(flat, i.x, i.weight_ih),
        "h": d_h,
        "c": d_c,
        "weight_ih": _by_weight(flat, i.x),
        "weight_hh": _by_weight(into_state, seen),
        "bias_ih": d_bias,
        "bias_hh": d_bias_hh.clone() if d_bias_hh is d_bias else d_bias_hh,
        "weight_peephole": d_peephole,
        "probe_h": d_states_h,
        "probe_c": d_states_c,
    }


def _gru(cell: GRUCell, i: Inputs) -> tuple[list[Tensor], list[Tensor]]:
    T, B, H = len(i.x), *i.h.shape
    after = cell.reset_after
    bias = i.bias_ih + i.bias_hh
    bias_n = None
    if after:
        bias_n = i.bias_hh[2 * H :].contiguous()
        bias[2 * H :] = i.bias_ih[2 * H :]
    gates = _project(i.x, i.weight_ih, bias, 3)
    hs = _with_first(i.h, T)
    before = empty(T, B, H) if i.keep is not None else hs[:-1]
    seen = empty(T, B, H) if i.drop_hidden is not None else before
    inner = empty(T, B, H)
    weight = i.weight_hh.contiguous()
    # Where only the carried state differs from h, it is what the weight is applied to.
    tensors = (
        *_masks(i),
        after,
        weight,
        bias_n,
        room_for_strips(weight),
        gates,
        hs,
        seen,
        before,
        inner,
    )
    call("gru", (T, B, H), B * H * H * 3, *tensors)
    return [hs[1:], gates], [seen, before, inner]


def _gru_back(cell: GRUCell, i: Inputs, kept: list[Tensor], d_hs: Tensor | None) -> Gradients:
    _, gates, seen, before, inner = kept
    T, B, _, H = gates.shape
    after = cell.reset_after
    d_a = empty(*gates.shape)
    d_past = empty(*gates.shape) if after else d_a
    d_states = empty(T, B, H) if i.probe_h is not None else None
    d_h = empty(B, H)
    weight = i.weight_hh.contiguous()
    d_hs = _whole(d_hs)
    tensors = (
        *_masks(i),
        after,
        weight,
        room_for_strips(weight),
        _whole(gates),
        _whole(before),
        inner,
    )
    call("gru_back", (T, B, H), B * H * H * 3, *tensors, d_hs, d_a, d_past, d_states, d_h)
    flat, past = d_a.view(T * B, 3 * H), d_past.view(T * B, 3 * H)
    d_bias = flat.sum(0)
    if after:
        d_weight_hh, d_bias_hh = _by_weight(past, seen), past.sum(0)
    else:
        by_rz = _by_weight(flat[:, : 2 * H], seen)
        d_weight_hh = torch.cat([by_rz, _by_weight(flat[:, 2 * H :], inner)])
        d_bias_hh = d_bias.clone()
    return {
        "x": _by_input(flat, i.x, i.weight_ih),
        "h": d_h,
        "weight_ih": _by_weight(flat, i.x),
        "weight_hh": d_weight_hh,
        "bias_ih": d_bias,
        "bias_hh": d_bias_hh,
        "probe_h": d_states,
    }


def _elman(cell: ElmanCell, i: Inputs) -> tuple[list[Tensor], list[Tensor]]:
    T, B, H = len(i.x), *i.h.shape
    gates = _project(i.x, i.weight_ih, i.bias_ih + i.bias_hh, 1)
    hs = _with_first(i.h, T)
    seen = empty(T, B, H) if _masks_hidden(i, sees_c=False) else hs[:-1]
    weight = i.weight_hh.contiguous()
    tensors = (
        *_masks(i),
        cell.nonlinearity == "relu",
        weight,
        room_for_strips(weight),
        gates,
        hs,
        seen,
    )
    call("elman", (T, B, H), B * H * H * 1, *tensors)
    return [hs[1:], gates], [seen]


def _elman_back(cell: ElmanCell, i: Inputs, kept: list[Tensor], d_hs: Tensor | None) -> Gradients:
    _, gates, seen = kept
    T, B, _, H = gates.shape
    d_a = empty(T, B, H)
    d_states = empty(T, B, H) if i.probe_h is not None else None
    d_h = empty(B, H)
    weight = i.weight_hh.contiguous()
    d_hs = _whole(d_hs)
    tensors = (
        *_masks(i),
        cell.nonlinearity == "relu",
        weight,
        room_for_strips(weight),
        _whole(gates),
    )
    call("elman_back", (T, B, H), B * H * H * 1, *tensors, d_hs, d_a, d_states, d_h)
    flat = d_a.view(T * B, H)
    d_bias = flat.sum(0)
    return {
        "x": _by_input(flat, i.x, i.weight_ih),
        "h": d_h,
        "weight_ih": _by_weight(flat, i.x),
        "weight_hh": _by_weight(flat, seen),
        "bias_ih": d_bias,
        "bias_hh": d_bias.clone(),
        "probe_h": d_states,
    }


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


def _project(x: Tensor, weight_ih: Tensor, bias: Tensor, gates: int) -> Tensor:
    """W_ih x + b for all steps as one product, (T, B, n, H)."""
    T, B, inputs = x.shape
    a = product(x.reshape(T * B, inputs), weight_ih.t(), bias)
    return a.view(T, B, gates, -1)


def _with_first(first: Tensor, steps: int) -> Tensor:
    states = empty(steps + 1, *first.shape)
    states[0] = first
    return states


def _by_input(d_a: Tensor, x: Tensor, weight_ih: Tensor) -> Tensor:
    return product(d_a.view(-1, weight_ih.shape[0]), weight_ih).view(x.shape)


def _by_weight(d_a: Tensor, seen: Tensor) -> Tensor:
    """Sum over steps and sequences of d_a (T B, rows) by what the weight was applied to."""
    return product(d_a.t(), seen.reshape(-1, seen.shape[2]))
