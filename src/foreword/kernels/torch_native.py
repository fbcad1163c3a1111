"""torch's own layers as a kernel: oneDNN's LSTM on CPUs, cuDNN's layers on GPUs."""

import torch
from torch import Tensor

from foreword.cells.gru import GRUCell
from foreword.cells.lstm import LSTMCell
from foreword.cells.rnn import ElmanCell
from foreword.kernels import native
from foreword.kernels.problem import Problem, Run

CELLS = frozenset({ElmanCell, LSTMCell, GRUCell})
"""The cells that torch has layers for."""
CUDNN_WITH_BFLOAT16 = 91300
"""The first version whose recurrent layers take bfloat16 (pytorch/pytorch#164411)."""


def run(problem: Problem) -> Run:
    """Runs a cell that torch has over time; returns outputs and the last state."""
    cell, x, weights = problem.cell, problem.x, problem.weights
    names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
    flat = [weights[name] for name in names + ["weight_hr"] * cell.projected]
    before = [part.unsqueeze(0) for part in problem.state]
    dtype = x.dtype
    if takes_bfloat16(x):
        x, before = x.bfloat16(), [part.bfloat16() for part in before]
        flat = [weight.bfloat16() for weight in flat]
    if x.is_cuda:
        flat = compacted(flat)
    # A traced graph must not depend on whether gradients were needed while it was traced.
    is_training = torch.is_grad_enabled() or torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    rest = (flat, True, 1, 0.0, is_training, False, False)
    if isinstance(cell, LSTMCell):
        outputs, *last = torch.lstm(x, before, *rest)
    elif isinstance(cell, GRUCell):
        outputs, *last = torch.gru(x, before[0], *rest)
    else:
        assert isinstance(cell, ElmanCell)
        layer = torch.rnn_tanh if cell.nonlinearity == "tanh" else torch.rnn_relu
        outputs, *last = layer(x, before[0], *rest)
    return Run(outputs.to(dtype), tuple(part[0].to(dtype) for part in last))


def compacted(weights: list[Tensor]) -> list[Tensor]:
    """Return the weights in one block of memory; otherwise cuDNN warns and copies them itself."""
    whole = torch.cat([weight.reshape(-1) for weight in weights])
    parts = torch.split(whole, [weight.numel() for weight in weights])
    return [part.view(weight.shape) for part, weight in zip(parts, weights, strict=True)]


def takes_bfloat16(x: Tensor) -> bool:
    """Whether float32 numbers are rounded for the GPU's products, as `foreword.nn.use` asked."""
    return (
        x.is_cuda
        and x.dtype == torch.float32
        and native.products_chosen() == "bfloat16"
        and (torch.backends.cudnn.version() or 0) >= CUDNN_WITH_BFLOAT16  # type: ignore[no-untyped-call]
    )


def refusal(problem: Problem) -> str | None:
    """Why torch's layers cannot run it; None if they can."""
    cell = problem.cell
    if type(cell) not in CELLS or (isinstance(cell, GRUCell) and not cell.reset_after):
        return f"torch has no {cell.name}"
    if cell.projected and not isinstance(cell, LSTMCell):
        return "torch projects the LSTM alone"
    if cell.cell_clip:
        return "torch clips no memory"
    if problem.x.is_cpu and not all(map(native.is_plain, problem.tensors)):
        return "oneDNN reads the memory of plain tensors"
    if not problem.extras.is_plain:
        return "torch's layers show and change nothing between the steps"
    return None
