import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foreword.errors import SettingsError
from foreword.folder.saving import write_folder
from foreword.folder.store import Folder, read_folder
from foreword.predictor import state_bytes
from foreword.predictor.predictor import Predictor
from foreword.predictor.state import State

MakeFolder = Callable[..., Folder]
NAMES = [
    "mlp-last",
    "mlp-window",
    "rnn",
    "lstm",
    "lstm-peephole",
    "lstm-coupled",
    "gru-layernorm",
    "gru",
    "slstm",
]


def resealed(data: bytes) -> bytes:
    """The same bytes with a checksum that fits them."""
    return data[:-8] + state_bytes._check_of(data[:-8])


def test_a_state_goes_on_by_itself_and_going_back_is_the_earlier_value(
    make_folder: MakeFolder,
) -> None:
    predictor = Predictor(make_folder())
    would = predictor.start().advance("I").advance("would")
    fork = would.advance("like")
    assert would == predictor.read("I would")
    assert fork == predictor.read("I would like")
    assert fork.advance("the") == predictor.read("I would like the")


def test_a_state_that_no_predictor_made_says_so(make_folder: MakeFolder) -> None:
    start = Predictor(make_folder()).start()
    with pytest.raises(SettingsError, match="belongs to no model"):
        State(start.parts, start.last).advance("the")


def test_nothing_writes_to_a_state(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())
    copied = predictor.state_from_bytes(predictor.read("the cat").to_bytes())
    for part in (*predictor.read("the cat").parts, *copied.parts):
        with pytest.raises(ValueError, match="read-only"):
            part[0] = 0


@pytest.mark.parametrize("name", NAMES)
@given(words=st.lists(st.sampled_from(["the", "cat", "zebra", "<eos>", "don't"]), max_size=8))
@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_bytes_and_back_is_the_same_state(
    name: str, make_folder: MakeFolder, words: list[str]
) -> None:
    sizes = {"context_words": 3} if name == "mlp-window" else {}
    predictor = Predictor(make_folder(name, **sizes))
    state = predictor.start()
    for word in words:
        state = state.advance(word)
    again = predictor.state_from_bytes(state.to_bytes())
    assert again == state
    assert again.advance("mat") == state.advance("mat")
    assert [part.dtype for part in again.parts] == [part.dtype for part in state.parts]


def test_bytes_are_read_where_the_same_folder_is_loaded_anew(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    folder = make_folder()
    path = tmp_path / "m"
    write_folder(path, folder.config, folder.weights, folder.tokenizer, "")
    current, other = Predictor(folder), Predictor(read_folder(path))
    assert other.state_from_bytes(current.read("the cat").to_bytes()) == other.read("the cat")


def test_states_are_a_few_kilobytes(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder(hidden_size=512, num_layers=1))
    assert len(predictor.read("the cat").to_bytes()) == 2 * 512 * 4 + 25 + 8


def test_every_damaged_byte_and_every_cut_is_refused(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())
    data = predictor.read("the cat").to_bytes()
    for index in range(len(data)):
        broken = bytearray(data)
        broken[index] ^= 0x40
        with pytest.raises(SettingsError, match="the state is refused"):
            predictor.state_from_bytes(bytes(broken))
        with pytest.raises(SettingsError, match="the state is refused"):
            predictor.state_from_bytes(data[:index])
    with pytest.raises(SettingsError, match="bytes where this model's states have"):
        predictor.state_from_bytes(data + b"\0")


@given(data=st.binary(max_size=200))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_other_bytes_are_refused(make_folder: MakeFolder, data: bytes) -> None:
    with pytest.raises(SettingsError, match="not the bytes of a state"):
        Predictor(make_folder()).state_from_bytes(data)


def test_what_is_refused_is_told_apart(make_folder: MakeFolder) -> None:
    folder = make_folder()
    predictor = Predictor(folder)
    state = predictor.read("the cat")
    data = state.to_bytes()

    def refused(data: bytes, why: str) -> None:
        with pytest.raises(SettingsError, match=why):
            predictor.state_from_bytes(data)

    other = {**folder.weights, "decoder.bias": folder.weights["decoder.bias"] + 1}
    trained_on = Predictor(Folder(folder.config, other, folder.tokenizer))
    refused(trained_on.read("the cat").to_bytes(), "of another model")
    refused(b"FWST\x02" + data[5:], "version 2")
    refused(data[:-1] + b"\0", "checksum differs")
    refused(resealed(data[:21] + b"\xff\xff\0\0" + data[25:]), "its last word has the id 65535")
    nan, two = (np.float32(x).tobytes() for x in (np.nan, 2.0))
    refused(resealed(data[:25] + nan + data[29:]), "NaN or infinity")
    refused(resealed(data[:25] + two + data[29:]), r"\|h\| reaches 2")


def test_ids_out_of_range_are_refused(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder("mlp-window", context_words=2))
    data = predictor.read("the cat").to_bytes()
    for word in (-1, 10_000):
        broken = data[:25] + np.int64(word).tobytes() + data[33:]
        with pytest.raises(SettingsError, match="ids of words out of range"):
            predictor.state_from_bytes(resealed(broken))


@pytest.mark.parametrize("name", NAMES)
def test_advancing_many_equals_one_by_one_bit_for_bit(name: str, make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder(name))
    states = [predictor.read(text) for text in ("", "the", "the cat sat\n", "zebra", "don't")]
    words = ["the", "<eos>", "zebra", "like", "Paris"]
    one_by_one = [s.advance(w) for s, w in zip(states, words, strict=True)]
    assert predictor.advance_many(states, words) == one_by_one
    assert predictor.advance_many([], []) == []


def test_advancing_many_needs_a_word_for_each_state_of_this_model(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())
    with pytest.raises(SettingsError, match="1 states and 2 words"):
        predictor.advance_many([predictor.start()], ["the", "cat"])
    foreign = Predictor(make_folder(hidden_size=7)).start()
    with pytest.raises(SettingsError, match="of another model"):
        predictor.advance_many([foreign], ["the"])


def test_threads_that_advance_at_once_get_what_each_gets_alone(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())
    texts = [f"the cat {'sat ' * n} on" for n in range(4)]
    alone = [predictor.advance_many([predictor.read(t)] * 3, ["a", "b", "mat"]) for t in texts]
    actual: list[list[State]] = [[] for _ in texts]

    def work(number: int) -> None:
        for _ in range(20):
            state = predictor.read(texts[number])
            actual[number] = predictor.advance_many([state] * 3, ["a", "b", "mat"])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert actual == alone
