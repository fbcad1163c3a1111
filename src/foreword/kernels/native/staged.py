"""The loops in stages: layer normalisation, projections, zoneout; see `native/staged.hpp`."""

from typing import Any

import torch
from torch import Tensor

from foreword.cells.cell import Cell
from foreword.kernels.inputs import Gradients, Inputs
from foreword.kernels.native.arguments import (
    WHOLE_ROWS,
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
from foreword.kernels.native.memory import empty, sums
from foreword.kernels.native.module import Products, bits, call
from foreword.kernels.native.steps import Steps, arranged
from foreword.kernels.native.structs import Form, Made, Staged, StagedBack


def is_needed(cell: Cell, i: Inputs) -> bool:
    """Whether the quicker loops cannot run it."""
    return type(cell) in WHOLE_ROWS or i.weight_hr is not None or i.zone_hidden is not None


def forward(
    products: Products, cell: Cell, i: Inputs, *, keeps: bool, shows: bool
) -> tuple[list[Any], list[Any]]:
    """As `loops.forward`; rows are saved, with or without lengths."""
    steps = arranged(i.x, i.lengths)
    H, n, N = _hidden(cell, i), len(cell.gates), steps.rows
    P, rows = i.h.shape[1], N if keeps else steps.B
    is_lstm, norms = "c" in cell.states, i.norm_ih is not None
    sees_c = cell.recurrent_state == 1
    gates = room_for_gates(steps, n, H, keeps)
    past = empty(rows, len(cell.recurrent_gates), H)
    hat_input = empty(N, n, H) if norms and keeps else None
    hat_memory = empty(rows, H) if norms and is_lstm else None
    scales = empty(rows, 5) if type(cell) in WHOLE_ROWS else None
    # The backward pass needs the memory that a step made, before zoneout.
    asks = i.weight_peephole is not None or cell.cell_clip > 0
    fresh = empty(rows, H) if asks and i.zone_memory is not None else None
    tanh_c = empty(rows, H) if keeps and is_lstm else None
    units = None if i.weight_hr is None else empty(rows, H)
    hs = with_first(i.h, steps)
    cs = None if i.c is None else with_first(i.c, steps)
    state = cs if sees_c else hs
    assert state is not None
    seen = empty(N, state.shape[1]) if masks_hidden(i, sees_c) else state
    outputs = room_for_outputs(i, steps, P)
    with packed_for(products, cell, i, keeps) as (bias, bias_n, at):
        made = Made(
            gates=gates,
            past=past,
            hat_input=hat_input,
            hat_memory=hat_memory,
            scales=scales,
            fresh=fresh,
            tanh_c=tanh_c,
            units=units,
            h=hs,
            c=cs,
            seen=seen,
        )
        form = _form(cell, i, steps, bias_n)
        struct = Staged(form, input_of(i, bias), keeps, made, outputs, at)
        call("staged", products, _work(i, steps), 3 * steps.T, struct)
    states = [hs] if cs is None else [hs, cs]
    visible = shown(states, gates, outputs, i.x, steps, keeps=keeps, shows=shows)
    return visible, list(made) if keeps else []


def backward(
    products: Products, cell: Cell, i: Inputs, kept: list[Any], d_outputs: tuple[Tensor | None, ...]
) -> Gradients:
    """As `loops.backward`, from what `forward` kept."""
    made, steps = Made(*kept), arranged(i.x, i.lengths)
    N, n, H = made.gates.shape
    P, parts = i.h.shape[1], 1 if i.c is None else 2
    sees_c, is_gru, norms = cell.recurrent_state == 1, "z" in cell.gates, i.norm_ih is not None
    d_h, d_c = (*d_outputs[:parts], None)[:2]
    last = (*(steps.in_order(part) for part in d_outputs[parts + 1 :]), None, None)[:2]
    d_a, d_x = empty(N, n, H), empty(*i.x.shape)
    d_input = empty(N, n, H) if norms else d_a
    # The same with respect to the past, unless there is a norm or a reset, or a gate does not see
    # it.
    d_past = empty(N, made.past.shape[1], H) if norms or is_gru or sees_c else d_a
    gradients: dict[str, Tensor | None] = {
        "d_tanh": empty(N, H) if type(cell) in WHOLE_ROWS and made.tanh_c is not None else None,
        "d_outputs": None if i.weight_hr is None else empty(N, P),
        "probe_h": None if i.probe_h is None else empty(N, P),
        "probe_c": None if i.probe_c is None else empty(N, H),
        "h": empty(steps.B, P),
        "c": None if i.c is None else empty(steps.B, H),
        "bias_ih": empty(n * H),
        "bias_hh": empty(n * H) if is_gru else None,
        **{name: _like(getattr(i, name)) for name in ("norm_ih", "norm_hh", "norm_c", "bias_c")},
        "weight_peephole": _like(i.weight_peephole),
    }
    # Only its last part is used, and only without a norm.
    bias_n = i.bias_hh[2 * H :].contiguous() if is_gru and not norms else None
    struct = StagedBack(
        form=_form(cell, i, steps, bias_n),
        input=input_back_of(i, d_x),
        made=made,
        d_h=whole(d_h),
        d_c=whole(steps.packed(d_c)),
        d_shown=whole(steps.packed(d_outputs[parts])),
        d_last_h=whole(last[0]),
        d_last_c=whole(last[1]),
        d_gates=d_a,
        d_input=d_input,
        d_past=d_past,
        d_tanh=gradients["d_tanh"],
        d_outputs=gradients["d_outputs"],
        d_states_h=gradients["probe_h"],
        d_states_c=gradients["probe_c"],
        d_first_h=gradients["h"],
        d_first_c=gradients["c"],
        d_bias=gradients["bias_ih"],
        d_bias_past=gradients["bias_hh"],
        d_gain_input=gradients["norm_ih"],
        d_gain_past=gradients["norm_hh"],
        d_gain_memory=gradients["norm_c"],
        d_bias_memory=gradients["bias_c"],
        d_peepholes=gradients["weight_peephole"],
    )
    call("staged_back", products, _work(i, steps), 3 * steps.T, struct)
    d_bias = gradients["bias_ih"]
    assert d_bias is not None
    if gradients["bias_hh"] is None:
        seeing = [k for k, gate in enumerate(cell.gates) if gate in cell.recurrent_gates]
        gradients["bias_hh"] = d_bias.view(n, H)[seeing].view(-1)
    x, saw = inputs_of(i, steps), seen_of(made.seen, steps, masks_hidden(i, sees_c))
    by_x, by_seen = d_input.view(N, -1), d_past.view(N, -1)
    if d_past is d_input:
        d_weight_ih, d_weight_hh, _ = sums(products, by_x, x, saw)
    else:
        d_weight_ih, d_weight_hh = sums(products, by_x, x)[0], sums(products, by_seen, saw)[0]
    gradients |= {"x": d_x, "weight_ih": d_weight_ih, "weight_hh": d_weight_hh}
    gradients["h"] = steps.out_of_order(_there(gradients["h"]))
    if gradients["c"] is not None:
        gradients["c"] = steps.out_of_order(gradients["c"])
    if made.units is not None:
        gradients["weight_hr"] = sums(
            products, _there(gradients["d_outputs"]), seen_of(made.units, steps, True)
        )[0]
    for name in ("probe_h", "probe_c"):
        if (part := gradients[name]) is not None:
            gradients[name] = steps.padded(part, len(i.x))
    return gradients


def _form(cell: Cell, i: Inputs, steps: Steps, bias_n: Tensor | None) -> Form:
    zone_hidden, zone_memory = _zone(i.zone_hidden, steps), _zone(i.zone_memory, steps)
    has_norms = i.norm_ih is not None
    return Form(
        sizes=steps.sizes(_hidden(cell, i)),
        cell=code_of(cell),
        projected=0 if i.weight_hr is None else len(i.weight_hr),
        clip=bits(cell.cell_clip),
        masks=masks_of(i, steps),
        zone_hidden_row=zone_hidden[1],
        zone_hidden=zone_hidden[0],
        zone_memory_row=zone_memory[1],
        zone_memory=zone_memory[0],
        weight_hh=i.weight_hh.contiguous(),
        peepholes=whole(i.weight_peephole),
        bias_n=whole(bias_n),
        weight_hr=whole(i.weight_hr),
        norm_ih=whole(i.norm_ih),
        bias_ih=whole(i.bias_ih) if has_norms else None,
        norm_hh=whole(i.norm_hh),
        bias_hh=whole(i.bias_hh) if has_norms else None,
        norm_c=whole(i.norm_c),
        bias_c=whole(i.bias_c) if has_norms else None,
    )


def _zone(share: Tensor | None, steps: Steps) -> tuple[Tensor | None, int]:
    """Zoneout of the old state, and the distance of its rows in memory: 0 if one row serves all."""
    if share is None:
        return None, 0
    if share.stride()[:2] == (0, 0):
        return share[0, 0].contiguous(), 0
    return whole(steps.packed(share)), share.shape[2]


def _hidden(cell: Cell, i: Inputs) -> int:
    return len(i.weight_ih) // len(cell.gates)


def _work(i: Inputs, steps: Steps) -> int:
    """The number of multiplications of a step."""
    projection = 0 if i.weight_hr is None else i.weight_hr.numel()
    return steps.rows // steps.T * (i.weight_hh.numel() + projection)


def _like(part: Tensor | None) -> Tensor | None:
    return None if part is None else torch.empty_like(part, memory_format=torch.contiguous_format)


def _there(part: Tensor | None) -> Tensor:
    assert part is not None
    return part
