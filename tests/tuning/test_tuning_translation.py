"""Settings of translation models are searched as those of next-word models are."""

from pathlib import Path

import pytest

import foreword
from foreword.errors import SettingsError
from foreword.training.recipes import find

WORDS = {"eins": "one", "zwei": "two", "drei": "three", "vier": "four", "acht": "eight"}


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    file = tmp_path / "numbers.tsv"
    rows = [(f"{a} {b}", f"{WORDS[b]} {WORDS[a]}") for a in WORDS for b in WORDS]
    file.write_text("".join(f"{source}\t{target}\n" for source, target in rows))
    return file


def test_the_attention_is_searched_and_the_search_resumes(pairs: Path, tmp_path: Path) -> None:
    out = tmp_path / "tuned"
    sizes = {"embedding_size": 8, "hidden_size": 8, "validations": 1}
    search = ["attention=none,additive", "learning_rate=0.001..0.01:log"]
    first = foreword.tune(
        pairs=pairs, valid_pairs=pairs, out=out, search=search, trials=1, steps_each=1, **sizes
    )
    assert first.best is not None
    assert first.best.settings["attention"] in ("none", "additive")
    again = foreword.tune(out=out, resume=True, trials=2)
    assert len(again.trials) == 2
    assert again.recipe is not None
    assert find(again.recipe).settings["attention"] == again.best.settings["attention"]


def test_what_would_change_the_subwords_is_not_searched(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="subwords cannot be searched"):
        foreword.tune(pairs=pairs, out=tmp_path / "tuned", search=["subwords=300..400"])
    with pytest.raises(SettingsError, match="texts or pairs, not both"):
        foreword.tune(pairs, pairs=pairs, out=tmp_path / "tuned")
