from pathlib import Path

import pytest
import torch

import foreword
from foreword.folder.config import ModelName
from foreword.training.checkpoint import latest

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.mark.parametrize("name", ["lstm", "gru", "lstm-peephole", "mlp-window"])
def test_training_on_a_gpu_gives_a_model_that_predicts_and_resumes(
    name: ModelName, tmp_path: Path
) -> None:
    (tmp_path / "text.txt").write_text("the cat sat on the mat .\n" * 900)
    options = {"out": tmp_path / "m", "device": "cuda", "hidden_size": 16}
    foreword.train([tmp_path / "text.txt"], model=name, steps=60, **options)
    foreword.train(out=tmp_path / "m", resume=True, steps=80)
    assert latest(tmp_path / "m").step == 80
    assert foreword.load(tmp_path / "m").predict("the cat sat on the", k=1)[0].word
