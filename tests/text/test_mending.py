from pathlib import Path

import pytest

from foreword.text.corpus import find_sources
from foreword.text.mending import Mender

pytest.importorskip("ftfy")

WRONG = (
    "I donâ€™t know.\nThe cafÃ© is good.\nÐ¿Ñ€Ð¸Ð²ÐµÑ‚\nnaïve Âge, SÃO PAULO\n“ok” it was fine\n"
)
RIGHT = ["I don’t know.", "The café is good.", "привет", "naïve Âge, SÃO PAULO", "“ok” it was fine"]


def read(path: Path, notes: list[str], **options: bool) -> list[str]:
    sources = find_sources([path], tell=notes.append, **options)  # type: ignore[arg-type]
    return [piece.text for source in sources for piece in source.read()]


def test_what_was_decoded_wrongly_is_mended_on_demand_and_counted(tmp_path: Path) -> None:
    path, notes = tmp_path / "notes.txt", list[str]()
    path.write_text(WRONG, "utf-8")
    assert read(path, notes, mend=True) == RIGHT
    (note,) = notes
    assert note.startswith("notes.txt: ")
    assert "“I donâ€™t know.”, which is read as “I don’t know.”" in note


def test_without_it_the_text_stays_and_the_option_is_named(tmp_path: Path) -> None:
    path, notes = tmp_path / "notes.txt", list[str]()
    path.write_text(WRONG, "utf-8")
    assert read(path, notes) == WRONG.splitlines()
    assert "--mend" in notes[0]


def test_messages_of_a_chat_are_mended_too(tmp_path: Path) -> None:
    path, notes = tmp_path / "chat.txt", list[str]()
    path.write_text("12/31/23, 9:15 PM - Anna: Itâ€™s late\n" * 3, "utf-8")
    assert read(path, notes, mend=True) == ["It’s late"] * 3
    assert "3 places" in notes[1]


def test_a_word_that_was_pasted_wrongly_is_mended_within_a_good_line() -> None:
    mender = Mender()
    assert mender.mended("“Good”, but itâ€™s late — 好") == "“Good”, but it’s late — 好"
    assert mender.places == 1


@pytest.mark.parametrize("text", ["été à Noël", "L’âge d’or", "¡Ã!", "50 £", "Ñandú", "日本語", ""])
def test_good_text_stays(text: str) -> None:
    mender = Mender()
    assert mender.mended(text) == text
    assert mender.places == 0


def test_line_ends_stay(tmp_path: Path) -> None:
    blocks = list(Mender().blocks(["one\r\ntwo donâ€", "™t\r\n", "three"]))
    assert "".join(blocks) == "one\r\ntwo don’t\r\nthree"
