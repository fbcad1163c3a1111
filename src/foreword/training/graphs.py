"""Training steps on a GPU, recorded once for each shape and replayed. Knows no models, no loop.

A step of a recurrent network is thousands of small kernels; to launch them one by one takes the
processor longer than the GPU needs for them. A CUDA graph launches them all at once.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

State = tuple[Tensor, ...]
Work = Callable[[Tensor, Tensor, State], tuple[Tensor, State]]
"""Of inputs, targets and the state before them: the loss, a scalar, and the state after, shaped as
the one before. Gradients are added to those that the parameters have."""

SEEN_BEFORE = 3
"""How often a shape comes before it is recorded: what is rare is not worth a second."""
MOST = 96
"""Graphs that are kept."""


@dataclass(frozen=True)
class _Recording:
    graph: torch.cuda.CUDAGraph
    inputs: Tensor
    targets: Tensor


class Graphs:
    """Does work by replaying its recording, once there is one of the shape; else as it is.

    All recordings share their memory for what lies between, since none of it outlives a step; what
    goes in and comes out lies elsewhere. The work must leave its parameters' gradients where they
    are: zeroed, not dropped.
    """

    def __init__(self, work: Work, generator: torch.Generator) -> None:
        """`generator` draws the work's random numbers; they are the same as without graphs."""
        self._work = work
        self._generator = generator
        self._seen: Counter[tuple[int, ...]] = Counter()
        self._recordings: dict[tuple[int, ...], _Recording] = {}
        self._pool = torch.cuda.graph_pool_handle()
        self._before: State = ()
        self._after: State = ()
        self._loss = torch.zeros((), device=generator.device)
        self.failure: str | None = None
        """Why nothing more is recorded; None while all goes well."""

    @property
    def recordings(self) -> int:
        """How many shapes have been recorded."""
        return len(self._recordings)

    def __call__(self, inputs: Tensor, targets: Tensor, state: State) -> tuple[Tensor, State]:
        """The work's loss, and the state after it."""
        shape = tuple(inputs.shape)
        recording = self._recordings.get(shape)
        if recording is None:
            self._seen[shape] += 1
            is_wanted = self._seen[shape] > SEEN_BEFORE and len(self._recordings) < MOST
            if not is_wanted or self.failure is not None:
                return self._work(inputs, targets, state)
            recording = self._recorded(inputs, targets, state)
            if recording is None:
                return self._work(inputs, targets, state)
            self._recordings[shape] = recording
        recording.inputs.copy_(inputs)
        recording.targets.copy_(targets)
        for place, part in zip(self._before, state, strict=True):
            place.copy_(part)
        recording.graph.replay()
        return self._loss, tuple(part.clone() for part in self._after)

    def _recorded(self, inputs: Tensor, targets: Tensor, state: State) -> _Recording | None:
        if not self._recordings:
            self._before, self._after = (
                tuple(torch.empty_like(part) for part in state) for _ in range(2)
            )
        elif [part.shape for part in self._before] != [part.shape for part in state]:
            return None
        recording = _Recording(torch.cuda.CUDAGraph(), inputs.clone(), targets.clone())
        recording.graph.register_generator_state(self._generator)
        torch.cuda.synchronize()
        try:
            with torch.cuda.graph(recording.graph, pool=self._pool):
                loss, after = self._work(recording.inputs, recording.targets, self._before)
                self._loss.copy_(loss)
                for place, part in zip(self._after, after, strict=True):
                    place.copy_(part)
        except RuntimeError as error:
            self.failure = str(error).splitlines()[0]
            return None
        return recording
