"""The cells' equations against torch.nn, ONNX Runtime and, where neither has them, slow loops."""

import warnings

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

from foreword.cells.cell import Cell, State, Weights
from foreword.cells.registry import NAMES, cell_for, describe, from_description
from foreword.kernels import reference
from foreword.kernels.problem import Problem

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import onnxruntime

T, B, I, H = 6, 3, 4, 5  # noqa: E741


def run(cell: Cell, x: torch.Tensor, state: State, weights: Weights) -> tuple[torch.Tensor, State]:
    actual = reference.run(Problem(cell, x, state, weights))
    return actual.outputs, actual.last


def random_weights(name: str, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = cell_for(name).parameter_shapes(I, H)
    return {k: torch.randn(s, generator=generator) * 0.7 for k, s in shapes.items()}


def random_input(parts: int, seed: int = 1) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(T, B, I, generator=generator)
    return x, tuple(torch.randn(B, H, generator=generator) for _ in range(parts))


@pytest.mark.parametrize(
    ("name", "options", "peer"),
    [
        ("rnn", {}, nn.RNN(I, H)),
        ("rnn", {"nonlinearity": "relu"}, nn.RNN(I, H, nonlinearity="relu")),
        ("lstm", {}, nn.LSTM(I, H)),
        ("gru", {}, nn.GRU(I, H)),
    ],
    ids=["rnn", "rnn-relu", "lstm", "gru"],
)
def test_outputs_and_gradients_equal_torch_nn(
    name: str, options: dict[str, str], peer: nn.RNNBase
) -> None:
    weights = {k: w.requires_grad_() for k, w in random_weights(name).items()}
    cell = cell_for(name, **options)
    x, state = random_input(len(cell.states))
    peer.load_state_dict({f"{k}_l0": w for k, w in weights.items()})
    inputs = tuple(s[None] for s in state)

    outputs, last = run(cell, x, state, weights)
    theirs, their_last = peer(x, inputs if len(inputs) > 1 else inputs[0])
    gradients = torch.autograd.grad(outputs.square().sum(), list(weights.values()))
    their_gradients = torch.autograd.grad(theirs.square().sum(), list(peer.parameters()))

    torch.testing.assert_close(outputs, theirs)
    their_parts = their_last if isinstance(their_last, tuple) else (their_last,)
    torch.testing.assert_close(tuple(p[None] for p in last), their_parts)
    torch.testing.assert_close(gradients, their_gradients, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("rounds", "rank"), [(1, 0), (2, 0), (5, 0), (5, 2), (4, 1)])
def test_the_mogrifier_is_torchs_lstm_after_the_papers_two_equations(
    rounds: int, rank: int
) -> None:
    cell = cell_for("lstm-mogrifier", rounds=rounds, rank=rank)
    generator = torch.Generator().manual_seed(0)
    weights = {
        name: torch.randn(shape, generator=generator) * 0.7
        for name, shape in cell.parameter_shapes(I, H).items()
    }
    peer = nn.LSTMCell(I, H)
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    peer.load_state_dict({name: weights[name] for name in names})
    K = rank

    def matrix(letter: str, n: int) -> torch.Tensor:
        """Q^1, Q^3, ... and R^2, R^4, ..., whole."""
        rows = I if letter == "q" else H
        left = weights[f"weight_{letter}"][n * rows : (n + 1) * rows]
        return left @ weights[f"weight_{letter}_right"][n * K : (n + 1) * K] if K else left

    xs, (h, c) = random_input(2)
    outputs, last = run(cell, xs, (h, c), weights)
    for t, x in enumerate(xs):
        for k in range(1, rounds + 1):
            if k % 2 == 1:
                x = 2 * torch.sigmoid(h @ matrix("q", (k - 1) // 2).T) * x
            else:
                h = 2 * torch.sigmoid(x @ matrix("r", k // 2 - 1).T) * h
        h, c = peer(x, (h, c))
        torch.testing.assert_close(outputs[t], h)
    torch.testing.assert_close(last, (h, c))


def onnx_outputs(
    kind: str, inputs: dict[str, np.ndarray], order: list[str], **attributes: object
) -> list[np.ndarray]:
    """What ONNX Runtime gives for one recurrent node; an input that is absent is an empty name."""
    names = [name if name in inputs else "" for name in order]
    outputs = ["Y", "Y_h"] + (["Y_c"] if kind == "LSTM" else [])
    node = helper.make_node(kind, names, outputs, hidden_size=H, **attributes)
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, v.shape) for k, v in inputs.items()],
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, None) for k in outputs],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    actual: list[np.ndarray] = session.run(None, inputs)
    return actual


def rows(weight: torch.Tensor, ours: str, theirs: str) -> np.ndarray:
    """Rows of gates, from our order to ONNX's."""
    blocks = dict(zip(ours, weight.chunk(len(ours)), strict=True))
    return torch.cat([blocks[gate] for gate in theirs]).numpy()


LSTM_ORDER = ["X", "W", "R", "B", "", "initial_h", "initial_c", "P"]


@pytest.mark.parametrize("name", ["lstm", "lstm-peephole", "lstm-coupled"])
def test_lstm_outputs_equal_onnx_runtime(name: str) -> None:
    weights = random_weights(name)
    x, (h, c) = random_input(2)
    full = dict(weights)
    if name == "lstm-coupled":
        # ONNX computes i and takes f = 1 - i: so its i is our 1 - f, which is sigmoid(-a_f).
        for key in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            f, g, o = weights[key].chunk(3)
            full[key] = torch.cat([-f, f, g, o])
    inputs = {
        "X": x.numpy(),
        "W": rows(full["weight_ih"], "ifco", "iofc")[None],
        "R": rows(full["weight_hh"], "ifco", "iofc")[None],
        "B": np.concatenate([rows(full[k], "ifco", "iofc") for k in ("bias_ih", "bias_hh")])[None],
        "initial_h": h[None].numpy(),
        "initial_c": c[None].numpy(),
    }
    if name == "lstm-peephole":
        p_i, p_f, p_o = weights["weight_peephole"].numpy()
        inputs["P"] = np.concatenate([p_i, p_o, p_f])[None]
    attributes = {"input_forget": 1} if name == "lstm-coupled" else {}

    theirs, their_h, their_c = onnx_outputs("LSTM", inputs, LSTM_ORDER, **attributes)
    ours, last = run(cell_for(name), x, (h, c), weights)

    np.testing.assert_allclose(ours.numpy(), theirs[:, 0], atol=2e-6)
    np.testing.assert_allclose(last[0].numpy(), their_h[0], atol=2e-6)
    np.testing.assert_allclose(last[1].numpy(), their_c[0], atol=2e-6)


@pytest.mark.parametrize("reset_after", [True, False])
def test_gru_outputs_equal_onnx_runtime(reset_after: bool) -> None:
    weights = random_weights("gru")
    x, (h,) = random_input(1)
    both = [rows(weights[k], "rzn", "zrn") for k in ("bias_ih", "bias_hh")]
    inputs = {
        "X": x.numpy(),
        "W": rows(weights["weight_ih"], "rzn", "zrn")[None],
        "R": rows(weights["weight_hh"], "rzn", "zrn")[None],
        "B": np.concatenate(both)[None],
        "initial_h": h[None].numpy(),
    }
    order = ["X", "W", "R", "B", "", "initial_h"]

    theirs, _ = onnx_outputs("GRU", inputs, order, linear_before_reset=int(reset_after))
    ours, _ = run(cell_for("gru", reset_after=reset_after), x, (h,), weights)

    np.testing.assert_allclose(ours.numpy(), theirs[:, 0], atol=2e-6)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_elman_outputs_equal_onnx_runtime(nonlinearity: str) -> None:
    weights = random_weights("rnn")
    x, (h,) = random_input(1)
    inputs = {
        "X": x.numpy(),
        "W": weights["weight_ih"].numpy()[None],
        "R": weights["weight_hh"].numpy()[None],
        "B": torch.cat([weights["bias_ih"], weights["bias_hh"]]).numpy()[None],
        "initial_h": h[None].numpy(),
    }
    order = ["X", "W", "R", "B", "", "initial_h"]

    theirs, _ = onnx_outputs("RNN", inputs, order, activations=[nonlinearity.capitalize()])
    ours, _ = run(cell_for("rnn", nonlinearity=nonlinearity), x, (h,), weights)

    np.testing.assert_allclose(ours.numpy(), theirs[:, 0], rtol=1e-5, atol=2e-6)


def test_peephole_only_equals_a_loop_over_its_published_equations() -> None:
    weights = {k: w.double().numpy() for k, w in random_weights("lstm-peephole-only").items()}
    x, (h, c) = random_input(2)
    W, U = weights["weight_ih"].reshape(4, H, I), weights["weight_hh"].reshape(3, H, H)
    b = weights["bias_ih"].reshape(4, H)
    b_c = weights["bias_hh"].reshape(3, H)

    def sigmoid(a: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-a))

    expected = np.empty((T, B, H))
    for column in range(B):
        memory = c[column].double().numpy()
        for t in range(T):
            word = x[t, column].double().numpy()
            i = sigmoid(W[0] @ word + b[0] + U[0] @ memory + b_c[0])
            f = sigmoid(W[1] @ word + b[1] + U[1] @ memory + b_c[1])
            o = sigmoid(W[3] @ word + b[3] + U[2] @ memory + b_c[2])
            memory = f * memory + i * np.tanh(W[2] @ word + b[2])
            expected[t, column] = o * np.tanh(memory)
    tensors = {k: torch.from_numpy(w) for k, w in weights.items()}
    cell = cell_for("lstm-peephole-only")

    ours, _ = run(cell, x.double(), (h.double(), c.double()), tensors)

    np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_step_names_all_its_gates_in_order(name: str) -> None:
    cell = cell_for(name)
    x, state = random_input(len(cell.states))

    after, gates = cell.step(x[0], state, random_weights(name))

    assert tuple(gates) == cell.gates
    assert all(gate.shape == (B, H) for gate in gates.values())
    assert len(after) == len(cell.states)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("projected", [False, True])
