"""Foreword: next-word prediction with recurrent neural networks, trained on your own text.

    import foreword

    foreword.train(["notes.txt"], out="my-model", minutes=5)
    foreword.load("my-model").predict("I would like to", k=3)

`load`, everything that it returns, `compress` and `export` run without PyTorch; `train`,
`federate`, `evaluate`, `compare` and `inspect` need the extra `foreword[train]`, `tune` needs
`foreword[tune]`, `pack` `foreword[pack]`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from foreword.errors import (
    FolderError,
    ForewordError,
    MissingExtraError,
    PersonalError,
    SettingsError,
    TextError,
    TrainingError,
)

if TYPE_CHECKING:
    from foreword import inspect, memory
    from foreword.comparison.compare import compare
    from foreword.compression.compress import compress
    from foreword.evaluation.evaluate import evaluate
    from foreword.exporting.export import export
    from foreword.federated.simulation import federate
    from foreword.packaging.pack import pack
    from foreword.training.prepare import prepare
    from foreword.training.run import train
    from foreword.translator.loading import load
    from foreword.tuning.search import tune

__all__ = [
    "FolderError",
    "ForewordError",
    "MissingExtraError",
    "PersonalError",
    "SettingsError",
    "TextError",
    "TrainingError",
    "compare",
    "compress",
    "evaluate",
    "export",
    "federate",
    "inspect",
    "load",
    "memory",
    "pack",
    "prepare",
    "train",
    "tune",
]

_HOME = {
    "compare": "foreword.comparison.compare",
    "compress": "foreword.compression.compress",
    "evaluate": "foreword.evaluation.evaluate",
    "export": "foreword.exporting.export",
    "federate": "foreword.federated.simulation",
    "load": "foreword.translator.loading",
    "pack": "foreword.packaging.pack",
    "prepare": "foreword.training.prepare",
    "train": "foreword.training.run",
    "tune": "foreword.tuning.search",
}
_ROOMS = ("inspect", "memory")
"""Parts of the library that are imported when they are first used."""


def __getattr__(name: str) -> Any:
    """Imports a public function or package when it is first used; `load` never imports PyTorch."""
    if name not in _HOME and name not in _ROOMS:
        raise AttributeError(f"module 'foreword' has no attribute {name!r}")
    try:
        if name in _ROOMS:
            return import_module(f"foreword.{name}")
        return getattr(import_module(_HOME[name]), name)
    except ModuleNotFoundError as error:
        if error.name == "torch":
            raise MissingExtraError(f"foreword.{name}", "train") from error
        raise


def __dir__() -> list[str]:
    return sorted(__all__)
