"""Abbreviations found in a text by what stands around their points."""

import pytest

from foreword.errors import FolderError
from foreword.text.spacing import Spacing, counted

TEXT = [
    *("We met at approx. three or so.", "Bring pens, ink etc. and be there.", "I said so then."),
    *("They came, sang, etc. The rest is known.", "Ask Mr. Walker or Mrs. Smith about it."),
    *("See fig. 3 and no. 5, please.", "The end was good. The rest was good too."),
    *(
        "They know the end.",
        "It was good. Then we went.",
        "What they know is so good that we sang.",
    ),
    *("Then the rest of them sang, and then we went.", "No man is an island."),
    *("There is no other way.", "Ich komme bzw. er kommt.", "Das ist ca. drei."),
]


def actual(lines: list[str], times: int = 100) -> set[str]:
    return set(counted(lines * times).abbreviations)


def test_what_a_point_nearly_always_follows_and_goes_on_is_an_abbreviation() -> None:
    assert {"approx", "etc", "fig", "mr", "mrs", "bzw", "ca"} <= actual(TEXT)


def test_words_that_end_sentences_are_none() -> None:
    assert not {"so", "good", "known", "end", "it", "there", "sang", "walker"} & actual(TEXT)


def test_a_word_that_stands_without_a_point_too_is_none() -> None:
    assert "no" not in actual(TEXT)
    assert "no" in actual([line for line in TEXT if "no " not in line.lower()])


def test_it_is_counted_how_often_a_sentence_begins_after_it() -> None:
    within, begun = counted(TEXT * 100).abbreviations["etc"]
    assert (within, begun) == (100, 100)


def test_they_are_kept_with_the_spaces() -> None:
    spacing = counted(TEXT * 100)
    assert Spacing.from_json(spacing.to_json(), path="spacing.json") == spacing


@pytest.mark.parametrize(
    "wrong",
    ['{"a b": [1, 2]}', '{"x": [1]}', '{"x": [1, -2]}', '{"": [1, 2]}', '["x"]', '{"x": 1}'],
)
def test_a_strangers_abbreviations_are_refused_where_they_are_none(wrong: str) -> None:
    text = f'{{"version": 1, "abbreviations": {wrong}, "marks": {{}}}}'
    with pytest.raises(FolderError, match=r"spacing\.json cannot be used"):
        Spacing.from_json(text, path="spacing.json")
