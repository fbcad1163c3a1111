"""Attributions sum to what they explain; erasure is what leaving a word out costs."""

import numpy as np
import pytest
import torch
from tests.conftest import MakeFolder

from foreword.inspect import attribute, read, subject_of
from foreword.inspect.attribution import CONTEXT, chosen
from foreword.inspect.subject import Subject
from foreword.inspect.trace import TextTrace, trace_reading
from foreword.models.mlp import MLPModel
from foreword.predictor.predictor import Predictor

TEXT = "the cat sat on a mat ; I would like to , don't !"
EVERY = ["rnn", "lstm", "lstm-peephole", "lstm-peephole-only", "lstm-coupled", "gru", "mlp-window"]


def double(make_folder: MakeFolder, name: str, text: str = TEXT, **sizes: object) -> TextTrace:
    options = {"context_words": 3} if name == "mlp-window" else {}
    subject = subject_of(Predictor(make_folder(name, **options, **sizes)))
    # Its weights are drawn so large that words differ clearly; halved, integrals are still smooth.
    network = subject.network.double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(0.5)
    subject = Subject(network, subject.tokenizer, subject.config)
    return trace_reading(subject, read(subject.tokenizer, text))


@pytest.mark.parametrize("name", EVERY)
def test_what_words_earned_sums_to_the_difference_that_it_explains(
    name: str, make_folder: MakeFolder
) -> None:
    for actual in attribute(double(make_folder, name), [5, 11]):
        assert actual.integrated is not None
        assert np.abs(actual.integrated).sum() > 0.01
        assert actual.integrated.sum() == pytest.approx(actual.difference, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("name", EVERY)
def test_the_difference_and_erasure_are_those_of_runs_with_zeroed_embeddings(
    name: str, make_folder: MakeFolder
) -> None:
    traced = double(make_folder, name)
    (actual,) = attribute(traced, [8])
    network = traced.subject.network
    count = 3 if isinstance(network, MLPModel) else 9
    assert (actual.at, actual.first) == (8, 9 - count)
    assert actual.log_probability == pytest.approx(traced.predictions.came[8], abs=1e-9)

    def log_p(zeroed: list[int]) -> float:
        embedded = network.embedding.weight[traced.reading.inputs[:9]].detach().clone()
        embedded[zeroed] = 0
        start = network.start(1)
        with torch.no_grad():
            hidden, _ = network.hidden_states(embedded, traced.reading.inputs[:9], start)
            weight, bias = network.output_layer()
            scores = network.projected(hidden[-1]) @ weight.T + bias
        return float(scores.log_softmax(1)[0, actual.target])

    words = range(actual.first, 9)
    assert actual.baseline == pytest.approx(log_p([*words]), abs=1e-9)
    whole = log_p([])
    expected = [whole - log_p([k]) for k in words]
    np.testing.assert_allclose(actual.erased, expected, atol=1e-9)


def test_a_word_that_a_window_cannot_see_earns_nothing_and_is_not_asked(
    make_folder: MakeFolder,
) -> None:
    (actual,) = attribute(double(make_folder, "mlp-last"), [6])
    assert (actual.first, len(actual.erased)) == (6, 1)
    assert actual.agreement is None


def test_words_far_back_count_as_given(make_folder: MakeFolder) -> None:
    traced = double(make_folder, "lstm", " ".join(["the cat sat on"] * 30))
    (actual,) = attribute(traced, [100])
    assert len(actual.erased) == CONTEXT
    assert actual.log_probability == pytest.approx(traced.predictions.came[100], abs=1e-9)
    assert actual.integrated is not None
    assert actual.integrated.sum() == pytest.approx(actual.difference, rel=1e-3, abs=1e-3)


def test_agreement_is_the_rank_correlation_with_erasure(make_folder: MakeFolder) -> None:
    (actual,) = attribute(double(make_folder, "gru"), [10])
    assert actual.integrated is not None
    a, b = (np.argsort(np.argsort(v)) for v in (actual.integrated, actual.erased))
    n = len(a)
    by_formula = 1 - 6 * ((a - b) ** 2).sum() / (n * (n**2 - 1))
    assert actual.agreement == pytest.approx(by_formula)


def test_predictions_worth_asking_about_are_spread_and_end_with_the_last(
    make_folder: MakeFolder,
) -> None:
    traced = double(make_folder, "lstm", " ".join(["the cat sat on a mat ;"] * 10))
    places = chosen(traced)
    assert len(places) == len(set(places)) == 8
    assert places == sorted(places)
    assert places[-1] == len(traced.reading) - 2
    assert chosen(double(make_folder, "lstm", "")) == []


def test_there_is_no_attribution_of_what_did_not_come(make_folder: MakeFolder) -> None:
    with pytest.raises(IndexError, match="no word after word 14"):
        attribute(double(make_folder, "lstm"), [14])


def test_without_captum_erasure_remains(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "captum.attr", None)
    (actual,) = attribute(double(make_folder, "lstm"), [5])
    assert actual.integrated is None
    assert actual.agreement is None
    assert len(actual.erased) == 6
