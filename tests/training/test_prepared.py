"""A text that was read once into a folder trains the model that the text itself trains."""

import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foreword
from foreword.errors import FolderError, SettingsError, TextError
from foreword.text import cutting
from foreword.text.corpus import find_sources
from foreword.training.prepared import with_settings_of
from foreword.training.progress import Event, TextProgress
from foreword.training.settings import TrainingSettings

QUICK: dict[str, Any] = {"hidden_size": 8, "validations": 1, "threads": 1}


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    words = [*(f"w{k}" for k in range(40)), "Größe", "don’t", "–", "3.14"]
    chosen = random.Random(1).choices(words, k=14_000)
    lines = [" ".join(chosen[i : i + 9]) for i in range(0, 14_000, 9)]
    path = tmp_path_factory.mktemp("text") / "notes.txt"
    path.write_text("\n\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def ids(text: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("prepared") / "ids"
    foreword.prepare(text, out=out, processes=1, case="fold", min_count=1)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_model_of_a_prepared_text_is_that_of_the_text_bit_for_bit(
    text: Path, ids: Path, tmp_path: Path
) -> None:
    of_ids = foreword.train(ids, out=tmp_path / "ids", steps=2, **QUICK)
    of_text = foreword.train(
        text, out=tmp_path / "text", steps=2, case="fold", min_count=1, **QUICK
    )
    actual, expected = (contents(tmp_path / name) for name in ("ids", "text"))
    assert actual.keys() == expected.keys()
    for name in ("model.safetensors", "tokenizer.json", "spacing.json"):
        assert actual.get(name) == expected.get(name), name
    first, second = (known.config.model_dump() for known in (of_ids, of_text))
    for document in (first, second):
        document["training"].pop("seconds")
        document["evaluation"].pop("words_per_second")
    assert first == second


def test_a_run_on_a_prepared_text_is_resumed_without_the_text(ids: Path, tmp_path: Path) -> None:
    foreword.train(ids, out=tmp_path / "m", steps=2, **QUICK)
    outcome = foreword.train(out=tmp_path / "m", resume=True, steps=3)
    assert outcome.config.training.steps == 3


def test_words_and_ids_do_not_depend_on_the_number_of_processes(
    text: Path, ids: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cutting, "BATCH_CHARACTERS", 1000)
    foreword.prepare(text, out=tmp_path / "two", processes=2, case="fold", min_count=1)
    assert contents(tmp_path / "two") == contents(ids)


def test_settings_that_are_left_open_are_those_of_the_prepared_text(ids: Path) -> None:
    settled = with_settings_of([ids], TrainingSettings.default(), {})
    assert (settled.text.case, settled.text.min_count) == ("fold", 1)


@pytest.mark.parametrize("options", [{"case": "keep"}, {"min_count": 2}, {"lines": "wrapped"}])
def test_a_setting_that_contradicts_the_prepared_text_is_refused(
    ids: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    [(name, value)] = options.items()
    expected = f"was prepared with {name} .* cannot become {value!r} now"
    with pytest.raises(SettingsError, match=expected):
        foreword.train(ids, out=tmp_path / "m", steps=1, **options)
    assert not list(tmp_path.iterdir())


def test_another_text_is_validated_on_if_it_is_named(ids: Path, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("w1 w2 unheard\n" * 50)
    outcome = foreword.train(
        ids, valid=tmp_path / "other.txt", out=tmp_path / "m", steps=1, **QUICK
    )
    assert outcome.config.evaluation is not None
    assert (outcome.config.evaluation.text, outcome.config.evaluation.words) == ("other.txt", 200)


def test_a_comparison_and_a_search_read_a_prepared_text(ids: Path, tmp_path: Path) -> None:
    compared = foreword.compare(ids, minutes=1, models=["ngram"])
    assert compared.rows[0].words_seen == len(np.load(ids / "train.npy"))
    options: dict[str, Any] = {**QUICK, "steps_each": 1, "search": ["clip=0.5..1.0"]}
    tuned = foreword.tune(ids, out=tmp_path / "search", trials=1, **options)
    assert tuned.best is not None
    with pytest.raises(SettingsError, match="was prepared with case 'fold'"):
        foreword.tune(ids, out=tmp_path / "other", trials=1, case="keep", **options)


def damage(ids: Path, copy: Path, name: str, change: str) -> None:
    """Copy a prepared text with one change."""
    copy.mkdir()
    for known, data in contents(ids).items():
        (copy / known).write_bytes(data)
    file = copy / name
    if change == "missing":
        file.unlink()
    elif change == "cut":
        file.write_bytes(file.read_bytes()[:-3])
    elif change == "newer":
        file.write_text(file.read_text().replace('"version": 1', '"version": 2'))
    elif change == "high":
        array = np.load(file)
        array[5] = 60_000
        np.save(file, array)
    else:
        array = np.load(file)
        array[[3, 4]] = array[[4, 3]] ^ 1
        np.save(file, array)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("train.npy", "missing", "No such file"),
        ("train.npy", "cut", "is damaged"),
        ("train.npy", "other", "its checksum differs"),
        ("valid.npy", "high", "id 60,000 in a vocabulary"),
        ("tokenizer.json", "cut", "has been changed"),
        ("spacing.json", "missing", "is missing"),
        ("prepared.json", "cut", "is not JSON"),
        ("prepared.json", "newer", "made by a newer Foreword"),
    ],
)
def test_damage_is_told_with_the_file(
    ids: Path, tmp_path: Path, name: str, change: str, message: str
) -> None:
    damage(ids, tmp_path / "copy", name, change)
    with pytest.raises(FolderError, match=f"{re.escape(name)}.*{message}"):
        foreword.train(tmp_path / "copy", out=tmp_path / "m", steps=1)


def test_bad_text_is_told_with_file_and_line_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"good\n" * 6 + b"bad \xff\n")
    with pytest.raises(TextError, match=r"bad.txt, line 7, byte 34"):
        foreword.prepare(tmp_path / "bad.txt", out=tmp_path / "ids", processes=1)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.txt"]


def test_an_interruption_leaves_nothing(text: Path, tmp_path: Path) -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, TextProgress) and event.activity == "reading the text":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        foreword.prepare(text, out=tmp_path / "new/ids", processes=2, report=interrupt)
    assert not list(tmp_path.iterdir())


def test_a_prepared_text_is_replaced_only_if_that_is_asked_for(text: Path, tmp_path: Path) -> None:
    out = tmp_path / "ids"
    foreword.prepare(text, out=out, processes=1)
    with pytest.raises(SettingsError, match="holds a prepared text already"):
        foreword.prepare(text, out=out, processes=1)
    (tmp_path / "short.txt").write_text("a b a b\n")
    about = foreword.prepare(tmp_path / "short.txt", out=out, processes=1, overwrite=True)
    assert about.train.words == 5
    assert not (out / "valid.npy").exists()
    assert json.loads((out / "prepared.json").read_text())["name"] == "short.txt"
    with pytest.raises(SettingsError, match="holds no prepared text"):
        foreword.prepare(text, out=tmp_path, overwrite=True)


def test_a_prepared_text_is_no_text(ids: Path, text: Path) -> None:
    with pytest.raises(TextError, match="holds the ids that foreword prepare has made"):
        find_sources([text, ids])


def test_a_setting_of_something_else_is_refused(tmp_path: Path) -> None:
    other: dict[str, Any] = {"hidden_size": 8}
    with pytest.raises(SettingsError, match="hidden_size is no setting of a text"):
        foreword.prepare(out=tmp_path / "ids", **other)
