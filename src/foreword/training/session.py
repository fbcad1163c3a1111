"""Carry out a run in its folder: save, validate, stop, resume. Knows no kind of model.

A `Task` defines what is trained: next words of a text, or translations of sentences.
"""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import torch

from foreword.evaluation.perplexity import Score
from foreword.folder.config import TrainingRecord
from foreword.kernels.threads import most_threads, threads_restored
from foreword.training.board import Board
from foreword.training.checkpoint import Checkpoint, saved, usable
from foreword.training.interrupt import StopWish, stop_on_signals
from foreword.training.keeping import Home
from foreword.training.preparing import watching_threads
from foreword.training.progress import Event, Note, Reporter, silent
from foreword.training.ranks import ALONE, Ranks
from foreword.training.settings import TrainingSettings
from foreword.training.shortage import lacks_memory
from foreword.training.trainer import Run
from foreword.training.trainer import train as train_loop

BOARD = "watch"
"""The folder in a model folder that TensorBoard reads."""
LOOK_EVERY = 20
"""The number of steps between two looks into a model that is watched."""

Config = TypeVar("Config", covariant=True)
"""The content of `config.json`."""


@dataclass(frozen=True)
class Outcome(Generic[Config]):
    """How a run ended."""

    config: Config
    """The content of `config.json`: sizes, training record, evaluation."""
    stopped_by: str | None = None
    """The signal, SIGINT or SIGTERM, that ended the run early; everything is saved."""
    is_staged: bool = False
    """Whether the folder still has the earlier model, since the run ended before its first
    validation. Resuming continues the run."""


class Task(Protocol[Config]):
    """A kind of training: how a run begins, is measured and is written."""

    @property
    def settings(self) -> TrainingSettings:
        """The settings, with all choices made."""

    @property
    def fingerprint(self) -> Mapping[str, str | None]:
        """Checksums that identify this text, for resuming."""

    @property
    def is_validated(self) -> bool:
        """Whether there is a held-out text."""

    def refuse_other(self, before: Mapping[str, str | None], since: str, otherwise: str) -> None:
        """Raise TrainingError if the text is not the one with the fingerprint `before`."""

    def begin(self, report: Reporter, *, fresh: bool) -> Run:
        """Return the run before its first step; `fresh` unless a checkpoint replaces it."""

    def summary(self) -> str:
        """Return a sentence on the model and its text."""

    def validate(self) -> Score:
        """Measure the model in mid-training."""

    def evaluate(self, run: Run, wish: StopWish, report: Reporter) -> None:
        """Measure the best weights, to be written with them, unless it is interrupted."""

    def described(self, record: TrainingRecord) -> Config:
        """Return the content of `config.json`.

        Args:
            record: how the model was trained.
        """

    def write(
        self, folder: Path, weights: Mapping[str, object], record: TrainingRecord, *, ends: bool
    ) -> Config:
        """Write the model folder, and return its configuration.

        Args:
            folder: the folder.
            weights: the best weights so far.
            record: how they were trained.
            ends: whether nothing is written after it.
        """

    def record(self, run: Run, *, finished: bool) -> TrainingRecord:
        """Return how the model was trained so far."""


