"""A cell that Foreword does not come with, from one file, all the way through."""

import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-cell.md"
WAY = """
import shlex
from pathlib import Path

import foreword.cells
foreword.cells.__path__.append("cells")

import numpy as np
import torch
import foreword
from matplotlib.figure import Figure
from typer.testing import CliRunner
from foreword.cli.app import app
from foreword.cells.registry import MODELS
from foreword.conformance.capabilities import by_cell
from foreword.nn import Recurrent

assert "lstm-softsign" in MODELS
running = by_cell()["lstm-softsign"]
assert [name for name, why in running.items() if why is None] == ["reference"], running

torch.manual_seed(0)
ours, lstm = Recurrent("lstm-softsign", 3, 4), Recurrent("lstm", 3, 4)
lstm.load_state_dict(ours.state_dict())
x = torch.randn(6, 2, 3)
assert not torch.allclose(ours(x)[0], lstm(x)[0], atol=1e-3)
with torch.no_grad():
    assert not torch.allclose(ours(x)[0], lstm(x)[0], atol=1e-3)

sizes = {"hidden_size": 8, "embedding_size": 8, "vocab_size": 200}
outcome = foreword.train("text.txt", out="model", model="lstm-softsign", steps=3, **sizes)
assert outcome.config.model.name == "lstm-softsign"
assert "softsign" in Path("model/README.md").read_text()
foreword.train("text.txt", out="plain", model="lstm", steps=3, **sizes)

# The figures are made, but not painted: that takes as long as all the rest.
Figure.savefig = lambda self, path, **more: Path(path).touch()
runner = CliRunner()
for words in (
    "evaluate model text.txt",
    "info model",
    "inspect model 'the cat sat on' --out look",
    "compress model --out small --text text.txt",
    "check --kernel reference --cell lstm-softsign --repeats 1 --dtype float32",
):
    done = runner.invoke(app, shlex.split(words))
    assert done.exit_code == 0, (words, done.output, repr(done.exception))
assert "lstm-softsign" in Path("look/index.html").read_text()
compared = foreword.compare(
    "text.txt", valid="text.txt", models=["lstm-softsign"], minutes=0.01, vocab_size=200
)
assert compared.rows[0].model == "lstm-softsign"
from foreword.comparison.plot import plot
plot(compared, Path("plot.png"), "text")
assert foreword.memory.experiment("adding", cell="lstm-softsign", lag=4, steps=2)
small = foreword.load("small").read("the cat sat")

predictor = foreword.load("model")
state = predictor.read("the cat sat")
other = foreword.load("plain").read("the cat sat")
assert not np.allclose(state.parts[0], other.parts[0], atol=1e-4)

assert np.allclose(small.parts[0], state.parts[0], atol=0.1)

# An option of a cell is a setting of its own, stays in the model, and is no other cell's.
from foreword.training.catalogue import described

assert described()["softness"].range == ">= 0.1, <= 10"
foreword.train("text.txt", out="softer", model="lstm-softer", softness=3.0, steps=2, **sizes)
assert foreword.load("softer").config.model.cell.chosen == {"softness": 3.0}
assert "softness 3.0" in Path("softer/README.md").read_text()
assert "softness 3.0" in runner.invoke(app, ["info", "softer"]).output
refused = runner.invoke(app, shlex.split("train text.txt --out x --model lstm --set softness=3"))
assert "softness is for lstm-softer, not lstm" in repr(refused.exception)
"""

WITH_OPTION = """
from typing import ClassVar
from foreword.cells.cell import Option
from foreword.cells.softsign import SoftsignLSTMCell

class SofterLSTMCell(SoftsignLSTMCell):
    name = "lstm-softer"
    options: ClassVar = {"softness": Option("How soft.", 1.0, least=0.1, most=10)}

    def step(self, x, state, w, seen=None):
        (h, c), gates = super().step(x / self.softness, state, w, seen)
        return (h, c), gates
"""


def code_of_the_page() -> str:
    return PAGE.read_text("utf-8").split("```python\n")[1].split("```")[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "softsign.py").write_text(code_of_the_page(), "utf-8")
    (tmp_path / "cells" / "softer.py").write_text(WITH_OPTION, "utf-8")
    lines = ["the cat sat on the mat.", "a dog ran to the door.", "we like the sun and the sea."]
    (tmp_path / "text.txt").write_text("\n".join(lines * 60), "utf-8")
    return tmp_path


def test_the_page_s_cell_is_trained_saved_predicted_and_run_by_no_other_s_loops(
    folder: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WAY], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("no kernel declares the cell lstm-softsign") == 1, done.stderr
