import os
import shlex
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from foreword.cli.app import app
from foreword.errors import PersonalError, SettingsError
from foreword.input_method.component import Folders, next_steps
from foreword.input_method.serving import Settings, component_of


def run(home: Path, *words: object) -> tuple[int, str]:
    """The exit code and what is printed, for a user with an empty home."""
    variables = {"HOME": str(home), "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": ""}
    done = CliRunner(env=variables).invoke(app, ["ibus", *map(str, words)])
    return done.exit_code, done.output


def test_an_input_method_is_installed_and_removed(small_model: Path, tmp_path: Path) -> None:
    own_words = tmp_path / "my words.personal"
    options = ("--words", 3, "--keys", "function", "--tab", "--phrases", "--learn")
    code, stderr = run(
        tmp_path, small_model, *options, "--block", "cat", "--personal", own_words, "--install"
    )
    xml = tmp_path / ".local/share/ibus/component/foreword-my-model.xml"
    variable = tmp_path / ".config/environment.d/60-foreword-ibus.conf"
    read = ElementTree.parse(xml).getroot()

    assert code == 0
    assert str(xml) in stderr
    assert "Log out and in" in stderr
    assert read.findtext("engines/engine/name") == "foreword-my-model"
    assert shlex.split(read.findtext("exec") or "") == [
        *(sys.executable, "-m", "foreword", "ibus", str(small_model), "--ibus"),
        *("--words", "3", "--keys", "function", "--tab", "--phrases", "--learn"),
        *("--block", "cat", "--personal", str(own_words)),
    ]
    assert variable.read_text() == (
        f"IBUS_COMPONENT_PATH=/usr/share/ibus/component{os.pathsep}{xml.parent}\n"
    )

    assert run(tmp_path, small_model, "--uninstall")[0] == 0
    assert not xml.exists()
    assert not variable.exists()
    assert "is not installed" in run(tmp_path, small_model, "--uninstall")[1]


def test_the_variable_stays_while_another_input_method_needs_it(
    small_model: Path, tmp_path: Path
) -> None:
    component = tmp_path / ".local/share/ibus/component/foreword-other.xml"
    run(tmp_path, small_model, "--install")
    component.write_text("")
    run(tmp_path, small_model, "--uninstall")
    assert (tmp_path / ".config/environment.d/60-foreword-ibus.conf").exists()


def test_an_input_method_of_two_models_is_another_one_than_that_of_the_first(
    small_model: Path, other_model: Path, tmp_path: Path
) -> None:
    components = tmp_path / ".local/share/ibus/component"
    both = (small_model, "--with", other_model)
    assert run(tmp_path, *both, "--install")[0] == 0
    read = ElementTree.parse(components / "foreword-my-model-other.xml").getroot()

    assert read.findtext("engines/engine/longname") == "Foreword (my-model + other)"
    assert shlex.split(read.findtext("exec") or "")[-2:] == ["--with", str(other_model)]

    assert "is not installed" in run(tmp_path, small_model, "--uninstall")[1]
    assert "removed" in run(tmp_path, *both, "--uninstall")[1]
    assert not any(components.iterdir())


def test_a_session_that_reads_the_folder_needs_ibus_restarted_only() -> None:
    folders = Folders.of({"HOME": "/home/ann"})
    component = component_of(Settings("my-model"))
    first, _ = next_steps(component, folders, {"IBUS_COMPONENT_PATH": folders.path})
    assert first == "Now: ibus write-cache; ibus restart"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--learn"], "--personal FILE"),
        (["--install", "--uninstall"], "exclude each other"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    small_model: Path, options: list[str], message: str
) -> None:
    done = CliRunner().invoke(app, ["ibus", str(small_model), *options])
    assert isinstance(done.exception, SettingsError)
    assert message in str(done.exception)


def test_a_personal_file_that_is_missing_is_told_of_when_it_is_installed(
    small_model: Path, tmp_path: Path
) -> None:
    options = [str(small_model), "--personal", str(tmp_path / "none.personal"), "--install"]
    done = CliRunner(env={"HOME": str(tmp_path)}).invoke(app, ["ibus", *options])
    assert isinstance(done.exception, PersonalError)
    assert not (tmp_path / ".local").exists()


def test_without_ibus_the_command_says_how_to_have_it(
    small_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    done = CliRunner().invoke(app, ["ibus", str(small_model)])
    assert "apt install ibus" in str(done.exception)
