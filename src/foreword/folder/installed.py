"""Models in installed packages, by name. Knows the packages' metadata; reads no model.

A package provides a model by an entry point of the group `foreword.models`, whose object is the
path of the model folder.
"""

from os import PathLike
from pathlib import Path

from foreword.errors import FolderError
from foreword.folder.adopting import CONFIG, current

GROUP = "foreword.models"


def installed_models() -> list[str]:
    """The names of installed models, in alphabetical order."""
    from importlib.metadata import entry_points  # takes 20 ms, and most calls do without

    return sorted({point.name for point in entry_points(group=GROUP)})


def find_folder(folder: str | PathLike[str]) -> Path:
    """A file or model folder as it is; otherwise the folder of the installed model of that name.

    Raises:
        FolderError: the package of that model is damaged, or the name is empty.
    """
    if not str(folder):
        raise FolderError("the model has no name: name its folder, or an installed model")
    path = Path(folder)
    try:
        if path.is_file() or current(path, CONFIG).exists():
            return path
    except (OSError, ValueError):  # not a valid path: reading it raises the error
        return path
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP, name=str(folder)):
        try:
            return Path(point.load())
        except (ImportError, AttributeError, TypeError) as error:
            package = point.dist.name if point.dist is not None else point.module
            raise FolderError(
                f"the installed model {point.name} cannot be found: {error}. Install its package "
                f"anew: pip install --force-reinstall {package}"
            ) from error
    return path


def about(name: str) -> str | None:
    """The summary of an installed model's package; None if no model has the name."""
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP, name=name):
        if point.dist is not None:
            return str(point.dist.metadata["Summary"])
    return None


def provider(name: str) -> str | None:
    """The name of the installed package that has a model of this name; None if none has."""
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP, name=name):
        if point.dist is not None:
            return str(point.dist.name)
    return None


def only_model() -> str:
    """The name of the only installed model.

    Raises:
        FolderError: there is none, or several to choose from.
    """
    names = installed_models()
    if len(names) == 1:
        return names[0]
    if not names:
        raise FolderError(
            "no model is installed. Name a model folder; or install one, such as "
            "foreword-everyday-en"
        )
    raise FolderError(f"several models are installed: {', '.join(names)}. Name one before the text")
