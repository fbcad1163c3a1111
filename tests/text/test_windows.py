import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.errors import TextError
from foreword.text import windows as windows_module
from foreword.text.tokenizer import EOS_ID
from foreword.text.windows import IGNORED, LineWindows, StreamWindows, Window


def one_epoch(windows: StreamWindows | LineWindows) -> list[Window]:
    actual = []
    while windows.epochs < 1.0:
        actual.append(windows.next())
    return actual


any_streams = given(
    count=st.integers(2, 300),
    batch_size=st.integers(1, 12),
    window=st.integers(1, 40),
    jitter=st.booleans(),
)


@settings(deadline=None)
@any_streams
def test_with_rotation_each_stream_is_still_read_once_and_goes_on_at_its_beginning(
    count: int, batch_size: int, window: int, jitter: bool
) -> None:
    ids = np.arange(count)
    windows = StreamWindows(
        ids, batch_size=batch_size, window=window, jitter=jitter, rotate=True, seed=1
    )
    length = windows.words_per_epoch // windows.batch_size
    begins = []
    for _ in range(12):
        actual = [windows.next()]
        while windows.epochs % 1 != 0:
            actual.append(windows.next())
        inputs = np.concatenate([w.inputs for w in actual])
        assert np.array_equal(np.concatenate([w.targets for w in actual]), inputs + 1)
        streams = np.arange(windows.batch_size) * length
        assert np.array_equal(np.sort(inputs, axis=0), np.arange(length)[:, None] + streams)
        assert set(np.unique(np.diff(inputs, axis=0))) <= {1, 1 - length}
        begins.append(inputs[0].tolist())
    # By lot: a stream may begin twice at the same word, but hardly twelve times.
    assert any(begin != begins[0] for begin in begins) or count < 40


@settings(deadline=None)
@any_streams
def test_each_stream_is_a_contiguous_part_of_the_text_read_once(
    count: int, batch_size: int, window: int, jitter: bool
) -> None:
    ids = np.arange(count)
    windows = StreamWindows(ids, batch_size=batch_size, window=window, jitter=jitter, seed=1)
    actual = one_epoch(windows)
    inputs = np.concatenate([w.inputs for w in actual])
    targets = np.concatenate([w.targets for w in actual])

    assert [w.fresh for w in actual] == [True] + [False] * (len(actual) - 1)
    assert np.array_equal(targets, inputs + 1)
    assert np.array_equal(np.diff(inputs, axis=0), np.ones_like(inputs[1:]))
    assert inputs.size == windows.words_per_epoch
    assert inputs.size > count - 1 - windows.batch_size
    assert np.array_equal(np.sort(inputs.ravel()), np.arange(inputs.size))
    assert windows.next().fresh


@pytest.mark.parametrize("kind", ["streams", "rotated streams", "lines"])
@settings(deadline=None)
@given(steps=st.integers(0, 30), more=st.integers(1, 30), seed=st.integers(0, 99))
def test_going_on_from_a_saved_cursor_gives_the_same_windows(
    kind: str, steps: int, more: int, seed: int
) -> None:
    ids = np.random.default_rng(0).integers(1, 9, 300)

    def make() -> StreamWindows | LineWindows:
        if kind != "lines":
            rotate = kind == "rotated streams"
            return StreamWindows(ids, batch_size=3, window=8, jitter=True, rotate=rotate, seed=seed)
        return LineWindows(ids, batch_words=20, max_length=10, seed=seed)

    first, second = make(), make()
    for _ in range(steps):
        first.next(0.4)
    second.restore(json.loads(json.dumps(first.state())))

    assert first.epochs == second.epochs
    for _ in range(more):
        a, b = first.next(0.6), second.next(0.6)
        assert np.array_equal(a.inputs, b.inputs)
        assert np.array_equal(a.targets, b.targets)
        assert (a.fresh, a.streams) == (b.fresh, b.streams)


shares = st.floats(0.05, 1.0)


@settings(deadline=None)
@given(
    count=st.integers(2, 300),
    batch_size=st.integers(1, 12),
    rotate=st.booleans(),
    ramp=st.lists(st.tuples(shares, shares), min_size=1),
)
def test_streams_that_take_turns_are_each_read_once_and_stand_at_the_same_place_after_each_round(
    count: int, batch_size: int, rotate: bool, ramp: list[tuple[float, float]]
) -> None:
    windows = StreamWindows(
        np.arange(count), batch_size=batch_size, window=9, jitter=True, rotate=rotate, seed=2
    )
    read: list[list[int]] = [[] for _ in range(windows.batch_size)]
    steps = 0
    while windows.epochs < 1.0:
        window = windows.next(*ramp[steps % len(ramp)])
        assert window.fresh == (steps == 0)
        assert np.array_equal(window.targets, window.inputs + 1)
        assert window.of == windows.batch_size
        for stream, words in zip(read[window.streams], window.inputs.T, strict=True):
            stream += words.tolist()
        if window.streams.stop == window.of:
            assert len({len(stream) for stream in read}) == 1
        steps += 1
        assert windows.epochs * windows.words_per_epoch == pytest.approx(sum(map(len, read)))
    length = windows.words_per_epoch // windows.batch_size
    for number, stream in enumerate(read):
        assert sorted(stream) == list(range(number * length, (number + 1) * length))
        assert set(np.diff(stream).tolist()) <= {1, 1 - length}


@pytest.mark.parametrize(
    ("share", "sizes"), [(0.25, [8] * 4), (0.26, [8] * 4), (0.34, [10, 11, 11]), (0.5, [16] * 2)]
)
def test_a_share_of_the_batch_is_as_few_nearly_equal_turns_as_it_allows(
    share: float, sizes: list[int]
) -> None:
    windows = StreamWindows(np.zeros(3201), batch_size=32, window=10)
    assert [windows.next(share).inputs.shape[1] for _ in sizes] == sizes
    assert windows.next(1.0).inputs.shape == (10, 32)
    assert windows.next(1.0, 0.5).inputs.shape == (5, 32)


