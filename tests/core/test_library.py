"""The C library against the Python package: the same models, states, probabilities and refusals."""

import hashlib
import json
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.library import ROOT, CError, CModel, Library, compiled_example
from tests.needs import needs
from tests.predictor.test_compiled_network import CELLS, random_model

from foreword.errors import FolderError
from foreword.folder.architecture import ModelConfig, format_version
from foreword.folder.config import FolderConfig
from foreword.folder.quantised import quantise
from foreword.folder.saving import _files, write_folder
from foreword.folder.store import Folder, config_checksum, read_folder
from foreword.predictor.engine import Engine
from foreword.predictor.state import State
from foreword.predictor.state_bytes import decode, encode
from foreword.text.tokenizer import EOS_ID, Tokenizer, TokenizerConfig
from foreword.visible import is_plain, plain

pytestmark = needs("c_library")

SIZES = (40, 7, 24, 2)
"""Words, features, units and layers of random models; a projection stands before the output."""
WORDS = (2, 39, 5, 5, 1, 17)


def made(
    config: ModelConfig, weights: dict[str, np.ndarray], **options: str
) -> tuple[Folder, dict[str, bytes]]:
    """A model of some weights, with made-up words, and the files of its folder."""
    names = ["<unk>", "<eos>", *(f"wört{k}" for k in range(2, config.vocab_size))]
    tokenizer = Tokenizer(names, TokenizerConfig(**options))
    kind = "int8" if any(name.endswith("_scale") for name in weights) else "float32"
    whole = FolderConfig(
        format_version=format_version(config, kind, tokenizer.config),
        weights=kind,
        model=config,
        tokenizer=tokenizer.config,
    )
    files = _files(whole, weights, tokenizer, "", (), {})
    return Folder(whole, weights, tokenizer), {
        name: b"".join(parts) for name, parts in files.items()
    }


def beginning(engine: Engine) -> State:
    """The state at the beginning of a line, as `Predictor.start` has it."""
    return engine.advance(engine.start(), EOS_ID)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _, files = made(*random_model("lstm", (5, 2, 3, 1)))
    (tmp_path / "model").mkdir()
    for name, data in files.items():
        (tmp_path / "model" / name).write_bytes(data)
    return tmp_path / "model"


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "README.md"}


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("kind", ["float32", "int8"])
@pytest.mark.parametrize("cell", CELLS)
def test_states_and_probabilities_are_those_of_the_engine(
    library: Library, cell: str, kind: str, tied: bool
) -> None:
    config, weights = random_model(cell, SIZES, tied=tied)
    weights = quantise(weights) if kind == "int8" else weights
    folder, files = made(config, weights)
    engine = Engine(config, weights, threads=1)
    model = CModel(library, files)
    ours, theirs = model.start(), beginning(engine)
    for word in WORDS:
        ours.advance(word)
        theirs = engine.advance(theirs, word)
        assert ours.to_bytes() == encode(theirs, folder.checksum)
        assert ours.best(7, hidden=(0, 1)) == engine.best(theirs, 7, hidden=(0, 1))
    np.testing.assert_allclose(ours.probabilities(), engine.probabilities(theirs), rtol=1e-6)


def test_rows_give_the_same_wherever_the_data_begins_in_its_file(
    library: Library, tmp_path: Path
) -> None:
    config, weights = random_model("lstm", (40, 32, 24, 1))
    _, files = made(config, quantise(weights))
    tensors = files["model.safetensors"]
    end = 8 + int.from_bytes(tensors[:8], "little")
    assert end % 64 == 0  # so that rows of 32 numbers are used in the mapped file
    answers = []
    for spaces in (0, 8, 5):  # otherwise they are copied; with 5 spaces, so is float32
        header = tensors[8:end] + b" " * spaces
        files["model.safetensors"] = len(header).to_bytes(8, "little") + header + tensors[end:]
        folder = tmp_path / str(spaces)
        folder.mkdir()
        for name, data in files.items():
            (folder / name).write_bytes(data)
        state = CModel(library, folder).start()
        state.advance(7)
        answers.append((state.to_bytes(), state.best(40), state.probabilities().tobytes()))
    assert answers[0] == answers[1] == answers[2]


