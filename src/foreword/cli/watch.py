"""Shows a run's progress on standard error: a live display, or lines without a terminal."""

import math
import time
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.text import Text

from foreword.cli.console import as_text, errors
from foreword.training.progress import Event, Note, StepProgress, TextProgress, Validated
from foreword.visible import shown

LINE_SECONDS = 10.0
"""Seconds between two lines, if progress is not a display but a log."""


class Watch:
    """A context in which it can be called with events, or with the progress of a text."""

    def __init__(self) -> None:
        self.live = errors.is_terminal
        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TaskProgressColumn(),
            TextColumn("{task.fields[figures]}", markup=False),
            console=errors,
            transient=True,
            disable=not self.live,
        )
        self.task: TaskID | None = None
        self.activity = ""
        self.last_line = -LINE_SECONDS

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del kind, error, trace
        self.progress.stop()

    def __call__(self, event: Event) -> None:
        """Shows an event of a run."""
        match event:
            case TextProgress():
                self.text_progress(event.activity, event.done, event.total)
            case StepProgress():
                self._show("training", event.done, _figures(event))
            case Validated():
                mark = ", best so far" if event.best else ""
                done = f"  after {event.words_seen:,} words, {_clock(event.seconds)}: validation "
                perplexity = (f"{event.perplexity:.1f}", "bold")
                self._print(
                    as_text(f"{done}perplexity ", perplexity, f", top 3 {event.top3:.1%}{mark}")
                )
            case Note():
                self.note(event.text)

    def note(self, text: str) -> None:
        """Prints a sentence for the user."""
        self._print(text)

    def text_progress(self, activity: str, done: int, total: int | None) -> None:
        """Shows how much of a text is done."""
        self._show(
            shown(activity), done / total if total else None, "" if total else f"{done:,} bytes"
        )

    def _show(self, activity: str, share: float | None, figures: str) -> None:
        if self.live:
            if activity != self.activity:
                if self.task is not None:
                    self.progress.remove_task(self.task)
                self.task = self.progress.add_task(
                    activity, total=None if share is None else 1.0, figures=figures
                )
            if self.task is not None:
                self.progress.update(self.task, completed=share or 0.0, figures=figures)
        elif activity != self.activity or time.monotonic() - self.last_line >= LINE_SECONDS:
            self.last_line = time.monotonic()
            percent = "" if share is None else f"{share:4.0%} "
            errors.print(f"{activity} {percent}{figures}".rstrip(), soft_wrap=True)
        self.activity = activity

    def _print(self, text: str | Text) -> None:
        errors.print(text, soft_wrap=True)


def _figures(event: StepProgress) -> str:
    left = _clock(event.seconds_left) if event.step > 5 else "?"
    perplexity = math.exp(min(event.loss, 50.0))
    return (
        f"{event.words_seen:,} words, {event.words_per_second:,.0f}/s, "
        f"loss {event.loss:.3f}, perplexity {perplexity:,.1f}, {left} left"
    )


def _clock(seconds: float) -> str:
    if math.isinf(seconds):
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
