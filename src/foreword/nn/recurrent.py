"""Recurrent layers with torch's calling conventions, run by the kernels. Knows no words."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from foreword.cells.cell import OptionValue
from foreword.cells.registry import cell_for
from foreword.cells.rnn import ElmanCell
from foreword.kernels import dispatch
from foreword.kernels.native import Stack
from foreword.kernels.problem import Extras, Problem, Run
from foreword.nn import names, sequence, symbolic
from foreword.nn.arguments import (
    autocast_dtype,
    check_dimensions,
    check_input,
    check_sizes,
    check_state,
    check_weight,
    is_autocast,
    keep_mask,
)
from foreword.nn.dropout import QUIET, Noise, drop_connect, dropout, locked_dropout
from foreword.nn.layout import Direction, Layout
from foreword.nn.trace import LayerTrace, Trace

State = tuple[Tensor, ...]
Hidden = Tensor | State
"""A state as torch has it: h alone, or (h, c)."""


class Recurrent(nn.Module):
    """Any cell in torch's layers: stacked, in one or both directions, with or without projection.

    Arguments, parameters and their names, inputs, outputs and errors are those of
    `torch.nn.LSTM`, whatever the cell; `RNN`, `LSTM` and `GRU` have the signatures of their
    namesakes. T steps, B sequences, I inputs, H hidden units, P their projection or H, L layers, D
    directions.

    Args:
        cell: a name of `foreword.cells.registry.NAMES`.
        input_size: I.
        hidden_size: H.
        num_layers: L.
        bias: whether there are `bias_ih` and `bias_hh`.
        batch_first: whether inputs and outputs are (B, T, ...). States never are.
        dropout: on the outputs of all layers but the last, while training.
        bidirectional: also reads sequences backwards.
        proj_size: P; 0 for none (Sak et al. 2014).
        device: of the parameters.
        dtype: of the parameters.
        forget_bias: the initial sum of the forget gate's biases (Gers et al. 2000; Jozefowicz et
            al. 2015). None leaves them random, as torch does.
        noise: further kinds of dropout.
        skip: outputs are the sum of all layers' outputs, not the last one's alone: with h_l, t the
            output of layer l at step t, y_t = h_1,t + ... + h_L,t (Melis, Dyer & Blunsom 2018, "On
            the state of the art of evaluation in neural language models", section 3). Dropout acts
            between layers, not on the sum.
        generator: of the initial weights and the masks; None is torch's global one.
        **options: of the cell: `nonlinearity` of the Elman cell, `reset_after` of the GRU, `rounds`
            and `rank` of the Mogrifier LSTM, `cell_clip` of LSTMs. Each cell's `options` say what
            they do and which values they may have.
    """

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        forget_bias: float | None = None,
        noise: Noise | None = None,
        skip: bool = False,
        generator: torch.Generator | None = None,
        **options: OptionValue,
    ) -> None:
        super().__init__()
        check_sizes(input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size)
        self.cell = cell_for(cell, projected=proj_size > 0, **options)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self.forget_bias = forget_bias
        self.noise = noise or Noise()
        self.skip = skip
        self.generator = generator
        if self.noise.memory > 0 and "c" not in self.cell.states:
            raise ValueError(f"{cell} has no memory c that could be dropped")
        self._stack = Stack(
            self.cell, input_size, hidden_size, num_layers, bias=bias, proj_size=proj_size
        )
        for suffix, inputs in self._suffixes_and_inputs():
            for name, shape in self.cell.parameter_shapes(inputs, hidden_size, proj_size).items():
                if bias or not name.startswith("bias_"):
                    value = torch.empty(shape, device=device, dtype=dtype)
                    self.register_parameter(name + suffix, nn.Parameter(value))
        self.reset_parameters()

    def _suffixes_and_inputs(self) -> Iterator[tuple[str, int]]:
        """The suffix of the parameters' names and the input size, for each layer and direction."""
        directions = ("", "_reverse") if self.bidirectional else ("",)
        inputs = self.input_size
        for layer in range(self.num_layers):
            for direction in directions:
                yield f"_l{layer}{direction}", inputs
            inputs = len(directions) * (self.proj_size or self.hidden_size)

    def reset_parameters(self) -> None:
        """Initial values that the cell defines; otherwise uniform in +-1/sqrt(H), as in torch."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                begin = self.cell.begins.get(name.rpartition("_l")[0])
                if begin is None:
                    parameter.uniform_(-bound, bound, generator=self.generator)
                elif callable(begin):
                    parameter.copy_(begin(parameter.uniform_(generator=self.generator)))
                else:
                    parameter.fill_(begin)
            if self.forget_bias is not None and self.bias:
                for suffix, _ in self._suffixes_and_inputs():
                    self._set_forget_bias(suffix, self.forget_bias)

    def _set_forget_bias(self, suffix: str, value: float) -> None:
        H, cell = self.hidden_size, self.cell
        for name, gates, part in (
            ("bias_ih", cell.gates, value),
            ("bias_hh", cell.recurrent_gates, 0.0),
        ):
            if "f" in gates:
                first = gates.index("f") * H
                self.get_parameter(name + suffix)[first : first + H] = part

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *rest: Any, **more: Any
    ) -> None:
        errors: list[str] = rest[-1] if rest else more["error_msgs"]
        for name, _ in self.named_parameters(recurse=False):
            given = state_dict.get(prefix + name)
            if isinstance(given, Tensor) and not given.is_meta and bool(given.isnan().any()):
                errors.append(
                    f"{prefix}{name} of the shape {tuple(given.shape)} holds "
                    f"{int(given.isnan().sum())} NaN: it was saved after training diverged"
                )
        super()._load_from_state_dict(state_dict, prefix, *rest, **more)

    @property
    def cell_clip(self) -> float:
        """The largest |c|; 0 if it is unlimited, or if the cell has no c."""
        return self.cell.cell_clip

    @property
    def all_weights(self) -> list[list[nn.Parameter]]:
        """Each layer's and direction's parameters, as in torch."""
        # Not `named_parameters`, which leaves out one of two tied parameters.
        return [[getattr(self, name) for name in of_layer] for of_layer in self._all_weights]

    @property
    def _first_weight(self) -> Tensor:
        # Not `get_parameter`: `torch.func` and parametrisations replace parameters by tensors.
        weight: Tensor = getattr(self, "weight_ih_l0", None)  # type: ignore[assignment]
        return weight

    @property
    def _flat_weights(self) -> list[nn.Parameter]:
        """As in torch; some code looks for it."""
        return [parameter for weights in self.all_weights for parameter in weights]

    @property
    def _all_weights(self) -> list[list[str]]:
        """Each layer's and direction's parameters by their names, as in torch."""
        shapes = self.cell.parameter_shapes(1, self.hidden_size, self.proj_size)
        return [
            [name + suffix for name in shapes if self.bias or not name.startswith("bias_")]
            for suffix, _ in self._suffixes_and_inputs()
        ]

    @property
    def _flat_weights_names(self) -> list[str]:
        """As in torch; some code looks for it."""
        return [name for of_layer in self._all_weights for name in of_layer]

    @property
    def mode(self) -> str:
        """The mode as in torch: LSTM, GRU, RNN_TANH or RNN_RELU; for other cells their name."""
        if isinstance(self.cell, ElmanCell):
            return f"RNN_{self.cell.nonlinearity.upper()}"
        return self.cell.name.upper()

    def flatten_parameters(self) -> None:
        """Does nothing, since kernels need no flat memory; for code that was written for torch."""

    def __prepare_scriptable__(self) -> nn.Module:
        """Called by `torch.jit.script`, which cannot compile this layer."""
        raise RuntimeError(
            f"torch.jit.script cannot read {names.shown(self)}. torch.jit.trace takes it, for any "
            "length and batch, and so does torch.export; what must be scripted is scripted with "
            "torch's own layer, before foreword.nn.convert"
        )

    def _get_name(self) -> str:
        return names.shown(self)

    def extra_repr(self) -> str:
        """The sizes, and the arguments that differ from their defaults."""
        shown = [str(self.input_size), str(self.hidden_size)]
        if type(self) is Recurrent:
            shown.insert(0, repr(self.cell.name))
        for name, default in (
            ("proj_size", 0),
            ("num_layers", 1),
            ("bias", True),
            ("batch_first", False),
            ("dropout", 0.0),
            ("bidirectional", False),
            ("noise", QUIET),
            ("skip", False),
        ):
            if (value := getattr(self, name)) != default:
                shown.append(f"{name}={value}")
        for name, option in self.cell.options.items():
            if (value := self.cell.chosen[name]) != option.default:
                shown.append(f"{name}={value}")
        return ", ".join(shown)

    def start(self, batch_size: int) -> State:
        """The zero state, (L D, B, size) for each of the cell's states."""
        return self._zeros(self._first_weight, batch_size)

    def _zeros(self, like: Tensor, batch: int) -> State:
        return tuple(like.new_zeros(shape) for shape in self._state_shapes(batch))

    def _state_shapes(self, batch: int) -> list[tuple[int, int, int]]:
        rows = self.num_layers * (2 if self.bidirectional else 1)
        sizes = self.cell.state_sizes(self.hidden_size, self.proj_size)
        return [(rows, batch, size) for size in sizes]

    def forward(
        self,
        input: Tensor | PackedSequence,  # noqa: A002, torch's name
        hx: Hidden | None = None,
        *,
        lengths: Tensor | list[int] | None = None,
        reset: Tensor | None = None,
        return_trace: bool = False,
    ) -> Any:
        """Hidden states of the last layer, and the state of all layers after the last step.

        Args:
            input: (T, B, I); (B, T, I) if `batch_first`; (T, I) without a batch; or packed.
            hx: h of the shape (L D, B, P), or (h, c) with c (L D, B, H), by the cell's states;
                without a batch, without B. None is zero.
            lengths: (B,), steps of each sequence of a padded batch. Inputs beyond are not read,
                outputs there are 0, and the last state is that after the sequence's last step.
            reset: as the input without its last dimension; true where the state is set to zero
                before that step, because a new sequence begins there. When reading backwards, the
                state is reset at the same boundaries.
            return_trace: also return the gates and states of all steps.

        Returns:
            Outputs (T, B, D P), laid out as the input; the last state, as `hx`; and, if asked for,
            a `Trace`.

        Raises:
            ValueError, RuntimeError: as torch does; for lengths and resets, with both shapes.
        """
        if lengths is None and reset is None and not return_trace:
            short = self._at_inference(input, hx)
            if short is not None:
                return short
        proxy = symbolic.proxy_among(input, hx, lengths, reset)
        if proxy is not None:
            more = {"lengths": lengths, "reset": reset, "return_trace": return_trace}
            return symbolic.recorded(self, proxy, (input, hx), **more)
        if isinstance(input, PackedSequence):
            if lengths is not None:
                raise ValueError("a packed sequence has its lengths already: leave lengths= out")
            if reset is not None or return_trace:
                raise ValueError(
                    "reset= and return_trace= need a padded input: pass lengths= with it"
                )
            return self._packed(input, hx)
        layout = self._layout(input, hx)
        x = layout.inputs(input)
        state = self._checked_state(hx, layout, x)
        steps, batch = x.shape[:2]
        checked_lengths = (
            None if lengths is None else sequence.checked_lengths(lengths, steps, batch)
        )
        keep = None if reset is None else keep_mask(layout.mask(reset), x)
        outputs, last, trace = self._run(
            x, state, checked_lengths, keep, layout if return_trace else None
        )
        result = layout.outputs(outputs), self._as_hidden(layout.states(last))
        return (*result, trace) if return_trace else result

    def _at_inference(self, x: Tensor | PackedSequence, hx: Hidden | None) -> Any:
        """`forward` for the commonest calls at inference, by a shorter way; None for all others."""
        if torch.compiler.is_compiling() or torch.is_grad_enabled() or type(x) is not Tensor:
            return None
        noise = self.noise
        if (
            self.bidirectional
            or self.skip
            or (self.training and (self.dropout > 0 or noise != QUIET))
            or x.dim() != 3
            or x.shape[2] != self.input_size
        ):
            return None
        steps_first = x.transpose(0, 1) if self.batch_first else x
        state: State | None = None
        if hx is not None:
            state = (hx,) if isinstance(hx, Tensor) else tuple(hx)
            batch = steps_first.shape[1]
            expected = self._stack.states if batch == 1 else self._state_shapes(batch)
            if [part.shape for part in state] != expected:
                return None
        zones = noise.zoneout_hidden, noise.zoneout_memory
        result = dispatch.at_inference(self._stack, steps_first, state, self._parameters, zones)
        if result is None:
            return None
        y, last = result
        return y.transpose(0, 1) if self.batch_first else y, last if len(last) > 1 else last[0]

    def _packed(self, packed: PackedSequence, hx: Hidden | None) -> tuple[PackedSequence, Hidden]:
        check_input(packed.data, self._first_weight, self.input_size, dimensions=2)
        x, lengths = sequence.unpack(packed)
        order, back = packed.sorted_indices, packed.unsorted_indices
        state = self._checked_state(hx, Layout(batched=True, batch_first=False), x)
        if hx is not None and order is not None:
            state = tuple(part.index_select(1, order) for part in state)
        outputs, last, _ = self._run(x, state, lengths, None, None, is_packed=True)
        if back is not None:
            last = tuple(part.index_select(1, back) for part in last)
        return sequence.repack(outputs, packed), self._as_hidden(last)

    def _layout(self, x: Tensor, hx: Hidden | None) -> Layout:
        parts = () if hx is None else hx if isinstance(hx, tuple | list) else (hx,)
        check_dimensions(type(self).__name__, x, parts)
        check_input(x, self._first_weight, self.input_size, dimensions=x.dim())
        return Layout(x.dim() == 3, self.batch_first)

    def _checked_state(self, hx: Hidden | None, layout: Layout, x: Tensor) -> State:
        """As (L D, B, size) each, in x's dtype."""
        batch = x.shape[1]
        if hx is None:
            return self._zeros(x, batch)
        given = tuple(hx) if isinstance(hx, tuple | list) else (hx,)
        if len(given) != len(self.cell.states):
            raise RuntimeError(
                f"hx should have {len(self.cell.states)} parts ({', '.join(self.cell.states)}), "
                f"got {len(given)}"
            )
        state = given if layout.batched else tuple(part.unsqueeze(1) for part in given)
        check_state(state, self._state_shapes(batch), x)
        return state

    def _as_hidden(self, state: State) -> Hidden:
        return state if len(self.cell.states) > 1 else state[0]

    def _run(
        self,
        x: Tensor,
        state: State,
        lengths: Tensor | None,
        keep: Tensor | None,
        traced: Layout | None,
        *,
        is_packed: bool = False,
    ) -> tuple[Tensor, State, Trace | None]:
        """All layers over x (T, B, I)."""
        if x.shape[0] == 0:  # not len: traced as a number
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        if lengths is not None:
            lengths = lengths.to(x.device)
        low = precision = autocast_dtype(x)
        if low is not None and self._stays_in_float32(x, state, is_packed):
            precision = torch.float32
        if precision is not None:
            x, state = x.to(precision), tuple(part.to(precision) for part in state)
        after: list[State] = []
        layers: list[LayerTrace] = []
        handles: list[Any] = []
        layouts: list[Any] = []
        total: Tensor | None = None
        directions = (False, True) if self.bidirectional else (False,)
        for layer in range(self.num_layers):
            if layer > 0:
                drop = locked_dropout if self.noise.locked else dropout
                x = drop(x, self.dropout, self.training, self.generator)
            outputs = []
            for is_reverse in directions:
                row = layer * len(directions) + is_reverse
                before = tuple(part[row] for part in state)
                suffix = f"_l{layer}{'_reverse' if is_reverse else ''}"
                weights = self._weights(suffix, x, precision)
                direction = Direction(is_reverse, lengths)
                run = self._over_time(direction, x, before, weights, keep, traced is not None)
                outputs.append(direction.reordered(run.outputs))
                after.append(run.last)
                if traced is not None:
                    layers.append(self._traced(layer, direction, run, traced))
                    handles.append(run.handles)
                    layouts.append(
                        lambda s, direction=direction: traced.outputs(direction.reordered(s))
                    )
            x = outputs[0] if len(outputs) == 1 else torch.cat(outputs, 2)
            if self.skip:
                total = x if total is None else total + x
        last = tuple(torch.stack(parts) for parts in zip(*after, strict=True))
        y = x if total is None else total
        if low is not None and self.cell.projected:
            y, last = y.to(low), (last[0].to(low), *last[1:])
        trace = None
        if traced is not None:
            trace = Trace(tuple(layers), tuple(handles), tuple(layouts))
        return y, last, trace

    def _stays_in_float32(self, x: Tensor, state: State, is_packed: bool) -> bool:
        """Whether torch's layer, under autocast on a CPU, rounds only the factors of products.

        Its GRU, its packed and its projected LSTM do: their states stay float32 if they are at
        first.
        """
        if x.device.type != "cpu" or any(part.dtype != torch.float32 for part in state):
            return False
        name = self.cell.name
        return name == "gru" or (name == "lstm" and (is_packed or self.cell.projected))

    def _over_time(
        self,
        direction: Direction,
        x: Tensor,
        before: State,
        weights: Mapping[str, Tensor],
        keep: Tensor | None,
        traced: bool,
    ) -> Run:
        seen = before[self.cell.recurrent_state]
        masks = self.noise.masks(x, before, seen, training=self.training, generator=self.generator)
        extras = Extras(direction.keep(keep), *masks, direction.lengths, traced, traced)
        problem = Problem(self.cell, direction.reordered(x), before, weights, extras)
        if not is_autocast(x.device):
            return dispatch.run(problem)
        # If states stay in float32, only the products have autocast's precision.
        is_rounded = x.dtype == torch.float32 and autocast_dtype(x) == torch.bfloat16
        products = "bfloat16" if is_rounded else None
        with torch.autocast(x.device.type, enabled=False), dispatch.use(products=products):
            return dispatch.run(problem)

    def _traced(self, layer: int, direction: Direction, run: Run, layout: Layout) -> LayerTrace:
        assert run.states is not None
        assert run.gates is not None
        named = dict(zip(self.cell.states, run.states, strict=True))
        return LayerTrace(
            layer,
            direction.is_reverse,
            {name: layout.outputs(direction.reordered(part)) for name, part in named.items()},
            {name: layout.outputs(direction.reordered(part)) for name, part in run.gates.items()},
        )

    def _weights(
        self, suffix: str, x: Tensor, precision: torch.dtype | None
    ) -> Mapping[str, Tensor]:
        """One layer's parameters in one direction, for x; under autocast in its precision."""
        shapes = self.cell.parameter_shapes(x.shape[2], self.hidden_size, self.proj_size)
        dtype, device = x.dtype, x.device
        weights: dict[str, Tensor] = {}
        absent: list[str] = []
        # Each is read once, since a parametrised one is computed again on every access.
        for name, shape in shapes.items():
            if not self.bias and name.startswith("bias_"):
                absent.append(name)
                continue
            weight: Any = getattr(self, name + suffix)
            is_tensor = isinstance(weight, Tensor)
            fits = is_tensor and weight.shape == shape and weight.dtype is dtype
            if not fits or weight.device != device:
                check_weight(name + suffix, weight, shape, x, is_cast=precision is not None)
            weights[name] = weight
        for name in absent:
            weights[name] = weights["weight_ih"].new_zeros(shapes[name])
        if "weight_hh" in weights:  # some cells do not use their state
            weights["weight_hh"] = drop_connect(
                weights["weight_hh"], self.noise.weight, self.training, self.generator
            )
        if precision is not None:
            weights = {name: weight.to(precision) for name, weight in weights.items()}
        return weights
