"""The name of a layer in a printed model."""

from torch import nn
from torch.nn.utils import parametrize


def shown(layer: nn.Module) -> str:
    """Return foreword.nn.LSTM where torch's is LSTM; a user's class keeps its bare name."""
    name = type(layer).__name__
    # torch makes the classes of parametrised layers.
    is_ours = parametrize.type_before_parametrizations(layer).__module__.startswith("foreword.")
    return f"foreword.nn.{name}" if is_ours else name
