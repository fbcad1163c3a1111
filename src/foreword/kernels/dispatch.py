"""Which kernel runs a cell. All kernels give the values and gradients of the reference."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from foreword.cells.cell import State
from foreword.errors import SettingsError
from foreword.kernels import (
    native,
    onnx_native,
    operator,
    portable,
    reference,
    scan,
    torch_native,
)
from foreword.kernels.problem import Problem, Run

VARIABLE = "FOREWORD_KERNEL"
"""The environment variable that chooses a kernel by name."""


@dataclass(frozen=True)
class Kernel:
    """A way to run cells over time.

    Attributes:
        name: the name that `use` takes.
        about: a description in one line.
        run: runs a problem.
        refusal: why it cannot run a problem; None if it can.
    """

    name: str
    about: str
    run: Callable[[Problem], Run]
    refusal: Callable[[Problem], str | None]


def _nothing_refused(problem: Problem) -> None:
    del problem


KERNELS = {
    kernel.name: kernel
    for kernel in (
        Kernel(
            "reference",
            "autograd over the cell's equations, step by step",
            reference.run,
            _nothing_refused,
        ),
        Kernel(
            "portable",
            "backpropagation through time by hand, in torch operations",
            portable.run,
            portable.refusal,
        ),
        Kernel(
            "native",
            "the same loops over time in C++, one call a layer",
            native.run,
            native.refusal,
        ),
        Kernel(
            "scan",
            "linear recurrences: all steps' gates at once, then one loop in C++",
            scan.run,
            scan.refusal,
        ),
        Kernel(
            "torch",
            "torch's own layers: oneDNN on CPUs, cuDNN on GPUs",
            torch_native.run,
            torch_native.refusal,
        ),
    )
}
DECLARED = portable.MODULES, native.CELLS, scan.CELLS, torch_native.CELLS
"""The cells that each kernel but the reference runs."""
PREFERRED = {
    ("cpu", "lstm"): ("native", "torch", "portable", "reference"),
    ("cuda", "lstm"): ("torch", "portable", "reference"),
    ("cuda", "gru"): ("torch", "portable", "reference"),
    ("cuda", "rnn"): ("torch", "portable", "reference"),
}
"""Kernels in the order in which they are tried, by device and cell; measured by
`benchmarks/layers.py`.
"""
OTHERWISE = ("native", "scan", "portable", "reference")

_log = logging.getLogger(__name__)
_chosen: ContextVar[str | None] = ContextVar("kernel", default=None)
_record: ContextVar[list[Any] | None] = ContextVar("record", default=None)


@dataclass(frozen=True)
class KernelChoice:
    """The kernel that was chosen, and why others were not.

    Attributes:
        kernel: the kernel that runs.
        passed_over: kernels that were tried before it, and why they could not.
    """

    kernel: Kernel
    passed_over: dict[str, str]


def run(problem: Problem) -> Run:
    """Runs a cell over time with the first kernel that can.

    `torch.compile` and `torch.export` cannot trace this choice. Inside them it is the hand-written
    kernel as an operator, or the reference, which is exported as a `scan` for any number of steps,
    and unrolled when it is compiled. `torch.jit.trace` would unroll the hand-written kernel for one
    length, so it also gets the operator.
    """
    if torch.onnx.is_in_onnx_export():
        return _for_onnx(problem)
    if torch.compiler.is_compiling():
        # The compiler of a strict `torch.export` can trace neither this choice nor a `scan`.
        has_scan = torch.compiler.is_exporting() and not torch.compiler.is_dynamo_compiling()
        is_chosen = has_scan and _chosen.get() == "reference"
        if portable.refusal(problem) is None and not is_chosen:
            return operator.run(problem)
        return reference.run_scanned(problem) if has_scan else reference.run(problem)
    choice = choose(problem)
    record = _record.get()
    if record is not None:
        record.append(choice)
    if choice.kernel.name in ("native", "portable") and _is_watched():
        return operator.run(problem)
    if choice.kernel.name == "scan" and _is_watched():
        return reference.run(problem)
    return choice.kernel.run(problem)


def _is_watched() -> bool:
    """Whether every operation is observed, as by `torch.jit.trace` and by counters of operations.

    They do not see a hand-written kernel unless it is a torch operator.
    """
    is_tracing: bool = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    return is_tracing or torch._C._len_torch_dispatch_stack() > 0


def _for_onnx(problem: Problem) -> Run:
    """Exports by ONNX's own layers; with `dynamo=True`, others become a loop over the equations.

    The older exporter, which traces, writes torch's layers as ONNX's. It would unroll other layers
    for one number of steps without a warning.
    """
    if torch.compiler.is_compiling():
        is_own = onnx_native.refusal(problem) is None
        return onnx_native.run(problem) if is_own else reference.run_scanned(problem)
    cell = problem.cell
    # ONNX's LSTM has no projection.
    why_not = "ONNX has no projections" if cell.projected else torch_native.refusal(problem)
    if why_not is None:
        return torch_native.run(problem)
    raise RuntimeError(
        f"torch.onnx.export(..., dynamo=False) has no operator for this call of {cell.name}: "
        f"{why_not}. With dynamo=True it is exported as a loop over its equations"
    )


def at_inference(
    stack: native.Stack,
    x: Tensor,
    state: State | None,
    parameters: Mapping[str, Tensor | None],
    zones: tuple[float, float] = (0.0, 0.0),
) -> tuple[Tensor, State] | None:
    """Runs layers by the native kernel's short way; None if it cannot be used.

    Args:
        stack: layers, which read in one direction.
        x: (T, B, I).
        state: before the first step, (L, B, size) each; None means zero.
        parameters: those of all layers, by their names in torch.
        zones: probabilities that a unit of h, and of the other part of the state, keeps its old
            value.

    Returns:
        The outputs (T, B, P) and the last state, as `state`.
    """
    if (
        not native_may_serve()
        or _record.get() is not None
        or torch._C._are_functorch_transforms_active()
        or forward_ad._current_level >= 0
        or torch._C._get_tracing_state() is not None
        or torch.is_autocast_enabled("cpu")
        or torch._C._len_torch_dispatch_stack() > 0
    ):
        return None
    return native.at_inference(stack, x, state, parameters, zones)


def native_may_serve() -> bool:
    """Whether no other kernel was chosen by `use` or for the process."""
    chosen = _chosen.get()
    # Called at every step of a layer: `get` alone takes longer if the variable is missing.
    if chosen is None and VARIABLE in os.environ:
        chosen = os.environ.get(VARIABLE)
    return chosen in (None, "", "native")


def choose(problem: Problem) -> KernelChoice:
    """The kernel for a problem: the chosen one, or the first by device and cell that can run it."""
    passed_over: dict[str, str] = {}
    for name in _candidates(problem):
        kernel = KERNELS[name]
        why_not = kernel.refusal(problem)
        if why_not is None and name != "reference" and _is_transformed(problem):
            why_not = "it cannot be vectorised or differentiated forwards"
        if why_not is None:
            return KernelChoice(kernel, passed_over)
        passed_over[name] = why_not
    if not any(type(problem.cell) in cells for cells in DECLARED):
        _tell_of(problem.cell.name)
    return KernelChoice(KERNELS["reference"], passed_over)


@cache
def _tell_of(cell: str) -> None:
    """Warns once that a cell is run by its equations alone."""
    _log.warning(
        "no kernel declares the cell %s: its equations are run step by step, which is slow", cell
    )


@contextmanager
def use(
    kernel: str | None = None, *, products: str | None = None, frozen: bool | None = None
) -> Iterator[None]:
    """Chooses a kernel by name within a `with` block, in this thread or task.

    If it cannot run a problem, the reference does. The environment variable `FOREWORD_KERNEL`
    chooses for a whole process.

    Args:
        kernel: its name; None leaves the choice as it is.
        products: the number format of the factors in the native kernel's matrix products: float32,
            bfloat16, or int8 (if no gradient is needed). States, gates, gradients, weights and sums
            stay float32. Of the other kernels only torch's uses it, for bfloat16 on GPUs.
        frozen: True promises that no weight is written through `.data` or NumPy, which torch does
            not count. Then the native kernel need not read all weights at each call to check
            whether its packed copies are still valid.

    >>> with use("reference"):
    ...     pass
    """
    with ExitStack() as until_end:
        if kernel is not None:
            token = _chosen.set(_known(kernel, "kernel"))
            until_end.callback(_chosen.reset, token)
        if products is not None:
            until_end.enter_context(native.products_in(_known_products(products)))
        if frozen is not None:
            until_end.enter_context(native.frozen(frozen))
        yield


@contextmanager
def recorded() -> Iterator[list[KernelChoice]]:
    """Collects every choice that is made within the `with` block, in this thread or task."""
    choices: list[KernelChoice] = []
    token = _record.set(choices)
    try:
        yield choices
    finally:
        _record.reset(token)


def _candidates(problem: Problem) -> tuple[str, ...]:
    chosen = _chosen.get()
    if chosen is None and (named := os.environ.get(VARIABLE)):
        chosen = _known(named, VARIABLE)
    if chosen is not None:
        return (chosen,)
    # oneDNN has no projections: torch would warn and run slowly.
    if problem.cell.projected and problem.x.device.type == "cpu":
        return OTHERWISE
    return PREFERRED.get((problem.x.device.type, problem.cell.name), OTHERWISE)


def _known(name: str, source: str) -> str:
    if name not in KERNELS:
        raise SettingsError(f"{source}: there is no {name!r}; the kernels are {', '.join(KERNELS)}")
    return name


def _known_products(name: str) -> native.Products:
    for known in native.FORMATS:
        if name == known:
            return known
    raise SettingsError(f"products: there is no {name!r}; there is {', '.join(native.FORMATS)}")


def _is_transformed(problem: Problem) -> bool:
    """Whether it is inside `torch.func` or forward-mode differentiation."""
    if torch._C._are_functorch_transforms_active():
        return True
    return forward_ad._current_level >= 0 and any(_is_dual(t) for t in problem.tensors)


def _is_dual(tensor: Any) -> bool:
    dual = forward_ad.unpack_dual(tensor)  # type: ignore[no-untyped-call]
    return dual.tangent is not None