def test_gradients_of_the_equations_equal_finite_differences(name: str, projected: bool) -> None:
    torch.manual_seed(1)
    cell, P = cell_for(name, projected=projected), 2 * projected
    shapes = cell.parameter_shapes(2, 3, P)
    weights = [torch.randn(shape).double().requires_grad_() for shape in shapes.values()]
    start = tuple(torch.zeros(2, size).double() for size in cell.state_sizes(3, P))
    x = torch.randn(3, 2, 2).double().requires_grad_()
    # A state that the cell can be in: an sLSTM's normaliser is never negative.
    state, _ = cell.step(torch.randn(2, 2).double(), start, dict(zip(shapes, weights, strict=True)))
    state = tuple(part.detach().requires_grad_() for part in state)

    def last(x: torch.Tensor, *others: torch.Tensor) -> State:
        parts, rest = others[: len(state)], others[len(state) :]
        return run(cell, x, parts, dict(zip(shapes, rest, strict=True)))[1]

    assert torch.autograd.gradcheck(last, (x, *state, *weights), fast_mode=True)


def test_memory_holds_charges_and_discharges_like_a_capacitor() -> None:
    cell = cell_for("lstm")
    weights = {k: torch.zeros(s) for k, s in cell.parameter_shapes(1, 1).items()}

    def step(c: float, *, i: float, f: float, g: float) -> float:
        weights["bias_ih"] = torch.tensor([i, f, g, 0.0])
        (_, after), _ = cell.step(
            torch.zeros(1, 1), (torch.zeros(1, 1), torch.tensor([[c]])), weights
        )
        return float(after)

    assert step(0.0, i=20, f=20, g=20) == pytest.approx(1.0)  # charges
    assert step(0.8, i=-20, f=20, g=20) == pytest.approx(0.8)  # holds
    assert step(0.8, i=-20, f=-20, g=20) == pytest.approx(0.0, abs=1e-6)  # discharges


