"""The short way into the loops, for layers of which no gradient is needed.

A step of a small layer takes microseconds, and so does every tensor that is made and every check.
So there are few of both here: no masks, no lengths, nothing saved, and one call for all layers. One
step of one sequence in float32 reads each weight once, in place; all other calls use cached packed
weights.
"""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from foreword.cells.cell import Cell, State
from foreword.kernels.native import door, packed
from foreword.kernels.native.arguments import WHOLE_ROWS, code_of
from foreword.kernels.native.loops import has_loop, possible_for, products_chosen
from foreword.kernels.native.memory import empty
from foreword.kernels.native.module import FORMATS, Products, bits, loaded, threads_for
from foreword.kernels.native.structs import Step, StepLayer

_STEP = {name: k for k, name in enumerate(Step._fields)}
_NAMES = StepLayer._fields[1:]
"""A layer's parameters."""

Weights = tuple[Tensor | None, ...]
"""The parameters of one layer, in the order of `_NAMES`."""


class Stack:
    """Layers of one cell that read in one direction: everything that does not depend on tensors.

    Args:
        cell: the cell of all layers.
        input_size: that of the first layer.
        hidden_size: that of each layer.
        num_layers: their number.
        bias: whether they have biases.
        proj_size: that of their projections; 0 if there are none.

    Attributes:
        states: each part's shape for one sequence.
        has_stages: whether a step has stages; see `native/staged.hpp`. With zoneout it always has.
        has_loop: whether there is a native loop for the cell.
        inputs: each layer's.
        is_apart: whether the candidate has a matrix product of its own; such a step has no stages.
        by_state, by_input: multiplications of a step in the largest layer.
    """

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        *,
        bias: bool,
        proj_size: int = 0,
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.proj_size = proj_size
        sizes = cell.state_sizes(hidden_size, proj_size)
        self.states = [(num_layers, 1, size) for size in sizes]
        self.has_stages = cell.projected or type(cell) in WHOLE_ROWS
        self.has_loop = has_loop(cell)
        self.is_apart = not getattr(cell, "reset_after", True)
        self.inputs = (input_size, *(sizes[0],) * (num_layers - 1))
        rows = len(cell.gates) * hidden_size
        self.by_state, self.by_input = rows * hidden_size, rows * max(self.inputs)
        self._parameters: list[list[tuple[int, str, int]]] = []
        for layer, inputs in enumerate(self.inputs):
            shapes = cell.parameter_shapes(inputs, hidden_size, proj_size)
            present = [n for n in shapes if bias or not n.startswith("bias_")]
            self._parameters.append(
                [
                    (_NAMES.index(name), f"{name}_l{layer}", 4 * math.prod(shapes[name]))
                    for name in present
                    if name in _NAMES
                ]
            )

    @cached_property
    def step(self) -> list[Any]:
        """The fields of a `Step` that depend on neither tensors nor zoneout."""
        fields = Step(
            cell=code_of(self.cell),
            clip=bits(self.cell.cell_clip),
            layers=len(self.inputs),
            H=self.hidden_size,
            inputs=self.inputs[0],
            is_staged=self.has_stages,
            projected=self.proj_size,
        )
        return [*fields]

    def weights(self, parameters: Mapping[str, Tensor | None]) -> list[Weights] | None:
        """The parameters of each layer; None if one is missing or not a plain tensor.

        Dtype, device, shape and memory are checked in C++, which takes less time.

        Args:
            parameters: those of a module; parametrised ones are not among them.
        """
        unpacked: list[Weights] = []
        for named in self._parameters:
            of_layer: list[Tensor | None] = [None] * len(_NAMES)
            for offset, name, nbytes in named:
                weight = parameters.get(name)
                kind = type(weight)
                if weight is None or (kind is not Parameter and kind is not Tensor):
                    return None
                # Most have a storage of their own, which is faster to check.
                is_alone = weight.untyped_storage().nbytes() == nbytes
                is_alone = is_alone and not weight.storage_offset() and not weight.is_neg()
                if not is_alone and not door.is_whole(weight):
                    return None
                of_layer[offset] = weight
            unpacked.append(tuple(of_layer))
        return unpacked


