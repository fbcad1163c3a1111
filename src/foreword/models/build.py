"""Build models from architecture names and from folders. Knows nothing about training."""

import numpy as np
import torch
from torch import nn

from foreword.errors import SettingsError
from foreword.folder.config import ModelConfig, NgramConfig
from foreword.folder.quantised import dense
from foreword.folder.store import Folder
from foreword.models.mlp import MLPModel
from foreword.models.model import Embedding, LanguageModel, NextWordModel, Regularisation
from foreword.models.ngram import NgramModel
from foreword.models.recurrent import RecurrentModel
from foreword.ngrams.table import NgramTable


def build(
    config: ModelConfig,
    regularisation: Regularisation | None = None,
    generator: torch.Generator | None = None,
) -> NextWordModel:
    """Return a model with new weights drawn from `generator`."""
    kind = RecurrentModel if config.is_recurrent else MLPModel
    return kind(config, regularisation, generator)


def device_named(name: str) -> torch.device:
    """Return the torch device of a name such as cpu, cuda or cuda:1.

    Raises:
        SettingsError: this machine has no such device.
    """
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        available = "cpu, cuda" if torch.cuda.is_available() else "cpu"
        raise SettingsError(
            f"device {name!r} cannot be used on this machine; available are: {available}"
        ) from error
    return device


def from_folder(folder: Folder, device: str = "cpu") -> LanguageModel:
    """Return a folder's model, ready for evaluation; n-gram models always run on the processor."""
    if isinstance(folder.config.model, NgramConfig):
        return NgramModel(NgramTable.from_arrays(folder.weights))
    model = build(folder.config.model)
    load_weights(model, dense(folder.weights))
    return model.to(device_named(device)).eval()


def load_weights(model: nn.Module, weights: dict[str, np.ndarray]) -> None:
    """Copy a folder's weights into the model; its words share nothing any more."""
    for module in model.modules():
        if isinstance(module, Embedding):
            module.parts = None
    load_state(model, weights)


def load_state(model: nn.Module, state: dict[str, np.ndarray]) -> None:
    """Copy arrays into the model's parameters of the same names and shapes."""
    model.load_state_dict({name: torch.tensor(array) for name, array in state.items()})


def weights_of(model: nn.Module) -> dict[str, np.ndarray]:
    """Return the model's weights as a folder has them: what words share is added to each."""
    weights = state_of(model)
    for name, module in model.named_modules():
        if isinstance(module, Embedding) and module.parts is not None:
            del weights[f"{name}.parts"]
            weights[f"{name}.weight"] = module.table().detach().cpu().numpy()
    return weights


def state_of(model: nn.Module) -> dict[str, np.ndarray]:
    """Return the model's parameters as copies, which later training does not change."""
    return {name: value.detach().cpu().numpy().copy() for name, value in model.state_dict().items()}


def count_parameters(config: ModelConfig) -> int:
    """Return the number of trainable parameters of a configuration, without allocating them."""
    with torch.device("meta"):
        return sum(p.numel() for p in build(config).parameters())
