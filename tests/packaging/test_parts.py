"""A text is parted before training, so that what a model is measured on is new to it."""

import itertools
import random
from pathlib import Path

import pytest

from foreword.errors import TextError
from foreword.packaging.parts import PASSAGE, Parts, part, words_in
from foreword.text.corpus import text_source


def lines_of(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def parted(lines: list[str], folder: Path, fewest_words: int = 10) -> Parts:
    return part([text_source("t", "\n".join(lines))], folder, "m", fewest_words=fewest_words)


NUMBERED = [f"Line number {n} of a text that never repeats itself." for n in range(4000)]


def test_each_line_is_in_one_part_alone(tmp_path: Path) -> None:
    parts = parted(NUMBERED, tmp_path)

    train, valid, test = map(lines_of, (parts.train, parts.valid, parts.test))
    assert sorted([*train, *valid, *test]) == sorted(NUMBERED)
    assert len(valid) / len(NUMBERED) == pytest.approx(1 / 20, rel=0.2)
    assert len(test) / len(NUMBERED) == pytest.approx(1 / 20, rel=0.2)


def test_the_parts_come_from_everywhere_in_the_text(tmp_path: Path) -> None:
    held_out = [int(line.split()[2]) for line in lines_of(parted(NUMBERED, tmp_path).test)]

    assert min(held_out) < 1000
    assert max(held_out) > 3000


def test_passages_are_held_out_rather_than_single_lines(tmp_path: Path) -> None:
    numbers = [int(line.split()[2]) for line in lines_of(parted(NUMBERED, tmp_path).test)]
    breaks = sum(b != a + 1 for a, b in itertools.pairwise(numbers))

    assert breaks <= len("\n".join(NUMBERED)) / PASSAGE / 20


def test_no_long_line_that_was_held_out_is_known(tmp_path: Path) -> None:
    drawn = random.Random(1).choices(range(6000), k=6000)
    lines = [f"The {' ' * (k % 3)}{n} comes again and again" for k, n in enumerate(drawn)]
    parts = parted(lines, tmp_path)

    train, valid, test = (
        {" ".join(line.split()) for line in lines_of(path)}
        for path in (parts.train, parts.valid, parts.test)
    )
    assert not train & valid
    assert not train & test
    assert not valid & test


def test_short_lines_stay_since_everybody_repeats_them(tmp_path: Path) -> None:
    lines = [line for text in NUMBERED for line in (text, "Thank you!")]
    parts = parted(lines, tmp_path)

    assert "Thank you!" in lines_of(parts.test)
    assert "Thank you!" in lines_of(parts.train)


def test_a_text_that_is_too_small_is_refused_with_what_it_has_and_needs(tmp_path: Path) -> None:
    with pytest.raises(TextError, match=r"the text has 10 words, and a package needs 10,000"):
        parted([NUMBERED[0]], tmp_path, 10_000)


def test_a_text_that_only_repeats_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TextError, match="0 of [0-9,]+ characters are left"):
        parted(["The same line again and again."] * 5000, tmp_path)


def test_words_are_counted_in_scripts_without_spaces_too() -> None:
    assert words_in("Mae hi'n braf heddiw.") == 4
    assert 2 <= words_in("今天天气很好") <= 6
    assert words_in("-- ! …") == 0
