import pytest
import torch
from torch.nn import functional as F

from foreword.cells.registry import having
from foreword.folder.architecture import MODELS
from foreword.folder.config import ModelConfig, ModelName
from foreword.folder.weights import expected_shapes
from foreword.models.build import build, count_parameters
from foreword.models.model import NextWordModel, Regularisation, detach
from foreword.nn.mixture import log_mixture
from foreword.nn.sampled import Sampling, draw

EVERY = list(MODELS)
OPTIONS: list[dict[str, object]] = [
    {"skip": True},
    {"softmaxes": 3},
    {"softmaxes": 2, "tied": False, "skip": True},
    {"adaptive_clusters": 2, "adaptive_head": 3, "tied": False},
    {"mogrifier_rounds": 5},
    {"mogrifier_rounds": 2, "mogrifier_rank": 3, "skip": True},
    {"cell_clip": 0.1},
]
"""Those that an architecture does not have are left out."""
RECURRENT = [name for name in EVERY if not name.startswith("mlp")]


def config(name: str, **options: object) -> ModelConfig:
    window = {"context_words": 3} if name == "mlp-window" else {}
    if name != "lstm":
        options = {k: v for k, v in options.items() if not k.startswith("mogrifier")}
    if name not in having("cell_clip"):
        options = {k: v for k, v in options.items() if k != "cell_clip"}
    if name.startswith("mlp"):
        options = {k: v for k, v in options.items() if k != "skip"}
    sizes = {"vocab_size": 11, "embedding_size": 4, "hidden_size": 5, "num_layers": 2}
    return ModelConfig(name=name, **{**sizes, **window, **options})


def model_of(name: str, **options: object) -> NextWordModel:
    return build(config(name, **options), generator=torch.Generator().manual_seed(1)).eval()


IDS = torch.tensor([[1, 2], [3, 4], [5, 6], [7, 8], [9, 10], [3, 0]])


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("options", [{}, {"tied": False}, *OPTIONS])
def test_ids_and_state_give_logits_and_state_whatever_the_windows(
    name: str, options: dict[str, object]
) -> None:
    model = model_of(name, **options)
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
@pytest.mark.parametrize("options", [{}, {"tied": False}, {"hidden_size": 4}, *OPTIONS])
def test_weights_have_the_names_and_shapes_that_the_folder_expects(
    name: str, options: dict[str, object]
) -> None:
    model = model_of(name, **options)
    shapes = {k: tuple(v.shape) for k, v in model.state_dict().items()}
    assert shapes == expected_shapes(model.config)
    assert count_parameters(model.config) == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("options", [{}, *OPTIONS])
def test_the_loss_is_the_cross_entropy_of_the_logits(name: str, options: dict[str, object]) -> None:
    model = model_of(name, **options)
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
@pytest.mark.parametrize("options", [{}, *OPTIONS])
def test_every_parameter_learns(name: str, options: dict[str, object]) -> None:
    model = model_of(name, **options)
    state = model.start(2)
    if model.config.is_recurrent:
        state = tuple(torch.full_like(part, 0.3) for part in state)
    loss, _ = model.loss(IDS, IDS.roll(-1, 0), state)
    loss.backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.abs().sum() > 0, key


@pytest.mark.parametrize(
    "dropped", ["embedding", "input", "hidden", "output", "projected", "recurrent", "contexts"]
)
def test_each_kind_of_dropout_acts_in_training_and_not_in_evaluation(dropped: str) -> None:
    generator = torch.Generator().manual_seed(1)
    softmaxes = 2 if dropped == "contexts" else 1
    model = build(config("lstm", softmaxes=softmaxes), Regularisation(**{dropped: 0.5}), generator)
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


@pytest.mark.parametrize("name", RECURRENT)
def test_skip_shows_the_output_layer_the_sum_of_all_layers(name: str) -> None:
    model = model_of(name, skip=True, num_layers=3)
    with torch.no_grad():
        logits, state = model(IDS, model.start(2))
        expected = model.scores(model.projected(state[0].sum(0)))
    torch.testing.assert_close(logits[-1], expected)


@pytest.mark.parametrize("name", ["lstm", "mlp-last"])
def test_skip_needs_several_recurrent_layers(name: str) -> None:
    with pytest.raises(ValueError, match=f"skip .*num_layers of 2 or more, not {name} with 1"):
        ModelConfig(
            name=name, vocab_size=3, embedding_size=2, hidden_size=2, num_layers=1, skip=True
        )


