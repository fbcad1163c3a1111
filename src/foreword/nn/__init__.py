"""Recurrent layers that replace those of torch.nn and have features that those lack.

>>> import torch, foreword.nn
>>> layer = foreword.nn.LSTM(8, 16, num_layers=2, batch_first=True)
>>> outputs, (h, c) = layer(torch.randn(4, 10, 8), lengths=[10, 7, 3, 1])
>>> tuple(outputs.shape), tuple(h.shape)
((4, 10, 16), (2, 4, 16))
"""

from foreword.kernels.dispatch import use
from foreword.nn.cells import GRUCell, LSTMCell, RNNCell
from foreword.nn.convert import convert
from foreword.nn.counting import flops
from foreword.nn.dropout import Noise
from foreword.nn.layers import (
    GRU,
    LSTM,
    RNN,
    CoupledLSTM,
    LayerNormGRU,
    LayerNormLSTM,
    MogrifierLSTM,
    PeepholeLSTM,
    PeepholeOnlyLSTM,
)
from foreword.nn.recurrent import Recurrent
from foreword.nn.tbptt import tbptt
from foreword.nn.trace import LayerTrace, Trace
from foreword.nn.unconvert import unconvert

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "CoupledLSTM",
    "GRUCell",
    "LSTMCell",
    "LayerNormGRU",
    "LayerNormLSTM",
    "LayerTrace",
    "MogrifierLSTM",
    "Noise",
    "PeepholeLSTM",
    "PeepholeOnlyLSTM",
    "RNNCell",
    "Recurrent",
    "Trace",
    "convert",
    "flops",
    "tbptt",
    "unconvert",
    "use",
]
