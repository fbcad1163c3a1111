"""The adaptive softmax against the formula of the paper, written out whole, and against torch's."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foreword.nn import softmax
from foreword.nn.adaptive import Adaptive, ClusterRange
from foreword.nn.softmax import IGNORED

G, HEAD, CLUSTERS = 16, 5, ((6, 4), (13, 1))
V = HEAD + 6 + 13


def layer(dtype: torch.dtype = torch.float64) -> tuple[Adaptive, Tensor]:
    """One with biases, and those of the words."""
    generator = torch.Generator().manual_seed(1)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=dtype)

    actual = Adaptive(
        draw(HEAD + len(CLUSTERS), G),
        [draw(features, G) for _, features in CLUSTERS],
        [draw(words, features) for words, features in CLUSTERS],
    )
    with torch.no_grad():
        actual.bias.copy_(draw(len(CLUSTERS)))
    return actual, draw(V).requires_grad_()


def features(count: int, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.randn((count, G), generator=generator, dtype=dtype).requires_grad_()


def by_the_paper(weights: Adaptive, bias: Tensor, g: Tensor) -> Tensor:
    """P of every word of one row of features, word by word."""
    logits = weights.head @ g + torch.cat([bias[:HEAD], weights.bias])
    head = logits.exp() / logits.exp().sum()
    actual, first = list(head[:HEAD]), HEAD
    for k, (words, _) in enumerate(CLUSTERS):
        inside = weights.up[k] @ (weights.down[k] @ g) + bias[first : first + words]
        actual += list(head[HEAD + k] * inside.exp() / inside.exp().sum())
        first += words
    return torch.stack(actual)


def test_probabilities_are_those_of_the_paper_and_sum_to_one() -> None:
    weights, bias = layer()
    g = features(6)
    actual = weights.log_probabilities(g, bias).exp()
    torch.testing.assert_close(actual, torch.stack([by_the_paper(weights, bias, row) for row in g]))
    torch.testing.assert_close(actual.sum(1), torch.ones(6, dtype=torch.float64))
    assert weights.ranges == [ClusterRange(5, 11), ClusterRange(11, 24)]


TARGETS = [
    torch.arange(V),
    torch.tensor([3, IGNORED, 7, 23, IGNORED, 11, 10, 0]),
    torch.tensor([0, 4, 2]),
    torch.tensor([23, 12]),
    torch.tensor([IGNORED, IGNORED]),
]


@pytest.mark.parametrize("targets", TARGETS, ids=range(len(TARGETS)))
@pytest.mark.parametrize("chunk_bytes", [1 << 26, 64])
def test_the_loss_and_its_gradients_are_those_of_whole_probabilities(
    targets: Tensor, chunk_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(softmax, "CHUNK_BYTES", chunk_bytes)
    weights, bias = layer()
    g = features(len(targets))
    asked = [g, bias, *weights.parameters()]
    actual = weights.cross_entropy(g, bias, targets)
    expected = F.nll_loss(
        weights.log_probabilities(g, bias), targets, ignore_index=IGNORED, reduction="sum"
    )
    torch.testing.assert_close(actual, expected)
    gradients = torch.autograd.grad(actual, asked, allow_unused=True)
    theirs = torch.autograd.grad(expected, asked, allow_unused=True)
    for ours, other, one in zip(gradients, theirs, asked, strict=True):
        nothing = torch.zeros_like(one)
        torch.testing.assert_close(
            nothing if ours is None else ours, nothing if other is None else other
        )


def test_the_loss_is_differentiated_right() -> None:
    weights, bias = layer()
    targets = torch.tensor([3, 7, 23, 11, IGNORED])
    parameters = list(weights.parameters())
    assert torch.autograd.gradcheck(
        lambda *_: weights.cross_entropy(g, bias, targets), [g := features(5), bias, *parameters]
    )


def test_it_equals_torchs_own_with_the_same_weights() -> None:
    theirs = nn.AdaptiveLogSoftmaxWithLoss(G, V, [HEAD, HEAD + 6], head_bias=True).double()
    tails = [(tail[0].weight, tail[1].weight) for tail in theirs.tail]
    weights = Adaptive(theirs.head.weight, *([pair[k] for pair in tails] for k in range(2)))
    with torch.no_grad():
        weights.bias.copy_(theirs.head.bias[HEAD:])
        bias = torch.cat([theirs.head.bias[:HEAD], torch.zeros(V - HEAD)])
    g, targets = features(V), torch.arange(V)
    torch.testing.assert_close(weights.log_probabilities(g, bias), theirs.log_prob(g))
    loss = weights.cross_entropy(g, bias, targets)
    torch.testing.assert_close(loss / V, theirs(g, targets).loss)


def test_in_bfloat16_the_loss_is_about_the_same() -> None:
    weights, bias = layer(torch.float32)
    g, targets = features(V, torch.float32), torch.arange(V)
    exact = weights.cross_entropy(g, bias, targets).detach()
    rough = weights.cross_entropy(g, bias, targets, precision=torch.bfloat16).detach()
    assert rough.dtype == torch.float32
    assert float(rough) == pytest.approx(float(exact), rel=0.02)
    assert float(rough) != float(exact)
