import pytest
import torch

from foreword.nn.dropout import drop_connect, dropout, embedding_dropout, locked_dropout


def of_different_words(
    x: torch.Tensor, p: float, training: bool, generator: torch.Generator
) -> torch.Tensor:
    ids = torch.arange(x[..., 0].numel()).view(x.shape[:-1])
    return embedding_dropout(x, ids, ids.numel(), p, training, generator)


FORMS = [dropout, locked_dropout, of_different_words, drop_connect]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("drop", FORMS)
def test_every_form_keeps_the_expectation_and_drops_its_share(drop: object) -> None:
    x = torch.ones(60, 50, 40) if drop is locked_dropout else torch.ones(2000, 40)
    dropped = drop(x, 0.3, True, seeded())  # type: ignore[operator]
    assert dropped.mean() == pytest.approx(1.0, abs=0.04)
    assert (dropped == 0).float().mean() == pytest.approx(0.3, abs=0.04)


@pytest.mark.parametrize("drop", FORMS)
def test_nothing_is_dropped_in_evaluation_or_at_rate_zero(drop: object) -> None:
    x = torch.rand(4, 3, 2)
    assert drop(x, 0.5, False, seeded()) is x  # type: ignore[operator]
    assert drop(x, 0.0, True, seeded()) is x  # type: ignore[operator]


@pytest.mark.parametrize("drop", FORMS)
def test_masks_come_from_the_generator(drop: object) -> None:
    x = torch.ones(20, 3, 5) if drop is locked_dropout else torch.ones(20, 15)
    first, same = drop(x, 0.5, True, seeded(1)), drop(x, 0.5, True, seeded(1))  # type: ignore[operator]
    other = drop(x, 0.5, True, seeded(2))  # type: ignore[operator]
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_locked_dropout_drops_the_same_units_at_every_time_step() -> None:
    dropped = locked_dropout(torch.ones(9, 2, 50), 0.5, True, seeded())
    assert all(torch.equal(step, dropped[0]) for step in dropped)
    assert not torch.equal(dropped[0, 0], dropped[0, 1])


def test_plain_dropout_drops_others_at_every_time_step() -> None:
    dropped = dropout(torch.ones(9, 2, 50), 0.5, True, seeded())
    assert not torch.equal(dropped[0], dropped[1])


def test_embedding_dropout_drops_words_wherever_they_occur() -> None:
    ids = torch.arange(50).repeat(2)
    dropped = embedding_dropout(torch.ones(100, 7), ids, 50, 0.5, True, seeded())
    assert set(dropped.ne(0).sum(dim=1).tolist()) == {0, 7}
    assert torch.equal(dropped[:50], dropped[50:])
