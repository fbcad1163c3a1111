"""Translating texts: what is kept, what is promised, what is refused. The words are nonsense."""

import math
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.translator.models import TEXTS, write_random

import foreword
from foreword.errors import FolderError, SettingsError
from foreword.folder.translation_store import read_translation
from foreword.predictor.predictor import Predictor
from foreword.text.pairs.memory import TranslationMemory
from foreword.text.placeholders import placeholders
from foreword.text.spellings import Spellings
from foreword.text.subwords import Subwords
from foreword.translator.translator import Translator


@pytest.fixture(scope="module")
def translator(tmp_path_factory: pytest.TempPathFactory) -> Translator:
    return Translator.load(write_random(tmp_path_factory.mktemp("models") / "random"))


def test_a_text_keeps_its_lines_blank_lines_and_margins(translator: Translator) -> None:
    text = "Die Katze. Der Hund!\n\n  ein Hund 😀\r\n...\n"
    lines = translator.translate(text).text.split("\n")
    first, second = (translator.translate(part).text for part in ("Die Katze.", "Der Hund!"))
    assert lines[0] == f"{first} {second}"
    assert lines[1] == ""
    assert lines[2] == f"  {translator.translate('ein Hund').text} 😀\r"
    assert lines[3:] == ["...", ""]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "😀👍🏽", "!?", "12:30", "\u2028"])
def test_what_has_no_words_is_copied(translator: Translator, text: str) -> None:
    translation = translator.translate(text)
    assert (translation.text, translation.confidence) == (text, 1.0)


def test_texts_are_translated_alike_alone_and_together(translator: Translator) -> None:
    texts = ["the cat", "ein Hund saß auf der Matte, the contract", "", "the cat", "a. B c"]
    together = translator.translate(texts)
    assert [one.text for one in together] == [translator.translate(text).text for text in texts]


def test_ten_thousand_words_in_a_sentence_end(translator: Translator) -> None:
    text = "the cat sat " * 3_300
    translation = translator.translate(text, beams=1)
    assert 0 < len(translation.text) < 50 * len(text)


def test_a_network_that_only_repeats_itself_ends(translator: Translator) -> None:
    bias = np.zeros(translator.subwords.size, np.float32)
    bias[translator.subwords.encode("a")] = 1000
    weights = {**translator.folder.weights, "output.bias": bias}
    endless = Translator(replace(translator.folder, weights=weights))
    actual = endless.translate("the cat", beams=2)
    length = len(translator.subwords.encode("the cat"))
    assert actual.text == " ".join("a" * (2 * length + 15))


def test_the_confidence_is_the_mean_of_the_sub_words_probabilities(
    translator: Translator,
) -> None:
    one = translator.translate("the cat", alpha=0.0)
    # With alpha 0 the score is the sum of the log-probabilities of all words and of the end.
    words = math.prod(word.confidence for word in one.words)
    assert math.exp(one.score) < words
    assert 0 < one.confidence < 1
    assert " ".join(word.text for word in one.words).split() == one.text.split()


def test_words_are_aligned_with_the_words_that_they_look_at(translator: Translator) -> None:
    translation = translator.translate("😀 the cat. Ein Hund")
    sources = {source for _, source in translation.alignment}
    assert translation.words[0].sources == (0,)
    assert sources <= set(range(5))
    assert all(word.sources for word in translation.words)


def test_the_n_best_differ_and_fall_in_score(translator: Translator) -> None:
    actual = translator.translate("the cat. a dog", beams=8, n=5)
    scores = [actual.score, *(other.score for other in actual.alternatives)]
    texts = [actual.text, *(other.text for other in actual.alternatives)]
    assert len(set(texts)) == 5
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("prefix", ["die Ma", "die ", "Größe 7 ", "x"])
def test_a_translation_begins_as_it_was_told_to(translator: Translator, prefix: str) -> None:
    assert translator.translate("the cat. A dog", prefix=prefix).text.startswith(prefix)