def at_inference(
    stack: Stack,
    x: Tensor,
    state: State | None,
    parameters: Mapping[str, Tensor | None],
    zones: tuple[float, float] = (0.0, 0.0),
) -> tuple[Tensor, State] | None:
    """The outputs and the last state, or None for the long way; see `dispatch.at_inference`."""
    module: Any = loaded()
    if module is None or not stack.has_loop or x.dtype is not torch.float32 or not x.is_cpu:
        return None
    T, B, _ = x.shape
    if T == 0 or B == 0:
        return None
    has_zones = zones[0] > 0 or zones[1] > 0
    firsts: list[Tensor | None] = [None, None]
    try:
        for k, part in enumerate(state or ()):
            if type(part) is not Tensor or not door.is_whole(part):
                return None
            firsts[k] = part
        x = x.contiguous()
        if not door.is_whole(x) or (weights := stack.weights(parameters)) is None:
            return None
        products = possible_for(products_chosen(), stack.cell, x, firsts[0])
        is_step = T == 1 and B == 1 and products == "float32"
        can = is_step and not (has_zones and stack.is_apart)
        if (stack.has_stages or has_zones) and not can:
            return None
        if is_step:
            return _step(module, stack, x, firsts, weights, zones if has_zones else None)
        return _layers(module, stack, x, firsts, weights, products)
    except (module.Misfit, NotImplementedError):
        # Some tensor has an unexpected dtype or device, perhaps one made here if these are not the
        # defaults. The long way names it in an error, or computes with it.
        return None


def _step(
    module: Any,
    stack: Stack,
    x: Tensor,
    firsts: list[Tensor | None],
    weights: list[Weights],
    zones: tuple[float, float] | None,
) -> tuple[Tensor, State]:
    """One step of one sequence."""
    L = len(weights)
    last = tuple([torch.empty(shape) for shape in stack.states])
    outputs = torch.empty((1, 1, stack.states[0][2]))
    given = stack.step.copy()
    if zones is not None:
        given[_STEP["is_staged"]] = True
        given[_STEP["zone_hidden"]], given[_STEP["zone_memory"]] = map(bits, zones)
    # Passing names would take as long as the rest: the fields from x on, in their order.
    given[_STEP["x"] :] = x, *firsts, outputs, last[0], last[-1]
    for inputs, of_layer in zip(stack.inputs, weights, strict=True):
        given.append(inputs)
        given += of_layer
    module.step(given, threads_for(stack.by_input + stack.by_state, L))
    return outputs, last


def _layers(
    module: Any,
    stack: Stack,
    x: Tensor,
    firsts: list[Tensor | None],
    weights: list[Weights],
    products: Products,
) -> tuple[Tensor, State] | None:
    """All layers, by packed weights."""
    (T, B, _), H, L = x.shape, stack.hidden_size, len(weights)
    layers: list[tuple[packed.Packed, packed.Weights]] = []
    given: list[Any] = []
    for inputs, (weight_ih, weight_hh, bias_ih, bias_hh, peepholes, *_) in zip(
        stack.inputs, weights, strict=True
    ):
        assert weight_ih is not None
        assert weight_hh is not None
        of_layer: packed.Weights = (weight_ih, weight_hh, bias_ih, bias_hh, None)
        known = packed.find(of_layer, stack.cell, products, B)
        if known is None:
            return None
        layers.append((known, of_layer))
        given += (inputs, weight_ih, weight_hh, peepholes, *known.biases)
        given += (known.memory, known.is_there)  # the fields of `PackedLayer`
    h = torch.empty((L, B, H))
    last: State = (h,) if len(stack.states) == 1 else (h, torch.empty((L, B, H)))
    # For one step, the outputs are written twice rather than copied from the states.
    states = None if T == 1 else empty(T + 1, B, H)
    outputs = torch.empty((1, B, H)) if states is None else states[1:]
    # As in `_step`: the fields of `Layers`, in their order.
    head = [*stack.step[:2], L, T, B, H, stack.inputs[0], x, *firsts, states, outputs, h, last[-1]]
    # For one step, the product with the inputs is as large, before the same barrier.
    work = B * (stack.by_state + (stack.by_input if T == 1 else 0))
    module.layers(head + given, FORMATS.index(products), threads_for(work, 2 * T))
    for known, of_layer in layers:
        if not known.is_there:
            packed.keep(known, of_layer, stack.cell, products, B)
    return outputs, last
