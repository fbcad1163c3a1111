"""The folder of a run, the model that it replaces, and the paths of its texts. Knows no networks.

A run that replaces a model is kept in `training/new` in that model's folder, as a complete model
folder, until its first validation. The model that it replaces stays until then.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from foreword.errors import TrainingError
from foreword.folder.adopting import adopt, discard, whole
from foreword.folder.files import atomic_write, writing
from foreword.folder.store import holds_model
from foreword.training.checkpoint import FOLDER, home, staged
from foreword.training.corpus import absolute

SOURCES_FILE = "sources.json"
"""The file with the paths of the texts, for `--resume`. Private."""


class Home:
    """The folder of a run, which changes once if the run replaces a model."""

    def __init__(self, out: Path, *, is_begun: bool) -> None:
        """Return the home of the run in `out`, if it has begun, or of a new one."""
        self.out = out
        self.folder = home(out)
        self.is_begun = is_begun

    @property
    def is_staged(self) -> bool:
        """Whether `out` still holds the earlier model."""
        return self.folder != self.out

    def begin(self, fill: Callable[[Path], None]) -> None:
        """Begin a run: its folder appears in one step, with everything that `fill` writes into it.

        Raises:
            FolderError: the disk is full, or the folder cannot be written to.
        """
        with writing(self.out):
            discard(staged(self.out))  # of an earlier run that did not reach this point
            self.folder = staged(self.out) if holds_model(self.out) else self.out
            with whole(self.folder) as draft:
                fill(draft)
            self.is_begun = True

    def take_over(self) -> None:
        """Replace the earlier model, if it is still in place, and all of its run.

        Raises:
            FolderError: the folder cannot be written to.
        """
        if self.is_staged:
            with writing(self.out):
                adopt(self.out, self.folder)
            self.folder = self.out


def remember(
    folder: Path, texts: Sequence[Any], valid: Sequence[Any], old: Sequence[Any] = ()
) -> None:
    """Write the paths of a run's texts to a file; `old` are those of the model it continues."""
    document = {"texts": absolute(texts), "valid": absolute(valid), "old": absolute(old)}
    (folder / FOLDER).mkdir(exist_ok=True)
    atomic_write(folder / FOLDER / SOURCES_FILE, json.dumps(document, indent=2).encode())


class Remembered(NamedTuple):
    """The paths of a run's texts.

    Attributes:
        texts: those to train on.
        valid: those to validate on.
        old: those of the model that the run continues.
    """

    texts: Sequence[Any]
    valid: Sequence[Any]
    old: Sequence[Any] = ()


def remembered(folder: Path, texts: Sequence[Any], valid: Sequence[Any]) -> Remembered:
    """Return the paths of a run's texts; texts that are named again replace the old paths.

    Raises:
        TrainingError: they are unknown.
    """
    path = folder / FOLDER / SOURCES_FILE
    try:
        sources = _sources(path)
    except (OSError, ValueError) as error:
        if texts:
            return Remembered(texts, valid)
        raise TrainingError(
            f"{path} cannot be read ({error}), so it is not known which text this run reads. "
            "Name the text again."
        ) from error
    return Remembered(texts or sources["texts"], valid or sources["valid"], sources["old"])


def _sources(path: Path) -> dict[str, list[str]]:
    """Return the content that `remember` has written.

    Raises:
        OSError, ValueError: the file is missing or damaged.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    sources = {"old": [], **document} if isinstance(document, dict) else {}
    for name in ("texts", "valid", "old"):
        paths = sources.get(name)
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise ValueError(f"it has no list of paths called {name}")
    return sources
