"""Write a run's events for TensorBoard. Knows no models."""

import math
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from foreword.errors import MissingExtraError
from foreword.training.progress import Event, Insight, Note, StepProgress, Validated

SATURATED = 0.05
"""The distance from 0 or 1 at which a gate hardly passes gradients through its nonlinearity."""
WHEELS = ("i", "f", "o", "r", "z")
"""Gates are between 0 and 1; candidates are between -1 and 1."""


def writer_class() -> Any:
    """Return TensorBoard's writer class.

    Raises:
        MissingExtraError: TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard.writer import SummaryWriter
    except ModuleNotFoundError as error:
        raise MissingExtraError("watching a run in TensorBoard", "watch") from error
    return SummaryWriter


class Board:
    """A reporter, and a context at whose end everything is on disk."""

    def __init__(self, folder: Path, first_step: int = 0) -> None:
        """Make the folder with the first event.

        A resumed run continues at `first_step`, which hides later events of the earlier run.

        Raises:
            MissingExtraError: TensorBoard is not installed.
        """
        self.folder, self.first_step = folder, first_step
        self.make = writer_class()

    @cached_property
    def writer(self) -> Any:
        """Return TensorBoard's writer, made when there is something to write."""
        if self.first_step == 0:
            for old in self.folder.glob("events.out.tfevents.*"):
                old.unlink()
        return self.make(str(self.folder), purge_step=self.first_step or None, flush_secs=10)

    def __call__(self, event: Event) -> None:
        """Write one event; events without a step are skipped."""
        if isinstance(event, StepProgress):
            self._scalars(
                event.step,
                {
                    "loss/training (nats a word, smoothed)": event.loss,
                    "gradient/norm before clipping": event.gradient_norm,
                    "run/learning rate": event.learning_rate,
                    "run/words a second": event.words_per_second,
                },
            )
        elif isinstance(event, Validated):
            self._scalars(
                event.step,
                {
                    "loss/validation (nats a word)": math.log(event.perplexity),
                    "validation/perplexity": event.perplexity,
                    "validation/top-3 accuracy": event.top3,
                },
            )
        elif isinstance(event, Insight):
            self._insight(event)
        elif isinstance(event, Note):
            self.writer.add_text("notes", event.text)

    def _insight(self, event: Insight) -> None:
        by_layer = {f"gradient by layer/{name}": norm for name, norm in event.gradients.items()}
        by_distance = {
            f"gradient by distance/{name} {d:03d} back": float(norms[d])
            for name, norms in event.distances.items()
            for d in _powers_of_two(len(norms))
        }
        self._scalars(event.step, by_layer | by_distance)
        for name, values in event.gates.items():
            self.writer.add_histogram(f"gates/{name}", values, event.step)
            if name.rpartition(".")[2] in WHEELS:
                shares = {"closed": values < SATURATED, "open": values > 1 - SATURATED}
                self._scalars(
                    event.step,
                    {f"saturated gates/{name} {k}": float(v.mean()) for k, v in shares.items()},
                )

    def _scalars(self, step: int, scalars: dict[str, float]) -> None:
        for name, value in scalars.items():
            self.writer.add_scalar(name, value, step)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if "writer" in self.__dict__:
            self.writer.close()


def _powers_of_two(end: int) -> list[int]:
    """Yield 0, 1, 2, 4, ... below `end`."""
    return [0, *(1 << k for k in range(end.bit_length()) if 1 << k < end)]
