"""The processes that train one model together, by torch.distributed. Knows no texts or folders.

Every process holds the whole model and reads its own streams of each batch. Gradients are averaged
by torch's DistributedDataParallel during the backward pass (Li et al. 2020, "PyTorch distributed:
experiences on accelerating data parallel training"). The first process decides everything, such as
when to validate, to save and to end.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.algorithms.ddp_comm_hooks import default_hooks
from torch.nn.parallel import DistributedDataParallel

from foreword.errors import ForewordError, TrainingError
from foreword.text.windows import Window
from foreword.training.launch import Launch, launch
from foreword.training.peers import (
    Peers,
    SilentError,
    connected,
    is_known_to_all,
    mark_as_known_to_all,
)

BUCKET = 4.0
"""The MB of gradients that are averaged at once: few enough that the first leave early."""

Value = TypeVar("Value")

Future = torch.futures.Future[Tensor]


HOOKS: Mapping[str, Callable[[Any, Any], Future] | None] = {
    "none": None,
    "float16": default_hooks.fp16_compress_hook,
    # By its own name, DDP accepts this hook for NCCL only; gloo adds bfloat16, too (torch 2.13).
    "bfloat16": lambda group, bucket: default_hooks.bf16_compress_hook(group, bucket),
}
"""How gradients are averaged, by the setting `compress_gradients`; None for DDP's own way."""


