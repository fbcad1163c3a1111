import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.typed_texts import KINDS, assert_same, random_words, texts_of
from tests.needs import needs

from foreword.errors import SettingsError
from foreword.folder.store import Folder
from foreword.predictor.mixed_typist import CHARACTERS, LEAST, SWITCH, MixedTypist
from foreword.predictor.predictor import Predictor
from foreword.predictor.suggest import Suggestion
from foreword.predictor.word_frequencies import UNKNOWN

MakeFolder = Callable[..., Folder]
MakeSpeaker = Callable[..., Predictor]


@pytest.fixture(scope="session")
def english(speaker: MakeSpeaker) -> Predictor:
    return speaker({"the": 0.4, "in": 0.2, "house": 0.1, "hand": 0.05, "Monday": 0.05})


@pytest.fixture(scope="session")
def german(speaker: MakeSpeaker) -> Predictor:
    return speaker({"das": 0.5, "in": 0.1, "Haus": 0.1, "Hand": 0.08, "hat": 0.05})


@pytest.fixture
def typist(each_way: None, english: Predictor, german: Predictor) -> MixedTypist:
    # New ones, which have not been asked how their texts are read.
    return MixedTypist([Predictor(english.folder), Predictor(german.folder)])


def by_word(suggestions: list[Suggestion]) -> dict[str, float]:
    return {suggestion.word: suggestion.probability for suggestion in suggestions}


@pytest.mark.usefixtures("each_way")
def test_a_model_with_itself_suggests_what_it_does_alone(make_folder: MakeFolder) -> None:
    model = Predictor(make_folder())
    alone, mixed = model.typist(), MixedTypist([model, model])
    for text in ("", "the ca", "I like", "I don", "the cat sat on ", "Xyz lik", "How are "):
        for complete in (None, True, False):
            expected = alone.suggest(text, 4, complete=complete)
            actual = mixed.suggest(text, 4, complete=complete)
            assert [s._replace(probability=0) for s in actual] == [
                s._replace(probability=0) for s in expected
            ]
            assert by_word(actual) == pytest.approx(by_word(expected))


def test_weights_are_those_of_the_fixed_share_by_zipfs_law(typist: MixedTypist) -> None:
    # "the" is the first of five English words, and an unknown German one of three letters.
    in_english = (1 - UNKNOWN) / (1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5)
    in_german = UNKNOWN / 8**3
    by_bayes = 0.5 * in_english / (0.5 * in_english + 0.5 * in_german)
    expected = (1 - SWITCH) * by_bayes + SWITCH / 2

    assert typist.weights("the ") == pytest.approx((expected, 1 - expected))
    assert typist.weights("the", complete=False) == pytest.approx((expected, 1 - expected))


def test_letters_count_as_all_words_that_begin_so(typist: MixedTypist) -> None:
    # Third and fourth in English, third to fifth in German.
    in_english, in_german = 1 / 3 + 1 / 4, 1 / 3 + 1 / 4 + 1 / 5
    expected = in_english / (in_english + in_german)

    assert typist.weights("h") == pytest.approx((expected, 1 - expected))


def test_weights_follow_the_words(typist: MixedTypist) -> None:
    text = "the house in the house das Haus das Haus hat the house"
    words = text.split()
    weights = [typist.weights(" ".join(words[:n]) + " ")[0] for n in range(len(words) + 1)]

    assert weights[0] == 0.5
    assert weights[1] < weights[2] > 0.9  # "in" is common to both, and changes little
    assert weights[5] > 0.9
    assert weights[6] < weights[5]
    assert weights[10] < 0.1
    assert weights[-1] > 0.9


@pytest.mark.parametrize("piece", ["zebra", "123", ":-)", ",", "x" * 300])
def test_what_no_model_knows_says_nothing(typist: MixedTypist, piece: str) -> None:
    assert typist.weights("the house " + piece) == typist.weights("the house ")
    assert typist.weights("the " + piece + " ") == typist.weights("the ")


def test_marks_at_a_word_and_its_case_change_nothing(typist: MixedTypist) -> None:
    plain = typist.weights("the house das ")
    assert typist.weights("(The HOUSE, „Das“ ") == pytest.approx(plain)


def test_a_word_of_both_has_the_sum_of_its_probabilities(typist: MixedTypist) -> None:
    assert by_word(typist.suggest("", 3)) == pytest.approx(
        {"das": 0.5 * 0.5, "the": 0.5 * 0.4, "in": 0.5 * (0.2 + 0.1)}
    )


