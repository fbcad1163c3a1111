"""Training that is killed before any call to the file system, or whose disk is full: `train`."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.crashing import (
    EVERY,
    Tree,
    full_disk_from,
    hidden,
    one_of_each,
    put,
    states_before_each_call,
    tree_of,
)

import foreword
from foreword.errors import FolderError, SettingsError, TrainingError
from foreword.folder.claim import claimed
from foreword.folder.config import TrainingRecord
from foreword.folder.store import read_config, read_folder
from foreword.folder.translation_store import read_translation
from foreword.training.checkpoint import home, latest, saved
from foreword.training.run import Outcome

SIZES: dict[str, Any] = {
    "hidden_size": 4,
    "batch_size": 2,
    "window": 4,
    "threads": 1,
    "dropout": 0.0,
    "validations": 2,
    "save_seconds": 1e-9,
    "learning_rate": 0.01,
}
MINE: Tree = {"notes.txt": b"mine", "README": b"also mine", "kept": None, "kept/a": b"a"}
OTHER_RUN: Tree = {"training/why.txt": b"a note on this run"}


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("texts")
    written = {
        "old": "how are you\ni am fine\n",
        "new": "the cat sat on the mat\nthe dog sat on the log\n",
    }
    for name, lines in written.items():
        (folder / name).write_text(lines * 20)
    return {name: folder / name for name in written}


@pytest.fixture(scope="module")
def old(texts: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A folder `m` with a model of the old text, and things of the user's."""
    root = tmp_path_factory.mktemp("old")
    train(root / "m", texts["old"], steps=2)
    for name, data in (MINE | OTHER_RUN).items():
        (root / "m" / name).mkdir() if data is None else (root / "m" / name).write_bytes(data)
    return tree_of(root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


def train(out: Path, text: Path | tuple[()] = (), **more: Any) -> Outcome:
    sizes = {} if more.get("resume") else SIZES
    return foreword.train(text, out=out, valid=text or (), **sizes, **more)


def record(out: Path) -> TrainingRecord:
    actual = read_config(out).training
    assert actual is not None
    return actual


def weights(out: Path) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in read_folder(out).weights.items()}


def test_a_first_training_that_is_killed_anywhere_leaves_nothing_or_a_run_to_go_on_with(
    texts: dict[str, Path], root: Path
) -> None:
    out = put({}, root) / "m"
    states = states_before_each_call(root, lambda: train(out, texts["new"], steps=2))
    whole = weights(out)
    for number, state in enumerate(one_of_each(states)):
        put(state, root)
        if out.exists():
            read_folder(out)
        if number % EVERY:
            continue
        if out.exists():
            train(out, resume=True)
        else:
            train(out, texts["new"], steps=2)
        assert weights(out) == whole
        assert hidden(root) == []


def test_overwriting_that_is_killed_anywhere_leaves_the_old_model_or_one_that_has_learned(
    texts: dict[str, Path], old: Tree, root: Path
) -> None:
    out = put(old, root) / "m"
    before, words = weights(out), read_folder(out).tokenizer.words
    states = states_before_each_call(
        root, lambda: train(out, texts["new"], overwrite=True, steps=2)
    )
    whole = weights(out)
    assert whole != before
    seen = []
    for number, state in enumerate(one_of_each(states)):
        put(state, root)
        is_old = read_folder(out).tokenizer.words == words
        seen.append(is_old)
        if is_old:
            assert weights(out) == before
        else:
            assert record(out).steps >= 1
        assert MINE.items() <= tree_of(out).items()
        is_begun = not is_old or home(out) != out
        if number % EVERY == 0:
            train(out, resume=True)  # the new run if there is one, otherwise the old one
            assert (weights(out) == whole) is is_begun
            assert hidden(root) == []
    put(states[-1], root)
    assert (MINE | OTHER_RUN).items() <= tree_of(out).items()
    assert seen == sorted(seen, reverse=True)  # once new, always new
    assert False in seen


def test_overwriting_again_after_a_kill_anywhere_gives_the_new_model(
    texts: dict[str, Path], old: Tree, root: Path
) -> None:
    out = put(old, root) / "m"
    states = states_before_each_call(
        root, lambda: train(out, texts["new"], overwrite=True, steps=2)
    )
    whole, names = weights(out), tree_of(out).keys()
    for state in one_of_each(states)[:: 4 * EVERY]:
        put(state, root)
        train(out, texts["new"], overwrite=True, steps=2)
        assert weights(out) == whole
        assert tree_of(out).keys() == names


