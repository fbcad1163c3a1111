"""Everything a run needs to go on bit for bit, as one value and as one file. No loops, no text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from foreword.errors import FolderError, TrainingError
from foreword.folder.files import read_tensors, write_tensors

FOLDER = "training"
FILES = "step-*.safetensors"
VERSION = 1
_DOCUMENT = "foreword-checkpoint"


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
        """Training steps done."""
        return int(self.document["position"]["step"])

    def group(self, name: str) -> dict[str, np.ndarray]:
        """The arrays whose names begin with `name/`, without that beginning."""
        prefix = f"{name}/"
        return {k.removeprefix(prefix): v for k, v in self.arrays.items() if k.startswith(prefix)}

    def write(self, model_folder: Path) -> Path:
        """Writes a new file, then removes older ones: a kill at any moment leaves one whole."""
        folder = model_folder / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"step-{self.step:08d}.safetensors"
        document = json.dumps({"version": VERSION, **self.document}, allow_nan=False)
        write_tensors(path, self.arrays, {_DOCUMENT: document})
        for other in [*folder.glob(FILES), *folder.glob(".step-*")]:
            if other != path:  # an older one, or one that a kill left unfinished
                other.unlink()
        return path


def saved(model_folder: Path) -> frozenset[tuple[str, int]]:
    """What tells checkpoints that are there from later ones: their names and times."""
    found = (model_folder / FOLDER).glob(FILES)
    return frozenset((path.name, path.stat().st_mtime_ns) for path in found)


def latest(model_folder: Path) -> Checkpoint:
    """The newest whole checkpoint of a model folder.

    Raises:
        TrainingError: there is none, or none can be read; says what is wrong with each.
    """
    faults = []
    for path in sorted((model_folder / FOLDER).glob(FILES), reverse=True):
        try:
            arrays, metadata = read_tensors(path)
            document = json.loads(metadata[_DOCUMENT])
        except (FolderError, KeyError, json.JSONDecodeError) as error:
            faults.append(f"{path}: {error}")
            continue
        if document.pop("version", None) != VERSION:
            faults.append(f"{path}: made by another version of Foreword")
            continue
        return Checkpoint(arrays, document)
    if faults:
        raise TrainingError("no checkpoint can be read: " + "; ".join(faults))
    raise TrainingError(
        f"{model_folder} has no checkpoint to resume from. Train it anew, without --resume."
    )
