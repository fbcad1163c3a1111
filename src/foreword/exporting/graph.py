"""Write equations down as an ONNX graph. Knows no cells and no models.

The equations of `foreword.cells` run on arrays and on tensors. Run on a `Value`, they compute
nothing: each operation adds a node to the value's graph and returns the value that the node will
have. So a cell that the predictor can run can be exported, with no second description of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import onnx
from onnx import helper, numpy_helper

Array: TypeAlias = np.ndarray

FUNCTIONS = {
    "abs": "Abs",
    "exp": "Exp",
    "log": "Log",
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "softplus": "Softplus",
    "sqrt": "Sqrt",
    "tanh": "Tanh",
}
"""The methods of a value that take no argument, and their ONNX operators."""
LAST = np.iinfo(np.int64).max
"""The end of a slice that has none."""


@dataclass(frozen=True)
class Int8:
    """A matrix in int8, with scales of its rows that can be multiplied with it.

    In a graph it stays int8, followed by a conversion and the multiplication, which a runtime that
    computes constants when it loads a model does once. ONNX Runtime does not compute ONNX's
    `DequantizeLinear` when it loads, and rounds what is multiplied with it.
    """

    values: Array
    scales: Array

    @property
    def T(self) -> "Int8":  # noqa: N802, the name in NumPy
        """The transposed matrix."""
        return Int8(self.values.T, self.scales.T)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: slice) -> "Int8":
        return Int8(self.values[rows], self.scales[rows])


Matrix: TypeAlias = Array | Int8


class Graph:
    """Nodes and constants, in the order in which they were added."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._known: dict[int, tuple[Array, Value]] = {}

    def value(self, given: "Value | Matrix | float") -> "Value":
        """Return a constant as a value; a value as it is. The same array is stored once."""
        if isinstance(given, Value):
            return given
        if isinstance(given, Int8):
            numbers = self.node("Cast", given.values, to=onnx.TensorProto.FLOAT)
            return self.node("Mul", numbers, given.scales)
        if isinstance(given, np.ndarray) and id(given) in self._known:
            return self._known[id(given)][1]
        array = np.ascontiguousarray(given, None if hasattr(given, "dtype") else np.float32)
        array = array.reshape(np.shape(given))  # a number has no dimensions
        name = f"constant_{len(self._constants)}"
        self._constants[name] = numpy_helper.from_array(array, name)
        constant = Value(self, name)
        if isinstance(given, np.ndarray):
            self._known[id(given)] = given, constant  # kept, so that its id stays its own
        return constant

    def node(self, operator: str, *inputs: Any, **attributes: Any) -> "Value":
        """Add a node, and return its only result."""
        return self.nodes(operator, *inputs, results=1, **attributes)[0]

    def nodes(
        self, operator: str, *inputs: Any, results: int, skipped: int = 0, **attributes: Any
    ) -> list["Value"]:
        """Add a node, and return its results.

        Args:
            operator: the name in ONNX.
            inputs: values, arrays and numbers; None for one that is left out.
            results: the number of results.
            skipped: the number of results before those that are not needed.
            attributes: of the operator.
        """
        names = ["" if given is None else self.value(given).name for given in inputs]
        made = [f"{operator}_{len(self._nodes)}_{k}" for k in range(results)]
        name = f"{operator}_{len(self._nodes)}"
        outputs = [""] * skipped + made
        self._nodes.append(helper.make_node(operator, names, outputs, name=name, **attributes))
        return [Value(self, name) for name in made]

    def name(self, value: "Value", name: str) -> None:
        """Give a value the name of a result of the whole graph."""
        self._nodes.append(helper.make_node("Identity", [value.name], [name], name=name))

    def finished(
        self, name: str, inputs: Sequence[Any], outputs: Sequence[Any], about: str
    ) -> onnx.GraphProto:
        """Return the graph with its inputs, its outputs and a description."""
        constants = list(self._constants.values())
        return helper.make_graph(self._nodes, name, inputs, outputs, constants, about)

    @property
    def operators(self) -> set[str]:
        """The names of the operators that are in it."""
        return {node.op_type for node in self._nodes}


