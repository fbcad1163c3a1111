"""The truth: a loop over time of the cell's own equations, differentiated by autograd. Slow."""

import torch
from torch import Tensor

from foreword.cells.cell import Cell, State, Weights


def run(cell: Cell, x: Tensor, state: State, weights: Weights) -> tuple[Tensor, State]:
    """Outputs (T, B, H) and final state for inputs x (T, B, I); see `kernels.dispatch.run`."""
    outputs = []
    for x_t in x:
        state, _ = cell.step(x_t, state, weights)
        outputs.append(state[0])
    return torch.stack(outputs), state
