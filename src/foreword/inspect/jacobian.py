"""The Jacobian of one step: how a small change of the state grows or shrinks in the next."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from foreword.inspect.trace import TextTrace
from foreword.models.recurrent import RecurrentModel

STEPS = 8
LARGEST_WORK = 6e9
"""The largest sum over the steps of (units of the state)^3; beyond it fewer steps are examined."""


@dataclass(frozen=True)
class Spectrum:
    """Singular values of d state(t) / d state(t - 1), for the word that was read.

    Attributes:
        at: the index t of the word.
        word: the word.
        singular_values: (S,), largest first; S is the size of the state, h and c together.
    """

    at: int
    word: str
    singular_values: np.ndarray


@dataclass(frozen=True)
class LayerSpectra:
    """The spectra of some steps of one layer."""

    layer: int
    state: str
    steps: tuple[Spectrum, ...]


def jacobian(traced: TextTrace, layer: int, t: int) -> Tensor:
    """Return the derivative of state t by state t - 1 in one layer, (S, S); h and c are joined."""
    network = traced.subject.network
    assert isinstance(network, RecurrentModel)
    recurrent = network.recurrent
    names = recurrent.cell.parameter_shapes(1, recurrent.hidden_size)
    weights = {name: getattr(recurrent, f"{name}_l{layer}").detach() for name in names}
    before = [part[layer].to(weights["weight_ih"].dtype) for part in traced.state_before(t)]
    if layer == 0:
        ids = traced.reading.ids[t : t + 1]
        x = F.embedding(torch.from_numpy(ids), network.embedding.weight.detach())
    else:
        x = torch.from_numpy(traced.layers[layer - 1].states["h"][t : t + 1])
    sizes = [part.shape[1] for part in before]

    def step(flat: Tensor) -> Tensor:
        state = tuple(part[None] for part in flat.split(sizes))  # type: ignore[no-untyped-call]
        after, _ = recurrent.cell.step(x.to(flat.dtype), state, weights)
        return torch.cat([part[0] for part in after])

    flat = torch.cat([part[0] for part in before])
    with torch.no_grad():
        matrix: Tensor = torch.func.jacrev(step)(flat)
    return matrix


def spectra(traced: TextTrace) -> tuple[LayerSpectra, ...]:
    """Return the spectra of each layer at steps spread over the text; none for an MLP."""
    network = traced.subject.network
    if not isinstance(network, RecurrentModel):
        return ()
    parts = network.recurrent.cell.states
    work = (len(parts) * network.recurrent.hidden_size) ** 3 * len(traced.layers)
    count = int(max(1, min(STEPS, len(traced.reading), LARGEST_WORK // work)))
    places = np.unique(np.linspace(0, len(traced.reading) - 1, count).round().astype(int))
    return tuple(
        LayerSpectra(
            layer.layer,
            ", ".join(parts),
            tuple(
                Spectrum(
                    int(t),
                    traced.reading.words[t],
                    torch.linalg.svdvals(jacobian(traced, layer.layer, int(t))).numpy(),
                )
                for t in places
            ),
        )
        for layer in traced.layers
    )
