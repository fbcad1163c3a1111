"""Sequences and answers against the papers' definitions, stated once more in the simplest way."""

import itertools
import math
import re

import pytest
import torch
from torch import Generator, Tensor

from foreword.errors import SettingsError
from foreword.memory.tasks.counting import Counting
from foreword.memory.tasks.lags import TwoSequence
from foreword.memory.tasks.reber import SYMBOLS, ContinualReber, EmbeddedReber
from foreword.memory.tasks.registry import TASKS, task_for
from foreword.memory.tasks.task import Batch, loss_of

# The Reber grammar as a regular expression, from its diagram: B, then by T S* X (back through the
# lower loop or out by S), or by P T* V (out by V, or back by P X).
LOWER = "T*V(?:PXT*V)*(?:V|PS)"
REBER = f"B(?:TS*X(?:S|X{LOWER})|P{LOWER})E"
EMBEDDED = f"B(?:T{REBER}T|P{REBER}P)E"


def generator(seed: int = 1) -> Generator:
    return Generator().manual_seed(seed)


def spelled(column: Tensor, letters: str) -> str:
    """A one-hot sequence as text; rows of zeros are nothing."""
    return "".join(letters[int(row.argmax())] for row in column if row.sum() > 0)


def strings_of(batch: Batch, letters: str) -> list[str]:
    return [spelled(batch.inputs[:, b], letters) for b in range(batch.inputs.shape[1])]


def perfect(batch: Batch, loss: str) -> Tensor:
    """Answers that leave nothing to be wished for."""
    if loss == "squared":
        return batch.targets
    if loss == "set":
        return 40 * (batch.targets - 0.5)
    classes = int(batch.targets.max()) + 1 if batch.legal is None else batch.legal.shape[1]
    hot = torch.nn.functional.one_hot(batch.targets, classes).float()
    return 40 * (hot if batch.legal is None else batch.legal.float())


@pytest.mark.parametrize("name", TASKS)
def test_right_answers_solve_every_task_and_no_answer_solves_none(name: str) -> None:
    task = TASKS[name]
    lag = max(task.lags[0], task.lag_range[0])
    batch = next(iter(task.test(lag, generator())))
    right = perfect(batch, task.loss)
    assert task.is_solved(task.judge(right, batch))
    assert not task.is_solved(task.judge(torch.zeros_like(right), batch))
    assert not task.is_solved(task.judge(torch.full_like(right, torch.nan), batch))


@pytest.mark.parametrize("name", TASKS)
def test_sequences_have_the_sizes_that_the_task_says_and_come_again_with_the_seed(
    name: str,
) -> None:
    task = TASKS[name]
    lag = max(task.lags[0], task.lag_range[0])
    batch, same, other = (task.draw(lag, 6, generator(seed)) for seed in (3, 3, 4))
    inputs, outputs = task.sizes(lag)
    assert batch.inputs.shape[1:] == (6, inputs)
    assert batch.asked.shape == batch.inputs.shape[:2]
    assert len(batch.targets) == int(batch.asked.sum())
    assert torch.equal(batch.inputs, same.inputs)
    assert torch.equal(batch.targets, same.targets)
    if batch.targets.is_floating_point():
        assert batch.targets.shape[1] == outputs
    else:
        assert int(batch.targets.max()) < outputs
    if name != "noise-free":
        assert batch.inputs.shape != other.inputs.shape or not torch.equal(
            batch.inputs, other.inputs
        )


@pytest.mark.parametrize(("name", "combine"), [("adding", sum), ("multiplication", math.prod)])
def test_sums_and_products_are_those_of_the_two_marked_numbers(name: str, combine) -> None:  # type: ignore[no-untyped-def]
    batch = TASKS[name].draw(30, 50, generator())
    for b in range(50):
        numbers, marks = batch.inputs[:, b].T.tolist()
        marked = [k for k in range(30) if marks[k] == 1]
        assert sorted(set(marks)) == [0, 1]
        assert marked[0] < 15 <= marked[1]
        assert len(marked) == 2
        expected = combine([numbers[k] for k in marked])
        assert batch.targets[b].item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "known"), [("adding", 0.1667), ("multiplication", 0.0486), ("spike-delays", 0.1)]
)
def test_the_error_without_memory_is_that_of_always_answering_the_mean(
    name: str, known: float
) -> None:
    task = TASKS[name]
    batch = task.draw(20, 20_000, generator())
    mean = batch.targets.mean().expand_as(batch.targets)
    assert task.judge(mean, batch).mean_error == pytest.approx(known, rel=0.02)
    assert task.naive(20) == pytest.approx(known, rel=0.01)


