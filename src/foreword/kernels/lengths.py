"""Sequences of different lengths, for kernels without lengths: all steps, then a mask."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from foreword.kernels.problem import Problem, Run


def run_padded(run: Callable[[Problem], Run], problem: Problem) -> Run:
    """Run a problem that may have lengths by `run`, which does not know them."""
    lengths = problem.extras.lengths
    if lengths is None:
        return run(problem)
    inside = within(lengths, problem.x.shape[0]).unsqueeze(2)  # not len: traced as a number

    def cut(part: Tensor) -> Tensor:
        return part.masked_fill(~inside, 0.0)

    extras = replace(problem.extras, lengths=None, wants_states=True)
    padded = run(replace(problem, x=cut(problem.x), extras=extras))
    assert padded.states is not None
    pairs = zip(padded.states, problem.state, strict=True)
    last = tuple(state_after(states, before, lengths) for states, before in pairs)
    states = tuple(cut(part) for part in padded.states)
    gates = None if padded.gates is None else {k: cut(part) for k, part in padded.gates.items()}
    return Run(states[0], last, states, gates, padded.handles)


def within(lengths: Tensor, steps: int) -> Tensor:
    """(T, B), True where a step belongs to its sequence."""
    return torch.arange(steps, device=lengths.device).unsqueeze(1) < lengths


def state_after(states: Tensor, before: Tensor, lengths: Tensor) -> Tensor:
    """The state (B, size) after the last step of each sequence, from all states (T, B, size).

    A sequence of length 0 keeps its initial state.
    """
    index = (lengths - 1).clamp(min=0).view(1, -1, 1).expand(1, *states.shape[1:])
    last = states.gather(0, index)[0]
    return torch.where((lengths > 0).unsqueeze(1), last, before)
