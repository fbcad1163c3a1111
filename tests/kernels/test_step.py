"""One step of one sequence in float32: by weights where they lie, whatever becomes of them."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.kernels.test_packed import CELLS, CHANGES, assert_same, at_inference
from tests.needs import needs
from torch import Tensor
from torch.nn.utils import parametrize

import foreword.nn as nn
from foreword.kernels import native
from foreword.kernels.native import inference, packed

pytestmark = needs("kernels")


ZONEOUT = nn.Noise(zoneout_hidden=0.3, zoneout_memory=0.6)


def recurrent(name: str, projects: bool, **given: Any) -> Callable[..., nn.Recurrent]:
    def make(inputs: int, H: int, *rest: Any, **more: Any) -> nn.Recurrent:
        proj_size = H // 2 if projects else 0
        layer = nn.Recurrent(name, inputs, H, *rest, proj_size=proj_size, **given, **more)
        return layer.eval()

    return make


STAGED = {
    "rnn projected": recurrent("rnn", True),
    "rnn relu zoneout": recurrent("rnn", False, nonlinearity="relu", noise=ZONEOUT),
    "lstm projected": recurrent("lstm", True),
    "lstm projected zoneout": recurrent("lstm", True, noise=ZONEOUT),
    "lstm zoneout of c": recurrent("lstm", False, noise=nn.Noise(zoneout_memory=0.5)),
    "lstm-peephole projected zoneout": recurrent("lstm-peephole", True, noise=ZONEOUT),
    "lstm-peephole-only projected": recurrent("lstm-peephole-only", True),
    "lstm-coupled projected": recurrent("lstm-coupled", True),
    "lstm clipped projected zoneout": recurrent("lstm", True, noise=ZONEOUT, cell_clip=0.3),
    "lstm-layernorm": recurrent("lstm-layernorm", False),
    "lstm-layernorm projected zoneout": recurrent("lstm-layernorm", True, noise=ZONEOUT),
    "gru zoneout": recurrent("gru", False, noise=ZONEOUT),
    "gru projected zoneout": recurrent("gru", True, noise=ZONEOUT),
    "gru-layernorm": recurrent("gru-layernorm", False),
    "gru-layernorm projected": recurrent("gru-layernorm", True),
}
ALL = CELLS | STAGED


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What went this way, call by call."""
    calls: list[object] = []
    step = inference._step

    def counting(*arguments: Any) -> Any:
        actual = step(*arguments)
        calls.append(actual)
        return actual

    monkeypatch.setattr(inference, "_step", counting)
    return calls


def by_the_equations(layer: nn.Recurrent, *arguments: Any) -> tuple[Tensor, ...]:
    with nn.use("reference"):
        return at_inference(layer, *arguments)


def assert_near(actual: tuple[Tensor, ...], expected: tuple[Tensor, ...]) -> None:
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-5)


def drawn_state(layer: nn.Recurrent) -> Any:
    state = tuple(torch.randn(part.shape) for part in layer.start(1))
    return state if len(state) > 1 else state[0]


@pytest.mark.parametrize("name", ALL)
@settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    inputs=st.integers(1, 70),
    H=st.integers(2, 70),
    layers=st.integers(1, 3),
    bias=st.booleans(),
    batch_first=st.booleans(),
    gives_state=st.booleans(),
)
def test_a_step_is_that_of_the_equations(
    instruction_set: str,
    taken: list[object],
    name: str,
    inputs: int,
    H: int,
    layers: int,
    bias: bool,
    batch_first: bool,
    gives_state: bool,
) -> None:
    layer = ALL[name](inputs, H, layers, bias=bias, batch_first=batch_first)
    with torch.no_grad():
        for key, parameter in layer.named_parameters():
            # Peepholes begin closed, norms' gains open.
            parameter.normal_(mean=float(key.startswith("norm_")), std=H**-0.5)
    hx = (drawn_state(layer),) if gives_state else ()
    x = torch.randn(1, 1, inputs)
    taken.clear()
    actual = at_inference(layer, x, *hx)
    assert len(taken) == 1
    # A norm over few, nearly equal units magnifies rounding by up to 1 / sqrt(EPSILON), 316 times.
    off = 1e-3 if "layernorm" in name else 1e-5
    torch.testing.assert_close(actual, by_the_equations(layer, x, *hx), rtol=off, atol=off)


