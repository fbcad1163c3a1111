"""The LSTM, the peephole LSTMs and the coupled LSTM, forwards and back through time.

With s = sigmoid'(a) = gate (1 - gate), all of them have, for coefficients K that depend only on the
gates,

d_c   += K_c d_h                  h' = o tanh(c'), and o's own look at c' (peephole)
d_a_o  = K_o d_h                  K_o = tanh(c') s_o
d_a    = K d_c                    of the gates that make c': i, f, g
d_c    = K_keep d_c               K_keep = f, and the peepholes' looks at the old c
d_h    = d_a W_hh                 or, where gates see c instead of h, added to d_c

and d_c = 0 before the third line where c' was clipped.

If h is a projection of u = o tanh(c'), d_u = d_h W_hr replaces d_h in the first two lines.
"""

import torch
from torch import Tensor

from foreword.cells.cell import Cell
from foreword.kernels.inputs import Gradients, Inputs
from foreword.kernels.portable.products import product_by
from foreword.kernels.portable.shared import (
    input_gradient,
    project,
    times,
    weight_gradient,
    weight_gradients,
    with_first,
)


def forward(cell: Cell, i: Inputs) -> tuple[list[Tensor], list[Tensor]]:
    """The hidden states, the memories, the gates, and what the backward pass needs."""
    assert i.c is not None
    T, B, H, n = len(i.x), len(i.h), i.c.shape[1], len(cell.gates)
    sees_c, coupled = cell.recurrent_state == 1, "i" not in cell.gates
    bias = i.bias_ih if sees_c else i.bias_ih + i.bias_hh
    gates = project(i.x, i.weight_ih, bias).view(T, B, n, H)
    hs, cs = with_first(i.h, T), with_first(i.c, T)
    carry_h, carry_c = i.carries()
    before_h = hs[:-1] if carry_h is None else torch.empty_like(hs[1:])
    before_c = cs[:-1] if carry_c is None else torch.empty_like(cs[1:])
    whole = before_c if sees_c else before_h
    seen = whole if i.drop_hidden is None else torch.empty_like(whole)
    tanh_cs = torch.empty_like(cs[1:])
    units = hs[1:] if i.weight_hr is None else torch.empty_like(cs[1:])
    out, clip = n - 1, cell.cell_clip
    recurrent = product_by(i.weight_hh, B, T, i.bias_hh if sees_c else None)
    peepholes = None if i.weight_peephole is None else torch.split(i.weight_peephole, [2, 1])
    # Views of all steps at once, since slicing at each step takes as long as some of its
    # arithmetic.
    a_all, a_if = gates.view(T, B, n * H).unbind(), gates[:, :, : out - 1].unbind()
    a_first, a_f = gates[:, :, 0].unbind(), gates[:, :, 1].unbind()
    a_g, a_o = gates[:, :, out - 1].unbind(), gates[:, :, out].unbind()
    c_before, c_after, seen_h = before_c.unbind(), cs[1:].unbind(), seen.unbind()
    tanh_c, u, h_after = tanh_cs.unbind(), units.unbind(), hs[1:].unbind()
    looks, looked_at = gates[:, :, :2].unbind(), before_c.unsqueeze(2).unbind()
    for t in range(T):
        if carry_h is not None:
            torch.mul(hs[t], carry_h[t], out=before_h[t])
        if carry_c is not None:
            torch.mul(cs[t], carry_c[t], out=before_c[t])
        if i.drop_hidden is not None:
            torch.mul(whole[t], i.drop_hidden, out=seen[t])
        c, after = c_before[t], c_after[t]
        if sees_c:
            past = recurrent(seen_h[t]).view(B, 3, H)
            looks[t].add_(past[:, :2])
            a_o[t].add_(past[:, 2])
        else:
            a_all[t].add_(recurrent(seen_h[t]))
        if peepholes is not None:
            looks[t].addcmul_(peepholes[0], looked_at[t])
        a_if[t].sigmoid_()
        g = a_g[t].tanh_()
        if coupled:
            torch.lerp(g, c, a_first[t], out=after)
        else:
            torch.mul(a_f[t], c, out=after).addcmul_(a_first[t], g)
        if clip:
            after.clamp_(-clip, clip)
        if peepholes is not None:
            a_o[t].addcmul_(peepholes[1], after)
        torch.tanh(after, out=tanh_c[t])
        torch.mul(a_o[t].sigmoid_(), tanh_c[t], out=u[t])
        if i.weight_hr is not None:
            torch.mm(u[t], i.weight_hr.t(), out=h_after[t])
    return [hs[1:], cs[1:], gates], [seen, before_c, tanh_cs, units]


