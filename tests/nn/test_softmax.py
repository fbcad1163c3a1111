import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from foreword.nn import softmax
from foreword.nn.softmax import IGNORED, linear_cross_entropy


@settings(deadline=None, max_examples=30)
@given(
    N=st.integers(1, 9),
    features=st.integers(1, 5),
    V=st.integers(1, 7),
    ignored=st.integers(0, 9),
    chunk=st.integers(1, 4),
    margin=st.sampled_from([0.0, 0.05, 2.0]),
    seed=st.integers(0, 999),
)
def test_value_and_gradients_equal_torch_cross_entropy(
    N: int, features: int, V: int, ignored: int, chunk: int, margin: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(N, features, generator=generator, dtype=torch.float64).requires_grad_()
    weight = torch.randn(V, features, generator=generator, dtype=torch.float64).requires_grad_()
    bias = torch.randn(V, generator=generator, dtype=torch.float64).requires_grad_()
    targets = torch.randint(V, (N,), generator=generator)
    targets[:ignored] = IGNORED

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(softmax, "CHUNK_BYTES", chunk * V * weight.itemsize)
        loss = linear_cross_entropy(x, weight, bias, targets, margin=margin)
    logits = F.linear(x, weight, bias)
    truth = F.cross_entropy(logits, targets, ignore_index=-1, reduction="sum")
    changed = logits + changes(x, weight, targets, margin)
    under = F.cross_entropy(changed, targets, ignore_index=-1, reduction="sum")
    ours = torch.autograd.grad(loss * 0.7, [x, weight, bias])
    theirs = torch.autograd.grad(under * 0.7, [x, weight, bias])

    torch.testing.assert_close(loss, truth)
    torch.testing.assert_close(ours, theirs)


def changes(x: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, margin: float):  # type: ignore[no-untyped-def]
    """By how much the worst change to each target's weight changes the logits, (N, V)."""
    of_targets = weight.detach()[targets.clamp_min(0)]
    length = margin * of_targets.norm(dim=1, keepdim=True)
    worst = -length * x.detach() / x.detach().norm(dim=1, keepdim=True)
    return F.one_hot(targets.clamp_min(0), len(weight)) * (worst * x).sum(dim=1, keepdim=True)


def test_gradients_equal_finite_differences() -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = [(5, 3), (6, 3), (6,)]
    inputs = [
        torch.randn(s, generator=generator, dtype=torch.float64).requires_grad_() for s in shapes
    ]
    targets = torch.tensor([0, 5, IGNORED, 2, 2])
    assert torch.autograd.gradcheck(lambda x, w, b: linear_cross_entropy(x, w, b, targets), inputs)


def test_bfloat16_products_stay_within_a_hundredth() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(300, 64, generator=generator)
    weight = torch.randn(500, 64, generator=generator) * 0.1
    bias, targets = torch.zeros(500), torch.randint(500, (300,), generator=generator)

    exact = linear_cross_entropy(x, weight, bias, targets)
    low = linear_cross_entropy(x, weight, bias, targets, precision=torch.bfloat16)

    assert low != exact
    assert float(low / exact) == pytest.approx(1.0, abs=0.01)


def test_enormous_logits_do_not_overflow() -> None:
    x = torch.full((1, 1), 1e4)
    loss = linear_cross_entropy(x, torch.tensor([[1.0], [-1.0]]), torch.zeros(2), torch.tensor([1]))
    assert float(loss) == pytest.approx(2e4)