def test_the_output_of_a_model_that_skips_sees_the_sum_of_its_layers(library: Library) -> None:
    config, weights = random_model("gru", SIZES)
    folder, files = made(replace(config, skip=True), weights)
    engine = Engine(folder.model, weights, threads=1)
    model = CModel(library, files)
    ours, theirs = model.start(), engine.advance(beginning(engine), 9)
    ours.advance(9)
    assert ours.best(5) == engine.best(theirs, 5)


@pytest.mark.parametrize(
    "options",
    [{}, {"case": "fold"}, {"words": "spaces"}, {"lines": "paragraph"}],
    ids=["plain", "folded", "spaces", "paragraphs"],
)
def test_a_text_is_read_as_its_words_and_line_ends(
    library: Library, options: dict[str, str]
) -> None:
    config, weights = random_model("lstm", (9, 2, 3, 1))
    folder, files = made(config, weights, **options)
    engine = Engine(config, weights, threads=1)
    state, theirs = CModel(library, files).start(), beginning(engine)
    for text in ("wört3, WÖRT5 wo\u0308rt4\n\nelse wört2 ", "wört8!\n\n\nwört7", "", "\n"):
        state.read(text)
        for word in folder.tokenizer.read(text, theirs.last):
            theirs = engine.advance(theirs, word.id)
        assert state.to_bytes() == encode(theirs, folder.checksum)


@pytest.mark.parametrize("options", [{"segmenter": "icu"}, {"lines": "wrapped"}])
def test_a_text_that_the_library_cannot_cut_leaves_the_state_as_it_was(
    library: Library, options: dict[str, str]
) -> None:
    state = CModel(library, made(*random_model("gru", (5, 2, 3, 1)), **options)[1]).start()
    before = state.to_bytes()
    with pytest.raises(CError, match=r"ICU|wrapped"):
        state.read("wört2")
    assert state.to_bytes() == before


def test_words_have_the_ids_of_the_folder(library: Library, folder: Path) -> None:
    model = CModel(library, files_of(folder))
    words = read_folder(folder).tokenizer.words
    assert [model.word(index) for index in range(model.words)] == list(words)
    assert [model.id_of(word) for word in words] == list(range(len(words)))
    assert (model.word(len(words)), model.id_of("elsewhere")) == (None, 0)


def test_weights_may_stand_anywhere_in_memory(library: Library, folder: Path) -> None:
    files = files_of(folder)
    whole = files["model.safetensors"]
    length = int.from_bytes(whole[:8], "little")
    shifted = (
        (length + 1).to_bytes(8, "little") + whole[8 : 8 + length] + b" " + whole[8 + length :]
    )
    one, other = CModel(library, files), CModel(library, {**files, "model.safetensors": shifted})
    states = [one.start(), other.start()]
    for state in states:
        state.advance(3)
    assert states[0].to_bytes() == states[1].to_bytes()


def test_a_copy_of_a_state_stays_as_it_was(library: Library, folder: Path) -> None:
    state = CModel(library, folder).start()
    state.advance(2)
    before, copy = state.to_bytes(), state.copy()
    state.advance(3)
    assert copy.to_bytes() == before != state.to_bytes()


def test_states_outlive_their_model(library: Library, folder: Path) -> None:
    model = CModel(library, folder)
    state, other = model.start(), model.start()
    library.model_free(model.handle)
    del model.handle
    state.advance(2)
    assert other.copy() is not None


def test_bytes_of_states_go_to_python_and_back(library: Library, folder: Path) -> None:
    loaded = read_folder(folder)
    engine = Engine(loaded.model, loaded.weights, threads=1)
    model = CModel(library, folder)
    state = model.start()
    state.advance(4)
    theirs = decode(state.to_bytes(), engine.start(), loaded.model, loaded.checksum)
    assert theirs == engine.advance(beginning(engine), 4)
    assert model.state_from_bytes(encode(theirs, loaded.checksum)).to_bytes() == state.to_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: b"", "not the bytes of a state"),
        (lambda data: b"x" + data[1:], "not the bytes of a state"),
        (lambda data: data[:4] + b"\2" + data[5:], "has version 2"),
        (lambda data: data[:5] + bytes(16) + data[21:], "of another model"),
        (lambda data: data + b"\0", "bytes where this model's states have"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "its checksum differs"),
        (lambda data: resealed(data[:21] + b"\5" + data[22:]), "last word has the id 5"),
        (lambda data: resealed(data[:25] + b"\0\0\xc0\x7f" + data[29:]), "NaN or infinity"),
        (lambda data: resealed(data[:25] + b"\0\0\0\x40" + data[29:]), r"\|h\| reaches 2"),
    ],
)
def test_bytes_that_are_no_state_of_the_model_are_refused(
    library: Library, folder: Path, change: Callable[[bytes], bytes], message: str
) -> None:
    model = CModel(library, folder)
    with pytest.raises(CError, match=message):
        model.state_from_bytes(change(model.start().to_bytes()))


