import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.folder.config import ModelConfig
from foreword.models.build import build
from foreword.nn.sampled import Sampling, draw

V = 400
HOW = Sampling(head=40, rest=30)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 60))
def test_head_and_targets_are_in_the_sample_and_the_rest_counts_for_all_others(
    seed: int, count: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    targets = torch.randint(-1, V, (count,), generator=generator)
    sample = draw(targets, V, HOW, generator)
    assert sample is not None
    asked = targets >= 0
    assert torch.equal(sample.words[sample.targets[asked]], targets[asked])
    assert (sample.targets[~asked] == -1).all()
    assert torch.equal(sample.words, sample.words.unique())
    assert torch.equal(sample.words[: HOW.head], torch.arange(HOW.head))
    weights = sample.log_weights.exp()
    assert (weights[sample.targets[asked]] == 1).all()
    assert (weights[: HOW.head] == 1).all()
    torch.testing.assert_close(weights.sum().item(), float(V), rtol=1e-4, atol=0)
    assert (weights != 1).sum() == HOW.rest


def test_the_expected_sum_is_that_over_all_words() -> None:
    generator = torch.Generator().manual_seed(1)
    scores = torch.randn(V, generator=generator)
    targets = torch.tensor([3, 90, 211, -1])
    sums = []
    for _ in range(4000):
        sample = draw(targets, V, HOW, generator)
        assert sample is not None
        sums.append((scores[sample.words] + sample.log_weights).exp().sum())
    actual = torch.stack(sums).double()
    error = actual.std() / len(actual) ** 0.5
    assert abs(actual.mean() - scores.double().exp().sum()) < 4 * error
    assert error < 0.01 * actual.mean()


def test_a_sample_of_most_of_the_vocabulary_is_none() -> None:
    assert draw(torch.tensor([1, 2]), 139, HOW) is None
    assert draw(torch.tensor([1, 2]), 141, HOW) is not None


def test_the_mean_estimated_gradient_is_near_the_true_one() -> None:
    config = ModelConfig(name="lstm", vocab_size=V, embedding_size=6, hidden_size=6)
    model = build(config, generator=torch.Generator().manual_seed(1)).train()
    ids = torch.randint(V, (9, 4), generator=torch.Generator().manual_seed(2))

    def gradients(sampling: Sampling | None) -> dict[str, torch.Tensor]:
        model.zero_grad()
        loss, _, _ = model.training_loss(ids[:-1], ids[1:], model.start(4), torch.float32, sampling)
        loss.backward()
        return {k: p.grad.double().clone() for k, p in model.named_parameters()}

    true = gradients(None)
    many = [gradients(Sampling(head=40, rest=120)) for _ in range(200)]
    for name, expected in true.items():
        mean = torch.stack([actual[name] for actual in many]).mean(0)
        one = (many[0][name] - expected).norm() / expected.norm()
        assert (mean - expected).norm() / expected.norm() < max(0.2 * one, 0.02), name
