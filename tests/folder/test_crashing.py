"""A folder that is written to, killed before every call to the file system, and on a full disk."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.crashing import (
    Tree,
    before_each_call,
    full_disk_from,
    hidden,
    put,
    states_before_each_call,
    tree_of,
)

from foreword.errors import FolderError
from foreword.folder import store
from foreword.folder.adopting import settle, sweep, whole
from foreword.folder.claim import claimed
from foreword.folder.config import FolderConfig, ModelConfig, TrainingRecord
from foreword.folder.files import atomic_write, is_temporary, temporary_beside, write_tensors
from foreword.folder.saving import write_folder
from foreword.folder.store import Folder, folder_bytes, read_folder
from foreword.folder.weights import expected_shapes
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

RECORD = TrainingRecord(
    text="notes.txt",
    words=7,
    words_seen=7,
    steps=1,
    epochs=1.0,
    seconds=1.0,
    seed=0,
    settings={},
    torch_version="2",
    finished=True,
)


def model(words: str, value: float, **more: object) -> Folder:
    tokenizer = Tokenizer(["<unk>", "<eos>", *words.split()], TokenizerConfig())
    config = ModelConfig(
        name="lstm", vocab_size=tokenizer.vocab_size, embedding_size=2, hidden_size=3
    )
    weights = {k: np.full(s, value, np.float32) for k, s in expected_shapes(config).items()}
    about = FolderConfig(model=config, tokenizer=tokenizer.config, training=RECORD)
    return replace(Folder(about, weights, tokenizer), **more)


OLD = model("one two three", 0.5, rare=("Zambezi",))
NEWER = replace(model("one two three", 2.0, rare=("Zambezi",)))
OTHER = model("uno dos tres cuatro cinco", 3.0)
RUN: Tree = {"training": None, "training/step-00000007.safetensors": b"7"}
MINE: Tree = {
    "notes.txt": b"mine",
    "README": b"also mine",
    "texts": None,
    "texts/a.txt": b"a",
    ".git": None,
    ".git/HEAD": b"main",
}


def write(path: Path, folder: Folder, *, replaces: bool = False) -> None:
    card = f"# {folder.tokenizer.words[2]} {folder.weights['decoder.bias'][0]}"
    write_folder(
        *(path, folder.config, folder.weights, folder.tokenizer, card, folder.rare),
        replaces=replaces,
    )


def content(path: Path) -> tuple[object, ...]:
    actual = read_folder(path)
    weights = actual.weights["decoder.bias"][0]
    return actual.config, actual.tokenizer.words, weights, actual.rare


def content_of(folder: Folder) -> tuple[object, ...]:
    weights = folder.weights["decoder.bias"][0]
    return folder.config, folder.tokenizer.words, weights, folder.rare


def start(root: Path, before: Folder | None, more: Tree) -> Path:
    """A folder `m` in `root` with a model and more."""
    if before is not None:
        write(root / "m", before)
        for name, data in more.items():
            path = root / "m" / name
            path.mkdir() if data is None else path.write_bytes(data)
    return root / "m"


CASES = [
    pytest.param(None, OLD, False, id="new"),
    pytest.param(OLD, NEWER, False, id="updated"),
    pytest.param(OLD, OTHER, True, id="replaced"),
    pytest.param(OTHER, OLD, False, id="replaced by one with rare words"),
]


@pytest.mark.parametrize(("before", "after", "replaces"), CASES)
def test_a_kill_before_any_call_leaves_the_old_folder_or_the_new_one(
    before: Folder | None, after: Folder, replaces: bool, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    path = start(root, before, RUN | MINE)
    states = states_before_each_call(root, lambda: write(path, after, replaces=replaces))
    assert len(states) > 10
    allowed = [content_of(after)] + ([] if before is None else [content_of(before)])
    seen = []
    for state in states:
        put(state, root)
        if before is None and not path.exists():
            seen.append(None)
        else:
            seen.append(content(path))
            assert seen[-1] in allowed
        if before is not None:
            assert MINE.items() <= tree_of(path).items()
        with claimed(path, "train"):  # the next run
            left = [name for name in hidden(root) if not name.endswith((".git", ".m.lock"))]
            assert left == []
            write(path, after, replaces=replaces)
        assert content(path) == content_of(after)
        assert folder_bytes(path) == sum(
            len(data) for name, data in tree_of(path).items() if data and name not in RUN | MINE
        )
    assert seen.index(content_of(after)) > 0
    after_it = seen[seen.index(content_of(after)) :]
    assert set(map(str, after_it)) == {str(content_of(after))}  # once new, always new
    if before is not None:
        assert (path / "training" / "step-00000007.safetensors").exists() is not replaces


@pytest.mark.parametrize(("before", "after", "replaces"), CASES)
def test_a_disk_that_is_full_at_any_call_leaves_the_old_folder_or_the_new_one(
    before: Folder | None, after: Folder, replaces: bool, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    path = start(root, before, MINE)
    beginning = tree_of(root)
    number = 0
    while True:
        put(beginning, root)
        try:
            with full_disk_from(number):
                write(path, after, replaces=replaces)
        except FolderError as error:
            assert "No space left on device" in str(error)
            assert tree_of(root) == beginning
        else:
            break
        number += 1
    assert number > 8
    assert content(path) == content_of(after)


def test_a_folder_that_is_there_and_empty_is_filled_at_once(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.mkdir()
    for state in states_before_each_call(tmp_path, lambda: write(path, OLD)):
        put(state, tmp_path)
        if content_or_none(path) is None:
            write(path, OTHER)
            assert content(path) == content_of(OTHER)
    assert content(path) == content_of(OLD)


def content_or_none(path: Path) -> object:
    try:
        return content(path)
    except FolderError as error:
        assert "no config.json" in str(error)
        return None


def test_whoever_reads_while_a_model_is_replaced_has_the_old_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m"
    write(path, OLD)
    read_config = store._read_config

    def read_and_replace(folder: Path) -> object:
        actual = read_config(folder)
        monkeypatch.setattr(store, "_read_config", read_config)
        write(path, OTHER, replaces=True)
        return actual

    monkeypatch.setattr(store, "_read_config", read_and_replace)
    assert content(path) == content_of(OTHER)


def test_whoever_reads_a_configuration_while_it_is_replaced_has_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m"
    write(path, OLD)
    read = store.read_json

    def replaced_before_it_is_read(file: Path) -> object:
        monkeypatch.setattr(store, "read_json", read)
        write(path, OTHER, replaces=True)
        raise FolderError(f"{file} is missing")

    monkeypatch.setattr(store, "read_json", replaced_before_it_is_read)
    assert store.read_config(path) == OTHER.config


def test_whoever_reads_at_any_call_of_a_writer_has_the_old_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "m"
    write(path, OLD)
    seen = []
    with before_each_call(lambda _: seen.append(content(path))):
        write(path, OTHER, replaces=True)
    assert {str(actual) for actual in seen} == {str(content_of(OLD)), str(content_of(OTHER))}


def test_writing_the_same_again_changes_no_byte_and_no_file(tmp_path: Path) -> None:
    write(tmp_path / "m", OLD)
    before = {p: (p.stat().st_ino, p.read_bytes()) for p in (tmp_path / "m").iterdir()}
    write(tmp_path / "m", OLD)
    assert {p: (p.stat().st_ino, p.read_bytes()) for p in (tmp_path / "m").iterdir()} == before


def test_other_rare_words_leave_the_weights_as_they_are_to_the_byte(tmp_path: Path) -> None:
    write(tmp_path / "m", OLD)
    weights = tmp_path / "m" / "model.safetensors"
    before = weights.stat().st_ino, weights.read_bytes()
    write(tmp_path / "m", replace(OLD, rare=("Limpopo", "Zambezi")))
    assert (weights.stat().st_ino, weights.read_bytes()) == before
    assert read_folder(tmp_path / "m").rare == ("Limpopo", "Zambezi")


def test_the_same_tensors_are_written_as_the_same_bytes_that_others_read(tmp_path: Path) -> None:
    from safetensors import safe_open

    arrays = {"b": np.arange(3, dtype=np.float32), "a": np.arange(5, dtype=np.int8)}
    metadata = {f"key{k}": "ä\n\x1b\x7f\U0001f600" * k for k in range(9)}
    written = []
    for k in range(8):
        again = dict(list(metadata.items())[k:] + list(metadata.items())[:k])
        write_tensors(tmp_path / "t", dict(reversed(arrays.items())) if k % 2 else arrays, again)
        written.append((tmp_path / "t").read_bytes())
    assert len(set(written)) == 1
    with safe_open(tmp_path / "t", framework="np") as file:
        assert {name: file.metadata()[name] for name in metadata} == metadata
        for name, array in arrays.items():
            np.testing.assert_array_equal(file.get_tensor(name), array)


@pytest.mark.parametrize("change", ["changed", "written before cards had checksums"])
def test_a_readme_of_the_users_stays(change: str, tmp_path: Path) -> None:
    path = tmp_path / "m"
    write(path, OLD)
    if change != "changed":
        forget_the_card(path)
    (path / "README.md").write_text("# My own words about it\n")
    for folder in (NEWER, OTHER, OTHER):
        write(path, folder, replaces=True)
        assert (path / "README.md").read_text() == "# My own words about it\n"
    (path / "README.md").unlink()
    write(path, NEWER)
    assert (path / "README.md").read_text() == "# one 2.0"


def test_a_card_that_was_written_before_cards_had_checksums_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "m"
    write(path, OLD)
    forget_the_card(path)
    (path / "README.md").write_text("---\nlibrary_name: foreword\n---\n# Old\n")
    write(path, NEWER)
    assert (path / "README.md").read_text() == "# one 2.0"


def forget_the_card(path: Path) -> None:
    """Makes a folder's configuration one of an earlier version's."""
    document = json.loads((path / "config.json").read_text())
    known = document.pop("checksums")
    others = {
        name: sum_ for name, sum_ in known.items() if name not in ("README.md", "config.json")
    }
    own = store.config_checksum(document, others)
    document["checksums"] = {"config.json": own, **others}
    (path / "config.json").write_text(json.dumps(document))
    read_folder(path)


@pytest.mark.parametrize("where", ["a link", "a link to nothing yet", "a read-only parent"])
def test_a_model_is_replaced_wherever_its_folder_lies(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "there" / "m"
    path.parent.mkdir()
    if where != "a link to nothing yet":
        write(path, OLD)
    named = path
    if where == "a read-only parent":
        refuse_changes_in(path.parent, monkeypatch)
    else:
        named = tmp_path / "link"
        named.symlink_to(path)
    with claimed(named, "train"):
        write(named, OTHER, replaces=True)
    assert content(named) == content(path) == content_of(OTHER)
    assert named.is_symlink() is (where != "a read-only parent")


def refuse_changes_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be made, renamed or removed in a folder, even by root."""
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path) != folder and access(path, mode)
    )

    def refusing(function: Callable[..., object]) -> Callable[..., object]:
        def called(path: object, *more: object, **named: object) -> object:
            assert Path(str(path)).parent != folder, path
            return function(path, *more, **named)

        return called

    for name in ("mkdir", "rename", "replace", "unlink", "rmdir"):
        monkeypatch.setattr(os, name, refusing(getattr(os, name)))


