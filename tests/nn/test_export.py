"""What the page "Coming from torch.nn" says of TorchScript and ONNX."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

import foreword.nn as ours

pytestmark = pytest.mark.filterwarnings("ignore")  # torch's, of exporters that it will give up

TORCHS = {
    "LSTM": lambda: ours.LSTM(3, 4, 2, batch_first=True),
    "LSTM, both ways": lambda: ours.LSTM(3, 4, batch_first=True, bidirectional=True),
    "LSTM, no bias": lambda: ours.LSTM(3, 4, batch_first=True, bias=False),
    "GRU": lambda: ours.GRU(3, 4, batch_first=True),
    "RNN": lambda: ours.RNN(3, 4, nonlinearity="relu", batch_first=True),
    "converted": lambda: ours.convert(nn.LSTM(3, 4, batch_first=True)),
}
OTHERS = {
    "PeepholeLSTM": lambda: ours.PeepholeLSTM(3, 4, batch_first=True),
    "LayerNormGRU": lambda: ours.LayerNormGRU(3, 4, batch_first=True),
    "GRU, reset before": lambda: ours.GRU(3, 4, batch_first=True, reset_after=False),
    "LSTM, projected": lambda: ours.LSTM(3, 4, batch_first=True, proj_size=2),
}


class Model(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.rnn = layer

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        outputs, last = self.rnn(x)
        return (outputs, *last) if isinstance(last, tuple) else (outputs, last)


def exported(layer: nn.Module, folder: Path, **options: Any) -> tuple[Model, Path]:
    model, path = Model(layer).eval(), folder / "model.onnx"
    torch.onnx.export(model, (torch.randn(2, 5, 3),), path, verbose=False, **options)
    return model, path


def assert_equal_in_onnx_runtime(model: Model, path: Path, x: Tensor) -> None:
    session = onnxruntime.InferenceSession(path)
    (name,) = [i.name for i in session.get_inputs()]
    for found, expected in zip(session.run(None, {name: x.numpy()}), model(x), strict=True):
        np.testing.assert_allclose(found, expected.detach().numpy(), atol=1e-5)


@pytest.mark.parametrize("name", TORCHS)
def test_the_tracing_exporter_writes_onnxs_own_layers_for_any_length_and_batch(
    name: str, tmp_path: Path
) -> None:
    axes = {"x": {0: "B", 1: "T"}}
    model, path = exported(
        TORCHS[name](), tmp_path, dynamo=False, input_names=["x"], dynamic_axes=axes
    )
    assert {"LSTM", "GRU", "RNN"} & {node.op_type for node in onnx.load(path).graph.node}
    for shape in ((2, 5, 3), (3, 8, 3), (1, 1, 3)):
        assert_equal_in_onnx_runtime(model, path, torch.randn(shape))


@pytest.mark.parametrize("name", OTHERS)
def test_the_tracing_exporter_refuses_what_onnx_has_no_layer_for(name: str, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"dynamo=False\) has no operator for .*dynamo=True"):
        exported(OTHERS[name](), tmp_path, dynamo=False)


@pytest.mark.parametrize("name", ["converted", "RNN", "PeepholeLSTM", "LSTM, projected"])
def test_the_exporter_by_torch_export_takes_every_layer_for_one_length(
    name: str, tmp_path: Path
) -> None:
    layer = {**TORCHS, **OTHERS}[name]()
    any_batch = {"x": {0: torch.export.Dim.DYNAMIC}}
    model, path = exported(layer, tmp_path, dynamo=True, dynamic_shapes=any_batch)
    for shape in ((2, 5, 3), (3, 5, 3)):
        assert_equal_in_onnx_runtime(model, path, torch.randn(shape))


def test_the_exporter_by_torch_export_says_that_the_length_is_fixed(tmp_path: Path) -> None:
    any_length = {"x": {1: torch.export.Dim.DYNAMIC}}
    with pytest.raises(
        Exception, match=r"static shape of 5 for dimension inputs\['x'\].shape\[1\]"
    ):
        exported(ours.GRU(3, 4, batch_first=True), tmp_path, dynamo=True, dynamic_shapes=any_length)


def test_scripting_is_refused_with_what_to_do_and_changes_nothing() -> None:
    model = Model(ours.convert(nn.LSTM(3, 4)))
    layer = model.rnn
    with pytest.raises(RuntimeError, match=r"cannot read foreword.nn.LSTM. torch.jit.trace takes"):
        torch.jit.script(model)
    assert model.rnn is layer
    x = torch.randn(7, 3, 3)
    traced = torch.jit.trace(model, torch.randn(5, 2, 3))
    torch.testing.assert_close(traced(x), model(x))
