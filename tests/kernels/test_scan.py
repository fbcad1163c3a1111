"""Linear recurrences, all steps at once but for one loop, equal the cells' equations."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernels.test_equal_to_reference import (
    OPTIONS,
    SIZES,
    assert_equal_to_reference,
    random_problem,
)
from torch import Tensor

from foreword.cells.registry import cell_for
from foreword.kernels import dispatch, native, scan
from foreword.kernels.problem import Extras, Zoneout
from foreword.nn import Recurrent

NAMES = ("mingru", "minlstm", "rg-lru", "qrnn")
DTYPES = st.sampled_from([torch.float32, torch.float64])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("projected", [False, True])
@settings(deadline=None, max_examples=12)
@given(**SIZES, asked=st.frozensets(st.sampled_from(OPTIONS)), dtype=DTYPES)
def test_the_scan_equals_the_reference(
    name: str,
    projected: bool,
    T: int,
    B: int,
    inputs: int,
    H: int,
    seed: int,
    asked: frozenset[str],
    dtype: torch.dtype,
) -> None:
    cell = cell_for(name, projected=projected)
    problem = random_problem(cell, T, B, inputs, H, dtype, seed, asked)
    assert scan.refusal(problem) is None
    assert_equal_to_reference("scan", problem)


def drawn(*shape: int, seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    drawn = torch.rand(shape, generator=torch.manual_seed(seed), dtype=dtype)
    return drawn.requires_grad_()


@pytest.mark.parametrize(
    ("T", "B", "H"),
    [(1, 1, 1), (2, 3, 5), (7, 1, 16), (50, 16, 90), (1, 40, 2000)],  # the last two by all threads
)
def test_the_loop_in_cpp_equals_one_in_double_precision(T: int, B: int, H: int) -> None:
    a, b, first = drawn(T, B, H, seed=1), drawn(T, B, H, seed=2), drawn(B, H, seed=3)
    weights = torch.linspace(-1, 1, T * B * H).view(T, B, H)
    h = scan.scan(a, b, first)
    gradients = torch.autograd.grad((h * weights).sum(), (a, b, first))

    exact = [part.detach().double().requires_grad_() for part in (a, b, first)]
    state, states = exact[2], []
    for t in range(T):
        state = exact[0][t] * state + exact[1][t]
        states.append(state)
    truth = torch.stack(states)
    expected = torch.autograd.grad((truth * weights).sum(), exact)

    torch.testing.assert_close(h, truth.float(), rtol=1e-5, atol=1e-5)
    for actual, wanted in zip(gradients, expected, strict=True):
        torch.testing.assert_close(actual, wanted.float(), rtol=1e-4, atol=1e-5)


def test_gradients_of_gradients_are_those_of_the_loop_in_torch() -> None:
    parts = drawn(4, 2, 3, seed=1), drawn(4, 2, 3, seed=2), drawn(2, 3, seed=3)
    actual = []
    for run in (scan.scan, scan._loop):
        gradients = torch.autograd.grad(run(*parts).square().sum(), parts, create_graph=True)
        loss = sum((part.square().sum() for part in gradients), torch.zeros(()))
        actual.append(torch.autograd.grad(loss, parts))
    torch.testing.assert_close(*actual)


def test_several_gradients_at_once_are_those_one_by_one() -> None:
    parts = drawn(4, 2, 3, seed=1), drawn(4, 2, 3, seed=2), drawn(2, 3, seed=3)
    h = scan.scan(*parts)
    many = torch.randn(3, *h.shape, generator=torch.manual_seed(4))
    at_once = torch.autograd.grad(h, parts, many, is_grads_batched=True, retain_graph=True)
    apart = [torch.autograd.grad(h, parts, one, retain_graph=True) for one in many]
    torch.testing.assert_close(
        list(at_once), [torch.stack(row) for row in zip(*apart, strict=True)]
    )


@pytest.mark.parametrize("name", NAMES)
def test_layers_of_these_cells_are_run_by_the_scan(name: str) -> None:
    layer = Recurrent(name, 3, 4, num_layers=2)
    with dispatch.recorded() as choices:
        layer(torch.randn(5, 2, 3))
    assert [choice.kernel.name for choice in choices] == ["scan", "scan"]


def test_cells_whose_factors_depend_on_the_past_are_refused() -> None:
    for name in ("sru", "gru", "slstm"):
        problem = random_problem(cell_for(name), 2, 1, 3, 4)
        assert scan.refusal(problem) == f"it has no loops for {name}"


def test_zoneout_is_refused() -> None:
    problem = random_problem(cell_for("mingru"), 2, 1, 3, 4, asked=frozenset(["zoneout shares"]))
    assert problem.extras != Extras()
    assert isinstance(problem.extras.zoneout, Zoneout)
    assert scan.refusal(problem) == "it has no zoneout"


@pytest.mark.skipif(native.why_absent() is not None, reason=native.why_absent() or "")
def test_the_loop_in_cpp_refuses_what_it_cannot_read() -> None:
    a, b, first = (torch.rand(4, 2, 3) for _ in range(3))
    assert native.has_scan(a, b, first)
    assert not native.has_scan(a.double(), b.double(), first.double())
    assert not native.has_scan(a, b[:0], first)
    with pytest.raises(RuntimeError, match="another shape"):
        native.scan(a, b, first[0, 0])
