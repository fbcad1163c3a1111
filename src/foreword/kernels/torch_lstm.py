"""torch's own LSTM, which oneDNN fuses on CPUs and cuDNN on GPUs, as a kernel."""

import torch
from torch import Tensor

from foreword.cells.cell import Cell, State, Weights


def run(cell: Cell, x: Tensor, state: State, weights: Weights) -> tuple[Tensor, State]:
    """Outputs (T, B, H) and final state; for the cell `lstm` alone. See `kernels.dispatch.run`."""
    if cell.name != "lstm":
        raise ValueError(f"this kernel runs the cell lstm, not {cell.name}")
    flat = [weights[n] for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    before = [part.unsqueeze(0) for part in state]
    needs_gradients = torch.is_grad_enabled()
    outputs, h, c = torch.lstm(x, before, flat, True, 1, 0.0, needs_gradients, False, False)
    return outputs, (h[0], c[0])
