"""Where a run is kept: its folder, what it replaces, and where its texts lie. Knows no networks.

A run that replaces a model is kept in `training/new` in that model's folder, as a whole model
folder of its own, until it has learned something. The model that it replaces stays until then.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from foreword.errors import TrainingError
from foreword.folder.adopting import adopt, discard, whole
from foreword.folder.files import atomic_write, writing
from foreword.folder.store import holds_model
from foreword.training.checkpoint import FOLDER, home, staged
from foreword.training.corpus import absolute

SOURCES_FILE = "sources.json"
"""Where the texts came from, so that `--resume` finds them again. Private."""


class Home:
    """The folder in which a run is kept; it may change once, when the run has learned something."""

    def __init__(self, out: Path, *, is_begun: bool) -> None:
        """The home of the run that `out` holds, if it is begun, or that is to begin there."""
        self.out = out
        self.folder = home(out)
        self.is_begun = is_begun

    @property
    def is_staged(self) -> bool:
        """Whether the model of before is still the one that `out` holds."""
        return self.folder != self.out

    def begin(self, fill: Callable[[Path], None]) -> None:
        """Begins a run: its folder appears whole, with all that `fill` writes into a folder.

        Raises:
            FolderError: the disk is full, or the folder cannot be written to.
        """
        with writing(self.out):
            discard(staged(self.out))  # of a run that never got so far
            self.folder = staged(self.out) if holds_model(self.out) else self.out
            with whole(self.folder) as draft:
                fill(draft)
            self.is_begun = True

    def take_over(self) -> None:
        """Replaces the model of before, if it is still there, and all of its run.

        Raises:
            FolderError: the folder cannot be written to.
        """
        if self.is_staged:
            with writing(self.out):
                adopt(self.out, self.folder)
            self.folder = self.out


def remember(folder: Path, texts: Sequence[Any], valid: Sequence[Any]) -> None:
    """Writes down where the texts of a run lie."""
    document = {"texts": absolute(texts), "valid": absolute(valid)}
    (folder / FOLDER).mkdir(exist_ok=True)
    atomic_write(folder / FOLDER / SOURCES_FILE, json.dumps(document, indent=2).encode())


def remembered(
    folder: Path, texts: Sequence[Any], valid: Sequence[Any]
) -> tuple[Sequence[Any], Sequence[Any]]:
    """The texts of a run, but for what is named again.

    Raises:
        TrainingError: it is not known.
    """
    path = folder / FOLDER / SOURCES_FILE
    try:
        document = json.loads(path.read_text("utf-8"))
        return texts or document["texts"], valid or document["valid"]
    except (OSError, ValueError, KeyError) as error:
        if texts:
            return texts, valid
        raise TrainingError(
            f"{path} cannot be read ({error}), so it is not known which text this run reads. "
            "Name the text again."
        ) from error
