"""The structs that the compiled kernels read, by the names of their fields.

`native/kernels.hpp`, `staged.hpp` and `step.hpp` say what each field means. The module lists the
names that it reads, in their order; `check` compares them with these when the module is loaded. An
absent tensor is None. A float is passed as its bits (`module.bits`).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, get_type_hints

from torch import Tensor


class Sizes(NamedTuple):
    """T steps of B sequences of H units, and where the rows of those that end early are."""

    T: int
    B: int
    H: int
    begins: Tensor | None = None
    idle: int = 0
    places: Tensor | None = None


class Masks(NamedTuple):
    """Changes to a state between two steps."""

    keep: Tensor | None
    drop_hidden: Tensor | None
    drop_memory: Tensor | None


class Input(NamedTuple):
    """The inputs of a layer."""

    inputs: int
    x: Tensor
    weight_ih: Tensor
    bias: Tensor


class InputBack(NamedTuple):
    """The tensors from which its gradients are computed."""

    inputs: int
    weight_ih: Tensor
    d_x: Tensor


class Packed(NamedTuple):
    """Memory for packed weights; without it, they are packed for one call."""

    packed: Tensor | None = None
    is_packed: bool = False


class Forward(NamedTuple):
    """A cell over time."""

    sizes: Sizes
    cell: int
    clip: int
    keeps: bool
    masks: Masks
    input: Input
    weight_hh: Tensor
    peepholes: Tensor | None
    bias_n: Tensor | None
    gates: Tensor
    h: Tensor
    c: Tensor | None
    seen: Tensor
    before: Tensor
    tanh_c: Tensor | None
    inner: Tensor | None
    outputs: Tensor | None
    packed: Packed


class Back(NamedTuple):
    """The backward pass."""

    sizes: Sizes
    cell: int
    clip: int
    carries: bool
    masks: Masks
    input: InputBack
    weight_hh: Tensor
    peepholes: Tensor | None
    gates: Tensor
    c: Tensor | None
    before: Tensor | None
    tanh_c: Tensor | None
    inner: Tensor | None
    d_h: Tensor | None
    d_c: Tensor | None
    d_last_h: Tensor | None
    d_last_c: Tensor | None
    d_gates: Tensor
    d_past: Tensor
    d_states_h: Tensor | None
    d_states_c: Tensor | None
    d_first_h: Tensor
    d_first_c: Tensor | None
    d_peepholes: Tensor | None


class Form(NamedTuple):
    """A cell whose steps have stages."""

    sizes: Sizes
    cell: int
    projected: int
    clip: int
    masks: Masks
    zone_hidden_row: int
    zone_hidden: Tensor | None
    zone_memory_row: int
    zone_memory: Tensor | None
    weight_hh: Tensor
    peepholes: Tensor | None
    bias_n: Tensor | None
    weight_hr: Tensor | None
    norm_ih: Tensor | None
    bias_ih: Tensor | None
    norm_hh: Tensor | None
    bias_hh: Tensor | None
    norm_c: Tensor | None
    bias_c: Tensor | None


class Made(NamedTuple):
    """The results of such steps that the backward pass needs."""

    gates: Tensor
    past: Tensor
    hat_input: Tensor | None
    hat_memory: Tensor | None
    scales: Tensor | None
    fresh: Tensor | None
    tanh_c: Tensor | None
    units: Tensor | None
    h: Tensor
    c: Tensor | None
    seen: Tensor


class Staged(NamedTuple):
    """The same over time."""

    form: Form
    input: Input
    keeps: bool
    made: Made
    outputs: Tensor | None
    packed: Packed


class StagedBack(NamedTuple):
    """The backward pass."""

    form: Form
    input: InputBack
    made: Made
    d_h: Tensor | None
    d_c: Tensor | None
    d_shown: Tensor | None
    d_last_h: Tensor | None
    d_last_c: Tensor | None
    d_gates: Tensor
    d_input: Tensor
    d_past: Tensor
    d_tanh: Tensor | None
    d_outputs: Tensor | None
    d_states_h: Tensor | None
    d_states_c: Tensor | None
    d_first_h: Tensor | None
    d_first_c: Tensor | None
    d_bias: Tensor | None
    d_bias_past: Tensor | None
    d_gain_input: Tensor | None
    d_gain_past: Tensor | None
    d_gain_memory: Tensor | None
    d_bias_memory: Tensor | None
    d_peepholes: Tensor | None


class Sums(NamedTuple):
    """Gradients with respect to weights."""

    M: int
    K: int
    a: Tensor
    a_row: int
    N: int
    b: Tensor
    b_rows: Tensor | None
    c: Tensor
    other_n: int
    other_b: Tensor | None
    other_rows: Tensor | None
    other_c: Tensor | None
    totals: Tensor | None


class Softmax(NamedTuple):
    """Cross-entropy of rows of logits, and its gradients."""

    rows: int
    V: int
    logits: Tensor
    bias: Tensor
    targets: Tensor
    scales: Tensor
    losses: Tensor
    d_bias: Tensor


class Ranks(NamedTuple):
    """How well rows of logits predict their targets."""

    rows: int
    V: int
    left_out: int
    logits: Tensor
    targets: Tensor
    losses: Tensor
    above: Tensor


class Step(NamedTuple):
    """One step of one sequence through some layers; then a `StepLayer` for each."""

    cell: int
    clip: int
    layers: int
    H: int
    inputs: int
    is_staged: bool
    projected: int
    zone_hidden: int = 0
    zone_memory: int = 0
    x: Tensor | None = None
    h: Tensor | None = None
    c: Tensor | None = None
    outputs: Tensor | None = None
    h_after: Tensor | None = None
    c_after: Tensor | None = None


class StepLayer(NamedTuple):
    """A layer's weights in their own memory."""

    inputs: int
    weight_ih: Tensor | None
    weight_hh: Tensor | None
    bias_ih: Tensor | None
    bias_hh: Tensor | None
    weight_peephole: Tensor | None
    weight_hr: Tensor | None
    norm_ih: Tensor | None
    norm_hh: Tensor | None
    norm_c: Tensor | None
    bias_c: Tensor | None