def test_the_copying_problem_is_laid_out_as_in_the_paper() -> None:
    task, lag = task_for("copy"), 7
    batch = task.draw(lag, 5, generator())
    symbols = batch.inputs.argmax(2)
    wanted = batch.targets.reshape(lag + 20, 5)
    assert len(symbols) == lag + 20
    assert symbols[:10].max() <= 7
    assert bool((symbols[10 : 10 + lag - 1] == 8).all())
    assert bool((symbols[10 + lag - 1] == 9).all())
    assert bool((symbols[10 + lag :] == 8).all())
    assert bool((wanted[: lag + 10] == 8).all())
    assert torch.equal(wanted[lag + 10 :], symbols[:10])


def test_remembering_only_when_to_speak_costs_what_the_paper_says() -> None:
    task, lag = task_for("copy"), 30
    batch = task.draw(lag, 64, generator())
    scores = torch.full((len(batch.targets), 9), -40.0)
    speaks = batch.targets < 8
    scores[speaks, :8] = 0.0
    scores[~speaks, 8] = 40.0
    assert task.judge(scores, batch).mean_error == pytest.approx(10 * math.log(8) / (lag + 20))
    assert task.naive(lag) == pytest.approx(10 * math.log(8) / (lag + 20))


@pytest.mark.parametrize("relevant", [2, 3, 4])
def test_the_order_of_x_and_y_is_the_class(relevant: int) -> None:
    task = task_for(f"temporal-order-{relevant}")
    batch = task.draw(100, 60, generator())
    expected, ends = [], []
    for text in strings_of(batch, "EBabcdXY"):
        assert re.fullmatch(r"E[abcdXY]+B", text)
        assert 100 <= len(text) <= 110
        message = re.sub("[^XY]", "", text)
        assert len(message) == relevant
        expected.append(int(message.replace("X", "0").replace("Y", "1"), 2))
        ends.append(len(text) - 1)
    step, sequence = batch.asked.nonzero(as_tuple=True)
    assert step.tolist() == [ends[b] for b in sequence.tolist()]
    assert batch.targets.tolist() == [expected[b] for b in sequence.tolist()]


def test_symbols_of_temporal_order_stand_where_the_paper_puts_them() -> None:
    batch = task_for("temporal-order-3").draw(100, 300, generator())
    places = [[k for k, s in enumerate(t) if s in "XY"] for t in strings_of(batch, "EBabcdXY")]
    for k, (low, high) in enumerate([(10, 20), (33, 43), (66, 76)]):
        actual = {entry[k] for entry in places}
        assert (min(actual), max(actual)) == (low, high)


def test_the_noise_free_sequences_are_the_two_of_the_paper() -> None:
    batch = task_for("noise-free").draw(4, 2, generator())
    assert strings_of(batch, "xyabc") == ["xabc", "yabc"]
    wanted = batch.targets.reshape(4, 2).T.tolist()
    assert ["".join("xyabc"[k] for k in row) for row in wanted] == ["abcx", "abcy"]


@pytest.mark.parametrize(
    ("name", "form", "letters"),
    [
        ("irregular", r"[xy].{11}", "xy" + "a" * 11),
        ("irregular-length", r"b[xy]a{12,62}e", "bexy" + "a" * 50),
    ],
)
def test_irregular_sequences_ask_at_the_end_for_the_first_symbol(
    name: str, form: str, letters: str
) -> None:
    batch = task_for(name).draw(12, 400, generator())
    texts = strings_of(batch, letters)
    assert all(re.fullmatch(form, text) for text in texts)
    step, sequence = batch.asked.nonzero(as_tuple=True)
    assert step.tolist() == [len(texts[b]) - 1 for b in sequence.tolist()]
    expected = ["xy"[k] for k in batch.targets.tolist()]
    assert expected == [re.sub("[^xy]", "", texts[b]) for b in sequence.tolist()]


def test_sequences_of_unknown_length_end_once_in_ten_after_the_least() -> None:
    batch = task_for("irregular-length").draw(12, 20_000, generator())
    steps = batch.asked.nonzero()[:, 0].float()
    assert (steps == 12 + 2).float().mean().item() == pytest.approx(0.1, abs=0.01)
    assert (steps - 14).mean().item() == pytest.approx(9.0, abs=0.3)