def resealed(data: bytes) -> bytes:
    return data[:-8] + hashlib.sha256(data[:-8]).digest()[:8]


def test_a_word_that_is_not_there_leaves_the_state_as_it_was(
    library: Library, folder: Path
) -> None:
    state = CModel(library, folder).start()
    before = state.to_bytes()
    with pytest.raises(CError, match="no word with the id 5: the model has 5 words"):
        state.advance(5)
    assert state.to_bytes() == before


def test_scores_that_overflow_are_told(library: Library) -> None:
    config, weights = random_model("rnn-relu", (5, 2, 3, 1))
    weights = {name: np.full_like(values, 3e38) for name, values in weights.items()}
    state = CModel(library, made(config, weights)[1]).start()
    state.advance(2)
    with pytest.raises(CError, match="scores overflow"):
        state.best(1)
    with pytest.raises(CError, match="scores overflow"):
        state.probabilities()


def test_threads_may_use_one_model_at_once(library: Library) -> None:
    model = CModel(library, made(*random_model("lstm", SIZES))[1])
    ends: list[bytes] = []

    def read() -> None:
        state = model.start()
        for word in WORDS:
            state.advance(word)
        ends.append(state.to_bytes())

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ends) == 8
    assert len(set(ends)) == 1


# What is no model folder.


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_file_with_any_byte_changed_or_cut_off_is_refused_by_name(
    library: Library, folder: Path, name: str
) -> None:
    files = files_of(folder)
    whole = files[name]
    for position in range(len(whole)):
        broken = bytearray(whole)
        broken[position] ^= 1
        cut = whole[: min(position, len(whole.rstrip()) - 1)]
        for data in (bytes(broken), cut):
            with pytest.raises(CError, match=name.split(".")[0]):
                CModel(library, {**files, name: data})


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_named(library: Library, folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CError, match=name):
        CModel(library, folder)


def test_no_folder_and_a_file_in_its_place_are_told_apart(library: Library, tmp_path: Path) -> None:
    with pytest.raises(CError, match="there is no such folder"):
        CModel(library, tmp_path / "missing")
    (tmp_path / "file").touch()
    with pytest.raises(CError, match="is a file, not a model folder"):
        CModel(library, tmp_path / "file")


def test_a_model_that_is_being_moved_into_its_place_counts(library: Library, folder: Path) -> None:
    (folder / ".foreword-new").mkdir()
    (folder / "tokenizer.json").rename(folder / ".foreword-new" / "tokenizer.json")
    assert CModel(library, folder).words == read_folder(folder).tokenizer.vocab_size


def configured(files: dict[str, bytes], change: dict[str, Any], **options: Any) -> dict[str, bytes]:
    """The files with another configuration, whose checksum fits."""
    document = json.loads(files["config.json"]) | change
    checksums = document.pop("checksums")
    del checksums["config.json"]
    checksums["config.json"] = config_checksum(document, checksums)
    return {
        **files,
        "config.json": json.dumps(document | {"checksums": checksums}, **options).encode(),
    }


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@settings(max_examples=40)
@given(record=JSON_VALUES, ensure_ascii=st.booleans(), indent=st.sampled_from([None, 1]))
def test_a_checksum_is_the_same_however_the_configuration_is_spelled(
    library: Library, small_model: Path, record: Any, ensure_ascii: bool, indent: int | None
) -> None:
    files = files_of(small_model)
    spelling = {"ensure_ascii": ensure_ascii, "indent": indent}
    CModel(library, configured(files, {"training": plain(record)}, **spelling))


