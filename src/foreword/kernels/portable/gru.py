"""The GRU forwards and back through time, with either placement of its reset gate.

All gradients of a step are d_u times coefficients that depend only on the gates, where u' is the
new state before a projection: K_r, K_z, K_n, and r K_n for W_hn h. A reset gate before the product
is inside it, so that the backward pass needs two products for each step.
"""

import torch
from torch import Tensor

from foreword.cells.gru import GRUCell
from foreword.kernels.inputs import Gradients, Inputs
from foreword.kernels.portable.products import product_by
from foreword.kernels.portable.shared import (
    input_gradient,
    plus,
    project,
    step_of,
    times,
    weight_gradient,
    with_first,
)


def forward(cell: GRUCell, i: Inputs) -> tuple[list[Tensor], list[Tensor]]:
    """The hidden states, a projected GRU's u, the gates, and what the backward pass needs.

    The latter are the carried state before each step, the factor of the products made from it, and
    W_hn h + b_hn, or r * h if the reset comes before the product.
    """
    T, B, H = len(i.x), len(i.h), len(i.weight_hh) // 3
    after = cell.reset_after
    gates = project(i.x, i.weight_ih, i.bias_ih if after else i.bias_ih + i.bias_hh)
    gates = gates.view(T, B, 3, H)
    hs = with_first(i.h, T)
    us = hs if i.c is None else with_first(i.c, T)
    carry_h, carry_u = i.carries()
    before_h = hs[:-1] if carry_h is None else torch.empty_like(hs[1:])
    before_u = before_h
    if i.c is not None:
        before_u = us[:-1] if carry_u is None else torch.empty_like(us[1:])
    seen = before_h if i.drop_hidden is None else torch.empty_like(before_h)
    inner = torch.empty_like(us[1:])
    W = i.weight_hh
    by_gates = product_by(W, B, T, i.bias_hh) if after else product_by(W[: 2 * H], B, T)
    by_n = by_gates if after else product_by(W[2 * H :], B, T)
    for t in range(T):
        if carry_h is not None:
            torch.mul(hs[t], carry_h[t], out=before_h[t])
        if i.c is not None and carry_u is not None:
            torch.mul(us[t], carry_u[t], out=before_u[t])
        if i.drop_hidden is not None:
            torch.mul(before_h[t], i.drop_hidden, out=seen[t])
        a = gates[t]
        if after:
            past = by_gates(seen[t]).view(B, 3, H)
            a[:, :2].add_(past[:, :2]).sigmoid_()
            inner[t] = past[:, 2]
            n = a[:, 2].addcmul_(a[:, 0], inner[t]).tanh_()
        else:
            a[:, :2].add_(by_gates(seen[t]).view(B, 2, H)).sigmoid_()
            torch.mul(a[:, 0], seen[t], out=inner[t])
            n = a[:, 2].add_(by_n(inner[t])).tanh_()
        torch.lerp(n, before_u[t], a[:, 1], out=us[t + 1])
        if i.weight_hr is not None:
            torch.mm(us[t + 1], i.weight_hr.t(), out=hs[t + 1])
    states = [hs[1:]] if i.c is None else [hs[1:], us[1:]]
    return [*states, gates], [seen, before_u, inner]


def kept_sizes(cell: GRUCell, inputs: int, hidden: int, units: int) -> list[int]:
    """The last dimensions of all tensors that are saved; P is `hidden`, H is `units`."""
    del cell, inputs
    return [hidden, units, units]


