"""The arguments of the native kernels, made from a problem's tensors; see `structs`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor

from foreword.cells.cell import Cell
from foreword.cells.gru import GRUCell
from foreword.cells.layer_norm import LayerNormGRUCell, LayerNormLSTMCell
from foreword.cells.lstm import CoupledLSTMCell, LSTMCell
from foreword.cells.peephole import PeepholeLSTMCell, PeepholeOnlyLSTMCell
from foreword.cells.rnn import ElmanCell
from foreword.cells.scale_invariant import ScaleInvariantCoupledLSTMCell
from foreword.kernels.inputs import Inputs
from foreword.kernels.native import packed
from foreword.kernels.native.memory import Rows, empty
from foreword.kernels.native.module import Products, codes
from foreword.kernels.native.steps import Steps
from foreword.kernels.native.structs import Input, InputBack, Masks, Packed

NAMES: dict[type[Cell], str] = {
    LSTMCell: "lstm",
    LayerNormLSTMCell: "lstm",
    PeepholeLSTMCell: "lstm-peephole",
    PeepholeOnlyLSTMCell: "lstm-peephole-only",
    CoupledLSTMCell: "lstm-coupled",
    GRUCell: "gru",
    LayerNormGRUCell: "gru",
    ElmanCell: "rnn",
    ScaleInvariantCoupledLSTMCell: "si-cifg",
}
"""The cells that have loops in C++, by the names of their equations there (`native/cells`)."""


WHOLE_ROWS = frozenset({LayerNormLSTMCell, LayerNormGRUCell, ScaleInvariantCoupledLSTMCell})
"""Those of them whose gates depend on all units of a sequence; only the staged loops run them."""


def code_of(cell: Cell) -> int:
    """The index of a cell's equations among all of them."""
    name = NAMES[type(cell)]
    if not getattr(cell, "reset_after", True):
        name = "gru-reset-before"
    if getattr(cell, "nonlinearity", "tanh") == "relu":
        name = "rnn-relu"
    return codes()[name]


class Given(NamedTuple):
    """Gradients with respect to the outputs.

    Attributes:
        h: with respect to the outputs (T, B, H), in the caller's layout.
        c: with respect to the memories, (N, H).
        last_h, last_c: with respect to the last states, (B, H), if there are lengths.
    """

    h: Tensor | None
    c: Tensor | None = None
    last_h: Tensor | None = None
    last_c: Tensor | None = None


def input_of(i: Inputs, bias: Tensor) -> Input:
    """The inputs of a layer."""
    return Input(i.x.shape[2], i.x.contiguous(), i.weight_ih.contiguous(), bias)


def input_back_of(i: Inputs, d_x: Tensor) -> InputBack:
    """The tensors from which its gradients are computed."""
    return InputBack(i.x.shape[2], i.weight_ih.contiguous(), d_x)


def inputs_of(i: Inputs, steps: Steps) -> Rows:
    """The inputs of all steps."""
    order = steps.order
    return Rows(i.x.contiguous(), None if order is None else order.places)


def seen_of(seen: Tensor, steps: Steps, is_apart: bool) -> Rows:
    """The vectors that the recurrent weight multiplied, usually the states themselves."""
    order = steps.order
    return Rows(seen, None if is_apart or order is None else order.befores)


def masks_of(i: Inputs, steps: Steps) -> Masks:
    """Changes to a state between two steps."""
    masks = steps.packed(i.keep), steps.in_order(i.drop_hidden), steps.in_order(i.drop_memory)
    return Masks(*map(whole, masks))


def whole(part: Any) -> Any:
    """The tensor as a contiguous one; None if there is none."""
    return None if part is None else part.contiguous()


def masks_hidden(i: Inputs, sees_c: bool) -> bool:
    """Whether the recurrent weight multiplies something other than the state itself."""
    memory = sees_c and i.drop_memory is not None
    return i.keep is not None or i.drop_hidden is not None or memory


def changes_memory(i: Inputs) -> bool:
    """Whether an LSTM's memory is changed between two steps."""
    return i.keep is not None or i.drop_memory is not None


@contextmanager
def packed_for(
    products: Products, cell: Cell, i: Inputs, keeps: bool
) -> Iterator[tuple[Tensor, Tensor | None, Packed]]:
    """The biases, and memory for the weights; not shared if it saves for a backward pass."""
    weights = i.weight_ih, i.weight_hh, i.bias_ih, i.bias_hh, i.weight_hr
    known = None if keeps else packed.find(weights, cell, products, i.x.shape[1])
    if known is None:
        yield *packed.add_up(cell, i.bias_ih, i.bias_hh), Packed()
        return
    yield *known.biases, Packed(known.memory, known.is_there)
    if not known.is_there:
        packed.keep(known, weights, cell, products, i.x.shape[1])


def room_for_gates(steps: Steps, gates: int, H: int, keeps: bool) -> Tensor:
    """Rows of all steps, or of as many steps as are computed at once."""
    return empty(steps.rows if keeps else steps.most_rows_at_once, gates, H)


def room_for_outputs(i: Inputs, steps: Steps, H: int) -> Tensor | None:
    """If there are lengths, the caller's outputs are not in the same memory as the states."""
    return None if steps.order is None else empty(*i.x.shape[:2], H)


def with_first(first: Tensor, steps: Steps) -> Tensor:
    """Memory for a state before the first step, which is filled in, and after each step."""
    states = empty(steps.B + steps.rows, first.shape[1])
    if steps.order is None:
        states[: steps.B] = first
    else:
        torch.index_select(first, 0, steps.order.order, out=states[: steps.B])
    return states


def shown(
    states: list[Tensor],
    gates: Tensor,
    outputs: Tensor | None,
    x: Tensor,
    steps: Steps,
    *,
    keeps: bool,
    shows: bool,
) -> list[Any]:
    """The results for the caller: states, gates, and with lengths each sequence's last states.

    Args:
        states: each part before the first step, (B, size), then after each step, (N, size).
        gates: (N, n, H); not valid unless they were saved.
        outputs: the hidden states (T, B, P) in the caller's layout, if there are lengths.
        x: the inputs (T, B, I).
        steps: which rows belong to which step.
        keeps: whether there is a backward pass.
        shows: whether memories and gates are also returned if there are lengths.
    """
    after = [part[steps.B :] for part in states]
    if steps.order is None:
        whole_states = [steps.padded(part, steps.T) for part in after]
        return [*whole_states, steps.padded(gates, steps.T) if keeps else gates]
    last = [part.index_select(0, steps.order.ends) for part in states]
    others = [steps.padded(part, len(x)) if shows else None for part in after[1:]]
    padded = steps.padded(gates, len(x)) if shows and keeps else None
    return [outputs, *others, padded, *last]
