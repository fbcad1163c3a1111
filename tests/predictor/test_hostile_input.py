"""What strangers may send: states with a checksum that fits, and lines to import."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foreword.cli.notes import ReadingNotes
from foreword.errors import PersonalError, SettingsError
from foreword.folder.store import Folder
from foreword.predictor import state_bytes
from foreword.predictor.personal.personal import Personal
from foreword.predictor.predictor import Predictor
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

MakeFolder = Callable[..., Folder]
HEAD = state_bytes._HEAD.size
FLOATS = st.one_of(
    st.floats(width=32),
    st.sampled_from([1.0, -1.0, 1 + 1e-5, 1e-45, -1e-40, 3e38, -3e38, float("nan"), float("inf")]),
)


@pytest.fixture(scope="module")
def predictors() -> dict[str, Predictor]:
    return {}


@given(
    name=st.sampled_from(["lstm", "gru", "rnn", "lstm-peephole-only"]),
    nonlinearity=st.sampled_from(["tanh", "relu"]),
    changes=st.dictionaries(st.integers(0, 19), FLOATS, max_size=20),
    last=st.integers(0, 40),
    text=st.sampled_from(["", "the ca", " like ", "zebra"]),
)
@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_state_whose_checksum_fits_is_refused_or_goes_on(
    make_folder: MakeFolder,
    predictors: dict[str, Predictor],
    name: str,
    nonlinearity: str,
    changes: dict[int, float],
    last: int,
    text: str,
) -> None:
    key = f"{name} {nonlinearity}"
    if key not in predictors:
        predictors[key] = Predictor(make_folder(name, nonlinearity=nonlinearity))
    predictor = predictors[key]
    data = bytearray(predictor.read("the cat").to_bytes()[: -state_bytes._CHECK])
    data[HEAD - 4 : HEAD] = last.to_bytes(4, "little")
    numbers = np.frombuffer(data, dtype="<f4", offset=HEAD)
    for index, value in changes.items():
        if index < len(numbers):
            numbers[index] = value
    try:
        state = predictor.state_from_bytes(bytes(data) + state_bytes._check_of(bytes(data)))
    except SettingsError as error:
        assert "the state is refused" in str(error)
        return
    assert last < predictor.tokenizer.vocab_size
    after = predictor.read(text, state)
    try:
        shares = predictor.probabilities(after)
    except Exception as error:
        assert "scores overflow" in str(error)  # memories and ReLUs have no bound
        return
    assert shares.sum() == pytest.approx(1)


WORDS = ["see", "you", "\n", "", " ", "a b", "é", "e\u0301", "\ud800", "4111111111111111", "<unk>"]
COUNTS = st.one_of(st.integers(-1, 3), st.sampled_from([1 << 31, 1 << 62, 1 << 63, 10**400, 0.5]))
ANY_WORD = st.one_of(st.sampled_from(WORDS), st.text(max_size=4), st.none())
LINES = st.one_of(
    st.just({"foreword_personal": 1}),
    st.fixed_dictionaries({"word": ANY_WORD, "count": COUNTS}),
    st.fixed_dictionaries(
        {"sequence": st.lists(ANY_WORD, min_size=2, max_size=4), "count": COUNTS}
    ),
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=3), st.lists),
).map(json.dumps) | st.text(max_size=20)


@given(lines=st.lists(LINES, max_size=8), headed=st.booleans())
@settings(deadline=None, max_examples=60)
def test_lines_from_anywhere_are_imported_whole_or_not_at_all(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], headed: bool
) -> None:
    file: Path = tmp_path_factory.mktemp("person") / "file"
    tokenizer = Tokenizer(["<unk>", "<eos>", "see", "you"], TokenizerConfig())
    layer = Personal.open(file, tokenizer, create=True)
    layer.learn("see you")
    before = sorted(layer.export())
    try:
        layer.import_(['{"foreword_personal": 1}', *lines] if headed else lines)
    except (SettingsError, PersonalError) as error:
        assert str(error)
        assert sorted(layer.export()) == before
    opinion = layer.opinion(["see"], "")
    assert 0 <= opinion.weight <= 1
    assert sum(opinion.words.values()) <= 1 + 1e-9
    layer.close()
    again = Personal.open(file, tokenizer)
    assert sorted(again.export()) == sorted(layer.export())
    again.close()


def test_emoji_without_an_end_cost_no_more_than_a_few(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor(make_folder("lstm"))
    cut = []
    split = Tokenizer.split
    monkeypatch.setattr(
        Tokenizer, "split", lambda self, text: cut.append(len(text)) or split(self, text)
    )
    costs = []
    for count in (3_000, 130_000):
        cut.clear()
        predictor.suggest("😀" * count)
        reading = ReadingNotes()
        reading.add(predictor, "😀" * count, [])
        costs.append(sum(cut))
    assert costs[1] < 2 * costs[0]
    assert costs[1] < 8_192
