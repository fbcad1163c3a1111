"""Typing the translation of a line of several sentences: each as if its sentence stood alone."""

import pytest
from tests.translator.models import write_random

from foreword.errors import SettingsError
from foreword.translator.translator import Translator

LINE = "Die Katze saß. 😀 Ein Hund, {name}!"


@pytest.fixture(scope="module")
def translator(tmp_path_factory: pytest.TempPathFactory) -> Translator:
    return Translator.load(write_random(tmp_path_factory.mktemp("models") / "model"))


@pytest.mark.parametrize(
    ("typed", "sentence", "of_sentence"),
    [
        ("", "Die Katze saß.", ""),
        ("The c", "Die Katze saß.", "The c"),
        ("The cat, Dr. C", "Die Katze saß.", "The cat, Dr. C"),
        ("The cat sat. ", "Ein Hund, {name}!", ""),
        ("The cat sat. A d", "Ein Hund, {name}!", "A d"),
        ("The cat sat. A dog. A d", "Ein Hund, {name}!", "A dog. A d"),
    ],
)
def test_words_are_those_of_the_sentence_that_is_typed(
    translator: Translator, typed: str, sentence: str, of_sentence: str
) -> None:
    line, alone = translator.typist(LINE), translator.typist(sentence, sentences=False)

    assert line.suggest(typed, 5) == alone.suggest(of_sentence, 5)
    assert line.rest(typed) == alone.rest(of_sentence)


def test_after_the_mark_of_a_sentence_the_next_one_is_suggested(translator: Translator) -> None:
    line, second = translator.typist(LINE), translator.typist("Ein Hund, {name}!")
    words = [one.accepted("The cat sat.") for one in line.suggest("The cat sat.")]

    assert words == [f"The cat sat. {one.word}" for one in second.suggest("")]
    assert line.rest("The cat sat.") == f" 😀 {second.rest('')}"


def test_other_words_and_looks_belong_to_the_sentence_of_the_word(translator: Translator) -> None:
    line, typed = translator.typist(LINE), "The cat sat. A dog"
    second = translator.typist("Ein Hund, {name}!")
    start, end, others = line.alternatives(typed, 16)
    looks = line.looks(typed)
    words = [LINE[begin:stop] for begin, stop in line.words(LINE)]

    assert typed[start:end] == "dog"
    assert others == second.alternatives("A dog", 3).suggestions
    assert words == ["Die", "Katze", "saß.", "Ein", "Hund,", "{name}!"]
    assert [typed[look.start : look.end] for look in looks] == [
        "The",
        "cat",
        "sat.",
        "A",
        "dog",
        "",
    ]
    assert [look.weights[3:] for look in looks[3:]] == [
        look.weights for look in second.looks("A dog")
    ]
    assert all(look.weights[3:] == (0, 0, 0) for look in looks[:3])


def test_copied_words_that_share_a_slot_are_one_word_of_the_line(translator: Translator) -> None:
    source = "Die Łódź Żuk lag. Ein Hund!"
    line = translator.typist(source)
    words = [source[begin:stop] for begin, stop in line.words(source)]

    assert words == ["Die", "Łódź Żuk", "lag.", "Ein", "Hund!"]
    assert {len(look.weights) for look in line.looks("The cat. A dog")} == {len(words)}


def test_a_line_is_translated_whole_if_that_is_wanted(translator: Translator) -> None:
    whole = translator.typist("Die Katze. Ein Hund.", sentences=False)

    assert len(whole.words("Die Katze. Ein Hund.")) == 4
    assert (
        whole.rest("")
        == translator.translate("Die Katze. Ein Hund.", beams=1, sentences=False).text
    )


def test_a_long_line_is_typed_but_no_sentence_that_is_too_long(translator: Translator) -> None:
    line = translator.typist("Die Katze saß auf der Matte. " * 300)

    assert line.suggest("The cat. " * 299 + "The c")
    with pytest.raises(SettingsError, match="sub-words"):
        translator.typist("Eins. " + "Katze " * 10_000)
