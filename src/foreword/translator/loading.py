"""`foreword.load`: load a model of either kind. No torch."""

from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar, overload

from foreword.errors import FolderError
from foreword.folder.installed import find_folder
from foreword.predictor import predictor
from foreword.predictor.predictor import Predictor

if TYPE_CHECKING:
    from foreword.translator.translator import Translator

Model = TypeVar("Model", Predictor, "Translator")


@overload
def load(folder: str | PathLike[str], *, threads: int | None = None) -> Any: ...


@overload
def load(
    folder: str | PathLike[str], kind: type[Model], *, threads: int | None = None
) -> Model: ...


def load(
    folder: str | PathLike[str],
    kind: Any = None,
    *,
    threads: int | None = None,
) -> Any:
    """Load the model in a folder, or an installed model by its name.

    Args:
        folder: the path or name.
        kind: `Predictor` for a next-word model, or `Translator`: the kind of model that the folder
            must hold, which type checkers then know too. None: a `Predictor` or a `Translator`,
            depending on the folder.
        threads: the number of threads that share long work of a `Predictor`; None: one per
            available core.

    Raises:
        FolderError: the folder is missing, damaged, written by a newer Foreword, or holds a model
            of the other kind.
    """
    if kind is None or issubclass(kind, Predictor):
        try:
            return predictor.load(folder, threads=threads)
        except FolderError:
            if kind is not None or not _translates(folder):
                raise
    from foreword.translator.translator import Translator  # so that predicting starts without it

    return Translator.load(folder)


def _translates(folder: str | PathLike[str]) -> bool:
    from foreword.folder.translation_store import holds_translation

    try:
        return holds_translation(find_folder(folder))
    except FolderError:
        return False
