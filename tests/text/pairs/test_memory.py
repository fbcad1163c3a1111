"""A translation memory is looked up exactly, but for spaces and the Unicode form."""

from pathlib import Path

import pytest

from foreword.text.pairs.memory import TranslationMemory


@pytest.mark.parametrize(
    "asked", ["Grüß  Gott, Tom.", " Grüß Gott, Tom.\n", "Gru\u0308ß Gott,\u00a0Tom."]
)
def test_spaces_and_the_unicode_form_do_not_matter(asked: str) -> None:
    assert TranslationMemory([("Grüß Gott, Tom.", " Hello, Tom. ")]).get(asked) == "Hello, Tom."


@pytest.mark.parametrize("asked", ["grüß Gott, Tom.", "Grüß Gott, Tom", "Grüß Gott Tom.", ""])
def test_letters_marks_and_capitals_do(asked: str) -> None:
    assert TranslationMemory([("Grüß Gott, Tom.", "Hello, Tom."), ("", "x")]).get(asked) is None


def test_the_last_translation_of_a_sentence_counts() -> None:
    memory = TranslationMemory([("Ja.", "Yes."), ("Ja.", "Yeah."), ("Ja.", " ")])
    assert memory.get("Ja.") == "Yeah."
    assert len(memory) == 1


def test_a_tmx_file_is_a_memory(tmp_path: Path) -> None:
    def unit(**texts: str) -> str:
        sides = (f'<tuv xml:lang="{k}"><seg>{v}</seg></tuv>' for k, v in texts.items())
        return f"<tu>{''.join(sides)}</tu>"

    file = tmp_path / "memory.tmx"
    body = unit(en="Hello", de="Hallo") + unit(de="Welt", en="world")
    file.write_text(f'<tmx version="1.4"><header srclang="en"/><body>{body}</body></tmx>')
    memory = TranslationMemory.read(file, ("de", "en"))
    assert (memory.get("Hallo"), memory.get("Welt")) == ("Hello", "world")
