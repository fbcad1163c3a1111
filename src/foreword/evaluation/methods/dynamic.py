"""Dynamic evaluation: a network continues learning from the text that it predicts. No files.

Krause et al. 2018, "Dynamic evaluation of neural sequence models". After each segment of the text,
with g the gradient of its mean loss, and theta_g the weights after training,

    SGD:  theta <- theta - rate g + decay (theta_g - theta)
    RMS:  theta <- theta - rate g / (RMS_g + epsilon) + decay RMS (theta_g - theta)

RMS_g is the root of the mean of g^2 over other text; RMS is RMS_g divided by its mean over all
weights, cut where decay RMS would exceed 1.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from foreword.models.model import NextWordModel, State, detach

EPSILON = 2e-3


@dataclass(frozen=True)
class Dynamic:
    """How fast the network learns and forgets.

    Attributes:
        rate: the learning rate of a step.
        decay: the decay towards the weights after training, at each step.
        segment: the number of words of a step.
        rms: RMS_g by parameter; None selects the SGD rule.
    """

    rate: float
    decay: float
    segment: int = 20
    rms: Mapping[str, Tensor] | None = None


class Learner:
    """A copy of a network that learns; the original stays unchanged."""

    def __init__(self, model: NextWordModel, how: Dynamic) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(requires_grad=True)
        self._how = how
        self._first = {name: p.detach().clone() for name, p in self.model.named_parameters()}
        if how.rms is not None:
            total = sum(float(rms.sum()) for rms in how.rms.values())
            self._mean_rms = total / sum(rms.numel() for rms in how.rms.values())

    @torch.no_grad()
    def learn(self) -> None:
        """Take one step by the gradients of the parameters, and clear them."""
        how = self._how
        for name, parameter in self.model.named_parameters():
            gradient = parameter.grad
            if gradient is None:
                continue
            away = self._first[name] - parameter
            if how.rms is None:
                parameter.add_(how.decay * away - how.rate * gradient)
            else:
                rms = how.rms[name]
                back = (how.decay / self._mean_rms * rms).clamp_(max=1.0)
                parameter.add_(back * away - how.rate * gradient / (rms + EPSILON))
            parameter.grad = None


def segment_loss(
    model: NextWordModel, inputs: Tensor, targets: Tensor, state: State
) -> tuple[Tensor, Tensor, Tensor, State]:
    """Return the mean loss, logits (T, V), features (T, F) and new state for (T, 1) inputs.

    The graph ends at the segment's start.
    """
    with torch.enable_grad():
        features, after = model.features(inputs, detach(state))
        features = features[:, 0]
        logits = model.scores(features)
        return F.cross_entropy(logits, targets), logits.detach(), features.detach(), detach(after)


def gradient_rms(model: NextWordModel, ids: np.ndarray, segment: int = 20) -> dict[str, Tensor]:
    """Return RMS_g by parameter: the root of the mean squared gradient over a text's segments."""
    learner = copy.deepcopy(model).eval().requires_grad_(requires_grad=True)
    squares = {name: torch.zeros_like(p) for name, p in learner.named_parameters()}
    text = torch.from_numpy(ids.astype(np.int64)).to(learner.device)
    state, segments = learner.start(1), 0
    for start in range(0, len(text) - 1, segment):
        stop = min(start + segment, len(text) - 1)
        loss, _, _, state = segment_loss(
            learner, text[start:stop, None], text[start + 1 : stop + 1], state
        )
        loss.backward()  # type: ignore[no-untyped-call]
        for name, parameter in learner.named_parameters():
            if parameter.grad is not None:
                squares[name].addcmul_(parameter.grad, parameter.grad)
                parameter.grad = None
        segments += 1
    return {name: (total / max(segments, 1)).sqrt_() for name, total in squares.items()}
