"""How far gradients reach back through a text, in this model and in others for comparison."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from foreword.cells import registry
from foreword.folder.config import ModelName
from foreword.inspect.subject import Model, Reading, Subject, subject_of
from foreword.inspect.trace import TextTrace, trace_reading
from foreword.models.build import build
from foreword.models.flow import gradients_by_states
from foreword.models.recurrent import RecurrentModel
from foreword.text.tokenizer import EOS, EOS_ID

WINDOW = 64
"""The number of words over which gradients are followed back."""
TARGETS = 16
"""The number of predictions in a mean."""
GONE = 0.01
"""Share of its first value below which a gradient has vanished; above 1/GONE it has exploded."""
SEED = 1


@dataclass(frozen=True)
class Curve:
    """Gradient norms by distance in one layer of one model.

    Attributes:
        label: the name of the model.
        cell: the architecture.
        kind: "trained", "untrained" (as initialised, with this model's sizes), or "beside".
        layer: 0 is the one next to the embedding.
        norms: for h, and c where there is one, (D,): the mean over predictions of the norm of
            dL(t)/dh(t - d) for each distance d, in nats.
    """

    label: str
    cell: str
    kind: str
    layer: int
    norms: dict[str, np.ndarray]

    @property
    def memory(self) -> np.ndarray:
        """Norms by the long-term memory: c, or h if there is no c."""
        return self.norms["c" if "c" in self.norms else "h"]

    @property
    def vanishes(self) -> int | None:
        """The first distance at which the memory's gradient is below `GONE` of that at 0."""
        return _first(self.memory < GONE * self.memory[0])

    @property
    def explodes(self) -> int | None:
        """The first distance at which it is above 1/`GONE` of that at 0."""
        return _first(self.memory > self.memory[0] / GONE)


@dataclass(frozen=True)
class Clipping:
    """What clipping the gradient's norm does to successive windows of a text.

    Attributes:
        clip: the largest norm that training allowed; None if it is unknown.
        norms: those of the gradient of each window's mean loss with respect to all weights,
            unclipped.
        words: the number of words of each window.
    """

    clip: float | None
    norms: np.ndarray
    words: int

    @property
    def share(self) -> float | None:
        """The fraction of the windows that training would have clipped."""
        return None if self.clip is None else float((self.norms > self.clip).mean())


@dataclass(frozen=True)
class GradientFlow:
    """Curves of several models on the same words, and what clipping does."""

    window: int
    curves: tuple[Curve, ...]
    clipping: Clipping


def gradient_flow(
    traced: TextTrace, *, beside: Sequence[Model] = (), others: bool = True
) -> GradientFlow | None:
    """Gradients by distance in a recurrent model; None for an MLP, which has no states.

    Args:
        traced: the model and its text, at least two words.
        beside: other trained models, to be shown beside it.
        others: whether to show every architecture as it is initialised, with this model's sizes.
    """
    subject, reading = traced.subject, traced.reading
    if not isinstance(subject.network, RecurrentModel) or len(reading) < 2:
        return None
    curves = curves_of(traced, "this model", "trained")
    for other in map(subject_of, beside):
        if isinstance(other.network, RecurrentModel):
            own = Reading(reading.words, _ids(other, reading))
            curves += curves_of(trace_reading(other, own, top=1), f"{other.name}, beside", "beside")
    if others:
        for name in registry.MODELS:
            fresh = untrained(subject, name)
            curves += curves_of(
                trace_reading(fresh, reading, top=1), f"{name}, untrained", "untrained"
            )
    return GradientFlow(_reach(reading), tuple(curves), clipping(traced))


def untrained(subject: Subject, name: ModelName) -> Subject:
    """A model of another architecture and the same sizes, as training would begin with it."""
    config = subject.config.network.as_kind(name)
    network = build(config, generator=torch.Generator().manual_seed(SEED)).eval()
    whole = subject.config.model_copy(update={"model": config, "training": None})
    return Subject(network, subject.tokenizer, whole)


def curves_of(traced: TextTrace, label: str, kind: str) -> list[Curve]:
    """One a layer."""
    network = traced.subject.network
    assert isinstance(network, RecurrentModel)
    inputs, targets, state = windows(traced)
    _, gradients = gradients_by_states(network, inputs, targets, state)
    return [
        Curve(
            label,
            traced.subject.name,
            kind,
            layer,
            {name: _norms(gradient) for name, gradient in by_name.items()},
        )
        for layer, by_name in enumerate(gradients)
    ]


def windows(traced: TextTrace) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
    """Windows that end in predictions spread over a text, side by side.

    Returns:
        ids (D, B), the words that came after them (B,), and the states before them, (L, B, H).
    """
    reading = traced.reading
    D = _reach(reading)
    last = len(reading) - 1 - D
    firsts = np.unique(np.linspace(0, last, min(TARGETS, last + 1)).astype(int))
    ids = torch.from_numpy(np.stack([reading.ids[s : s + D] for s in firsts], axis=1))
    targets = torch.from_numpy(reading.ids[firsts + D])
    states = zip(*(traced.state_before(int(s)) for s in firsts), strict=True)
    return ids, targets, tuple(torch.cat(parts, dim=1) for parts in states)


def clipping(traced: TextTrace) -> Clipping:
    """The gradient norms of a text's successive windows, in a single stream.

    Training averages over many streams, whose gradients partly cancel: its norms are smaller.
    """
    subject = traced.subject
    settings = subject.config.training.settings if subject.config.training else {}
    words = min(int(settings.get("window") or 35), len(traced.reading) - 1)
    clip = settings.get("clip")
    norms = [_weights_norm(traced, start, words) for start in _starts(traced.reading, words)]
    return Clipping(None if clip is None else float(clip), np.array(norms), words)


def _starts(reading: Reading, words: int) -> Iterator[int]:
    """Of at most `TARGETS` windows, whole ones, from the text's beginning."""
    yield from list(range(0, len(reading) - words, words))[:TARGETS]


def _weights_norm(traced: TextTrace, start: int, words: int) -> float:
    network, ids = traced.subject.network, torch.from_numpy(traced.reading.ids)[:, None]
    parameters = list(network.parameters())
    with torch.enable_grad():
        total, _ = network.loss(
            ids[start : start + words],
            ids[start + 1 : start + words + 1],
            traced.state_before(start),
        )
        gradients = torch.autograd.grad(total / words, parameters, allow_unused=True)
    present = [gradient for gradient in gradients if gradient is not None]  # type: ignore[redundant-expr]
    return float(torch.stack(torch._foreach_norm(present)).norm())


def _reach(reading: Reading) -> int:
    """The number of words of a window; half of a short text, so that a mean has several windows."""
    return min(WINDOW, max(1, len(reading) // 2))


def _norms(gradient: Tensor) -> np.ndarray:
    """(D, B, H) to means of norms by distance, (D,)."""
    return np.array(gradient.double().norm(dim=2).mean(1).flip(0).numpy())


def _ids(subject: Subject, reading: Reading) -> np.ndarray:
    id_of = subject.tokenizer.id_of
    ids = [EOS_ID if word == EOS else id_of(word) for word in reading.words]
    return np.asarray(ids, dtype=np.int64)


def _first(where: np.ndarray) -> int | None:
    indices = np.flatnonzero(where)
    return int(indices[0]) if len(indices) else None
