"""Sentences that are planted, and their exposure, held against ranks by brute force."""

import itertools
import math

import numpy as np
import pytest
import torch

from foreword.errors import SettingsError
from foreword.federated.canaries import LENGTH, Canaries, drawn, exposures, planted
from foreword.federated.people import People
from foreword.federated.settings import FederatedSettings
from foreword.folder.config import ModelConfig
from foreword.models.build import build
from foreword.models.model import NextWordModel

EOS = 1
WORDS = range(2, 6)


def probability(model: NextWordModel, sentence: tuple[int, ...]) -> float:
    """The product of each word's probability, one word after the other."""
    product, state = 1.0, model.start(1)
    for before, word in itertools.pairwise((EOS, *sentence)):
        logits, state = model(torch.tensor([[before]]), state)
        product *= float(torch.softmax(logits.double().flatten(), 0)[word])
    return product


@torch.no_grad()
def test_exposure_is_the_rank_among_all_sentences_of_the_form() -> None:
    config = ModelConfig(name="lstm", vocab_size=6, embedding_size=5, hidden_size=5)
    model = build(config, generator=torch.Generator().manual_seed(3))
    for parameter in model.parameters():
        parameter.mul_(6.0)  # so that probabilities differ
    every = sorted(itertools.product(WORDS, repeat=3), key=lambda s: -probability(model, s))
    for rank in (1, 2, 23, 64):
        others = [sentence for sentence in every if sentence != every[rank - 1]]
        canaries = Canaries(np.array([every[rank - 1]]), np.array([[0]]), 1, np.array(others))
        assert exposures(model, canaries) == (pytest.approx(math.log2(64 / rank)),)
    assert model.training


def test_canaries_are_lines_of_their_own_in_the_text_of_those_who_have_them() -> None:
    lines = [[2, 3, EOS], [4, EOS], [5, 5, 5, EOS]]
    text = np.concatenate(lines).astype(np.uint16)
    people = People("people", (text,) * 5, 0, "digest")
    settings = FederatedSettings(canaries=2, canary_people=2, canary_repeats=7)
    canaries = drawn(settings, 1000, 5)
    assert canaries is not None
    assert canaries.sentences.shape == (2, LENGTH)
    assert canaries.sentences.min() >= 2
    assert len(set(canaries.people.flat)) == 4
    after = planted(people, canaries, 1)
    assert after.sha256 == "digest"
    for person, ids in enumerate(after.ids):
        assert ids.dtype == np.uint16
        description = [
            list(map(int, line)) for line in np.split(ids, np.flatnonzero(ids == EOS) + 1)
        ]
        own = [line for line in description[:-1] if line in lines]
        assert own == lines
        having = np.flatnonzero((canaries.people == person).any(1))
        expected = [[*map(int, canaries.sentences[k]), EOS] for k in having for _ in range(7)]
        assert [line for line in description[:-1] if line not in lines] == expected
        assert description[-1] == []


def test_without_canaries_there_are_none_and_too_many_are_refused() -> None:
    assert drawn(FederatedSettings(), 1000, 5) is None
    many = FederatedSettings(canaries=3, canary_people=2)
    with pytest.raises(SettingsError, match="need 6 people, and there are 5"):
        drawn(many, 1000, 5)
