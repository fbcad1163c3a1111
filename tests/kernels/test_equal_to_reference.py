"""Every kernel gives what the cell's equations give, values and gradients, on random problems."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from foreword.cells.cell import Cell
from foreword.cells.registry import cell_for
from foreword.kernels import dispatch, portable, reference, torch_native
from foreword.kernels.problem import Extras, Problem, Run, Zoneout

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

CELLS = {
    "rnn": cell_for("rnn"),
    "rnn-relu": cell_for("rnn", nonlinearity="relu"),
    "lstm": cell_for("lstm"),
    "lstm-peephole": cell_for("lstm-peephole"),
    "lstm-peephole-only": cell_for("lstm-peephole-only"),
    "lstm-coupled": cell_for("lstm-coupled"),
    "gru": cell_for("gru"),
    "gru-reset-before": cell_for("gru", reset_after=False),
    "rnn-projected": cell_for("rnn", projected=True),
    "lstm-projected": cell_for("lstm", projected=True),
    "lstm-peephole-projected": cell_for("lstm-peephole", projected=True),
    "lstm-peephole-only-projected": cell_for("lstm-peephole-only", projected=True),
    "lstm-coupled-projected": cell_for("lstm-coupled", projected=True),
    "gru-projected": cell_for("gru", projected=True),
    "lstm-clipped": cell_for("lstm", cell_clip=0.6),
    "lstm-peephole-clipped": cell_for("lstm-peephole", cell_clip=0.6),
    "lstm-peephole-only-clipped": cell_for("lstm-peephole-only", cell_clip=0.6),
    "lstm-peephole-clipped-projected": cell_for("lstm-peephole", projected=True, cell_clip=0.6),
    "lstm-mogrifier": cell_for("lstm-mogrifier"),
    "lstm-mogrifier-once": cell_for("lstm-mogrifier", rounds=1),
    "lstm-mogrifier-low-rank": cell_for("lstm-mogrifier", rounds=4, rank=2),
    "lstm-mogrifier-projected": cell_for("lstm-mogrifier", rounds=3, projected=True),
}
WITHOUT_HANDWRITTEN = {
    "lstm-layernorm": cell_for("lstm-layernorm"),
    "gru-layernorm": cell_for("gru-layernorm"),
    "lstm-layernorm-projected": cell_for("lstm-layernorm", projected=True),
    "gru-layernorm-projected": cell_for("gru-layernorm", projected=True),
    "si-cifg": cell_for("si-cifg"),
    "si-cifg-projected": cell_for("si-cifg", projected=True),
}


def random_problem(
    cell: Cell,
    T: int,
    B: int,
    inputs: int,
    H: int,
    dtype: torch.dtype = torch.float64,
    seed: int = 0,
    asked: frozenset[str] = frozenset(),
) -> Problem:
    generator = torch.Generator().manual_seed(seed)
    P = max(1, H - 1) if cell.projected else 0

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=dtype).requires_grad_()

    def mask(*shape: int, scale: float = 1.0) -> Tensor:
        return torch.bernoulli(torch.full(shape, 0.6), generator=generator).to(dtype) * scale

    sizes = cell.state_sizes(H, P)
    seen = sizes[cell.recurrent_state]
    zoneout = None
    if "zoneout" in asked:
        zoneout = Zoneout(*(mask(T, B, size) for size in sizes))
    elif "zoneout shares" in asked:
        zoneout = Zoneout(0.3, 0.1)
    extras = Extras(
        keep=mask(T, B) if "keep" in asked else None,
        drop_hidden=mask(B, seen, scale=1.7) if "drop_hidden" in asked else None,
        drop_memory=mask(B, H, scale=1.7)
        if "drop_memory" in asked and "c" in cell.states
        else None,
        zoneout=zoneout,
        wants_states="lengths" in asked,
        traced="traced" in asked,
    )
    x = draw(T, B, inputs)
    if "lengths" in asked:
        lengths = torch.randint(0, T + 1, (B,), generator=generator)
        extras = replace(extras, lengths=lengths)
        for k, length in enumerate(lengths):
            x.data[length:, k] = torch.nan  # nobody shall look at it
    return Problem(
        cell,
        x,
        tuple(draw(B, size) for size in sizes),
        {name: draw(*shape) for name, shape in cell.parameter_shapes(inputs, H, P).items()},
        extras,
    )


def seen_of(run: Run) -> list[Tensor]:
    return [run.outputs, *run.last, *(run.states or ()), *(run.gates or {}).values()]


def values_and_gradients(kernel: dispatch.Kernel, problem: Problem) -> list[Tensor]:
    """With a loss that sees every output, and every part of the final state, differently."""
    run = kernel.run(problem)
    seen = seen_of(run)
    loss = sum(
        (part * torch.arange(part.numel()).view_as(part).add(1).sin()).sum() for part in seen
    )
    wanted = [part for part in problem.tensors if part.requires_grad]
    gradients = gradients_by(loss, wanted)
    for handles in run.handles or ():
        by_state = gradients_by(loss, handles)
        gradients.append(by_state[0] if by_state[0].ndim == 3 else torch.stack(by_state))
    return [part.detach() for part in seen] + gradients


def gradients_by(loss: Tensor, wanted: list[Tensor]) -> list[Tensor]:
    actual = torch.autograd.grad(loss, wanted, allow_unused=True, retain_graph=True)
    return [torch.zeros_like(w) if g is None else g for w, g in zip(wanted, actual, strict=True)]


def assert_equal_to_reference(kernel: str, problem: Problem) -> None:
    actual = values_and_gradients(dispatch.KERNELS[kernel], problem)
    truth = values_and_gradients(dispatch.KERNELS["reference"], problem)
    tolerance = 1e-10 if problem.x.dtype == torch.float64 else 1e-3
    assert len(actual) == len(truth)
    for a, b in zip(actual, truth, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


SIZES = {
    "T": st.integers(1, 7),
    "B": st.integers(1, 4),
    "inputs": st.integers(1, 6),
    "H": st.integers(2, 6),
    "seed": st.integers(0, 1000),
}
OPTIONS = ["keep", "drop_hidden", "drop_memory", "traced", "lengths"]
ASKED = st.frozensets(st.sampled_from(OPTIONS))


@pytest.mark.parametrize("name", CELLS)
@settings(deadline=None, max_examples=30)
@given(**SIZES, asked=ASKED, dtype=st.sampled_from([torch.float64, torch.float32]))
def test_portable_kernel_equals_the_reference(
    name: str,
    T: int,
    B: int,
    inputs: int,
    H: int,
    seed: int,
    asked: frozenset[str],
    dtype: torch.dtype,
) -> None:
    problem = random_problem(CELLS[name], T, B, inputs, H, dtype, seed, asked)
    assert portable.refusal(problem) is None
    assert_equal_to_reference("portable", problem)


@pytest.mark.parametrize("name", ["rnn", "rnn-relu", "lstm", "lstm-projected", "gru"])
@settings(deadline=None, max_examples=15)
@given(**SIZES)
def test_torchs_kernel_equals_the_reference(
    name: str, T: int, B: int, inputs: int, H: int, seed: int
) -> None:
    problem = random_problem(CELLS[name], T, B, inputs, H, seed=seed)
    assert torch_native.refusal(problem) is None

    def without_states(kernel: str) -> list[Tensor]:
        asked = dispatch.KERNELS[kernel]
        return values_and_gradients(
            replace(asked, run=lambda p: asked.run(p)._replace(states=None)), problem
        )

    torch.testing.assert_close(without_states("torch"), without_states("reference"))


@pytest.mark.parametrize(
    "name",
    # ReLU is not differentiable at 0.
    [name for name in (*CELLS, *WITHOUT_HANDWRITTEN) if "relu" not in name],
)
@pytest.mark.parametrize("asked", [frozenset(), frozenset(["keep", "drop_hidden", "traced"])])
def test_gradients_equal_finite_differences(name: str, asked: frozenset[str]) -> None:
    cell = {**CELLS, **WITHOUT_HANDWRITTEN}[name]
    problem = random_problem(cell, 3, 2, 2, 2, seed=1, asked=asked)
    kernels = ["reference"] if name in WITHOUT_HANDWRITTEN else ["reference", "portable"]

    def function(kernel: str, *tensors: Tensor) -> tuple[Tensor, ...]:
        x, *rest = tensors
        state, weights = rest[: len(problem.state)], rest[len(problem.state) :]
        named = dict(zip(problem.weights, weights, strict=True))
        moved = Problem(cell, x, tuple(state), named, problem.extras)
        return tuple(seen_of(dispatch.KERNELS[kernel].run(moved)))

    for kernel in kernels:
        inputs = (problem.x, *problem.state, *problem.weights.values())
        # With the trace there are many outputs: their derivatives along random directions.
        fast = "traced" in asked
        assert torch.autograd.gradcheck(partial(function, kernel), inputs, fast_mode=fast)


@pytest.mark.parametrize("name", CELLS)
def test_two_windows_with_carried_state_equal_one_long_window(name: str) -> None:
    problem = random_problem(CELLS[name], 9, 2, 3, 4, seed=2)

    whole = portable.run(problem)
    first = portable.run(replace(problem, x=problem.x[:4]))
    middle = tuple(part.detach() for part in first.last)
    second = portable.run(replace(problem, x=problem.x[4:], state=middle))

    torch.testing.assert_close(torch.cat([first.outputs, second.outputs]), whole.outputs)
    torch.testing.assert_close(second.last, whole.last)


def test_detaching_the_state_stops_gradients_at_the_window() -> None:
    problem = random_problem(CELLS["lstm"], 6, 2, 3, 4, seed=3)

    first = portable.run(replace(problem, x=problem.x[:3]))
    middle = tuple(part.detach() for part in first.last)
    second = portable.run(replace(problem, x=problem.x[3:], state=middle))
    (gradient,) = torch.autograd.grad(second.outputs.sum(), problem.x)

    assert torch.equal(gradient[:3], torch.zeros_like(gradient[:3]))
    assert gradient[3:].abs().min() > 0


def test_bfloat16_runs_and_stays_near_float32() -> None:
    for name, cell in CELLS.items():
        if "relu" in name:
            continue
        problem = random_problem(cell, 5, 2, 3, 4, torch.float32, seed=6)
        low = Problem(
            cell,
            problem.x.detach().bfloat16(),
            tuple(part.detach().bfloat16() for part in problem.state),
            {name: w.detach().bfloat16() for name, w in problem.weights.items()},
        )
        difference = portable.run(low).outputs.float() - reference.run(problem).outputs
        assert difference.abs().max() < 0.25, name


@pytest.mark.parametrize("name", CELLS)
def test_float32_products_large_enough_for_onednn_equal_the_reference_in_float64(name: str) -> None:
    small = random_problem(CELLS[name], 9, 32, 150, 200, torch.float32, seed=7)
    with torch.no_grad():
        for weight in small.weights.values():
            weight *= 0.1
    exact = Problem(
        small.cell,
        small.x.detach().double().requires_grad_(),
        tuple(part.detach().double().requires_grad_() for part in small.state),
        {k: w.detach().double().requires_grad_() for k, w in small.weights.items()},
    )
    actual = values_and_gradients(dispatch.KERNELS["portable"], small)
    truth = values_and_gradients(dispatch.KERNELS["reference"], exact)
    for a, b in zip(actual, truth, strict=True):
        scale = max(1.0, float(b.abs().max()))
        assert float((a.double() - b).abs().max()) / scale < 1e-4
