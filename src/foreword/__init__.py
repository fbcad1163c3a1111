"""Foreword: next-word prediction with recurrent neural networks, trained on your own text.

    import foreword

    foreword.train(["notes.txt"], out="my-model", minutes=5)
    foreword.load("my-model").predict("I would like to", k=3)

`load` and all that it gives run without PyTorch; `train`, `evaluate` and `compare` need the
extra `foreword[train]`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from foreword.errors import (
    FolderError,
    ForewordError,
    MissingExtraError,
    SettingsError,
    TextError,
    TrainingError,
)

if TYPE_CHECKING:
    from foreword.comparison.compare import compare
    from foreword.evaluation.evaluate import evaluate
    from foreword.predictor.predictor import load
    from foreword.training.run import train

__all__ = [
    "FolderError",
    "ForewordError",
    "MissingExtraError",
    "SettingsError",
    "TextError",
    "TrainingError",
    "compare",
    "evaluate",
    "load",
    "train",
]

_HOME = {
    "compare": "foreword.comparison.compare",
    "evaluate": "foreword.evaluation.evaluate",
    "load": "foreword.predictor.predictor",
    "train": "foreword.training.run",
}
_ROOMS = ("memory",)
"""Parts of the library that are imported when they are first used."""


def __getattr__(name: str) -> Any:
    """Imports a public function when it is first used, so that `load` never brings PyTorch."""
    home = _HOME.get(name)
    if home is None and name not in _ROOMS:
        raise AttributeError(f"module 'foreword' has no attribute {name!r}")
    try:
        if home is None:
            return import_module(f"foreword.{name}")
        return getattr(import_module(home), name)
    except ModuleNotFoundError as error:
        if error.name == "torch":
            raise MissingExtraError(f"foreword.{name}", "train") from error
        raise


def __dir__() -> list[str]:
    return sorted(__all__)
