"""The check of rare words in the core against Python's."""

import random
from pathlib import Path

import pytest
from tests.needs import needs

from foreword import compiled
from foreword.errors import FolderError
from foreword.folder.store import _check_rare, alphabetical
from foreword.text.word_lines import WordLines

PIECES = (
    *("zany", "Zambezi", "é", "Straße", "ẞ", "İ", "ı", "I'm", "sit-in", "👩‍🚀", "a", "", "ﬁ"),
    *("\u202e", "\x1b", "\0", "\x7f", "\u200d\u200d", "\ufe0f", "\U000e0100", "\ufdd0"),
)


def is_right_in_python(text: str) -> bool:
    try:
        _check_rare(text, Path("rare.txt"))
    except FolderError:
        return False
    return True


@needs("kernels")
def test_the_core_accepts_the_rare_words_that_python_accepts() -> None:
    are_right = compiled.part("are_rare_words")
    randomly = random.Random(1)
    answers = []
    for _ in range(2000):
        words = ["".join(randomly.choices(PIECES[: randomly.choice((13, 21))], k=2)) for _ in "abc"]
        if randomly.random() < 0.7:
            words.sort(key=alphabetical)
        text = "".join(f"{word}\n" for word in words) + randomly.choice(("", "end"))
        answers.append(is_right_in_python(text))
        assert are_right(text.encode()) == answers[-1], text
    assert {*answers} == {True, False}


@needs("kernels")
@pytest.mark.parametrize("data", [b"\xff\n", b"a\xc3\n", b"\xed\xa0\x80\n"])
def test_the_core_accepts_no_rare_words_that_are_not_utf_8(data: bytes) -> None:
    assert not compiled.part("are_rare_words")(data)


def test_words_are_the_same_in_lines_and_as_strings() -> None:
    words = ["b", "naïve", ""]
    lines = WordLines.of(words)
    assert WordLines.of(lines) is lines
    assert (len(lines), lines[1], lines[:2], list(lines)) == (3, "naïve", ("b", "naïve"), words)
    assert lines == words
    assert lines != ("b",)
    assert lines != 3