@pytest.mark.parametrize("name", ALL)
def test_a_step_does_not_depend_on_the_number_of_threads(name: str, instruction_set: str) -> None:
    layer, x = ALL[name](520, 520, 2), torch.randn(1, 1, 520)  # large enough to be shared
    before, actual = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            actual.append(at_inference(layer, x, drawn_state_of_ones(layer)))
    finally:
        torch.set_num_threads(before)
    for other in actual[1:]:
        assert_same(other, actual[0])


def drawn_state_of_ones(layer: nn.Recurrent) -> Any:
    state = tuple(torch.ones(part.shape) for part in layer.start(1))
    return state if len(state) > 1 else state[0]


@pytest.mark.parametrize("name", ALL)
def test_steps_are_the_steps_of_a_sequence(name: str) -> None:
    layer, x = ALL[name](6, 20, 2), torch.randn(9, 1, 6)
    outputs, *last = at_inference(layer, x)
    state: Any = None
    actual = []
    for part in x.split(1):
        with torch.no_grad():
            y, state = layer(part, state)
        actual.append(y)
    torch.testing.assert_close(torch.cat(actual), outputs, rtol=1e-4, atol=1e-5)
    state = state if isinstance(state, tuple) else (state,)
    torch.testing.assert_close(state, tuple(last), rtol=1e-4, atol=1e-5)


def test_nothing_is_kept_that_could_be_out_of_date() -> None:
    native.forget()
    layer = nn.LSTM(8, 16)
    at_inference(layer, torch.randn(1, 1, 8))
    assert packed._kept == {}


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
def test_changed_weights_are_those_of_the_next_step(name: str, change: str, frozen: bool) -> None:
    layer, x = CELLS[name](8, 16), torch.randn(1, 1, 8)
    hx = drawn_state_of_ones(layer)
    with nn.use(frozen=frozen):
        before = at_inference(layer, x, hx)
        with torch.no_grad():
            CHANGES[change](layer)
        actual = at_inference(layer, x, hx)
    assert not torch.equal(actual[0], before[0])
    assert_near(actual, by_the_equations(layer, x, hx))


