"""What to say where a model was asked for and there is none: what was meant, and what to do."""

from itertools import islice
from pathlib import Path

from foreword.errors import did_you_mean
from foreword.folder.installed import installed_models

CONFIG = "config.json"
LOOKED_AT = 500
"""Entries of a folder among which models are looked for, at most."""

_TRAIN = "Train a model with: foreword train TEXT --out DIR"


def missing(path: Path) -> str:
    """Of a name that is neither a path nor an installed model."""
    installed = installed_models()
    beside = {path.with_name(folder.name): folder for folder in _models_in(path.parent)}
    question = did_you_mean(str(path), [*installed, *map(str, beside)])
    there = f" Installed: {', '.join(installed)}." if installed and not question else ""
    return (
        f"{path}: there is no such folder, nor an installed model of that name.{question}{there} "
        f"{_TRAIN}"
    )


def is_file(path: Path) -> str:
    """Of a file."""
    if (path.parent / CONFIG).exists():
        return f"{path} is a file, not a model folder. Name the folder that it is in: {path.parent}"
    return (
        f"{path} is a file, not a model folder. If it is a text, a model learns it by: "
        f"foreword train {path} --out my-model"
    )


def no_model_in(path: Path) -> str:
    """Of a folder with other things in it."""
    inside = [str(folder) for folder in _models_in(path)]
    what = f"Models in it: {', '.join(inside)}" if inside else _TRAIN
    return f"{path} is not a model folder: it has no {CONFIG}. {what}"


def _models_in(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in islice(folder.iterdir(), LOOKED_AT) if (p / CONFIG).exists())
    except OSError:
        return []