@given(
    text=st.text(st.sampled_from("a🏴\U000e0067\U000e007f\u200d\ufe0f\U000e0100漢\u202e\u2060é"))
)
def test_a_configuration_is_refused_if_its_text_cannot_be_shown(
    library: Library, small_model: Path, text: str
) -> None:
    files = configured(files_of(small_model), {"training": text})
    if is_plain(text):
        CModel(library, files)
    else:
        with pytest.raises(CError, match="a terminal would obey"):
            CModel(library, files)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "{",
            '{"a":1,}',
            "{'a':1}",
            '{"a" 1}',
            "[01]",
            "[1.]",
            "[+1]",
            "[1e]",
            "[NaN]",
            "[-]",
        ),
        *('["\\x"]', '["\\ud800"]', '["\\udc00\\ud800"]', '["\\u12"]', '["a\nb"]', '["a'),
        *('{"a":1,"a":2}', "[1] 2", "[1e999]", "nul", "[" * 65 + "]" * 65, b'["\xff"]'),
        *(b'["\xc0\x80"]', b'["\xed\xa0\x80"]', b'["\xf4\x90\x80\x80"]'),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(
    library: Library, small_model: Path, text: str | bytes
) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(CError, match=r"config.json is not JSON \(.* at byte \d+\)"):
        CModel(library, {**files_of(small_model), "config.json": data})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "ngram"}, "of the kind ngram, which Foreword for Python runs"),
        ({"name": "mlp-last"}, "of the kind mlp-last, which Foreword for Python runs"),
        ({"name": "rnn-relu"}, "of the kind rnn-relu"),
        ({"softmaxes": 2}, "a mixture of softmaxes"),
        ({"mogrifier_rounds": 4}, "a Mogrifier LSTM"),
        ({"adaptive_clusters": 2, "adaptive_head": 4}, "an adaptive softmax"),
        ({"cell_options": {"memory_sizes": 2}}, "options of its own"),
        ({"hidden_size": 1 << 17}, "more than 65536 units"),
        ({"hidden_size": 0}, "model.hidden_size must be a whole number from 1"),
        ({"vocab_size": True}, "model.vocab_size must be a whole number"),
        ({"num_layers": 65}, "model.num_layers must be a whole number from 1 to 64"),
        ({"tied": 1}, "model.tied must be true or false"),
        ({"skip": True}, "model.skip needs num_layers of 2"),
        ({"cell_clip": -1.0}, "model.cell_clip must be a number from 0"),
        ({"name": "gru", "cell_clip": 1.0}, "model.cell_clip is for lstm"),
        ({"context_words": 2}, "model.context_words must be 1"),
        ({"nonlinearity": "sin"}, "model.nonlinearity must be one of tanh, relu"),
        ({"mogrifier_rank": 1}, "mogrifier_rank has no meaning"),
        ({"colour": "blue"}, "model has the unknown key colour"),
        ({"cell_clip": 1.0}, "format_version must be 4"),
    ],
)
def test_a_model_that_the_library_cannot_run_is_refused_with_the_reason(
    library: Library, small_model: Path, change: dict[str, Any], message: str
) -> None:
    files = files_of(small_model)
    model = json.loads(files["config.json"])["model"] | change
    with pytest.raises(CError, match=message):
        CModel(library, configured(files, {"model": model}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 99}, "format version 99; this Foreword reads up to 6"),
        ({"format_version": 6}, "a translation model"),
        ({"format": "other"}, "format must be foreword"),
        ({"weights": "int4"}, "weights must be one of float32, int8"),
        ({"tokenizer": {"words": "bytes"}}, "tokenizer.words must be one of unicode, spaces"),
        ({"tokenizer": {"language": "x"}}, "tokenizer.language must be a code"),
        ({"tokenizer": {"words": "spaces", "lines": "wrapped"}}, "cut already"),
        ({"tokenizer": {"language": "de-Latn"}}, "format_version must be 5"),
        ({"tokenizer": {"case": "fold"}}, "tokenizer.json was not written by Foreword"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_with_the_reason(
    library: Library, small_model: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(CError, match=message):
        CModel(library, configured(files_of(small_model), change))


@pytest.mark.parametrize(
    "options",
    [
        {"case": "fold"},
        {"case": "fold", "language": "tr"},
        {"case": "fold", "language": "az-Cyrl-AZ"},
        {"words": "spaces"},
        {"lines": "wrapped", "language": "de"},
    ],
)
def test_tokenisers_of_all_kinds_are_read(library: Library, options: dict[str, str]) -> None:
    folder, files = made(*random_model("gru", (5, 2, 3, 1)), **options)
    model = CModel(library, files)
    assert [model.word(index) for index in range(5)] == list(folder.tokenizer.words)


def with_header(data: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A safetensors file with a changed header."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def set_offsets(first: int, last: int) -> Callable[[dict[str, Any]], None]:
    return lambda header: header["decoder.bias"].update(data_offsets=[first, last])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_offsets(20, 40), "overlap or leave gaps"),
        (set_offsets(4, 4), "other data_offsets than its shape needs"),
        (set_offsets(1 << 40, (1 << 40) + 20), "ends behind the file"),
        (set_offsets(-4, 16), "no two whole numbers"),
        (lambda header: header["decoder.bias"].update(shape=[1 << 40, 1 << 40]), "is too large"),
        (lambda header: header["decoder.bias"].update(shape=[-5]), "no whole number"),
        (lambda header: header["decoder.bias"].update(dtype="BF16"), "of the type BF16, not F32"),
        (lambda header: header["decoder.bias"].update(more=1), "not just a dtype"),
        (lambda header: header.update(more={}), "not just a dtype"),
        (lambda header: header["__metadata__"].update(more=1), "metadata are no texts"),
        (lambda header: header["__metadata__"].update(more=""), "its checksum differs"),
        (lambda header: header["__metadata__"].update(model="gru"), "weights of another model"),
    ],
)
def test_a_header_of_tensors_that_cannot_be_is_refused(
    library: Library, folder: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    files = files_of(folder)
    files["model.safetensors"] = with_header(files["model.safetensors"], change)
    with pytest.raises(CError, match=message):
        CModel(library, files)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("decoder.bias", np.full(5, np.nan, np.float32), "decoder.bias holds NaN or infinity"),
        ("decoder.bias", np.full(5, -np.inf, np.float32), "decoder.bias holds NaN or infinity"),
        ("decoder.bias", np.zeros(4, np.float32), r"\(4,\), but config.json makes it \(5,\)"),
        ("decoder.bias", np.zeros(5, np.int8), "decoder.bias is int8, not float32"),
        ("intruder", np.zeros(1, np.float32), "unknown tensor intruder"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    library: Library, tmp_path: Path, name: str, values: np.ndarray, message: str
) -> None:
    config, weights = random_model("lstm", (5, 2, 3, 1))
    names = ["<unk>", "<eos>", "a", "b", "c"]
    tokenizer = Tokenizer(names, TokenizerConfig())
    whole = FolderConfig(model=config, tokenizer=tokenizer.config)
    write_folder(tmp_path / "model", whole, weights | {name: values}, tokenizer, "")
    with pytest.raises(FolderError):
        read_folder(tmp_path / "model")
    with pytest.raises(CError, match=message):
        CModel(library, tmp_path / "model")


# A program in C.


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, compiled against the library."""
    return compiled_example("next_words", tmp_path_factory.mktemp("c"))


@needs("compiler")
def test_the_example_prints_the_likeliest_words(example: Path, small_model: Path) -> None:
    folder = read_folder(small_model)
    engine = Engine(folder.model, folder.weights, threads=1)
    state = beginning(engine)
    for word in ("the", "cat"):
        state = engine.advance(state, folder.tokenizer.id_of(word))
    printed = subprocess.run(
        [example, small_model, "the cat"], capture_output=True, text=True, check=True
    ).stdout
    expected = [
        f"{100 * share:6.2f} %  {folder.tokenizer.words[index]}"
        for index, share in engine.best(state, 5, hidden=(0, 1))
    ]
    assert printed.splitlines() == expected
    assert len((ROOT / "native/examples/next_words.c").read_text().splitlines()) <= 60


@needs("compiler")
def test_the_example_says_why_it_fails(example: Path, tmp_path: Path) -> None:
    run = subprocess.run([example, tmp_path, "the"], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == f"{tmp_path} is not a model folder: it has no config.json\n"
