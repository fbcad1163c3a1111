"""Everything needed to resume a run bit for bit, as a value and as a file. No loops, no text."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from foreword.errors import FolderError, TrainingError
from foreword.folder.adopting import RUN, STAGED
from foreword.folder.files import read_header, read_tensors, write_tensors
from foreword.folder.store import holds_model
from foreword.training.shortage import is_of_machine
from foreword.visible import shown

FOLDER = RUN
FILES = "step-*.safetensors"
VERSION = 1
_DOCUMENT = "foreword-checkpoint"
_ANEW = "Train anew: in another folder, or here with --overwrite instead of --resume."


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run between two steps.

    arrays: weights, optimiser moments, hidden state, random states, and the best weights so far.
    document: JSON data: counters, the cursor in the text, the settings.
    """

    arrays: Mapping[str, np.ndarray]
    document: Mapping[str, Any]

    @property
    def step(self) -> int:
        """The number of training steps done."""
        return int(self.document["position"]["step"])

    def group(self, name: str) -> dict[str, np.ndarray]:
        """Return the arrays whose names begin with `name/`, without that beginning."""
        prefix = f"{name}/"
        return {k.removeprefix(prefix): v for k, v in self.arrays.items() if k.startswith(prefix)}

    def write(self, model_folder: Path) -> Path:
        """Write a new file, then remove older ones: a kill at any moment leaves one intact."""
        folder = model_folder / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"step-{self.step:08d}.safetensors"
        document = json.dumps({"version": VERSION, **self.document}, allow_nan=False)
        write_tensors(path, self.arrays, {_DOCUMENT: document})
        for other in [*folder.glob(FILES), *folder.glob(".step-*")]:
            if other != path:  # an older one, or one that a kill left unfinished
                other.unlink()
        return path


def staged(model_folder: Path) -> Path:
    """Return the folder of a run that is to replace a folder's model, once it is good enough."""
    return model_folder / FOLDER / STAGED


def home(model_folder: Path) -> Path:
    """Return the folder of a run: that of its model, or one in the model that it will replace."""
    apart = staged(model_folder)
    return apart if holds_model(apart) else model_folder


def saved(model_folder: Path) -> frozenset[tuple[str, int]]:
    """Return the names and times of checkpoints, to recognise later ones."""
    return frozenset(
        (str(path), path.stat().st_mtime_ns)
        for folder in (model_folder, staged(model_folder))
        for path in (folder / FOLDER).glob(FILES)
    )


def has_begun(model_folder: Path) -> bool:
    """Return whether a folder has a run that could be continued."""
    return any((home(model_folder) / FOLDER).glob(FILES))


def begun_by(run_folder: Path) -> str | None:
    """Return torchrun's name of the run whose checkpoint is the newest, if there is one."""
    for path in sorted((run_folder / FOLDER).glob(FILES), reverse=True):
        with suppress(FolderError, KeyError, TypeError, ValueError, RecursionError):
            document = dict(json.loads(read_header(path)[1][_DOCUMENT]))
            return document.get("launch")
    return None


def refuse_without_checkpoint(model_folder: Path) -> None:
    """Refuse to resume if there is no run to continue, without reading the checkpoint.

    Raises:
        TrainingError: what is wrong, and what to do.
    """
    checkpoints = sorted((home(model_folder) / FOLDER).glob(FILES), reverse=True)
    faults = []
    for path in checkpoints:
        try:
            read_header(path)
        except FolderError as error:
            faults.append(str(error))
        else:
            return
    raise _none(model_folder, faults)


def latest(model_folder: Path) -> Checkpoint:
    """Return the newest intact checkpoint of a model folder.

    Raises:
        TrainingError: there is none, or none can be read; says what is wrong with each.
    """
    faults = []
    for path in sorted((model_folder / FOLDER).glob(FILES), reverse=True):
        try:
            arrays, metadata = read_tensors(path)
            document = dict(json.loads(metadata[_DOCUMENT]))
        except (FolderError, KeyError, TypeError, ValueError, RecursionError) as error:
            faults.append(f"{path}: {error}")
            continue
        if document.pop("version", None) != VERSION:
            faults.append(f"{path}: made by another version of Foreword")
            continue
        return Checkpoint(arrays, document)
    raise _none(model_folder, faults)


def forget(model_folder: Path) -> None:
    """Remove the checkpoints of a run that has ended; it cannot be continued afterwards."""
    for path in (model_folder / FOLDER).glob(FILES):
        path.unlink()


@contextmanager
def usable(model_folder: Path) -> Iterator[None]:
    """Use a checkpoint that may have been written by anybody.

    Raises:
        TrainingError: it is incomplete, or contains something other than a run.
        RuntimeError: the machine failed, not the checkpoint: see `is_of_machine`.
    """
    try:
        yield
    except (
        AttributeError,
        LookupError,
        OverflowError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        if is_of_machine(error):
            raise
        raise TrainingError(
            f"the checkpoint of {model_folder} is of no run that could be continued "
            f"({type(error).__name__}: {shown(str(error))[:200]}). {_ANEW}"
        ) from error


def _none(model_folder: Path, faults: Sequence[str]) -> TrainingError:
    anew = _ANEW if holds_model(model_folder) else "Train it anew, without --resume."
    if faults:
        return TrainingError(f"no checkpoint can be read: {'; '.join(faults)}. {anew}")
    hint = "" if model_folder.exists() else ": there is no such folder"
    return TrainingError(f"{model_folder} has no checkpoint to resume from{hint}. {anew}")