def test_an_unknown_cell_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no cell 'lsmt'; the cells are rnn, lstm"):
        cell_for("lsmt")


@pytest.mark.parametrize("clip", [0.0, 5.0])
def test_a_memory_that_opens_its_own_gates_charges_without_end_unless_it_is_clipped(
    clip: float,
) -> None:
    cell = cell_for("lstm-peephole", cell_clip=clip)
    weights = {k: torch.zeros(s) for k, s in cell.parameter_shapes(1, 1).items()}
    weights["weight_peephole"] = torch.tensor([[2.0], [2.0], [0.0]])
    weights["bias_ih"] = torch.tensor([0.0, 0.0, 3.0, 0.0])  # g near 1
    state = torch.zeros(1, 1), torch.tensor([[2.0]])

    for _ in range(1000):
        state, _ = cell.step(torch.zeros(1, 1), state, weights)

    assert float(state[1]) == pytest.approx(clip or 2 + 1000 * np.tanh(3.0), rel=0.01)


def test_a_clip_is_a_number_for_cells_that_can_have_one() -> None:
    with pytest.raises(ValueError, match="cell_clip is for lstm, lstm-peephole.*not gru"):
        cell_for("gru", cell_clip=1.0)
    with pytest.raises(ValueError, match="cell_clip must be a number from 0"):
        cell_for("lstm", cell_clip=-1.0)
    assert from_description(describe(cell_for("lstm", cell_clip=0.1))).cell_clip == 0.1
