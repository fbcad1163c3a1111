"""The tasks of state tracking against slow loops that follow one sequence at a time."""

import pytest
import torch
from torch import Generator, Tensor

from foreword.memory.tasks.registry import task_for
from foreword.memory.tasks.task import Batch


def generator(seed: int = 1) -> Generator:
    return Generator().manual_seed(seed)


def symbols_and_answers(batch: Batch) -> list[tuple[list[int], list[Tensor]]]:
    """Of each sequence the symbols and the requested answers, step by step."""
    T, B = batch.asked.shape
    assert bool(batch.asked.all())
    assert torch.equal(batch.inputs.sum(2), torch.ones(T, B))
    symbols, answers = batch.inputs.argmax(2), batch.targets.unflatten(0, (T, B))
    return [(symbols[:, b].tolist(), list(answers[:, b])) for b in range(B)]


@pytest.mark.parametrize(("name", "modulus"), [("parity", 2), ("modular-sum", 5)])
def test_sums_are_those_of_the_digits_so_far(name: str, modulus: int) -> None:
    for digits, answers in symbols_and_answers(task_for(name).draw(30, 20, generator())):
        for step, answer in enumerate(answers):
            assert answer == sum(digits[: step + 1]) % modulus


def test_permutations_are_those_of_five_cups_that_are_moved_one_after_the_other() -> None:
    for moves, answers in symbols_and_answers(task_for("permutations").draw(30, 20, generator())):
        cups = [0, 1, 2, 3, 4]
        for move, answer in zip(moves, answers, strict=True):
            if move == 1:
                cups[0], cups[1] = cups[1], cups[0]
            elif move == 2:
                cups.append(cups.pop(0))
            assert answer.view(5, 5).nonzero().tolist() == [[k, cups[k]] for k in range(5)]


def test_brackets_close_what_was_opened_last_to_a_depth_of_four() -> None:
    deepest = 0
    for word, answers in symbols_and_answers(task_for("brackets").draw(60, 40, generator())):
        still_open: list[str] = []
        for symbol, answer in zip(word, answers, strict=True):
            letter = "([)]"[symbol]
            if letter in "([":
                still_open.append(letter)
            else:
                assert letter == {"(": ")", "[": "]"}[still_open.pop()]
            wanted = "([".index(still_open[-1]) if still_open else 2
            assert answer == wanted
            deepest = max(deepest, len(still_open))
    assert deepest == 4


@pytest.mark.parametrize(("name", "modulus"), [("parity", 2), ("modular-sum", 5)])
def test_a_digit_tells_nothing_of_a_sum_but_the_first(name: str, modulus: int) -> None:
    task = task_for(name)
    batch = task.draw(3, 30_000, generator())
    digits, sums = batch.inputs.argmax(2), batch.targets.view(3, -1)
    assert torch.equal(digits[0], sums[0])
    for step in (1, 2):
        together = torch.bincount(modulus * digits[step] + sums[step], minlength=modulus**2)
        assert (together / 30_000).tolist() == pytest.approx([modulus**-2] * modulus**2, abs=0.01)
    wrong = 1 - 1 / modulus
    assert task.naive(10) == pytest.approx(wrong * 39 / 40)  # 40 steps in the test


def test_all_120_orders_come_and_none_is_favoured() -> None:
    batch = task_for("permutations").draw(100, 3000, generator())
    last = batch.targets.view(100, 3000, 5, 5)[-1].argmax(2)
    orders, counts = last.unique(dim=0, return_counts=True)
    assert len(orders) == 120
    assert counts.min() > 5  # 25 each, with a deviation of 5
    assert counts.max() < 50


def test_brackets_open_as_often_as_they_close_and_are_of_both_kinds_alike() -> None:
    batch = task_for("brackets").draw(200, 1000, generator())
    opened = batch.targets.view(200, 1000)
    shares = batch.inputs.mean((0, 1))
    assert shares[:2].sum().item() == pytest.approx(0.5, abs=0.01)
    assert shares.view(2, 2).sum(0).tolist() == pytest.approx([0.5, 0.5], abs=0.01)
    # A walk between a floor and a depth of 4 is at its ends half as often as at each of the others.
    assert (opened == 2).float().mean().item() == pytest.approx(1 / 8, abs=0.01)


def answered(batch: Batch, right_until: int) -> Tensor:
    """Answers that are right, but wrong in all sequences from a step on."""
    right = batch.targets.float()
    if right.ndim == 1:
        right = torch.nn.functional.one_hot(batch.targets, int(batch.targets.max()) + 1).float()
    step = batch.asked.nonzero()[:, :1]
    return torch.where(step < right_until, right - 0.5, 0.5 - right)


@pytest.mark.parametrize("name", ["parity", "modular-sum", "permutations", "brackets"])
def test_the_test_is_four_times_as_long_and_the_reach_is_the_last_step_that_is_right(
    name: str,
) -> None:
    task = task_for(name)
    batch = next(iter(task.test(5, generator())))
    assert len(batch.inputs) == 20
    tally = task.judge(answered(batch, 15), batch)
    assert tally.mean_error == 0.25
    assert tally.share_wrong == 1.0
    assert not task.is_solved(tally)
    assert task.is_solved(task.judge(answered(batch, 20), batch))
    assert task.more(lambda b: answered(b, 37), 5) == {"reach": 37.0}
