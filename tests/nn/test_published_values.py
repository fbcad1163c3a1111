"""Values that other projects' tests have published.

TensorFlow's `rnn_cell_test.py` (tensorflow/python/kernel_tests/nn_ops): all weights are 0.5, biases
0, inputs 1 and states 0.1; the LSTM adds 1 to its forget gate, the GRU's two gates have a bias of 1
and its reset gate stands before the product.
"""

from typing import Any

import pytest
import torch

from foreword.nn import GRU, LSTM, Recurrent


def constant(layer: Recurrent, gates_with_bias: dict[str, float]) -> Recurrent:
    H = layer.hidden_size
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            parameter.fill_(0.5 if name.startswith("weight") else 0.0)
            if name.startswith("bias_ih"):
                for gate, bias in gates_with_bias.items():
                    first = layer.cell.gates.index(gate) * H
                    parameter[first : first + H] = bias
    return layer


def test_two_layers_of_basic_lstm_cells() -> None:
    layer = constant(LSTM(2, 2, num_layers=2), {"f": 1.0})
    state: Any = tuple(torch.full((2, 1, 2), 0.1) for _ in range(2))
    outputs, (h, c) = layer(torch.ones(1, 1, 2), state)
    assert outputs.flatten().tolist() == pytest.approx([0.24024698] * 2)
    assert c[0].flatten().tolist() == pytest.approx([0.68967271] * 2)
    assert h[0].flatten().tolist() == pytest.approx([0.44848421] * 2)
    assert c[1].flatten().tolist() == pytest.approx([0.39897051] * 2)


@pytest.mark.parametrize(("inputs", "expected"), [(2, 0.175991), (3, 0.156736)])
def test_a_gru_cell(inputs: int, expected: float) -> None:
    layer = constant(GRU(inputs, 2, reset_after=False), {"r": 1.0, "z": 1.0})
    outputs, _ = layer(torch.ones(1, 1, inputs), torch.full((1, 1, 2), 0.1))
    assert outputs.flatten().tolist() == pytest.approx([expected] * 2, rel=1e-5)
