"""The abilities of each kernel, as the kernel itself reports them."""

import torch

from foreword.cells.registry import NAMES, cell_for
from foreword.kernels import dispatch
from foreword.kernels.problem import Extras, Problem, Zoneout

OPTIONS = {
    "nothing more": Extras(),
    "lengths": Extras(lengths=torch.ones(1, dtype=torch.int64)),
    "resets": Extras(keep=torch.ones(1, 1)),
    "recurrent dropout": Extras(drop_hidden=torch.ones(1, 2)),
    "zoneout": Extras(zoneout=Zoneout(0.1)),
    "a trace": Extras(wants_states=True, traced=True),
}
"""What a kernel may have to compute in addition to the cell's equations."""


def problem(name: str, extras: Extras, *, projected: bool = False, device: str = "cpu") -> Problem:
    """The smallest problem for a cell."""
    cell = cell_for(name, projected=projected)
    P = 1 if projected else 0
    x = torch.zeros(1, 1, 2, device=device)
    weights = {k: x.new_zeros(s) for k, s in cell.parameter_shapes(2, 2, P).items()}
    state = tuple(x.new_zeros(1, size) for size in cell.state_sizes(2, P))
    return Problem(cell, x, state, weights, extras)


def by_cell() -> dict[str, dict[str, str | None]]:
    """For each cell and kernel, why it cannot run it; None if it can."""
    names = [(name, False) for name in NAMES] + [(name, True) for name in NAMES]
    return {
        f"{name} projected" if projected else name: {
            kernel.name: kernel.refusal(problem(name, Extras(), projected=projected))
            for kernel in dispatch.KERNELS.values()
        }
        for name, projected in names
    }


def by_option() -> dict[str, dict[str, str | None]]:
    """For each option and kernel, why the kernel lacks it for the LSTM; None if it has it."""
    return {
        option: {
            kernel.name: kernel.refusal(problem("lstm", extras))
            for kernel in dispatch.KERNELS.values()
        }
        for option, extras in OPTIONS.items()
    }


def markdown() -> str:
    """Both as tables, for the documentation."""
    kernels = list(dispatch.KERNELS.values())
    lines = ["| kernel | what |", "|---|---|"]
    lines += [f"| `{kernel.name}` | {kernel.about} |" for kernel in kernels]
    for heading, rows in (("cell", by_cell()), ("asked for", by_option())):
        names = [f"`{kernel.name}`" for kernel in kernels]
        lines += [
            "",
            f"| {heading} | " + " | ".join(names) + " |",
            "|---" * (len(kernels) + 1) + "|",
        ]
        for row, refusals in rows.items():
            cells = ["yes" if why is None else f"no: {why}" for why in refusals.values()]
            lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
