from typing import get_args

import pytest
import torch
from torch.nn import functional as F

from foreword.folder.config import ModelConfig, ModelName
from foreword.folder.weights import expected_shapes
from foreword.models.build import build, count_parameters
from foreword.models.model import NextWordModel, Regularisation, detach

EVERY = list(get_args(ModelName))
RECURRENT = [name for name in EVERY if not name.startswith("mlp")]


def config(name: str, **options: object) -> ModelConfig:
    window = {"context_words": 3} if name == "mlp-window" else {}
    sizes = {"vocab_size": 11, "embedding_size": 4, "hidden_size": 5, "num_layers": 2}
    return ModelConfig(name=name, **{**sizes, **window, **options})


def model_of(name: str, **options: object) -> NextWordModel:
    return build(config(name, **options), generator=torch.Generator().manual_seed(1)).eval()


IDS = torch.tensor([[1, 2], [3, 4], [5, 6], [7, 8], [9, 10], [3, 0]])


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("tied", [True, False])
def test_ids_and_state_give_logits_and_state_whatever_the_windows(name: str, tied: bool) -> None:
    model = model_of(name, tied=tied)
    whole, last = model(IDS, model.start(2))
    first, middle = model(IDS[:2], model.start(2))
    second, end = model(IDS[2:], detach(middle))
    assert whole.shape == (6, 2, 11)
    torch.testing.assert_close(torch.cat([first, second]), whole)
    torch.testing.assert_close(end, last)


@pytest.mark.parametrize("name", EVERY)
def test_the_future_does_not_change_the_past(name: str) -> None:
    model = model_of(name)
    other = IDS.clone()
    other[4:] = other[4:].flip(0).flip(1)
    before, _ = model(IDS, model.start(2))
    after, _ = model(other, model.start(2))
    assert torch.equal(before[:4], after[:4])
    assert not torch.equal(before[4:], after[4:])


@pytest.mark.parametrize("name", EVERY)
def test_streams_do_not_see_each_other(name: str) -> None:
    model = model_of(name)
    together, _ = model(IDS, model.start(2))
    alone, _ = model(IDS[:, 1:], model.start(1))
    torch.testing.assert_close(together[:, 1:], alone)


@pytest.mark.parametrize(("name", "words"), [("mlp-last", 1), ("mlp-window", 3)])
def test_an_mlp_sees_its_window_and_nothing_before(name: str, words: int) -> None:
    model = model_of(name)
    other = IDS.clone()
    other[0] = 9
    before, _ = model(IDS, model.start(2))
    after, _ = model(other, model.start(2))
    assert torch.equal(before[words:], after[words:])
    assert not torch.equal(before[words - 1], after[words - 1])


@pytest.mark.parametrize("name", RECURRENT)
def test_a_recurrent_model_sees_all_that_came_before(name: str) -> None:
    model = model_of(name)
    other = IDS.clone()
    other[0] = 9
    before, _ = model(IDS, model.start(2))
    after, _ = model(other, model.start(2))
    assert not torch.equal(before[-1], after[-1])


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("options", [{}, {"tied": False}, {"hidden_size": 4}])
def test_weights_have_the_names_and_shapes_that_the_folder_expects(
    name: str, options: dict[str, object]
) -> None:
    model = model_of(name, **options)
    shapes = {k: tuple(v.shape) for k, v in model.state_dict().items()}
    assert shapes == expected_shapes(model.config)
    assert count_parameters(model.config) == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("name", EVERY)
def test_the_loss_is_the_cross_entropy_of_the_logits(name: str) -> None:
    model = model_of(name)
    targets = IDS.roll(-1, 0)
    targets[-1, 0] = -1
    loss, state = model.loss(IDS, targets, model.start(2))
    logits, expected_state = model(IDS, model.start(2))
    expected = F.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=-1, reduction="sum"
    )
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(state, expected_state)


@pytest.mark.parametrize("name", EVERY)
def test_every_parameter_learns(name: str) -> None:
    model = model_of(name)
    state = model.start(2)
    if model.config.is_recurrent:
        state = tuple(torch.full_like(part, 0.3) for part in state)
    loss, _ = model.loss(IDS, IDS.roll(-1, 0), state)
    loss.backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.abs().sum() > 0, key


@pytest.mark.parametrize(
    "place", ["embedding", "input", "hidden", "output", "projected", "recurrent"]
)
def test_each_kind_of_dropout_acts_in_training_and_not_in_evaluation(place: str) -> None:
    generator = torch.Generator().manual_seed(1)
    model = build(config("lstm"), Regularisation(**{place: 0.5}), generator)
    model.train()
    one, _ = model.loss(IDS, IDS, model.start(2))
    other, _ = model.loss(IDS, IDS, model.start(2))
    assert one != other
    model.eval()
    one, _ = model.loss(IDS, IDS, model.start(2))
    other, _ = model.loss(IDS, IDS, model.start(2))
    assert one == other


def test_penalties_are_the_mean_squares_of_outputs_and_of_their_change() -> None:
    held = Regularisation(output=0.5, activation=2.0, temporal=3.0)
    model = build(config("lstm"), held, torch.Generator().manual_seed(1)).train()
    torch.manual_seed(0)
    model.generator = torch.Generator().manual_seed(2)
    hidden, dropped, _ = model.outputs(IDS, model.start(2))
    model.generator = torch.Generator().manual_seed(2)
    loss, penalty, _ = model.training_loss(IDS, IDS, model.start(2))
    change = hidden[1:] - hidden[:-1]
    expected = 2 * (dropped**2).mean() + 3 * (change**2).mean()
    torch.testing.assert_close(penalty, expected)
    model.generator = torch.Generator().manual_seed(2)
    assert model.loss(IDS, IDS, model.start(2))[0] == loss
    penalty.backward()
    assert model.embedding.weight.grad.abs().sum() > 0
    assert model.eval().training_loss(IDS, IDS, model.start(2))[1] == 0


def test_tied_models_use_the_embedding_as_output_layer() -> None:
    model = model_of("lstm", hidden_size=4)
    assert model.output_layer()[0] is model.embedding.weight
    assert model.projection is None
