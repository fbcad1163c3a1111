"""All tensors of a problem in one flat tuple, as autograd functions and operators take them."""

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from foreword.cells.cell import Cell, State
from foreword.kernels.problem import Extras, Problem, Zoneout


class Inputs(NamedTuple):
    """All tensors that running a cell depends on; None for those that are absent.

    Attributes:
        x: (T, B, I).
        h: hidden state before the first step, (B, P).
        weight_ih, weight_hh, bias_ih, bias_hh, weight_peephole, weight_hr: parameters.
        c: the state's other part, (B, H): the memory, or a projected GRU's u.
        norm_ih, norm_hh, norm_c, bias_c: parameters of layer normalisation.
        weight_q, weight_q_right, weight_r, weight_r_right: those of the Mogrifier LSTM.
        keep, drop_hidden, drop_memory, lengths: as in `kernels.problem.Extras`.
        zone_hidden: (T, B, P), as in `kernels.problem.Zoneout`; a probability is expanded.
        zone_memory: (T, B, H), the same.
        probe_h: (T, B, P), zeros, for the gradients with respect to the hidden states.
        probe_c: (T, B, H), the same for the memories.
    """

    x: Tensor
    h: Tensor
    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor
    bias_hh: Tensor
    c: Tensor | None = None
    weight_peephole: Tensor | None = None
    weight_hr: Tensor | None = None
    keep: Tensor | None = None
    drop_hidden: Tensor | None = None
    drop_memory: Tensor | None = None
    probe_h: Tensor | None = None
    probe_c: Tensor | None = None
    lengths: Tensor | None = None
    norm_ih: Tensor | None = None
    norm_hh: Tensor | None = None
    norm_c: Tensor | None = None
    bias_c: Tensor | None = None
    zone_hidden: Tensor | None = None
    zone_memory: Tensor | None = None
    weight_q: Tensor | None = None
    weight_q_right: Tensor | None = None
    weight_r: Tensor | None = None
    weight_r_right: Tensor | None = None

    def carries(self) -> tuple[Tensor | None, Tensor | None]:
        """The factors of h and c before each step, (T, B, 1) and (T, B, 1 or H)."""
        carry_h = None if self.keep is None else self.keep.unsqueeze(2)
        if self.drop_memory is None:
            return carry_h, carry_h
        if carry_h is None:
            return None, self.drop_memory.expand(len(self.x), *self.drop_memory.shape)
        return carry_h, carry_h * self.drop_memory


Gradients = dict[str, Tensor | None]
"""By the names of `Inputs`."""


def flat_inputs(problem: Problem) -> Inputs:
    """The problem's tensors, and probes if a trace is requested."""
    extras = problem.extras
    h, *rest = problem.state
    probes: tuple[Tensor | None, ...] = (None, None)
    if extras.traced and torch.is_grad_enabled():
        T = len(problem.x)
        zeros = (part.new_zeros((T, *part.shape)).requires_grad_() for part in problem.state)
        probes = (*zeros, None)
    zones: tuple[Tensor | None, ...] = (None, None)
    if extras.zoneout is not None:
        shares = extras.zoneout.hidden, extras.zoneout.memory
        zones = tuple(map(partial(_share, problem), shares, (h, rest[0] if rest else None)))
    return Inputs(
        problem.x,
        h,
        **problem.weights,
        c=rest[0] if rest else None,
        keep=extras.keep,
        drop_hidden=extras.drop_hidden,
        drop_memory=extras.drop_memory,
        probe_h=probes[0],
        probe_c=probes[1],
        lengths=extras.lengths,
        zone_hidden=zones[0],
        zone_memory=zones[1],
    )


def problem_of(cell: Cell, inputs: Inputs) -> Problem:
    """The problem of inputs from `flat_inputs`."""
    names = (
        *("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_peephole", "weight_hr"),
        *("norm_ih", "norm_hh", "norm_c", "bias_c"),
        *("weight_q", "weight_q_right", "weight_r", "weight_r_right"),
    )
    weights = {name: w for name in names if (w := getattr(inputs, name)) is not None}
    state: State = (inputs.h,) if inputs.c is None else (inputs.h, inputs.c)
    masks = inputs.keep, inputs.drop_hidden, inputs.drop_memory
    zoneout = None
    if inputs.zone_hidden is not None:
        memory = 0.0 if inputs.zone_memory is None else inputs.zone_memory
        zoneout = Zoneout(inputs.zone_hidden, memory)
    extras = Extras(*masks, zoneout, inputs.lengths, traced=True)
    return Problem(cell, inputs.x, state, weights, extras)


def _share(problem: Problem, share: Tensor | float, part: Tensor | None) -> Tensor | None:
    """The zoneout of one part of the state, (T, B, size); a single number is expanded."""
    if part is None or isinstance(share, Tensor):
        return None if part is None else share  # type: ignore[return-value]
    return part.new_full(part.shape[1:], share).expand(len(problem.x), *part.shape)
