import pytest

from foreword.errors import SettingsError
from foreword.folder.architecture import MODELS
from foreword.training.settings import TrainingSettings, settings_from
from foreword.tuning.space import Choice, Range, as_texts, default_space, space_of

BASE = TrainingSettings.default()


def test_ranges_and_choices_are_read_by_the_settings_type() -> None:
    actual = space_of(
        [
            *("learning-rate=1e-3..3e-2:log", "dropout=0..0.5", "hidden_size=64..256:log"),
            *("weight_decay=0..1", "model=lstm,gru", "tied=true,false", "window=20,35"),
        ],
        BASE,
    )
    assert actual == {
        "learning_rate": Range(0.001, 0.03, log=True),
        "dropout": Range(0.0, 0.5),
        "hidden_size": Range(64, 256, log=True),
        "weight_decay": Range(0.0, 1.0),
        "model": Choice(("lstm", "gru")),
        "tied": Choice((True, False)),
        "window": Choice((20, 35)),
    }
    assert isinstance(actual["hidden_size"].ends[0], int)
    assert isinstance(actual["weight_decay"].ends[0], float)


@pytest.mark.parametrize("model", [*MODELS, "ngram"])
def test_what_is_searched_by_default_is_allowed_and_read_back_from_text(model: str) -> None:
    base = settings_from({"model": model})
    space = default_space(base)
    assert space_of(as_texts(space), base) == space


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dropout", "cannot be searched: write NAME=LOW..HIGH"),
        ("dropout=", "cannot be searched: write NAME=LOW..HIGH"),
        ("dropout=a..b", "needs two numbers"),
        ("dropout=0.5..0.1", "must be smaller"),
        ("dropout=0..0.5:log", "above 0 for :log"),
        ("dropout=0.1..0.5:ln", "only :log may follow"),
        ("dropout=0..1.5", "dropout = 1.5: Input should be less than 1"),
        ("hidden_size=8..16.5", "hidden_size is a whole number"),
        ("model=lstm,transformer", "model = transformer"),
        ("droput=0..0.5", "there is no setting 'droput'. Did you mean dropout\\?"),
        ("vocab_size=100..200", "perplexities would not be comparable"),
        ("minutes=1..2", "perplexities would not be comparable"),
        ("seed=1..9", "perplexities would not be comparable"),
    ],
)
def test_what_cannot_be_searched_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        space_of([text], BASE)
