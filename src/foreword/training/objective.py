"""The loss of a model that a run minimises, batch after batch. The loop knows no texts.

`NextWords` is truncated backpropagation through time over the windows of a text: one step reads a
window of T words from each of B streams. The hidden state continues into the next window, detached:
gradients stop there (truncated backpropagation through time, Williams & Peng 1990), memory does
not. While the batch grows (`batch_ramp`), a step reads only some of the streams; the states of the
others are kept until their turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from foreword.models.model import NextWordModel, State, detach
from foreword.nn.sampled import Sampling
from foreword.nn.softmax import IGNORED
from foreword.text.windows import Window
from foreword.training.graphs import Graphs, Work
from foreword.training.insight import look
from foreword.training.ranks import ALONE, Ranks
from foreword.training.schedule import ramp
from foreword.training.settings import TrainingSettings


class Objective(Protocol):
    """The batches of a run and the loss of its model on them."""

    @property
    def model(self) -> nn.Module:
        """What is trained."""

    @property
    def epochs(self) -> float:
        """The number of passes over the text so far."""

    def backward(self, done: float) -> tuple[Tensor, int]:
        """Take the next batch, and leave the gradients of its mean loss in the parameters.

        Args:
            done: the fraction of the run that is done, 0 to 1.

        Returns:
            The mean loss in nats, without penalties, and the number of words that it covers.
        """

    def advance(self) -> None:
        """Make the state after the batch the current one; called when the weights have changed."""

    def look(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return distances and gates of the batch, as in `Insight`."""

    def news(self) -> str | None:
        """Return a sentence for people, once."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what a checkpoint must hold besides `document`, by name."""

    def document(self) -> dict[str, Any]:
        """Return the position of the run in the text, as JSON data."""

    def restore(self, arrays: Mapping[str, np.ndarray], document: Mapping[str, Any]) -> None:
        """Return to the position of a checkpoint."""


class Windows(Protocol):
    """The source of windows; see `foreword.text.windows`."""

    @property
    def epochs(self) -> float: ...  # noqa: D102
    def next(self, batch: float = 1.0, window: float = 1.0) -> Window: ...  # noqa: D102
    def state(self) -> dict[str, object]: ...  # noqa: D102
    def restore(self, state: dict[str, Any]) -> None: ...  # noqa: D102


