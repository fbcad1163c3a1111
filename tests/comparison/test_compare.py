import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.crashing import hidden, put, states_before_each_call

from foreword.cli.compare import FILES, _is_comparison
from foreword.comparison.compare import Comparison, Point, Row, refuse_too_little, write_csv
from foreword.comparison.plot import plot
from foreword.comparison.sizes import same_size
from foreword.comparison.writing import write
from foreword.errors import SettingsError
from foreword.folder.adopting import current
from foreword.folder.architecture import MODELS
from foreword.folder.claim import claimed, unless_replacing
from foreword.folder.config import ModelConfig
from foreword.models.build import count_parameters

ROWS = tuple(Row(name, 1000, 10, 5000, 100.0, 90.0 + k, 0.2, 0.3) for k, name in enumerate("ab"))
POINTS = tuple(Point(name, w, w / 10, 500 - w / 10, 0.3) for name in "ab" for w in (0, 500, 1000))


def config(name: str, vocab_size: int = 2000) -> ModelConfig:
    window = 5 if name == "mlp-window" else 1
    return ModelConfig(
        name=name, vocab_size=vocab_size, embedding_size=32, hidden_size=1, context_words=window
    )


@settings(deadline=None, max_examples=6)
@given(st.integers(90_000, 2_000_000))
def test_every_architecture_gets_the_same_number_of_parameters(wanted: int) -> None:
    for name in MODELS:
        actual = count_parameters(same_size(config(name), wanted))
        # One hidden unit more or less is as near as one can come.
        assert abs(actual - wanted) < 0.02 * wanted, name


def test_a_budget_that_the_vocabulary_alone_exceeds_is_refused() -> None:
    with pytest.raises(SettingsError, match="vocabulary of 2,000 words"):
        same_size(config("lstm"), 10_000)


def test_the_csv_holds_what_was_found(tmp_path: Path) -> None:
    paths = write_csv(Comparison(ROWS, POINTS, stopped=False), tmp_path / "out")
    with paths[0].open() as file:
        rows = list(csv.DictReader(file))
    with paths[1].open() as file:
        points = list(csv.DictReader(file))
    assert [float(r["perplexity"]) for r in rows] == [90.0, 91.0]
    assert [int(p["words_seen"]) for p in points] == [0, 500, 1000] * 2


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    plot(
        Comparison(ROWS, POINTS, stopped=False), tmp_path / "plot.png", "a_$\\frac$.txt"
    )  # no formula
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("minutes", "models", "least"),
    [(0.01, ["rnn", "lstm"], "0.1"), (0.3, ["rnn"] * 8 + ["ngram"], "0.4"), (0.04, ["gru"], "0.1")],
)
def test_too_few_minutes_are_refused_with_the_least_that_will_do(
    minutes: float, models: list[str], least: str
) -> None:
    with pytest.raises(SettingsError, match=rf"too few for .*Give {least} at least"):
        refuse_too_little(minutes, models)
    refuse_too_little(float(least), models)


def test_a_counted_model_needs_no_minutes() -> None:
    refuse_too_little(0.001, ["ngram"])


def test_a_comparison_that_is_killed_while_it_is_written_leaves_the_old_one_or_the_new_one(
    tmp_path: Path,
) -> None:
    root = put({}, tmp_path / "root")
    out = root / "out"

    def read() -> list[bytes]:
        return [current(out, name).read_bytes() for name in FILES]

    fresh = Comparison(ROWS, POINTS, stopped=False)
    states = states_before_each_call(root, lambda: write(fresh, out, "old", print))
    for state in states:
        put(state, root)
        with claimed(out, "compare", unless_replacing(FILES, _is_comparison, "compare")):
            assert hidden(root) == [str(root / ".out.lock")]
    before = read()
    newer = Comparison(ROWS[:1], POINTS[:2], stopped=False)
    states = states_before_each_call(root, lambda: write(newer, out, "new", print))
    after = read()
    for state in states:
        put(state, root)
        assert read() in (before, after)
        with claimed(out, "compare", unless_replacing(FILES, _is_comparison, "compare")):
            assert hidden(root) == [str(root / ".out.lock")]
            assert [(out / name).read_bytes() for name in FILES] in (before, after)


def test_a_picture_of_another_comparison_does_not_stay(tmp_path: Path) -> None:
    write(Comparison(ROWS, POINTS, stopped=False), tmp_path / "out", "t", print)
    write(Comparison((), POINTS[:1], stopped=True), tmp_path / "out", "t", print)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["curves.csv", "table.csv"]
