"""The core's typist in Python against the readable one: the same suggestions for any text."""

import random
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from tests.core.typed_texts import KINDS, ROUNDING, assert_same, model_of, random_words, texts_of
from tests.needs import needs
from tests.predictor.test_lockstep import answers_to, in_lockstep

from foreword.errors import FolderError
from foreword.folder.store import Folder
from foreword.predictor.compiled_typist import WORDS_AT_ONCE
from foreword.predictor.layer import Opinion
from foreword.predictor.lockstep import Request, Work, next_request
from foreword.predictor.predictor import Predictor
from foreword.predictor.slips import AZERTY, QWERTZ, Layout
from foreword.predictor.suggest import Suggestion
from foreword.predictor.typist import Typist

pytestmark = needs("kernels")

ALONE = Layout(["ae", "ht"])


def in_python(predictor: Predictor, **options: object) -> Typist:
    """A typist of the same model that reads and ranks in Python."""
    return Typist(lambda: predictor._reader, None, **options)  # type: ignore[arg-type]


def both(predictor: Predictor, **options: object) -> tuple[Typist, Typist]:
    """The typist of the core, and that of Python."""
    compiled = predictor.typist(**options)  # type: ignore[arg-type]
    assert compiled._compiled is not None
    return compiled, in_python(predictor, **options)


def assert_typed_alike(
    ours: Typist, theirs: Typist, texts: Sequence[str], k: int = 3, **options: object
) -> None:
    for text in texts:
        offered = [typist.suggest(text, k, **options) for typist in (ours, theirs)]
        assert_same(*offered, text)


@pytest.mark.parametrize(("seed", "options"), list(enumerate(KINDS)))
def test_the_core_suggests_what_python_does(seed: int, options: dict[str, str]) -> None:
    model = random_words(seed, (40, 150)[seed % 2], **options)
    assert_typed_alike(*both(model.predictor), texts_of(random.Random(seed), model, 40))


@pytest.mark.parametrize(("seed", "options"), list(enumerate(KINDS)))
def test_the_core_expects_the_letters_that_python_does(seed: int, options: dict[str, str]) -> None:
    model = random_words(seed, 40, **options)
    draw = random.Random(seed)
    typists = both(model.predictor)
    for text in texts_of(draw, model, 5):
        ignore_case = draw.random() < 0.5
        compiled, readable = [one.letters(text, ignore_case=ignore_case) for one in typists]
        assert set(compiled) == set(readable)
        shares = [[*map(letters.get, readable)] for letters in (compiled, readable)]
        np.testing.assert_allclose(*shares, rtol=ROUNDING, atol=1e-9, err_msg=text)
        assert compiled.end_of_word == pytest.approx(readable.end_of_word, rel=ROUNDING)


def test_the_core_traces_the_word_that_python_does() -> None:
    model = random_words(3, 60)
    compiled, readable = both(model.predictor)
    for text in ["", " ", "\n", "the\n", "p.m. ", *texts_of(random.Random(3), model, 8)]:
        for complete in (True, False, None):
            ours, theirs = [one.trace(text, complete=complete) for one in (compiled, readable)]
            assert ours.word == theirs.word, text
            for layer, other in zip(ours.layers, theirs.layers, strict=True):
                for name, values in other.states.items():
                    np.testing.assert_allclose(layer.states[name], values, atol=1e-6, err_msg=text)


def test_letters_of_a_text_that_is_read_in_parts_are_the_same() -> None:
    predictor = random_words(1, 60).predictor
    text = "the snow " * 100
    (letters,) = in_lockstep([predictor.typist().lettering(text)])
    assert letters == predictor.letters(text)


CHOICES = [
    *({"tolerant": True}, {"repeats": False}, {"marks": 1}, {"marks": 5}, {"offensive": True}),
    *({"layout": QWERTZ, "tolerant": True}, {"layout": AZERTY}, {"layout": ALONE}),
    {"blocked": ["like", "THE", "\ud800"], "repeats": False},
]


@pytest.mark.parametrize("seed", range(len(CHOICES)))
def test_a_typist_with_options_suggests_what_it_does_in_python(seed: int) -> None:
    model = random_words(seed, 60)
    draw = random.Random(seed)
    compiled, readable = both(model.predictor, **CHOICES[seed])
    for complete, k in product((None, True, False), (1, 4)):
        texts = texts_of(draw, model, 5)
        assert_typed_alike(compiled, readable, texts, k, complete=complete)