class NextWords:
    """The objective of a next-word model: truncated backpropagation through time over windows."""

    def __init__(
        self,
        model: NextWordModel,
        windows: Windows,
        settings: TrainingSettings,
        generator: torch.Generator,
        precision: torch.dtype = torch.float32,
        ranks: Ranks = ALONE,
    ) -> None:
        self._model = model
        self.ranks = ranks
        self._loss = ranks.wrapped(_Loss(model), settings.run.compress_gradients)
        self.windows = windows
        self.settings = settings
        self.precision = precision
        self.state: State | None = None
        self._work: Work = self._gradients
        if model.device.type == "cuda" and ranks.count == 1:
            self._work = Graphs(self._gradients, generator)
        self._sample: Sampling | None = None
        self._margin = 0.0
        self._last: _Step | None = None
        self._words = 0.0  # by which the loss of a step is divided

    @property
    def model(self) -> NextWordModel:
        """What is trained."""
        return self._model

    @property
    def epochs(self) -> float:
        """The number of passes over the text so far."""
        return self.windows.epochs

    def backward(self, done: float) -> tuple[Tensor, int]:
        """Read the next window, and leave the gradients of its mean loss in the parameters."""
        bptt, device = self.settings.bptt, self.model.device
        share = ramp(bptt.batch_start, bptt.batch_ramp, done)
        whole = self.windows.next(
            max(share, min(1.0, self.ranks.count / bptt.batch_size)),
            ramp(bptt.window_start, bptt.window_ramp, done),
        )
        words = int((whole.targets != IGNORED).sum())
        window = self.ranks.streams(whole)
        inputs = torch.from_numpy(window.inputs).to(device)
        targets = torch.from_numpy(window.targets).to(device)
        if window.fresh or self.state is None:
            self.state = self.model.start(window.of)
        before = _of(self.state, window)
        self._sample = self._sampling(done)
        self._margin = done * (self.settings.penalty.adversarial_margin or 0.0)
        # So that the mean over all processes is that over the words that they read.
        self._words = words if window is whole else words / self.ranks.count
        with self.ranks.answering():
            loss, after = self._work(inputs, targets, before)
        self._last = _Step(window, inputs, targets, before, after)
        return self.ranks.mean(loss), words

    def _gradients(self, inputs: Tensor, targets: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the mean loss of a window and the state after it; add its gradients."""
        total, penalty, after = self._loss(
            inputs, targets, detach(state), self.precision, self._sample, self._margin
        )
        words = (targets != IGNORED).sum() if self.ranks.count == 1 else self._words
        loss = total / words
        # Zeroed, not dropped: a CUDA graph needs them at the same addresses.
        self.model.zero_grad(set_to_none=not total.is_cuda)
        (loss + penalty).backward()
        return loss.detach(), detach(after)

    def _sampling(self, done: float) -> Sampling | None:
        softmax = self.settings.softmax
        if softmax.softmax_sample == 0 or self.model.device.type != "cpu":
            return None
        if done >= softmax.softmax_until:
            return None
        return Sampling(softmax.softmax_head, softmax.softmax_sample)

    def advance(self) -> None:
        """Continue from the state after the window."""
        assert self.state is not None
        assert self._last is not None
        self.state = _with(self.state, self._last.after, self._last.window)

    def look(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return distances and gates of the window, as in `Insight`."""
        assert self._last is not None
        return look(self.model, self._last.inputs, self._last.targets, self._last.before)

    def news(self) -> str | None:
        """Return once the reason why a GPU's steps are not recorded, if they are not."""
        return self._work.news() if isinstance(self._work, Graphs) else None

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the hidden state of all streams, whichever process reads them."""
        if self.ranks.count > 1 and self.settings.bptt.bptt == "sentence":
            return {}  # each line begins from a zero state
        return {
            str(k): self.ranks.undealt(part.detach().cpu().numpy().copy())
            for k, part in enumerate(self.state or ())
        }

    def document(self) -> dict[str, Any]:
        """Return the position of the windows in the text."""
        return self.windows.state()

    def restore(self, arrays: Mapping[str, np.ndarray], document: Mapping[str, Any]) -> None:
        """Return to the position of a checkpoint."""
        wholes = [arrays[str(k)] for k in range(len(arrays))]
        parts = [torch.tensor(self.ranks.dealt(w), device=self.model.device) for w in wholes]
        self.state = tuple(parts) if parts else None
        self.windows.restore(dict(document))


class _Loss(nn.Module):
    """The training loss of a model as a module of its own, which can be wrapped."""

    def __init__(self, model: NextWordModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        inputs: Tensor,
        targets: Tensor,
        state: State,
        precision: torch.dtype,
        sample: Sampling | None,
        margin: float,
    ) -> tuple[Tensor, Tensor | float, State]:
        """Return what the model's `training_loss` returns."""
        return self.model.training_loss(inputs, targets, state, precision, sample, margin)


@dataclass(frozen=True)
class _Step:
    """A window, and the states of its streams before and after it."""

    window: Window
    inputs: Tensor
    targets: Tensor
    before: State
    after: State


def _of(state: State, window: Window) -> State:
    """Return the states of the streams that the window reads."""
    if window.inputs.shape[1] == window.of:
        return state
    return tuple(part[:, window.streams].contiguous() for part in state)


def _with(state: State, after: State, window: Window) -> State:
    """Return the states of all streams, with those that the window has read updated."""
    if window.inputs.shape[1] == window.of:
        return after
    whole = tuple(part.clone() for part in state)
    for part, new in zip(whole, after, strict=True):
        part[:, window.streams] = new
    return whole
