"""The everyday model's training text, in a repository's own package."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from foreword.errors import TextError

TEXT = Path(__file__).parents[2] / "packages/everyday-en/text.py"


@pytest.fixture(scope="module")
def text() -> ModuleType:
    spec = importlib.util.spec_from_file_location("everyday_text", TEXT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("i dont know, im sure", "I don't know, I'm sure"),
        ("Dont! DONT", "Don't! Don't"),
        ("i’ll do what i'd do", "I'll do what I'd do"),
        ("well, its ill, were id", "well, its ill, were id"),
        ("@im i/o wii #lets i_m", "@im i/o wii #lets i_m"),
    ],
)
def test_only_what_has_no_other_reading_is_mended(
    text: ModuleType, written: str, meant: str
) -> None:
    assert text.mended(written) == meant


def test_examples_are_cut_from_glosses_and_long_ones_made_sentences(
    text: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "data.verb").write_text(
        "  1 This software and database is being provided to you, the LICENSEE, by  \n"
        '00001740 29 v 01 breathe 0 | draw air; "I can breathe better when the air is clean"; '
        '"clean air"; "he breathed deeply there"; "is it not so, then?"\n',
        encoding="latin-1",
    )

    assert list(text.examples(tmp_path)) == [
        "I can breathe better when the air is clean.",
        "he breathed deeply there",
        "Is it not so, then?",
    ]


def test_without_wordnet_it_is_said_what_to_install(text: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(TextError, match="wordnet-base"):
        list(text.examples(tmp_path))
