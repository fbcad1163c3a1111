"""Words that no text has had: their letters, their place among others, and the core's agreement."""

import math
import random
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, product

import pytest
from tests.core.typed_texts import Model, assert_same, model_of
from tests.needs import needs

from foreword.predictor.letter_model import LetterModel
from foreword.predictor.lexicon import Lexicon, RareWords
from foreword.predictor.new_words import NewWords
from foreword.predictor.predictor import Predictor
from foreword.predictor.typist import Typist
from foreword.text.tokenizer import Tokenizer

MakeSpeaker = Callable[..., Predictor]

STEMS = ("kolab", "sering", "matov", "piref", "duson")
ENDS = ("isa", "isan", "emo", "emok")


def with_new_words(model: Predictor, rare: tuple[str, ...] = ()) -> Predictor:
    """The same model, which completes new words too."""
    tokenizer = model.tokenizer.with_config(replace(model.tokenizer.config, new_words=True))
    about = model.config.with_tokenizer(tokenizer.config)
    return Predictor(replace(model.folder, about=about, tokenizer=tokenizer, rare=rare))


def forms(*left_out: str) -> list[str]:
    """All stems with all endings, but for some."""
    return [word for word in map("".join, product(STEMS, ENDS)) if word not in left_out]


@pytest.mark.parametrize("context", [0, 1, 2, 5])
def test_endings_are_all_that_are_likely_enough(context: int) -> None:
    draw = random.Random(context)
    words = {"".join(draw.choices("abc", k=draw.randrange(1, 5))) for _ in range(30)}
    model = LetterModel(sorted(words), context)
    every = ["".join(letters) for n in range(1, 7) for letters in product("abc", repeat=n)]

    def share(ending: str) -> float:
        whole = model.probability("ab" + ending) * model.after("ab" + ending)[-1]
        return float(whole / model.probability("ab"))

    expected = {ending: p for ending in every if (p := share(ending)) >= 0.01}

    endings = model.endings("ab", 0.01)

    assert {ending: p for p, ending in endings if len(ending) < 7} == pytest.approx(expected)
    assert [p for p, _ in endings] == sorted((p for p, _ in endings), reverse=True)


def test_a_model_of_very_many_letters_looks_less_far_back() -> None:
    letters = [chr(number) for number in range(0xAC00, 0xAC00 + 3000)]
    words = [*map("".join, pairwise(letters)), "abcde"]
    long, short = LetterModel(words, 5), LetterModel(words, 4)

    assert long.after("xbcde").tolist() == short.after("abcde").tolist()


def test_new_words_are_neither_in_the_vocabulary_nor_rare_and_begin_as_typed() -> None:
    lexicon = Lexicon(
        ["<unk>", "<eos>", *forms("kolabemo", "matovisa", "matovemo", "matovemok")], hidden=2
    )
    new = NewWords(lexicon, RareWords(["matovemok"]))

    assert [word for _, word in new.beginning("matovis")] == ["matovisa"]
    assert [word for _, word in new.beginning("kolabe")] == ["kolabemo"]
    assert [word for _, word in new.beginning("matovem")] == ["matovemo"]


@pytest.mark.parametrize("typed", ["", "m", "m4", "mat-", "中学", "m" * 41])
def test_nothing_is_completed_after_a_letter_or_what_is_no_word(typed: str) -> None:
    lexicon = Lexicon(["<unk>", "<eos>", *forms(), "中学校"], hidden=2)

    assert NewWords(lexicon, RareWords([])).beginning(typed) == []


def test_new_words_follow_known_ones_that_begin_as_typed(speaker: MakeSpeaker) -> None:
    known = speaker(dict.fromkeys(forms("matovemo"), 0.04))
    model = with_new_words(known, rare=("matovemzek",))

    suggestions = model.suggest("x matovem", 10, complete=True)
    words = [one.word for one in suggestions]

    assert known.suggest("x matovem", 10, complete=True)[0].word == words[0] == "matovemok"
    assert {*words[1:]} == {"matovemo", "matovemzek"}
    assert math.fsum(one.probability for one in suggestions) == pytest.approx(1)


def test_new_words_are_written_as_typed_and_held_back_when_blocked(speaker: MakeSpeaker) -> None:
    model = with_new_words(speaker(dict.fromkeys(forms("matovemo", "matovemok"), 0.04)))

    def words_after(text: str, blocked: tuple[str, ...] = ()) -> set[str]:
        return {one.word for one in model.suggest(text, 9, complete=True, blocked=blocked)}

    assert words_after("x Matove") >= {"Matovemo", "Matovemok"}
    assert words_after("x MATOVE") >= {"MATOVEMO", "MATOVEMOK"}
    assert "matovemo" not in words_after("x matove", blocked=("matovemo",))


@pytest.mark.parametrize("typed", ["k" * 40, "я" * 40, "kolab" * 8])
def test_long_letters_of_no_word_have_suggestions(speaker: MakeSpeaker, typed: str) -> None:
    model = with_new_words(speaker(dict.fromkeys(forms(), 0.04)))

    suggestions = model.suggest(f"x {typed}", 50, complete=True)

    assert all(one.word.startswith(typed) for one in suggestions)
    assert all(one.probability > 0 for one in suggestions)
    assert math.fsum(one.probability for one in suggestions) == pytest.approx(1)


def test_a_model_that_does_not_say_so_completes_none(speaker: MakeSpeaker) -> None:
    model = speaker(dict.fromkeys(forms("matovemo"), 0.04))

    words = model.suggest("x matove", 9, complete=True)

    assert "matovemo" not in [one.word for one in words]


@needs("kernels")
@pytest.mark.parametrize("seed", range(4))
def test_the_core_completes_the_new_words_that_python_does(seed: int) -> None:
    draw = random.Random(seed)
    letters = ("abdeiklmor", "aeiouñéß", "абвгдеж", "가나다라마바사")[seed]
    every = sorted({"".join(draw.choices(letters, k=draw.randrange(2, 8))) for _ in range(300)})
    rare = sorted(draw.sample(every, 100))
    vocabulary = ["<unk>", "<eos>", *sorted({*every} - {*rare})]
    model: Model = model_of(vocabulary, seed=seed, rare=rare, new_words=True)
    compiled = model.predictor.typist()
    assert compiled._compiled is not None
    in_python = Typist(lambda: model.predictor._reader, None)
    known, met = {*every}, 0
    for _ in range(60):
        start = draw.choice(every)[: draw.randrange(1, 5)]
        text = f"{draw.choice(vocabulary[2:])} {start}{draw.choice(['', *letters])}"
        offered = [typist.suggest(text, 6, complete=True) for typist in (compiled, in_python)]
        assert_same(*offered, text)
        met += any(one.word not in known and one.word != text.split()[-1] for one in offered[0])
    assert met > 0


def test_a_tokeniser_with_new_words_is_one_of_format_version_5(speaker: MakeSpeaker) -> None:
    model = with_new_words(speaker({"matov": 0.5}))

    assert isinstance(model.tokenizer, Tokenizer)
    assert model.config.format_version == 5
    assert model.config.tokenizer.options == {"new_words": True}
