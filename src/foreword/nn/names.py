"""What a layer is called in a printed model."""

from torch import nn
from torch.nn.utils import parametrize


def shown(layer: nn.Module) -> str:
    """foreword.nn.LSTM where torch's would be LSTM; a class of somebody's own by its bare name."""
    name = type(layer).__name__
    # Parametrised layers are of a class that torch made.
    is_ours = parametrize.type_before_parametrizations(layer).__module__.startswith("foreword.")
    return f"foreword.nn.{name}" if is_ours else name