def test_it_is_written_as_the_model_that_contributes_most_writes_it(typist: MixedTypist) -> None:
    assert "Hand" in by_word(typist.suggest("das Haus. das h", 8, complete=True))
    assert "hand" in by_word(typist.suggest("the house. the h", 8, complete=True))


def test_letters_that_begin_words_of_one_language_are_completed_in_it(
    typist: MixedTypist,
) -> None:
    assert typist.suggest("the house da", 1)[0].word == "das"
    assert typist.suggest("das Haus Mo", 1)[0].word == "Monday"


def test_a_model_of_little_weight_is_not_asked(
    in_python: None, english: Predictor, german: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    typist = MixedTypist([Predictor(english.folder), Predictor(german.folder)])
    asked: list[str] = []
    for name, one in zip(("English", "German"), typist._typists, strict=True):
        suggesting = one.suggesting

        def noting(*arguments, name=name, suggesting=suggesting, **options):  # type: ignore[no-untyped-def]
            asked.append(name)
            return suggesting(*arguments, **options)

        monkeypatch.setattr(one, "suggesting", noting)
    english, german = typist.weights("the house ")
    assert german < LEAST * english

    typist.suggest("the house ", 9)
    assert asked == ["English"]
    typist.suggest("the house d")
    assert asked[1:] == ["German"]
    typist.suggest("the house i")
    assert asked[2:] == ["English"]


PIECES = st.sampled_from(
    ["the ", "das ", "h", "a", " ", "in", "Mond, ", "zz ", "\n", "\ud800", "the das " * 40]
)


@needs("kernels")
@pytest.mark.parametrize("seed", range(len(KINDS)))
def test_the_core_mixes_as_python_does(seed: int) -> None:
    models = [random_words(3 * seed + number, 60, **KINDS[seed]) for number in range(2 + seed % 2)]
    ours = MixedTypist([model.predictor for model in models])
    theirs = MixedTypist([readable_alone(model.predictor) for model in models])
    assert ours._compiled is not None
    assert theirs._compiled is None
    draw = random.Random(seed)
    texts = [text for model in models for text in texts_of(draw, model, 12)]
    for text in draw.sample(texts, len(texts)):
        complete, phrases = draw.choice([None, None, True, False]), draw.random() < 0.2
        assert ours.weights(text, complete=complete) == pytest.approx(
            theirs.weights(text, complete=complete)
        )
        offered = [
            one.suggest(text, 4, complete=complete, phrases=phrases) for one in (ours, theirs)
        ]
        assert_same(*offered, text)


def readable_alone(predictor: Predictor) -> Predictor:
    readable = Predictor(predictor.folder, threads=1)
    readable.compiled_reader = None
    return readable


@settings(max_examples=25)
@given(st.lists(st.lists(PIECES, max_size=8).map("".join), min_size=2, max_size=5))
def test_answers_depend_on_the_text_alone(
    english: Predictor, german: Predictor, texts: list[str]
) -> None:
    used = MixedTypist([english, german])
    for text in texts:
        assert used.suggest(text) == MixedTypist([english, german]).suggest(text)


def test_words_long_before_are_not_read(typist: MixedTypist) -> None:
    many = "the in " * CHARACTERS

    assert typist.weights("das Haus das " + many) == pytest.approx(typist.weights(many))
    assert typist.weights("das " + "1 " * CHARACTERS) == (0.5, 0.5)


def test_options_are_those_of_every_model(english: Predictor, german: Predictor) -> None:
    mixed = MixedTypist([english, german], blocked=["in", "das"])
    assert {"in", "das"}.isdisjoint(by_word(mixed.suggest("", 9)))
    tolerant = MixedTypist([english, german], tolerant=True)
    assert "Haus" in by_word(tolerant.suggest("das Haus das Hsu", 9))


def test_nothing_is_remembered_after_forgetting(typist: MixedTypist) -> None:
    before = typist.suggest("")
    typist.suggest("das Haus ")
    typist.forget()
    assert typist.suggest("") == before


def test_errors_say_what_to_give(english: Predictor, typist: MixedTypist) -> None:
    with pytest.raises(SettingsError, match="k must be at least 1, not 0"):
        typist.suggest("the", 0)
    with pytest.raises(SettingsError, match="at least two models, not 1"):
        MixedTypist([english])
