"""Bits and steps that one can count by hand, and those of random models counted slowly."""

import math
import random
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.errors import TextError
from foreword.evaluation.letters import LetterReport, measure_letters


class Equally:
    """Gives the same probability to some characters, whatever stands there."""

    def __init__(self, letters: str) -> None:
        self.shares = dict.fromkeys(letters, 1 / len(letters))

    def letters(self, text: str) -> Mapping[str, float]:
        return self.shares


class Knows:
    """Knows the message."""

    def __init__(self, message: str) -> None:
        self.message = message + "\n"

    def letters(self, text: str) -> Mapping[str, float]:
        return {self.message[len(text)]: 1.0}


class Random:
    """Draws its probabilities anew for every text."""

    def letters(self, text: str) -> Mapping[str, float]:
        drawn = random.Random(text)
        weights = {letter: drawn.choice([0, 1, 2, 5]) for letter in "abAB ,\n"}
        total = sum(weights.values()) or 1
        return {letter: weight / total for letter, weight in weights.items()}


def test_of_four_equally_probable_characters_each_costs_two_bits() -> None:
    report = measure_letters(Equally("abc\n"), ["abc", "ba"])

    assert report.characters == 3 + 1 + 2 + 1
    assert report.record()["bits_per_character"] == pytest.approx(2.0, abs=1e-5)


def test_a_message_that_is_known_beforehand_costs_nothing() -> None:
    report = measure_letters(Knows("to be"), ["to be"])

    assert report.bits == pytest.approx(0.0, abs=1e-4)
    assert report.steps == 2 * len("to be")


def test_a_character_without_probability_costs_forty_bits_and_is_counted() -> None:
    report = measure_letters(Equally("ab\n"), ["aß"])

    assert report.impossible == 1
    assert report.bits == pytest.approx(2 * math.log2(3) + math.log2(1e6 * 0x110000), abs=1e-3)


def test_a_fixed_layout_gives_the_quickest_cells_to_the_most_frequent_characters() -> None:
    report = measure_letters(Equally("\n"), ["bab", "bbc"])

    # Of 2 rows and 2 columns: b has 2 steps, a and c have 3 each.
    assert (report.side, report.fixed_steps) == (2, 4 * 2 + 2 * 3)
    # Without probabilities, the order stays the fixed one.
    assert report.steps == report.fixed_steps


def test_capitals_are_scanned_as_small_letters() -> None:
    assert measure_letters(Equally("aA"), ["aAB"]).side == 2
    assert measure_letters(Knows("ABa"), ["ABa"]).steps == 3 * 2


def scanned_slowly(messages: list[str]) -> tuple[int, int]:
    """Steps with letters arranged anew, and fixed, by walking through the rows and cells."""
    text = "".join(messages).lower()
    frequent = sorted(set(text), key=lambda letter: (-Counter(text)[letter], letter))
    side = next(n for n in range(1, 99) if n * n >= len(frequent))
    cells = sorted(
        ((row, column) for row in range(side) for column in range(side)), key=lambda cell: sum(cell)
    )

    def walk(order: list[str], wanted: str) -> int:
        at = dict(zip(cells, order, strict=False))
        for row in range(side):
            if wanted in (at.get((row, column)) for column in range(side)):
                return row + 1 + next(c + 1 for c in range(side) if at.get((row, c)) == wanted)
        raise AssertionError(wanted)

    anew = fixed = 0
    for message in messages:
        for at, letter in enumerate(message.lower()):
            shares = Random().letters(message[:at])
            both = {c: sum(shares.get(form, 0) for form in {c, c.upper()}) for c in frequent}
            order = sorted(frequent, key=lambda c: (-both[c], frequent.index(c)))
            anew += walk(order, letter)
            fixed += walk(frequent, letter)
    return anew, fixed


@given(st.lists(st.text("abAB,", min_size=1, max_size=6).map("a{}".format), min_size=1, max_size=4))
def test_steps_are_those_of_walking_through_rows_and_cells(messages: list[str]) -> None:
    report: LetterReport = measure_letters(Random(), messages)

    assert (report.steps, report.fixed_steps) == scanned_slowly(messages)


@given(st.lists(st.text("abAB,", min_size=1, max_size=6).map("a{}".format), min_size=1, max_size=4))
def test_bits_are_the_logarithms_of_the_messages_probabilities(messages: list[str]) -> None:
    report = measure_letters(Random(), messages)

    share = Fraction(1)  # a float might underflow
    for message in messages:
        for at, letter in enumerate(message + "\n"):
            share *= Fraction(0.999999 * Random().letters(message[:at])[letter] + 1e-6 / 1_114_112)
    bits = math.log2(share.denominator) - math.log2(share.numerator)
    assert report.bits == pytest.approx(bits)


def test_marks_alone_are_nothing_to_spell() -> None:
    with pytest.raises(TextError, match="nothing to spell"):
        measure_letters(Equally("a"), ["...", ""])
