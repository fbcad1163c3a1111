"""Backpropagation through time by hand, in torch operations, for every cell.

What makes it faster than autograd over the equations, and equal to it:

- the inputs' products with `weight_ih` are one matrix product for all time steps;
- the forward loop saves the gates and nothing else;
- a cell's backward step is linear in the gradients dh and dc that arrive from the future. Its
  coefficients depend on the saved gates alone, so they are computed for all steps at once; the
  loop back through time (Werbos 1990) is left with one matrix product and a few multiplications;
- each weight's gradient is one matrix product over all time steps, not a sum of one a step.

Shapes: T steps, B sequences, I inputs, H units, n gates; `d_y` is the loss's gradient by y, and
`a` what goes into a gate's sigmoid or tanh. Differentiable once.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from foreword.cells.cell import Cell, State, Weights
from foreword.cells.gru import GRUCell
from foreword.cells.rnn import ElmanCell

Gradients = tuple[Tensor | None, ...]


def run(cell: Cell, x: Tensor, state: State, weights: Weights) -> tuple[Tensor, State]:
    """Outputs (T, B, H) and final state for inputs x (T, B, I); see `kernels.dispatch.run`."""
    four = (weights["weight_ih"], weights["weight_hh"], weights["bias_ih"], weights["bias_hh"])
    if isinstance(cell, ElmanCell):
        outputs, *last = _Elman.apply(cell, x, *state, *four)  # type: ignore[no-untyped-call]
    elif isinstance(cell, GRUCell):
        function = _GRUResetAfter if cell.reset_after else _GRUResetBefore
        outputs, *last = function.apply(x, *state, *four)  # type: ignore[no-untyped-call]
    else:
        peephole = weights.get("weight_peephole")
        outputs, *last = _LSTM.apply(cell, x, *state, *four, peephole)  # type: ignore[no-untyped-call]
    return outputs, tuple(last)


class _Elman(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        cell: ElmanCell,
        x: Tensor,
        h: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias_ih: Tensor,
        bias_hh: Tensor,
    ) -> tuple[Tensor, Tensor]:
        a = _project(x, weight_ih, bias_ih + bias_hh)
        hs = _with_first(h, len(x))
        is_tanh = cell.nonlinearity == "tanh"
        for t in range(len(x)):
            torch.addmm(a[t], hs[t], weight_hh.t(), out=hs[t + 1])
            hs[t + 1].tanh_() if is_tanh else hs[t + 1].relu_()
        ctx.is_tanh = is_tanh
        ctx.save_for_backward(x, hs, weight_ih, weight_hh)
        return hs[1:], hs[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_ys: Tensor, d_last: Tensor) -> Gradients:
        x, hs, weight_ih, weight_hh = ctx.saved_tensors
        after = hs[1:]
        slope = 1 - after * after if ctx.is_tanh else (after > 0).to(after.dtype)
        d_a = torch.empty_like(slope)
        d_h = d_last
        for t in reversed(range(len(x))):
            torch.mul(d_h + d_ys[t], slope[t], out=d_a[t])
            d_h = d_a[t] @ weight_hh
        d_x, d_weight_ih, d_bias = _input_gradients(d_a, x, weight_ih)
        return None, d_x, d_h, d_weight_ih, _weight_gradient(d_a, hs[:-1]), d_bias, d_bias


class _LSTM(torch.autograd.Function):
    """The LSTM, the peephole LSTMs and the coupled LSTM.

    With s = sigmoid'(a) = gate (1 - gate), all of them have, for coefficients K that depend on
    the gates alone,

    d_c   += K_c d_h                  h' = o tanh(c'), and o's own look at c' (peephole)
    d_a_o  = K_o d_h                  K_o = tanh(c') s_o
    d_a    = K d_c                    of the gates that make c': i, f, g
    d_c    = K_keep d_c               K_keep = f, and the peepholes' looks at the old c
    d_h    = d_a W_hh                 or, where gates see c instead of h, added to d_c
    """

    @staticmethod
    def forward(
        ctx: Any,
        cell: Cell,
        x: Tensor,
        h: Tensor,
        c: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias_ih: Tensor,
        bias_hh: Tensor,
        peephole: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        T, B, H, n = len(x), len(h), h.shape[1], len(cell.gates)
        sees_c = cell.recurrent_gates != cell.gates
        coupled = "i" not in cell.gates
        bias = bias_ih if sees_c else bias_ih + bias_hh
        gates = _project(x, weight_ih, bias).view(T, B, n, H)
        hs, cs = _with_first(h, T), _with_first(c, T)
        tanh_cs = torch.empty_like(cs[1:])
        out = n - 1
        for t in range(T):
            a = gates[t]
            if sees_c:
                past = torch.addmm(bias_hh, cs[t], weight_hh.t()).view(B, 3, H)
                a[:, :2] += past[:, :2]
                a[:, out] += past[:, 2]
            else:
                a.view(B, n * H).addmm_(hs[t], weight_hh.t())
            if peephole is not None:
                a[:, :2].addcmul_(peephole[:2], cs[t].unsqueeze(1))
            a[:, : out - 1].sigmoid_()
            g = a[:, out - 1].tanh_()
            if coupled:
                torch.lerp(g, cs[t], a[:, 0], out=cs[t + 1])
            else:
                torch.mul(a[:, 1], cs[t], out=cs[t + 1]).addcmul_(a[:, 0], g)
            if peephole is not None:
                a[:, out].addcmul_(peephole[2], cs[t + 1])
            a[:, out].sigmoid_()
            torch.tanh(cs[t + 1], out=tanh_cs[t])
            torch.mul(a[:, out], tanh_cs[t], out=hs[t + 1])
        ctx.sees_c, ctx.coupled = sees_c, coupled
        ctx.save_for_backward(x, hs, cs, gates, tanh_cs, weight_ih, weight_hh, peephole)
        return hs[1:], hs[-1].clone(), cs[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_ys: Tensor, d_last_h: Tensor, d_last_c: Tensor) -> Gradients:
        x, hs, cs, gates, tanh_cs, weight_ih, weight_hh, peephole = ctx.saved_tensors
        T, B, n, H = gates.shape
        out = n - 1
        o, g, f = gates[:, :, out], gates[:, :, out - 1], gates[:, :, out - 2]
        d_a = torch.empty_like(gates)
        # `d_a` first holds the coefficients, then, step by step, the gradients.
        K = d_a[:, :, :out]
        K_o = tanh_cs * o * (1 - o)
        K_c = o * (1 - tanh_cs * tanh_cs)
        K_keep = f
        if ctx.coupled:
            torch.mul((cs[:-1] - g) * f, 1 - f, out=K[:, :, 0])
            torch.mul(1 - f, 1 - g * g, out=K[:, :, 1])
        else:
            i = gates[:, :, 0]
            torch.mul(g * i, 1 - i, out=K[:, :, 0])
            torch.mul(cs[:-1] * f, 1 - f, out=K[:, :, 1])
            torch.mul(i, 1 - g * g, out=K[:, :, 2])
        if peephole is not None:
            K_c = K_c + K_o * peephole[2]
            K_keep = f + K[:, :, 0] * peephole[0] + K[:, :, 1] * peephole[1]
        d_h, d_c = d_last_h, d_last_c.clone()
        zeros = torch.zeros_like(d_h)
        for t in reversed(range(T)):
            d_h = d_h + d_ys[t]
            d_c.addcmul_(d_h, K_c[t])
            K[t].mul_(d_c.unsqueeze(1))
            torch.mul(d_h, K_o[t], out=d_a[t, :, out])
            d_c.mul_(K_keep[t])
            if ctx.sees_c:
                seen = d_a[t, :, [0, 1, 3]].view(B, 3 * H)
                d_c.addmm_(seen, weight_hh)
                d_h = zeros
            else:
                d_h = d_a[t].view(B, n * H) @ weight_hh
        flat = d_a.view(T, B, n * H)
        d_x, d_weight_ih, d_bias = _input_gradients(flat, x, weight_ih)
        if ctx.sees_c:
            seen = d_a[:, :, [0, 1, 3]].view(T, B, 3 * H)
            d_weight_hh, d_bias_hh = _weight_gradient(seen, cs[:-1]), seen.sum((0, 1))
        else:
            d_weight_hh, d_bias_hh = _weight_gradient(flat, hs[:-1]), d_bias
        d_peephole = None
        if peephole is not None:
            into = (d_a[:, :, :2] * cs[:-1].unsqueeze(2)).sum((0, 1))
            d_peephole = torch.cat([into, (d_a[:, :, out] * cs[1:]).sum((0, 1)).unsqueeze(0)])
        return (
            None,
            d_x,
            d_h,
            d_c,
            d_weight_ih,
            d_weight_hh,
            d_bias,
            d_bias_hh,
            d_peephole,
        )


class _GRUResetAfter(torch.autograd.Function):
    """All gradients of a step are d_h times coefficients: K_r, K_z, K_n, and r K_n to W_hn h."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        h: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias_ih: Tensor,
        bias_hh: Tensor,
    ) -> tuple[Tensor, Tensor]:
        T, B, H = len(x), len(h), h.shape[1]
        gates = _project(x, weight_ih, bias_ih).view(T, B, 3, H)
        past = torch.empty_like(gates)
        hs = _with_first(h, T)
        for t in range(T):
            a, p = gates[t], past[t]
            torch.addmm(bias_hh, hs[t], weight_hh.t(), out=p.view(B, 3 * H))
            a[:, :2].add_(p[:, :2]).sigmoid_()
            n = a[:, 2].addcmul_(a[:, 0], p[:, 2]).tanh_()
            torch.lerp(n, hs[t], a[:, 1], out=hs[t + 1])
        ctx.save_for_backward(x, hs, gates, past[:, :, 2], weight_ih, weight_hh)
        return hs[1:], hs[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_ys: Tensor, d_last: Tensor) -> Gradients:
        x, hs, gates, past_n, weight_ih, weight_hh = ctx.saved_tensors
        T, B, _, H = gates.shape
        r, z, n = gates.unbind(2)
        K = torch.empty_like(gates)
        K_n = (1 - z) * (1 - n * n)
        torch.mul(K_n * past_n, r * (1 - r), out=K[:, :, 0])
        torch.mul(hs[:-1] - n, z * (1 - z), out=K[:, :, 1])
        torch.mul(K_n, r, out=K[:, :, 2])
        d_n = K_n
        d_h = d_last
        for t in reversed(range(T)):
            d_h = d_h + d_ys[t]
            K[t].mul_(d_h.unsqueeze(1))
            d_n[t].mul_(d_h)
            d_h = torch.addmm(d_h * z[t], K[t].view(B, 3 * H), weight_hh)
        d_past = K.view(T, B, 3 * H)
        d_weight_hh, d_bias_hh = _weight_gradient(d_past, hs[:-1]), d_past.sum((0, 1))
        K[:, :, 2] = d_n
        d_x, d_weight_ih, d_bias_ih = _input_gradients(d_past, x, weight_ih)
        return d_x, d_h, d_weight_ih, d_weight_hh, d_bias_ih, d_bias_hh


