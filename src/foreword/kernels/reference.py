"""The truth: a loop over time of the cell's own equations, differentiated by autograd. Slow."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from foreword.cells.cell import Gates, State
from foreword.kernels.lengths import run_padded
from foreword.kernels.problem import Extras, Problem, Run, Zoneout


def run(problem: Problem) -> Run:
    """Runs a cell over time, one step after the other."""
    return run_padded(_run, problem)


def run_scanned(problem: Problem) -> Run:
    """Do the same with torch's `scan`, whose graph has one step and works for any number of steps.

    For graphs that other programs run: it contains no operator of Foreword.
    """
    return run_padded(_run_scanned, problem)


def _run(problem: Problem) -> Run:
    cell, extras, state = problem.cell, problem.extras, problem.state
    over_time = _over_time(extras)
    steps: list[State] = []
    gates: list[Gates] = []
    for t, x in enumerate(problem.x):
        at_step = {name: part[t] for name, part in over_time.items()}
        state, at = _after(problem, state, x, at_step)
        steps.append(state)
        gates.append(at)
    states = tuple(torch.stack(parts) for parts in zip(*steps, strict=True))
    if not extras.traced:
        return Run(states[0], state, states)
    traced = {name: torch.stack([at[name] for at in gates]) for name in cell.gates}
    handles = tuple(list(parts) for parts in zip(*steps, strict=True))
    return Run(states[0], state, states, traced, handles if torch.is_grad_enabled() else None)


def _run_scanned(problem: Problem) -> Run:
    cell, extras, over_time = problem.cell, problem.extras, _over_time(problem.extras)
    fixed = {"drop_hidden": extras.drop_hidden, "drop_memory": extras.drop_memory}
    others = {**problem.weights, **{k: part for k, part in fixed.items() if part is not None}}
    parts, steps = len(problem.state), 1 + len(over_time)

    # The step may use only its arguments, since scan's graph has no other tensors.
    def step(*given: Tensor) -> list[Tensor]:
        state, (x, *rest) = given[:parts], given[parts : parts + steps]
        named = dict(zip(others, given[parts + steps :], strict=True))
        masks = [named.pop(name, None) for name in fixed]
        its_own = replace(
            problem,
            weights=named,
            extras=replace(extras, drop_hidden=masks[0], drop_memory=masks[1]),
        )
        after, gates = _after(its_own, state, x, dict(zip(over_time, rest, strict=True)))
        after = tuple(part.contiguous() for part in after)  # scan wants the strides of `state`
        shown = [*after, *(gates[name] for name in cell.gates if extras.traced)]
        return [*after, *(part.clone() for part in shown)]  # they must not share memory

    scan = torch.ops.higher_order.scan
    result = scan(
        step, list(problem.state), [problem.x, *over_time.values()], tuple(others.values())
    )
    last, states, gates = result[:parts], result[parts : 2 * parts], result[2 * parts :]
    traced = dict(zip(cell.gates, gates, strict=True)) if extras.traced else None
    return Run(states[0], tuple(last), tuple(states), traced)


def _over_time(extras: Extras) -> dict[str, Tensor]:
    """The extras that differ from step to step, by name."""
    zoneout = extras.zoneout or Zoneout()
    parts = {"keep": extras.keep, "hidden": zoneout.hidden, "memory": zoneout.memory}
    return {name: part for name, part in parts.items() if isinstance(part, Tensor)}


def _after(
    problem: Problem, state: State, x: Tensor, at_step: Mapping[str, Tensor]
) -> tuple[State, Gates]:
    """The state after one more step, and the gates.

    Args:
        problem: has the cell and the extras.
        state: before the step.
        x: (B, I).
        at_step: this step's part of `_over_time`.
    """
    cell, extras = problem.cell, problem.extras
    if "keep" in at_step:
        state = tuple(part * at_step["keep"].unsqueeze(1) for part in state)
    if extras.drop_memory is not None:
        state = (state[0], state[1] * extras.drop_memory, *state[2:])
    seen = None
    if extras.drop_hidden is not None:
        seen = state[cell.recurrent_state] * extras.drop_hidden
    after, gates = cell.step(x, state, problem.weights, seen)
    if extras.zoneout is not None:
        hidden = at_step.get("hidden", extras.zoneout.hidden)
        memory = at_step.get("memory", extras.zoneout.memory)
        shares = (hidden, *(memory for _ in after[1:]))
        # `lerp` is exact if nothing or everything stays.
        after = tuple(map(torch.lerp, after, state, shares))
    return after, gates
