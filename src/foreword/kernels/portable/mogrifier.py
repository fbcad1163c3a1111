"""The Mogrifier LSTM forwards and back through time.

With s_k the sigmoid of round k, v the vector that its matrix M multiplies (h for Q, x for R), and y
the other one, y' = 2 s_k * y. Back through a round,

d_a  = 2 s_k (1 - s_k) y * d_y'        into the sigmoid
d_y  = 2 s_k * d_y'
d_v += d_a M

The factors of d_y' are computed for all steps at once; so are, in the end, the weights' gradients.
x depends on the state, so its product with the weights is computed at each step.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from foreword.cells.mogrifier import MogrifierLSTMCell
from foreword.kernels.inputs import Gradients, Inputs
from foreword.kernels.portable.lstm import coefficients, slopes
from foreword.kernels.portable.products import Product, product_by
from foreword.kernels.portable.shared import times, weight_gradient, weight_gradients, with_first


class _Kept(NamedTuple):
    """What the backward pass needs from all steps; by round if there are several.

    Attributes:
        xs: x^1, x^3, ..., (T, B, I) each; x^-1 is the input itself.
        hs: h^0, h^2, ..., (T, B, P) each.
        qs, rs: the sigmoids that made them.
        inner_q, inner_r: products by the right factors, (T, B, K) each; none without a rank.
        before_c, tanh_cs, units: as the LSTM saves them, (T, B, H).
    """

    xs: list[Tensor]
    hs: list[Tensor]
    qs: list[Tensor]
    rs: list[Tensor]
    inner_q: list[Tensor]
    inner_r: list[Tensor]
    before_c: Tensor
    tanh_cs: Tensor
    units: Tensor


def kept_sizes(cell: MogrifierLSTMCell, inputs: int, hidden: int, units: int) -> list[int]:
    """The last dimensions of all tensors that are saved, in the order of `_Kept`."""
    odd, even = _counts(cell)
    inner = [cell.rank] * (odd + even) if cell.rank else []
    x, h = [inputs], [hidden]
    return x * odd + h * (even + 1) + x * odd + h * even + inner + [units] * 3


def _counts(cell: MogrifierLSTMCell) -> tuple[int, int]:
    """Rounds of x and of h."""
    return (cell.rounds + 1) // 2, cell.rounds // 2


def _kept(cell: MogrifierLSTMCell, tensors: list[Tensor]) -> _Kept:
    odd, even = _counts(cell)
    inner = (odd, even) if cell.rank else (0, 0)
    rest = iter(tensors)
    xs, hs, qs, rs, inner_q, inner_r = (
        [next(rest) for _ in range(count)] for count in (odd, even + 1, odd, even, *inner)
    )
    return _Kept(xs, hs, qs, rs, inner_q, inner_r, *rest)


def forward(cell: MogrifierLSTMCell, i: Inputs) -> tuple[list[Tensor], list[Tensor]]:
    """The hidden states, the memories, the gates, and what the backward pass needs."""
    assert i.c is not None
    T, B, P, H = len(i.x), len(i.h), i.h.shape[1], i.c.shape[1]
    carry_h, carry_c = i.carries()
    sizes = kept_sizes(cell, i.x.shape[2], P, H)
    kept = _kept(cell, [i.x.new_empty((T, B, size)) for size in sizes])
    hs, cs = with_first(i.h, T), with_first(i.c, T)
    gates = i.x.new_empty((T, B, 4, H))
    into = product_by(i.weight_ih, B, T, i.bias_ih + i.bias_hh)
    recurrent = product_by(i.weight_hh, B, T)
    Q, R = _products(cell, i, B, T)
    for t in range(T):
        h = torch.mul(hs[t], 1.0 if carry_h is None else carry_h[t], out=kept.hs[0][t])
        if i.drop_hidden is not None:
            h.mul_(i.drop_hidden)
        c = torch.mul(cs[t], 1.0 if carry_c is None else carry_c[t], out=kept.before_c[t])
        x = i.x[t]
        for k in range(cell.rounds):
            n = k // 2
            if k % 2 == 0:
                s = torch.sigmoid(_applied(Q[n], h, kept.inner_q, n, t), out=kept.qs[n][t])
                x = torch.mul(s, x, out=kept.xs[n][t]).mul_(2)
            else:
                s = torch.sigmoid(_applied(R[n], x, kept.inner_r, n, t), out=kept.rs[n][t])
                h = torch.mul(s, h, out=kept.hs[n + 1][t]).mul_(2)
        a = gates[t]
        torch.add(into(x), recurrent(h), out=a.view(B, 4 * H))
        a[:, :2].sigmoid_()
        g = a[:, 2].tanh_()
        torch.mul(a[:, 1], c, out=cs[t + 1]).addcmul_(a[:, 0], g)
        torch.tanh(cs[t + 1], out=kept.tanh_cs[t])
        u = torch.mul(a[:, 3].sigmoid_(), kept.tanh_cs[t], out=kept.units[t])
        if i.weight_hr is None:
            hs[t + 1] = u
        else:
            torch.mm(u, i.weight_hr.t(), out=hs[t + 1])
    flat = [part for field in kept for part in (field if isinstance(field, list) else [field])]
    return [hs[1:], cs[1:], gates], flat


def backward(
    cell: MogrifierLSTMCell,
    i: Inputs,
    kept: list[Tensor],
    d_hs: Tensor | None,
    d_cs: Tensor | None,
    d_gates: Tensor | None,
) -> Gradients:
    """Gradients with respect to all inputs, from those with respect to the results of `forward`."""
    assert i.c is not None
    (_, cs, gates), k = kept[:3], _kept(cell, kept[3:])
    T, B, n, H = gates.shape
    carry_h, carry_c = i.carries()
    d_a, K_c, K_keep = coefficients(cell, i, gates, k.before_c, k.tanh_cs, k.units)
    d_direct = None if d_gates is None else d_gates * slopes(cell, gates)
    xs = [i.x, *k.xs]
    # The factors of d_y' for d_a and for d_y; the first becomes d_a.
    d_q = [2 * s * (1 - s) * x for s, x in zip(k.qs, xs, strict=False)]
    d_r = [2 * s * (1 - s) * h for s, h in zip(k.rs, k.hs, strict=False)]
    by_q, by_r = [2 * s for s in k.qs], [2 * s for s in k.rs]
    d_inner_q, d_inner_r = (
        [torch.empty_like(part) for part in inner] for inner in (k.inner_q, k.inner_r)
    )
    Q, R = _products(cell, i, B, T, back=True)
    d_x, d_states_h = torch.empty_like(i.x), i.x.new_empty((T, *i.h.shape))
    d_states_c = torch.empty_like(cs) if i.probe_c is not None else None
    d_h, d_c = torch.zeros_like(i.h), torch.zeros_like(i.c)
    back, back_to_x = product_by(i.weight_hh.t(), B, T), product_by(i.weight_ih.t(), B, T)
    for t in reversed(range(T)):
        if d_hs is not None:
            d_h = d_h + d_hs[t]
        d_states_h[t] = d_h
        d_units = d_h if i.weight_hr is None else d_h @ i.weight_hr
        d_a[t, :, 3].mul_(d_units)
        d_c.addcmul_(d_units, K_c[t])
        if d_cs is not None:
            d_c += d_cs[t]
        if d_direct is not None:
            d_a[t, :, 3] += d_direct[t, :, 3]
        if d_states_c is not None:
            d_states_c[t] = d_c
        d_a[t, :, :3].mul_(d_c.unsqueeze(1))
        d_c.mul_(K_keep[t])
        if d_direct is not None:
            d_a[t, :, :3] += d_direct[t, :, :3]
        flat = d_a[t].view(B, n * H)
        by_x, by_h = back_to_x(flat), back(flat)
        for round_ in reversed(range(cell.rounds)):
            m = round_ // 2
            if round_ % 2 == 0:
                d_pre = d_q[m][t].mul_(by_x)
                by_x = by_x * by_q[m][t]
                by_h = by_h + _applied(Q[m], d_pre, d_inner_q, m, t)
            else:
                d_pre = d_r[m][t].mul_(by_h)
                by_h = by_h * by_r[m][t]
                by_x = by_x + _applied(R[m], d_pre, d_inner_r, m, t)
        d_x[t] = by_x
        d_h = times(times(by_h, i.drop_hidden), None if carry_h is None else carry_h[t])
        if carry_c is not None:
            d_c.mul_(carry_c[t])
    rows = d_a.view(T, B, n * H)
    d_bias = rows.sum((0, 1))
    d_weight_ih, d_weight_hh = weight_gradients(rows, xs[-1], k.hs[-1])
    d_weight_q, d_weight_q_right = _by_factors(d_q, d_inner_q, k.hs, k.inner_q)
    d_weight_r, d_weight_r_right = _by_factors(d_r, d_inner_r, xs[1:], k.inner_r)
    return {
        "x": d_x,
        "h": d_h,
        "c": d_c,
        "weight_ih": d_weight_ih,
        "weight_hh": d_weight_hh,
        "bias_ih": d_bias,
        "bias_hh": d_bias.clone(),
        "weight_hr": None if i.weight_hr is None else weight_gradient(d_states_h, k.units),
        "probe_h": d_states_h,
        "probe_c": d_states_c,
        "weight_q": d_weight_q,
        "weight_q_right": d_weight_q_right,
        "weight_r": d_weight_r,
        "weight_r_right": d_weight_r_right,
    }


def _products(
    cell: MogrifierLSTMCell, i: Inputs, rows: int, steps: int, *, back: bool = False
) -> list[list[list[Product]]]:
    """Products by round, for Q and for R: by its matrix, or by its factors in their order.

    That is the right factor before the left one forwards, and the reverse backwards.
    """
    products = []
    for count, (left, right) in zip(
        _counts(cell),
        ((i.weight_q, i.weight_q_right), (i.weight_r, i.weight_r_right)),
        strict=True,
    ):
        factors = [part.chunk(count) for part in (left, right) if part is not None]
        by_round = list(zip(*factors, strict=True))
        if back:
            products.append([[product_by(m.t(), rows, steps) for m in ms] for ms in by_round])
        else:
            products.append([[product_by(m, rows, steps) for m in ms[::-1]] for ms in by_round])
    return products


def _applied(products: list[Product], v: Tensor, inner: list[Tensor], n: int, t: int) -> Tensor:
    """One product, or two, of which the result of the first is saved."""
    if len(products) == 1:
        return products[0](v)
    inner[n][t] = products[0](v)
    return products[1](inner[n][t])


def _by_factors(
    d_pre: list[Tensor], d_inner: list[Tensor], seen: list[Tensor], inner: list[Tensor]
) -> tuple[Tensor | None, Tensor | None]:
    """Gradients with respect to the stacked matrices, or to their left and right factors."""
    if not d_pre:
        return None, None
    if not inner:
        return torch.cat([weight_gradient(d, v) for d, v in zip(d_pre, seen, strict=False)]), None
    left = [weight_gradient(d, v) for d, v in zip(d_pre, inner, strict=True)]
    right = [weight_gradient(d, v) for d, v in zip(d_inner, seen, strict=False)]
    return torch.cat(left), torch.cat(right)
