"""N-grams of a text beside a network."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from foreword.cli.app import app
from foreword.compression import ngrams as ngrams_room
from foreword.compression.compress import compress
from foreword.compression.cost import cost_on
from foreword.errors import SettingsError
from foreword.evaluation.evaluate import evaluate
from foreword.folder.saving import write_folder
from foreword.folder.store import Folder, read_folder
from foreword.ngrams.mixture import NgramMixture
from foreword.packaging.ngrams import add_ngrams, ids_of
from foreword.packaging.pack import pack
from foreword.packaging.parts import Parts
from foreword.predictor.engine import Engine

MakeFolder = Callable[..., Folder]
LINES = ["the cat sat on the mat .", "I would like to be in Paris !", "don't like the cat ."]


@pytest.fixture
def model(make_folder: MakeFolder, tmp_path: Path) -> Path:
    folder = make_folder()
    path = tmp_path / "model"
    write_folder(path, folder.config, folder.weights, folder.tokenizer, "", ["rarely"])
    return path


def parts_of(folder: Path, train: list[str], valid: list[str]) -> Parts:
    parts = Parts.within(folder, "text", "sentence")
    for file, lines in ((parts.train, train), (parts.valid, valid), (parts.test, valid)):
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return parts


def test_n_grams_of_the_text_lower_perplexity(model: Path, tmp_path: Path) -> None:
    parts = parts_of(tmp_path, LINES * 10, LINES * 3)
    gain = add_ngrams(model, parts)
    folder = read_folder(model)
    assert folder.rare == ("rarely",)
    ids = ids_of(parts.valid, "sentence", folder.tokenizer, None)
    ngrams = NgramMixture(folder.ngrams)
    mixed = cost_on(
        Engine(folder.model, folder.weights, ngrams=ngrams), ids, resets=True
    ).perplexity
    alone = cost_on(Engine(folder.model, folder.weights), ids, resets=True).perplexity
    assert mixed < alone
    assert mixed / alone == pytest.approx(gain, rel=1e-4)

    notes: list[str] = []
    measured = evaluate(model, [parts.valid], reset="sentence", lines="sentence", say=notes.append)
    assert measured.perplexity == pytest.approx(alone, rel=1e-4)
    assert notes[0] == "the network alone is measured, without the n-grams beside it"

    shown = CliRunner().invoke(app, ["info", str(model)])
    assert f"n-grams     {ngrams.count:,} of up to 4 words" in " ".join(shown.output.splitlines())


def test_n_grams_that_hardly_help_are_left_out(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = parts_of(tmp_path, LINES * 10, LINES)
    assert add_ngrams(model, parts) < 1
    assert read_folder(model).ngrams
    monkeypatch.setattr(ngrams_room, "LEAST_GAIN", 1.0)  # more than any can give
    assert add_ngrams(model, parts) == 1
    assert not read_folder(model).ngrams


def test_a_number_of_n_grams_below_0_is_refused() -> None:
    with pytest.raises(SettingsError, match="ngrams must be 0 or more"):
        pack(["x.txt"], name="m", language="en", licence="CC0-1.0", ngrams=-1)


def test_compressing_adds_n_grams_of_the_training_text(model: Path, tmp_path: Path) -> None:
    parts = parts_of(tmp_path, LINES * 10, LINES * 3)
    notes: list[str] = []
    compress(
        model,
        tmp_path / "small",
        [parts.valid],
        bound=1.0,
        ngrams_of=[parts.train],
        say=notes.append,
    )
    small = read_folder(tmp_path / "small")
    ids = ids_of(parts.valid, "sentence", small.tokenizer, None)
    mixed, alone = (
        cost_on(Engine(small.model, small.weights, ngrams=ngrams), ids, resets=False).perplexity
        for ngrams in (NgramMixture(small.ngrams), None)
    )
    assert notes[-1] == f"n-grams lower perplexity by {1 - mixed / alone:.1%}"
    # N-grams stay in a copy with the same words, and cannot in one with fewer.
    add_ngrams(model, parts)
    compress(model, tmp_path / "same", [parts.valid], bound=1.0)
    compress(model, tmp_path / "fewer", [parts.valid], bound=9.0, vocab_size=8)
    assert read_folder(tmp_path / "same").ngrams
    assert not read_folder(tmp_path / "fewer").ngrams
