"""The training loop, step by step. Knows no words, files or screens.

The run's objective defines what a step reads and what is minimised; see
`foreword.training.objective`.
"""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

import numpy as np
import torch
from pydantic import TypeAdapter
from torch import nn

from foreword.errors import TrainingError
from foreword.evaluation.perplexity import Score
from foreword.models.build import load_state, load_weights, state_of, weights_of
from foreword.training.averaging import Average
from foreword.training.checkpoint import Checkpoint
from foreword.training.divergence import LossWatch
from foreword.training.insight import norms
from foreword.training.objective import Objective
from foreword.training.optimiser import Optimiser
from foreword.training.precision import precision_of
from foreword.training.progress import Insight, Note, Reporter, StepProgress, Validated
from foreword.training.ranks import ALONE, Ranks
from foreword.training.schedule import learning_rate, progress
from foreword.training.settings import TrainingSettings

Value = TypeVar("Value", "Position", LossWatch)

ROLLBACKS = 6
"""The number of divergences after which a run ends; after each the rate is halved."""
VALIDATING_SHARE = 0.2
"""The share of the time so far that validations may have taken before one more is left out."""


@dataclass(frozen=True)
class Position:
    """The progress of a run: plain numbers, saved with every checkpoint."""

    step: int = 0
    words_seen: int = 0
    seconds: float = 0.0
    validations: int = 0
    best_nats: float = math.inf
    best_step: int = 0
    stale_validations: int = 0
    rate_scale: float = 1.0
    rollbacks: int = 0