class _GRUResetBefore(torch.autograd.Function):
    """The reset gate stands inside the product, so that the way back needs two of them a step."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        h: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias_ih: Tensor,
        bias_hh: Tensor,
    ) -> tuple[Tensor, Tensor]:
        T, B, H = len(x), len(h), h.shape[1]
        gates = _project(x, weight_ih, bias_ih + bias_hh).view(T, B, 3, H)
        hs = _with_first(h, T)
        resets = torch.empty_like(hs[1:])
        W_rz, W_n = weight_hh[: 2 * H], weight_hh[2 * H :]
        for t in range(T):
            a = gates[t]
            a[:, :2].add_((hs[t] @ W_rz.t()).view(B, 2, H)).sigmoid_()
            torch.mul(a[:, 0], hs[t], out=resets[t])
            n = a[:, 2].add_(resets[t] @ W_n.t()).tanh_()
            torch.lerp(n, hs[t], a[:, 1], out=hs[t + 1])
        ctx.save_for_backward(x, hs, gates, resets, weight_ih, weight_hh)
        return hs[1:], hs[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_ys: Tensor, d_last: Tensor) -> Gradients:
        x, hs, gates, resets, weight_ih, weight_hh = ctx.saved_tensors
        T, B, _, H = gates.shape
        r, z, n = gates.unbind(2)
        W_rz, W_n = weight_hh[: 2 * H], weight_hh[2 * H :]
        d_a = torch.empty_like(gates)
        torch.mul(resets, 1 - r, out=d_a[:, :, 0])
        torch.mul(hs[:-1] - n, z * (1 - z), out=d_a[:, :, 1])
        torch.mul(1 - z, 1 - n * n, out=d_a[:, :, 2])
        d_h = d_last
        for t in reversed(range(T)):
            d_h = d_h + d_ys[t]
            d_a[t, :, 1:].mul_(d_h.unsqueeze(1))
            d_reset = d_a[t, :, 2] @ W_n
            d_a[t, :, 0].mul_(d_reset)
            d_h = torch.addmm(d_h * z[t], d_a[t, :, :2].reshape(B, 2 * H), W_rz)
            d_h.addcmul_(d_reset, r[t])
        flat = d_a.view(T, B, 3 * H)
        d_x, d_weight_ih, d_bias = _input_gradients(flat, x, weight_ih)
        d_W_rz = _weight_gradient(flat[:, :, : 2 * H], hs[:-1])
        d_W_n = _weight_gradient(flat[:, :, 2 * H :], resets)
        return d_x, d_h, d_weight_ih, torch.cat([d_W_rz, d_W_n]), d_bias, d_bias


def _project(x: Tensor, weight_ih: Tensor, bias: Tensor) -> Tensor:
    """W_ih x + b for all steps as one product, (T, B, n H)."""
    T, B, inputs = x.shape
    return torch.addmm(bias, x.reshape(T * B, inputs), weight_ih.t()).view(T, B, -1)


def _with_first(first: Tensor, steps: int) -> Tensor:
    """Room for a state before and after each step, (T + 1, B, H)."""
    states = first.new_empty((steps + 1, *first.shape))
    states[0] = first
    return states


def _input_gradients(d_a: Tensor, x: Tensor, weight_ih: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    flat = d_a.reshape(-1, d_a.shape[2])
    d_x = (flat @ weight_ih).view(x.shape)
    return d_x, flat.t() @ x.reshape(-1, x.shape[2]), flat.sum(0)


def _weight_gradient(d_a: Tensor, seen: Tensor) -> Tensor:
    """Sum over steps and sequences of d_a (T, B, n H) by what the weight was applied to."""
    return d_a.reshape(-1, d_a.shape[2]).t() @ seen.reshape(-1, seen.shape[2])
