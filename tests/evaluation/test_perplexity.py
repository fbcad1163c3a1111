import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import foreword
from foreword.errors import SettingsError, TextError
from foreword.evaluation import perplexity
from foreword.evaluation.perplexity import score
from foreword.folder.config import FolderConfig, ModelConfig
from foreword.folder.saving import write_folder
from foreword.models.build import build, weights_of
from foreword.models.model import NextWordModel
from foreword.text.tokenizer import EOS_ID, UNK_ID, Tokenizer, TokenizerConfig

V = 12


def model_of(name: str = "lstm") -> NextWordModel:
    config = ModelConfig(name=name, vocab_size=V, embedding_size=6, hidden_size=5)
    model = build(config, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4)
    return model


def slow_score(model: NextWordModel, ids: list[int], *, reset: bool) -> dict[str, float]:
    """Word by word from the probabilities, in double precision, with a sort for the rank."""
    nats, ranks = 0.0, []
    model.eval()
    with torch.inference_mode():
        state, before = model.start(1), EOS_ID
        for index in ids:
            logits, state = model(torch.tensor([[before]]), state)
            shares = logits[0, 0].double().softmax(0).tolist()
            nats -= math.log(shares[index])
            order = sorted((w for w in range(V) if w != UNK_ID), key=lambda w: -shares[w])
            ranks.append(order.index(index) + 1 if index != UNK_ID else math.inf)
            before = index
            if reset and index == EOS_ID:
                state = model.start(1)
    return {
        "nats": nats,
        "top1": sum(rank <= 1 for rank in ranks),
        "top3": sum(rank <= 3 for rank in ranks),
        "top5": sum(rank <= 5 for rank in ranks),
        "reciprocal_ranks": sum(1 / rank for rank in ranks),
    }


@settings(deadline=None, max_examples=30)
@given(
    ids=st.lists(st.integers(0, V - 1), min_size=1, max_size=60),
    reset=st.booleans(),
    window=st.integers(1, 20),
)
def test_scores_equal_those_computed_word_by_word_from_the_probabilities(
    ids: list[int], reset: bool, window: int
) -> None:
    model = model_of()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(perplexity, "WINDOW_WORDS", window)
        patch.setattr(perplexity, "CHUNK_ROWS", 3)
        actual = score(model, np.array(ids), reset="sentence" if reset else "never")
    expected = slow_score(model, ids, reset=reset)
    assert actual.words == len(ids)
    for name, value in expected.items():
        assert getattr(actual, name) == pytest.approx(value, rel=1e-5), name
    assert actual.perplexity == pytest.approx(math.exp(expected["nats"] / len(ids)), rel=1e-5)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, V - 1), min_size=1, max_size=60), st.integers(1, 9))
def test_reading_in_several_streams_predicts_every_word_once(ids: list[int], streams: int) -> None:
    model = model_of("mlp-last")  # sees one word back, so that streams lose it nothing
    one, many = score(model, np.array(ids)), score(model, np.array(ids), streams=streams)
    assert many.words == len(ids)
    assert many.nats == pytest.approx(one.nats, rel=1e-5)
    assert many.top3 == one.top3


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.integers(0, V - 1), min_size=1, max_size=60), st.integers(1, 9), st.integers(1, 40)
)
def test_a_sample_is_spread_over_the_whole_text(ids: list[int], streams: int, words: int) -> None:
    model = model_of("mlp-last")
    sample = score(model, np.array(ids, dtype=np.uint16), streams=streams, words=words)
    streams = min(streams, len(ids))
    distance, length = math.ceil(len(ids) / streams), math.ceil(words / streams)
    counted = [p for p in range(len(ids)) if p % distance < length]
    before = [EOS_ID, *ids]
    nats = 0.0
    for p in counted:
        logits, _ = model(torch.tensor([[before[p]]]), model.start(1))
        nats -= float(logits[0, 0].detach().log_softmax(0)[ids[p]])
    assert sample.words == len(counted)
    assert sample.nats == pytest.approx(nats, rel=1e-4)


def test_a_passage_begins_with_the_states_of_the_words_before_it() -> None:
    model, ids = model_of(), np.random.default_rng(0).integers(3, V, 40)
    second = score(model, ids).nats - score(model, ids[:20]).nats
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(perplexity, "WARM_WORDS", 20)
        both = score(model, ids, streams=2).nats
        # The first passage is read after twenty line ends.
        first = (
            score(model, np.r_[[EOS_ID] * 20, ids[:20]]).nats
            - score(model, np.array([EOS_ID] * 20)).nats
        )
    assert both == pytest.approx(first + second, rel=1e-4)


def test_the_state_is_carried_through_the_text_unless_reset() -> None:
    ids = np.array([3, 4, EOS_ID, 5, 6, EOS_ID] * 5)
    assert score(model_of(), ids).nats != pytest.approx(
        score(model_of(), ids, reset="sentence").nats, rel=1e-6
    )


def test_an_ideal_model_has_perplexity_one_and_a_blind_one_that_of_the_vocabulary() -> None:
    model = model_of("mlp-last")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    ids = np.random.default_rng(0).integers(0, V, 500)
    assert score(model, ids).perplexity == pytest.approx(V)
    with torch.no_grad():
        model.decoder.bias[7] = 50.0
    assert score(model, np.full(20, 7)).perplexity == pytest.approx(1.0)


def test_the_model_is_left_in_its_mode_and_progress_reaches_the_end() -> None:
    model = model_of().train()
    seen: list[tuple[int, int]] = []
    score(model, np.arange(2, V), progress=lambda done, total: seen.append((done, total)))
    assert model.training
    assert seen[-1] == (V - 2, V - 2)


def test_an_empty_text_is_refused() -> None:
    with pytest.raises(TextError, match="no words"):
        score(model_of(), np.array([], dtype=np.int64))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tokenizer = Tokenizer(["<unk>", "<eos>", *"abcdefghij"], TokenizerConfig())
    model = model_of()
    config = FolderConfig(model=model.config, tokenizer=tokenizer.config)
    write_folder(tmp_path / "m", config, weights_of(model), tokenizer, "")
    return tmp_path / "m"


def test_evaluating_a_folder_agrees_with_the_predictors_probabilities(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "text.txt").write_text("a b zebra c\n\nd e f\n")
    actual = foreword.evaluate(folder, [tmp_path / "text.txt"])
    predictor = foreword.load(folder)
    state, nats = predictor.start(), 0.0
    for word in ["a", "b", "zebra", "c", "<eos>", "d", "e", "f", "<eos>"]:
        index = EOS_ID if word == "<eos>" else predictor.tokenizer.id_of(word)
        nats -= math.log(predictor.probabilities(state)[index])
        state = predictor.advance(state, word)
    assert actual.words == 9
    assert actual.cross_entropy_nats == pytest.approx(nats / 9, rel=1e-4)
    assert actual.cross_entropy_bits == pytest.approx(nats / 9 / math.log(2), rel=1e-4)
    assert actual.perplexity == pytest.approx(math.exp(nats / 9), rel=1e-4)
    assert actual.out_of_vocabulary == pytest.approx(1 / 7)
    assert actual.words_per_second > 0


def test_a_text_must_be_given(folder: Path) -> None:
    with pytest.raises(SettingsError, match="give a text"):
        foreword.evaluate(folder)