def test_resuming_that_is_killed_anywhere_can_be_resumed(
    texts: dict[str, Path], old: Tree, root: Path
) -> None:
    out = put(old, root) / "m"
    states = states_before_each_call(root, lambda: train(out, resume=True, steps=4))
    whole = weights(out)
    for number, state in enumerate(one_of_each(states)):
        put(state, root)
        read_folder(out)
        steps = latest(out).step
        assert record(out).steps <= 4
        if number % EVERY:
            continue
        train(out, resume=True, steps=4)
        assert latest(out).step == 4 >= steps
        assert weights(out) == whole
        assert hidden(root) == []


@pytest.mark.parametrize("how", ["new", "overwrite", "ngram"])
def test_a_full_disk_is_said_and_leaves_what_loads_and_can_be_gone_on_with(
    how: str, texts: dict[str, Path], old: Tree, root: Path
) -> None:
    beginning = {".": None} if how == "new" else old
    more: dict[str, Any] = {"overwrite": how != "new", "steps": 2}
    if how == "ngram":
        more["model"] = "ngram"
    out = root / "m"
    number = 4  # what comes before is the claim's
    is_full = True
    while is_full:
        put(beginning, root)
        try:
            with full_disk_from(number):
                train(out, texts["new"], **more)
            is_full = False
        except FolderError as error:
            assert "No space left on device" in str(error)
        if how == "new" and not out.exists():
            assert tree_of(root) == beginning
        else:
            read_folder(out)
            assert hidden(root) == []
        number += 7
    assert number > 15
    assert read_folder(out).tokenizer.words[-1] != "fine"


def test_an_ngram_model_replaces_a_network_and_its_run_as_a_whole(
    texts: dict[str, Path], old: Tree, root: Path
) -> None:
    out = put(old, root) / "m"
    before = weights(out)
    states = states_before_each_call(
        root, lambda: train(out, texts["new"], overwrite=True, model="ngram", steps=1)
    )
    whole = weights(out)
    for state in one_of_each(states):
        put(state, root)
        assert weights(out) in (before, whole)
        assert MINE.items() <= tree_of(out).items()
    assert (MINE | OTHER_RUN).items() <= tree_of(out).items()
    with pytest.raises(TrainingError, match="no checkpoint to resume from.*--overwrite instead"):
        train(out, resume=True)


class StopError(Exception):
    pass


def stopped_at(step: int) -> Any:
    """A reporter that ends a run as an exception does."""

    def report(event: object) -> None:
        if getattr(event, "step", 0) >= step:
            raise StopError

    return report


def test_a_run_that_is_to_replace_a_model_is_told_and_can_be_gone_on_with_or_begun_anew(
    texts: dict[str, Path], old: Tree, root: Path
) -> None:
    out = put(old, root) / "m"
    with pytest.raises(StopError):
        train(out, texts["new"], overwrite=True, steps=40, report=stopped_at(3))
    assert read_folder(out).tokenizer.words[-1] in ("fine", "you", "am")
    with pytest.raises(SettingsError, match="an interrupted run that is to replace it. Use --res"):
        train(out, texts["new"], steps=40)
    done = train(out, resume=True, steps=5)
    assert not done.is_staged
    assert record(out).steps == 5
    assert home(out) == out


