"""The everyday model as it is shipped."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import foreword
from foreword.errors import SettingsError
from foreword.folder.store import folder_bytes, read_folder
from foreword.packaging.files import NOTICE, PYPROJECT
from foreword.predictor.predictor import Predictor

PACKAGE = Path(__file__).parents[2] / "packages/everyday-en"
MODEL = PACKAGE / "src/foreword_everyday_en/model"
LARGE = PACKAGE.with_name("everyday-en-large")
LARGE_MODEL = LARGE / "src/foreword_everyday_en_large/model"


@pytest.fixture(scope="module")
def model() -> Predictor:
    return foreword.load(MODEL)


def test_it_is_small_and_in_int8(model: Predictor) -> None:
    assert folder_bytes(MODEL) <= 6_000_000
    assert model.config.weights == "int8"
    assert 10_000 <= model.config.model.vocab_size <= 20_000


def test_the_large_one_is_the_small_one_with_n_grams(model: Predictor) -> None:
    assert folder_bytes(LARGE_MODEL) <= 25_000_000
    large = read_folder(LARGE_MODEL)
    assert large.ngrams
    assert large.checksum == model.folder.checksum
    assert (large.rare, large.misspellings) == (model.folder.rare, model.folder.misspellings)
    # A phrase that two words do not show.
    phrase = "once upon a "
    shares = [
        {one.word: one.probability for one in predictor.suggest(phrase, 3)}
        for predictor in (model, foreword.load(LARGE_MODEL))
    ]
    assert shares[1]["time"] > shares[0]["time"]


@pytest.mark.parametrize(
    ("text", "word"),
    [("how are ", "you"), ("I would li", "like"), ("Nice to meet ", "you"), ("I don'", "don't")],
)
def test_it_knows_everyday_english(model: Predictor, text: str, word: str) -> None:
    assert word in [suggestion.word for suggestion in model.suggest(text, 3)]


def test_its_card_tells_sources_and_quality() -> None:
    card = (MODEL / "README.md").read_text("utf-8")
    for text in ("chitchat-dataset", "WordNet 3.0", "perplexity", "Keystroke savings", "minutes"):
        assert text in card


@pytest.mark.parametrize("size", ["small", "large"])
def test_its_package_is_what_training_would_write(
    everyday: Callable[[str], ModuleType], size: str
) -> None:
    train = everyday("train")
    package, about = PACKAGE, train.description()
    if size == "large":
        package, about = LARGE, train.description(train.LARGE_NAME, train.LARGE)
    files = train.files_of(about, {})

    def comparable(text: str) -> dict[str, Any]:
        document = tomllib.loads(text)
        del document["project"]["dependencies"]
        return document

    written = (package / PYPROJECT).read_text("utf-8")
    assert comparable(written) == comparable(files[PYPROJECT])
    for name in (NOTICE, f"src/{about.module}/__init__.py"):
        assert (package / name).read_text("utf-8") == files[name]


def test_its_notice_names_the_authors_of_every_text(
    everyday: Callable[[str], ModuleType],
) -> None:
    notice = (PACKAGE / NOTICE).read_text("utf-8")
    for text in everyday("sources").TEXTS:
        assert (text.authors in notice) == (text.taken > 0), text.name
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in notice


def test_it_goes_by_its_name_wherever_a_model_is_taken(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("how are you\ni am fine\n" * 20, "utf-8")
    by_name = foreword.evaluate("everyday-en", [text])
    assert by_name.perplexity == foreword.evaluate(MODEL, [text]).perplexity
    assert foreword.inspect.subject_of("everyday-en").config == read_folder(MODEL).config
    with pytest.raises(SettingsError, match="compressed already"):
        foreword.compress("everyday-en", tmp_path / "small", [text])


@pytest.mark.parametrize(
    ("typed", "word", "never"),
    [
        *(("becua", "because", "becuase"), ("becuase", "because", "becuase")),
        *(("wierd", "weird", "wierd"), ("that is wier", "weird", "wierd")),
        *(("recieve", "receive", "recieve"), ("fourty", "forty", "fourty")),
        *(("definat", "definitely", "definately"), ("definately", "definitely", "definately")),
        *(("teh", "the", "tehy"), ("everytime", "every time", "everytime")),
        *(("seperate", "separate", "seperate"), ("excercise", "exercise", "excercise")),
        *(("rediculous", "ridiculous", "rediculous"), ("happend", "happened", "happend")),
    ],
)
def test_misspellings_are_not_completed_but_corrected(
    model: Predictor, typed: str, word: str, never: str
) -> None:
    offered = [one.word.casefold() for one in model.suggest(typed, 3, complete=True)]
    assert offered[0] == word
    # Only what was typed in full may be kept as it is.
    assert never not in offered or never == typed


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        *(("teh", "the"), ("I saw teh", "the"), ("Teh", "The"), ("hte", "the"), ("taht", "that")),
        *(("adn", "and"), ("to recieve", "receive"), ("my freind", "friend"), ("thier", "their")),
        *(("wich", "which"), ("thsi", "this"), ("I beleive", "believe"), ("shcool", "school")),
        *(("dontknow", "don't know"), ("i dontknow", "don't know"), ("whatsup", "What's up")),
    ],
)
def test_of_slips_the_likelier_and_of_words_the_commoner_is_offered_first(
    model: Predictor, typed: str, word: str
) -> None:
    assert model.suggest(typed)[0].word == word


@pytest.mark.parametrize(
    "word",
    [
        *("form", "from", "trail", "trial", "quite", "quiet", "casual", "tow", "two", "their"),
        *("there", "work", "word", "loose", "lose", "desert", "dessert", "angel", "sacred"),
        *("scared", "board", "broad", "its", "it's", "were", "where", "thing", "think"),
        *("favourite", "then", "than", "exited", "too", "dinner", "diner", "planet", "plant"),
    ],
)
def test_real_words_near_commoner_ones_are_words_of_their_own(model: Predictor, word: str) -> None:
    index = model.tokenizer.id_of(word)
    assert model.lexicon.meant(index) == index


def test_a_careless_text_is_followed_as_a_careful_one(model: Predictor) -> None:
    careful = [one.word for one in model.suggest("I think I ", 3)]
    assert [one.word for one in model.suggest("i think i ", 3)] == careful
    assert {"am", "have", "would", "don't"} & set(careful)


def test_its_rare_words_are_no_misspellings(model: Predictor) -> None:
    rare = set(model.folder.rare)
    misspelt = {"thier", "becuse", "definatley", "tommorrow", "freinds", "recieving", "langauge"}

    assert len(rare) > 20_000
    assert not rare & misspelt
    assert not rare & {"infact", "rightnow", "Ithink", "ofthe"}
    assert not rare & {"tommorow", "existance", "independant", "truely", "villian", "enought"}
