"""The folder in which a package is made, until the package is complete. No torch.

It is beside the package's folder, has its name with `.training` at the end, and holds the text, the
model and the arguments. So an interrupted run can be resumed, and an existing package stays until
the new one is complete.
"""

import tomllib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from foreword.errors import FolderError, SettingsError, TrainingError
from foreword.folder.adopting import discard, is_hidden, settle, sweep, whole
from foreword.folder.claim import Refusal
from foreword.folder.config import Data
from foreword.folder.files import atomic_write, writing
from foreword.folder.installed import GROUP
from foreword.folder.store import holds_model, read_config
from foreword.packaging.about import PREFIX, About
from foreword.packaging.files import PYPROJECT
from foreword.packaging.parts import Parts
from foreword.text.newlines import Lines
from foreword.training.checkpoint import saved
from foreword.training.settings import Leaf

SUFFIX = ".training"
MODEL, TEXT, WISH = "model", "text", "package.json"


class Wish(Data):
    """The arguments of a package.

    Attributes:
        about: what the package says about itself.
        settings: the settings of the training.
        lines: what a line of the text is.
        replaces: whether a package of the same name is replaced.
    """

    about: About
    settings: dict[str, Leaf]
    lines: Lines
    replaces: bool


@dataclass(frozen=True)
class Making:
    """A package that is being made."""

    folder: Path
    wish: Wish

    @classmethod
    def begin(
        cls, folder: Path, fill: Callable[[Path, Path], Wish], *, overwrite: bool
    ) -> "Making":
        """Start again: the folder appears complete, or not at all.

        Args:
            folder: the folder.
            fill: writes the text; called with the folder for it, and with one for other files.
            overwrite: whether an interrupted run is given up.

        Raises:
            SettingsError: an interrupted run is in the folder.
            FolderError: the disk is full, or the folder cannot be written to.
        """
        if is_begun(folder) and not overwrite:
            raise SettingsError(
                f"{folder} holds an interrupted run. Use --resume to continue it, --overwrite to "
                "begin anew, or another --out"
            )
        if folder.exists() and not _is_ours(folder):
            raise SettingsError(
                f"{folder} is needed, but holds something else. Choose another folder with --out"
            )
        with writing(folder):
            discard(folder)
            with whole(folder) as draft:
                (draft / TEXT).mkdir()
                making = cls(folder, fill(draft / TEXT, draft))
                making._write(draft)
        return making

    @classmethod
    def read(cls, folder: Path) -> "Making":
        """Return the interrupted package.

        Raises:
            TrainingError: there is nothing to resume, or it is damaged.
        """
        if not folder.exists():
            raise TrainingError(
                f"there is nothing to resume: {folder} does not exist. Leave out --resume"
            )
        try:
            return cls(folder, Wish.model_validate_json((folder / WISH).read_bytes()))
        except (OSError, ValueError) as error:
            raise TrainingError(
                f"{folder / WISH} cannot be read ({type(error).__name__}): start again with "
                "--overwrite instead of --resume"
            ) from error

    def renewed(self, about: About) -> "Making":
        """Return the same with another description of the package, and store it."""
        if about == self.wish.about:
            return self
        making = Making(self.folder, self.wish.model_copy(update={"about": about}))
        with writing(self.folder):
            making._write(self.folder)
        return making

    def _write(self, folder: Path) -> None:
        atomic_write(folder / WISH, self.wish.model_dump_json(indent=2).encode())

    @property
    def parts(self) -> Parts:
        """The text."""
        return Parts.within(self.folder / TEXT, self.wish.about.name, self.wish.lines)

    @property
    def model(self) -> Path:
        """The model folder of the training."""
        return self.folder / MODEL

    @property
    def is_begun(self) -> bool:
        """Whether the training has saved something."""
        return is_begun(self.folder)

    @property
    def can_go_on(self) -> bool:
        """Whether the training can be continued: n-grams are counted at once."""
        return bool(saved(self.model))

    @property
    def is_trained(self) -> bool:
        """Whether the training has ended by its budget."""
        if not holds_model(self.model):
            return False
        record = read_config(self.model).training
        return record is not None and record.finished

    def discard(self) -> None:
        """Remove the folder.

        Raises:
            FolderError: it cannot be removed.
        """
        with writing(self.folder):
            discard(self.folder)


def folder_for(name: str | None, out: str | PathLike[str] | None) -> Path:
    """Return the folder of a package.

    Raises:
        SettingsError: neither a name nor a folder is set. FolderError: there can be no such folder.
    """
    if out is None and name is None:
        raise SettingsError("give --name, the name of the model, such as everyday-cy")
    folder = Path(f"{PREFIX}{name}" if out is None else out)
    try:
        folder.resolve()
    except (OSError, ValueError, RuntimeError) as error:  # a NUL; a loop of links
        raise FolderError(f"{folder}: cannot be written to: {error}. Give another --out") from error
    return folder


def making_beside(folder: Path) -> Path:
    """Return the folder in which the package of a folder is made."""
    real = folder.resolve()
    return real.with_name(real.name + SUFFIX)


def tidy(folder: Path) -> None:
    """Complete or remove what killed processes left in a folder that nobody else writes to."""
    with writing(folder):
        settle(folder)
        sweep(folder)


def refusal_for(about: About, *, replaces: bool) -> Refusal:
    """Refuse a folder that holds something else, or a package that is not to be replaced."""

    def refusal(folder: Path) -> str | None:
        if all(is_hidden(entry.name) for entry in folder.iterdir()):
            return None
        project = _project_in(folder)
        if project is None:
            return "exists and holds no package of a model. Give another --out"
        if project != about.project:
            return f"holds the package {project}. Give another --out"
        if not replaces:
            return f"holds the package {project} already. Use --overwrite to replace it"
        return None

    return refusal


def _project_in(folder: Path) -> str | None:
    """Return the name of the package of a model in a folder; None if there is none."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        project = tomllib.loads((folder / PYPROJECT).read_text("utf-8"))["project"]
        if GROUP in project["entry-points"]:
            return str(project["name"])
    return None


def is_begun(folder: Path) -> bool:
    """Whether the training in the folder of an unfinished package has saved something."""
    return bool(saved(folder / MODEL)) or holds_model(folder / MODEL)


def _is_ours(folder: Path) -> bool:
    names = {e.name for e in folder.iterdir() if not is_hidden(e.name)} if folder.is_dir() else {""}
    return names <= {MODEL, TEXT, WISH, f".{MODEL}.lock"}