def kept_sizes(cell: Cell, inputs: int, hidden: int, units: int) -> list[int]:
    """The last dimensions of all tensors that are saved; P is `hidden`, H is `units`."""
    del inputs
    return [(hidden, units)[cell.recurrent_state], units, units, units]


def backward(
    cell: Cell,
    i: Inputs,
    kept: list[Tensor],
    d_hs: Tensor | None,
    d_cs: Tensor | None,
    d_gates: Tensor | None,
) -> Gradients:
    """Gradients with respect to all inputs, from those with respect to the results of `forward`."""
    assert i.c is not None
    _, cs, gates, seen, before_c, tanh_cs, units = kept
    T, B, n, H = gates.shape
    sees_c, out = cell.recurrent_state == 1, n - 1
    carry_h, carry_c = i.carries()
    d_a, K_c, K_keep = coefficients(cell, i, gates, before_c, tanh_cs, units)
    K = d_a[:, :, :out]
    d_direct = None if d_gates is None else d_gates * slopes(cell, gates)
    wants_states = i.probe_h is not None or i.probe_c is not None or i.weight_hr is not None
    d_states_h = i.x.new_empty((T, *i.h.shape)) if wants_states else None
    d_states_c = torch.empty_like(cs) if i.probe_c is not None else None
    d_h, d_c = torch.zeros_like(i.h), torch.zeros_like(i.c)
    seeing = [k for k, gate in enumerate(cell.gates) if gate in cell.recurrent_gates]
    back = product_by(i.weight_hh.t(), B, T)
    d_y = None if d_hs is None else d_hs.unbind()
    d_all, d_o, K_t = d_a.view(T, B, n * H).unbind(), d_a[:, :, out].unbind(), K.unbind()
    K_c_t, K_keep_t = K_c.unbind(), K_keep.unbind()
    peeped = None if i.weight_peephole is None else (i.x.new_zeros(B, 2, H), i.x.new_zeros(B, H))
    clip = cell.cell_clip
    inside = (cs.abs() < clip).to(cs.dtype).unbind() if clip else None
    d_if, c_before, c_after = d_a[:, :, :2].unbind(), before_c.unsqueeze(2).unbind(), cs.unbind()
    for t in reversed(range(T)):
        if d_y is not None:
            d_h.add_(d_y[t])
        if d_states_h is not None:
            d_states_h[t] = d_h
        d_units = d_h if i.weight_hr is None else d_h @ i.weight_hr
        d_o[t].mul_(d_units)
        d_c.addcmul_(d_units, K_c_t[t])
        if d_cs is not None:
            d_c += d_cs[t]
        if d_direct is not None:
            d_o[t].add_(d_direct[t, :, out])
            if i.weight_peephole is not None:
                d_c.addcmul_(d_direct[t, :, out], i.weight_peephole[2])
        if d_states_c is not None:
            d_states_c[t] = d_c
        if inside is not None:
            d_c.mul_(inside[t])
        K_t[t].mul_(d_c.unsqueeze(1))
        d_c.mul_(K_keep_t[t])
        if d_direct is not None:
            K_t[t].add_(d_direct[t, :, :out])
            if i.weight_peephole is not None:
                d_c += (d_direct[t, :, :2] * i.weight_peephole[:2]).sum(1)
        if peeped is not None:
            peeped[0].addcmul_(d_if[t], c_before[t])
            peeped[1].addcmul_(d_o[t], c_after[t])
        if sees_c:
            d_c += times(back(d_a[t, :, seeing].view(B, 3 * H)), i.drop_hidden)
            d_h = torch.zeros_like(i.h)
        else:
            d_h = times(back(d_all[t]), i.drop_hidden)
        if carry_h is not None:
            d_h = d_h * carry_h[t]
        if carry_c is not None:
            d_c.mul_(carry_c[t])
    flat = d_a.view(T, B, n * H)
    d_bias = d_bias_hh = flat.sum((0, 1))
    if sees_c:
        into_state = d_a[:, :, seeing].view(T, B, 3 * H)
        d_weight_ih, d_weight_hh = weight_gradient(flat, i.x), weight_gradient(into_state, seen)
        d_bias_hh = into_state.sum((0, 1))
    else:
        d_weight_ih, d_weight_hh = weight_gradients(flat, i.x, seen)
    d_peephole = None if peeped is None else torch.cat([part.sum(0).view(-1, H) for part in peeped])
    return {
        "x": input_gradient(flat, i.x, i.weight_ih),
        "h": d_h,
        "c": d_c,
        "weight_ih": d_weight_ih,
        "weight_hh": d_weight_hh,
        "bias_ih": d_bias,
        "bias_hh": d_bias_hh.clone() if d_bias_hh is d_bias else d_bias_hh,
        "weight_peephole": d_peephole,
        "weight_hr": None
        if d_states_h is None or i.weight_hr is None
        else weight_gradient(d_states_h, units),
        "probe_h": d_states_h,
        "probe_c": d_states_c,
    }


