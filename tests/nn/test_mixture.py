"""The mixture of softmaxes against the formula as the paper has it, written out whole."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from foreword.nn import softmax, use
from foreword.nn.mixture import Mixture, log_mixture, mixture_cross_entropy
from foreword.nn.softmax import IGNORED, linear_cross_entropy


def draw(*shape: int, seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=dtype).requires_grad_()


def written_out(contexts: Tensor, log_prior: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """P (N, V): every softmax of every context, weighed and summed."""
    each = torch.einsum("nke,ve->nkv", contexts, weight) + bias
    return torch.einsum("nk,nkv->nv", log_prior.exp(), each.softmax(2))


@settings(deadline=None, max_examples=40)
@given(
    N=st.integers(1, 9),
    K=st.integers(1, 4),
    E=st.integers(1, 5),
    V=st.integers(1, 7),
    ignored=st.integers(0, 9),
    chunk=st.integers(1, 4),
    seed=st.integers(0, 999),
)
def test_value_and_gradients_equal_the_formula_written_out(
    N: int, K: int, E: int, V: int, ignored: int, chunk: int, seed: int
) -> None:
    contexts, weight, bias = draw(N, K, E, seed=seed), draw(V, E, seed=seed), draw(V, seed=seed)
    prior = draw(N, K, seed=seed + 1)
    targets = torch.randint(V, (N,), generator=torch.Generator().manual_seed(seed))
    targets[:ignored] = IGNORED
    inputs = [contexts, prior, weight, bias]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(softmax, "CHUNK_BYTES", chunk * K * V * weight.itemsize)
        loss = mixture_cross_entropy(contexts, prior.log_softmax(1), weight, bias, targets)
    chosen = written_out(contexts, prior.log_softmax(1), weight, bias).gather(
        1, targets.clamp(min=0)[:, None]
    )
    truth = -chosen.log()[targets != IGNORED].sum()

    torch.testing.assert_close(loss, truth)
    torch.testing.assert_close(
        torch.autograd.grad(loss * 0.7, inputs), torch.autograd.grad(truth * 0.7, inputs)
    )


def test_gradients_equal_finite_differences_in_a_log_prior_of_its_own() -> None:
    inputs = [draw(5, 3, 2, seed=0), draw(5, 3, seed=1), draw(6, 2, seed=2), draw(6, seed=3)]
    targets = torch.tensor([0, 5, IGNORED, 2, 2])
    assert torch.autograd.gradcheck(lambda *x: mixture_cross_entropy(*x, targets), inputs)


def test_one_softmax_is_the_linear_cross_entropy() -> None:
    x, weight, bias = draw(4, 3, seed=0), draw(7, 3, seed=1), draw(7, seed=2)
    targets = torch.tensor([0, 6, 3, IGNORED])
    actual = mixture_cross_entropy(x[:, None], torch.zeros(4, 1).double(), weight, bias, targets)
    torch.testing.assert_close(actual, linear_cross_entropy(x, weight, bias, targets))


@pytest.mark.parametrize("kernel", [None, "portable"])
@pytest.mark.parametrize(
    ("precision", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 2e-2)]
)
def test_each_precision_stays_near_double(
    kernel: str | None, precision: torch.dtype, tolerance: float
) -> None:
    sizes = {"contexts": (60, 3, 32), "prior": (60, 3), "weight": (500, 32), "bias": (500,)}
    exact = [draw(*shape, seed=k) for k, shape in enumerate(sizes.values())]
    single = [x.detach().float().requires_grad_() for x in exact]
    targets = torch.randint(500, (60,), generator=torch.Generator().manual_seed(0))

    def loss(x: list[Tensor], precision: torch.dtype) -> Tensor:
        contexts, prior, weight, bias = x
        return mixture_cross_entropy(
            contexts.tanh(), prior.log_softmax(1), weight * 0.3, bias, targets, precision=precision
        )

    truth = loss(exact, torch.float32)
    with use(kernel):
        actual = loss(single, precision)
    assert float((actual / truth).detach()) == pytest.approx(1.0, abs=tolerance)
    pairs = zip(torch.autograd.grad(actual, single), torch.autograd.grad(truth, exact), strict=True)
    for ours, theirs in pairs:
        assert float((ours - theirs).norm() / theirs.norm()) < tolerance


def test_enormous_logits_overflow_neither_value_nor_gradient() -> None:
    contexts = torch.full((1, 2, 1), 1e4, requires_grad=True)
    weight = torch.tensor([[1.0], [-1.0]])
    prior = torch.tensor([[0.0, -1e4]]).log_softmax(1)
    loss = mixture_cross_entropy(contexts, prior, weight, torch.zeros(2), torch.tensor([1]))
    loss.backward()
    assert float(loss.detach()) == pytest.approx(2e4)
    assert torch.isfinite(contexts.grad).all()
    assert torch.isfinite(log_mixture(contexts, prior, weight, torch.zeros(2))).all()


def test_log_mixture_is_the_logarithm_of_the_formula_and_sums_to_one() -> None:
    generator = torch.Generator().manual_seed(0)
    mixture = Mixture(
        torch.randn(3, 5, generator=generator, dtype=torch.float64),
        torch.randn(3 * 4, 5, generator=generator, dtype=torch.float64),
    )
    g, weight, bias = draw(2, 6, 5, seed=1), draw(9, 4, seed=2), draw(9, seed=3)
    with torch.no_grad():
        mixture.bias.normal_(generator=generator)
    contexts, log_prior = mixture(g)
    actual = log_mixture(contexts, log_prior, weight, bias)

    pi = torch.softmax(g @ mixture.prior.T, -1)
    by_hand = sum(
        pi[..., k : k + 1]
        * torch.softmax(
            torch.tanh(g @ mixture.weight[4 * k : 4 * k + 4].T + mixture.bias[4 * k : 4 * k + 4])
            @ weight.T
            + bias,
            -1,
        )
        for k in range(3)
    )
    torch.testing.assert_close(actual.exp(), by_hand)
    torch.testing.assert_close(actual.exp().sum(-1), torch.ones(2, 6, dtype=torch.float64))


def test_logits_of_a_mixture_are_of_a_higher_rank_than_its_features() -> None:
    g, weight = draw(40, 2, seed=0), draw(30, 2, seed=1)
    mixture = Mixture(draw(3, 2, seed=2).detach(), draw(3 * 2, 2, seed=3).detach())
    plain = (g @ weight.T).log_softmax(1)
    mixed = log_mixture(*mixture(g), weight, torch.zeros(30, dtype=torch.float64))
    # One softmax: the features' 2 and 1 for the normaliser.
    assert int(torch.linalg.matrix_rank(plain)) == 3
    assert int(torch.linalg.matrix_rank(mixed)) > 3