@dataclass(frozen=True)
class Ranks:
    """This process among those that train one model; alone, unless `joined` says otherwise.

    Every method but `streams` must be called by all processes at the same point.
    """

    launch: Launch = Launch()  # noqa: RUF009 - it is immutable
    peers: Peers | None = None

    @property
    def rank(self) -> int:
        """The number of this process."""
        return self.launch.rank

    @property
    def count(self) -> int:
        """The number of processes."""
        return self.launch.count

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and talks to people."""
        return self.launch.is_first

    def agree(self, seconds: float, *, is_due: bool, stops: bool) -> tuple[float, bool, bool]:
        """Return the first process's clock and whether it saves, and whether any must stop."""
        if self.count == 1:
            return seconds, is_due, stops
        of_first = (seconds, float(is_due)) if self.is_first else (-np.inf, 0.0)
        agreed = torch.tensor([*of_first, float(stops)], dtype=torch.float64)
        with self.answering():
            dist.all_reduce(agreed, dist.ReduceOp.MAX)
        seconds, due, stop = agreed.tolist()
        return seconds, due > 0, stop > 0

    def summed(self, *numbers: float) -> tuple[float, ...]:
        """Return sums over all processes."""
        if self.count == 1:
            return numbers
        sums = torch.tensor(numbers, dtype=torch.float64)
        with self.answering():
            dist.all_reduce(sums)
        return tuple(sums.tolist())

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean of a tensor over all processes."""
        if self.count == 1:
            return value
        mean = value.detach() / self.count
        with self.answering():
            dist.all_reduce(mean)
        return mean

    def make_alike(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by the first process's, since others may have rounded differently."""
        if self.count == 1:
            return
        with self.answering():
            for tensor in tensors:
                dist.broadcast(tensor, src=0)

    def of_first(self, value: float) -> float:
        """Return a number of the first process."""
        if self.count == 1:
            return value
        number = torch.tensor(value, dtype=torch.float64)
        with self.answering():
            dist.broadcast(number, src=0)
        return float(number)

    def seed(self, seed: int, step: int) -> int:
        """Return a seed for the random numbers of only this process after a step."""
        return int(np.random.SeedSequence([seed, self.rank, step]).generate_state(1)[0])

    def gathered(self, value: Tensor) -> list[Tensor]:
        """Return the tensors of all processes, which have one shape."""
        if self.count == 1:
            return [value]
        values = [torch.empty_like(value) for _ in range(self.count)]
        with self.answering():
            dist.all_gather(values, value.contiguous())
        return values

    def streams(self, window: Window) -> Window:
        """Return the part of a window that this process reads: every `count`-th stream."""
        if self.count == 1:
            return window
        size = window.inputs.shape[1]
        if size < self.count:  # with fewer lines than processes, each process reads all lines
            return window
        start = window.streams.start
        first = (self.rank - start) % self.count
        columns = slice(first, None, self.count)
        inputs = window.inputs[:, columns]
        begin = (start + first) // self.count
        streams = slice(begin, begin + inputs.shape[1])
        of = len(range(self.rank, window.of, self.count))
        return Window(inputs, window.targets[:, columns], window.fresh, streams, of)

    def undealt(self, part: np.ndarray) -> np.ndarray:
        """Return the states of all streams, (..., B, ...) with the streams second, of all parts."""
        if self.count == 1:
            return part
        streams = int(self.summed(part.shape[1])[0])
        most = -(-streams // self.count)  # some processes may have one stream less
        padded = np.zeros((part.shape[0], most, *part.shape[2:]), part.dtype)
        padded[:, : part.shape[1]] = part
        parts = self.gathered(torch.from_numpy(padded))
        return torch.stack(parts, dim=2).flatten(1, 2)[:, :streams].numpy()

    def dealt(self, whole: np.ndarray) -> np.ndarray:
        """Return this process's part of the states that `undealt` returns."""
        return whole[:, self.rank :: self.count]

    def answering(self) -> AbstractContextManager[None]:
        """While active, explain the error if another process does not answer."""
        return nullcontext() if self.peers is None else self.peers.answering()

    def reporting(self) -> AbstractContextManager[None]:
        """If this process alone fails within it, make the first process report why."""
        return nullcontext() if self.peers is None else self.peers.reporting()

    def wrapped(self, loss: nn.Module, compress: str) -> nn.Module:
        """Return a module whose gradients become the mean of those of all processes.

        Args:
            loss: the module.
            compress: what gradients are compressed to, one of `HOOKS`.
        """
        hook = HOOKS[compress]
        if self.count == 1:
            return loss
        with self.answering():
            wrapped = DistributedDataParallel(loss, bucket_cap_mb=BUCKET)
            if hook is not None:
                wrapped.register_comm_hook(None, hook)
        return wrapped

    def all_or_none(self, work: Callable[[], Value]) -> Value:
        """Do something that may fail in any of the processes; if it fails in one, all raise.

        Raises:
            ForewordError: the first error, which the first process reports.
            SilentError: the same, in the other processes.
        """
        if self.count == 1:
            return work()
        error: ForewordError | None = None
        values: list[Value] = []
        try:
            values = [work()]
        except ForewordError as raised:
            if is_known_to_all(raised):
                raise
            error = raised
        told = "" if error is None else str(error)
        messages = self._texts(told)
        failed = next((rank for rank, message in enumerate(messages) if message), None)
        if failed is None:
            return values[0]
        if not self.is_first:
            raise SilentError(messages[failed]) from error
        if error is None:
            error = TrainingError(f"{self._name(failed)}: {messages[failed]}")
        mark_as_known_to_all(error)
        raise error

    def refuse_others(self, alike: Mapping[str, Any]) -> None:
        """Make sure that something is the same in all processes.

        Args:
            alike: the data that must be the same, as JSON, by names for messages.

        Raises:
            TrainingError: names the first difference, and the process.
        """

        def check() -> None:
            everyone = [json.loads(text) for text in self._texts(json.dumps(alike))]
            for rank, others in enumerate(everyone):
                for name, value in everyone[0].items():
                    other = others.get(name)
                    if other != value:
                        values = "" if isinstance(value, dict) else f" ({other}, not {value})"
                        raise TrainingError(
                            f"{self._name(rank)} has another {name} than process 0{values}: start "
                            "all of them with the same command, on the same text and with the same "
                            "versions"
                        )

        self.all_or_none(check)

    def _name(self, rank: int) -> str:
        return f"process {rank}" if self.peers is None else self.peers.name(rank)

    def _texts(self, text: str) -> Sequence[str]:
        """Return a text of each process."""
        data = text.encode()
        lengths = self.gathered(torch.tensor([len(data)]))
        longest = max(int(length) for length in lengths)
        padded = np.frombuffer(data.ljust(longest, b"\0"), np.uint8).copy()
        everyone = self.gathered(torch.from_numpy(padded)) if longest else [None] * self.count
        return [
            "" if bytes_ is None else bytes_[: int(length)].numpy().tobytes().decode()
            for bytes_, length in zip(everyone, lengths, strict=True)
        ]


ALONE = Ranks()


def joined() -> Ranks:
    """Join the processes that torchrun has started, until this one ends; or stay alone.

    Raises:
        TrainingError: the others cannot be reached.
    """
    started = launch()
    if started.count == 1:
        return Ranks(started)
    ranks = Ranks(started, _peers(started))
    if not dist.is_initialized():
        raise TrainingError("an earlier error has separated these processes: start them again")
    return ranks


@cache
def _peers(started: Launch) -> Peers:
    """Return the connections of this process, which are made once."""
    return connected(started)
