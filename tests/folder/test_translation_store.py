"""Folders of translation models are checked as strictly as those of next-word models."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foreword.errors import FolderError
from foreword.folder.calibration import Calibration
from foreword.folder.config import TranslationFolderConfig
from foreword.folder.files import write_tensors
from foreword.folder.quantised import quantise
from foreword.folder.saving import with_checksums
from foreword.folder.store import CARD, CONFIG, SUBWORDS, WEIGHTS, read_folder
from foreword.folder.translation import TranslationConfig, expected_shapes
from foreword.folder.translation_store import (
    keep_calibration,
    read_translation,
    write_translation,
)
from foreword.text.shortlist import Shortlist
from foreword.text.spellings import Spellings
from foreword.text.subwords import Subwords

SUBWORDS_KNOWN = Subwords.train(["a cat", "a dog", "a cat and a dog"], 290)
MODEL = TranslationConfig(
    cell="gru", vocab_size=SUBWORDS_KNOWN.size, embedding_size=4, hidden_size=6
)
WEIGHTS_KNOWN = {
    name: np.random.default_rng(len(name)).normal(size=shape).astype(np.float32)
    for name, shape in expected_shapes(MODEL).items()
}


def written(folder: Path, arrays: dict[str, np.ndarray] | None = None, **more: Any) -> Path:
    config = TranslationFolderConfig(model=MODEL, source_language="de", **more)
    write_translation(folder, config, arrays or WEIGHTS_KNOWN, SUBWORDS_KNOWN, "card\n")
    return folder


def calibrated(folder: Path) -> None:
    measured = read_translation(folder).document
    keep_calibration(folder, Calibration((1.0, 1.0, 0.0, 0.0)), measured)


@pytest.mark.parametrize("kind", ["float32", "int8"])
def test_what_was_written_is_read(tmp_path: Path, kind: str) -> None:
    weights = quantise(WEIGHTS_KNOWN) if kind == "int8" else WEIGHTS_KNOWN
    folder = read_translation(written(tmp_path / "m", weights, weights=kind))
    assert folder.model == MODEL
    assert (folder.source_language, folder.target_language) == ("de", "")
    assert folder.config.weights == kind
    assert folder.subwords.encode("a cat") == SUBWORDS_KNOWN.encode("a cat")
    assert folder.weights.keys() == weights.keys()
    for name, array in weights.items():
        np.testing.assert_array_equal(folder.weights[name], array)


SHORTLIST = Shortlist(
    *(
        np.array(part, np.int32)
        for part in ([1, 3], [0, *[2] * SUBWORDS_KNOWN.size], [SUBWORDS_KNOWN.size - 1, 7])
    )
)


def with_shortlist(folder: Path, shortlist: Shortlist = SHORTLIST) -> Path:
    config = TranslationFolderConfig(model=MODEL)
    write_translation(folder, config, WEIGHTS_KNOWN, SUBWORDS_KNOWN, "card", shortlist=shortlist)
    return folder


def test_a_shortlist_is_read_as_it_was_written_and_stays_when_confidences_are_calibrated(
    tmp_path: Path,
) -> None:
    folder = with_shortlist(tmp_path / "m")
    calibrated(folder)
    read = read_translation(folder)
    assert read.calibration is not None
    assert read.shortlist is not None
    assert read.weights.keys() == WEIGHTS_KNOWN.keys()
    for name in ("common", "begins", "candidates"):
        np.testing.assert_array_equal(getattr(read.shortlist, name), getattr(SHORTLIST, name))


def test_a_calibration_takes_no_card_for_its_own(tmp_path: Path) -> None:
    folder = written(tmp_path / "m")
    own = "My own notes, in Latin-1: für mich.\n".encode("latin-1")
    (folder / CARD).write_bytes(own)
    calibrated(folder)
    written(folder)  # as the next training does
    assert (folder / CARD).read_bytes() == own


def test_a_calibration_of_a_model_that_was_replaced_meanwhile_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "m")
    measured = read_translation(folder).document
    written(folder, target_language="en")
    with pytest.raises(FolderError, match="Evaluate it again"):
        keep_calibration(folder, Calibration((1.0, 1.0, 0.0, 0.0)), measured)
    assert read_translation(folder).calibration is None


def test_spellings_are_read_as_they_were_written_and_stay_when_confidences_are_calibrated(
    tmp_path: Path,
) -> None:
    folder, spellings = tmp_path / "m", Spellings.learn(["Anna"], ["she"])
    config = TranslationFolderConfig(model=MODEL)
    write_translation(folder, config, WEIGHTS_KNOWN, SUBWORDS_KNOWN, "card", spellings=spellings)
    calibrated(folder)
    read = read_translation(folder)

    assert read.config.spellings
    assert read.spellings is not None
    assert read.weights.keys() == WEIGHTS_KNOWN.keys()
    np.testing.assert_array_equal(read.spellings.filter, spellings.filter)
    top(spellings=False)(folder)
    with pytest.raises(FolderError, match=r"spellings\.filter"):
        read_translation(folder)


def test_a_shortlist_that_does_not_fit_is_refused_with_its_file(tmp_path: Path) -> None:
    folder = with_shortlist(tmp_path / "m")
    wrong = replace(SHORTLIST)
    object.__setattr__(wrong, "candidates", np.array([9999, 7], np.int32))  # none is made so
    with pytest.raises(FolderError, match=r"model.safetensors: the shortlist has sub-words beyond"):
        read_translation(with_shortlist(tmp_path / "other", wrong))
    top(shortlist={"common": 1, "candidates": 2})(folder)
    with pytest.raises(FolderError, match=r"shortlist.common has the shape \(2,\)"):
        read_translation(folder)
    top(shortlist={"common": 2})(folder)
    with pytest.raises(FolderError, match=r"candidates"):
        read_translation(folder)


def test_two_writings_of_a_model_are_the_same_bytes(tmp_path: Path) -> None:
    one, other = written(tmp_path / "one"), written(tmp_path / "other")
    for file in (CONFIG, WEIGHTS, SUBWORDS):
        assert (one / file).read_bytes() == (other / file).read_bytes()


def reconfigured(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change config.json, and write checksums that fit."""
    document = json.loads((folder / CONFIG).read_text())
    del document["checksums"]
    change(document)
    files = {name: (folder / name).read_bytes() for name in (SUBWORDS, "README.md")}
    (folder / CONFIG).write_bytes(with_checksums(document, files))


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def model(**change: Any) -> Callable[[Path], None]:
    return lambda folder: reconfigured(folder, lambda document: document["model"].update(change))


