"""Quality and gradients of translation models by the length of the source."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.translator.models import TEXTS

from foreword.evaluation.lengths import gradient_norms, measures_by_length
from foreword.folder.translation import TranslationConfig
from foreword.text.subwords import Subwords
from foreword.translation.model import TranslationModel

SUBWORDS = Subwords.train(TEXTS * 9, 300)
SOURCE, TARGET = "die Katze saß", "the cat sat"
CONFIG = TranslationConfig(
    cell="gru", vocab_size=SUBWORDS.size, embedding_size=8, hidden_size=8, bidirectional=False
)


def model_of(**changes: object) -> TranslationModel:
    return TranslationModel(replace(CONFIG, **changes), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("changes", [{}, {"attention": "none"}, {"reverse_source": True}])
def test_the_gradient_at_a_word_is_that_of_finite_differences(changes: dict[str, object]) -> None:
    model = model_of(**changes).double()
    norms = gradient_norms(model, SUBWORDS, SOURCE, TARGET)
    ids, expected = SUBWORDS.encode(SOURCE), SUBWORDS.encode(TARGET)
    first, last = SUBWORDS.encode("die"), SUBWORDS.encode("sat")
    assert ids[: len(first)] == first
    embedded = model.embedded(torch.tensor([*ids, SUBWORDS.end])[:, None]).detach()

    def loss(x: torch.Tensor) -> float:
        memory, states = model.encode_embedded(x, torch.tensor([len(ids) + 1]))
        inputs = torch.tensor([SUBWORDS.start, *expected[:-1]])[:, None]
        scores = model.scores(model.features(inputs, states, memory)[0][:, 0]).log_softmax(1)
        places = range(len(expected) - len(last), len(expected))
        return float(-sum(scores[t, expected[t]] for t in places))

    differences = []
    with torch.no_grad():
        for step in range(len(first)):
            for unit in range(8):
                up, down = embedded.clone(), embedded.clone()
                up[step, 0, unit] += 1e-5
                down[step, 0, unit] -= 1e-5
                differences.append((loss(up) - loss(down)) / 2e-5)
    assert norms[0] == pytest.approx(np.linalg.norm(differences), rel=1e-4)
    assert len(norms) == 3


def test_short_and_long_sources_are_measured_apart() -> None:
    sources = ["die Katze", "ein Hund", "die Katze saß auf der Matte", "ein Hund, ein Hund"]
    good = "the cat sat on the mat"

    rows = measures_by_length(model_of(), SUBWORDS, sources, [good, good, "a", "a"], [good] * 4)

    assert [(row.words, row.pairs) for row in rows] == [("2-3", 2), ("4-4", 1), ("5-6", 1)]
    assert rows[0].bleu == pytest.approx(100)
    assert max(row.bleu for row in rows[1:]) < 10
    assert all(row.gradient > 0 and 0 < row.share < 1 for row in rows)
