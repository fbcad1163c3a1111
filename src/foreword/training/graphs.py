"""Record training steps on a GPU once for each shape, and replay them. Knows no models, no loop.

A step of a recurrent network is thousands of small kernels, and the processor takes longer to
launch them one by one than the GPU to run them. A CUDA graph launches them all at once.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

State = tuple[Tensor, ...]
Work = Callable[[Tensor, Tensor, State], tuple[Tensor, State]]
"""Maps inputs, targets and the state before them to the loss, a scalar, and the state after, of the
same shape. Gradients are added to those of the parameters."""
Recorder = Callable[[Callable[[], None]], Callable[[], None]]
"""Records what a function does to tensors without doing it, and returns a function that does it."""

SEEN_BEFORE = 3
"""The number of times that a shape must occur before it is recorded, which takes a second."""
MOST = 96
"""The number of graphs that are kept."""
MOST_STATES = 8
"""The number of shapes of the state, such as numbers of streams, whose steps are recorded."""

Shapes = tuple[torch.Size, ...]


@dataclass(frozen=True)
class _States:
    """The buffers in which recordings of one shape of state expect it and leave it."""

    before: State
    after: State


@dataclass(frozen=True)
class _Recording:
    replay: Callable[[], None]
    inputs: Tensor
    targets: Tensor
    states: _States


class Graphs:
    """Run work by replaying its recording if there is one for the shape, otherwise directly.

    Inputs and outputs of recordings lie outside the memory that recordings share. The work must
    keep its parameters' gradient tensors: zeroed, not dropped.
    """

    def __init__(
        self, work: Work, generator: torch.Generator, recorder: Recorder | None = None
    ) -> None:
        """Take the generator of the work's random numbers, which are the same as without graphs."""
        self._work = work
        self._recorder = recorder or _cuda_recorder(generator)
        self._seen: Counter[tuple[Shapes, torch.Size]] = Counter()
        self._recordings: dict[tuple[Shapes, torch.Size], _Recording] = {}
        self._states: dict[Shapes, _States] = {}
        self._loss = torch.zeros((), device=generator.device)
        self.failure: str | None = None
        """Why nothing more is recorded; None while recording works."""
        self._is_told = False

    @property
    def recordings(self) -> int:
        """The number of shapes that have been recorded."""
        return len(self._recordings)

    def news(self) -> str | None:
        """Return the reason once, if recording has failed."""
        if self.failure is None or self._is_told:
            return None
        self._is_told = True
        return (
            f"steps could not be recorded as a CUDA graph ({self.failure}); they continue, "
            "launched one by one, which is slower"
        )

    def __call__(self, inputs: Tensor, targets: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the loss of the work, and the state after it."""
        key = tuple(part.shape for part in state), inputs.shape
        recording = self._recordings.get(key) or self._recorded(key, inputs, targets, state)
        if recording is None:
            return self._work(inputs, targets, state)
        recording.inputs.copy_(inputs)
        recording.targets.copy_(targets)
        for buffer, part in zip(recording.states.before, state, strict=True):
            buffer.copy_(part)
        recording.replay()
        return self._loss, tuple(part.clone() for part in recording.states.after)

    def _recorded(
        self, key: tuple[Shapes, torch.Size], inputs: Tensor, targets: Tensor, state: State
    ) -> _Recording | None:
        """Return a recording for a shape; None if it is rare, too many are kept, or one failed."""
        shapes, _ = key
        if self.failure is not None:
            return None
        self._seen[key] += 1
        if self._seen[key] <= SEEN_BEFORE or len(self._recordings) >= MOST:
            return None
        states = self._states.get(shapes)
        if states is None:
            if len(self._states) >= MOST_STATES:
                return None
            before, after = (tuple(torch.empty_like(part) for part in state) for _ in range(2))
            states = self._states[shapes] = _States(before, after)
        inputs, targets = inputs.clone(), targets.clone()

        def work() -> None:
            loss, after = self._work(inputs, targets, states.before)
            self._loss.copy_(loss)
            for buffer, part in zip(states.after, after, strict=True):
                buffer.copy_(part)

        try:
            replay = self._recorder(work)
        except RuntimeError as error:
            self.failure = (str(error).splitlines() or [type(error).__name__])[0]
            return None
        self._recordings[key] = recording = _Recording(replay, inputs, targets, states)
        return recording


def _cuda_recorder(generator: torch.Generator) -> Recorder:
    """Record CUDA graphs, which share their memory, since nothing in it outlives a step."""
    pool = torch.cuda.graph_pool_handle()

    def record(work: Callable[[], None]) -> Callable[[], None]:
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(generator)
        torch.cuda.synchronize()
        with torch.cuda.graph(graph, pool=pool):
            work()
        return graph.replay

    return record
