import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.errors import SettingsError
from foreword.training.defaults import fill_in
from foreword.training.divergence import SETTLED_AFTER, LossWatch
from foreword.training.schedule import learning_rate, progress, ramp
from foreword.training.settings import Budget, RateSettings, TrainingSettings, settings_from


def test_leaves_are_set_by_name_and_none_leaves_them_alone() -> None:
    settings = settings_from({"model": "gru", "window": 7, "seed": None, "epochs": 3.0})
    assert settings.model.model == "gru"
    assert settings.bptt.window == 7
    assert settings.run.seed == TrainingSettings.default().run.seed


def test_a_budget_that_is_given_replaces_the_default_one() -> None:
    assert settings_from({"epochs": 3}).budget == Budget(epochs=3)
    assert settings_from({}).budget == Budget(minutes=10, epochs=40)


def test_unknown_settings_are_refused_with_those_that_exist() -> None:
    with pytest.raises(SettingsError, match=r"no setting 'learning_rat'.*learning_rate"):
        settings_from({"learning_rat": 1})


def test_a_window_that_would_grow_over_whole_sentences_is_refused() -> None:
    with pytest.raises(SettingsError, match="window_ramp is for bptt truncated.*Leave it out"):
        settings_from({"bptt": "sentence", "window_ramp": 0.5})
    assert settings_from({"bptt": "sentence", "batch_ramp": 0.5}).bptt.batch_ramp == 0.5


@pytest.mark.parametrize(
    ("leaves", "message"),
    [
        ({"adaptive_clusters": 2}, "set tied to false"),
        ({"adaptive_clusters": 2, "tied": False, "softmaxes": 2}, "cannot be had together"),
        ({"adaptive_clusters": 2, "tied": False, "softmax_sample": 99}, "leave one of them out"),
        ({"adaptive_clusters": 9, "tied": False}, "adaptive_clusters = 9"),
    ],
)
def test_an_adaptive_softmax_is_refused_beside_what_it_cannot_be_with(
    leaves: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        settings_from(leaves)


@given(st.floats(0, 1), st.floats(0.01, 1), st.floats(0, 0.99))
def test_a_ramp_rises_from_its_start_to_the_whole_and_stays(
    done: float, start: float, until: float
) -> None:
    assert start <= ramp(start, until, done) <= 1
    assert until == 0 or ramp(start, until, 0.0) == start
    assert ramp(start, until, max(done, until)) == 1
    assert ramp(start, until, done / 2) <= ramp(start, until, done)


@pytest.mark.parametrize(
    ("leaf", "value"),
    [
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("dropout", 1.0),
        ("batch_size", 0),
        ("window", -1),
        ("batch_ramp", 1.0),
        ("batch_start", 0),
        ("window_start", 1.5),
        ("model", "lsmt"),
        ("minutes", -5),
        ("vocab_size", 2),
        ("seed", -1),
        ("hidden_size", 1 << 30),
    ],
)
def test_values_out_of_range_are_refused_by_name(leaf: str, value: object) -> None:
    with pytest.raises(SettingsError, match=leaf):
        settings_from({leaf: value})


def test_training_without_an_end_is_refused() -> None:
    tree = TrainingSettings.default().model_dump()
    tree["budget"] = {}
    with pytest.raises(SettingsError, match="needs an end"):
        TrainingSettings.checked(tree)


def test_settings_survive_their_dump() -> None:
    settings = settings_from({"model": "gru", "minutes": 2.5, "dropout": 0.3})
    assert TrainingSettings.checked(settings.model_dump(mode="json")) == settings


def test_what_is_chosen_stays_and_what_is_open_is_filled() -> None:
    filled = fill_in(settings_from({"hidden_size": 77, "dropout_input": 0.6}), words=5_000_000)
    assert (filled.model.hidden_size, filled.model.embedding_size) == (77, 77)
    assert filled.dropout.dropout_input == 0.6
    assert filled.dropout.dropout_output is not None


def test_small_texts_get_small_models_and_more_dropout() -> None:
    small = fill_in(settings_from({}), words=10_000)
    large = fill_in(settings_from({}), words=5_000_000)
    assert small.model.hidden_size is not None
    assert large.model.hidden_size is not None
    assert small.model.hidden_size < large.model.hidden_size
    assert (small.dropout.dropout or 0) > (large.dropout.dropout or 0)


@given(st.floats(0, 1))
def test_the_rate_is_positive_and_never_above_its_peak(done: float) -> None:
    assert 0 < learning_rate(RateSettings(learning_rate=0.1), done) <= 0.1


def test_progress_is_that_of_the_nearest_limit() -> None:
    budget = Budget(minutes=10, epochs=4, steps=1000)
    assert progress(budget, seconds=60, epochs=1, steps=100) == 0.25
    assert progress(budget, seconds=300, epochs=1, steps=100) == 0.5
    assert progress(budget, seconds=0, epochs=0, steps=5000) == 1.0


def watched(*losses: float) -> LossWatch:
    watch = LossWatch()
    for loss in losses:
        watch = watch.seen(loss)
    return watch


def test_nan_and_infinity_are_divergences_at_once() -> None:
    assert LossWatch().divergence(float("nan"), 1.0) == "the loss became nan"
    assert LossWatch().divergence(1.0, float("inf")) == "the gradient's norm became inf"


def test_falling_and_noisy_losses_are_no_divergence() -> None:
    losses = [9.0 - 0.02 * step + (0.8 if step % 7 == 0 else 0.0) for step in range(200)]
    watch = LossWatch()
    for loss in losses:
        assert watch.divergence(loss, 1.0) is None
        watch = watch.seen(loss)


def test_a_loss_that_rises_and_stays_is_a_divergence() -> None:
    watch = watched(*[4.0] * SETTLED_AFTER, *[9.0] * 60)
    fault = watch.divergence(9.0, 1.0)
    assert fault is not None
    assert "exploded from 4.00 to 9.00" in fault


def test_one_bad_batch_is_no_divergence() -> None:
    assert watched(*[4.0] * 50).divergence(30.0, 1.0) is None
