"""Look inside a model during training: gradients by layer and by distance, gates.

Looking changes nothing: it draws no random number and touches no gradient, weight or state, so that
a watched run gives the same model, bit for bit.
"""

import numpy as np
import torch
from torch import Tensor, nn

from foreword.models.flow import gradients_by_states
from foreword.models.model import NextWordModel, State
from foreword.models.recurrent import RecurrentModel
from foreword.nn.softmax import IGNORED

STREAMS = 8
"""The number of streams of the window that are examined: enough for a mean, at little cost."""


def norms(model: nn.Module) -> dict[str, float]:
    """Return the norms of the gradients that a backward pass has left in the parameters."""
    named = [(name, p.grad) for name, p in model.named_parameters() if p.grad is not None]
    norms_of_gradients = torch._foreach_norm([gradient for _, gradient in named])
    return dict(
        zip((name for name, _ in named), torch.stack(norms_of_gradients).tolist(), strict=True)
    )


def look(
    model: NextWordModel, inputs: Tensor, targets: Tensor, state: State
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return distances and gates of a window, as in `Insight`, without dropout.

    Args:
        model: the model, which is not changed.
        inputs: (T, B) ids.
        targets: (T, B), the word after each; -1 if there is none.
        state: the state before the window.
    """
    if not isinstance(model, RecurrentModel):
        return {}, {}
    mode = model.training
    model.eval()
    try:
        return _look(model, inputs[:, :STREAMS], targets[:, :STREAMS], state)
    finally:
        model.train(mode)


def _look(
    model: RecurrentModel, inputs: Tensor, targets: Tensor, state: State
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    parts = tuple(part.detach()[:, :STREAMS].contiguous() for part in state)
    trace, by_layer = gradients_by_states(model, inputs, targets[-1], parts)
    counted = int((targets[-1] != IGNORED).sum())
    distances, gates = {}, {}
    for layer, gradients in zip(trace.layers, by_layer, strict=True):
        for name, gradient in gradients.items():
            mean = gradient.norm(dim=2).sum(1).flip(0) / max(counted, 1)
            distances[f"layer{layer.layer}.{name}"] = mean.detach().cpu().numpy()
        for name, values in layer.gates.items():
            # An Elman network's only "gate" is its hidden state.
            if name not in layer.states:
                gates[f"layer{layer.layer}.{name}"] = values.detach().flatten().cpu().numpy()
    return distances, gates
