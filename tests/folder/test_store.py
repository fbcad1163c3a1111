import hashlib
import json
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foreword.errors import FolderError, SettingsError
from foreword.folder import store
from foreword.folder.config import FolderConfig, ModelConfig
from foreword.folder.files import (
    atomic_write,
    bytes_behind,
    give_back_memory,
    read_header,
    read_tensors,
    write_tensors,
)
from foreword.folder.quantised import dense, quantise
from foreword.folder.saving import write_folder
from foreword.folder.store import read_config, read_folder
from foreword.folder.weights import expected_shapes
from foreword.text.spacing import Spacing, counted
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
    actual = read_folder(folder)
    assert actual.config == CONFIG == read_config(folder)
    assert actual.tokenizer.words == TOKENIZER.words
    assert all(np.array_equal(actual.weights[k], v) for k, v in weights().items())
    assert (folder / "README.md").read_text() == "# A card\n"
    assert sorted(p.name for p in folder.iterdir()) == [
        *("README.md", "config.json", "model.safetensors", "tokenizer.json")
    ]
    assert list(folder.parent.iterdir()) == [folder]


def test_the_configuration_is_plain_data_with_a_version(folder: Path) -> None:
    document = json.loads((folder / "config.json").read_text())
    assert document["format_version"] == 1
    assert document["model"]["name"] == "lstm"


OPTIONS: list[dict[str, Any]] = [
    {"skip": True, "num_layers": 2},
    {"softmaxes": 2},
    {"softmaxes": 3, "tied": False},
    {"adaptive_clusters": 1, "adaptive_head": 2, "tied": False},
    {"mogrifier_rounds": 5},
    {"mogrifier_rounds": 1, "mogrifier_rank": 2},
    {"cell_clip": 2.5},
]


@pytest.mark.parametrize("kind", ["float32", "int8"])
@pytest.mark.parametrize("options", OPTIONS)
def test_options_of_a_network_make_version_4_in_either_format(
    kind: str, options: dict[str, Any], tmp_path: Path
) -> None:
    model = replace(MODEL, **options)
    config = FolderConfig(format_version=4, weights=kind, model=model, tokenizer=TOKENIZER.config)
    arrays = weights(model=model)
    write_folder(
        tmp_path / "m", config, quantise(arrays) if kind == "int8" else arrays, TOKENIZER, ""
    )
    actual = read_folder(tmp_path / "m")
    assert actual.model == model
    assert actual.config == config
    assert dense(actual.weights).keys() == arrays.keys()
    written = json.loads((tmp_path / "m" / "config.json").read_text())
    assert written["format_version"] == 4
    assert "cell_options" not in written["model"]  # Forewords of before it refuse unknown keys


def test_networks_without_options_are_written_as_earlier_forewords_read_them(folder: Path) -> None:
    document = json.loads((folder / "config.json").read_text())
    assert set(document["model"]) == {
        *("name", "vocab_size", "embedding_size", "hidden_size", "num_layers", "context_words"),
        *("nonlinearity", "reset_after", "tied"),
    }


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("version", [1, 2, 3])
def test_options_are_refused_in_an_earlier_version(version: int, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"version {version} has no lstm with .* and weights in"):
        FolderConfig(
            format_version=version,
            weights="int8" if version == 2 else "float32",
            model=replace(MODEL, **options),
            tokenizer=TOKENIZER.config,
        )


def test_a_model_without_options_is_refused_in_version_4(folder: Path) -> None:
    forged(folder, lambda document: document.update(format_version=4))
    with pytest.raises(FolderError, match="version 4 has no lstm with weights in float32"):
        read_folder(folder)


