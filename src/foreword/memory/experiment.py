"""Train one network on one task until it is solved or the budget is spent. Knows no files."""

import hashlib
import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from torch import Generator
from torch.nn.utils import clip_grad_norm_

from foreword.kernels import dispatch
from foreword.memory.gradients import Norms, gradient_norms
from foreword.memory.networks import Network, build, set_chrono, set_keeping_bias
from foreword.memory.tasks.registry import task_for
from foreword.memory.tasks.task import Tally, Task, loss_of
from foreword.memory.trial import Result, Trial, trial_for

Report = Callable[[int, float, float], None]
"""Called at each check with the step, the error and the share of wrong sequences."""


def experiment(
    task: str,
    cell: str = "lstm",
    lag: int | None = None,
    seed: int = 1,
    *,
    report: Report | None = None,
    **choices: Any,
) -> Result:
    """Train a network on a task, and return whether it solved it.

    The same arguments give the same result on the same machine with the same number of threads. One
    thread is the fastest for networks this small: `torch.set_num_threads(1)`, as in a survey.

    Args:
        task: a name of `foreword.memory.TASKS`.
        cell: a name of `foreword.memory.NETWORKS`.
        lag: the lag; None is the first of the task's own.
        seed: the seed of weights and sequences.
        report: called at each check.
        **choices: arguments of `foreword.memory.trial.trial_for`; others come from the task's
        recipe.

    Raises:
        SettingsError: the task, cell or lag is unknown, or a number is out of range.

    >>> result = experiment("two-sequence", cell="gru", lag=10, steps=20)
    >>> result.steps, result.sequences
    (20, 640)
    """
    return run(trial_for(task, cell, lag, seed, **choices), report)


def run(trial: Trial, report: Report | None = None) -> Result:
    """Train as a trial describes.

    Checks use new sequences; when one meets the criterion, the task's test decides, also on new
    sequences. A loss or gradient that is not a number ends the trial, unsolved.
    """
    task = task_for(trial.task)
    with nullcontext() if trial.kernel is None else dispatch.use(trial.kernel):
        return _run(trial, task, report)


def _run(trial: Trial, task: Task, report: Report | None) -> Result:
    network = prepared(trial)
    before = gradient_norms(network, task, trial.lag, _generator(trial, "gradients"))
    draws, checks = _generator(trial, "training"), _generator(trial, "checks")
    tests = _generator(trial, "test")
    optimiser = torch.optim.Adam(network.parameters(), trial.learning_rate, fused=True)
    curve: list[tuple[int, float, float]] = []
    began, cpu_began = time.perf_counter(), time.process_time()
    step, solved, diverged, tested = 0, False, False, Tally()
    while step < trial.steps and not (diverged or (solved and task.stops)):
        step += 1
        for group in optimiser.param_groups:
            group["lr"] = rate_at(trial, step)
        batch = task.draw(trial.lag, trial.batch_size, draws)
        loss = loss_of(task.loss, network(batch), batch.targets)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = clip_grad_norm_(network.parameters(), trial.clip)
        if not math.isfinite(norm.item()) or not math.isfinite(loss.item()):
            diverged = True
            continue
        optimiser.step()
        if step % trial.check_every == 0 or step == trial.steps:
            checked = _judged(network, task, task.draw(trial.lag, task.check_size, checks))
            curve.append((step, checked.mean_error, checked.share_wrong))
            if report is not None:
                report(*curve[-1])
            if step == trial.steps or (task.stops and task.is_solved(checked)):
                tested = _tested(network, task, trial.lag, tests)
                solved = task.is_solved(tested)
    if diverged:
        tested = _tested(network, task, trial.lag, tests)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
    after: Norms = {}
    figures: dict[str, float] = {}
    if not diverged:
        after = gradient_norms(network, task, trial.lag, _generator(trial, "gradients"))
        with torch.no_grad():
            figures = task.more(network, trial.lag)
    return Result(
        trial=trial,
        solved=solved,
        diverged=diverged,
        steps=step,
        sequences=step * trial.batch_size,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        parameters=trial.parameters,
        error=tested.mean_error,
        wrong=tested.share_wrong,
        curve=tuple(curve),
        figures=figures,
        gradients_before=before,
        gradients_after=after,
    )


def prepared(trial: Trial) -> Network:
    """Return the trial's network before training."""
    inputs, outputs = task_for(trial.task).sizes(trial.lag)
    generator = _generator(trial, "weights", trial.cell)
    network = build(trial.cell, inputs, outputs, trial.hidden_size, trial.window, generator)
    if trial.chrono:
        set_chrono(network, task_for(trial.task).span(trial.lag), generator)
    elif trial.forget_bias is not None:
        set_keeping_bias(network, trial.forget_bias)
    return network


def rate_at(trial: Trial, step: int) -> float:
    """Return the factor of the learning rate at a step, which is 1 at the first."""
    if not trial.anneal:
        return trial.learning_rate
    return trial.learning_rate * (1 + math.cos(math.pi * (step - 1) / trial.steps)) / 2


def _judged(network: Network, task: Task, batch: Any) -> Tally:
    with torch.no_grad():
        return task.judge(network(batch), batch)


def _tested(network: Network, task: Task, lag: int, generator: Generator) -> Tally:
    tally = Tally()
    for batch in task.test(lag, generator):
        tally += _judged(network, task, batch)
    return tally


def _generator(trial: Trial, *purpose: str) -> Generator:
    """Return a seed that gives all cells the same sequences, and other tasks and lags others."""
    words = (trial.task, str(trial.lag), str(trial.seed), *purpose)
    digest = hashlib.blake2b("|".join(words).encode(), digest_size=8).digest()
    return Generator().manual_seed(int.from_bytes(digest) >> 1)
