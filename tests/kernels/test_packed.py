"""Weights packed once: found again, made anew when they change, dropped when they die."""

import copy
import gc
import threading
from collections.abc import Callable, Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.needs import needs
from torch import Tensor

import foreword.nn as nn
from foreword.kernels import dispatch, native
from foreword.kernels.native import loops, module, packed

pytestmark = needs("kernels")

CELLS: dict[str, Callable[..., nn.Recurrent]] = {
    "rnn": nn.RNN,
    "rnn-relu": lambda *a, **k: nn.RNN(*a, nonlinearity="relu", **k),
    "lstm": nn.LSTM,
    "lstm-peephole": nn.PeepholeLSTM,
    "lstm-peephole-only": nn.PeepholeOnlyLSTM,
    "lstm-clipped": lambda *a, **k: nn.LSTM(*a, cell_clip=0.3, **k),
    "lstm-peephole-only-clipped": lambda *a, **k: nn.PeepholeOnlyLSTM(*a, cell_clip=0.3, **k),
    "lstm-coupled": nn.CoupledLSTM,
    "gru": nn.GRU,
    "gru-reset-before": lambda *a, **k: nn.GRU(*a, reset_after=False, **k),
}


@pytest.fixture(autouse=True)
def _from_nothing() -> Iterator[None]:
    native.forget()
    yield
    native.forget()


def the_long_way(layer: nn.Recurrent, *arguments: object) -> tuple[Tensor, ...]:
    """Records what is chosen, which the short way does not; packs for this call alone."""
    kept = dict(packed._kept)
    native.forget()
    with torch.no_grad(), dispatch.recorded() as choices:
        outputs, last = layer(*arguments)
    assert [choice.kernel.name for choice in choices] == ["native"] * layer.num_layers
    packed._kept.clear()
    packed._kept.update(kept)
    return (outputs, *(last if isinstance(last, tuple) else (last,)))


def at_inference(layer: nn.Recurrent, *arguments: object) -> tuple[Tensor, ...]:
    with torch.no_grad():
        outputs, last = layer(*arguments)
    return (outputs, *(last if isinstance(last, tuple) else (last,)))


def assert_same(actual: tuple[Tensor, ...], expected: tuple[Tensor, ...]) -> None:
    torch.testing.assert_close(actual, expected, rtol=0, atol=0)