def test_what_killed_processes_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "m"
    write(path, OLD)
    (path / "training" / "new" / "training").mkdir(parents=True)
    ours = [
        temporary_beside(target)
        for target in (
            *(path, path / "config.json", path / ".foreword-new", path / "training" / "new"),
            *(path / "training" / "step-1", path / "training" / "new" / "model.safetensors"),
            path / "training" / "new" / "training" / "step-1",
        )
    ]
    for file in ours[1::2]:
        file.write_bytes(b"half")
    for folder in ours[::2]:
        folder.mkdir()
        (folder / "half").touch()
    theirs = [
        *(tmp_path / ".other.00c0ffee.foreword", path / ".config.json.00c0ffee", path / ".hidden"),
        *(path / ".foreword", tmp_path / ".m.foreword", path / "x.00c0ffee.foreword"),
    ]
    for file in theirs:
        file.touch()
    with claimed(path, "train"):
        assert not any(file.exists() for file in ours)
    assert all(file.exists() for file in theirs)
    assert content(path) == content_of(OLD)


def test_what_another_process_is_writing_is_not_swept(tmp_path: Path) -> None:
    path = tmp_path / "m"
    write(path, OLD)
    with claimed(path, "train"):
        half = temporary_beside(path / "config.json")
        half.touch()
        with pytest.raises(FolderError, match="is writing here"), claimed(path, "compress"):
            pass
        assert half.exists()


