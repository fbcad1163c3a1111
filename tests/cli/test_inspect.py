"""What the verb asks of the library, and what it answers."""

import json
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from tests.conftest import MakeFolder
from typer.testing import CliRunner, Result

from foreword.cli.app import app
from foreword.errors import ForewordError
from foreword.folder.saving import write_folder
from foreword.folder.store import Folder

TEXT = "the cat sat on a mat ; I would like"


def saved(folder: Folder, path: Path) -> Path:
    write_folder(path, folder.config, folder.weights, folder.tokenizer, "card")
    return path


@pytest.fixture
def model(make_folder: MakeFolder, tmp_path: Path) -> Path:
    return saved(make_folder("lstm"), tmp_path / "model")


@pytest.fixture
def without_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take most of the time; a test of its own looks at them."""
    monkeypatch.setattr("foreword.inspect.figures.draw", lambda document, folder: [])


def run(*arguments: object, stdin: str = "") -> Result:
    return CliRunner(env={"NO_COLOR": "1"}).invoke(
        app, ["inspect", *map(str, arguments)], input=stdin, catch_exceptions=True
    )


def test_page_figures_and_numbers_are_written(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Painting takes most of the time, and is tested in tests/inspect.
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, **options: Path(path).touch())
    out = tmp_path / "seen"
    done = run(model, TEXT, "--out", out)
    assert done.exit_code == 0, done.output
    assert TEXT.split()[1] in (out / "index.html").read_text("utf-8")
    numbers = {path.stem for path in (out / "numbers").glob("*.csv")}
    assert {"words", "layer0.f", "layer1.c", "gradients", "jacobians", "attributions"} <= numbers
    assert {path.suffix for path in (out / "figures").iterdir()} == {".png", ".svg"}
    words = (out / "numbers" / "words.csv").read_text("utf-8").splitlines()
    assert words[0] == "position,word,id,predicted,came_log_p,rank"
    assert len(words) == len(TEXT.split()) + 2
    assert f"Open {out / 'index.html'}\n" in done.output


@pytest.mark.usefixtures("without_drawing")
def test_numbers_are_exact(model: Path, tmp_path: Path) -> None:
    import numpy as np

    from foreword.inspect import trace

    run(model, TEXT, "--out", tmp_path / "seen")
    lines = (tmp_path / "seen/numbers/layer0.c.csv").read_text("utf-8").splitlines()
    assert lines[0] == "position,word,unit0,unit1,unit2,unit3,unit4"
    actual = np.array(
        [[float(x) for x in line.split(",")[2:]] for line in lines[1:] if "," in line]
    )
    np.testing.assert_array_equal(actual.astype(np.float32), trace(model, TEXT).arrays["layer0.c"])


@pytest.mark.usefixtures("without_drawing")
def test_second_runs_are_those_asked_for(model: Path, tmp_path: Path) -> None:
    options = ["--drop", 2, "--replace", "3=mat", "--reset", 4]
    assert run(model, TEXT, "--out", tmp_path / "seen", *options).exit_code == 0
    table = (tmp_path / "seen/numbers/contrasts.csv").read_text("utf-8")
    for label in ("without “cat”", "“mat” instead of “sat”", "all forgotten before “on”"):
        assert label in table


@pytest.mark.usefixtures("without_drawing")
def test_text_comes_from_standard_input_and_json_goes_out(model: Path, tmp_path: Path) -> None:
    done = run(model, "--out", tmp_path / "seen", "--json", "--words", 5, stdin=TEXT + "\n" + TEXT)
    actual = json.loads(done.stdout.splitlines()[-1])
    assert actual["words"] == 5
    assert actual["notes"] == ["The text has 21 words; this shows the first 5."]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--replace", "cat"], "--replace takes the number of a word and another"),
        (["--drop", "40"], "no word 40 to change"),
        (["--skip", "400"], "cannot skip 400 words"),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: list[str], message: str, model: Path, tmp_path: Path
) -> None:
    done = run(model, TEXT, "--out", tmp_path / "seen", *arguments)
    assert isinstance(done.exception, ForewordError)
    assert message in str(done.exception)


def test_it_does_not_write_into_a_model_folder(model: Path) -> None:
    before = sorted(path.name for path in model.iterdir())
    done = run(model, TEXT, "--out", model)
    assert "is a model folder: name another" in str(done.exception)
    assert sorted(path.name for path in model.iterdir()) == before


def test_without_matplotlib_the_page_is_written_all_the_same(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    for name in [
        m for m in sys.modules if m.startswith(("matplotlib", "foreword.inspect.figures"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    done = run(model, TEXT, "--out", tmp_path / "seen")
    assert done.exit_code == 0
    assert 'pip install "foreword[plot]"' in done.output.replace("\n", "")
    assert (tmp_path / "seen/index.html").exists()
    assert not (tmp_path / "seen/figures").exists()


def test_an_older_model_folder_is_told_apart(model: Path, tmp_path: Path) -> None:
    config = json.loads((model / "config.json").read_text("utf-8"))
    config["format_version"] = 0
    (model / "config.json").write_text(json.dumps(config), "utf-8")
    done = run(model, TEXT, "--out", tmp_path / "seen")
    assert isinstance(done.exception, ForewordError)
    assert "config.json" in str(done.exception)
    assert not (tmp_path / "seen").exists()
