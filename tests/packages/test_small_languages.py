"""The models of small languages as they are shipped: each is what `foreword pack` wrote."""

import tomllib
from pathlib import Path

import pytest

import foreword
from foreword.folder.installed import GROUP
from foreword.folder.store import folder_bytes
from foreword.packaging.about import checked
from foreword.packaging.files import NOTICE, PYPROJECT, package_files

PACKAGES = Path(__file__).parents[2] / "packages"
LANGUAGES = {"everyday-cy": "cy", "everyday-lg": "lg"}
SOURCE = "Sentences of Common Voice, github.com/mozilla/voice-web, server/data/{}; CC0-1.0"


def model_of(name: str) -> Path:
    return PACKAGES / name / "src" / f"foreword_{name.replace('-', '_')}" / "model"


@pytest.mark.parametrize("name", LANGUAGES)
def test_it_is_small_in_int8_and_knows_its_language(name: str) -> None:
    config = foreword.load(model_of(name)).config

    assert folder_bytes(model_of(name)) <= 6_000_000
    assert config.weights == "int8"
    assert config.tokenizer.language == LANGUAGES[name]


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("everyday-cy", "Bore ", "da"),
        ("everyday-cy", "Diolch yn ", "fawr"),
        ("everyday-lg", "Abantu b", "bangi"),
        ("everyday-lg", "Omwana ", "wange"),
    ],
)
def test_it_knows_everyday_phrases(name: str, text: str, word: str) -> None:
    assert word in [one.word for one in foreword.load(model_of(name)).suggest(text, 3)]


@pytest.mark.parametrize("name", LANGUAGES)
def test_its_package_is_what_the_command_writes(name: str) -> None:
    project = tomllib.loads((PACKAGES / name / PYPROJECT).read_text("utf-8"))["project"]
    about = checked(
        name=name,
        language=LANGUAGES[name],
        licence="CC0-1.0",
        sources=(SOURCE.format(LANGUAGES[name]),),
    )
    files = package_files(about, {}, "")

    written = tomllib.loads(files[PYPROJECT])["project"]
    assert {key: project[key] for key in ("name", "license", "entry-points")} == {
        key: written[key] for key in ("name", "license", "entry-points")
    }
    assert name in project["entry-points"][GROUP]
    for path in (NOTICE, f"src/{about.module}/__init__.py"):
        assert (PACKAGES / name / path).read_text("utf-8") == files[path]


@pytest.mark.parametrize("name", LANGUAGES)
def test_its_card_and_readme_tell_source_quality_and_licence(name: str) -> None:
    for page in (PACKAGES / name / "README.md", model_of(name) / "README.md"):
        for told in ("Common Voice", "CC0-1.0", "keystroke savings", "perplexity"):
            assert told in page.read_text("utf-8")
