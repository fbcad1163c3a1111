"""What the page "Coming from torch.nn" says of TorchScript, ONNX and `torch.export`."""

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
    for actual, expected in zip(session.run(None, {name: x.numpy()}), model(x), strict=True):
        np.testing.assert_allclose(actual, expected.detach().numpy(), atol=1e-5)


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


ANY = {"x": {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}}
"""Any batch and length."""


class Chain(nn.Module):
    """Layers of several cells, one after the other; gives the last one's state."""

    def __init__(self, *cells: str, **options: Any) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            ours.Recurrent(cell, 3, 3, batch_first=True, **options) for cell in cells
        )

    def forward(self, x: Tensor, **more: Tensor) -> tuple[Tensor, Any]:
        last: Any = None
        for layer in self.layers:
            x, last = layer(x, **more)
        return x, last


@pytest.mark.parametrize(
    ("cells", "operators"),
    [
        (("lstm-peephole", "lstm-coupled", "gru", "rnn"), {"LSTM", "GRU", "RNN"}),
        (("lstm-layernorm",), {"Scan"}),
    ],
)
def test_the_exporter_by_torch_export_takes_every_cell_for_any_length_and_batch(
    cells: tuple[str, ...], operators: set[str], tmp_path: Path
) -> None:
    model, path = exported(Chain(*cells), tmp_path, dynamo=True, dynamic_shapes=ANY)
    types = {node.op_type for node in onnx.load(path).graph.node}
    assert types & {"LSTM", "GRU", "RNN", "Scan", "Loop"} == operators
    for shape in ((2, 5, 3), (3, 8, 3), (1, 1, 3)):
        assert_equal_in_onnx_runtime(model, path, torch.randn(shape))


class Ragged(Model):
    """Reads a padded batch, and begins anew where something new begins."""

    def forward(self, x: Tensor, lengths: Tensor, reset: Tensor) -> tuple[Tensor, ...]:
        outputs, last = self.rnn(x, lengths=lengths, reset=reset)
        return (outputs, *last) if isinstance(last, tuple) else (outputs, last)


def ragged_inputs(batch: int, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    lengths = torch.randint(1, steps + 1, (batch,))
    return torch.randn(batch, steps, 3), lengths, torch.rand(batch, steps) < 0.3


@pytest.mark.parametrize(
    ("cells", "kernel", "operator"),
    [
        (("lstm",), None, "foreword.bptt_forward.default"),
        (("minlstm", "lstm-peephole-only"), "reference", "scan"),
    ],
)
def test_an_exported_program_takes_any_length_batch_lengths_and_resets(
    cells: tuple[str, ...], kernel: str | None, operator: str
) -> None:
    model, dynamic = Ragged(Chain(*cells)).eval(), torch.export.Dim.DYNAMIC
    shapes = {"x": ANY["x"], "lengths": {0: dynamic}, "reset": ANY["x"]}
    with ours.use(kernel):
        program = torch.export.export(model, ragged_inputs(2, 5), dynamic_shapes=shapes)

    targets = {str(node.target) for node in program.graph.nodes if node.op == "call_function"}
    assert {t for t in targets if t == "scan" or t.startswith("foreword")} == {operator}
    for inputs in (ragged_inputs(2, 5), ragged_inputs(3, 8)):
        torch.testing.assert_close(program.module()(*inputs), model(*inputs))


def test_scripting_is_refused_with_what_to_do_and_changes_nothing() -> None:
    model = Model(ours.convert(nn.LSTM(3, 4)))
    layer = model.rnn
    with pytest.raises(RuntimeError, match=r"cannot read foreword.nn.LSTM. torch.jit.trace takes"):
        torch.jit.script(model)
    assert model.rnn is layer
    x = torch.randn(7, 3, 3)
    traced = torch.jit.trace(model, torch.randn(5, 2, 3))
    torch.testing.assert_close(traced(x), model(x))
