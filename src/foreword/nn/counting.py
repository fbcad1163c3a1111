"""The operations of a layer, for tools that count them by the layer's class."""

from foreword.kernels.flops import flops as of_cell
from foreword.nn.recurrent import Recurrent


def flops(layer: Recurrent, steps: int, batch: int = 1) -> int:
    """Return the additions and multiplications of a layer's matrix products in a forward pass.

    Element-wise work is not counted. The backward pass takes twice as many again.

    Args:
        layer: a layer of any cell, with any number of layers and directions.
        steps: time steps, T.
        batch: sequences, B.

    >>> from foreword.nn import LSTM
    >>> flops(LSTM(3, 4), steps=5, batch=2)
    2240
    """
    H, P = layer.hidden_size, layer.proj_size
    shapes = (
        layer.cell.parameter_shapes(inputs, H, P) for _, inputs in layer._suffixes_and_inputs()
    )
    return sum(of_cell(of_one, steps * batch) for of_one in shapes)