@pytest.mark.parametrize("seed", range(6))
def test_the_core_chooses_the_phrases_that_python_does(seed: int) -> None:
    model = random_words(seed, (12, 60)[seed % 2], **KINDS[seed])
    draw = random.Random(seed)
    compiled, readable = both(model.predictor, repeats=seed % 3 > 0)
    longest = 0
    for k, complete in ((1, None), (3, None), (3, True), (4, False)):
        for text in texts_of(draw, model, 10):
            offered = [
                typist.suggest(text, k, complete=complete, phrases=True)
                for typist in (compiled, readable)
            ]
            assert_same(*offered, text)
            assert len(offered[0]) <= k
            longest = max(longest, *(one.word.count(" ") for one in offered[0]), 0)
    assert longest > 0


def test_phrases_do_not_change_what_a_typist_has_read() -> None:
    model = random_words(1, 60)
    texts = texts_of(random.Random(5), model, 20)
    typist, plain = model.predictor.typist(), model.predictor.typist()
    for text in texts:
        chosen = typist.suggest(text, phrases=True)
        assert chosen == model.predictor.suggest(text, phrases=True), text
        assert typist.suggest(text) == plain.suggest(text), text


def test_next_words_are_remembered_for_one_context_and_count() -> None:
    model = random_words(2, 60)
    first, second = [word for word in model.predictor.tokenizer.words[2:] if word.isalpha()][:2]
    compiled, readable = both(model.predictor)
    for text in (first, second, first, f"{first} {second}"):
        for k in (1, 3):
            assert_typed_alike(compiled, readable, [text, f"{text} ", text, f"{text} "], k)


def test_the_end_of_a_long_text_is_read_as_in_python() -> None:
    model = random_words(6, 60)
    draw = random.Random(6)
    words = model.predictor.tokenizer.words[2:]
    text = "".join(draw.choice((*words, "\n")) + " " for _ in range(30_000))
    ends = [4095, 4096, 6144, 131_071, 131_072, 131_080, len(text)]
    assert_typed_alike(*both(model.predictor), [text[:end] for end in ends])


def test_a_text_that_is_read_in_parts_gives_the_same() -> None:
    model = random_words(1, 60)
    draw = random.Random(1)
    words = model.predictor.tokenizer.words[2:]
    texts = [" ".join(draw.choices(words, k=count)) + end for count in (0, 1, 300) for end in " ,m"]
    texts += ["天气，很好" * 200]
    works = [model.predictor.typist().suggesting(text, 3) for text in texts]
    assert in_lockstep(works) == [model.predictor.suggest(text) for text in texts]
    parts = requests_of(model.predictor.typist().suggesting(texts[-2], 3))
    assert len(parts) == 300 // WORDS_AT_ONCE + 1


def requests_of(work: Work[list[Suggestion]]) -> list[Request]:
    """The requests of work, each of which is answered."""
    requests: list[Request] = []
    answer = None
    while True:
        try:
            requests.append(next_request(work, answer))
        except StopIteration:
            return requests
        (answer,) = answers_to(requests[-1:])


def test_a_key_takes_one_turn() -> None:
    typist = random_words(1, 60).predictor.typist()
    typist.suggest("the lik")
    for text in ("the like", "the like "):
        assert len(requests_of(typist.suggesting(text, 3))) == 1


def test_scores_that_overflow_are_an_error_as_in_python() -> None:
    folder = model_of(["<unk>", "<eos>", "the", "cat"]).predictor.folder
    bias = np.array([0, 0, np.inf, 0], dtype=np.float32)
    predictor = Predictor(replace(folder, weights={**folder.weights, "decoder.bias": bias}))
    for typist in both(predictor):
        with pytest.raises(FolderError, match="scores overflow after this text"):
            typist.suggest("cat ")


def test_a_typist_outlives_its_predictor_and_then_frees_the_network() -> None:
    predictor = random_words(1, 60).predictor
    typist, alive = predictor.typist(), weakref.ref(predictor._engine)
    before = predictor.suggest("the ")
    del predictor
    assert typist.suggest("the ") == before
    del typist
    assert alive() is None


class NoOpinion:
    """A layer that has none."""

    def opinion(self, context: Sequence[str], prefix: str) -> Opinion:
        return Opinion(0.0, {})


def test_what_the_core_lacks_is_done_in_python(make_folder: Callable[..., Folder]) -> None:
    predictor = Predictor(make_folder())
    neighbours = type("Neighbours", (Layout,), {})(["ae"])
    wrapped = model_of(["<unk>", "<eos>", "the"], lines="wrapped").predictor
    typists = [
        predictor.typist(layout=neighbours),
        predictor.typist(layer=NoOpinion()),
        wrapped.typist(),
        Predictor(make_folder("lstm-layernorm")).typist(),
    ]
    assert [typist._compiled for typist in typists] == [None] * 4
    assert all(typist.suggest("the ") for typist in typists)