def top(**change: Any) -> Callable[[Path], None]:
    return lambda folder: reconfigured(folder, lambda document: document.update(change))


def weights_with(name: str, value: np.ndarray) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        written(folder, {**WEIGHTS_KNOWN, name: value})

    return damage


def of_another_vocabulary(folder: Path) -> None:
    write_tensors(folder / WEIGHTS, WEIGHTS_KNOWN, {"format": "foreword", "model": "translation"})


def changed_subwords(folder: Path) -> None:
    (folder / SUBWORDS).write_text(Subwords.train(["xy"], 290).to_json())


BIAS = WEIGHTS_KNOWN["output.bias"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without(SUBWORDS), "subwords.json"),
        (without(WEIGHTS), "model.safetensors"),
        (model(cell="lstn"), "lstn"),
        (model(hidden_size=7), "must be even"),
        (model(hidden_size=8), "has the shape"),
        (model(vocab_size=9), "sub-words, but config.json says 9"),
        (model(wings=2), "wings"),
        (top(weights="int4"), "int4|weights"),
        (model(cell_options="gru"), "cell_options"),
        (model(cell_options=[1]), "cell_options"),
        (top(source_language=3), "source_language"),
        (top(target_language="x" * 36), "target_language"),
        (top(calibration={"factors": [1e308] * 4}), "factors of the calibration"),
        (top(calibration={"factors": [math.nan] * 4}), "calibration.factors"),
        (top(calibration={"factors": "1234"}), "calibration"),
        (top(weights="int8"), "lacks|int8"),
        (weights_with("output.bias", BIAS * np.nan), "NaN"),
        (weights_with("output.bias", BIAS[:-1]), "has the shape"),
        (weights_with("wings", BIAS), "unknown tensors: wings"),
        (of_another_vocabulary, "another vocabulary"),
        (changed_subwords, "has been changed"),
    ],
)
def test_what_does_not_belong_together_is_refused_by_its_file(
    tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    folder = written(tmp_path / "m")
    damage(folder)
    with pytest.raises(FolderError, match=message):
        read_translation(folder)


def test_the_two_kinds_of_model_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="foreword translate"):
        read_folder(written(tmp_path / "m"))
