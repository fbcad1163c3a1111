"""Models that packages bring: found by what an installer writes, here by hand."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import foreword
from foreword.cli.app import app
from foreword.errors import FolderError
from foreword.folder.installed import find_folder, installed_models, only_model
from foreword.folder.saving import write_folder
from foreword.folder.store import Folder

Install = Callable[..., Path]


@pytest.fixture
def install(
    make_folder: Callable[..., Folder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Install:
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])

    def write(name: str, target: str = "FOLDER") -> Path:
        module = f"package_of_{name}"
        folder = make_folder()
        path = tmp_path / module / "model"
        write_folder(path, folder.config, folder.weights, folder.tokenizer, "card")
        (tmp_path / module / "__init__.py").write_text(
            "from pathlib import Path\nFOLDER = Path(__file__).parent / 'model'\n"
        )
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[foreword.models]\n{name} = {module}:{target}\n")
        return path

    return write


@pytest.fixture
def nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hides a model that the environment of the tests has installed."""
    monkeypatch.setattr("sys.path", [p for p in sys.path if "-packages" not in p])


def test_a_model_is_loaded_by_its_name(install: Install) -> None:
    path = install("tiny")

    assert "tiny" in installed_models()
    assert find_folder("tiny") == path
    assert foreword.load("tiny").predict("the cat", k=1)


def test_a_model_folder_goes_before_a_name_and_a_folder_of_other_things_does_not(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = install("small")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small").mkdir()
    assert find_folder("small") == installed
    (tmp_path / "other").mkdir()
    assert find_folder("other") == Path("other")

    (installed / "config.json").rename(tmp_path / "small/config.json")

    assert find_folder("small") == Path("small")


def test_a_damaged_package_says_how_to_mend_it(install: Install) -> None:
    install("broken", target="NOTHING")

    with pytest.raises(FolderError, match="pip install --force-reinstall package_of_broken"):
        find_folder("broken")


@pytest.mark.usefixtures("nothing_else")
def test_without_a_folder_the_installed_model_answers(install: Install) -> None:
    install("lone")

    printed = CliRunner().invoke(app, ["predict", "the cat", "--json"])

    assert '"text": "the cat"' in printed.output
    assert len(foreword.load("lone").predict("the cat")) == 5


@pytest.mark.usefixtures("nothing_else")
def test_of_several_one_has_to_be_named(install: Install) -> None:
    install("one")
    install("two")

    with pytest.raises(FolderError, match="several models are installed: one, two"):
        only_model()


@pytest.mark.usefixtures("nothing_else")
def test_without_any_a_model_has_to_be_named() -> None:
    with pytest.raises(FolderError, match="no model is installed"):
        only_model()


def test_one_word_is_a_folder_and_not_a_text() -> None:
    output = CliRunner().invoke(app, ["predict", "how"])

    assert isinstance(output.exception, FolderError)
    assert "how: there is no such folder, nor an installed model" in str(output.exception)