def coefficients(
    cell: Cell, i: Inputs, gates: Tensor, before_c: Tensor, tanh_cs: Tensor, units: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """K of all gates (T, B, n, H), with K_o for o; K_c and K_keep (T, B, H).

    In place where possible, since new memory costs more than the arithmetic.
    """
    out = gates.shape[2] - 1
    o, g, f = gates[:, :, out], gates[:, :, out - 1], gates[:, :, out - 2]
    K = torch.empty_like(gates)
    K_o, K_g, K_f = K[:, :, out], K[:, :, out - 1], K[:, :, out - 2]
    _minus_product(o, o, o, out=K_o).mul_(tanh_cs)
    K_c = torch.addcmul(o, units, tanh_cs, value=-1)
    K_keep = f
    if "i" in cell.gates:
        i_gate, K_i = gates[:, :, 0], K[:, :, 0]
        _minus_product(i_gate, i_gate, i_gate, out=K_i).mul_(g)
        _minus_product(f, f, f, out=K_f).mul_(before_c)
        _minus_product(i_gate, torch.mul(i_gate, g, out=K_g), g, out=K_g)
    else:
        # (before_c - g) f (1 - f) and (1 - f) (1 - g g)
        _minus_product(f, f, f, out=K_f)
        torch.mul(g, g, out=K_g).sub_(1).mul_(f - 1)
        K_f.mul_(before_c - g)
    if i.weight_peephole is not None:
        p_i, p_f, p_o = i.weight_peephole
        K_c.addcmul_(K_o, p_o)
        K_keep = torch.addcmul(f, K[:, :, 0], p_i).addcmul_(K_f, p_f)
    return K, K_c, K_keep


def _minus_product(a: Tensor, b: Tensor, c: Tensor, *, out: Tensor) -> Tensor:
    """The difference a - b c."""
    return torch.addcmul(a, b, c, value=-1, out=out)


def slopes(cell: Cell, gates: Tensor) -> Tensor:
    """Each gate's derivative with respect to its input."""
    slopes = gates * (1 - gates)
    g = cell.gates.index("g")
    slopes[:, :, g] = 1 - gates[:, :, g] ** 2
    return slopes
