"""Holds a kernel, or somebody's layer, against the cells' equations: values and gradients."""

import importlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from foreword.conformance.cases import DTYPES, TOLERANCE, Case, Inputs
from foreword.errors import SettingsError
from foreword.kernels import dispatch


@dataclass(frozen=True)
class Result:
    """How a case ended.

    Attributes:
        case: what was asked.
        values: largest difference of outputs and last states; None if there were none.
        gradients: the same of the gradients by the input, the state and every parameter.
        refusal: why it could not be done, for example an option that the subject does not have.
    """

    case: Case
    values: float | None = None
    gradients: float | None = None
    refusal: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether both are within the dtype's tolerance."""
        if self.values is None or self.gradients is None:
            return False
        return max(self.values, self.gradients) <= TOLERANCE[self.case.dtype]


class Subject(Protocol):
    """What is checked: gives outputs and the last state's parts, or refuses with SettingsError."""

    def run(self, case: Case, inputs: Inputs) -> tuple[nn.Module, Tensor, tuple[Tensor, ...]]:
        """A layer with the case's weights in the inputs' dtype, and what it gives for them."""


@dataclass(frozen=True)
class KernelSubject:
    """One of Foreword's kernels, inside its layers."""

    kernel: str

    def run(self, case: Case, inputs: Inputs) -> tuple[nn.Module, Tensor, tuple[Tensor, ...]]:
        """Through `foreword.nn.Recurrent`; a fallback to the reference counts as a refusal."""
        layer = case.layer().to(inputs.x.dtype)
        with dispatch.use(self.kernel), dispatch.recorded() as choices:
            outputs, last = layer(inputs.x, inputs.state, lengths=inputs.lengths)
        for choice in choices:
            if choice.kernel.name != self.kernel:
                raise SettingsError(choice.passed_over[self.kernel])
        return layer, outputs, last if isinstance(last, tuple) else (last,)


@dataclass(frozen=True)
class LayerSubject:
    """Somebody's layer with torch's signature and conventions; lengths by packing, as in torch."""

    make: Callable[..., nn.Module]

    def run(self, case: Case, inputs: Inputs) -> tuple[nn.Module, Tensor, tuple[Tensor, ...]]:
        """What the layer gives with the case's weights."""
        try:
            layer = self.make(**case.arguments()).to(inputs.x.dtype)
            layer.load_state_dict(case.layer().state_dict())
        except (TypeError, ValueError, RuntimeError) as error:
            raise SettingsError(str(error).splitlines()[0]) from error
        state: Any = inputs.state if len(inputs.state) > 1 else inputs.state[0]
        if inputs.lengths is None:
            outputs, last = layer(inputs.x, state)
        else:
            packed = pack_padded_sequence(inputs.x, inputs.lengths, enforce_sorted=False)
            packed_outputs, last = layer(packed, state)
            outputs, _ = pad_packed_sequence(packed_outputs, total_length=len(inputs.x))
        return layer, outputs, last if isinstance(last, tuple) else (last,)


def layer_subject(name: str) -> LayerSubject:
    """The layer of this name, `module:attribute` or `module.attribute`.

    Raises:
        SettingsError: one of these does not exist.
    """
    module, _, attribute = name.replace(":", ".").rpartition(".")
    try:
        make = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(
            f"there is no layer {name!r} ({error}). Name it as module:class, as torch.nn:LSTM"
        ) from error
    return LayerSubject(make)


def check(subject: Subject, cases: Iterable[Case]) -> Iterator[Result]:
    """Runs a subject on cases, one after the other."""
    for case in cases:
        yield _checked(subject, case)


def _checked(subject: Subject, case: Case) -> Result:
    ours = _inputs(case, DTYPES[case.dtype])
    try:
        actual = subject.run(case, ours)
    except SettingsError as error:
        return Result(case, refusal=str(error))
    exact = _inputs(case, torch.float64)
    truth = KernelSubject("reference").run(case, exact)
    values = _difference([actual[1], *actual[2]], [truth[1], *truth[2]])
    gradients = _difference(_gradients(actual, ours), _gradients(truth, exact))
    return Result(case, values, gradients)


def _inputs(case: Case, dtype: torch.dtype) -> Inputs:
    drawn = case.inputs()
    return Inputs(
        drawn.x.to(dtype).requires_grad_(),
        tuple(part.to(dtype).requires_grad_() for part in drawn.state),
        drawn.lengths,
    )


def _gradients(
    result: tuple[nn.Module, Tensor, tuple[Tensor, ...]], inputs: Inputs
) -> list[Tensor]:
    """Of a loss that sees every output and every part of the last state differently."""
    layer, outputs, last = result
    loss = torch.zeros((), dtype=torch.float64)
    for part in (outputs, *last):
        weight = torch.arange(part.numel(), dtype=torch.float64).add(1).sin().view(part.shape)
        loss = loss + (part.double() * weight).sum()
    wanted = [inputs.x, *inputs.state, *layer.parameters()]
    gradients: Sequence[Tensor | None] = torch.autograd.grad(loss, wanted, allow_unused=True)
    return [
        torch.zeros_like(part) if gradient is None else gradient
        for part, gradient in zip(wanted, gradients, strict=True)
    ]


def _difference(actual: list[Tensor], truth: list[Tensor]) -> float:
    """The largest, relative to the largest true value where that is above 1."""
    worst = 0.0
    for a, b in zip(actual, truth, strict=True):
        if a.shape != b.shape:
            return math.inf
        if a.numel():
            scale = max(1.0, float(b.detach().abs().max()))
            difference = float((a.detach().double() - b.detach()).abs().max()) / scale
            worst = max(worst, math.inf if math.isnan(difference) else difference)
    return worst
