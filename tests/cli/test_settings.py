import json
import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

import foreword
from foreword.cli.app import app
from foreword.errors import ForewordError, SettingsError
from foreword.training.catalogue import described, read_setting
from foreword.training.leaves import Leaves

TEXT = "the cat sat on a mat . the dog sat on the cat .\n" * 40
QUICK = ["--steps", "3", "--hidden-size", "8", "--set", "min_count=1", "--set", "validations=1"]


def run(*words: object) -> tuple[int, str, str]:
    """The exit code and what is printed; an error that people see is its message."""
    done = CliRunner(env={"COLUMNS": "300", "NO_COLOR": "1"}).invoke(app, [str(w) for w in words])
    if isinstance(done.exception, ForewordError):
        return 1, done.stdout, str(done.exception)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_settings_given_by_set_are_those_of_the_run(tmp_path: Path, text: Path) -> None:
    more = ["--set", "cell-clip=3", "--set", "tied=no", "--set", "beta2=0.5", "--set", "beta2=0.9"]
    code, out, _ = run("train", text, "--out", tmp_path / "m", *QUICK, *more, "--json")
    settings = json.loads(out)["training"]["settings"]
    assert code == 0
    assert (settings["cell_clip"], settings["tied"], settings["beta2"]) == (3.0, False, 0.9)
    assert settings["hidden_size"] == 8
    same = run("train", "--out", tmp_path / "m", "--resume", "--steps", 4, "--set", "cell_clip=3")
    assert same[0] == 0
    code, _, stderr = run("train", "--out", tmp_path / "m", "--resume", "--set", "cell_clip=4")
    assert code == 1
    assert "cell_clip is 3.0 in the run to resume" in stderr


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["--cell-clip", "3"], "write --set cell_clip=3"),
        (["--cell-clip=3"], "write --set cell_clip=3"),
        (["--cell-clip"], "write --set cell_clip=VALUE"),
        (["--untied"], "write --set tied=false"),
        (["--reset-before"], "write --set reset_after=false"),
        (["--no-jitter"], "write --set jitter=false"),
        (["--rotate", "--json"], "write --set rotate=true"),
        (["--cell-clp", "3"], "there is no option --cell-clp. Did you mean cell_clip?"),
        (["--hiden-size", "3"], "--hidden-size"),
    ],
)
@pytest.mark.parametrize("verb", ["train", "tune"])
def test_a_setting_typed_as_an_option_is_refused_with_what_to_write(
    verb: str, typed: list[str], message: str
) -> None:
    code, _, error = run(verb, *typed)
    assert code == 2
    assert message in error


@pytest.mark.parametrize(
    ("verb", "assignment", "message"),
    [
        ("train", "cell_clp=3", r"no setting 'cell_clp'\. Did you mean cell_clip\?"),
        ("train", "dropout_hidden=1.5", r"dropout_hidden = 1\.5: .*less than 1"),
        ("train", "window=many", "window = many: .*integer"),
        ("train", "language=?", "language = .*must be a code"),
        ("train", "cell_clip", "not of the form NAME=VALUE"),
        ("train", "hidden_size=3", "hidden_size is set by an option and by --set"),
        ("compare", "minutes=3", "use --minutes"),
        ("compare", "hidden_size=3", "use --parameters"),
        ("tune", "steps=3", "use --steps-each"),
    ],
)
def test_a_wrong_assignment_is_refused_by_name_before_anything_is_written(
    verb: str, assignment: str, message: str, tmp_path: Path
) -> None:
    option = ["--hidden-size", 8] if verb == "train" else []
    code, _, error = run(verb, "--out", tmp_path / "m", *option, "--set", assignment)
    assert code == 1
    assert re.search(message, error), error
    assert not (tmp_path / "m").exists()


def test_settings_are_listed_with_their_ranges_and_defaults() -> None:
    code, out, _ = run("settings")
    assert code == 0
    assert all(name in out for name in described())
    code, out, _ = run("settings", "cell-clip", "--json")
    (clip,) = json.loads(out)
    assert (clip["name"], clip["type"], clip["range"]) == ("cell_clip", "float", ">= 0, <= 1000000")
    code, _, stderr = run("settings", "cell_clp")
    assert code == 1
    assert "Did you mean cell_clip?" in stderr


def test_every_setting_says_what_it_does() -> None:
    for name, setting in described().items():
        assert setting.about.endswith("."), name
        assert len(setting.about) > 10, name


def test_train_documents_a_screenful_of_options_and_none_of_them_twice() -> None:
    command: Any = typer.main.get_command(app)
    options = [p.name for p in command.commands["train"].params]
    assert len(options) == len(set(options)) <= 32


def test_the_types_of_keywords_are_those_of_the_tree() -> None:
    hints = get_type_hints(Leaves)
    assert set(hints) == set(described())
    for name, setting in described().items():
        inner = [kind for kind in get_args(hints[name]) if kind is not type(None)]
        if setting.choices:
            values = [v for kind in inner for v in (get_args(kind) or (kind,))]
            values = [v for kind in values for v in (get_args(kind) or (kind,))]
            assert set(values) == set(setting.choices), name
        else:
            assert inner == [setting.type], name


def test_comparing_refuses_what_networks_cannot_share(text: Path) -> None:
    with pytest.raises(SettingsError, match="hidden_size differs between the networks"):
        foreword.compare(text, minutes=1, hidden_size=8)


def test_an_assignment_is_read_by_the_type_of_its_setting() -> None:
    assert read_setting("tied=off") == ("tied", False)
    assert read_setting("batch_size = 16") == ("batch_size", 16)
    assert read_setting("weight_decay=1e-3") == ("weight_decay", 0.001)
    assert read_setting("speaker=Anna = Meier") == ("speaker", "Anna = Meier")
