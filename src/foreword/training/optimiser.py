"""The optimiser of a run: AdamW for all parameters, or Muon for some. Knows no loop and no text.

Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) replaces a matrix's step by
the nearest matrix that stretches all directions alike. With g the gradient and W (A, B) the weight:

    m <- 0.95 m + 0.05 g
    u = 0.95 m + 0.05 g                                Nesterov's momentum
    W <- (1 - rate decay) W - 0.2 sqrt(max(A, B)) rate O(u)

O(u) is about U V^T of the singular value decomposition u = U S V^T: a few Newton-Schulz iterations
X <- a X + (b X X^T + c (X X^T)^2) X. The factor gives a step the root mean square that AdamW's
usually have, so that rate and decay can be AdamW's (Liu et al. 2025, arXiv 2502.16982, section
2.2).
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from foreword.models.model import Decoder, Embedding
from foreword.nn.adaptive import Adaptive
from foreword.nn.recurrent import Recurrent
from foreword.training.settings import RateSettings

MOMENTUM = 0.95
ITERATIONS = 5
COEFFICIENTS = 3.4445, -4.7750, 2.0315
"""a, b and c, which raise small singular values the most."""
TINY = 1e-7
"""Keeps a matrix of zeros one."""
_MEAN = "momentum_buffer"
"""The name of Muon's mean gradient in checkpoints, as torch has it."""


def hidden_matrices(model: nn.Module) -> dict[str, int]:
    """Return the names of the matrices between embedding and output layer.

    The rows of `weight_peephole` multiply unit by unit, so it is no matrix.

    Returns:
        For each name, the number of matrices that are stacked in it: a recurrent layer's input and
        recurrent weights have one for each gate.
    """
    ends = [m for m in model.modules() if isinstance(m, Embedding | Decoder | Adaptive)]
    at_ends = {parameter for module in ends for parameter in module.parameters()}
    counts: dict[str, int] = {}
    for prefix, module in model.named_modules():
        for name, parameter in module.named_parameters(prefix, recurse=False):
            kind = name.rpartition(".")[2].partition("_l")[0]
            if parameter.ndim != 2 or parameter in at_ends or kind == "weight_peephole":
                continue
            stacked = 1
            if isinstance(module, Recurrent):
                cell = module.cell
                gates = {"weight_ih": cell.gates, "weight_hh": cell.recurrent_gates}
                stacked = len(gates.get(kind, ("all",)))
            counts[name] = stacked
    return counts


class Optimiser:
    """Changes a model's parameters by their gradients."""

    def __init__(
        self, model: nn.Module, settings: RateSettings, precision: torch.dtype = torch.float32
    ) -> None:
        """Take the parameters; `precision` is that of Muon's products."""
        self._parameters = dict(model.named_parameters())
        self._settings = settings
        self._precision = precision
        self._stacked = hidden_matrices(model) if settings.optimiser == "muon" else {}
        self._means: dict[str, Tensor] = {}
        others = [p for name, p in self._parameters.items() if name not in self._stacked]
        groups = [
            {"params": [p for p in others if p.ndim > 1], "weight_decay": settings.weight_decay},
            {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0},
        ]
        betas = settings.beta1, settings.beta2
        self._adamw = torch.optim.AdamW(groups, lr=0.0, betas=betas, fused=True)

    @property
    def orthogonalised(self) -> Sequence[Tensor]:
        """The matrices of Muon, whose steps are rounded as the processor's products are."""
        return [self._parameters[name].detach() for name in self._stacked]

    def step(self, rate: float) -> None:
        """Change all parameters at a learning rate."""
        for group in self._adamw.param_groups:
            group["lr"] = rate
        self._adamw.step()
        for name, count in self._stacked.items():
            if (gradient := self._parameters[name].grad) is not None:
                count = count if self._settings.muon_split else 1
                self._muon_step(name, gradient, count, rate * self._settings.muon_rate)

    @torch.no_grad()
    def _muon_step(self, name: str, gradient: Tensor, count: int, rate: float) -> None:
        """Change a matrix, or `count` matrices that are stacked in one."""
        weight = self._parameters[name]
        if name not in self._means:
            self._means[name] = torch.zeros_like(gradient)
        mean = self._means[name]
        mean.lerp_(gradient, 1.0 - MOMENTUM)
        blocks = gradient.lerp(mean, MOMENTUM).reshape(count, -1, weight.shape[1])
        step = orthogonalised(blocks, self._precision).to(weight.dtype).flatten(0, 1)
        weight.mul_(1.0 - rate * self._settings.weight_decay)
        weight.add_(step, alpha=-0.2 * math.sqrt(max(blocks.shape[1:])) * rate)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the moments of all parameters, for a checkpoint."""
        moments = {f"{name}/{_MEAN}": mean for name, mean in self._means.items()}
        for name, parameter in self._parameters.items():
            state = self._adamw.state.get(parameter, {})
            moments |= {f"{name}/{key}": moment for key, moment in state.items()}
        return {name: moment.detach().cpu().numpy().copy() for name, moment in moments.items()}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Restore moments that `arrays` returned.

        Raises:
            ValueError: a moment has another shape or type than the parameter's.
        """
        self._adamw.state.clear()
        self._means.clear()
        for name, parameter in self._parameters.items():
            like = {"step": torch.zeros(()), "exp_avg": parameter, "exp_avg_sq": parameter}
            if name in self._stacked:
                like = {_MEAN: parameter}
            state = {
                key: torch.tensor(arrays[f"{name}/{key}"], device=parameter.device)
                for key in like
                if f"{name}/{key}" in arrays
            }
            if not state:
                continue
            if _kinds(state) != _kinds(like):
                raise ValueError(f"the moments of {name} are not those of the optimiser")
            if name in self._stacked:
                self._means[name] = state[_MEAN]
            else:
                self._adamw.state[parameter] = state


def orthogonalised(blocks: Tensor, precision: torch.dtype = torch.float32) -> Tensor:
    """Return about U V^T for each of some matrices U S V^T, with S between 0.7 and 1.2.

    Args:
        blocks: (count, A, B).
        precision: of the products.
    """
    x = blocks.to(precision)
    is_tall = x.shape[1] > x.shape[2]
    x = x.mT if is_tall else x
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=TINY)
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        square = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.mT if is_tall else x


def _kinds(tensors: Mapping[str, Tensor]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()}
