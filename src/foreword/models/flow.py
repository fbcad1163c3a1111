"""Measure how much each earlier state matters for a prediction: the gradients of BPTT."""

import torch
from torch import Tensor
from torch.nn import functional as F

from foreword.models.model import State
from foreword.models.recurrent import RecurrentModel
from foreword.nn.softmax import IGNORED
from foreword.nn.trace import Trace


def gradients_by_states(
    model: RecurrentModel, inputs: Tensor, targets: Tensor, state: State
) -> tuple[Trace, tuple[dict[str, Tensor], ...]]:
    """Return the gradients of the last step's losses by h and c after every step of a window.

    Args:
        model: the model, in evaluation mode.
        inputs: (T, B) ids.
        targets: (B,), the word after the last input; -1 if there is none.
        state: the state before the window.

    Returns:
        The window's trace, and for each layer, by the state's name, gradients (T, B, H): each
        column is of its own stream's loss, in nats.
    """
    with torch.enable_grad():
        embedded = model.embedding.of(inputs)
        outputs, _, trace = model.traced(embedded, state)
        scores = model.scores(model.projected(outputs[-1]))
        loss = F.cross_entropy(scores, targets, ignore_index=IGNORED, reduction="sum")
        return trace, trace.gradients(loss)
