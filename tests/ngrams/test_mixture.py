"""N-grams in compact form, pruned, and mixed with a network."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.typed_texts import random_ngrams
from tests.needs import needs

from foreword.errors import FolderError
from foreword.folder.architecture import NgramConfig
from foreword.folder.saving import write_folder
from foreword.folder.store import NGRAMS, Folder, read_folder
from foreword.ngrams import pruning
from foreword.ngrams.compact import compact, expanded
from foreword.ngrams.kneser_ney import learn
from foreword.ngrams.mixture import WEIGHTS, NgramMixture
from foreword.ngrams.pruning import learn_most_useful
from foreword.ngrams.table import NgramTable
from foreword.predictor.engine import Engine
from foreword.predictor.mixed_network import ngrams_in_c
from foreword.predictor.predictor import Predictor
from foreword.text.tokenizer import EOS_ID

MakeFolder = Callable[..., Folder]
V = 9


def text(seed: int, words: int = 400) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return np.minimum(draw.geometric(0.3, size=words), V - 1)


def after(table: NgramTable, words: list[int]) -> np.ndarray:
    contexts = table.contexts(np.array([EOS_ID, *words])[:, None])
    return table.probabilities([part[-1] for part in contexts])[0]


@settings(deadline=None)
@given(seed=st.integers(0, 99), order=st.integers(1, 5), seen=st.lists(st.integers(0, V - 1)))
def test_compact_n_grams_give_nearly_the_same_probabilities(
    seed: int, order: int, seen: list[int]
) -> None:
    table = learn(text(seed), V, order)
    np.testing.assert_allclose(after(expanded(compact(table)), seen), after(table, seen), rtol=0.2)


def test_pruning_keeps_the_n_grams_whose_loss_costs_most() -> None:
    ids = text(1, 3000)
    whole = learn(ids, V, 3)
    sizes, nats = [], []
    for most in (10_000, 120, 40, 0):
        table = learn_most_useful(ids, V, 3, most)
        sizes.append(sum(len(level.keys) for level in table.levels))
        contexts = [part[:-1, 0] for part in table.contexts(ids[:, None])]
        shares, _ = table.probability_of(contexts, ids[1:])
        nats.append(-np.log(shares).mean())
        assert after(table, [2, 3]).sum() == pytest.approx(1, abs=1e-5)
    assert sizes[0] == sum(len(level.keys) for level in whole.levels)
    assert sizes[3] == 0
    assert sizes == sorted(sizes, reverse=True)
    assert nats == sorted(nats)
    assert nats[1] < nats[3]
    # The n-grams that are left are those of the whole table, with the same shares.
    few = learn_most_useful(ids, V, 3, 120)
    known = dict(zip(whole.levels[0].keys, whole.levels[0].shares, strict=True))
    kept = zip(few.levels[0].keys, few.levels[0].shares, strict=True)
    assert all(known[key] == share for key, share in kept)


def test_a_long_context_keeps_only_so_many_words() -> None:
    table = learn_most_useful(text(2, 3000), V, 4, 10_000, following=2)
    limited = [np.bincount(level.keys // V).max() for level in table.levels]
    assert limited[0] > 2
    assert limited[1:] == [2, 2]
    same = expanded(compact(table))
    assert [level.keys.tolist() for level in same.levels] == [
        level.keys.tolist() for level in table.levels
    ]
    assert pruning.FIRST_LIMITED == 3


@needs("kernels")
@settings(deadline=None)
@given(
    seed=st.integers(0, 30),
    last=st.lists(st.integers(0, 39), min_size=3, max_size=3),
    some=st.lists(st.integers(0, 39), unique=True),
    scored=st.booleans(),
)
def test_the_core_mixes_as_the_equations_say(
    seed: int, last: list[int], some: list[int], scored: bool
) -> None:
    ngrams = NgramMixture(random_ngrams(seed, 40))
    words = np.array(last)
    ids = np.array(some, dtype=np.int64) if scored else None
    scores = np.random.default_rng(seed).normal(size=40 if ids is None else len(ids))
    scores = scores.astype(np.float32)
    expected = ngrams.mixed(scores, words, ids)
    native = ngrams_in_c(ngrams)
    assert native is not None
    native.mix(words, ids, scores)
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-5)


def test_a_mixture_is_the_product_of_powers_of_both(make_folder: MakeFolder) -> None:
    folder = make_folder()
    ids = np.minimum(np.random.default_rng(0).geometric(0.2, 500), folder.model.vocab_size - 1)
    table = learn(ids, folder.model.vocab_size, 3)
    ngrams = NgramMixture.of(table, np.array([0.0, 0.25, 0.5]))
    mixed = Engine(folder.model, folder.weights, ngrams=ngrams)
    alone = Engine(folder.model, folder.weights)
    state, network = [engine.advance(engine.start(), EOS_ID) for engine in (mixed, alone)]
    for word in [4, 2, 5]:
        state, network = mixed.advance(state, word), alone.advance(network, word)
    contexts = [part[-1] for part in ngrams.table.contexts(np.array([[EOS_ID], [4], [2], [5]]))]
    b = ngrams.weights[ngrams.table.known(contexts)[0]]
    q = ngrams.table.probabilities(contexts)[0]
    expected = alone.probabilities(network) ** (1 - b) * q**b
    np.testing.assert_allclose(mixed.probabilities(state), expected / expected.sum(), rtol=1e-4)
    best = mixed.best(state, 3)
    assert [index for index, _ in best] == np.argsort(-expected)[:3].tolist()
    assert mixed.advance_many([state], [3])[0] == mixed.advance(state, 3)
    # What happens inside the network is what happens without n-grams.
    traced, plain = mixed.trace(state, 3), alone.trace(network, 3)
    np.testing.assert_array_equal(traced[0].states["h"], plain[0].states["h"])


def test_a_folder_keeps_n_grams_and_its_states_the_last_words(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    folder = make_folder()
    ngrams = {
        **random_ngrams(1, folder.model.vocab_size),
        WEIGHTS: np.full(4, 0.5, dtype=np.float32),
    }
    write_folder(tmp_path / "m", folder.config, folder.weights, folder.tokenizer, "", ngrams=ngrams)
    read = read_folder(tmp_path / "m")
    assert read.ngrams.keys() == ngrams.keys()
    predictor, plain = Predictor(read), Predictor(folder)
    assert predictor.suggest("the ") != plain.suggest("the ")
    state = predictor.read("the cat")
    again = predictor.state_from_bytes(state.to_bytes())
    assert again == state
    assert predictor.probabilities(again).sum() == pytest.approx(1)
    with pytest.raises(Exception, match="bytes where"):
        plain.state_from_bytes(state.to_bytes())


def test_damaged_n_grams_are_refused(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    whole, V = dict(random_ngrams(1, folder.model.vocab_size)), folder.model.vocab_size
    path = tmp_path / "m"
    write_folder(path, folder.config, folder.weights, folder.tokenizer, "", ngrams=whole)
    file = path / NGRAMS
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(FolderError, match="changed or damaged"):
        read_folder(path)
    file.unlink()
    with pytest.raises(FolderError, match="missing"):
        read_folder(path)
    bad = [
        {WEIGHTS: whole[WEIGHTS][1:]},
        {WEIGHTS: whole[WEIGHTS] + 2},
        {"2.counts": whole["2.counts"][1:]},
        {"2.counts": whole["2.counts"] + 1},
        {"2.words": whole["2.words"][::-1].copy()},
        {"3.words": whole["3.words"] + np.int16(V)},
        {"3.shares": whole["3.shares"][1:]},
        {"1.logs": whole["1.logs"] - np.float32(np.inf)},
        {"1.logs": whole["1.logs"][1:]},
        {
            WEIGHTS: np.zeros(17, dtype=np.float32),
            **{
                f"{length}.{name}": np.zeros(0, dtype=np.int8)
                for length in range(5, 18)
                for name in ("words", "shares", "counts", "left")
            },
        },
    ]
    for change in bad:
        broken = replace(folder, ngrams={**whole, **change})
        with pytest.raises(FolderError):
            Predictor(broken).suggest("the ")
        with pytest.raises(FolderError):  # without a compiled module
            NgramMixture(broken.ngrams).table  # noqa: B018


def test_an_n_gram_model_takes_no_others_beside_it() -> None:
    ngrams = NgramMixture.of(learn(text(1), V, 2), np.zeros(2))
    with pytest.raises(FolderError, match="no n-grams beside it"):
        Engine(NgramConfig(vocab_size=V, order=1, ngrams=()), {}, ngrams=ngrams)