def test_terms_of_the_glossary_come_out_as_whole_words(translator: Translator) -> None:
    glossary = {"cat": "Kater", "contract": "Vertrag", "the dog": "Köter", "MAT": "never"}
    actual = translator.translate("The Cat, the contract, the mat", glossary=glossary, beams=2)
    words = re.split(r"\W+", actual.text)
    assert {"Kater", "Vertrag"} <= set(words)
    assert "never" not in actual.text
    assert "Köter" not in actual.text


@pytest.mark.parametrize(
    "text",
    [
        "the {name} cat, %s and %d.",
        "<b>the cat</b> on <a href='x. Y'>the mat</a>",
        "See https://a.org/b?c=d. The cat.",
        "the cat " * 3 + "%s " * 20 + "the dog",
    ],
)
@pytest.mark.parametrize("beams", [1, 3])
def test_placeholders_tags_and_addresses_survive(
    translator: Translator, text: str, beams: int
) -> None:
    translation = translator.translate(text, beams=beams)
    expected = [match[0] for match in placeholders(text)]
    assert sorted(match[0] for match in placeholders(translation.text)) == sorted(expected)
    tags = [tag for tag in expected if tag.startswith(("<", "%"))]
    written = re.findall(r"<[^>]*>|%[sd]", translation.text)
    assert written == tags


def test_a_prefix_may_hold_a_placeholder(translator: Translator) -> None:
    actual = translator.translate("the cat {name}", prefix="Hi {name}, yo").text
    assert actual.startswith("Hi {name}, yo")
    assert actual.count("{name}") == 1
    assert translator.translate("the {a}", prefix="x {a}").text.startswith("x {a}")


def test_what_is_only_placeholders_is_copied(translator: Translator) -> None:
    text = "{name}: %s <br/> https://a.org"
    assert translator.translate(text).text == text


