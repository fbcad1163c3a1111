"""What torch's layers do not have: lengths, resets, noise, traces, transforms."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import forward_ad
from torch.func import functional_call, grad, jvp, vmap
from torch.nn.functional import layer_norm
from torch.nn.utils.rnn import PackedSequence

from foreword.cells.registry import CELLS, NAMES
from foreword.kernels import portable
from foreword.nn import GRU, LSTM, LayerNormLSTM, Noise, Recurrent, tbptt, use

KINDS: dict[str, Callable[..., Recurrent]] = {
    **{
        name: lambda *a, _name=name, **k: Recurrent(_name, *a, dtype=torch.float64, **k)
        for name in NAMES
    },
    "gru-reset-before": lambda *a, **k: GRU(*a, dtype=torch.float64, reset_after=False, **k),
    "rnn-relu": lambda *a, **k: Recurrent("rnn", *a, dtype=torch.float64, nonlinearity="relu", **k),
}
SHOWING_TANH = (
    "lstm",
    "lstm-peephole",
    "lstm-peephole-only",
    "lstm-coupled",
    "lstm-layernorm",
    "lstm-mogrifier",
)
"""Cells whose h is o * tanh(c) or what `shown` writes, so that c can be moved from outside."""
PROJECTED = [
    "rnn",
    "lstm",
    "lstm-peephole",
    "lstm-coupled",
    "lstm-layernorm",
    "gru-layernorm",
    "gru",
]


IN_THE_GATE = ("lstm", "gru-reset-before", "rnn-relu", "mingru", "sru")
"""One of each way to run: hand-written loops, with and without an option, and a scan over the
equations. What takes seconds for each cell is tested with these; with the others, nightly."""
OTHERS_NIGHTLY = [
    name if name in IN_THE_GATE else pytest.param(name, marks=pytest.mark.nightly) for name in KINDS
]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def draw(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


def parts_of(hidden: Any) -> tuple[Tensor, ...]:
    return hidden if isinstance(hidden, tuple) else (hidden,)


def hidden_for(layer: Recurrent, batch: int) -> Any:
    state = tuple(torch.randn_like(part) for part in layer.start(batch))
    return state if len(state) > 1 else state[0]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_each_sequence_of_a_padded_batch_is_as_if_it_were_alone(
    name: str, bidirectional: bool
) -> None:
    layer = KINDS[name](3, 4, num_layers=2, bidirectional=bidirectional)
    lengths = [5, 2, 0, 3]
    x, hx = draw(5, 4, 3), hidden_for(layer, 4)
    for k, length in enumerate(lengths):
        x[length:, k] = float("nan")  # nobody shall look at it

    outputs, last = layer(x, hx, lengths=torch.tensor(lengths))
    outputs.sum().backward()

    for k, length in enumerate(lengths):
        assert not outputs[length:, k].any()
        before = tuple(part[:, k : k + 1] for part in parts_of(hx))
        if length == 0:
            after = before
        else:
            alone, actual = layer(x[:length, k : k + 1], before)
            torch.testing.assert_close(outputs[:length, k], alone[:, 0])
            after = parts_of(actual)
        torch.testing.assert_close(tuple(p[:, k : k + 1] for p in parts_of(last)), after)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())


@pytest.mark.parametrize("name", KINDS)
def test_a_reset_is_a_new_beginning(name: str) -> None:
    layer = KINDS[name](3, 4, num_layers=2)
    x, hx = draw(7, 2, 3), hidden_for(layer, 2)
    reset = torch.zeros(7, 2, dtype=torch.bool)
    reset[3, 0] = reset[5, 1] = reset[0, 1] = True

    outputs, last = layer(x, hx, reset=reset)

    first, _ = layer(x[:3, :1], tuple(p[:, :1] for p in parts_of(hx)))
    again, end = layer(x[3:, :1])
    torch.testing.assert_close(outputs[:, 0], torch.cat([first, again])[:, 0])
    torch.testing.assert_close(tuple(p[:, :1] for p in parts_of(last)), parts_of(end))
    torch.testing.assert_close(
        outputs[:, 1:], torch.cat([layer(x[:5, 1:])[0], layer(x[5:, 1:])[0]])
    )


def test_a_reset_parts_what_is_read_backwards_at_the_same_place() -> None:
    layer = LSTM(3, 4, bidirectional=True, batch_first=True, dtype=torch.float64)
    x = draw(2, 6, 3)
    reset = torch.zeros(2, 6)
    reset[0, 4] = 1

    outputs, _ = layer(x, reset=reset)
    short, _ = layer(x, reset=reset, lengths=[6, 3])

    parted = torch.cat([layer(x[:1, :4])[0], layer(x[:1, 4:])[0]], 1)
    torch.testing.assert_close(outputs[:1], parted)
    torch.testing.assert_close(short[:1], parted)
    torch.testing.assert_close(short[1:, :3], layer(x[1:, :3])[0])


@settings(deadline=None, max_examples=20)
@given(window=st.integers(1, 9), steps=st.integers(1, 8))
def test_windows_of_truncated_backpropagation_give_the_whole_sequences_outputs(
    window: int, steps: int
) -> None:
    layer = GRU(3, 4, batch_first=True, dtype=torch.float64)
    x = draw(2, steps, 3).requires_grad_()

    outputs = [y for y, _ in tbptt(layer, x, None, window)]

    torch.testing.assert_close(torch.cat(outputs, 1), layer(x)[0])
    (gradient,) = torch.autograd.grad(outputs[-1].sum(), x)
    begins = (steps - 1) // window * window
    assert not gradient[:, :begins].any()
    assert gradient[:, begins:].any()


def test_truncation_refuses_what_it_cannot_do() -> None:
    with pytest.raises(ValueError, match="window must be at least 1, got 0"):
        next(tbptt(GRU(3, 4), torch.zeros(2, 1, 3), None, 0))
    with pytest.raises(ValueError, match="bidirectional"):
        next(tbptt(GRU(3, 4, bidirectional=True), torch.zeros(2, 1, 3), None, 1))


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("kernel", ["portable", "reference"])
def test_a_trace_shows_gates_states_and_gradients(name: str, kernel: str) -> None:
    layer = KINDS[name](3, 4, num_layers=2, bidirectional=True, batch_first=True)
    x = draw(2, 5, 3)
    with use(kernel):
        outputs, last, trace = layer(x, return_trace=True)
        loss = outputs[:, 2].square().sum()
        gradients = trace.gradients(loss)

    assert [(t.layer, t.is_reverse) for t in trace.layers] == [
        (0, False),
        (0, True),
        (1, False),
        (1, True),
    ]
    torch.testing.assert_close(torch.cat([trace[2].states["h"], trace[3].states["h"]], 2), outputs)
    torch.testing.assert_close(trace[0].states["h"][:, -1], parts_of(last)[0][0])
    torch.testing.assert_close(trace[1].states["h"][:, 0], parts_of(last)[0][1])
    assert tuple(trace[0].gates) == layer.cell.gates
    # Forwards, later steps of the last layer do not matter; backwards, earlier ones do not.
    assert not gradients[2]["h"][:, 3:].any()
    flows = layer.cell.recurrent_state == 0  # a peephole-only LSTM's h goes nowhere but out
    assert bool(gradients[2]["h"][:, :2].any()) == flows
    assert not gradients[3]["h"][:, :2].any()
    torch.testing.assert_close(gradients[2]["h"][:, 2], 2 * outputs[:, 2, :4])
    assert gradients[0]["h"].any()


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_skip_gives_the_sum_of_all_layers_outputs_in_value_and_gradient(
    name: str, bidirectional: bool
) -> None:
    layer = KINDS[name](3, 4, num_layers=3, bidirectional=bidirectional, skip=True)
    x, hx = draw(5, 2, 3), hidden_for(layer, 2)
    D = 1 + bidirectional
    inputs, total, last = x, torch.zeros(()), []
    for k in range(3):  # each a layer of its own, by the same parameters
        alone = KINDS[name](inputs.shape[2], 4, bidirectional=bidirectional)
        shared = {
            key.replace(f"_l{k}", "_l0"): value
            for key, value in layer.named_parameters()
            if f"_l{k}" in key
        }
        before = tuple(part[k * D : k * D + D] for part in parts_of(hx))
        inputs, after = functional_call(
            alone, shared, (inputs, before if len(before) > 1 else before[0])
        )
        total = total + inputs
        last.append(parts_of(after))

    outputs, hidden = layer(x, hx)

    torch.testing.assert_close(outputs, total)
    expected = [torch.cat(parts) for parts in zip(*last, strict=True)]
    torch.testing.assert_close(list(parts_of(hidden)), expected)
    weights = list(layer.parameters())
    torch.testing.assert_close(
        torch.autograd.grad(outputs.square().sum(), weights, allow_unused=True),
        torch.autograd.grad(total.square().sum(), weights, allow_unused=True),
    )
    with torch.no_grad():
        torch.testing.assert_close(layer(x, hx)[0], outputs)


@pytest.mark.parametrize("kernel", ["portable", "reference"])
def test_with_skip_gradients_by_states_come_by_the_sum_too(kernel: str) -> None:
    layer = KINDS["lstm"](2, 3, num_layers=2, skip=True)
    x = draw(4, 1, 2)
    with use(kernel):
        outputs, _, trace = layer(x, return_trace=True)
        lower, upper = trace.gradients(outputs[-1].square().sum())
    h = [trace[k].states["h"] for k in (0, 1)]
    torch.testing.assert_close(outputs, h[0] + h[1])
    torch.testing.assert_close(upper["h"][-1], 2 * outputs[-1])
    # The lower layer's last h is shown as it is, and goes through the upper layer's last step.
    state = tuple(part[-2].detach() for part in trace[1].states.values())
    weights = {n: getattr(layer, f"{n}_l1") for n in ("weight_ih", "weight_hh")}
    weights |= {n: getattr(layer, f"{n}_l1") for n in ("bias_ih", "bias_hh")}
    shown = h[0][-1].detach().requires_grad_()
    (above, _), _ = layer.cell.step(shown, state, weights)
    (expected,) = torch.autograd.grad((shown + above).square().sum(), shown)
    torch.testing.assert_close(lower["h"][-1], expected)


@pytest.mark.parametrize("name", KINDS)
def test_gradients_by_states_equal_finite_differences(name: str) -> None:
    layer = KINDS[name](2, 3)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.uniform_(-0.8, 0.8)
    x, hx = draw(4, 1, 2), hidden_for(layer, 1)
    outputs, _, trace = layer(x, hx, return_trace=True)
    (gradients,) = trace.gradients(outputs.square().sum())
    states = {kind: part[1].detach() for kind, part in trace[0].states.items()}

    # The state after step 1, moved a little, as the beginning of the other steps.
    def rest(kind: str, moved: Tensor) -> Tensor:
        state = states | {kind: moved}
        if kind == "c":
            state["h"] = shown(layer, moved, states["c"], trace[0].gates["o"][1])
        hidden = tuple(part.unsqueeze(0) for part in state.values())
        later, _ = layer(x[2:], hidden if len(hidden) > 1 else hidden[0])
        return later.square().sum() + state["h"].square().sum()

    with torch.no_grad():
        for kind, part in states.items():
            if kind in "cn" and name not in SHOWING_TANH:
                continue  # the same step's h is made from it
            for unit in range(3):
                step = torch.zeros_like(part)
                step[0, unit] = 1e-6
                change = (rest(kind, part + step) - rest(kind, part - step)) / 2e-6
                assert float(change) == pytest.approx(
                    float(gradients[kind][1, 0, unit]), rel=1e-5, abs=1e-7
                )


def shown(layer: Recurrent, c: Tensor, before: Tensor, o: Tensor) -> Tensor:
    """The hidden state for another memory c, its output gate looking at it where it does."""
    if layer.cell.name == "lstm-peephole":
        o = torch.sigmoid(torch.logit(o) + layer.weight_peephole_l0[2] * (c - before))
    if layer.cell.name == "lstm-layernorm":
        c = layer_norm(c, (3,), layer.norm_c_l0, layer.bias_c_l0)
    return o * torch.tanh(c)


def test_a_trace_without_gradients_says_so() -> None:
    with torch.no_grad():
        outputs, _, trace = GRU(2, 3)(torch.zeros(2, 1, 2), return_trace=True)
    with pytest.raises(RuntimeError, match="no_grad"):
        trace.gradients(outputs.sum())


@pytest.mark.parametrize("name", KINDS)
def test_first_and_second_derivatives_equal_finite_differences(name: str) -> None:
    assert_derivatives(name, KINDS[name](2, 2))


@pytest.mark.parametrize("name", OTHERS_NIGHTLY)
def test_derivatives_while_evaluating_equal_finite_differences(name: str) -> None:
    assert_derivatives(name, KINDS[name](2, 2).eval())


def assert_derivatives(name: str, layer: Recurrent) -> None:
    """The first and second equal finite differences, by either kernel."""
    names = [n for n, _ in layer.named_parameters()]
    x = draw(3, 1, 2).requires_grad_()

    def function(x: Tensor, *parameters: Tensor) -> tuple[Tensor, ...]:
        weights = dict(zip(names, parameters, strict=True))
        outputs, last = functional_call(layer, weights, (x,))
        return (outputs, *parts_of(last))

    # A cell without hand-written loops runs its equations under either name.
    has_loops = CELLS.get(name) in portable.MODULES or name not in CELLS
    for kernel in ("portable", "reference") if has_loops else ("reference",):
        with use(kernel):
            assert torch.autograd.gradcheck(function, (x, *layer.parameters()))
            if name != "rnn-relu":
                # Along random directions: every product of derivatives alone takes a minute.
                assert torch.autograd.gradgradcheck(
                    function, (x, *layer.parameters()), fast_mode=True
                )


@pytest.mark.parametrize("name", PROJECTED)
def test_projections_make_the_hidden_state_smaller(name: str) -> None:
    layer = KINDS[name](3, 6, num_layers=2, proj_size=2, bidirectional=True)
    outputs, last = layer(draw(5, 2, 3))
    h, *others = parts_of(last)
    assert outputs.shape == (5, 2, 4)
    assert h.shape == (4, 2, 2)
    assert all(part.shape == (4, 2, 6) for part in others)
    outputs.sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in layer.parameters())


NOISES = [
    Noise(hidden=0.5),
    Noise(memory=0.5),
    Noise(weight=0.5),
    Noise(zoneout_hidden=0.5),
    Noise(zoneout_memory=0.5),
    Noise(locked=True),
]


@pytest.mark.parametrize("noise", NOISES, ids=str)
@pytest.mark.parametrize("name", ["lstm", "lstm-peephole-only", "gru", "rnn"])
def test_noise_is_drawn_from_the_generator_in_training_alone(name: str, noise: Noise) -> None:
    if noise.memory > 0 and not name.startswith("lstm"):
        with pytest.raises(ValueError, match="no memory c"):
            KINDS[name](3, 4, noise=noise)
        return
    generator = torch.Generator().manual_seed(4)
    layer = KINDS[name](3, 4, num_layers=2, dropout=0.5, noise=noise, generator=generator)
    if name == "rnn" and noise.zoneout_memory > 0:
        return
    x = draw(6, 2, 3)
    weights = {k: w.clone() for k, w in layer.state_dict().items()}
    state = generator.get_state()
    first, second = layer(x)[0], layer(x)[0]
    drawn = generator.get_state()
    generator.set_state(state)
    assert torch.equal(layer(x)[0], first)
    generator.set_state(drawn)
    assert not torch.equal(first, second)
    layer.eval()
    assert torch.equal(layer(x)[0], layer(x)[0])
    assert generator.get_state().equal(drawn)
    torch.testing.assert_close(layer.state_dict(), weights, rtol=0, atol=0)


def test_recurrent_dropout_is_one_mask_for_all_steps() -> None:
    generator = torch.Generator().manual_seed(1)
    layer = Recurrent("rnn", 1, 40, noise=Noise(hidden=0.5), generator=generator)
    with torch.no_grad():
        layer.weight_ih_l0.zero_()
        layer.weight_hh_l0.copy_(torch.eye(40))
        layer.bias_ih_l0.zero_()
        layer.bias_hh_l0.zero_()
    outputs, _ = layer(torch.zeros(3, 1, 1), torch.full((1, 1, 40), 0.1))
    kept = outputs[0, 0] != 0
    assert 5 < int(kept.sum()) < 35
    assert torch.equal(outputs[2, 0] != 0, kept)


@pytest.mark.parametrize("locked", [True, False])
def test_a_locked_mask_between_layers_is_one_for_all_steps(locked: bool) -> None:
    layer = Recurrent("rnn", 40, 40, 2, dropout=0.5, noise=Noise(locked=locked))
    with torch.no_grad():
        for weight in layer.parameters():
            weight.zero_()
        layer.weight_ih_l0.copy_(torch.eye(40))
        layer.weight_ih_l1.copy_(torch.eye(40))
    outputs, _ = layer(torch.ones(6, 2, 40))
    kept = outputs != 0
    assert 0.3 < float(kept.float().mean()) < 0.7
    assert torch.equal(kept, kept[:1].expand_as(kept)) == locked


def test_zoneout_keeps_old_values_and_evaluation_takes_the_expectation() -> None:
    layer = LSTM(2, 50, noise=Noise(zoneout_hidden=0.3), dtype=torch.float64)
    plain = LSTM(2, 50, dtype=torch.float64)
    plain.load_state_dict(layer.state_dict())
    x, hx = draw(1, 1, 2), hidden_for(layer, 1)

    outputs, _ = layer(x, hx)
    new, _ = plain(x, hx)
    stayed = outputs[0] == hx[0][0]

    assert 3 < int(stayed.sum()) < 30
    torch.testing.assert_close(outputs[0][~stayed], new[0][~stayed])
    layer.eval()
    torch.testing.assert_close(layer(x, hx)[0], 0.7 * new + 0.3 * hx[0])


def test_noise_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"zoneout_hidden should be .* got 1.5"):
        Noise(zoneout_hidden=1.5)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
def test_function_transforms_give_what_loops_give() -> None:
    layer = LSTM(3, 4, dtype=torch.float64)
    weights = {k: w.detach() for k, w in layer.named_parameters()}
    many = draw(6, 5, 2, 3)

    def loss(weights: dict[str, Tensor], x: Tensor) -> Tensor:
        total: Tensor = functional_call(layer, weights, (x,))[0].square().sum()
        return total

    each = vmap(grad(loss), in_dims=(None, 0))(weights, many)
    for k, x in enumerate(many):
        layer.zero_grad()
        layer(x)[0].square().sum().backward()
        for name, parameter in layer.named_parameters():
            torch.testing.assert_close(each[name][k], parameter.grad)

    x, tangent = many[0], torch.ones_like(many[0])

    def packed(data: Tensor) -> Tensor:
        outputs: Tensor = layer(PackedSequence(data, torch.tensor([2, 2, 1])))[0].data
        return outputs

    _, change = jvp(packed, (x[0:5, 0],), (tangent[0:5, 0],))
    step = (packed(x[0:5, 0] + 1e-6) - packed(x[0:5, 0])) / 1e-6
    torch.testing.assert_close(change, step, rtol=1e-4, atol=1e-5)

    _, change = jvp(lambda x: layer(x)[0], (x,), (tangent,))
    with forward_ad.dual_level():
        outputs, _ = layer(forward_ad.make_dual(x, tangent))
        torch.testing.assert_close(forward_ad.unpack_dual(outputs).tangent, change)
    step = (layer(x + 1e-6 * tangent)[0] - layer(x)[0]) / 1e-6
    torch.testing.assert_close(change, step, rtol=1e-4, atol=1e-5)


@pytest.fixture
def _fresh_compiler() -> Iterator[None]:
    torch.compiler.reset()
    yield
    torch.compiler.reset()


# torch's own, of modules that it loads where it makes the way back of a `scan`.
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
@pytest.mark.usefixtures("_fresh_compiler")
@pytest.mark.parametrize("name", OTHERS_NIGHTLY)
def test_compiled_without_a_graph_break_and_exported(name: str) -> None:
    # A second layer takes the compiler as long again, and passes through the same code.
    layer = KINDS[name](3, 4, num_layers=2 if name in ("lstm", "mingru") else 1)
    x = draw(2, 2, 3).requires_grad_()
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")

    actual, last = compiled(x, lengths=[2, 1])
    expected, their_last = layer(x, lengths=[2, 1])

    torch.testing.assert_close(actual, expected)
    torch.testing.assert_close(last, their_last)
    torch.testing.assert_close(
        torch.autograd.grad(actual.square().sum(), [x, *layer.parameters()]),
        torch.autograd.grad(expected.square().sum(), [x, *layer.parameters()]),
    )
    program = torch.export.export(layer.eval(), (x.detach(),))
    torch.testing.assert_close(program.module()(x.detach()), layer(x.detach()))


@pytest.mark.parametrize("name", KINDS)
def test_shapes_alone_on_the_meta_device(name: str) -> None:
    layer = KINDS[name](3, 4, num_layers=2, device="meta")
    outputs, last = layer(torch.zeros(5, 2, 3, dtype=torch.float64, device="meta"))
    assert outputs.is_meta
    assert outputs.shape == (5, 2, 4)
    assert all(part.shape == (2, 2, 4) for part in parts_of(last))


def test_autocast_computes_in_its_precision() -> None:
    dtypes = {
        LSTM(3, 4): torch.bfloat16,
        GRU(3, 4): torch.float32,  # as torch.nn.GRU on a CPU
        LayerNormLSTM(3, 4): torch.bfloat16,
    }
    for layer, dtype in dtypes.items():
        x = torch.randn(5, 2, 3)
        expected, _ = layer(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            outputs, _ = layer(x)
        assert outputs.dtype == dtype
        torch.testing.assert_close(outputs.float(), expected, rtol=0.05, atol=0.02)
        outputs.float().sum().backward()
        assert all(p.grad is not None and p.grad.dtype == p.dtype for p in layer.parameters())


@pytest.mark.parametrize("name", KINDS)
def test_an_empty_batch_and_inputs_that_are_not_contiguous(name: str) -> None:
    layer = KINDS[name](3, 4)
    outputs, last = layer(torch.zeros(2, 0, 3, dtype=torch.float64))
    assert outputs.shape == (2, 0, 4)
    assert parts_of(last)[0].shape == (1, 0, 4)
    x = draw(3, 2, 5).permute(2, 1, 0)
    torch.testing.assert_close(layer(x), layer(x.contiguous()))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lengths": [2, 1]}, r"shape \(3,\).*got \(2,\)"),
        ({"lengths": [2, 1, 5]}, r"lengths\[2\] is 5.*4 steps"),
        ({"lengths": [2, -1, 5]}, r"lengths\[1\] is -1"),
        ({"lengths": torch.tensor([1.5, 1, 1])}, "whole numbers"),
        ({"reset": torch.zeros(3, 4)}, r"\(4, 3\) as \(time, batch\), got \(3, 4\)"),
        ({"hx": torch.zeros(1, 3, 5)}, r"hx should have 2 parts \(h, c\), got 1"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named_with_both_shapes(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(RuntimeError, match=message):
        LSTM(2, 5)(torch.zeros(4, 3, 2), **arguments)


def test_the_forget_bias_begins_where_it_is_told() -> None:
    for name in ("lstm", "lstm-peephole", "lstm-peephole-only", "lstm-coupled"):
        layer = KINDS[name](3, 4, num_layers=2, forget_bias=1.5, bidirectional=True)
        for suffix in ("_l0", "_l1_reverse"):
            rows = layer.cell.gates.index("f") * 4
            back = layer.cell.recurrent_gates.index("f") * 4
            total = (
                layer.get_parameter(f"bias_ih{suffix}")[rows : rows + 4]
                + layer.get_parameter(f"bias_hh{suffix}")[back : back + 4]
            )
            assert torch.equal(total, torch.full_like(total, 1.5))


def test_weights_with_nan_are_refused_by_name() -> None:
    layer = torch.nn.Sequential(GRU(2, 3))
    weights = layer.state_dict()
    weights["0.weight_hh_l0"] = torch.full((9, 3), torch.nan)
    before = layer[0].weight_ih_l0.clone()
    with pytest.raises(RuntimeError, match=r"0.weight_hh_l0 of the shape \(9, 3\) holds 27 NaN"):
        layer.load_state_dict(weights)
    assert torch.equal(layer[0].weight_ih_l0, before)
