from pathlib import Path

import numpy as np
import pytest
import torch
from tests.needs import needs

import foreword
from foreword.folder.config import ModelConfig, ModelName
from foreword.models.build import build
from foreword.models.model import Regularisation
from foreword.text.windows import StreamWindows
from foreword.training.checkpoint import latest
from foreword.training.graphs import Graphs
from foreword.training.objective import NextWords
from foreword.training.progress import Event, StepProgress
from foreword.training.settings import settings_from
from foreword.training.trainer import Run, train

pytestmark = [
    pytest.mark.gpu,
    needs("gpu"),
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


@pytest.mark.parametrize("name", ["lstm", "gru", "lstm-peephole", "mlp-window"])
def test_replayed_steps_are_those_that_are_launched_one_by_one(name: ModelName) -> None:
    def losses(replays: bool) -> list[float]:
        settings = settings_from({"steps": 40, "learning_rate": 6e-3, "device": "cuda"})
        config = ModelConfig(
            name=name,
            vocab_size=50,
            embedding_size=16,
            hidden_size=32,
            num_layers=2,
            context_words=3 if name == "mlp-window" else 1,
        )
        drop = Regularisation(
            input=0.2, hidden=0.2, output=0.2, recurrent=0.2, embedding=0.1, activation=1.0
        )
        model = build(config, drop, torch.Generator().manual_seed(7)).cuda()
        generator = torch.Generator("cuda").manual_seed(7)
        model.use_generator(generator)
        ids = np.random.default_rng(0).integers(1, 50, 5000) % np.tile([49, 5, 7, 9, 11], 1000)
        windows = StreamWindows(ids, batch_size=8, window=12, jitter=False, seed=7)
        run = Run(NextWords(model, windows, settings, generator), settings, generator)
        if not replays:
            run.objective._work = run.objective._gradients
        actual: list[float] = []

        def note(event: Event) -> None:
            if isinstance(event, StepProgress):
                actual.append(event.loss)

        train(run, validate=None, save=lambda *_: None, should_stop=lambda: False, report=note)
        if replays:
            assert isinstance(run.objective._work, Graphs)
            assert run.objective._work.failure is None
            assert run.objective._work.recordings > 0
        return actual

    one_by_one = losses(replays=False)
    assert losses(replays=True) == pytest.approx(one_by_one, rel=2e-3)
    assert one_by_one[-1] < one_by_one[0]
