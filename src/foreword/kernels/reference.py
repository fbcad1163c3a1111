"""The truth: a loop over time of the cell's own equations, differentiated by autograd. Slow."""

import torch
from torch import Tensor

from foreword.cells.cell import State
from foreword.kernels.lengths import run_padded
from foreword.kernels.problem import Problem, Run, Zoneout


def run(problem: Problem) -> Run:
    """Runs a cell over time, one step after the other."""
    return run_padded(_run, problem)


def _run(problem: Problem) -> Run:
    cell, extras, state = problem.cell, problem.extras, problem.state
    steps: list[State] = []
    gates: list[dict[str, Tensor]] = []
    for t, x in enumerate(problem.x):
        if extras.keep is not None:
            state = tuple(part * extras.keep[t].unsqueeze(1) for part in state)
        if extras.drop_memory is not None:
            state = (state[0], state[1] * extras.drop_memory)
        seen = None
        if extras.drop_hidden is not None:
            seen = state[cell.recurrent_state] * extras.drop_hidden
        after, at_step = cell.step(x, state, problem.weights, seen)
        if extras.zoneout is not None:
            after = _zoned_out(t, extras.zoneout, state, after)
        state = after
        steps.append(state)
        gates.append(at_step)
    states = tuple(torch.stack(parts) for parts in zip(*steps, strict=True))
    if not extras.traced:
        return Run(states[0], state, states)
    traced = {name: torch.stack([at[name] for at in gates]) for name in cell.gates}
    handles = tuple(list(parts) for parts in zip(*steps, strict=True))
    return Run(states[0], state, states, traced, handles if torch.is_grad_enabled() else None)


def _zoned_out(t: int, zoneout: Zoneout, before: State, after: State) -> State:
    shares = (zoneout.hidden, *(zoneout.memory for _ in after[1:]))
    mixed = []
    for share, old, new in zip(shares, before, after, strict=True):
        stays = share[t] if isinstance(share, Tensor) else share
        mixed.append(torch.lerp(new, old, stays))  # exact where nothing or all stays
    return tuple(mixed)
