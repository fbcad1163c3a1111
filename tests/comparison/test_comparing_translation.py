"""Translation models are compared with equal parameters on the same pairs."""

import csv
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from foreword.cli.app import app
from foreword.cli.compare import _table_of_pairs
from foreword.comparison.pairs import PairRow, compare_pairs
from foreword.errors import SettingsError

WORDS = {"eins": "one", "zwei": "two", "drei": "three", "vier": "four", "acht": "eight"}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("pairs") / "numbers.tsv"
    rows = [(f"{a} {b}", f"{WORDS[b]} {WORDS[a]}") for a in WORDS for b in WORDS]
    file.write_text("".join(f"{source}\t{target}\n" for source, target in rows))
    return file


def test_cells_and_attentions_are_compared_with_equal_parameters(
    pairs: Path, tmp_path: Path
) -> None:
    comparison = compare_pairs(
        pairs,
        valid_pairs=pairs,
        minutes=0.012,
        models=["rnn", "gru"],
        attentions=["none", "additive"],
        parameters=40_000,
        embedding_size=16,
        scratch=tmp_path,
    )
    assert [row.name for row in comparison.rows] == [
        "rnn, no attention",
        "rnn, additive attention",
        "gru, no attention",
        "gru, additive attention",
    ]
    assert all(38_000 < row.parameters < 42_000 for row in comparison.rows)
    assert {point.model for point in comparison.points} == {row.name for row in comparison.rows}
    assert list(tmp_path.iterdir()) == []


def test_no_word_of_the_table_is_cut_in_a_terminal_of_80_columns() -> None:
    row = PairRow("lstm-layer-norm", "multiplicative", 15_123_456, 512, 12_345_678, 6123.4, 12.3,
                  34.2, 55.1)  # fmt: skip
    page = Console(file=StringIO(), width=80)
    page.print(_table_of_pairs([row]))
    lines = page.file.getvalue().rstrip("\n").split("\n")

    assert lines[2].split() == [
        *("lstm-layer-norm", "multiplicative", "34.2", "55.1", "12.30", "6,123", "12.35", "M"),
        "15,123,456",
    ]
    assert "perplexity" in lines[1]
    assert max(map(len, lines)) <= 80


def test_the_command_writes_a_table_and_a_picture(pairs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    both = ["--pairs", str(pairs), "--valid-pairs", str(pairs), "--model", "gru"]
    options = ["--attention", "none", "--minutes", "0.05", "--parameters", "30000"]
    done = CliRunner().invoke(app, ["compare", *both, *options, "--out", str(out)])
    assert done.exit_code == 0, done.output
    with (out / "table.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["model"], row["attention"]) == ("gru", "none")
    assert float(row["bleu"]) >= 0
    assert (out / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_attention_is_named_and_not_set(pairs: Path) -> None:
    with pytest.raises(SettingsError, match="--attention"):
        compare_pairs(pairs, minutes=1, attention="none")
