"""The published results that must be reproduced, and whether they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

from foreword.memory.tasks.registry import task_for
from foreword.memory.trial import Result, Trial, finite, trial_for

Expectation = Literal["all", "none", "reach"]
"""All seeds solve it, none does, or the best one's reach is large enough."""


@dataclass(frozen=True)
class Claim:
    """A published result of a cell on a task.

    Attributes:
        task: the task's name.
        cell: the cell's name.
        lag: the lag.
        seeds: the number of seeds, from 1.
        expects: see `Expectation`.
        reach: the least reach, if one is expected.
        choices: the arguments that differ from the task's recipe.
    """

    task: str
    cell: str
    lag: int
    seeds: int = 5
    expects: Expectation = "all"
    reach: int = 0
    choices: Mapping[str, Any] = field(default_factory=dict)

    @property
    def trials(self) -> list[Trial]:
        """The trials that test the claim."""
        return [
            trial_for(self.task, self.cell, self.lag, seed, **self.choices)
            for seed in range(1, self.seeds + 1)
        ]

    @property
    def says(self) -> str:
        """The expected result in words."""
        if self.expects == "reach":
            return f"best reach {self.reach} or more"
        return "solved" if self.expects == "all" else "not solved"


@dataclass(frozen=True)
class Outcome:
    """The result of testing a claim.

    Attributes:
        claim: the claim.
        results: the results of its finished trials.
        holds: whether the claim is reproduced; None while trials are missing.
        summary: the result in words.
    """

    claim: Claim
    results: tuple[Result, ...]
    holds: bool | None
    summary: str

    def as_json(self) -> dict[str, Any]:
        """Return the outcome with the trials' main figures, without their curves."""
        done = self.results
        return {
            "task": self.claim.task,
            "source": task_for(self.claim.task).source,
            "cell": self.claim.cell,
            "lag": self.claim.lag,
            "expected": self.claim.says,
            "found": self.summary,
            "holds": self.holds,
            "hidden_size": self.claim.trials[0].hidden_size,
            "parameters": self.claim.trials[0].parameters,
            "steps": [r.steps for r in done],
            "errors": finite([r.error for r in done]),
            "wrong": [r.wrong for r in done],
            "reach": [r.figures["reach"] for r in done if "reach" in r.figures],
            "cpu_seconds": sum(r.cpu_seconds for r in done),
        }


CLAIMS = (
    Claim("adding", "lstm", 100),
    Claim("adding", "gru", 100),
    Claim("adding", "rnn", 100, expects="none"),
    Claim("temporal-order-2", "lstm", 100),
    Claim("temporal-order-3", "lstm", 100),
    Claim("reber", "lstm", 5),
    Claim("anbncn", "lstm-peephole", 10, seeds=10, expects="reach", reach=25),
    Claim(
        task="anbncn",
        cell="lstm-peephole",
        lag=40,
        seeds=10,
        expects="reach",
        reach=200,
        choices={"hidden_size": 5},
    ),
    Claim("adding", "gru", 600, seeds=3),
)
"""Of Hochreiter & Schmidhuber (1997): the adding problem, temporal order, the Reber grammar; of
Gers & Schmidhuber (2001): counting. The GRU came later."""


def trials() -> list[Trial]:
    """Return all trials of all claims."""
    return [trial for claim in CLAIMS for trial in claim.trials]


def outcomes(results: Sequence[Result]) -> list[Outcome]:
    """Return the outcome of each claim."""
    by_trial = {result.trial: result for result in results}
    return [_outcome(claim, by_trial) for claim in CLAIMS]


def _outcome(claim: Claim, by_trial: Mapping[Trial, Result]) -> Outcome:
    done = tuple(by_trial[trial] for trial in claim.trials if trial in by_trial)
    if not done:
        return Outcome(claim, done, None, "not tried yet")
    solved = sum(result.solved for result in done)
    summary = f"solved by {solved} of {len(done)}"
    holds = solved == (len(done) if claim.expects == "all" else 0)
    if claim.expects == "reach":
        reaches = [int(result.figures.get("reach", 0)) for result in done]
        summary = f"best reach {max(reaches):,}, median {median(reaches):,.0f}, of {len(done)}"
        holds = max(reaches) >= claim.reach
    else:
        summary += f"; {_worst(claim, done)}"
    return Outcome(claim, done, holds if len(done) == claim.seeds else None, summary)


def _worst(claim: Claim, done: Sequence[Result]) -> str:
    task = task_for(claim.task)
    if task.loss == "squared":
        return f"largest {task.measure} {max(result.error for result in done):.2g}"
    return f"largest share wrong {max(result.wrong for result in done):.2g}"
