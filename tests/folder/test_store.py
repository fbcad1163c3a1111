import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foreword.errors import FolderError, SettingsError
from foreword.folder import files, store
from foreword.folder.config import FolderConfig, ModelConfig
from foreword.folder.files import atomic_write, read_tensors, write_tensors
from foreword.folder.store import read_config, read_folder, write_folder
from foreword.folder.weights import expected_shapes
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

TOKENIZER = Tokenizer(["<unk>", "<eos>", "one", "two", "three"], TokenizerConfig())
MODEL = ModelConfig(name="lstm", vocab_size=5, embedding_size=2, hidden_size=3)
CONFIG = FolderConfig(model=MODEL, tokenizer=TOKENIZER.config)


def weights(value: float = 0.5, model: ModelConfig = MODEL) -> dict[str, np.ndarray]:
    return {k: np.full(s, value, dtype=np.float32) for k, s in expected_shapes(model).items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    write_folder(path, CONFIG, weights(), TOKENIZER, "# A card\n")
    return path


def rewrite_config(folder: Path, **changes: object) -> None:
    document = json.loads((folder / "config.json").read_text())
    document.update(changes)
    (folder / "config.json").write_text(json.dumps(document))


def test_what_is_written_is_read(folder: Path) -> None:
    found = read_folder(folder)
    assert found.config == CONFIG == read_config(folder)
    assert found.tokenizer.words == TOKENIZER.words
    assert all(np.array_equal(found.weights[k], v) for k, v in weights().items())
    assert (folder / "README.md").read_text() == "# A card\n"
    assert sorted(p.name for p in folder.iterdir()) == [
        *("README.md", "config.json", "model.safetensors", "tokenizer.json")
    ]
    assert list(folder.parent.iterdir()) == [folder]


def test_the_configuration_is_plain_data_with_a_version(folder: Path) -> None:
    document = json.loads((folder / "config.json").read_text())
    assert document["format_version"] == 1
    assert document["model"]["name"] == "lstm"


def test_an_update_changes_the_files_and_leaves_others_alone(folder: Path) -> None:
    (folder / "training").mkdir()
    (folder / "training" / "step.safetensors").write_bytes(b"mine")
    write_folder(folder, CONFIG, weights(2.0), TOKENIZER, "# Better\n")
    assert read_folder(folder).weights["decoder.bias"][0] == 2.0
    assert (folder / "README.md").read_text() == "# Better\n"
    assert (folder / "training" / "step.safetensors").read_bytes() == b"mine"


@pytest.mark.parametrize("replacements", range(4))
def test_dying_between_any_two_renames_of_an_update_leaves_a_loadable_folder(
    folder: Path, replacements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = 0

    def dies_later(path: Path, data: bytes) -> None:
        nonlocal done
        if done == replacements:
            raise KeyboardInterrupt
        done += 1
        atomic_write(path, data)

    monkeypatch.setattr(store, "atomic_write", dies_later)
    monkeypatch.setattr(files, "atomic_write", dies_later)
    other = CONFIG.model_copy(update={"format": "foreword"})
    card = f"# Card {replacements}\n"
    try:
        write_folder(folder, other, weights(2.0), TOKENIZER, card)
    except KeyboardInterrupt:
        assert done == replacements
    assert read_folder(folder).weights["decoder.bias"][0] == (0.5 if replacements == 0 else 2.0)


def test_dying_while_a_new_folder_is_written_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(path: Path, data: bytes) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "atomic_write", dies)
    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path / "model", CONFIG, weights(), TOKENIZER, "")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_else_in_it_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SettingsError, match="not a model folder"):
        write_folder(tmp_path, CONFIG, weights(), TOKENIZER, "")
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    write_folder(tmp_path, CONFIG, weights(), TOKENIZER, "")
    assert read_folder(tmp_path).config == CONFIG


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(position=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_anywhere_is_one_clear_error(
    folder: Path, name: str, position: float, bit: int
) -> None:
    path = folder / name
    whole = path.read_bytes()
    broken = bytearray(whole)
    broken[int(position * len(whole))] ^= 1 << bit
    try:
        path.write_bytes(broken)
        try:
            found = read_folder(folder)
        except FolderError as error:
            assert name.split(".")[0] in str(error)
        else:
            # White space between JSON's parts may change without changing what it says.
            assert name != "model.safetensors"
            assert json.loads(broken) == json.loads(whole)
            assert found.config == CONFIG
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(share=st.floats(0, 1))
def test_a_file_cut_short_anywhere_is_one_clear_error(
    folder: Path, name: str, share: float
) -> None:
    path = folder / name
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[: int(share * (len(whole.rstrip()) - 1))])
        with pytest.raises(FolderError, match=name):
            read_folder(folder)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(FolderError, match=name):
        read_folder(folder)


