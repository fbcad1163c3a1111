"""A model folder as ONNX: ONNX Runtime, which others wrote, gives what the predictor gives."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from tests.conftest import MakeFolder
from typer.testing import CliRunner

from foreword.cells.cell import Gates, State, Weights
from foreword.cells.lstm import LSTMCell, MemoryCell
from foreword.cells.operations import Array, chunks, linear, sigmoid
from foreword.cells.registry import MODELS
from foreword.cli.app import app
from foreword.compression.compress import smaller
from foreword.errors import MissingExtraError, SettingsError
from foreword.exporting.export import export
from foreword.exporting.graph import Graph, Value
from foreword.exporting.network import Port, run_equations, step_of
from foreword.folder.config import NgramConfig
from foreword.folder.saving import write_folder
from foreword.folder.store import Folder
from foreword.kernels.onnx_operators import operator_of
from foreword.predictor.engine import Engine
from foreword.predictor.numpy_network import NumpyNetwork
from foreword.predictor.predictor import load
from foreword.text.tokenizer import EOS_ID

BATCH, STEPS = 3, 20
OPTIONS: list[tuple[str, dict[str, Any]]] = [
    *((name, {"num_layers": 1}) for name in MODELS),
    *((name, {"num_layers": 2}) for name in MODELS),
    ("mlp-last", {"nonlinearity": "relu", "embedding_size": 4}),
    ("mlp-window", {"context_words": 3}),
    ("mlp-window", {"context_words": 3, "softmaxes": 2}),
    ("rnn", {"nonlinearity": "relu", "tied": False}),
    ("gru", {"reset_after": False}),
    ("lstm", {"cell_clip": 0.1}),
    ("lstm-peephole", {"cell_clip": 0.1}),
    ("lstm", {"mogrifier_rounds": 3}),
    ("lstm", {"mogrifier_rounds": 4, "mogrifier_rank": 2}),
    ("gru", {"skip": True, "num_layers": 3, "tied": False}),
    ("lstm", {"softmaxes": 3, "tied": False}),
    ("lstm", {"adaptive_clusters": 2, "adaptive_head": 4, "tied": False}),
]


def varied(folder: Folder) -> Folder:
    """The folder with random numbers where training begins with zeros or ones.

    Other weights are halved, since large ones make an Elman network chaotic.
    """
    for key, values in folder.weights.items():
        folder.weights[key] = values / 2
        if any(part in key for part in ("peephole", "norm_", "bias")):
            random = np.random.default_rng(len(key)).normal(size=values.shape)
            folder.weights[key] = random.astype(np.float32)
    return folder


def session_of(model: onnx.ModelProto | bytes) -> onnxruntime.InferenceSession:
    data = model if isinstance(model, bytes) else model.SerializeToString()
    return onnxruntime.InferenceSession(data)


def written(folder: Folder, path: Path) -> Path:
    write_folder(path, folder.config, folder.weights, folder.tokenizer, "# Card\n")
    return path


def start(inputs: tuple[Port, ...]) -> dict[str, np.ndarray]:
    """The state before any word, without the word."""
    return {
        port.name: np.full(
            [BATCH if size == "batch" else size for size in port.shape],
            EOS_ID if port.dtype == "int64" else 0,
            dtype=port.dtype,
        )
        for port in inputs
        if port.name != "word"
    }


def assert_same(
    folder: Folder, network: Engine | NumpyNetwork, step: Any, tolerance: float
) -> None:
    """ONNX Runtime, on a batch, gives the scores and states of each of its texts."""
    opset = [onnx.helper.make_opsetid("", 22)]
    session = session_of(onnx.helper.make_model(step.graph, opset_imports=opset, ir_version=10))
    names = [output.name for output in session.get_outputs()]
    first = Engine(folder.model, folder.weights).start().parts
    parts, state = [first] * BATCH, start(step.inputs)
    words = np.random.default_rng(1).integers(0, folder.tokenizer.vocab_size, (STEPS, BATCH))
    for at_step in words:
        answers = dict(zip(names, session.run(None, {"word": at_step, **state}), strict=True))
        state = {name: answers[f"next_{name}"] for name in state}
        for user, word in enumerate(at_step):
            inner = network._network if isinstance(network, Engine) else network
            parts[user] = inner.advance(parts[user], int(word))
            scores = inner.scores(parts[user], None).astype(np.float64)
            expected = scores - np.log(np.exp(scores - scores.max()).sum()) - scores.max()
            np.testing.assert_allclose(
                answers["log_probabilities"][user], expected, rtol=tolerance, atol=tolerance
            )
            for name, part in zip(state, parts[user], strict=False):
                if name != "window":
                    np.testing.assert_allclose(state[name][:, user], part, atol=tolerance)


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_onnx_runtime_gives_the_predictors_scores_and_states(
    name: str, options: dict[str, Any], make_folder: MakeFolder
) -> None:
    folder = varied(make_folder(name, **options))
    step = step_of(folder.config.network, folder.weights, None)

    assert_same(folder, Engine(folder.model, folder.weights), step, 1e-5)


@pytest.mark.parametrize("name", ["lstm", "lstm-coupled", "gru", "gru-layernorm", "mlp-window"])
def test_int8_weights_stay_int8_and_give_what_they_give_in_float32(
    name: str, make_folder: MakeFolder
) -> None:
    options = {"context_words": 2} if name == "mlp-window" else {}
    folder = smaller(varied(make_folder(name, **options)))
    step = step_of(folder.config.network, folder.weights, None)

    for constant in step.graph.initializer:
        if constant.data_type == onnx.TensorProto.FLOAT:  # biases and scales
            assert sorted(constant.dims)[:-1] in ([], [1], [1, 1])
    assert_same(folder, NumpyNetwork(folder.config.network, folder.weights), step, 1e-5)


@pytest.mark.parametrize(
    ("name", "options", "operator", "attributes"),
    [
        ("lstm", {}, "LSTM", {}),
        ("lstm-peephole", {}, "LSTM", {}),
        ("lstm-coupled", {}, "LSTM", {"input_forget": 1}),
        ("gru", {}, "GRU", {"linear_before_reset": 1}),
        ("gru", {"reset_after": False}, "GRU", {"linear_before_reset": 0}),
        ("rnn", {"nonlinearity": "relu"}, "RNN", {"activations": [b"Relu"]}),
    ],
)
def test_cells_that_onnx_knows_run_by_its_operators(
    name: str,
    options: dict[str, Any],
    operator: str,
    attributes: dict[str, Any],
    make_folder: MakeFolder,
) -> None:
    folder = make_folder(name, **options)
    step = step_of(folder.config.network, folder.weights, None)

    nodes = [node for node in step.graph.node if node.op_type == operator]
    stored = {a.name: onnx.helper.get_attribute_value(a) for a in nodes[0].attribute}
    assert len(nodes) == folder.config.network.num_layers
    assert stored == {"hidden_size": 5, **attributes}
    assert step.operators == (operator,)
    assert (len(nodes[0].input) == 8) == (name == "lstm-peephole")


class SoftsignCell(MemoryCell):
    """A cell that only the page "Add a cell" knows."""

    name, gates = "softsign", ("f", "g")

    def step(
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        h, c = state
        a = linear(x, w["weight_ih"], w["bias_ih"]) + linear(h, w["weight_hh"], w["bias_hh"])
        a_f, a_g = chunks(a, 2)
        f = sigmoid(a_f)
        c = f * c - (1 - f) * -a_g / (1 + abs(a_g))
        return (c / (1 + abs(c)), c), {}


class CosineCell(SoftsignCell):
    """A cell with an operation that the exporter does not know."""

    name = "cosine"

    def step(
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        return (x.cos(), state[1]), {}


class HalfLSTMCell(LSTMCell):
    """A cell that inherits from one that ONNX knows, and is another."""

    def step(self, *rest: Any, **more: Any) -> tuple[State, Gates]:
        (h, c), gates = super().step(*rest, **more)
        return (0.5 * h, c), gates


def test_a_new_cell_is_exported_by_its_own_equations() -> None:
    cell, random = SoftsignCell(), np.random.default_rng(1)
    weights = {
        name: random.normal(size=shape).astype(np.float32)
        for name, shape in cell.parameter_shapes(4, 3).items()
    }
    x, h, c = (random.normal(size=(1, 2, n)).astype(np.float32) for n in (4, 3, 3))
    graph = Graph()
    assert operator_of(cell) is None
    after = run_equations(cell, Value(graph, "x"), [Value(graph, "h"), Value(graph, "c")], weights)
    for value, name in zip(after, ("next_h", "next_c"), strict=True):
        graph.name(value, name)
    ports = [Port(name, "float32", (1, "batch", 3)).info for name in ("h", "c", "next_h", "next_c")]
    inputs = [Port("x", "float32", (1, "batch", 4)).info, *ports[:2]]
    made = onnx.helper.make_model(
        graph.finished("cell", inputs, ports[2:], ""),
        opset_imports=[onnx.helper.make_opsetid("", 22)],
        ir_version=10,
    )

    answers = session_of(made).run(None, {"x": x, "h": h, "c": c})

    expected, _ = cell.step(x, (h, c), weights)
    np.testing.assert_allclose(answers, expected, atol=1e-6)


def test_a_cell_with_an_operation_that_the_exporter_lacks_is_refused_by_name() -> None:
    value = Value(Graph(), "x")
    with pytest.raises(SettingsError, match=r"the cell cosine cannot be exported.*'cos'"):
        run_equations(CosineCell(), value, [value, value], {})


def test_a_class_that_inherits_from_a_known_cell_is_not_taken_for_it() -> None:
    assert operator_of(LSTMCell()) is not None
    assert operator_of(HalfLSTMCell()) is None
    assert operator_of(LSTMCell(projected=True)) is None


@pytest.fixture
def model(tmp_path: Path, make_folder: MakeFolder) -> Path:
    return written(make_folder("lstm"), tmp_path / "model")


def test_the_best_words_are_those_that_predict_gives(model: Path, tmp_path: Path) -> None:
    done = export(model, tmp_path / "best.onnx", best=4)
    predictor = load(model)

    state = {name: value[:, :1] for name, value in start(done.inputs).items()}
    session = onnxruntime.InferenceSession(done.path)
    for word in ["<eos>", "I", "would", "like"]:
        words, scores, *after = session.run(
            None, {"word": np.array([predictor.tokenizer.ids[word]]), **state}
        )
        state = dict(zip(state, after, strict=True))
    expected = predictor.predict("I would like ", 4, complete=False)
    assert [predictor.tokenizer.words[w] for w in words[0]] == [p.word for p in expected]
    np.testing.assert_allclose(np.exp(scores[0]), [p.probability for p in expected], rtol=1e-5)


def test_the_file_tells_what_it_was_made_of(model: Path, tmp_path: Path) -> None:
    card = (model / "README.md").read_text()
    (model / "README.md").write_text(f"---\nlicense: cc-by-4.0\n---\n{card}")
    words = load(model).tokenizer.words
    export(model, tmp_path / "model.onnx", vocabulary=tmp_path / "words.txt")

    file = onnx.load(tmp_path / "model.onnx")
    stored = {entry.key: entry.value for entry in file.metadata_props}

    assert (file.producer_name, file.opset_import[0].version) == ("foreword", 22)
    assert json.loads(stored["vocabulary"]) == list(words)
    assert (tmp_path / "words.txt").read_text("utf-8").splitlines() == list(words)
    assert stored["license"] == "cc-by-4.0"
    assert stored["cell"] == "lstm cell_clip=0.0"
    assert stored["foreword_version"] == file.producer_version
    assert json.loads(stored["tokenizer"])["case"] == "keep"


def test_a_tied_matrix_is_stored_once(tmp_path: Path, make_folder: MakeFolder) -> None:
    folder = make_folder("rnn", embedding_size=1000, hidden_size=1, num_layers=1)
    done = export(written(folder, tmp_path / "model"), tmp_path / "model.onnx")

    table = folder.weights["embedding.weight"].nbytes
    assert table < done.bytes < 1.5 * table


def test_an_existing_file_stays_unless_it_may_be_replaced(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.onnx"
    out.write_text("mine")
    for options in ({}, {"vocabulary": out}):
        with pytest.raises(SettingsError, match=r"model.onnx exists already. Use --overwrite"):
            export(model, tmp_path / "new.onnx" if options else out, **options)
    assert out.read_text() == "mine"
    assert not (tmp_path / "new.onnx").exists()

    export(model, out, overwrite=True)

    assert onnx.load(out).graph.name == "lstm"
    with pytest.raises(SettingsError, match="is a folder: name a file"):
        export(model, tmp_path, overwrite=True)
    with pytest.raises(SettingsError, match="need a file each"):
        export(model, tmp_path / "a", vocabulary=tmp_path / "a")


@pytest.mark.parametrize("best", [0, 18])
def test_a_number_of_best_words_out_of_range_is_refused(
    best: int, model: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=rf"best must be from 1 to 17.*, not {best}"):
        export(model, tmp_path / "model.onnx", best=best)


def test_an_ngram_model_is_refused_with_the_reason(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Folder(
        load(model).folder.config.model_copy(
            update={"model": NgramConfig(vocab_size=19, order=2, ngrams=(1,))}
        ),
        {},
        load(model).tokenizer,
    )
    monkeypatch.setattr("foreword.exporting.export.read_folder", lambda path: table)
    with pytest.raises(SettingsError, match=r"is an ngram model.*Export a network"):
        export(model, tmp_path / "model.onnx")


def test_without_the_library_the_message_says_how_to_install_it(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "foreword.exporting.network")
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "foreword.exporting.graph")
    with pytest.raises(MissingExtraError, match=r'pip install "foreword\[onnx\]"'):
        export(model, tmp_path / "model.onnx")


def test_the_command_says_what_goes_in_and_out(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.onnx"
    done = CliRunner().invoke(app, ["export", str(model), str(out), "--best", "3", "--json"])

    document = json.loads(done.stdout)
    assert document["bytes"] == out.stat().st_size
    assert document["operators"] == ["LSTM"]
    assert [(port["name"], port["shape"]) for port in document["inputs"]] == [
        ("word", ["batch"]),
        ("h", [2, "batch", 5]),
        ("c", [2, "batch", 5]),
    ]
    shown = CliRunner().invoke(app, ["export", str(model), str(tmp_path / "other.onnx")])
    assert "output log_probabilities  float32 (batch, 19)" in shown.stdout