def test_a_signal_before_the_first_validation_leaves_the_old_model_and_says_so(
    texts: dict[str, Path], old: Tree, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os
    import signal

    out = put(old, root) / "m"
    before = weights(out)

    def interrupt(event: object) -> None:
        if getattr(event, "step", 0) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    done = train(out, texts["new"], overwrite=True, steps=40, report=interrupt)
    assert (done.stopped_by, done.is_staged) == ("SIGINT", True)
    assert weights(out) == before
    assert latest(home(out)).step == 2
    train(out, resume=True, steps=3)
    assert record(out).steps == 3


def test_a_new_run_that_is_stopped_before_its_first_validation_keeps_what_it_has_learned(
    texts: dict[str, Path], root: Path
) -> None:
    out = put({}, root) / "m"
    with pytest.raises(StopError):
        train(out, texts["new"], steps=40, report=stopped_at(3))
    assert record(out).steps == 2
    checkpoint = latest(out)
    assert weights(out) == {k: v.tobytes() for k, v in checkpoint.group("model").items()}


def test_what_a_kill_left_of_the_first_writing_is_no_dead_end(
    texts: dict[str, Path], old: Tree, root: Path
) -> None:
    out = put(old, root) / "m"
    shutil.rmtree(out / "training")
    with pytest.raises(SettingsError, match="holds a model already. Use --overwrite to replace"):
        train(out, texts["new"], steps=1)
    with pytest.raises(TrainingError, match="no checkpoint to resume from.*--overwrite instead"):
        train(out, resume=True)
    train(out, texts["new"], overwrite=True, steps=1)
    assert record(out).steps == 1


@pytest.mark.parametrize("content", [None, b"", b"\x08\0\0\0\0\0\0\0{}"])
def test_that_there_is_nothing_to_resume_is_said_before_torch_and_the_text(
    content: bytes | None, old: Tree, root: Path
) -> None:
    from typer.testing import CliRunner

    from foreword.cli.app import app

    out = put(old, root) / "m"
    (checkpoint,) = (out / "training").glob("step-*")
    checkpoint.unlink() if content is None else checkpoint.write_bytes(content)
    done = CliRunner().invoke(app, ["train", "--out", str(out), "--resume"])
    assert isinstance(done.exception, TrainingError)
    assert "checkpoint" in str(done.exception)
    assert "--overwrite instead of --resume" in str(done.exception)
    assert "loading PyTorch" not in done.output


def test_a_run_that_another_process_goes_on_with_is_not_swept(
    texts: dict[str, Path], old: Tree, root: Path
) -> None:
    out = put(old, root) / "m"
    with pytest.raises(StopError):
        train(out, texts["new"], overwrite=True, steps=40, report=stopped_at(3))
    before = saved(out)
    with claimed(out, "train"), pytest.raises(FolderError, match="is writing here"):
        train(out, texts["new"], overwrite=True, steps=1)
    with claimed(out, "train"):  # sweeps; a run to go on with is nothing to sweep
        assert saved(out) == before


def test_a_network_that_has_not_learned_a_step_says_so_when_it_predicts(
    texts: dict[str, Path], root: Path
) -> None:
    from typer.testing import CliRunner

    from foreword.cli.app import app

    out = put({}, root) / "m"
    states = states_before_each_call(root, lambda: train(out, texts["new"], steps=1))
    put(next(state for state in states if "m/config.json" in state), root)
    assert record(out).steps == 0
    printed = " ".join(CliRunner().invoke(app, ["predict", str(out), "the"]).output.split())
    assert f"To continue: foreword train --out {out} --resume" in printed
    train(out, resume=True)
    assert "To continue" not in CliRunner().invoke(app, ["predict", str(out), "the"]).output


def test_correcting_a_translator_that_is_killed_anywhere_leaves_the_old_one_or_one_that_has_learned(
    tmp_path: Path, root: Path
) -> None:
    sides = {
        "old": ("wie geht es\nes geht gut\n", "how are you\ni am fine\n"),
        "new": ("die Katze sitzt da\nder Hund schläft\n", "the cat sits there\nthe dog sleeps\n"),
    }
    pairs = {name: [tmp_path / f"{name}.de", tmp_path / f"{name}.en"] for name in sides}
    for name, texts in sides.items():
        for path, lines in zip(pairs[name], texts, strict=True):
            path.write_text(lines * 10)
    out = put({}, root) / "m"
    foreword.train(
        pairs=pairs["old"], valid_pairs=pairs["old"], out=out, steps=2, subwords=280,
        embedding_size=4, **SIZES,
    )  # fmt: skip

    def correct() -> None:
        foreword.train(
            pairs=pairs["new"], continues=out, out=out, overwrite=True, steps=2, validations=1,
            save_seconds=1e-9,
        )  # fmt: skip

    states = one_of_each(states_before_each_call(root, correct))
    whole = read_translation(out).weights["output.bias"].tobytes()
    for number, state in enumerate(states):
        put(state, root)
        record = read_translation(out).config.training
        assert record is not None
        is_old = "new" not in record.text
        assert is_old or record.steps >= 1
        if number % (8 * EVERY) == 0:
            is_begun = not is_old or home(out) != out
            foreword.train(out=out, resume=True)
            left = read_translation(out).weights["output.bias"].tobytes()
            assert (left == whole) is is_begun
            assert hidden(root) == []
    assert not is_old
