"""From a text to a package that pip installs, and what is left where that fails or is stopped."""

import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import foreword
from foreword.cli.app import app
from foreword.errors import SettingsError, TextError, TrainingError
from foreword.folder.installed import find_folder
from foreword.packaging.pack import Packed
from foreword.text.corpus import chat_source
from foreword.training.progress import Event, StepProgress
from foreword.training.recipes import find

PRIVATE = "Annas-Tagebuch"
SPEAKER = "Anna Meier"
ABOUT: dict[str, Any] = {
    "name": "tiny-en",
    "language": "en",
    "licence": "CC-BY-4.0",
    "sources": ["Chats of students, https://example.org/chats?a=1&b=2"],
    "attributions": ["Perception, Control and Cognition Lab"],
}
QUICK: dict[str, Any] = {"fewest_words": 1000, "threads": 1}
NGRAM: dict[str, Any] = {"model": "ngram", "ngram_order": 2, "vocab_size": 300, **QUICK}
NETWORK: dict[str, Any] = {"hidden_size": 8, "vocab_size": 200, "steps": 4, **QUICK}


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small text in a folder whose names are private."""
    folder = tmp_path_factory.mktemp("home") / PRIVATE
    folder.mkdir()
    lines = [piece.text for piece in islice(chat_source("valid").read(), 700)]
    (folder / f"{PRIVATE}.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def packed(text: Path, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    out = tmp_path_factory.mktemp("packed") / "foreword-tiny-en"
    return foreword.pack(text, out=out, **ABOUT, **NETWORK)


@pytest.fixture(scope="module", autouse=True)
def quick_typing() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("foreword.packaging.measured.TYPED", 500)
        yield


def content_of(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_pip_builds_and_installs_it_and_its_name_finds_it(
    packed: Packed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitignore").write_text("*.safetensors\nmodel/\nsrc/\n")
    folder = packed.folder.rename(tmp_path / packed.folder.name)
    try:
        site = tmp_path / "site"
        options = ("--no-build-isolation", "--no-deps", "--no-index", "--no-compile", "--quiet")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", *options]
        done = subprocess.run(
            [*pip, "--target", str(site), str(folder)], capture_output=True, text=True
        )
    finally:
        folder.rename(packed.folder)
    monkeypatch.syspath_prepend(str(site))

    assert done.returncode == 0, done.stderr
    assert find_folder("tiny-en") == site / "foreword_tiny_en/model"
    assert len(foreword.load("tiny-en").predict("how are", k=3)) == 3
    assert len(list(site.glob("foreword_tiny_en-0.1.0.dist-info/licenses/NOTICE"))) == 1


def test_it_says_what_it_is_and_whose_text_it_was_trained_on(packed: Packed) -> None:
    project = tomllib.loads((packed.folder / "pyproject.toml").read_text("utf-8"))["project"]
    readme, notice, card = (
        (packed.folder / name).read_text("utf-8")
        for name in ("README.md", "NOTICE", "src/foreword_tiny_en/model/README.md")
    )

    assert project["name"] == "foreword-tiny-en"
    assert project["license"] == "CC-BY-4.0"
    assert project["entry-points"]["foreword.models"] == {"tiny-en": "foreword_tiny_en:FOLDER"}
    assert packed.figures is not None
    savings = f"{packed.figures.typing.tally.savings:.1%}"
    for page in (readme, card):
        assert savings in page
        assert "English" in page
    for page in (readme, notice, card):
        assert "Perception, Control and Cognition Lab" in page
        assert "CC-BY-4.0" in page
        assert "Chats of students" in page


def test_the_model_is_compressed_and_knows_its_language_and_its_measure(packed: Packed) -> None:
    config = foreword.load(packed.folder / "src/foreword_tiny_en/model").config

    assert packed.figures is not None
    assert config.weights == "int8"
    assert len(foreword.load(packed.folder / "src/foreword_tiny_en/model").folder.rare) > 100
    assert config.tokenizer.language == "en"
    assert config.evaluation is not None
    assert config.evaluation.perplexity == packed.figures.evaluation.perplexity
    assert config.training is not None
    assert config.training.words == packed.figures.words


def test_it_is_trained_by_the_recipe_for_packages(packed: Packed) -> None:
    training = foreword.load(packed.folder / "src/foreword_tiny_en/model").config.training

    assert training is not None
    recipe = find("package").settings
    assert {name: training.settings[name] for name in recipe} == recipe


def test_a_recipe_that_is_named_replaces_the_one_for_packages(text: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text('about = ""\nsource = ""\n[settings]\nseed = 7\n', "utf-8")

    packed = foreword.pack(text, out=tmp_path / "package", recipe=recipe, **ABOUT, **NGRAM)

    training = foreword.load(packed.folder / "src/foreword_tiny_en/model").config.training
    assert training is not None
    assert (training.settings["seed"], training.settings["softmax_sample"]) == (7, 0)


def test_nothing_in_it_tells_the_names_of_files_and_people(packed: Packed, text: Path) -> None:
    for name, content in content_of(packed.folder).items():
        for private in (PRIVATE, text.parent.name, str(Path.cwd()), packed.folder.parent.name):
            assert private.encode() not in content, (name, private)


def test_nothing_is_left_beside_it(packed: Packed) -> None:
    assert [path.name for path in packed.folder.parent.iterdir()] == [packed.folder.name]
    assert sorted(path.name for path in packed.folder.iterdir()) == [
        *("NOTICE", "README.md", "pyproject.toml", "src")
    ]


def test_an_existing_package_is_replaced_only_when_that_is_asked_for(
    packed: Packed, text: Path
) -> None:
    before = content_of(packed.folder)

    with pytest.raises(SettingsError, match="holds the package foreword-tiny-en already"):
        foreword.pack(text, out=packed.folder, **ABOUT, **NGRAM)
    with pytest.raises(SettingsError, match="holds the package foreword-tiny-en. Give another"):
        foreword.pack(
            text, out=packed.folder, overwrite=True, **{**ABOUT, "name": "other"}, **NGRAM
        )
    assert content_of(packed.folder) == before


def test_a_folder_of_something_else_is_never_written_to(text: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/pyproject.toml").write_text("[project]\nname = 'foreword-tiny-en'\n")

    with pytest.raises(SettingsError, match="holds no package of a model"):
        foreword.pack(text, out=tmp_path / "mine", overwrite=True, **ABOUT, **NGRAM)


def test_the_old_package_stays_where_the_new_one_fails_and_resuming_completes_it(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "foreword-tiny-en"
    foreword.pack(text, out=out, **ABOUT, **NGRAM)
    (out / "src/foreword_tiny_en/model/misspellings.json").write_text("stale")
    before = content_of(out)
    with monkeypatch.context() as patched:
        patched.setattr("foreword.packaging.pack.measured", stopped)
        with pytest.raises(KeyboardInterrupt):
            foreword.pack(text, out=out, overwrite=True, **ABOUT, **NGRAM)
    assert content_of(out) == before
    assert {path.name for path in tmp_path.iterdir()} == {out.name, f"{out.name}.training"}

    renamed = foreword.pack(out=out, resume=True, licence="CC0-1.0", version="0.2")
    assert renamed.about.licence == "CC0-1.0"
    assert renamed.about.attributions == tuple(ABOUT["attributions"])
    assert 'version = "0.2"' in (out / "pyproject.toml").read_text("utf-8")
    assert b"stale" not in b"".join(content_of(out).values())
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_words_too_rare_for_the_vocabulary_can_be_left_out(text: Path, tmp_path: Path) -> None:
    packed = foreword.pack(text, out=tmp_path / "package", rare=False, **ABOUT, **NGRAM)

    assert not list(packed.folder.rglob("rare.txt"))


def stopped(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_training_that_is_stopped_is_resumed_on_the_text_that_was_read(
    text: Path, tmp_path: Path
) -> None:
    out = tmp_path / "package"

    def stop(event: Event) -> None:
        if isinstance(event, StepProgress) and event.step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    halted = foreword.pack(text, out=out, report=stop, **ABOUT, **NETWORK)

    assert halted.stopped_by == "SIGINT"
    assert halted.figures is None
    assert not out.exists()
    with pytest.raises(SettingsError, match="holds an interrupted run. Use --resume"):
        foreword.pack(text, out=out, **ABOUT, **NETWORK)
    with pytest.raises(SettingsError, match="leave out texts, hidden_size"):
        foreword.pack(text, out=out, resume=True, hidden_size=16)
    with pytest.raises(SettingsError, match="is called tiny-en, not other"):
        foreword.pack(out=out, resume=True, name="other")
    assert foreword.pack(out=out, resume=True).figures is not None
    assert [path.name for path in tmp_path.iterdir()] == ["package"]


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"fewest_words": 10**6}, TextError, "a package needs 1,000,000"),
        ({"learning_rate": -1.0}, SettingsError, "learning_rate"),
        ({"name": "Tiny_EN"}, SettingsError, "--name tiny-en"),
        ({"bound": -0.1}, SettingsError, "bound"),
        ({"resume": True}, SettingsError, "leave out texts"),
        ({"speaker": SPEAKER}, TextError, SPEAKER),
    ],
)
def test_what_cannot_be_packed_leaves_nothing_behind(
    changed: dict[str, Any], error: type[Exception], message: str, text: Path, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        foreword.pack(text, out=tmp_path / "out", **{**ABOUT, **NGRAM, **changed})
    assert list(tmp_path.iterdir()) == []


def test_there_is_nothing_to_resume_before_anything_was_begun(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="nothing to resume"):
        foreword.pack(out=tmp_path / "out", resume=True)


def test_the_command_says_what_was_measured_and_how_to_install_it(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foreword.packaging.pack.FEWEST_WORDS", 1000)
    monkeypatch.chdir(tmp_path)
    options = ["--model", "ngram", "--set", "ngram_order=2", "--vocab-size", "300"]
    asked = ["pack", str(text), "--name", "tiny-en", "--language", "en", "--licence", "CC0-1.0"]

    done = CliRunner().invoke(app, [*asked, *options], env={"COLUMNS": "200"})

    assert done.exit_code == 0, done.output
    assert "keystroke savings" in done.stdout
    assert "pip install ./foreword-tiny-en" in done.stderr
    assert "foreword predict tiny-en" in done.stderr