@pytest.mark.parametrize("name", ["m", "n" * 255, "ä" * 127])
def test_a_temporary_name_tells_what_it_is_for(name: str) -> None:
    actual = temporary_beside(Path("x") / name).name
    assert len(os.fsencode(actual)) <= 255
    assert is_temporary(actual)
    assert is_temporary(actual, name)
    assert not is_temporary(actual, name + "m")


@pytest.mark.parametrize("before", [{}, {"index.html": b"1", "numbers": None, "numbers/a": b"1"}])
def test_a_kill_before_any_call_leaves_no_mixture_of_folders_within_a_folder(
    before: Tree, tmp_path: Path
) -> None:
    root, mine = tmp_path / "root", {"numbers/mine": b"mine"} if before else {}
    if before:
        put({"m": None, **{f"m/{name}": data for name, data in (before | mine).items()}}, root)
    else:
        root.mkdir()
    after: Tree = {"index.html": b"2", "numbers": None, "numbers/a": b"2", "numbers/b": b"2"}

    top: Tree = {".": None}

    def write_page() -> None:
        with whole(root / "m") as draft:
            (draft / "numbers").mkdir()
            for name in ("a", "b"):
                atomic_write(draft / "numbers" / name, b"2")
            atomic_write(draft / "index.html", b"2")

    for state in states_before_each_call(root, write_page):
        put(state, root)
        if (root / "m").exists():
            settle(root / "m")
            sweep(root / "m")
            assert tree_of(root / "m") in (top | before | mine, top | after | mine)
    write_page()
    assert tree_of(root / "m") == top | after | mine