class Layers(NamedTuple):
    """Some steps through some layers; then a `PackedLayer` for each."""

    cell: int
    clip: int
    layers: int
    T: int
    B: int
    H: int
    inputs: int
    x: Tensor
    h: Tensor | None
    c: Tensor | None
    states: Tensor | None
    outputs: Tensor
    h_after: Tensor
    c_after: Tensor


class PackedLayer(NamedTuple):
    """A layer's packed weights, and the weights from which they are packed."""

    inputs: int
    weight_ih: Tensor
    weight_hh: Tensor
    weight_peephole: Tensor | None
    bias: Tensor
    bias_n: Tensor | None
    packed: Tensor
    is_packed: bool


_STRUCTS: dict[str, type[tuple[Any, ...]]] = {
    "forward": Forward,
    "back": Back,
    "staged": Staged,
    "staged_back": StagedBack,
    "sums": Sums,
    "softmax": Softmax,
    "ranks": Ranks,
    "step": Step,
    "step_layer": StepLayer,
    "layers": Layers,
    "packed_layer": PackedLayer,
}


def values(struct: tuple[Any, ...]) -> Iterator[Any]:
    """The names of all fields; those of inner structs are in their place."""
    for value in struct:
        if isinstance(value, tuple):
            yield from values(value)
        else:
            yield value


def names(struct: type[tuple[Any, ...]]) -> list[str]:
    """The names of the fields that `values` gives the values of."""
    flat: list[str] = []
    for name, kind in get_type_hints(struct).items():
        is_struct = isinstance(kind, type) and issubclass(kind, tuple)
        flat += names(kind) if is_struct else [name]
    return flat


def check(listed: list[tuple[str, list[str]]]) -> None:
    """Compares the names with those that the module lists.

    Raises:
        RuntimeError: the module was built from another version of this code.
    """
    read = dict(listed)
    for name in _STRUCTS.keys() | read.keys():
        ours, theirs = names(_STRUCTS[name]) if name in _STRUCTS else [], read.get(name, [])
        if ours != theirs:
            differing = [pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1]]
            first = f", first at {differing[0]}" if differing else ""
            raise RuntimeError(
                f"the compiled module foreword._native reads other fields of {name!r} than this "
                f"version gives ({len(ours)} here, {len(theirs)} there{first}). Build it again: "
                "pip install --editable ."
            )