@pytest.mark.parametrize(
    "options",
    [{}, {"tied": False}, {"softmaxes": 3}, {"adaptive_clusters": 2, "adaptive_head": 3}],
)
def test_a_model_that_starts_from_counts_predicts_how_common_words_are(
    options: dict[str, object],
) -> None:
    tied = {"tied": False} if "adaptive_clusters" in options else {}
    model = model_of("lstm", **options, **tied)
    counts = torch.tensor([0, 90, 40, 31, 7, 6, 5, 4, 2, 1, 0])
    model.start_from(counts)
    size = 4 if options == {} else 5  # what the output layer sees
    actual = model.scores(torch.zeros(2, size)).softmax(-1)
    torch.testing.assert_close(actual, ((counts + 1) / (counts + 1).sum()).expand(2, -1))


@pytest.mark.parametrize("tied", [True, False])
def test_a_mixture_predicts_by_the_formula_of_the_paper(tied: bool) -> None:
    model = model_of("gru", softmaxes=3, tied=tied)
    with torch.no_grad():
        model.mixture.bias.uniform_(-1, 1, generator=torch.Generator().manual_seed(0))
        model.decoder.bias.uniform_(-1, 1, generator=torch.Generator().manual_seed(1))
        actual, _ = model(IDS, model.start(2))
        g, _ = model.features(IDS, model.start(2))
        weight = model.embedding.weight if tied else model.decoder.weight
        pi = torch.softmax(g @ model.mixture.prior.T, 2)
        contexts = torch.tanh(g @ model.mixture.weight.T + model.mixture.bias).split(4, 2)
        each = [torch.softmax(h @ weight.T + model.decoder.bias, 2) for h in contexts]
    P = sum(pi[:, :, k : k + 1] * p for k, p in enumerate(each))
    assert g.shape == (6, 2, 5)
    torch.testing.assert_close(actual.exp(), P)
    torch.testing.assert_close(P.sum(2), torch.ones(6, 2))


def test_locked_dropout_of_contexts_is_one_mask_for_all_steps() -> None:
    generator = torch.Generator().manual_seed(1)
    model = build(config("lstm", softmaxes=2), Regularisation(contexts=0.5), generator).train()
    seen: list[torch.Tensor] = []
    with pytest.MonkeyPatch.context() as patch:

        def watch(contexts: torch.Tensor, *rest: object, **more: object) -> torch.Tensor:
            seen.append(contexts.detach().view(6, 2, 8))
            return contexts.sum()

        patch.setattr("foreword.models.model.mixture_cross_entropy", watch)
        model.loss(IDS, IDS, model.start(2))
    gone = seen[0] == 0
    assert gone.any()
    assert not gone.all()
    assert torch.equal(gone, gone[:1].expand_as(gone))


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"name": "gru", "mogrifier_rounds": 5}, "for the model lstm, not gru"),
        ({"name": "lstm", "mogrifier_rank": 5}, "no meaning without mogrifier_rounds"),
        ({"name": "lstm", "mogrifier_rounds": 17}, "mogrifier_rounds must be .* from 0 to 16"),
        ({"name": "gru", "cell_clip": 5.0}, "cell_clip is for lstm, lstm-peephole"),
        ({"name": "lstm", "cell_clip": 5.0, "mogrifier_rounds": 2}, "with mogrifier_rounds"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, object], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        ModelConfig(vocab_size=3, embedding_size=2, hidden_size=2, **options)


@pytest.mark.parametrize("name", EVERY)
def test_another_kind_of_the_same_sizes_has_the_options_that_it_can_have(name: ModelName) -> None:
    options = {"skip": True, "softmaxes": 2, "mogrifier_rounds": 4, "mogrifier_rank": 1}
    actual = config("lstm", **options).as_kind(name)
    assert actual.softmaxes == 2
    assert actual.skip == actual.is_recurrent
    assert bool(actual.mogrifier_rounds) == bool(actual.mogrifier_rank) == (name == "lstm")
    assert actual.cell_clip == (5.0 if "peephole" in name else 0.0)


def test_a_mixture_takes_a_sample_of_the_vocabulary_as_one_softmax_does() -> None:
    generator = torch.Generator().manual_seed(3)
    model = build(config("lstm", softmaxes=2, vocab_size=40), generator=generator).eval()
    before, how = generator.get_state(), Sampling(head=4, rest=6)
    loss, _, _ = model.training_loss(IDS, IDS, model.start(2), sampling=how)
    generator.set_state(before)
    sample = draw(IDS.flatten(), 40, how, generator)
    assert sample is not None
    g, _ = model.features(IDS, model.start(2))
    contexts, log_prior = model.mixture(g.flatten(0, 1))
    weight, bias = model.embedding.weight[sample.words], sample.log_weights
    actual = log_mixture(contexts, log_prior, weight, bias).gather(1, sample.targets[:, None])
    torch.testing.assert_close(loss, -actual.sum())