def test_no_folder_and_a_file_in_its_place_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="no such folder"):
        read_folder(tmp_path / "nothing")
    with pytest.raises(FolderError, match="is a file"):
        read_folder(tmp_path / "file")


def test_a_newer_format_says_that_foreword_must_be_upgraded(folder: Path) -> None:
    rewrite_config(folder, format_version=2, something_new=True)
    with pytest.raises(FolderError, match="format version 2.*pip install --upgrade foreword"):
        read_folder(folder)


def test_unknown_keys_are_refused_by_name(folder: Path) -> None:
    rewrite_config(folder, surprise=1)
    with pytest.raises(FolderError, match="surprise"):
        read_config(folder)


def test_an_edited_value_is_noticed(folder: Path) -> None:
    document = json.loads((folder / "config.json").read_text())
    document["model"]["tied"] = False
    (folder / "config.json").write_text(json.dumps(document))
    with pytest.raises(FolderError, match="config.json has been changed"):
        read_config(folder)


def write_weights(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    _, metadata = read_tensors(folder / "model.safetensors")
    write_tensors(folder / "model.safetensors", arrays, metadata)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decoder.bias": np.zeros(4, np.float32)}, r"\(4,\).*\(5,\)"),
        ({"decoder.bias": np.zeros(5, np.float64)}, "float64, not float32"),
        ({"decoder.bias": np.full(5, np.nan, np.float32)}, "NaN or infinity"),
        ({"decoder.bias": np.full(5, np.inf, np.float32)}, "NaN or infinity"),
        ({"intruder": np.zeros(1, np.float32)}, "unknown tensors: intruder"),
        ({"decoder.bias": None}, "lacks decoder.bias"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    folder: Path, change: dict[str, np.ndarray | None], message: str
) -> None:
    arrays = {k: v for k, v in {**weights(), **change}.items() if v is not None}
    write_weights(folder, arrays)
    with pytest.raises(FolderError, match=message):
        read_folder(folder)


def test_weights_of_another_vocabulary_are_refused(folder: Path, tmp_path: Path) -> None:
    other = Tokenizer(["<unk>", "<eos>", "eins", "zwei", "drei"], TokenizerConfig())
    write_folder(tmp_path / "other", CONFIG, weights(), other, "")
    (tmp_path / "other" / "model.safetensors").replace(folder / "model.safetensors")
    with pytest.raises(FolderError, match="another vocabulary"):
        read_folder(folder)


def test_a_header_that_claims_an_absurd_length_is_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes((1 << 60).to_bytes(8, "little") + path.read_bytes()[8:])
    with pytest.raises(FolderError, match="damaged"):
        read_folder(folder)


def test_a_regular_expression_in_the_tokenizer_is_refused(folder: Path) -> None:
    path = folder / "tokenizer.json"
    document = json.loads(path.read_text())
    document["pre_tokenizer"] = {
        "type": "Split",
        "pattern": {"Regex": "(a|a)*b"},
        "behavior": "Isolated",
        "invert": False,
    }
    path.write_text(json.dumps(document))
    with pytest.raises(FolderError, match="regular expression"):
        read_folder(folder)


def test_tensors_of_all_used_kinds_come_back_with_their_metadata(tmp_path: Path) -> None:
    arrays = {
        "float32": np.arange(6, dtype=np.float32).reshape(2, 3),
        "float64": np.array(0.1),
        "int64": np.arange(3),
        "bytes": np.arange(256, dtype=np.uint8),
        "empty": np.empty((0, 4), dtype=np.float32),
        "transposed": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    }
    write_tensors(tmp_path / "t.safetensors", arrays, {"note": "Grüße"})
    found, metadata = read_tensors(tmp_path / "t.safetensors")
    assert metadata == {"note": "Grüße"}
    assert all(np.array_equal(found[k], v) and found[k].dtype == v.dtype for k, v in arrays.items())


def test_a_failed_write_leaves_the_old_content_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FolderError, match="No space left"):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
