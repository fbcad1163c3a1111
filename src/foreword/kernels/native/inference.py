"""The short way into the loops, for a layer's step while no gradient is wanted.

A step of a small layer takes microseconds; so does every tensor that is made on the way, and every
question that is asked. Here there are few of either: no masks, no lengths, nothing kept.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from foreword.cells.cell import Cell, State
from foreword.cells.gru import GRUCell
from foreword.cells.rnn import ElmanCell
from foreword.compiled import why_absent
from foreword.kernels.native import packed
from foreword.kernels.native.loops import possible, products_chosen
from foreword.kernels.native.memory import empty
from foreword.kernels.native.module import FORMATS, Products, loaded, threads_for

_CELLS = frozenset({"rnn", "lstm", "lstm-peephole", "lstm-peephole-only", "lstm-coupled", "gru"})


def at_inference(
    cell: Cell, x: Tensor, state: State, parameters: Mapping[str, Tensor | None]
) -> tuple[Tensor, State] | None:
    """The outputs and the last state; None: take the long way. See `dispatch.at_inference`."""
    if (
        cell.name not in _CELLS
        or cell.projected
        or 0 in x.shape
        or not _is_plain(x)
        or not all(_is_plain(part) and part.is_contiguous() for part in state)
        or why_absent() is not None
    ):
        return None
    products, found = possible(products_chosen(), cell), []
    for layer in range(len(state[0])):
        place = f"_l{layer}"
        weight_ih = parameters.get("weight_ih" + place)
        weight_hh = parameters.get("weight_hh" + place)
        if weight_ih is None or weight_hh is None:
            return None
        biases = parameters.get("bias_ih" + place), parameters.get("bias_hh" + place)
        weights = weight_ih, weight_hh, *biases, None
        peepholes = parameters.get("weight_peephole" + place)
        run = _run(products, cell, x.contiguous(), state, layer, weights, peepholes)
        if run is None:
            return None
        x, last = run
        found.append(last)
    return x, found[0] if len(found) == 1 else tuple(map(torch.cat, zip(*found, strict=True)))


def _is_plain(part: Tensor) -> bool:
    return type(part) is Tensor and part.dtype == torch.float32 and part.is_cpu


def _run(
    products: Products,
    cell: Cell,
    x: Tensor,
    states: State,
    layer: int,
    weights: packed.Weights,
    peepholes: Tensor | None,
) -> tuple[Tensor, State] | None:
    """One layer: the outputs (T, B, H) and the last state, (1, B, H) each."""
    T, B, inputs = x.shape
    H = states[0].shape[2]
    found = packed.find(weights, cell, products, B)
    if found is None:
        return None
    module: Any = loaded()
    step, n, is_lstm = B * H, len(cell.gates), len(states) == 2
    last_h = torch.empty((1, B, H))
    room, more = module.steps_at_once(T, B) * step * n, (T + is_lstm) * step
    # Of one step the outputs are written twice rather than cut out of the states.
    is_one = T == 1
    hs = torch.empty((1, B, H)) if is_one else empty(T + 1, B, H)
    scratch = empty(room + more + 2 * step * is_one)
    gates = scratch.data_ptr()
    more, h, outputs = gates + 4 * room, hs.data_ptr(), 0
    if is_one:
        h, outputs = gates + 4 * (room + (T + is_lstm) * step), h
    bias, bias_n = found.biases
    numbers = [T, B, H, 0, 0, 0, 0, 0, 0, inputs, x.data_ptr(), weights[0].data_ptr()]
    numbers += (bias.data_ptr(), 0)
    matrix = weights[1].data_ptr()
    first = 4 * layer * step
    ends = [found.memory.data_ptr(), found.is_there]
    ends += (states[0].data_ptr() + first, last_h.data_ptr())
    last: State = (last_h,)
    if is_lstm:
        sees_c = cell.recurrent_state == 1
        last = last_h, torch.empty((1, B, H))
        looks = 0 if peepholes is None else peepholes.data_ptr()
        numbers += (n == 3, sees_c, looks, matrix, gates, h, more, more if sees_c else h, more)
        numbers += (0, outputs, *ends, states[1].data_ptr() + first, last[1].data_ptr())
        loop = module.lstm
    elif isinstance(cell, GRUCell):
        inner = 0 if bias_n is None else bias_n.data_ptr()
        numbers += (cell.reset_after, matrix, inner, gates, h, h, h, more, outputs, *ends)
        loop = module.gru
    else:
        assert isinstance(cell, ElmanCell)
        numbers += (cell.nonlinearity == "relu", matrix, gates, h, h, outputs, *ends)
        loop = module.elman
    # Of one step the inputs' product is as much again, before the same meeting.
    work = step * n * (H + inputs * is_one)
    loop(numbers, FORMATS.index(products), threads_for(work, 2 * T))
    if not found.is_there:
        packed.keep(found, weights, cell, products, B)
    return hs if is_one else hs[1:], last