def backward(
    cell: GRUCell,
    i: Inputs,
    kept: list[Tensor],
    d_hs: Tensor | None,
    d_us: Tensor | None,
    d_gates: Tensor | None,
) -> Gradients:
    """Gradients with respect to all inputs, from those with respect to the results of `forward`."""
    *states, gates, seen, before_u, inner = kept
    T, B, _, H = gates.shape
    r, z, n = gates.unbind(2)
    carry_h, carry_u = i.carries()
    after = cell.reset_after
    W = i.weight_hh
    back = product_by(W.t() if after else W[: 2 * H].t(), B, T)
    back_n = back if after else product_by(W[2 * H :].t(), B, T)
    # First the coefficients, then, step by step, the gradients. In place where possible, since new
    # memory costs more than the arithmetic.
    d_a = torch.empty_like(gates)
    K_z, K_n = d_a[:, :, 1], d_a[:, :, 2]
    torch.addcmul(z, z, z, value=-1, out=K_z).mul_(before_u - n)
    torch.mul(n, n, out=K_n).sub_(1).mul_(z - 1)
    slope_r = torch.addcmul(r, r, r, value=-1).mul_(inner) if after else inner - inner * r
    d_direct = None
    if d_gates is not None:
        d_direct = d_gates * torch.stack([r * (1 - r), z * (1 - z), 1 - n * n], 2)
    # With respect to the product by W_hh: d_a, but with r times d_a_n.
    d_past = torch.empty_like(gates) if after else d_a
    d_states_h = i.x.new_empty((T, *i.h.shape))
    d_states_u = None if i.c is None else torch.empty_like(states[1])
    d_h = torch.zeros_like(i.h)
    d_u = d_h if i.c is None else torch.zeros_like(i.c)
    for t in reversed(range(T)):
        d_h = d_states_h[t] = plus(d_h, step_of(d_hs, t))
        if d_states_u is None or i.weight_hr is None:
            d_u = d_h
        else:
            d_u = d_states_u[t] = plus(d_u, step_of(d_us, t)) + d_h @ i.weight_hr
        d_a[t, :, 1:].mul_(d_u.unsqueeze(1))
        if d_direct is not None:
            d_a[t, :, 1:] += d_direct[t, :, 1:]
        kept_u = d_u * z[t]
        if after:
            torch.mul(d_a[t, :, 2], slope_r[t], out=d_a[t, :, 0])
            if d_direct is not None:
                d_a[t, :, 0] += d_direct[t, :, 0]
            d_past[t, :, :2] = d_a[t, :, :2]
            torch.mul(d_a[t, :, 2], r[t], out=d_past[t, :, 2])
            d_seen = back(d_past[t].view(B, 3 * H))
        else:
            d_reset = back_n(d_a[t, :, 2])
            torch.mul(d_reset, slope_r[t], out=d_a[t, :, 0])
            if d_direct is not None:
                d_a[t, :, 0] += d_direct[t, :, 0]
            d_seen = torch.addcmul(back(d_a[t, :, :2].reshape(B, 2 * H)), d_reset, r[t])
        d_h = times(d_seen, i.drop_hidden)
        if i.c is None:
            d_h = d_h + kept_u
        else:
            d_u = times(kept_u, step_of(carry_u, t))
        d_h = times(d_h, step_of(carry_h, t))
    flat, past = d_a.view(T, B, 3 * H), d_past.view(T, B, 3 * H)
    d_weight_ih, d_bias_ih = weight_gradient(flat, i.x), flat.sum((0, 1))
    if after:
        d_weight_hh, d_bias_hh = weight_gradient(past, seen), past.sum((0, 1))
    else:
        d_W_rz = weight_gradient(flat[:, :, : 2 * H], seen)
        d_W_n = weight_gradient(flat[:, :, 2 * H :], inner)
        d_weight_hh, d_bias_hh = torch.cat([d_W_rz, d_W_n]), d_bias_ih.clone()
    return {
        "x": input_gradient(flat, i.x, i.weight_ih),
        "h": d_h,
        "c": None if i.c is None else d_u,
        "weight_ih": d_weight_ih,
        "weight_hh": d_weight_hh,
        "bias_ih": d_bias_ih,
        "bias_hh": d_bias_hh,
        "weight_hr": None if i.weight_hr is None else weight_gradient(d_states_h, states[1]),
        "probe_h": d_states_h,
        "probe_c": d_states_u,
    }