@pytest.mark.parametrize("lines", ["paragraph", "wrapped"])
@pytest.mark.parametrize("options", [{}, {"softmaxes": 2}])
@pytest.mark.parametrize("kind", ["float32", "int8"])
def test_what_lines_were_is_kept_in_version_5(
    lines: Any, options: dict[str, Any], kind: str, tmp_path: Path
) -> None:
    model = replace(MODEL, **options)
    tokenizer = Tokenizer(TOKENIZER.words, replace(TOKENIZER.config, lines=lines))
    config = FolderConfig(format_version=5, weights=kind, model=model, tokenizer=tokenizer.config)
    arrays = weights(model=model)
    write_folder(
        tmp_path / "m", config, quantise(arrays) if kind == "int8" else arrays, tokenizer, ""
    )
    actual = read_folder(tmp_path / "m")
    assert actual.tokenizer.config.lines == lines
    assert actual.config == config


def test_lines_that_end_each_are_written_as_earlier_forewords_read_them(folder: Path) -> None:
    document = json.loads((folder / "config.json").read_text())
    assert set(document["tokenizer"]) == {"words", "case"}


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_what_lines_were_is_refused_in_an_earlier_version(version: int) -> None:
    with pytest.raises(ValueError, match=f"version {version} has no lstm with lines and weights"):
        FolderConfig(
            format_version=version,
            weights="int8" if version == 2 else "float32",
            model=MODEL,
            tokenizer=replace(TOKENIZER.config, lines="wrapped"),
        )


def test_lines_of_a_kind_that_is_not_known_are_refused(folder: Path) -> None:
    def forge(document: dict[str, Any]) -> None:
        document["format_version"] = 5
        document["tokenizer"]["lines"] = "verse"

    forged(folder, forge)
    with pytest.raises(FolderError, match="lines"):
        read_folder(folder)


def test_an_update_changes_the_files_and_leaves_others_alone(folder: Path) -> None:
    (folder / "training").mkdir()
    (folder / "training" / "step.safetensors").write_bytes(b"mine")
    write_folder(folder, CONFIG, weights(2.0), TOKENIZER, "# Better\n")
    assert read_folder(folder).weights["decoder.bias"][0] == 2.0
    assert (folder / "README.md").read_text() == "# Better\n"
    assert (folder / "training" / "step.safetensors").read_bytes() == b"mine"


def test_a_folder_with_something_else_in_it_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SettingsError, match="not a model folder"):
        write_folder(tmp_path, CONFIG, weights(), TOKENIZER, "")
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_model_of_another_program_is_refused_and_untouched(tmp_path: Path) -> None:
    files = {"config.json": b'{"model_type": "bert"}', "tokenizer.json": b"{}"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(SettingsError, match="not a model folder"):
        write_folder(tmp_path, CONFIG, weights(), TOKENIZER, "")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == files


def test_weights_of_another_program_are_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_tensors(path, {"theirs": np.zeros(3)}, {"format": "pt"})
    before = path.read_bytes()
    with pytest.raises(SettingsError, match="not a model folder"):
        write_folder(tmp_path, CONFIG, weights(), TOKENIZER, "")
    assert path.read_bytes() == before


def test_an_empty_folder_is_filled_where_it_is(tmp_path: Path) -> None:
    before = tmp_path.stat().st_ino
    write_folder(tmp_path, CONFIG, weights(), TOKENIZER, "")
    assert read_folder(tmp_path).config == CONFIG
    assert tmp_path.stat().st_ino == before


def test_the_folder_one_stands_in_can_be_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_folder(Path(), CONFIG, weights(), TOKENIZER, "")
    assert read_folder(Path()).config == CONFIG


def test_files_are_as_private_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_folder(tmp_path / "model", CONFIG, weights(), TOKENIZER, "")
    finally:
        os.umask(before)
    actual = [tmp_path / "model", *(tmp_path / "model").iterdir()]
    assert len(actual) == 5
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in actual)


@pytest.mark.parametrize("name", ["a" * 5000, "a\0b"])
def test_a_name_that_no_folder_can_have_is_one_clear_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(FolderError):
        read_folder(tmp_path / name)
    with pytest.raises(FolderError, match="cannot be written"):
        write_folder(tmp_path / name, CONFIG, weights(), TOKENIZER, "")