def test_the_two_sequence_problem_has_signal_first_and_then_noise_of_variance_a_fifth() -> None:
    task = TwoSequence()
    batch = task.draw(40, 4000, generator())
    order = batch.asked.nonzero()[:, 1]
    classes = torch.empty(4000)
    classes[order] = batch.targets[:, 0]
    first = batch.inputs[:3, :, 0]
    assert torch.equal(first, (2 * classes - 1).expand(3, -1))
    noise = batch.inputs[3:40, :, 0]
    assert noise.var().item() == pytest.approx(0.2, rel=0.02)
    assert noise.mean().item() == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("lag", [5, 14])
def test_strings_of_the_embedded_grammar_match_its_regular_expression(lag: int) -> None:
    batch = EmbeddedReber().draw(lag, 400, generator())
    texts = [text + "E" for text in strings_of(batch, SYMBOLS)]
    assert all(re.fullmatch(EMBEDDED, text) for text in texts)
    assert min(map(len, texts)) >= lag + 4
    assert len(set(texts)) > 20


def test_what_may_follow_is_what_follows_somewhere_after_the_same_beginning() -> None:
    batch = EmbeddedReber().draw(5, 3000, generator())
    assert batch.legal is not None
    texts = [text + "E" for text in strings_of(batch, SYMBOLS)]
    follows: dict[str, set[str]] = {}
    for text in texts:
        for k in range(1, len(text)):
            follows.setdefault(text[:k], set()).add(text[k])
    for row, (step, b) in enumerate(batch.asked.nonzero().tolist()):
        may = {SYMBOLS[k] for k in range(7) if batch.legal[row, k]}
        seen = follows[texts[b][: step + 1]]
        assert seen <= may
        if step < 4:  # there are enough strings that begin alike to see every way
            assert seen == may


def test_continual_streams_are_strings_one_after_another() -> None:
    batch = ContinualReber().draw(5, 4, generator())
    for text in strings_of(batch, SYMBOLS):
        assert len(text) == 200
        whole = text.rindex("EB", 0, 190) + 1
        assert re.fullmatch(f"(?:{EMBEDDED})+", text[:whole])
    assert bool(batch.asked.all())


@pytest.mark.parametrize("letters", ["ab", "abc"])
def test_counting_wants_what_the_language_allows(letters: str) -> None:
    task = Counting(letters)
    lengths = torch.tensor([1, 2, 5])
    batch = task.strings(lengths)
    rows = {tuple(position): row for row, position in enumerate(batch.asked.nonzero().tolist())}
    for b, n in enumerate(lengths.tolist()):
        text = "S" + "".join(letter * n for letter in letters) + "E"
        assert spelled(batch.inputs[:, b], "S" + letters) + "E" == text
        for step in range(len(text) - 1):
            expected = {text[step + 1]}
            if text[step] == "a":
                expected = {"a", "b"}
            sets = batch.targets[rows[step, b]].tolist()
            assert {(letters + "E")[k] for k, on in enumerate(sets) if on} == expected


def test_the_reach_is_the_last_length_before_the_first_that_is_rejected() -> None:
    task = Counting("abc")

    def answer(batch: Batch) -> Tensor:
        """Right answers, but for strings of 71 and of 75."""
        scores = perfect(batch, "set")
        lengths = (batch.inputs[:, :, 1] > 0).sum(0)
        owner = batch.asked.nonzero()[:, 1]
        return torch.where(((lengths == 71) | (lengths == 75))[owner].unsqueeze(1), -scores, scores)

    assert task.more(answer, 10) == {"reach": 70.0}


def test_spikes_ask_for_the_delay_that_they_end() -> None:
    batch = task_for("spike-delays").draw(12, 50, generator())
    rows = {tuple(position): row for row, position in enumerate(batch.asked.nonzero().tolist())}
    for b in range(50):
        places = batch.inputs[:, b, 0].nonzero()[:, 0].tolist()
        assert len(places) == 6
        assert places[0] == 0
        for before, position in itertools.pairwise(places):
            extra = position - before - 12
            assert 0 <= extra <= 10
            assert batch.targets[rows[position, b]].item() == pytest.approx(extra / 10)


def test_losses_are_the_known_ones() -> None:
    zeros = torch.zeros(4, 2)
    assert loss_of("class", zeros, torch.tensor([0, 1, 0, 1])).item() == pytest.approx(math.log(2))
    assert loss_of("set", zeros, torch.ones(4, 2)).item() == pytest.approx(math.log(2))
    assert loss_of("squared", zeros, torch.full((4, 2), 3.0)).item() == pytest.approx(9.0)


def test_unknown_tasks_and_lags_are_answered_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"no task 'addition'; the tasks are adding, mult"):
        task_for("addition")
    with pytest.raises(SettingsError, match="from 5 to 30, not 100"):
        task_for("reber").check_lag(100)
