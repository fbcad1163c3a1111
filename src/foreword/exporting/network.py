"""A next-word network as an ONNX graph of one step. Knows ids, not words; writes no files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper

from foreword.cells.cell import Cell
from foreword.cells.operations import linear
from foreword.errors import SettingsError
from foreword.exporting import operators
from foreword.exporting.graph import Array, Graph, Int8, Matrix, Value
from foreword.folder.architecture import ModelConfig
from foreword.folder.quantised import SCALE
from foreword.kernels.onnx_operators import operator_of
from foreword.text.tokenizer import SPECIAL

WORD, WINDOW, WORDS, SCORES, NEXT = "word", "window", "words", "log_probabilities", "next_"
"""The names of inputs and outputs. Those of a state have the names of its parts."""


@dataclass(frozen=True)
class Port:
    """An input or output: its name, its NumPy type, and its shape, with "batch" where it is any."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]

    @property
    def info(self) -> onnx.ValueInfoProto:
        """The same in ONNX's form."""
        kind = TensorProto.INT64 if self.dtype == "int64" else TensorProto.FLOAT
        return helper.make_tensor_value_info(self.name, kind, self.shape)


@dataclass(frozen=True)
class Step:
    """A network's step.

    Attributes:
        graph: in ONNX.
        inputs: a word's id and the state before it.
        outputs: the scores of the next words and the state after it.
        operators: those of ONNX's own operators that run its layers.
    """

    graph: onnx.GraphProto
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    operators: tuple[str, ...]


def step_of(config: ModelConfig, weights: Mapping[str, Array], best: int | None) -> Step:
    """Return the step of a network.

    Args:
        config: the architecture.
        weights: float32, or int8 with scales, which stay int8 in the graph.
        best: the number of most probable words to return, without `<unk>` and `<eos>`; None: the
            scores of all words.

    Raises:
        SettingsError: the equations of a cell use an operation that has no counterpart.
    """
    graph, w = Graph(), _matrices(weights)
    word = Value(graph, WORD)
    inputs = [Port(WORD, "int64", ("batch",))]
    state = _state_ports(config)
    before = [Value(graph, port.name) for port in state]
    if config.is_recurrent:
        features, after = _recurrent(graph, config, w, word, before)
    else:
        features, after = _feed_forward(graph, config, w, word, before)
    scores = _log_probabilities(graph, config, w, features)
    if best is None:
        outputs = [Port(SCORES, "float32", ("batch", config.vocab_size))]
        results = [scores]
    else:
        outputs = [Port(WORDS, "int64", ("batch", best)), Port(SCORES, "float32", ("batch", best))]
        hidden = len(SPECIAL)  # the first ids
        top, which = graph.nodes("TopK", scores[..., hidden:], np.array([best]), results=2)
        results = [graph.node("Add", which, np.array(hidden)), top]
    nexts = [Port(NEXT + port.name, port.dtype, port.shape) for port in state]
    for port, value in zip([*outputs, *nexts], [*results, *after], strict=True):
        graph.name(value, port.name)
    ports_in, ports_out = (*inputs, *state), (*outputs, *nexts)
    about = "One step: reads a word, and gives ln P of each next word and the new state."
    finished = graph.finished(
        config.name, [port.info for port in ports_in], [port.info for port in ports_out], about
    )
    own = tuple(sorted({"LSTM", "GRU", "RNN"} & graph.operators))
    return Step(finished, ports_in, ports_out, own)


def _matrices(weights: Mapping[str, Array]) -> dict[str, Matrix]:
    """Return the weights by name, each int8 matrix with its scales."""
    return {
        name: Int8(values, weights[name + SCALE][:, None]) if name + SCALE in weights else values
        for name, values in weights.items()
        if not name.endswith(SCALE)
    }


def _state_ports(config: ModelConfig) -> list[Port]:
    if config.is_recurrent:
        shape = (config.num_layers, "batch", config.hidden_size)
        return [Port(name, "float32", shape) for name in config.cell.states]
    earlier = config.context_words - 1
    return [Port(WINDOW, "int64", ("batch", earlier))] if earlier else []


def _vectors(graph: Graph, w: Mapping[str, Matrix], ids: Value) -> Value:
    """Return the vectors of words: one more dimension than the ids have."""
    table = w["embedding.weight"]
    if not isinstance(table, Int8):
        return graph.node("Gather", table, ids)
    rows = graph.node("Cast", graph.node("Gather", table.values, ids), to=TensorProto.FLOAT)
    return rows * graph.node("Gather", table.scales, ids)