class Value:
    """A result in a graph, with which a cell's equations compute instead of an array."""

    __array_ufunc__ = None  # so that NumPy leaves `array * value` to the value
    __hash__ = None  # type: ignore[assignment]  # == is an operation

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph = graph
        self.name = name

    def __getattr__(self, name: str) -> Any:
        if name not in FUNCTIONS:
            raise AttributeError(f"ONNX export knows no operation {name!r}")
        return lambda: self.graph.node(FUNCTIONS[name], self)

    def _with(self, operator: str, other: Any, *, turned: bool = False) -> "Value":
        if not isinstance(other, Value | Int8 | np.ndarray | int | float):
            return NotImplemented  # type: ignore[no-any-return]
        return self.graph.node(operator, *((other, self) if turned else (self, other)))

    def __add__(self, other: Any) -> "Value":
        return self._with("Add", other)

    def __radd__(self, other: Any) -> "Value":
        return self._with("Add", other, turned=True)

    def __sub__(self, other: Any) -> "Value":
        return self._with("Sub", other)

    def __rsub__(self, other: Any) -> "Value":
        return self._with("Sub", other, turned=True)

    def __mul__(self, other: Any) -> "Value":
        return self._with("Mul", other)

    def __rmul__(self, other: Any) -> "Value":
        return self._with("Mul", other, turned=True)

    def __truediv__(self, other: Any) -> "Value":
        return self._with("Div", other)

    def __rtruediv__(self, other: Any) -> "Value":
        return self._with("Div", other, turned=True)

    def __pow__(self, other: Any) -> "Value":
        return self._with("Pow", other)

    def __matmul__(self, other: Any) -> "Value":
        return self._with("MatMul", other)

    def __neg__(self) -> "Value":
        return self.graph.node("Neg", self)

    def __abs__(self) -> "Value":
        return self.graph.node("Abs", self)

    def __eq__(self, other: object) -> "Value":  # type: ignore[override]
        """1 where they are equal, and 0 elsewhere, as NumPy counts truth in a sum."""
        return self.graph.node("Cast", self._with("Equal", other), to=onnx.TensorProto.FLOAT)

    def __getitem__(self, index: Any) -> "Value":
        """Part of the last dimension, `x[..., a:b]`, or one more of them, `x[..., None]`."""
        if isinstance(index, tuple) and len(index) == 2 and index[0] is ...:
            part = index[1]
            if part is None:
                return self.graph.node("Unsqueeze", self, np.array([-1]))
            if isinstance(part, slice) and part.step is None:
                begin = np.array([part.start or 0])
                end = np.array([LAST if part.stop is None else part.stop])
                return self.graph.node("Slice", self, begin, end, np.array([-1]))
        raise TypeError(f"ONNX export knows x[..., a:b] and x[..., None], not x[{index!r}]")

    def chunk(self, count: int, dimension: int) -> list["Value"]:
        """Return equal parts of a dimension, as torch's `chunk`."""
        return self.graph.nodes("Split", self, results=count, num_outputs=count, axis=dimension)

    def clip(self, least: float, most: float) -> "Value":
        """Return the value with its numbers bounded."""
        return self.graph.node("Clip", self, least, most)

    def logaddexp(self, other: "Value") -> "Value":
        """Return log(exp(self) + exp(other)), as torch's `logaddexp`."""
        return self.graph.node("Softplus", self - other) + other

    def amax(self, dimension: int, keepdim: bool = False) -> "Value":
        """Return the largest numbers of a dimension."""
        return self._reduced("ReduceMax", dimension, keepdim)

    def mean(self, dimension: int, keepdim: bool = False) -> "Value":
        """Return the means of a dimension."""
        return self._reduced("ReduceMean", dimension, keepdim)

    def sum(self, dimension: int, keepdim: bool = False) -> "Value":
        """Return the sums of a dimension."""
        return self._reduced("ReduceSum", dimension, keepdim)

    def _reduced(self, operator: str, dimension: int, keepdim: bool) -> "Value":
        return self.graph.node(operator, self, np.array([dimension]), keepdims=int(keepdim))