def carry_out(
    task: Task[Config],
    *,
    out: Path,
    checkpoint: Checkpoint | None = None,
    seconds: float = 0.0,
    report: Reporter = silent,
    watch: bool = False,
    on_start: Callable[[Path], None] = lambda _: None,
    ranks: Ranks = ALONE,
) -> Outcome[Config]:
    """Train until the budget is used up or someone stops it.

    Only the first of several processes writes; the outcome of the others has no evaluation.

    Args:
        task: what is trained.
        out: the model folder, which is claimed.
        checkpoint: the checkpoint to continue from.
        seconds: the part of the budget that is used up when a new run starts.
        report: called with all events.
        watch: whether to write data for TensorBoard.
        on_start: called with the folder of a new run before it becomes valid, to add files to it.
        ranks: the processes that train the model.

    Raises:
        MemoryError: the machine or its GPU has too little memory; says what to do.
    """
    settings = task.settings
    model_home = Home(out, is_begun=checkpoint is not None)
    with _enough_memory(out), _threads(settings.run.threads):
        run = task.begin(report, fresh=checkpoint is None)
        if checkpoint is None:
            run.start_at(seconds=seconds)
        else:
            with usable(out):
                before = checkpoint.document["text"]
                task.refuse_other(before, "this run was started with", "train anew")
                run.restore(checkpoint)
                processes = checkpoint.document.get("processes", 1)
            if processes != ranks.count:
                report(
                    Note(
                        f"continues from step {checkpoint.step} with {ranks.count} processes "
                        f"instead of {processes}: each reads other streams than before"
                    )
                )
        report(Note(task.summary()))

        def write(folder: Path, *, finished: bool, ends: bool = False) -> Outcome[Config]:
            record = task.record(run, finished=finished)
            config = task.write(folder, run.best, record, ends=ends)
            return Outcome(config, is_staged=model_home.is_staged)

        def save(state: Checkpoint, best_changed: bool) -> None:
            if not ranks.is_first:
                return
            state = Checkpoint(state.arrays, {**state.document, "text": task.fingerprint})
            if not model_home.is_begun:

                def fill(folder: Path) -> None:
                    write(folder, finished=False)
                    on_start(folder)
                    state.write(folder)

                model_home.begin(fill)
                return
            if best_changed:
                write(model_home.folder, finished=False)
            state.write(model_home.folder)
            if run.is_measured or (not task.is_validated and run.position.best_step > 0):
                model_home.take_over()

        with ExitStack() as until_end, stop_on_signals() as wish:
            tell = report
            if watch:
                board = until_end.enter_context(Board(out / BOARD, run.position.step))
                report(Note(f"to watch: tensorboard --logdir {out / BOARD}"))

                def tell(event: Event) -> None:
                    report(event)
                    board(event)

            finished = train_loop(
                run,
                validate=task.validate if task.is_validated else None,
                save=save,
                should_stop=lambda: bool(wish),
                report=tell,
                look_every=LOOK_EVERY if watch else None,
                after_step=watching_threads(settings, report),
            )
            if finished and task.is_validated and ranks.is_first:
                run.load_best()
                task.evaluate(run, wish, report)
        # Another process may have been asked to stop.
        asked = wish.signal or (None if finished else signal.SIGTERM)
        if ranks.is_first:
            ended = write(model_home.folder, finished=asked is None, ends=True)
        else:
            ended = Outcome(task.described(task.record(run, finished=asked is None)))
        return ended if asked is None else replace(ended, stopped_by=asked.name)


@contextmanager
def _enough_memory(out: Path) -> Iterator[None]:
    """Turn a lack of memory, of the machine or of its GPU, into an error that says what to do."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not lacks_memory(error):
            raise
        first_line = str(error).partition("\n")[0][:200]
        otherwise = "train with a smaller --hidden-size, --window or batch (--set batch_size=N)."
        if saved(out):
            otherwise = f"free some and continue with --resume: {out} holds the run. Or {otherwise}"
        raise MemoryError(
            f"there is not enough memory for this training ({first_line}): {otherwise}"
        ) from error


@contextmanager
def _threads(number: int | None) -> Iterator[None]:
    """Give torch this number of threads while active; None: as many as are available."""
    if number is not None:
        torch.set_num_threads(number)
        yield
        return
    with threads_restored():
        torch.set_num_threads(most_threads())
        yield


def training_record(
    run: Run, settings: TrainingSettings, *, text: str, words: int, finished: bool
) -> TrainingRecord:
    """Return how a model was trained.

    Args:
        run: the run so far.
        settings: its settings.
        text: the names of the texts.
        words: the number of words in one pass over them.
        finished: whether the run ended by its budget.
    """
    return TrainingRecord(
        text=text,
        words=words,
        words_seen=run.position.words_seen,
        steps=run.position.step,
        epochs=round(run.objective.epochs, 3),
        seconds=round(run.position.seconds, 1),
        seed=settings.run.seed,
        settings=settings.public_leaves(),
        torch_version=torch.__version__,
        finished=finished,
        processes=run.ranks.count,
    )