def _recurrent(
    graph: Graph, config: ModelConfig, w: Mapping[str, Matrix], word: Value, before: Sequence[Value]
) -> tuple[Value, list[Value]]:
    """Return the output layer's features, (B, H), and the next state, (L, B, H) each part."""
    cell, L = config.cell, config.num_layers
    x = _vectors(graph, w, graph.node("Unsqueeze", word, np.array([0])))
    by_part = [_layers_of(graph, part, L) for part in before]
    after: list[Sequence[Value]] = []
    for layer, state in enumerate(zip(*by_part, strict=True)):
        names = cell.parameter_shapes(1, 1)
        of_layer = {name: w[f"recurrent.{name}_l{layer}"] for name in names}
        operator = operator_of(cell)
        if operator is None:
            after.append(run_equations(cell, x, state, of_layer))
        else:
            after.append(operators.run(graph, operator, x, state, of_layer))
        x = after[-1][0]
    if config.skip:
        x = graph.node("Sum", *(state[0] for state in after))
    features = graph.node("Squeeze", x, np.array([0]))
    return features, [graph.node("Concat", *part, axis=0) for part in zip(*after, strict=True)]


def run_equations(
    cell: Cell, x: Value, state: Sequence[Value], weights: Mapping[str, Matrix]
) -> tuple[Value, ...]:
    """Return the parts of a layer's next state, by the cell's own equations.

    Raises:
        SettingsError: they use an operation that has no counterpart.
    """
    try:
        after, _ = cell.step(x, tuple(state), weights)
    except (AttributeError, TypeError) as error:
        raise SettingsError(
            f"the cell {cell.name} cannot be exported, as its equations use an operation that "
            f"foreword.exporting.graph.Value lacks: {error}"
        ) from error
    return after


def _layers_of(graph: Graph, part: Value, layers: int) -> list[Value]:
    if layers == 1:
        return [part]
    return graph.nodes("Split", part, results=layers, num_outputs=layers, axis=0)


def _feed_forward(
    graph: Graph, config: ModelConfig, w: Mapping[str, Matrix], word: Value, before: Sequence[Value]
) -> tuple[Value, list[Value]]:
    """Return the output layer's features, (B, H), and the next window, (B, N - 1), if N > 1.

    The window of N words that the network sees is the state and the new word.
    """
    words = graph.node("Unsqueeze", word, np.array([1]))
    after = []
    if before:
        words = graph.node("Concat", *before, words, axis=1)
        after = [words[..., 1:]]
    width = config.context_words * config.embedding_size
    x = graph.node("Reshape", _vectors(graph, w, words), np.array([-1, width]))
    for layer in range(config.num_layers):
        weight, bias = w[f"hidden.{layer}.weight"], w[f"hidden.{layer}.bias"]
        a = linear(x, weight, bias)
        x = a.tanh() if config.nonlinearity == "tanh" else a.relu()
    return x, after


def _log_probabilities(
    graph: Graph, config: ModelConfig, w: Mapping[str, Matrix], features: Value
) -> Value:
    """Return ln P of every word, (B, V)."""
    if "projection.weight" in w:
        features = linear(features, w["projection.weight"], w["projection.bias"])
    if config.clusters:
        return _clustered(graph, config, w, features)
    if config.softmaxes > 1:
        return _mixed(graph, config, w, features)
    return _log_softmax(_scores(graph, w, features))


def _scores(graph: Graph, w: Mapping[str, Matrix], features: Value) -> Value:
    """Return the scores of all words, (rows, V).

    `Gemm` reads the matrix as it is stored. Transposed, a tied one would stand in the file twice.
    """
    matrix = w.get("decoder.weight", w["embedding.weight"])
    return graph.node("Gemm", features, matrix, w["decoder.bias"], transB=1)


def _log_softmax(a: Value) -> Value:
    return a.graph.node("LogSoftmax", a, axis=-1)


def _mixed(graph: Graph, config: ModelConfig, w: Mapping[str, Matrix], g: Value) -> Value:
    """Return ln P by a mixture of softmaxes, as in `foreword.nn.mixture`."""
    K, E, V = config.softmaxes, config.embedding_size, config.vocab_size
    contexts = linear(g, w["mixture.weight"], w["mixture.bias"]).tanh()
    rows = graph.node("Reshape", contexts, np.array([-1, E]))
    each = graph.node("Reshape", _log_softmax(_scores(graph, w, rows)), np.array([-1, K, V]))
    each = each + _log_softmax(linear(g, w["mixture.prior"]))[..., None]
    return graph.node("ReduceLogSumExp", each, np.array([1]), keepdims=0)


def _clustered(graph: Graph, config: ModelConfig, w: Mapping[str, Matrix], g: Value) -> Value:
    """Return ln P by an adaptive softmax, as in `foreword.nn.adaptive`."""
    bias, common = w["decoder.bias"], config.adaptive_head
    assert isinstance(bias, np.ndarray)
    by_head = np.concatenate([bias[:common], w["adaptive.bias"]])
    head = _log_softmax(linear(g, w["adaptive.head"], by_head))
    parts = [head[..., :common]]
    for k, cluster in enumerate(config.clusters):
        words = bias[cluster.first : cluster.first + cluster.words]
        inside = linear(linear(g, w[f"adaptive.down.{k}"]), w[f"adaptive.up.{k}"], words)
        parts.append(_log_softmax(inside) + head[..., common + k : common + k + 1])
    return graph.node("Concat", *parts, axis=1)
