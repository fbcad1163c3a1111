"""Which kernel runs a cell. Every kernel gives what the reference gives, values and gradients."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from torch import Tensor

from foreword.cells.cell import Cell, State, Weights
from foreword.kernels import portable, reference, torch_lstm

Kernel = Callable[[Cell, Tensor, State, Weights], tuple[Tensor, State]]

KERNELS: dict[str, Kernel] = {
    "portable": portable.run,
    "reference": reference.run,
    "torch": torch_lstm.run,
}
FASTEST = {"lstm": "torch"}
"""Of the kernels, by measurement; `portable` for all cells that are not named."""

_chosen: ContextVar[str | None] = ContextVar("kernel", default=None)


def run(cell: Cell, x: Tensor, state: State, weights: Weights) -> tuple[Tensor, State]:
    """Runs a cell over time.

    Args:
        cell: whose equations.
        x: inputs (T, B, I), T at least 1.
        state: (B, H) for each of the cell's states.
        weights: the cell's parameters by name.

    Returns:
        The hidden states (T, B, H), and the state after the last step.
    """
    kernel = _chosen.get() or FASTEST.get(cell.name, "portable")
    return KERNELS[kernel](cell, x, state, weights)


@contextmanager
def use(kernel: str) -> Iterator[None]:
    """Chooses a kernel by name while the context lasts, in this thread or task.

    >>> with use("reference"):
    ...     pass
    """
    if kernel not in KERNELS:
        raise ValueError(f"there is no kernel {kernel!r}; the kernels are {', '.join(KERNELS)}")
    token = _chosen.set(kernel)
    try:
        yield
    finally:
        _chosen.reset(token)
