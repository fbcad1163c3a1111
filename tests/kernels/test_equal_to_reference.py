"""Every kernel gives what the cell's equations give, values and gradients, on random shapes."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from foreword.cells.cell import Cell
from foreword.cells.registry import cell_for
from foreword.kernels import dispatch, portable, reference, torch_lstm

CELLS = {
    "rnn": cell_for("rnn"),
    "rnn-relu": cell_for("rnn", nonlinearity="relu"),
    "lstm": cell_for("lstm"),
    "lstm-peephole": cell_for("lstm-peephole"),
    "lstm-peephole-only": cell_for("lstm-peephole-only"),
    "lstm-coupled": cell_for("lstm-coupled"),
    "gru": cell_for("gru"),
    "gru-reset-before": cell_for("gru", reset_after=False),
}


def random_problem(
    cell: Cell, T: int, B: int, inputs: int, H: int, dtype: torch.dtype, seed: int
) -> tuple[Tensor, tuple[Tensor, ...], dict[str, Tensor]]:
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=dtype).requires_grad_()

    weights = {name: draw(*shape) for name, shape in cell.parameter_shapes(inputs, H).items()}
    return draw(T, B, inputs), tuple(draw(B, H) for _ in cell.states), weights


def values_and_gradients(
    kernel: dispatch.Kernel,
    cell: Cell,
    problem: tuple[Tensor, tuple[Tensor, ...], dict[str, Tensor]],
) -> list[Tensor]:
    """With a loss that sees every output, and every part of the final state, differently."""
    x, state, weights = problem
    outputs, last = kernel(cell, x, state, weights)
    seen = [outputs, *last]
    loss = sum(
        (part * torch.arange(part.numel()).view_as(part).add(1).sin()).sum() for part in seen
    )
    wanted = [x, *state, *weights.values()]
    gradients = torch.autograd.grad(loss, wanted, allow_unused=True)
    zeros = (
        torch.zeros_like(w) if g is None else g for w, g in zip(wanted, gradients, strict=True)
    )
    return [part.detach() for part in seen] + list(zeros)


@pytest.mark.parametrize("name", CELLS)
@settings(deadline=None, max_examples=25)
@given(
    T=st.integers(1, 7),
    B=st.integers(1, 4),
    inputs=st.integers(1, 6),
    H=st.integers(1, 6),
    dtype=st.sampled_from([torch.float64, torch.float32]),
    seed=st.integers(0, 1000),
)
def test_portable_kernel_equals_the_reference(
    name: str, T: int, B: int, inputs: int, H: int, dtype: torch.dtype, seed: int
) -> None:
    cell = CELLS[name]
    problem = random_problem(cell, T, B, inputs, H, dtype, seed)

    found = values_and_gradients(portable.run, cell, problem)
    truth = values_and_gradients(reference.run, cell, problem)

    tolerance = 1e-10 if dtype == torch.float64 else 2e-4
    for a, b in zip(found, truth, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


@settings(deadline=None, max_examples=15)
@given(T=st.integers(1, 7), B=st.integers(1, 4), H=st.integers(1, 6), seed=st.integers(0, 1000))
def test_torch_kernel_equals_the_reference(T: int, B: int, H: int, seed: int) -> None:
    cell = CELLS["lstm"]
    problem = random_problem(cell, T, B, 3, H, torch.float64, seed)

    found = values_and_gradients(torch_lstm.run, cell, problem)
    truth = values_and_gradients(reference.run, cell, problem)

    for a, b in zip(found, truth, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kernel", [portable.run, reference.run], ids=["portable", "reference"])
@pytest.mark.parametrize("name", [n for n in CELLS if n != "rnn-relu"])
def test_gradients_equal_finite_differences(name: str, kernel: dispatch.Kernel) -> None:
    cell = CELLS[name]
    x, state, weights = random_problem(cell, 4, 2, 3, 3, torch.float64, seed=1)

    def function(*tensors: Tensor) -> tuple[Tensor, ...]:
        x, parts = tensors[0], tensors[1 : 1 + len(state)]
        named = dict(zip(weights, tensors[1 + len(state) :], strict=True))
        outputs, last = kernel(cell, x, parts, named)
        return (outputs, *last)

    assert torch.autograd.gradcheck(function, (x, *state, *weights.values()))


@pytest.mark.parametrize("name", CELLS)
def test_two_windows_with_carried_state_equal_one_long_window(name: str) -> None:
    cell = CELLS[name]
    x, state, weights = random_problem(cell, 9, 2, 3, 4, torch.float64, seed=2)

    whole, last = portable.run(cell, x, state, weights)
    first, middle = portable.run(cell, x[:4], state, weights)
    second, end = portable.run(cell, x[4:], tuple(part.detach() for part in middle), weights)

    torch.testing.assert_close(torch.cat([first, second]), whole)
    torch.testing.assert_close(end, last)


def test_detaching_the_state_stops_gradients_at_the_window() -> None:
    cell = CELLS["lstm"]
    x, state, weights = random_problem(cell, 6, 2, 3, 4, torch.float64, seed=3)

    _, middle = portable.run(cell, x[:3], state, weights)
    outputs, _ = portable.run(cell, x[3:], tuple(part.detach() for part in middle), weights)
    (gradient,) = torch.autograd.grad(outputs.sum(), x)

    assert torch.equal(gradient[:3], torch.zeros_like(gradient[:3]))
    assert gradient[3:].abs().min() > 0


def test_a_kernel_can_be_chosen_and_is_given_back() -> None:
    cell = CELLS["gru"]
    x, state, weights = random_problem(cell, 3, 2, 3, 4, torch.float64, seed=4)

    with dispatch.use("reference"):
        outputs, _ = dispatch.run(cell, x, state, weights)
    assert "Stack" in type(outputs.grad_fn).__name__
    outputs, _ = dispatch.run(cell, x, state, weights)
    assert "GRU" in type(outputs.grad_fn).__name__


def test_unknown_kernels_and_unfit_cells_are_refused() -> None:
    x, state, weights = random_problem(CELLS["gru"], 2, 1, 2, 2, torch.float64, seed=5)
    with pytest.raises(ValueError, match="the kernels are portable, reference, torch"):
        dispatch.use("magic").__enter__()
    with pytest.raises(ValueError, match="not gru"):
        torch_lstm.run(CELLS["gru"], x, state, weights)


def test_bfloat16_runs_and_stays_near_float32() -> None:
    for cell in CELLS.values():
        x, state, weights = random_problem(cell, 5, 2, 3, 4, torch.float32, seed=6)
        low = {name: w.detach().bfloat16() for name, w in weights.items()}
        outputs, _ = portable.run(
            cell, x.detach().bfloat16(), tuple(s.detach().bfloat16() for s in state), low
        )
        truth, _ = reference.run(cell, x, state, weights)
        if cell is not CELLS["rnn-relu"]:
            assert (outputs.float() - truth).abs().max() < 0.25
