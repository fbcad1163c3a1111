"""The Elman network forwards and back through time."""

import torch
from torch import Tensor

from foreword.cells.rnn import ElmanCell
from foreword.kernels.inputs import Gradients, Inputs
from foreword.kernels.portable.products import product_by
from foreword.kernels.portable.shared import (
    input_gradient,
    plus,
    project,
    step_of,
    times,
    weight_gradient,
    weight_gradients,
    with_first,
)


def forward(cell: ElmanCell, i: Inputs) -> tuple[list[Tensor], list[Tensor]]:
    """The hidden states, the units before a projection, and what the backward pass needs."""
    T, B, H = len(i.x), len(i.h), len(i.weight_hh)
    gates = project(i.x, i.weight_ih, i.bias_ih + i.bias_hh)
    hs = with_first(i.h, T)
    carry_h, _ = i.carries()
    masked = carry_h is not None or i.drop_hidden is not None
    seen = hs.new_empty((T, *i.h.shape)) if masked else hs[:-1]
    recurrent = product_by(i.weight_hh, B, T)
    for t in range(T):
        if masked:
            seen[t] = times(times(hs[t], step_of(carry_h, t)), i.drop_hidden)
        a = gates[t].add_(recurrent(seen[t]))
        a.tanh_() if cell.nonlinearity == "tanh" else a.relu_()
        if i.weight_hr is None:
            hs[t + 1] = a
        else:
            torch.mm(a, i.weight_hr.t(), out=hs[t + 1])
    return [hs[1:], gates.view(T, B, 1, H)], [seen]


def kept_sizes(cell: ElmanCell, inputs: int, hidden: int, units: int) -> list[int]:
    """The last dimensions of all tensors that are saved."""
    del cell, inputs, units
    return [hidden]


def backward(
    cell: ElmanCell,
    i: Inputs,
    kept: list[Tensor],
    d_hs: Tensor | None,
    d_cs: None,
    d_gates: Tensor | None,
) -> Gradients:
    """Gradients with respect to all inputs, from those with respect to the results of `forward`."""
    del d_cs  # there is no memory
    _, gates, seen = kept
    T, B, _, H = gates.shape
    carry_h, _ = i.carries()
    after = gates.view(T, B, H)
    if cell.nonlinearity == "tanh":
        slope = (after * after).neg_().add_(1)
    else:
        slope = (after > 0).to(after.dtype)
    d_direct = None if d_gates is None else d_gates.reshape(T, B, H)
    d_a, d_states = torch.empty_like(slope), i.x.new_empty((T, *i.h.shape))
    d_h = torch.zeros_like(i.h)
    back = product_by(i.weight_hh.t(), B, T)
    for t in reversed(range(T)):
        d_h = plus(d_h, step_of(d_hs, t))
        if i.weight_hr is None:
            d_units = d_h = plus(d_h, step_of(d_direct, t))
        else:
            d_units = plus(d_h @ i.weight_hr, step_of(d_direct, t))
        d_states[t] = d_h
        torch.mul(d_units, slope[t], out=d_a[t])
        d_h = times(times(back(d_a[t]), i.drop_hidden), step_of(carry_h, t))
    d_weight_ih, d_weight_hh = weight_gradients(d_a, i.x, seen)
    d_bias = d_a.sum((0, 1))
    return {
        "x": input_gradient(d_a, i.x, i.weight_ih),
        "h": d_h,
        "weight_ih": d_weight_ih,
        "weight_hh": d_weight_hh,
        "bias_ih": d_bias,
        "bias_hh": d_bias.clone(),
        "weight_hr": None if i.weight_hr is None else weight_gradient(d_states, after),
        "probe_h": d_states,
    }
