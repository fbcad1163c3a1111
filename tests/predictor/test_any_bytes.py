"""What must hold of the predictor whatever comes in. `make fuzz` has Atheris choose what comes.

No fixtures, so that Hypothesis can make a test's input of any bytes that a fuzzer finds.
"""

import sqlite3
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from foreword.errors import PersonalError, SettingsError
from foreword.folder.architecture import format_version
from foreword.folder.config import FolderConfig, ModelConfig
from foreword.folder.store import Folder
from foreword.folder.weights import expected_shapes
from foreword.predictor import state_bytes
from foreword.predictor.lexicon import Lexicon
from foreword.predictor.personal import Personal
from foreword.predictor.predictor import Predictor
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

SEEN = "the cat sat on a mat like likely Like I would to , . don't ! Paris ﬁne Straße é 3.14 ... a"
WORDS = ["<unk>", "<eos>", *dict.fromkeys(SEEN.split())]
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=24)  # surrogates, too
PIECES = st.sampled_from([*WORDS, " ", "\n", "'", "’", "\0", "\u0301", "\u202e", "😀", "word" * 80])
TEXTS = st.lists(PIECES | ANYTHING, max_size=6).map("".join)


@cache
def predictor() -> Predictor:
    """A small LSTM with random weights."""
    tokenizer = Tokenizer(WORDS, TokenizerConfig())
    model = ModelConfig(name="lstm", vocab_size=len(WORDS), embedding_size=6, hidden_size=5)
    random = np.random.default_rng(1)
    weights = {
        name: random.normal(size=shape).astype(np.float32)
        for name, shape in expected_shapes(model).items()
    }
    config = FolderConfig(
        format_version=format_version(model, "float32", tokenizer.config),
        model=model,
        tokenizer=tokenizer.config,
    )
    return Predictor(Folder(config, weights, tokenizer), threads=1)


@given(text=TEXTS, k=st.integers(1, 40), complete=st.none() | st.booleans(), tolerant=st.booleans())
@settings(deadline=None)
def test_whatever_the_text_suggestions_are_words_that_go_on_with_it(
    text: str, k: int, complete: bool | None, tolerant: bool
) -> None:
    actual = predictor().suggest(text, k, complete=complete, tolerant=tolerant)

    assert len(actual) <= k
    assert len({one.word.casefold() for one in actual}) == len(actual)
    for one in actual:
        assert one.word
        assert one.word not in ("<unk>", "<eos>")
        assert 0 < one.probability <= 1 + 1e-6
        assert 0 <= one.replaces <= len(text)
        assert one.accepted(text).startswith(text[: len(text) - one.replaces])


@given(
    edits=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 4), TEXTS), max_size=8),
    tolerant=st.booleans(),
)
@settings(deadline=None)
def test_whatever_is_edited_a_typist_suggests_as_one_who_reads_anew(
    edits: list[tuple[int, int, str]], tolerant: bool
) -> None:
    typist = predictor().typist(tolerant=tolerant)
    text = ""
    for index, deleted, inserted in edits:
        text = text[:index] + inserted + text[index + deleted :]
        assert typist.suggest(text) == predictor().suggest(text, tolerant=tolerant)


@given(data=st.binary(max_size=300), is_checked=st.booleans(), headed=st.booleans())
@settings(deadline=None)
def test_whatever_the_bytes_they_are_the_state_that_gives_them_or_refused(
    data: bytes, is_checked: bool, headed: bool
) -> None:
    if headed:  # as a state begins
        head = predictor().start().to_bytes()[: state_bytes._HEAD.size]
        data = head + data
    if is_checked:
        data += state_bytes._check_of(data)
    try:
        state = predictor().state_from_bytes(data)
    except SettingsError as error:
        assert "the state is refused" in str(error)
        return
    assert state.to_bytes() == data
    assert predictor().probabilities(predictor().read("the cat", state)).sum() > 0.99


@given(words=st.lists(ANYTHING, unique=True, max_size=12), word=ANYTHING)
@settings(deadline=None)
def test_whatever_the_words_a_lexicon_finds_what_a_walk_through_all_finds(
    words: list[str], word: str
) -> None:
    lexicon = Lexicon(words, hidden=0)
    fold = lexicon.fold(word)
    begun = {i for i, one in enumerate(words) if lexicon.fold(one).startswith(fold)}
    alike = [i for i, one in enumerate(words) if lexicon.fold(one) == fold]
    low, high = lexicon.range(fold)

    assert set(lexicon.ids[low:high].tolist()) == begun
    assert lexicon.forms(fold) == alike
    readings = lexicon.readings(word).tolist()
    if word in words:
        own = words.index(word)
        assert readings[0] == own
        assert {index for index in alike if index < own} <= set(readings)
    else:
        assert set(alike) <= set(readings)


@given(texts=st.lists(TEXTS, max_size=4), forgotten=st.sampled_from(WORDS) | ANYTHING)
@settings(deadline=None, max_examples=30)
def test_whatever_is_learned_opinions_are_shares_and_what_is_forgotten_is_gone(
    texts: list[str], forgotten: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "personal"
        with Personal.open(file, predictor().tokenizer, create=True) as layer:
            for text in texts:
                layer.learn(text)
            layer.forget(forgotten)
            assert forgotten.casefold() not in {held.word.casefold() for held in layer.words()}
            for text in texts:
                opinion = layer.opinion(text.split(), text[:2])
                assert 0 <= opinion.weight <= 1
                assert sum(opinion.words.values()) <= 1 + 1e-9
                assert predictor().suggest(text, layer=layer) is not None
            held = sorted(layer.export())
        with Personal.open(file, predictor().tokenizer) as again:
            assert sorted(again.export()) == held


# Overwrites the name of the table `trigrams` and its definition in sqlite_schema. SQLite cannot
# parse the definition, and quotes the name, which is not UTF-8, in its message.
NOT_UTF8_IN_SQLITES_MESSAGE = [(3717, b"\xff" * 8), (3734, b"BROKEN")]


@given(
    changes=st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(max_size=16)), max_size=4),
    cut=st.none() | st.integers(0, 1 << 16),
)
@example(changes=NOT_UTF8_IN_SQLITES_MESSAGE, cut=None)
@settings(deadline=None, max_examples=30)
def test_whatever_a_personal_file_holds_it_is_refused_or_gives_opinions(
    changes: list[tuple[int, bytes]], cut: int | None
) -> None:
    data = bytearray(_personal_file())
    for index, new in changes:
        index %= len(data)
        data[index : index + len(new)] = new
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "personal"
        file.write_bytes(bytes(data[:cut]))
        try:
            with Personal.open(file, predictor().tokenizer) as layer:
                opinion = layer.opinion(["the"], "")
                assert 0 <= opinion.weight <= 1
                assert sum(opinion.words.values()) <= 1 + 1e-9
                layer.learn("the cat sat on a Matterhorn, the Matterhorn")
        except PersonalError as error:
            assert str(file) in str(error)


@cache
def _personal_file() -> bytes:
    """The bytes of a file that holds something."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "personal"
        with Personal.open(file, predictor().tokenizer, create=True) as layer:
            layer.learn("the cat sat on a mat\nI would like a Zamboni, a Zamboni\n" * 3)
        with sqlite3.connect(file) as held:  # all of it in the one file
            held.execute("pragma wal_checkpoint(truncate)")
        held.close()
        return file.read_bytes()
