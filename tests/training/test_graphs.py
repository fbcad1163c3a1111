"""Which steps are recorded and replayed, by a recorder that needs no GPU."""

from collections.abc import Callable

import torch
from torch import Tensor

from foreword.training.graphs import MOST_STATES, SEEN_BEFORE, Graphs, State


class Tape:
    """Records nothing but the function, and counts."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.recorded = 0
        self.replayed = 0
        self.fails_at = fails_at

    def __call__(self, work: Callable[[], None]) -> Callable[[], None]:
        if self.recorded == self.fails_at:
            raise RuntimeError("operation not permitted when stream is capturing\nand so on")
        self.recorded += 1

        def replay() -> None:
            self.replayed += 1
            work()

        return replay


def work(inputs: Tensor, targets: Tensor, state: State) -> tuple[Tensor, State]:
    (h,) = state
    return (h.sum() + (inputs * targets).sum()).float(), (h + inputs.sum(),)


def step(graphs: Graphs, streams: int, length: int, number: int) -> None:
    """One step equals the work itself, whether it is replayed or not."""
    inputs = torch.full((length, streams), number)
    targets, state = inputs + 1, (torch.full((1, streams, 2), float(number)),)
    loss, after = graphs(inputs, targets, state)
    expected_loss, expected = work(inputs, targets, state)
    assert torch.equal(loss, expected_loss)
    assert torch.equal(after[0], expected[0])


def test_each_shape_of_inputs_and_of_state_has_a_recording_of_its_own() -> None:
    tape = Tape()
    graphs = Graphs(work, torch.Generator(), tape)
    for number in range(SEEN_BEFORE + 4):
        for streams, length in ((4, 3), (4, 5), (2, 3)):
            step(graphs, streams, length, number)
    assert graphs.recordings == tape.recorded == 3
    assert tape.replayed == 3 * 4
    assert graphs.news() is None


def test_states_of_more_shapes_than_are_kept_are_not_recorded() -> None:
    tape = Tape()
    graphs = Graphs(work, torch.Generator(), tape)
    for number in range(SEEN_BEFORE + 2):
        for streams in range(1, MOST_STATES + 4):
            step(graphs, streams, 3, number)
    assert graphs.recordings == tape.recorded == MOST_STATES


def test_a_state_that_a_step_returned_is_not_changed_by_later_steps() -> None:
    graphs = Graphs(work, torch.Generator(), Tape())
    inputs, state = torch.ones(3, 2, dtype=torch.int64), (torch.zeros(1, 2, 2),)
    for _ in range(SEEN_BEFORE + 1):
        _, first = graphs(inputs, inputs, state)
    kept = first[0].clone()
    graphs(inputs * 7, inputs, state)
    assert torch.equal(first[0], kept)


def test_a_recording_that_fails_is_told_once_and_the_steps_go_on() -> None:
    tape = Tape(fails_at=1)
    graphs = Graphs(work, torch.Generator(), tape)
    for number in range(SEEN_BEFORE + 4):
        for length in (3, 5):
            step(graphs, 4, length, number)
    assert graphs.recordings == 1
    assert tape.replayed == 4
    news = graphs.news()
    assert news is not None
    assert "could not be recorded" in news
    assert "operation not permitted when stream is capturing)" in news
    assert graphs.news() is None