def test_rather_none_than_a_translation_below_the_asked_confidence(
    translator: Translator,
) -> None:
    sure = translator.translate("the cat", abstain=0.0)
    unsure = translator.translate("the cat", abstain=1.0)
    assert (sure.abstained, unsure.abstained, unsure.text) == (False, True, "")
    assert not translator.translate("😀", abstain=1.0).abstained


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"beams": 0}, "beams must be from 1"),
        ({"beams": 2, "n": 3}, "n must be from 1 to beams, which is 2"),
        ({"abstain": 1.5}, "from 0 to 1, not 1.5"),
        ({"alpha": -1.0}, "alpha"),
        ({"alpha": math.nan}, "alpha"),
        ({"prefix": "a\nb"}, "single line"),
        ({"prefix": "a\x1b"}, "control character"),
        ({"glossary": {"cat": "\x7f"}}, "control character"),
        ({"glossary": {"cat": " "}}, "empty term"),
        ({"glossary": {"cat": "a\nb"}}, "several lines"),
    ],
)
def test_arguments_out_of_range_are_refused(
    translator: Translator, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        translator.translate("the cat", **arguments)


def test_load_gives_what_the_folder_holds(tmp_path: Path) -> None:
    folder = write_random(tmp_path / "model", int8=True)
    assert isinstance(foreword.load(folder), Translator)
    assert foreword.load(folder, Translator).config.source_language == "de"
    with pytest.raises(FolderError, match="does not predict next words"):
        foreword.load(folder, Predictor)
    with pytest.raises(FolderError, match="missing"):
        foreword.load(tmp_path / "missing")


def test_translating_never_imports_torch(tmp_path: Path) -> None:
    folder = write_random(tmp_path / "model")
    program = (
        f"import sys, foreword; print(foreword.load({str(folder)!r}).translate('the cat').text)\n"
        "assert 'torch' not in sys.modules and 'pydantic' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_memory_translates_the_lines_and_sentences_that_it_holds(translator: Translator) -> None:
    memory = TranslationMemory([("the cat.", "Die Katze."), ("A dog runs. The cat.", "Zeile")])
    text = " A dog  runs. The cat. \n\nthe cat. The dog."
    translation = translator.translate(text, memory=memory)
    own = translator.translate("The dog.")
    assert translation.text == f" Zeile \n\nDie Katze. {own.text}"
    assert translation.from_memory == ("A dog  runs. The cat.", "the cat.")
    assert translation.confidence == pytest.approx(own.confidence)
    assert translator.translate(text).from_memory == ()


def test_a_memory_gives_way_to_the_prefix_and_the_glossary(translator: Translator) -> None:
    memory = TranslationMemory([("the cat.", "Die Katze.")])

    def known(**demands: Any) -> bool:
        return bool(translator.translate("the cat.", memory=memory, **demands).from_memory)

    assert known(prefix="Die")
    assert not known(prefix="Der")
    assert known(glossary={"cat": "Katze"})
    assert not known(glossary={"cat": "Kat"})
    assert known(glossary={"dog": "Hund"})


def test_a_memory_leaves_the_text_around_it_to_the_model(translator: Translator) -> None:
    memory = TranslationMemory([("the cat.", "Die Katze.")])
    texts = ["the cat.", "the dog.", "the cat.\nthe dog."]
    first, second, both = (one.text for one in translator.translate(texts, memory=memory))
    assert both == f"{first}\n{second}"
    assert first == "Die Katze."


@pytest.mark.parametrize(
    ("text", "copied"),
    [
        ("die Katze 1987", ["1987"]),
        ("14:35 und 3.391,50", ["14:35", "3.391,50"]),
        ("ein Hund, Łódź Nguyễn", ["Łódź Nguyễn"]),
        ("Дмитрий saß auf LH4711", ["Дмитрий", "LH4711"]),
        ("die Katze @maria_k #chat24", ["@maria_k", "#chat24"]),
    ],
)
def test_numbers_names_of_unusual_letters_and_tags_are_copied_each_once(
    translator: Translator, text: str, copied: list[str]
) -> None:
    for translation in (translator.translate(text).text, translator.typist(text).rest("")):
        assert [translation.count(word) for word in copied] == [1] * len(copied)


@pytest.fixture(scope="module")
def speller(translator: Translator) -> Translator:
    """A translator that knows the words of its training text."""
    return Translator(replace(translator.folder, spellings=Spellings.learn(TEXTS, TEXTS[::-1])))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Krzysztof saß auf der Matte.", "Krzysztof"),
        ("die Katze saß, Ouagadougou!", "Ouagadougou"),
        ("der Hund (Nguyen)", "Nguyen"),
        ("Hans-Xaver Brzozowski saß.", "Hans-Xaver Brzozowski"),
    ],
)
def test_names_that_are_spelled_like_no_known_word_are_copied(
    speller: Translator, text: str, name: str
) -> None:
    for translation in (speller.translate(text).text, speller.typist(text).rest("")):
        assert re.findall(rf"(?<!\w){name}(?!\w)", translation) == [name]


def test_names_alone_are_copied_whole(speller: Translator) -> None:
    text = "Krzysztof Nguyen (1987).\nŁódź"
    assert speller.translate(text).text == text
    assert speller.translate("Krzysztof", prefix="the").text.startswith("the")


def test_compounds_and_words_in_lower_case_are_not_copied(speller: Translator) -> None:
    for word in ("Katzenmatte", "Katze", "krzysztof", "hundekatze"):
        assert not speller._is_copied(word)


def test_the_glossary_goes_before_copying(speller: Translator) -> None:
    actual = speller.translate("Krzysztof Łódź saß", glossary={"krzysztof": "Tom", "Łódź": "Lodz"})

    assert {"Tom", "Lodz"} <= set(re.split(r"\W+", actual.text))
    assert "Krzysztof" not in actual.text
    assert "Łódź" not in actual.text


def test_words_without_spaces_are_not_copied_for_their_rare_characters(tmp_path: Path) -> None:
    chinese = Subwords.train(["一只狗 a dog", "一只猫 a cat"] * 9, 300)
    folder = read_translation(write_random(tmp_path / "model"))
    translator = Translator(replace(folder, subwords=chinese))

    assert not translator._is_copied("一只鳐")
    assert translator._is_copied("1987")
