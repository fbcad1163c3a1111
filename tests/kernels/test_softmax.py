"""Cross-entropy of rows of logits in C++ against torch in double precision."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.needs import needs
from torch import Tensor
from torch.nn import functional as F

from foreword.kernels import dispatch, native
from foreword.nn.softmax import linear_cross_entropy, ranks

pytestmark = needs("kernels")
TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 1e-2}


def random_rows(N: int, V: int, size: float, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(N, V, generator=generator) * size
    bias = torch.randn(V, generator=generator)
    return logits, bias, torch.randint(V, (N,), generator=generator)


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    N=st.integers(1, 7),
    V=st.integers(1, 70),
    size=st.sampled_from([0.1, 3.0, 30.0]),
    dtype=st.sampled_from([torch.float32, torch.bfloat16]),
    seed=st.integers(0, 999),
)
def test_losses_and_gradients_equal_torchs_in_double_precision(
    instruction_set: str, N: int, V: int, size: float, dtype: torch.dtype, seed: int
) -> None:
    logits, bias, targets = random_rows(N, V, size, seed)
    logits = logits.to(dtype)
    exact = logits.double().requires_grad_()
    offsets = bias.double().requires_grad_()
    truth = F.cross_entropy(exact + offsets, targets, reduction="none")
    truth.sum().backward()

    before = torch.ones(V)
    gradients, scales, losses = native.softmax(logits.clone(), bias, targets, before)

    assert gradients.dtype == dtype
    close = {"atol": TOLERANCE[dtype], "rtol": TOLERANCE[dtype]}
    torch.testing.assert_close(losses.double(), truth.detach(), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(gradients.double() * scales, exact.grad, **close)
    torch.testing.assert_close(before.double() - 1.0, offsets.grad, **close)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_results_do_not_depend_on_the_number_of_threads(
    dtype: torch.dtype, instruction_set: str
) -> None:
    logits, bias, targets = random_rows(41, 3001, 3.0, seed=0)
    actual, before = [], torch.get_num_threads()
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        d_bias = torch.zeros(3001)
        actual.append((*native.softmax(logits.to(dtype).clone(), bias, targets, d_bias), d_bias))
    torch.set_num_threads(before)
    for other in actual[1:]:
        assert all(torch.equal(a, b) for a, b in zip(actual[0], other, strict=True))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("position", [0, 17])
def test_what_is_not_finite_gives_no_loss(instruction_set: str, bad: float, position: int) -> None:
    logits, bias, targets = random_rows(2, 18, 1.0, seed=0)
    logits[1, position] = bad
    _, _, losses = native.softmax(logits, bias, targets, torch.zeros(18))
    assert losses[0].isfinite()
    assert losses[1].isnan()


def test_far_logits_neither_overflow_nor_vanish() -> None:
    logits = torch.tensor([[1e4, -1e4, 0.0]])
    _, _, losses = native.softmax(logits, torch.zeros(3), torch.tensor([1]), torch.zeros(3))
    assert float(losses) == pytest.approx(2e4)


def test_a_target_outside_the_vocabulary_is_refused() -> None:
    for target in (-1, 3):
        with pytest.raises(ValueError, match="target is out of range"):
            native.softmax(
                torch.zeros(1, 3), torch.zeros(3), torch.tensor([target]), torch.zeros(3)
            )


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_the_output_layer_gives_the_same_by_either_kernel(precision: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(300, 32, generator=generator).requires_grad_()
    weight = torch.randn(501, 32, generator=generator).requires_grad_()
    bias = torch.randn(501, generator=generator).requires_grad_()
    targets = torch.randint(501, (300,), generator=generator)
    actual = []
    for kernel in ("native", "portable"):
        with dispatch.use(kernel):
            loss = linear_cross_entropy(x, weight, bias, targets, precision=precision)
        actual.append((loss.detach(), *torch.autograd.grad(loss, [x, weight, bias])))
    for ours, theirs in zip(*actual, strict=True):
        difference = (ours - theirs).abs().max() / theirs.abs().max()
        assert float(difference) < TOLERANCE[precision]


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    N=st.integers(1, 7),
    V=st.integers(1, 90),
    size=st.sampled_from([0.1, 3.0, 30.0]),
    ties=st.booleans(),
    seed=st.integers(0, 999),
)
def test_ranks_are_those_of_sorted_words(
    instruction_set: str, N: int, V: int, size: float, ties: bool, seed: int
) -> None:
    logits, _, targets = random_rows(N, V, size, seed)
    if ties:
        logits = logits.round()
    left_out = seed % V
    truth = F.cross_entropy(logits.double(), targets, reduction="none")
    for kernel in ("native", "portable"):
        with dispatch.use(kernel):
            losses, above = ranks(logits, targets, left_out)
        torch.testing.assert_close(losses.double(), truth, atol=1e-5, rtol=1e-5)
        for row, target, actual in zip(logits.tolist(), targets.tolist(), above, strict=True):
            larger = [v for v in range(V) if row[v] > row[target] and v != left_out]
            assert len(larger) == actual


def test_ranks_refuse_a_target_outside_the_vocabulary() -> None:
    with pytest.raises(ValueError, match="target is out of range"):
        native.ranks(torch.zeros(1, 3), torch.tensor([3]), 0)
