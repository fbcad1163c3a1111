from pathlib import Path

import pytest

from foreword.errors import TextError
from foreword.text.glossary import read_glossary


def test_terms_are_read_with_remarks_left_out(tmp_path: Path) -> None:
    path = tmp_path / "terms.tsv"
    path.write_text("# Contracts\nVertrag\tagreement\tnot: contract\n\n Frist \tterm\r\n", "utf-8")

    assert read_glossary(path) == {"Vertrag": "agreement", "Frist": "term"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tb\nc\td\na\tx\n", r"lines 1 and 3: “a” is to become both “b” and “x”"),
        ("a\tb\nalone\n", "line 2: .* but the line is “alone”"),
        ("a\t\n", "line 1: "),
        ("# nothing\n", "holds no terms"),
        ("\xff", "not utf-8"),
    ],
)
def test_a_glossary_that_cannot_be_used_is_refused(
    tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "terms.tsv"
    path.write_bytes(content.encode("latin-1" if content == "\xff" else "utf-8"))

    with pytest.raises(TextError, match=rf"terms\.tsv.*{message}"):
        read_glossary(path)


def test_a_glossary_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(TextError, match=r"none\.tsv: cannot be read"):
        read_glossary(tmp_path / "none.tsv")
