"""Devices that did not answer are asked less often."""

import itertools

from foreword.federated.turns import MOST, Turns


def times_asked(turns: Turns, rounds: int, fewest: int = 1) -> tuple[Turns, list[int]]:
    """Let device 2 be silent in so many rounds, and return those in which it is asked."""
    rounds_asked = []
    for number in range(rounds):
        asked = turns.asked([1, 2], fewest)
        if 2 in asked:
            rounds_asked.append(number)
        turns = turns.after([1, 2], asked, answered=[1])
    return turns, rounds_asked


def test_a_silent_device_is_left_out_for_longer_and_longer_but_not_for_ever() -> None:
    _, rounds = times_asked(Turns(), 50)
    pauses = [after - before - 1 for before, after in itertools.pairwise(rounds)]
    assert pauses == [1, 2, 4, MOST, MOST, MOST, MOST]


def test_an_answer_ends_it() -> None:
    turns, _ = times_asked(Turns(), 3)
    assert turns.asked([1, 2], 1) == [1]
    turns = turns.after([1, 2], [1, 2], answered=[1, 2])
    assert turns == Turns()


def test_all_are_asked_if_a_round_would_have_too_few() -> None:
    _, rounds = times_asked(Turns(), 4, fewest=2)
    assert rounds == [0, 1, 2, 3]
    alone = Turns().after([2], [2], answered=[])
    assert alone.asked([2], 0) == [2]