class Doubled(torch.nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return 2 * weight


@pytest.mark.parametrize("T", [1, 3])
@pytest.mark.parametrize(
    "name", ["weight_ih_l0", "weight_hh_l0", "bias_hh_l0", "weight_peephole_l0"]
)
def test_parametrised_weights_are_those_that_the_parametrisation_gives(name: str, T: int) -> None:
    layer, x = nn.PeepholeLSTM(8, 16), torch.randn(T, 1, 8)
    torch.nn.init.ones_(layer.weight_peephole_l0)
    hx = drawn_state_of_ones(layer)
    before = at_inference(layer, x, hx)
    parametrize.register_parametrization(layer, name, Doubled())
    actual = at_inference(layer, x, hx)
    assert not torch.allclose(actual[0], before[0])
    assert_near(actual, by_the_equations(layer, x, hx))


def test_functional_calls_use_the_weights_that_they_are_given(taken: list[object]) -> None:
    layer, other, x = nn.GRU(8, 16), nn.GRU(8, 16), torch.randn(1, 1, 8)
    for theirs in (
        dict(other.named_parameters()),
        {k: v * 1.0 for k, v in other.state_dict().items()},
    ):
        with torch.no_grad():
            actual = torch.func.functional_call(layer, theirs, (x,))
        assert_same(actual, at_inference(other, x))
    assert len(taken) == 4


def test_tied_weights_are_read_twice() -> None:
    layer, x = nn.LSTM(16, 16, 2), torch.randn(1, 1, 16)
    layer.weight_hh_l1 = layer.weight_ih_l1 = layer.weight_hh_l0
    actual = at_inference(layer, x)
    assert_near(actual, by_the_equations(layer, x))
    with torch.no_grad():
        layer.weight_hh_l0.mul_(3)
    assert not torch.allclose(at_inference(layer, x)[0], actual[0])
    assert_near(at_inference(layer, x), by_the_equations(layer, x))


def transposed(weight: Tensor) -> None:
    weight.data = weight.data.t()


@pytest.mark.parametrize(
    "change",
    [
        lambda layer: transposed(layer.weight_hh_l0),
        lambda layer: setattr(layer.bias_ih_l0, "data", torch.randn(32)[::2]),
    ],
    ids=["a matrix", "a bias"],
)
def test_weights_that_lie_otherwise_go_the_long_way(
    change: Callable[[Any], None], taken: list[Any]
) -> None:
    layer, x = nn.RNN(8, 16), torch.randn(1, 1, 8)
    before = at_inference(layer, x, torch.ones(1, 1, 16))
    change(layer)
    actual = at_inference(layer, x, torch.ones(1, 1, 16))
    assert len(taken) == 1  # before
    assert not torch.allclose(actual[0], before[0])
    assert_near(actual, by_the_equations(layer, x, torch.ones(1, 1, 16)))


@pytest.mark.parametrize("T", [1, 3])
def test_weights_of_another_size_are_refused(T: int) -> None:
    layer, x = nn.RNN(8, 16), torch.randn(T, 1, 8)
    at_inference(layer, x)
    layer.weight_hh_l0.data = layer.weight_hh_l0.data[:8]
    with pytest.raises(
        RuntimeError, match=r"weight_hh_l0 should have .* \(16, 16\), got \(8, 16\)"
    ):
        at_inference(layer, x)


def test_inputs_and_states_may_lie_anyhow() -> None:
    layer = nn.LSTM(8, 16, 2)
    x, h, c = (
        torch.randn(1, 1, 16)[..., ::2],
        torch.randn(1, 2, 16),
        torch.randn(2, 1, 32)[..., ::2],
    )
    state = h.transpose(0, 1), c
    assert_near(at_inference(layer, x, state), by_the_equations(layer, x, state))
    one = torch.randn(2, 1, 16)  # all of them the same memory
    state = one, one
    expected, before = by_the_equations(layer, one[:1, :, :8], state), one.clone()
    assert_near(at_inference(layer, one[:1, :, :8], state), expected)
    assert torch.equal(one, before)


def test_outputs_and_states_are_tensors_of_their_own() -> None:
    layer = nn.GRU(8, 16)
    outputs, last = at_inference(layer, torch.randn(1, 1, 8))
    expected = last.clone()
    outputs.zero_()
    assert torch.equal(last, expected)


def test_inputs_that_require_gradients_are_read_all_the_same(taken: list[object]) -> None:
    layer, x = nn.LSTM(8, 16), torch.randn(1, 1, 8, requires_grad=True)
    actual = at_inference(layer, x)
    assert len(taken) == 1
    assert not actual[0].requires_grad
    assert_near(actual, by_the_equations(layer, x))


def test_a_layer_that_has_stepped_can_be_copied_pickled_and_saved() -> None:
    layer, x = nn.PeepholeLSTM(8, 16, 2), torch.randn(1, 1, 8)
    names = list(layer.state_dict())
    expected = at_inference(layer, x)
    assert list(layer.state_dict()) == names
    copies = copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))
    with torch.no_grad():
        layer.weight_hh_l0.zero_()
        layer.bias_ih_l0.zero_()
    for other in copies:
        assert_same(at_inference(other, x), expected)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_those_who_must_see_operations_see_them(taken: list[object]) -> None:
    layer, x = nn.GRU(8, 16), torch.randn(1, 1, 8)
    expected = at_inference(layer, x)[0]
    taken.clear()
    with torch.no_grad():
        traced = torch.jit.trace(layer, x, check_trace=False)  # else it runs untraced too
        torch.testing.assert_close(traced(x)[0], expected)
        torch.testing.assert_close(traced(2 * x)[0], by_the_equations(layer, 2 * x)[0])
        several = torch.func.vmap(lambda part: layer(part)[0])(torch.stack([x, 2 * x]))
        torch.testing.assert_close(several[0], expected)
        value, slope = torch.func.jvp(lambda part: layer(part)[0], (x,), (x,))
        torch.testing.assert_close(value, expected)
        assert slope.abs().sum() > 0
    assert taken == []
