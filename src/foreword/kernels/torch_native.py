"""torch's own layers as a kernel: oneDNN's LSTM on CPUs, cuDNN's layers on GPUs."""

import torch

from foreword.cells.gru import GRUCell
from foreword.cells.lstm import LSTMCell
from foreword.cells.rnn import ElmanCell
from foreword.kernels.problem import Problem, Run


def run(problem: Problem) -> Run:
    """Runs the cells that torch has over time; gives outputs and the last state."""
    cell, x, weights = problem.cell, problem.x, problem.weights
    names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
    flat = [weights[name] for name in names + ["weight_hr"] * cell.projected]
    before = [part.unsqueeze(0) for part in problem.state]
    # A traced graph must not depend on whether gradients were wanted while it was traced.
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
    return Run(outputs, tuple(part[0] for part in last))


def refusal(problem: Problem) -> str | None:
    """Why torch's layers cannot do it; None if they can."""
    cell, extras = problem.cell, problem.extras
    known = isinstance(cell, LSTMCell | ElmanCell) or (
        isinstance(cell, GRUCell) and cell.reset_after
    )
    if not known:
        return f"torch has no {cell.name}"
    if cell.projected and not isinstance(cell, LSTMCell):
        return "torch projects the LSTM alone"
    asked = extras.keep, extras.drop_hidden, extras.drop_memory, extras.zoneout, extras.lengths
    if any(part is not None for part in asked) or extras.wants_states or extras.traced:
        return "torch's layers show and change nothing between the steps"
    return None
