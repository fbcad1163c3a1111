"""Error messages for a path that is not a model: what the user may have meant, and what to do."""

from itertools import islice
from pathlib import Path

from foreword.errors import did_you_mean
from foreword.folder.adopting import CONFIG
from foreword.folder.installed import installed_models

LOOKED_AT = 500
"""Folder entries that are searched for models."""

_TRAIN = "Train a model with: foreword train TEXT --out DIR"


def missing(path: Path) -> str:
    """The message for a name that is neither a path nor an installed model."""
    installed = installed_models()
    beside = {path.with_name(folder.name): folder for folder in _models_in(path.parent)}
    question = did_you_mean(str(path), [*installed, *map(str, beside)])
    names = f" Installed: {', '.join(installed)}." if installed and not question else ""
    return (
        f"{path}: there is no such folder, nor an installed model of that name.{question}{names} "
        f"{_TRAIN}"
    )


def is_file(path: Path) -> str:
    """The message for a file."""
    if (path.parent / CONFIG).exists():
        return f"{path} is a file, not a model folder. Name the folder that it is in: {path.parent}"
    return (
        f"{path} is a file, not a model folder. If it is a text, a model learns it by: "
        f"foreword train {path} --out my-model"
    )


def no_model_in(path: Path) -> str:
    """The message for a folder that holds other things."""
    inside = [str(folder) for folder in _models_in(path)]
    advice = f"Models in it: {', '.join(inside)}" if inside else _TRAIN
    return f"{path} is not a model folder: it has no {CONFIG}. {advice}"


def _models_in(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in islice(folder.iterdir(), LOOKED_AT) if (p / CONFIG).exists())
    except OSError:
        return []
