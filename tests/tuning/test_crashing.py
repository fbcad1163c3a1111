"""A search that is killed before any call to the file system, or whose disk is full: `tune`."""

import json
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
from foreword.errors import FolderError
from foreword.folder.adopting import current
from foreword.training.recipes import find
from foreword.tuning.trials import Tuning

MINE: Tree = {"notes.txt": b"mine"}


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "t.txt"
    path.write_text("the cat sat on the mat\nthe dog sat on the log\n" * 20)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return put({}, tmp_path / "root")


SEARCH = ["learning_rate=1e-3..1e-1:log"]


def tune(out: Path, text: Path, **more: Any) -> Tuning:
    sizes = {"hidden_size": 4, "batch_size": 2, "window": 4, "dropout": 0.0, "threads": 1}
    more = {"search": SEARCH, "trials": 1, "steps_each": 1, **sizes, **more}
    return foreword.tune(text, out=out, valid=text, **more)


def go_on(out: Path, text: Path, **more: Any) -> Tuning:
    """With the search that a folder holds, or from the beginning."""
    if current(out, "search.json").exists():
        return foreword.tune(out=out, resume=True, trials=1)
    return tune(out, text, **more)


def tried(out: Path) -> list[Any]:
    actual = json.loads((out / "trials.json").read_text())["trials"]
    return [(trial["settings"], trial["perplexity"]) for trial in actual]


def test_a_search_that_is_killed_anywhere_can_be_gone_on_with_or_begun_anew(
    text: Path, root: Path
) -> None:
    out = root / "s"
    states = one_of_each(states_before_each_call(root, lambda: tune(out, text)))
    whole = tried(out)
    assert len(states) > 15
    for state in states[:: 4 * EVERY]:
        put(state, root)
        go_on(out, text)
        assert tried(out) == whole
        assert hidden(root) == []
        assert sorted(path.name for path in out.iterdir()) == [
            *("best.toml", "journal.log", "search.json", "trials.json")
        ]


def test_overwriting_a_search_that_is_killed_anywhere_leaves_the_old_one_or_the_new_one(
    text: Path, root: Path
) -> None:
    out = root / "s"
    tune(out, text)
    before = tried(out)
    (out / "notes.txt").write_bytes(b"mine")
    states = states_before_each_call(root, lambda: tune(out, text, hidden_size=6, overwrite=True))
    whole = tried(out)
    assert whole != before
    for state in one_of_each(states):
        put(state, root)
        find(out / "best.toml")  # there is always a recipe
        assert MINE.items() <= tree_of(out).items()
    for state in one_of_each(states)[:: 3 * EVERY]:
        put(state, root)
        foreword.tune(out=out, resume=True, trials=1)
        assert tried(out) in (before, whole)


@pytest.mark.parametrize("torn", [b'{"op_code":', b'{"op_code": 1}'])
def test_a_record_whose_last_line_was_torn_is_read_and_written_on(
    torn: bytes, text: Path, root: Path
) -> None:
    out = root / "s"
    tune(out, text)
    first = tried(out)
    with (out / "journal.log").open("ab") as file:
        file.write(torn)
    (out / "journal.log.lock").touch()  # of a process that was killed
    foreword.tune(out=out, resume=True, trials=2)
    assert tried(out)[:1] == first
    foreword.tune(out=out, resume=True, trials=3)
    assert len(tried(out)) == 3


def test_a_full_disk_is_said_and_the_search_can_be_gone_on_with(text: Path, root: Path) -> None:
    out = root / "s"
    for number in (6, 24, 40):
        put({}, root)
        with (
            full_disk_from(number),
            pytest.raises(FolderError, match="No space left on device"),
        ):
            tune(out, text)
        go_on(out, text)
        assert len(tried(out)) == 1