@settings(deadline=None)
@given(share=shares, seed=st.integers(0, 9))
def test_lines_that_take_turns_are_all_read(share: float, seed: int) -> None:
    ids = np.random.default_rng(0).integers(1, 9, 300)
    turns = LineWindows(ids, batch_words=60, max_length=10, seed=seed)
    whole = LineWindows(ids, batch_words=60, max_length=10, seed=seed)

    def lines(windows: LineWindows, share: float) -> list[list[int]]:
        actual = []
        while windows.epochs < 1.0:
            window = windows.next(share)
            assert window.fresh
            assert window.of == window.inputs.shape[1]
            actual += [line[line != IGNORED].tolist() for line in window.targets.T]
        return actual

    assert lines(turns, share) == lines(whole, 1.0)
    assert turns.next().inputs.shape == whole.next().inputs.shape


def test_jitter_varies_the_windows_around_their_length_and_differs_between_epochs() -> None:
    ids = np.zeros(70_000, dtype=np.int64)
    windows = StreamWindows(ids, batch_size=2, window=35, jitter=True, seed=3)
    first = [len(w.inputs) for w in one_epoch(windows)]
    second = [len(windows.next().inputs) for _ in first]
    assert 32 < np.mean(first) < 36
    assert min(first[:-1]) >= 5
    assert max(first) <= 55
    assert len(set(first)) > 10
    assert first != second


def test_without_jitter_all_windows_but_the_last_have_their_length() -> None:
    windows = StreamWindows(np.zeros(101), batch_size=4, window=7)
    assert [len(w.inputs) for w in one_epoch(windows)] == [7, 7, 7, 4]


def test_a_text_smaller_than_a_batch_is_read_in_fewer_streams() -> None:
    windows = StreamWindows(np.arange(7), batch_size=32, window=35)
    assert windows.batch_size == 3
    assert windows.next().inputs.tolist() == [[0, 2, 4], [1, 3, 5]]


def test_a_text_without_words_has_no_lines() -> None:
    with pytest.raises(TextError, match="0 words; at least 1"):
        LineWindows(np.zeros(0), batch_words=1, max_length=1)


@pytest.mark.parametrize("count", [0, 1])
def test_a_text_without_two_words_is_refused(count: int) -> None:
    with pytest.raises(TextError, match=f"has {count} words"):
        StreamWindows(np.zeros(count), batch_size=1, window=1)


@settings(deadline=None)
@given(
    lines=st.lists(st.integers(0, 12), min_size=1, max_size=15),
    tail=st.integers(0, 3),
    batch_words=st.integers(1, 60),
    max_length=st.integers(1, 14),
)
def test_lines_predict_every_word_once_from_the_words_before_it_in_the_line(
    lines: list[int], tail: int, batch_words: int, max_length: int
) -> None:
    words = iter(range(2, 10_000))
    ids = [i for n in lines for i in [*(next(words) for _ in range(n)), EOS_ID]]
    ids += [next(words) for _ in range(tail)]
    text = np.array(ids)
    windows = LineWindows(text, batch_words=batch_words, max_length=max_length, seed=1)
    before = dict(zip(ids, [EOS_ID, *ids[:-1]], strict=True))  # ids but <eos> are unique
    predicted: list[int] = []
    for window in one_epoch(windows):
        assert window.fresh
        assert len(window.inputs) <= max_length
        assert window.inputs.size <= batch_words or window.inputs.shape[1] == 1
        for column in range(window.inputs.shape[1]):
            targets = window.targets[:, column]
            length = int(np.count_nonzero(targets != IGNORED))
            assert (targets[:length] != IGNORED).all()
            assert np.array_equal(window.inputs[1:length, column], targets[: length - 1])
            if targets[0] != EOS_ID:
                assert window.inputs[0, column] == before[targets[0]]
            predicted += targets[:length].tolist()
    assert sorted(predicted) == sorted(ids)


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=40),
    st.integers(1, 50),
)
def test_lines_are_batched_as_many_as_fit(lengths: list[int], batch_words: int) -> None:
    text = np.array([i for n in lengths for i in [*[2] * (n - 1), EOS_ID]])
    windows = LineWindows(text, batch_words=batch_words, max_length=9)
    actual = sorted(w.inputs.shape for w in one_epoch(windows))
    # The slow way: take line after line, shortest first, while the padded batch is small enough.
    expected: list[tuple[int, int]] = []
    for length in sorted(lengths):
        if expected and length * (expected[-1][1] + 1) <= batch_words:
            expected[-1] = (length, expected[-1][1] + 1)
        else:
            expected.append((length, 1))
    assert actual == sorted(expected)


def test_lines_are_found_across_the_blocks_in_which_the_text_is_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = np.array([2, EOS_ID, 3, 4, EOS_ID, EOS_ID, 5])
    whole = LineWindows(ids, batch_words=1, max_length=9).next
    monkeypatch.setattr(windows_module, "BLOCK_IDS", 2)
    blocks = LineWindows(ids, batch_words=1, max_length=9).next
    for _ in range(4):
        assert np.array_equal(whole().targets, blocks().targets)


def test_lines_come_in_another_order_in_every_epoch() -> None:
    ids = np.concatenate([[2] * n + [EOS_ID] for n in range(1, 30)])
    windows = LineWindows(ids, batch_words=1, max_length=99, seed=1)
    first = [w.inputs.shape for w in one_epoch(windows)]
    second = [windows.next().inputs.shape for _ in first]
    assert first != second
    assert sorted(first) == sorted(second)