@pytest.mark.parametrize("products", ["float32", "bfloat16", "int8"])
@pytest.mark.parametrize("name", CELLS)
@settings(deadline=None, max_examples=10)
@given(
    T=st.integers(1, 5),
    B=st.integers(1, 6),
    inputs=st.integers(1, 9),
    H=st.integers(1, 40),
    layers=st.integers(1, 2),
    bias=st.booleans(),
    batch_first=st.booleans(),
    gives_state=st.booleans(),
)
def test_the_short_way_gives_what_the_long_way_gives(
    name: str,
    products: str,
    T: int,
    B: int,
    inputs: int,
    H: int,
    layers: int,
    bias: bool,
    batch_first: bool,
    gives_state: bool,
) -> None:
    layer = CELLS[name](inputs, H, layers, bias=bias, batch_first=batch_first)
    x = torch.randn((B, T, inputs) if batch_first else (T, B, inputs))
    state = tuple(torch.randn(part.shape).clamp(-1, 1) for part in layer.start(B))
    hx = (state if len(state) > 1 else state[0],) if gives_state else ()
    with nn.use(products=products):
        expected = the_long_way(layer, x, *hx)
        # One step of one sequence reads weights where they lie, and adds in another order.
        is_step = T == B == 1 and loops.possible(products, layer.cell) == "float32"
        for _ in range(3):  # packed by the first, found by the second
            actual = at_inference(layer, x, *hx)
            if is_step:
                torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-5)
            else:
                assert_same(actual, expected)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    made: list[object] = []
    keep = packed.keep

    def counting(*arguments: object) -> None:
        made.append(arguments[0])
        keep(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(packed, "keep", counting)
    return made


def test_weights_are_packed_once_for_each_format_and_kind_of_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = counted(monkeypatch)
    layer = nn.LSTM(8, 16)
    for _ in range(3):
        at_inference(layer, torch.randn(2, 1, 8))
    assert len(made) == 1
    at_inference(layer, torch.randn(5, 3, 8))
    with torch.no_grad():
        layer(torch.randn(5, 2, 8), lengths=[4, 2])
    assert len(made) == 1
    at_inference(layer, torch.randn(5, 4, 8))
    assert len(made) == 2
    with nn.use(products="int8"):
        at_inference(layer, torch.randn(2, 1, 8))
        at_inference(layer, torch.randn(2, 1, 8))
    assert len(made) == 3
    layer(torch.randn(2, 1, 8))[0].sum().backward()
    assert len(made) == 3


CHANGES: dict[str, Callable[[nn.Recurrent], None]] = {
    "in place": lambda layer: layer.weight_hh_l0.mul_(0.5),  # type: ignore[operator]
    "a bias": lambda layer: layer.bias_ih_l0.add_(1.0),  # type: ignore[operator]
    "through .data": lambda layer: layer.weight_ih_l0.data.mul_(0.5),  # type: ignore[operator]
    "one value through .data": lambda layer: layer.weight_hh_l0.data[5, 3].add_(1.0),  # type: ignore[operator]
    "one value through NumPy": lambda layer: (
        layer.weight_ih_l0.detach().numpy().__setitem__((7, 2), 3.0)
    ),
    "another .data": lambda layer: setattr(
        layer.weight_hh_l0, "data", torch.randn_like(layer.weight_hh_l0.data)
    ),
    "another parameter": lambda layer: setattr(
        layer, "weight_hh_l0", torch.nn.Parameter(torch.randn_like(layer.weight_hh_l0.data))
    ),
    "other weights": lambda layer: (
        layer.load_state_dict({k: torch.randn_like(w) for k, w in layer.state_dict().items()})
        and None
    ),
    "a step of training": lambda layer: step_of_training(layer),
}


def step_of_training(layer: nn.Recurrent) -> None:
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    with torch.enable_grad():
        layer(torch.randn(3, 2, 8))[0].sum().backward()
    optimizer.step()


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
def test_changed_weights_are_packed_anew(name: str, change: str) -> None:
    layer, x = CELLS[name](8, 16), torch.randn(3, 2, 8)
    before = at_inference(layer, x)
    with torch.no_grad():
        CHANGES[change](layer)
    actual = at_inference(layer, x)
    assert not torch.equal(actual[0], before[0])
    assert_same(actual, the_long_way(layer, x))


@pytest.mark.parametrize("change", ["in place", "a bias", "other weights", "a step of training"])
def test_changes_that_torch_counts_are_seen_in_frozen_weights_too(change: str) -> None:
    layer, x = nn.LSTM(8, 16), torch.randn(3, 2, 8)
    with nn.use(frozen=True):
        before = at_inference(layer, x)
        with torch.no_grad():
            CHANGES[change](layer)
        actual = at_inference(layer, x)
    assert not torch.equal(actual[0], before[0])
    assert_same(actual, the_long_way(layer, x))


def test_frozen_weights_are_not_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    layer, x = nn.LSTM(8, 16), torch.randn(3, 2, 8)
    expected = at_inference(layer, x)
    read: list[object] = []

    class Reading:
        def __getattr__(self, name: str) -> object:
            if name == "checksum":
                read.append(name)
            return getattr(module.loaded(), name)

    monkeypatch.setattr(packed, "loaded", Reading)
    with nn.use(frozen=True):
        assert_same(at_inference(layer, x), expected)
        assert read == []
        with nn.use(frozen=False):
            assert_same(at_inference(layer, x), expected)
    assert read == ["checksum"]


@settings(deadline=None)
@given(count=st.integers(1, 70_000), index=st.integers(0, 1 << 20), bit=st.integers(0, 31))
def test_a_checksum_sees_every_bit(count: int, index: int, bit: int) -> None:
    values = torch.arange(count, dtype=torch.int32)

    def checksum(threads: int = 1) -> int:
        return int(module.loaded().checksum([values.view(torch.float32)], threads))

    before = checksum()
    assert checksum() == checksum(2) == before
    values.numpy().view("uint32")[index % count] ^= 1 << bit
    assert checksum() != before


def test_a_copy_has_weights_of_its_own() -> None:
    layer, x = nn.GRU(8, 16), torch.randn(3, 2, 8)
    expected = at_inference(layer, x)
    other = copy.deepcopy(layer)
    with torch.no_grad():
        other.weight_hh_l0.mul_(2)
    assert not torch.equal(at_inference(other, x)[0], expected[0])
    assert_same(at_inference(layer, x), expected)


def test_what_belongs_to_a_dead_layer_is_dropped() -> None:
    layer = nn.LSTM(8, 16)
    at_inference(layer, torch.randn(2, 1, 8))
    assert len(packed._kept) == 1
    del layer
    gc.collect()
    assert packed._kept == {}
    assert packed._alive == {}


def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [nn.LSTM(8, 16) for _ in range(4)]
    x = torch.randn(2, 1, 8)
    expected = [at_inference(layer, x) for layer in layers]
    size = next(iter(packed._kept.values())).memory.numel()
    native.forget()
    monkeypatch.setattr(packed, "MOST_FLOATS", 2 * size + 1)
    for layer, outputs in zip(layers, expected, strict=True):
        assert_same(at_inference(layer, x), outputs)
    assert [key[0] for key in packed._kept] == [id(layer.weight_hh_l0) for layer in layers[2:]]
    monkeypatch.setattr(packed, "MOST_FLOATS", size - 1)
    native.forget()
    assert_same(at_inference(layers[0], x), expected[0])
    assert packed._kept == {}


def test_threads_that_come_at_once_all_get_the_same() -> None:
    layer, x = nn.LSTM(32, 64), torch.randn(2, 1, 32)
    expected = the_long_way(layer, x)
    wrong: list[float] = []
    for _ in range(10):
        native.forget()
        start = threading.Barrier(4)

        def work(start: threading.Barrier = start) -> None:
            start.wait()
            for _ in range(5):
                actual = at_inference(layer, x)
                wrong.extend(
                    float((a - b).abs().max())
                    for a, b in zip(actual, expected, strict=True)
                    if not torch.equal(a, b)
                )

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_another_instruction_set_packs_in_its_own_way() -> None:
    layer, x = nn.GRU(8, 40), torch.randn(2, 1, 8)
    before = native.instruction_set()
    actual = []
    for name in module.loaded().instruction_sets():
        module.loaded().use_instruction_set(name)
        actual.append(at_inference(layer, x)[0])
        module.loaded().use_instruction_set(before)
    for outputs in actual:
        torch.testing.assert_close(outputs, actual[0])


def test_what_the_short_way_cannot_do_goes_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*arguments: object) -> None:
        raise AssertionError("the short way was taken")

    layer, x = nn.LSTM(8, 16), torch.randn(3, 2, 8)
    expected = at_inference(layer, x)
    monkeypatch.setattr(native, "at_inference", never)
    layer(x)  # with gradients
    with torch.no_grad():
        for kernel in ("reference", "portable", "torch"):
            with nn.use(kernel):
                torch.testing.assert_close(layer(x)[0], expected[0])
        monkeypatch.setenv("FOREWORD_KERNEL", "portable")
        torch.testing.assert_close(layer(x)[0], expected[0])
        monkeypatch.delenv("FOREWORD_KERNEL")
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert layer(x)[0].dtype == torch.bfloat16
        layer(x, lengths=[3, 2])
        layer(x, return_trace=True)
        layer(x[:, 0])
        torch.func.vmap(lambda part: layer(part)[0])(x.unsqueeze(0))
        with pytest.raises(RuntimeError, match="input.size"):
            layer(x[:, :, :7])
        with pytest.raises(RuntimeError, match="Expected hidden"):
            layer(x, (torch.zeros(1, 3, 16), torch.zeros(1, 3, 16)))
        nn.LSTM(8, 16, bidirectional=True)(x)
        nn.LSTM(8, 16, noise=nn.Noise(hidden=0.5))(x)
        with pytest.raises(AssertionError, match="short way"):
            layer(x)


def test_parameters_without_a_version_are_packed_for_each_call() -> None:
    with torch.inference_mode():
        layer = nn.GRU(8, 16)
        x = torch.randn(2, 1, 8)
        before = layer(x)[0]
        layer.weight_hh_l0.data[0, 1] += 1
        assert not torch.equal(layer(x)[0], before)
    assert packed._kept == {}


def test_one_step_by_another_products_format_stays_within_its_error() -> None:
    layer, x = nn.LSTM(8, 16), torch.randn(1, 1, 8)
    exact = at_inference(layer, x)[0]
    with nn.use(products="int8"):
        actual = at_inference(layer, x)[0]
    assert 0 < float((actual - exact).abs().max()) < 0.02
    assert loops.possible("int8", nn.RNN(1, 1, nonlinearity="relu").cell) == "float32"
