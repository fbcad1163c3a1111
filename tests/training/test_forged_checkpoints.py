"""A checkpoint that anybody may have written is refused with a sentence, or gone on with."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foreword
from foreword.errors import TrainingError
from foreword.folder.files import read_tensors, write_tensors
from foreword.training.checkpoint import FILES, FOLDER

Arrays = dict[str, np.ndarray]
Document = dict[str, Any]
Forge = Callable[[Arrays, Document], object]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    (folder / "a.txt").write_text("the cat sat on the mat\n" * 20)
    foreword.train(
        folder / "a.txt", out=folder / "m", valid=folder / "a.txt", hidden_size=4, batch_size=2,
        window=4, steps=2, validations=1, threads=1, dropout=0.0, learning_rate=0.01,
    )  # fmt: skip
    return folder / "m"


def moment(key: str) -> str:
    return f"optimiser/embedding.weight/{key}"


@pytest.mark.parametrize(
    "forge",
    [
        lambda _, document: document.clear(),
        lambda _, document: document.update(version=1, position=[]),
        lambda _, document: document["position"].update(step="x"),
        lambda _, document: document["watch"].update(best={}),
        lambda _, document: document["windows"].clear(),
        lambda _, document: document["windows"].update(turns=[{}]),
        lambda _, document: document["windows"].update(parts=[0, 0]),
        lambda _, document: document["windows"].update(position=10**30),
        lambda _, document: document.update(settings=[3]),
        lambda _, document: document.update(text=7),
        lambda arrays, _: arrays.pop(moment("exp_avg")),
        lambda arrays, _: arrays.update({moment("step"): np.zeros(3, np.float32)}),
        lambda arrays, _: arrays.update({moment("exp_avg_sq"): np.zeros((2, 2), np.float32)}),
        lambda arrays, _: arrays.update({"best/embedding.weight": np.zeros(3, np.float32)}),
        lambda arrays, _: arrays.update({"generator": np.zeros(3, np.uint8)}),
    ],
)
def test_a_checkpoint_of_no_run_is_refused(run: Path, tmp_path: Path, forge: Forge) -> None:
    folder = shutil.copytree(run, tmp_path / "m")
    (file,) = (folder / FOLDER).glob(FILES)
    arrays, metadata = read_tensors(file)
    changed = {name: np.array(array) for name, array in arrays.items()}
    document = json.loads(metadata["foreword-checkpoint"])
    forge(changed, document)
    write_tensors(file, changed, {"foreword-checkpoint": json.dumps(document)})
    with pytest.raises(TrainingError, match=r"Train (it )?anew|train anew"):
        foreword.train(out=folder, resume=True, steps=3)