class Run:
    """A run in progress: the model and everything that changes with each step."""

    def __init__(
        self,
        objective: Objective,
        settings: TrainingSettings,
        generator: torch.Generator,
        ranks: Ranks = ALONE,
    ) -> None:
        model = objective.model
        self.objective = objective
        self.model = model
        self.settings = settings
        self.generator = generator
        self.ranks = ranks
        self.position = Position()
        self.watch = LossWatch()
        self.best = weights_of(model)
        device = next(model.parameters()).device
        self.optimiser = Optimiser(model, settings.rate, precision_of(settings, device))
        share = settings.rate.average
        self.average = Average(model, share) if share > 0 else None

    def start_at(self, *, seconds: float) -> None:
        """Count time that passed before the first step."""
        self.position = replace(self.position, seconds=seconds)

    @property
    def is_measured(self) -> bool:
        """Whether the run has been validated."""
        return self.position.best_nats < math.inf

    def load_best(self) -> None:
        """Copy the weights with the best validation into the model."""
        load_weights(self.model, self.best)

    def to_keep(self) -> AbstractContextManager[None]:
        """Give the model the weights that are validated and saved, within a `with` block."""
        return nullcontext() if self.average is None else self.average.in_place()

    def progress(self) -> float:
        """The fraction of the budget that is used up, 0 to 1."""
        return progress(
            self.settings.budget,
            seconds=self.position.seconds,
            epochs=self.objective.epochs,
            steps=self.position.step,
        )

    def capture(self) -> Checkpoint:
        """Return the whole state of the run as a value that later steps do not change.

        It contains the state of all processes, and each of them must call this.
        """
        arrays = {f"model/{k}": v for k, v in state_of(self.model).items()}
        arrays |= {f"best/{k}": v for k, v in self.best.items()}
        arrays |= {f"optimiser/{k}": v for k, v in self.optimiser.arrays().items()}
        if self.average is not None:
            for name, mean in self.average.weights.items():
                arrays[f"average/{name}"] = mean.cpu().numpy().copy()
        arrays |= {f"state/{k}": v for k, v in self.objective.arrays().items()}
        drawn = self.ranks.gathered(self.generator.get_state().cpu())
        arrays |= {_generator(rank): state.numpy().copy() for rank, state in enumerate(drawn)}
        document = {
            "position": {k: _finite(v) for k, v in asdict(self.position).items()},
            "watch": {k: _finite(v) for k, v in asdict(self.watch).items()},
            "windows": self.objective.document(),
            "settings": self.settings.model_dump(mode="json"),
            "processes": self.ranks.count,
            "launch": self.ranks.launch.run,
        }
        return Checkpoint(arrays, document)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Continue from a checkpoint of the same model and text.

        Raises:
            ValueError and others: it is no such checkpoint; see `usable`.
        """
        best = checkpoint.group("best")
        shapes = {name: weight.shape for name, weight in self.best.items()}
        if {name: weight.shape for name, weight in best.items()} != shapes:
            raise ValueError("the best weights are not this model's")
        load_state(self.model, checkpoint.group("model"))
        self.best = {k: np.array(v) for k, v in best.items()}
        self.optimiser.restore(checkpoint.group("optimiser"))
        if self.average is not None:
            means = checkpoint.group("average")
            for name, mean in self.average.weights.items():
                mean.copy_(torch.tensor(means[name]))
        document = checkpoint.document
        if self.ranks.is_first or document.get("processes", 1) == self.ranks.count:
            drawn = checkpoint.arrays[_generator(self.ranks.rank)]
            self.generator.set_state(torch.tensor(drawn))
        else:
            seed = self.ranks.seed(self.settings.run.seed, checkpoint.step)
            self.generator.manual_seed(seed)
        position, watch = document["position"], document["watch"]
        best_nats = _or_inf(position["best_nats"])
        self.position = _checked(Position, {**position, "best_nats": best_nats})
        self.watch = _checked(LossWatch, {**watch, "best": _or_inf(watch["best"])})
        self.objective.restore(checkpoint.group("state"), document["windows"])


def train(
    run: Run,
    *,
    validate: Callable[[], Score] | None,
    save: Callable[[Checkpoint, bool], None],
    should_stop: Callable[[], bool],
    report: Reporter,
    clock: Callable[[], float] = time.monotonic,
    look_every: int | None = None,
    after_step: Callable[[int, float], None] = lambda _words, _seconds: None,
) -> bool:
    """Train until the budget is used up (True) or someone wants to stop (False).

    Args:
        run: changed in place; afterwards `run.best` holds the weights that validated best, or the
            last ones if none were validated.
        validate: measures the model; None keeps the last weights as the best.
        save: called with a checkpoint, and whether `run.best` has changed since the last one.
        should_stop: called after every step.
        report: called with every step, validation and divergence.
        clock: returns the time in seconds.
        look_every: steps between two looks into the model; None never looks.
        after_step: called with the words and the seconds of each step.
    """
    good = run.capture()
    save(good, False)
    best_saved = run.position.best_step
    last_save = clock()
    seconds_before, began = run.position.seconds, clock()
    pace = _Pace(clock)
    validations = run.settings.run.validations
    # Only a run by the clock may leave some out: others must be the same on every machine.
    is_by_clock = run.settings.budget.minutes is not None
    validating, validated_at = 0.0, math.nan
    while True:
        seconds, is_due, is_asked = run.ranks.agree(
            seconds_before + clock() - began,
            is_due=clock() - last_save >= run.settings.run.save_seconds,
            stops=should_stop(),
        )
        run.position = replace(run.position, seconds=seconds)
        done = run.progress()
        if not math.isnan(validated_at):
            validating, validated_at = validating + seconds - validated_at, math.nan
        if validate is not None and (
            int(done * validations) > run.position.validations or (done >= 1.0)
        ):
            is_too_long = is_by_clock and validating > VALIDATING_SHARE * seconds
            if run.position.step > 0 and (done >= 1.0 or not is_too_long):
                _validate(run, validate, report)
                validated_at = seconds
            run.position = replace(run.position, validations=int(done * validations))
        patience = run.settings.budget.patience
        stale = patience is not None and run.position.stale_validations >= patience
        ended = done >= 1.0 or stale
        stopped = not ended and is_asked
        if ended or stopped or is_due:
            if not run.is_measured:  # what was learned so far is better than nothing learned
                with run.to_keep():
                    run.best = weights_of(run.model)
                run.position = replace(run.position, best_step=run.position.step)
            if _is_finite(run.model):
                good = run.capture()
                save(good, run.position.best_step != best_saved)
                best_saved, last_save = run.position.best_step, clock()
        if ended or stopped:
            if stale:
                report(Note(f"stopped early: {patience} validations without improvement"))
            return ended
        words, step_began = run.position.words_seen, clock()
        fault = _step(run, done, pace, report, look_every)
        after_step(run.position.words_seen - words, clock() - step_began)
        if fault is not None:
            _go_back(run, good, fault, report)


def _step(
    run: Run, done: float, pace: "_Pace", report: Reporter, look_every: int | None
) -> str | None:
    """Take one step, or return why the weights were not changed."""
    model = run.model.train()
    loss, words = run.objective.backward(done)
    if (news := run.objective.news()) is not None:
        report(Note(news))
    if look_every is not None and run.position.step % look_every == 0:
        report(Insight(run.position.step, norms(model), *run.objective.look()))
    parameters = list(model.parameters())
    clipped = torch.nn.utils.clip_grad_norm_(parameters, run.settings.rate.clip)
    # Both at once, since this waits for a GPU.
    norm, nats = torch.stack([clipped, loss]).tolist()
    fault = run.watch.divergence(nats, norm)
    if fault is not None:
        return fault
    rate = learning_rate(run.settings.rate, done) * run.position.rate_scale
    run.optimiser.step(rate)
    run.ranks.make_alike(run.optimiser.orthogonalised)
    if run.average is not None:
        run.average.update(run.position.step + 1)
    run.objective.advance()
    run.watch = run.watch.seen(nats)
    position = run.position = replace(
        run.position, step=run.position.step + 1, words_seen=run.position.words_seen + words
    )
    report(
        StepProgress(
            step=position.step,
            words_seen=position.words_seen,
            epochs=run.objective.epochs,
            words_per_second=pace.after(words),
            loss=run.watch.smoothed if run.watch.smoothed is not None else nats,
            gradient_norm=norm,
            learning_rate=rate,
            done=done,
            seconds=position.seconds,
            seconds_left=position.seconds * (1.0 - done) / done if done > 0 else math.inf,
        )
    )
    return None


def _validate(run: Run, validate: Callable[[], Score], report: Reporter) -> None:
    position = run.position
    with run.to_keep():
        score = validate()
        better = score.cross_entropy < position.best_nats
        if better:
            run.best = weights_of(run.model)
    if better:
        run.position = replace(
            position,
            best_nats=score.cross_entropy,
            best_step=position.step,
            stale_validations=0,
        )
    else:
        run.position = replace(position, stale_validations=position.stale_validations + 1)
    report(
        Validated(
            step=position.step,
            words_seen=position.words_seen,
            seconds=position.seconds,
            perplexity=score.perplexity,
            top3=score.top3 / score.words,
            best=better,
        )
    )


def _go_back(run: Run, good: Checkpoint, fault: str, report: Reporter) -> None:
    """After a divergence, return to the last good checkpoint with half the rate."""
    position = run.position
    if position.rollbacks >= ROLLBACKS:
        raise TrainingError(
            f"training diverged {ROLLBACKS + 1} times, the last time at step {position.step}: "
            f"{fault}. The best model so far is kept. Try a smaller learning_rate or clip."
        )
    scale = position.rate_scale / 2.0
    run.restore(good)
    run.position = replace(
        run.position,
        seconds=position.seconds,
        rate_scale=scale,
        rollbacks=position.rollbacks + 1,
    )
    report(
        Note(
            f"diverged at step {position.step}: {fault}. Back to step {good.step}, "
            f"with {scale:g} times the learning rate."
        )
    )


def _generator(rank: int) -> str:
    """Return the name of a process's random state in a checkpoint."""
    return "generator" if rank == 0 else f"generator/{rank}"


def _checked(kind: type[Value], values: Mapping[str, Any]) -> Value:
    """Return a dataclass of numbers, each of the type that it must have.

    Raises:
        ValueError: one is of another type.
    """
    return TypeAdapter(kind).validate_python(dict(values))


def _is_finite(model: nn.Module) -> bool:
    return all(bool(torch.isfinite(p).all()) for p in model.parameters())


def _finite(value: float | None) -> float | None:
    """Write infinity, which JSON lacks, as null."""
    return None if value is None or value == math.inf else value


def _or_inf(value: float | None) -> float:
    return math.inf if value is None else value


class _Pace:
    """Words per second over the last few seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.last = clock()
        self.rate = 0.0

    def after(self, words: int) -> float:
        now = self.clock()
        current = words / max(now - self.last, 1e-9)
        self.last = now
        self.rate = current if self.rate == 0.0 else 0.95 * self.rate + 0.05 * current
        return self.rate