def test_weights_are_read_only(folder: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        read_folder(folder).weights["decoder.bias"][0] = 1.0


def test_rare_words_are_written_in_order_and_read_and_stay_when_the_rest_is_updated(
    tmp_path: Path,
) -> None:
    path = tmp_path / "model"
    rare = ["zany", "Zambezi", "é"]
    write_folder(path, CONFIG, weights(), TOKENIZER, "", rare)
    plain = tmp_path / "plain"
    write_folder(plain, CONFIG, weights(), TOKENIZER, "")

    actual = read_folder(path)

    assert actual.rare == ("Zambezi", "zany", "é")
    assert actual.checksum == read_folder(plain).checksum  # states are those of the network
    assert read_folder(plain).rare == ()
    write_folder(path, CONFIG, weights(0.25), TOKENIZER, "", actual.rare)
    assert read_folder(path).rare == actual.rare


def test_spaces_around_marks_are_kept_in_the_folder(tmp_path: Path, folder: Path) -> None:
    spacing = counted(["Ça va\u00a0? Oui\u00a0!"] * 9)
    french = Tokenizer(TOKENIZER.words, TOKENIZER.config, spacing=spacing)
    write_folder(tmp_path / "french", CONFIG, weights(), french, "")
    assert read_folder(tmp_path / "french").tokenizer.spacing == spacing
    assert read_folder(folder).tokenizer.spacing == Spacing()


@pytest.mark.parametrize("damaged", [None, b"", b"{}", b"\xff"])
def test_spaces_that_were_changed_or_lost_are_one_clear_error(
    tmp_path: Path, damaged: bytes | None
) -> None:
    spacing = counted(["Ça va\u00a0? Oui\u00a0!"] * 9)
    french = Tokenizer(TOKENIZER.words, TOKENIZER.config, spacing=spacing)
    path = tmp_path / "french"
    write_folder(path, CONFIG, weights(), french, "")
    if damaged is None:
        (path / "spacing.json").unlink()
    else:
        (path / "spacing.json").write_bytes(damaged)
    with pytest.raises(FolderError, match=r"spacing\.json"):
        read_folder(path)


@pytest.mark.parametrize("damaged", [b"", b"Zambezi\n", b"zany\nZambezi\n", b"\xff\n", None])
def test_rare_words_that_were_changed_or_lost_are_one_clear_error(
    tmp_path: Path, damaged: bytes | None
) -> None:
    path = tmp_path / "model"
    write_folder(path, CONFIG, weights(), TOKENIZER, "", ["zany", "Zambezi"])
    if damaged is None:
        (path / "rare.txt").unlink()
    else:
        (path / "rare.txt").write_bytes(damaged)
    with pytest.raises(FolderError, match=r"rare\.txt"):
        read_folder(path)


@pytest.mark.parametrize("data", [b"zany\nZambezi\n", b"\xff\n"])
def test_rare_words_that_cannot_be_are_told_though_their_checksum_fits(
    tmp_path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model"
    write_folder(path, CONFIG, weights(), TOKENIZER, "", ["zany", "Zambezi"])
    right = (path / "rare.txt").read_bytes()
    (path / "rare.txt").write_bytes(data)
    sha = store.sha256
    monkeypatch.setattr(store, "sha256", lambda b: sha(right if b == data else b))
    with pytest.raises(FolderError, match=r"rare\.txt.*(order|UTF-8)"):
        read_folder(path)


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
            actual = read_folder(folder)
        except FolderError as error:
            assert name.split(".")[0] in str(error)
        else:
            # White space between JSON's parts may change without changing what it says.
            assert name != "model.safetensors"
            assert json.loads(broken) == json.loads(whole)
            assert actual.config == CONFIG
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
    rewrite_config(folder, format_version=7, something_new=True)
    with pytest.raises(FolderError, match="format version 7.*pip install --upgrade foreword"):
        read_folder(folder)


def test_many_faults_make_a_short_message(folder: Path) -> None:
    rewrite_config(folder, **{f"k{number}" * 1000: 1 for number in range(1000)})
    with pytest.raises(FolderError, match="k0k0.*and 995 more") as caught:
        read_config(folder)
    assert len(str(caught.value)) < 2000


def test_a_file_too_large_to_be_one_is_refused_without_reading_it(folder: Path) -> None:
    with (folder / "config.json").open("r+b") as file:
        file.truncate(40 << 30)  # holes; nothing is on the disk
    with pytest.raises(FolderError, match="config.json has 42,949,672,960 bytes"):
        read_folder(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("target", ["/dev/zero", "pipe", "nowhere", "."])
def test_a_link_to_what_is_no_file_is_refused_at_once(folder: Path, name: str, target: str) -> None:
    os.mkfifo(folder / "pipe")
    (folder / name).unlink()
    (folder / name).symlink_to(target)
    with pytest.raises(FolderError, match=name):
        read_folder(folder)


def test_unknown_keys_are_refused_by_name(folder: Path) -> None:
    rewrite_config(folder, surprise=1)
    with pytest.raises(FolderError, match="surprise"):
        read_config(folder)


def forged(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes `config.json` and makes its checksum fit again."""
    file = folder / "config.json"
    document = json.loads(file.read_text())
    checksums = document.pop("checksums")
    change(document)
    del checksums["config.json"]
    checksums["config.json"] = store.config_checksum(document, checksums)
    file.write_text(json.dumps({**document, "checksums": checksums}))


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("hidden_size", 0, "hidden_size"),
        ("hidden_size", "3x", "hidden_size"),
        ("hidden_size", 1 << 25, "hidden_size"),
        ("hidden_size", None, "hidden_size"),
        ("num_layers", 65, "num_layers"),
        ("context_words", 2, "context_words must be 1"),
        ("name", "transformer", "name"),
        ("nonlinearity", "gelu", "nonlinearity"),
        ("reset_after", 7, "reset_after"),
        ("softmaxes", 0, "softmaxes"),
        ("softmaxes", 65, "softmaxes"),
        ("mogrifier_rounds", -1, "mogrifier_rounds"),
        ("mogrifier_rank", 2, "mogrifier_rank"),
        ("cell_clip", -1.0, "cell_clip must be a number from 0"),
        ("cell_clip", float("nan"), "cell_clip"),
        ("adaptive_clusters", 9, "adaptive_clusters"),
        ("adaptive_clusters", 2, "both 0, or neither"),
        ("adaptive_head", 2, "both 0, or neither"),
        ("skip", 1, "skip"),
        ("skip", True, "num_layers of 2 or more"),
        ("surprise", 1, "surprise"),
    ],
)
def test_an_architecture_that_cannot_be_is_named_though_its_checksum_fits(
    folder: Path, key: str, value: object, complaint: str
) -> None:
    forged(folder, lambda document: document["model"].update({key: value}))
    with pytest.raises(FolderError, match=f"can be used.*{complaint}"):
        read_folder(folder)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"adaptive_clusters": 1, "adaptive_head": 2}, "tied must be false"),
        (
            {"adaptive_clusters": 1, "adaptive_head": 2, "tied": False, "softmaxes": 2},
            "one softmax",
        ),
        ({"adaptive_clusters": 2, "adaptive_head": 1 << 20, "tied": False}, "leaves too few of"),
        ({"adaptive_clusters": 8, "adaptive_head": 2, "tied": False}, "leaves too few of"),
    ],
)
def test_clusters_that_cannot_be_are_named_though_their_checksum_fits(
    folder: Path, options: dict[str, object], complaint: str
) -> None:
    forged(folder, lambda document: document["model"].update(options))
    with pytest.raises(FolderError, match=f"can be used.*{complaint}"):
        read_folder(folder)


@pytest.mark.parametrize("part", [{"words": "runes"}, {"case": "UPPER"}, {"stop": 1}, 3, None])
def test_a_tokenizer_that_cannot_be_is_named_though_its_checksum_fits(
    folder: Path, part: object
) -> None:
    forged(folder, lambda document: document.update(tokenizer=part))
    with pytest.raises(FolderError, match="tokenizer"):
        read_folder(folder)


def test_records_are_checked_when_they_are_read(folder: Path) -> None:
    forged(folder, lambda document: document.update(evaluation={"perplexity": "low"}))
    assert read_folder(folder).model == MODEL
    with pytest.raises(FolderError, match="evaluation"):
        _ = read_folder(folder).config


@pytest.mark.parametrize(
    "change",
    [
        {"vocab_size": 0},
        {"vocab_size": True},
        {"hidden_size": 2.0},
        {"tied": 1},
        {"name": "gpt"},
        {"nonlinearity": "relu6"},
        {"context_words": 2},
    ],
)
def test_an_architecture_checks_itself(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        replace(MODEL, **change)


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


def test_a_dtype_that_numpy_lacks_is_named(folder: Path) -> None:
    path = folder / "model.safetensors"
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    first, last = header["decoder.bias"]["data_offsets"]
    header["decoder.bias"] |= {"dtype": "BF16", "shape": [(last - first) // 2]}
    changed = json.dumps(header).encode()
    path.write_bytes(len(changed).to_bytes(8, "little") + changed + data[8 + length :])
    with pytest.raises(FolderError, match=r"decoder.bias has the shape \(10,\)"):
        read_folder(folder)
    assert read_header(path)[0]["decoder.bias"].dtype == "bfloat16"
    with pytest.raises(FolderError, match=r"model\.safetensors"):
        read_tensors(path)


def test_weights_of_another_cell_with_the_same_shapes_are_refused(tmp_path: Path) -> None:
    # Both have three rows a unit, so that only the name tells them apart.
    for name in ("gru", "lstm-coupled"):
        model = replace(MODEL, name=name)
        config = CONFIG.model_copy(update={"model": model})
        write_folder(tmp_path / name, config, weights(model=model), TOKENIZER, "")
    (tmp_path / "gru" / "model.safetensors").replace(tmp_path / "lstm-coupled/model.safetensors")
    with pytest.raises(FolderError, match="weights of the model gru, but .* lstm-coupled"):
        read_folder(tmp_path / "lstm-coupled")


def test_wrong_shapes_are_told_without_reading_the_numbers(folder: Path) -> None:
    # The checksum differs as well; the message is the one that helps.
    path = folder / "model.safetensors"
    model = replace(MODEL, hidden_size=4)
    write_weights(folder, weights(model=model))
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    with pytest.raises(FolderError, match=r"has the shape \(.*, but config.json makes it \("):
        read_folder(folder)


def test_a_vocabulary_of_another_size_is_refused(folder: Path) -> None:
    other = Tokenizer([*TOKENIZER.words, "four"], TokenizerConfig())
    write_folder(folder, CONFIG, weights(), other, "")
    with pytest.raises(FolderError, match="has 6 words, but config.json says 5"):
        read_folder(folder)


def test_a_word_that_is_no_text_is_refused(folder: Path) -> None:
    path = folder / "tokenizer.json"
    path.write_text(path.read_text().replace('"two"', r'"\ud800"'))
    with pytest.raises(FolderError, match="tokenizer.json has a word that is no text"):
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
    actual, metadata = read_tensors(tmp_path / "t.safetensors")
    assert metadata == {"note": "Grüße"}
    assert all(
        np.array_equal(actual[k], v) and actual[k].dtype == v.dtype for k, v in arrays.items()
    )


def test_the_data_of_a_tensor_file_begins_at_a_multiple_of_64_bytes(tmp_path: Path) -> None:
    path = tmp_path / "t.safetensors"
    for length in range(0, 64, 7):
        write_tensors(path, {"a" * (1 + length): np.zeros(3, dtype=np.int8)}, {})
        assert (8 + int.from_bytes(path.read_bytes()[:8], "little")) % 64 == 0


def test_the_bytes_of_a_file_behind_its_arrays_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "t.safetensors"
    write_tensors(path, {"b": np.zeros((2, 6), np.int8), "a": np.zeros(5, np.int8)}, {})
    arrays = read_tensors(path)[0]
    assert {name: bytes_behind(array) for name, array in arrays.items()} == {"a": 12, "b": 0}
    assert bytes_behind(arrays["b"][:1]) == 6
    assert bytes_behind(arrays["b"][:, :2]) == bytes_behind(np.zeros(3)) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_of_a_file_is_given_back_and_its_arrays_stay(tmp_path: Path) -> None:
    path = tmp_path / "t.safetensors"
    written = {"a": np.arange(1 << 18), "b": np.ones(3)}
    write_tensors(path, written, {})
    arrays = read_tensors(path)[0]
    assert resident_kilobytes(path) > 2000
    own = np.arange(5)
    give_back_memory({**arrays, "own": own})
    assert resident_kilobytes(path) == 0
    assert all(np.array_equal(arrays[name], written[name]) for name in written)
    np.testing.assert_array_equal(own, np.arange(5))


def resident_kilobytes(path: Path) -> int:
    maps = Path("/proc/self/smaps").read_text().split(f"{path}\n")[1]
    return int(maps.split("Rss:")[1].split()[0])


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


WITH_TEH = Tokenizer(["<unk>", "<eos>", "the", "teh", "one"], TOKENIZER.config)


def with_misspellings(path: Path) -> Path:
    write_folder(path, CONFIG, weights(), WITH_TEH, "", misspellings={"teh": "the"})
    return path


def test_misspellings_are_kept_beside_the_vocabulary(tmp_path: Path, folder: Path) -> None:
    assert read_folder(with_misspellings(tmp_path / "m")).misspellings == {"teh": "the"}
    assert read_folder(folder).misspellings == {}
    for number, others in enumerate(({"teh": "the one"}, {"hte": "the", "teh": "the"})):
        path = tmp_path / f"{number}"
        write_folder(path, CONFIG, weights(), WITH_TEH, "", misspellings=others)
        assert read_folder(path).misspellings == others
    assert not (folder / "misspellings.json").exists()


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "{}", "null", '{"version": 1}', '{"version": 1, "misspellings": []}'),
        '{"version": 2, "misspellings": {"teh": "the"}}',
        '{"version": true, "misspellings": {"teh": "the"}}',
        '{"version": 1, "misspellings": {"teh": "the"}, "more": 1}',
        '{"version": 1, "misspellings": {"teh": 1}}',
        '{"version": 1, "misspellings": {"teh": "absent"}}',
        '{"version": 1, "misspellings": {"absent": "the one"}}',
        '{"version": 1, "misspellings": {"not one": "the"}}',
        '{"version": 1, "misspellings": {"": "the"}}',
        '{"version": 1, "misspellings": {"<eos>": "the"}}',
        '{"version": 1, "misspellings": {"te\\u001bh": "the"}}',
        '{"version": 1, "misspellings": {"teh": "the absent"}}',
        '{"version": 1, "misspellings": {"teh": "the one the"}}',
        '{"version": 1, "misspellings": {"teh": "the "}}',
        '{"version": 1, "misspellings": {"teh": "<unk>"}}',
        '{"version": 1, "misspellings": {"teh": "the", "the": "teh"}}',
        '{"version": 1, "misspellings": {"teh": "teh"}}',
    ],
)
def test_misspellings_that_are_not_of_the_vocabulary_are_refused(
    tmp_path: Path, content: str
) -> None:
    path = with_misspellings(tmp_path / "m")
    (path / "misspellings.json").write_text(content)
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    change_checksums(path, {"misspellings.json": sha256})

    with pytest.raises(FolderError, match=r"misspellings\.json"):
        read_folder(path)


def test_misspellings_that_were_changed_are_noticed(tmp_path: Path) -> None:
    path = with_misspellings(tmp_path / "m")
    (path / "misspellings.json").write_text('{"version": 1, "misspellings": {}}')

    with pytest.raises(FolderError, match=r"misspellings\.json has been changed"):
        read_folder(path)


def change_checksums(path: Path, new: dict[str, str]) -> None:
    """Makes `config.json` vouch for files that were changed."""
    file = path / "config.json"
    document = json.loads(file.read_text())
    checksums = {**document.pop("checksums"), **new}
    del checksums["config.json"]
    checksums["config.json"] = store.config_checksum(document, checksums)
    file.write_text(json.dumps({**document, "checksums": checksums}))
