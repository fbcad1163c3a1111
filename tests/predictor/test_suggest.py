import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foreword.errors import SettingsError
from foreword.folder.store import Folder
from foreword.predictor import layer as layer_module
from foreword.predictor import predictor as predictor_module
from foreword.predictor.engine import Engine
from foreword.predictor.generate import generate
from foreword.predictor.layer import Factors, Opinion
from foreword.predictor.predictor import Predictor
from foreword.predictor.reading import STRIDE, beginning
from foreword.predictor.state import State
from foreword.predictor.suggest import Suggestion
from foreword.text.spacing import counted
from foreword.text.tokenizer import UNK_ID, Tokenizer

MakeFolder = Callable[..., Folder]
MakeSpeaker = Callable[..., Predictor]
COMMON = {"I": 0.05, "the": 0.04, ".": 0.04, "would": 0.03, "to": 0.03, "like": 0.02, ",": 0.01}
FORMS = {"Like": 0.004, "how": 0.02, "How": 0.021, "hello": 0.008, "Hello": 0.009, "i": 0.001}
PARTS = {"don't": 0.02, "done": 0.01, "i'm": 0.001, "I'm": 0.02, "walk": 0.01, "walking": 0.005}
OTHERS = {"likely": 0.01, "?": 0.01, '"': 0.01, "(": 0.01, "part": 0.003, "…": 0.001}
NAMES = {"Paris": 0.002, "iPhone": 0.001, "London": 0.001, "should": 0.01, "shit": 0.01}
ENGLISH = {**COMMON, **FORMS, **PARTS, **OTHERS, **NAMES}
# By frequency, as vocabularies are.
ENGLISH = dict(sorted(ENGLISH.items(), key=lambda item: -item[1]))


def first(
    predictor: Predictor, text: str, *, complete: bool | None = True, **options: object
) -> str:
    """The first word for letters at the end that are unfinished; how both are weighed has tests."""
    actual = predictor.suggest(text, 1, complete=complete, **options)
    return actual[0].accepted(text)


def all_of(
    predictor: Predictor, text: str, *, complete: bool | None = True, **options: object
) -> list[str]:
    actual = predictor.suggest(text, 100, complete=complete, **options)
    return [s.accepted(text) for s in actual]


@pytest.fixture(scope="module")
def english(speaker: MakeSpeaker) -> Predictor:
    return speaker(ENGLISH)


@pytest.fixture(scope="module")
def rich(english: Predictor) -> Predictor:
    """The same with words beyond its vocabulary."""
    folder = replace(english.folder, rare=("likings", "Wally", "walkover", "Zambezi", "zany"))
    return Predictor(folder)


def test_rare_words_follow_those_of_the_vocabulary_that_begin_as_typed(
    english: Predictor, rich: Predictor
) -> None:
    for text, rare in (("the li", ["likings"]), ("the wal", ["Wally", "walkover"])):
        words = [f"the {word}" for word in rare]
        assert sorted(all_of(rich, text)) == sorted([*all_of(english, text), *words])
        assert all_of(rich, text)[: -len(words)] == all_of(english, text)
        assert sum(
            one.probability for one in rich.suggest(text, 100, complete=True)
        ) == pytest.approx(1)


def test_rare_words_go_before_words_that_begin_otherwise(
    english: Predictor, rich: Predictor
) -> None:
    assert all_of(rich, "the za")[:2] == ["the Zambezi", "the zany"]
    assert first(rich, "the zam") == "the Zambezi"
    assert first(rich, "the ZAM") == "the ZAMBEZI"
    assert set(all_of(rich, "the likin")) == {"the likings", *all_of(english, "the likin")}


def test_a_rare_word_that_is_typed_to_its_end_is_not_offered_as_what_it_is(
    english: Predictor, rich: Predictor
) -> None:
    assert all_of(rich, "the zany") == all_of(english, "the zany")


def test_rare_words_are_none_before_a_letter_and_are_held_back_when_blocked(
    english: Predictor, rich: Predictor
) -> None:
    assert rich.suggest("the ", 100) == english.suggest("the ", 100)
    assert "the Zambezi" not in all_of(rich, "the za", blocked=["zambezi"])


@pytest.mark.parametrize("text", ["the cat li", "I would Li", "the cat", "a d", ""])
def test_probabilities_are_those_of_a_slow_sum_over_the_vocabulary(
    text: str, make_folder: MakeFolder
) -> None:
    predictor = Predictor(make_folder())
    context, _, typed = text.rpartition(" ")
    shares = predictor.probabilities(predictor.read(context)).astype(np.float64)
    expected: dict[str, float] = {}
    for word, share in list(zip(predictor.tokenizer.words, shares, strict=True))[2:]:
        if word.lower().startswith(typed.lower()):
            expected[word.lower()] = expected.get(word.lower(), 0.0) + share
    if typed:
        total = sum(expected.values())
        expected = {word: share / total for word, share in expected.items()}
        expected.pop(typed, None)  # it stands there already

    actual = {s.word.lower(): s.probability for s in predictor.suggest(text, 100, complete=True)}

    assert actual == pytest.approx(expected, rel=1e-4)
    ranked = [s.probability for s in predictor.suggest(text, 3, complete=True)]
    assert ranked == sorted(actual.values(), reverse=True)[:3]


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("I would li", "I would like"),
        ("I would Li", "I would Like"),
        ("I would LI", "I would LIKE"),
        ("I would lI", "I would lIke"),
        ("I would L", "I would Like"),
        ("DON'", "DON'T"),
        ("I don", "I don't"),
        ("I don'", "I don't"),
        ("I don’", "I don’t"),
        ("It’s I don", "It’s I don’t"),
        ("It’s, it's I don", "It’s, it's I don't"),
        ("in par", "in part"),
        ("in pari", "in Paris"),
        ("in PARI", "in PARIS"),
        ("my ip", "my iPhone"),
        ("my Ip", "my Iphone"),
        ("and i", "and I"),
        ("i", "I"),
        ("and i'", "and I'm"),
        ("hel", "hello"),
        ("Hel", "Hello"),
        ("Oh. hel", "Oh. hello"),
        ("Oh... lik", "Oh... like"),
        ("(lik", "(like"),
        ('"lik', '"like'),
        ("and/lik", "and/like"),
        ("😀lik", "😀like"),
    ],
)
def test_case_and_apostrophes_are_restored(text: str, accepted: str, english: Predictor) -> None:
    assert first(english, text) == accepted


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("col·legi", "al col·"),  # Catalan
        ("می\u200cخواهم", "من می\u200c"),  # Persian, a zero-width non-joiner
        ("ක්\u200dෂේත්‍රය", "මේ ක්\u200d"),  # Sinhala, a zero-width joiner
        ("צה״ל", "של צה״"),  # Hebrew, gershayim
        ("ג׳ירפה", "יש ג׳"),  # Hebrew, geresh
        ("don't", "I don'"),
    ],
)
def test_a_word_goes_on_after_what_stands_inside_words(
    word: str, text: str, speaker: MakeSpeaker
) -> None:
    predictor = speaker({word: 0.1, ".": 0.5, "the": 0.3})
    assert first(predictor, text) == f"{text.rpartition(' ')[0]} {word}"
    assert [one.word for one in predictor.predict(text, complete=True)] == [word]
    typist = predictor.typist()
    letters = [typist.suggest(text[:end], 1) for end in range(1, len(text) + 1)][-1]
    assert letters[0].accepted(text) == f"{text.rpartition(' ')[0]} {word}"


def test_gershayim_may_be_typed_as_a_quotation_mark(speaker: MakeSpeaker) -> None:
    predictor = speaker({"צה״ל": 0.1, ".": 0.5, "של": 0.3})
    assert first(predictor, 'של צה"') == 'של צה"ל'
    assert first(predictor, 'של צה"ל של צ') == 'של צה"ל של צה"ל'
    assert first(predictor, "של צ") == "של צה״ל"
    typist = predictor.typist()
    typed = [typist.suggest('של צה"'[:end], 1) for end in range(1, 7)][-1]
    assert typed[0].accepted('של צה"') == 'של צה"ל'


def test_a_quotation_mark_after_hebrew_letters_may_end_a_quotation(speaker: MakeSpeaker) -> None:
    predictor = speaker({"של": 0.2, ".": 0.5, "צה״ל": 0.1})
    assert first(predictor, 'הוא אמר "של"') == 'הוא אמר "של".'


@pytest.mark.parametrize("text", ["'so'", "a ·", "👨\u200d", "❤\ufe0f\u200d"])
def test_a_mark_that_stands_inside_words_may_stand_elsewhere(
    text: str, speaker: MakeSpeaker
) -> None:
    assert first(speaker({"the": 0.9, "sole": 0.1}), text) == f"{text} the"


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("", "How"),
        ("It is. ", "It is. How"),
        ("It is. It was! ", "It is. It was! How"),
        ("it is. it was. ", "it is. it was. how"),
        ("it is. it was.\n", "it is. it was.\nhow"),
        ("It is... ", "It is... how"),
        ('It is." ', 'It is." How'),
        ("It, ", "It, how"),
    ],
)
def test_sentences_begin_as_the_users_own_do(
    text: str, accepted: str, speaker: MakeSpeaker
) -> None:
    # Within a sentence lower case is the likelier here, so that only the place can decide.
    sure = speaker({"how": 0.6, "How": 0.1} if text else {"how": 0.1, "How": 0.6})
    assert first(sure, text) == accepted


def test_capitals_of_words_that_have_them_anywhere_stay_in_lower_case_text(
    speaker: MakeSpeaker,
) -> None:
    assert first(speaker({"Paris": 0.5, "x": 0.1}), "it is. it was. ") == "it is. it was. Paris"
    assert first(speaker({"iPhone": 0.5, "x": 0.1}), "It is. It was. ") == "It is. It was. iPhone"


def test_folded_models_take_capitals_from_what_is_typed(speaker: MakeSpeaker) -> None:
    folded = speaker({"like": 0.5, "how": 0.1}, case="fold")
    assert first(folded, "I would Li") == "I would Like"
    assert first(folded, "I would LI") == "I would LIKE"
    assert first(folded, "It is. ") == "It is. Like"
    assert first(folded, "it is. ") == "it is. like"


@pytest.mark.parametrize(
    ("word", "text", "accepted"),
    [
        (".", "I would like ", "I would like."),
        (".", "I would like", "I would like."),
        (".", "I would like  ", "I would like  ."),
        (".", "\n", "\n."),
        (".", "", "."),
        ("?", "what)", "what)?"),
        ("like", "I", "I like"),
        ("like", "I ", "I like"),
        ("like", "I (", "I (like"),
        ("like", 'I "', 'I "like'),
        ("like", 'I "do"', 'I "do" like'),
        ("like", "so\n", "so\nlike"),
        ('"', 'I "do ', 'I "do"'),
        ('"', "I ", 'I "'),
        ("(", "I ", "I ("),
        (")", "(I ", "(I)"),
        ("don't", "it’s so", "it’s so don’t"),
        ("awareness", "by self-", "by self-awareness"),
        ("law", "my mother-in-", "my mother-in-law"),
        ("10", "on 12/25/", "on 12/25/10"),
        ("S", "the U.", "the U.S"),
        ("m", "at 3 p.", "at 3 p.m"),
        ("m", "at 3 PM.", "at 3 PM. m"),
        ("com", "see www.", "see www.com"),
        ("com", "see www.example.", "see www.example.com"),
        ("www", "see http://", "see http://www"),
        ("//", "see http:", "see http://"),
        ("example", "mail user@", "mail user@example"),
        ("or", "and/", "and/or"),
        ("30", "at 10:", "at 10:30"),
        ("so", "it is:", "it is: so"),
        ("so", "well -", "well - so"),
        ("so", "- ", "- so"),
        ("so", "*it*", "*it* so"),
        ("so", "it costs 5$", "it costs 5$ so"),
        ("Dónde", "¿", "¿Dónde"),
        ("aquí", "No. ¡", "No. ¡Aquí"),
        ("so", "ok😀", "ok😀 so"),
        ("so", "Er sagte: „", "Er sagte: „so"),
        ("so", "Er sagte: „ja“", "Er sagte: „ja“ so"),
        ("so", "it is—", "it is—so"),
    ],
)
def test_spaces_stand_where_they_do_in_print(
    word: str, text: str, accepted: str, speaker: MakeSpeaker
) -> None:
    assert first(speaker({word: 0.9}), text, complete=False) == accepted


@pytest.mark.parametrize(
    ("word", "text", "accepted"),
    [
        ('"', "He said: “so” and ", "He said: “so” and “"),
        ('"', "He said: “so” and “no", "He said: “so” and “no”"),
        ('"', "Er sagte: „so“ und „nein", "Er sagte: „so“ und „nein“"),
        ('"', 'He said: “so” and "so" and ', 'He said: “so” and "so" and "'),
        ("...", "wait… what", "wait… what…"),
        ("...", "wait… what... so", "wait… what... so..."),
        ("--", "so — or not ", "so — or not —"),
        ("-", "so – or not ", "so – or not –"),
        ("-", "so – self‑aware ", "so – self‑aware –"),
        ("don't", "it’s so", "it’s so don’t"),
        ("don't", "‘it’ is it's so", "‘it’ is it's so don't"),
    ],
)
def test_marks_are_written_in_the_users_own_style(
    word: str, text: str, accepted: str, speaker: MakeSpeaker
) -> None:
    assert first(speaker({word: 0.9}), text, complete=False) == accepted


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Oh… ", "Oh... "),
        ("I “", 'I "'),
        ("I com\xadmit", "I commit"),
        ("I ﬁ", "I fi"),
        ("Ｈｅｌ", "Hel"),
        ("I wo\u2060", "I wo"),
        ("I 𝐥", "I l"),
    ],
)
def test_forms_of_characters_lead_to_the_same_words(
    text: str, plain: str, speaker: MakeSpeaker
) -> None:
    words = {"committee": 0.01, "find": 0.02, "...": 0.03, **ENGLISH}
    words.pop("…")
    predictor = speaker(words)
    actual, expected = predictor.suggest(text), predictor.suggest(plain)
    assert [(one.word, one.probability) for one in actual] == [
        (one.word, one.probability) for one in expected
    ]


def test_a_word_that_stands_there_in_another_form_is_not_offered(english: Predictor) -> None:
    assert all_of(english, "and li\xadke", complete=True) == ["and likely"]


def trained_on(lines: list[str], model: Predictor) -> Predictor:
    """A model with the spaces and the style of a training text."""
    tokenizer = model.tokenizer
    learned = Tokenizer(tokenizer.words, tokenizer.config, spacing=counted(lines))
    return Predictor(replace(model.folder, tokenizer=learned))


FRENCH = ["Ça va\u00a0? Oui\u00a0! Il dit\u00a0: «\u00a0oui\u00a0».", "Où est-il\u00a0?"] * 10


@pytest.mark.parametrize(
    ("word", "text", "accepted"),
    [
        ("?", "Ça va", "Ça va\u00a0?"),
        ("?", "Ça va ", "Ça va\u00a0?"),
        ("?", "Ça va\u00a0", "Ça va\u00a0?"),
        (".", "Ça va ", "Ça va."),
        ("oui", "Il dit\u00a0: «", "Il dit\u00a0: «\u00a0oui"),
        ("-", "est", "est-"),
        ("-", "est ", "est-"),
        ("il", "est-", "est-il"),
    ],
)
def test_spaces_stand_where_the_training_text_has_them(
    word: str, text: str, accepted: str, speaker: MakeSpeaker
) -> None:
    french = trained_on(FRENCH, speaker({word: 0.9}))
    assert first(french, text, complete=False) == accepted
    if not text[-1].isspace():  # what is generated keeps the spaces that are there
        assert text + "".join(generate(french, text, max_words=1, temperature=0)) == accepted


TYPESET = ["“It’s so…” — or – not, “he” said."] * 9


@pytest.mark.parametrize(
    ("word", "text", "accepted"),
    [
        ("...", "so", "so…"),
        ('"', "so ", "so “"),
        ("don't", "so", "so don’t"),
        ("don't", "it's so", "it's so don't"),
        ("...", "so... it", "so... it..."),
    ],
)
def test_before_the_user_shows_a_style_marks_are_those_of_the_training_text(
    word: str, text: str, accepted: str, speaker: MakeSpeaker
) -> None:
    typeset = trained_on(TYPESET, speaker({word: 0.9}))
    assert first(typeset, text, complete=False) == accepted
    assert text + "".join(generate(typeset, text, max_words=1, temperature=0)) == accepted


CHINESE = {"今天": 0.1, "天气": 0.2, "天": 0.02, "很好": 0.1, "，": 0.05, "我们": 0.05, "去": 0.05}


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("今天天", "今天天气"),
        ("今天很", "今天很好"),
        ("今天，我", "今天，我们"),
        ("今天，", "今天，天气"),
        ("今天天气", "今天天气今天"),
    ],
)
def test_words_without_spaces_between_them_are_completed_and_followed(
    text: str, accepted: str, speaker: MakeSpeaker
) -> None:
    chinese = speaker(CHINESE, segmenter="icu")
    assert accepted in [one.accepted(text) for one in chinese.suggest(text)]
    typist = chinese.typist()
    for end in range(1, len(text) + 1):
        actual = typist.suggest(text[:end])
        assert actual == chinese.suggest(text[:end])
        assert all(one.accepted(text[:end]).startswith(text[:end]) for one in actual)


@pytest.mark.parametrize("text", ["今天天氣怎麼樣我想去公園", "ผมรักประเทศ", "私は東京に住んで"])
def test_a_sentence_without_spaces_is_never_replaced_by_another(
    text: str, speaker: MakeSpeaker
) -> None:
    # As a model has it that knows no words in such a text, but sentences.
    whole = speaker({f"{text[:-1]}别的": 0.3, f"{text[: len(text) // 2 + 1]}了": 0.3, "the": 0.1})
    for accepted in all_of(whole, text) + all_of(whole, text, complete=True):
        assert accepted.startswith(text)


def test_text_that_is_cut_already_keeps_its_spaces(speaker: MakeSpeaker) -> None:
    cut = speaker({".": 0.9}, words="spaces")
    assert first(cut, "I would ") == "I would ."
    assert first(cut, "I would", complete=False) == "I would ."


def test_accepting_takes_away_what_it_replaces() -> None:
    assert Suggestion("like", 1.0, "like", 2).accepted("I li") == "I like"
    assert Suggestion("like", 1.0, " like", 0).accepted("I") == "I like"


def test_forms_of_one_word_are_one_suggestion(english: Predictor) -> None:
    words = [s.word.lower() for s in english.suggest("and ", 100)]
    assert len(words) == len(set(words))
    like = next(s for s in english.suggest("and lik", 5, complete=True) if s.word == "like")
    assert like.probability == pytest.approx((0.02 + 0.004) / (0.02 + 0.004 + 0.01), rel=1e-4)


def test_what_stands_there_already_is_not_offered(english: Predictor) -> None:
    assert all_of(english, "and like") == ["and likely"]
    assert all_of(english, "and likely") == []


def test_special_words_are_never_offered(english: Predictor) -> None:
    for text in ("and ", "<unk", "<", "<eos", "xyzzy", ""):
        assert not {"<unk>", "<eos>"} & {s.word for s in english.suggest(text, 100)}


def test_whether_the_last_word_is_finished_can_be_said(english: Predictor) -> None:
    assert all_of(english, "and like", complete=True) == ["and likely"]
    assert first(english, "and like", complete=False) == "and like I"


def test_both_readings_of_the_last_word_are_weighed_by_their_probabilities(
    speaker: MakeSpeaker,
) -> None:
    # Of 1 in 10 that begin as typed, 6 parts are like itself, 4 likely: P(to) is 0.3 in any place.
    predictor = speaker({"to": 0.3, "like": 0.06, "likely": 0.04})
    actual = {s.accepted("I like"): s.probability for s in predictor.suggest("I like", 9)}
    assert actual["I like to"] == pytest.approx(0.6 * 0.3, rel=1e-4)
    assert actual["I likely"] == pytest.approx(0.4, rel=1e-4)
    assert actual["I like like"] == pytest.approx(0.6 * 0.06, rel=1e-4)
    assert list(actual) == ["I likely", "I like to", "I like like"], "likely stands there once"


def test_a_beginning_of_a_common_word_is_unfinished_though_it_is_a_word(
    speaker: MakeSpeaker,
) -> None:
    predictor = speaker({"want": 0.02, "to": 0.2, "wan": 0.0002})
    assert [s.word for s in predictor.suggest("I wan")] == ["want"]
    assert predictor.suggest("I want")[0].accepted("I want") == "I want to"
    assert predictor.is_unfinished("I wan")
    assert not predictor.is_unfinished("I want")
    assert not predictor.is_unfinished("I want ")


def test_a_new_word_is_followed_and_a_slip_of_a_known_one_mended(english: Predictor) -> None:
    assert english.suggest("and zyxwv")[0].accepted("and zyxwv") == "and zyxwv I"
    assert english.suggest("I shuold")[0].accepted("I shuold") == "I should"


def test_a_layer_has_a_say_in_whether_the_last_word_is_finished(speaker: MakeSpeaker) -> None:
    predictor = speaker({"to": 0.2, "an": 0.02, "anne": 1e-6})
    assert predictor.suggest("I an")[0].accepted("I an") == "I an to"
    known = Says(0.5, {"annegret": 0.9})
    assert predictor.suggest("I an", layer=known)[0].accepted("I an") == "I annegret"


def test_a_word_in_another_case_may_be_mended_or_followed(speaker: MakeSpeaker) -> None:
    predictor = speaker({"Paris": 0.02, "is": 0.2})
    actual = {s.accepted("I paris"): s.probability for s in predictor.suggest("I paris")}
    assert actual["I Paris"] == pytest.approx(0.5, rel=1e-3)
    assert actual["I paris is"] == pytest.approx(0.5 * 0.2, rel=1e-3)


def test_fewer_than_one_word_is_refused(english: Predictor) -> None:
    with pytest.raises(SettingsError, match="k must be at least 1, not 0"):
        english.suggest("the", 0)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("shuold", "should"), ("shold", "should"), ("shoould", "should"), ("shoild", "should")],
)
def test_a_slip_leads_to_the_word_if_none_begins_as_typed(
    typed: str, meant: str, english: Predictor
) -> None:
    actual = english.suggest(f"I {typed}", 3, complete=True)
    assert actual[0].word == meant
    assert actual[0].replaces == len(typed)
    assert typed in [s.word for s in actual]


def test_a_stem_leads_to_words_and_the_typed_word_stays_as_it_is(english: Predictor) -> None:
    actual = [s.word for s in english.suggest("I Walkable", 5, complete=True)]
    assert set(actual) == {"Walkable", "Walk", "Walking"}


@pytest.mark.parametrize("typed", ["xyzzy", "שלום", "Xyzzy", "xYz", "12345", "élan"])
def test_a_word_unlike_all_is_offered_as_it_stands(typed: str, english: Predictor) -> None:
    assert all_of(english, f"my {typed}") == [f"my {typed}"]


def test_slips_are_thought_of_on_demand_where_words_begin_as_typed(english: Predictor) -> None:
    assert "and should" not in all_of(english, "and ho")
    tolerant = all_of(english, "and so", tolerant=True)
    assert "and to" not in tolerant  # the first letter of two is taken as meant
    assert "and should" in tolerant
    assert "and how" in [text.lower() for text in all_of(english, "and hiw", tolerant=True)]


def test_neighbouring_keys_are_likelier_than_distant_ones(speaker: MakeSpeaker) -> None:
    even = speaker({"bat": 0.1, "bst": 0.1, "bpt": 0.1, "bqxx": 0.1})
    actual = [s.word for s in even.suggest("bdt", 4, complete=True)]
    assert actual.index("bst") < actual.index("bat") < len(actual)


def test_offensive_words_are_kept_back_unless_asked_for(english: Predictor) -> None:
    assert "shit" not in {s.word for s in english.suggest("sh", 9, complete=True)}
    assert "shit" in {s.word for s in english.suggest("sh", 9, offensive=True, complete=True)}
    assert "shit" not in {s.word for s in english.suggest("and ", 99)}
    assert "SHIT" not in {s.word for s in english.suggest("SH", 99, complete=True)}


def test_what_the_user_types_in_full_is_never_blocked(speaker: MakeSpeaker) -> None:
    rude = speaker({"Shit": 0.5, "shy": 0.2})
    assert [s.word for s in rude.suggest("shi", 3, complete=True)] == []
    assert [s.word for s in rude.suggest("shit", 3, complete=True)] == ["Shit"]
    assert [s.word for s in speaker({"the": 0.5}).suggest("fuck", 3, complete=True)] == ["fuck"]


def test_words_of_ones_own_are_blocked_in_any_form(english: Predictor) -> None:
    actual = {s.word for s in english.suggest("I would ", 99, blocked=["LIKE", "don’t"])}
    assert not {"like", "Like", "don't"} & actual
    assert {"likely", "done"} <= actual


def test_blocking_most_words_leaves_the_others(speaker: MakeSpeaker) -> None:
    many = speaker({f"a{n}": 0.9 / (n + 2) ** 2 for n in range(300)})
    left = [
        s.word for s in many.suggest("a", 3, blocked=[f"a{n}" for n in range(290)], complete=True)
    ]
    assert left == ["a290", "a291", "a292"]


class Says:
    """A layer that says what it was told to, and keeps what it was asked."""

    def __init__(
        self,
        weight: float,
        words: Mapping[str, float],
        spelled: Mapping[str, str] | None = None,
        factors: Mapping[str, float] | None = None,
    ) -> None:
        self.given = Opinion(weight, words, spelled or {}, Factors(factors) if factors else None)
        self.asked: list[tuple[tuple[str, ...], str]] = []

    def opinion(self, context: Sequence[str], prefix: str) -> Opinion:
        self.asked.append((tuple(context), prefix))
        return self.given


def test_a_layer_is_mixed_in_by_its_weight(english: Predictor) -> None:
    alone = {s.word: s.probability for s in english.suggest("I like ", 99)}
    layer = Says(0.25, {"walking": 0.5, "Foreword": 0.3, "to": 0.1})
    mixed = {s.word: s.probability for s in english.suggest("I like ", 99, layer=layer)}
    assert mixed["Foreword"] == pytest.approx(0.25 * 0.3)
    assert mixed["walking"] == pytest.approx(0.75 * alone["walking"] + 0.25 * 0.5)
    assert mixed["to"] == pytest.approx(0.75 * alone["to"] + 0.25 * 0.1)
    assert mixed["the"] == pytest.approx(0.75 * alone["the"])


@pytest.mark.parametrize("text", ["I like ", "I l", "I li"])
def test_a_layer_multiplies_the_networks_probabilities(english: Predictor, text: str) -> None:
    alone = {s.word: s.probability for s in english.suggest(text, 99, complete=True)}
    least = min(alone, key=alone.__getitem__)
    factors = {least: 50.0, "unheard": 3.0}
    layer = Says(1e-9, {least: 1.0}, factors=factors)
    raised = {s.word: s.probability for s in english.suggest(text, 99, layer=layer, complete=True)}
    total = 1 + alone[least] * (factors[least] - 1)
    assert raised == pytest.approx(
        {word: share * factors.get(word, 1.0) / total for word, share in alone.items()}, rel=1e-3
    )


def test_a_word_beyond_the_likeliest_is_raised_to_the_first(speaker: MakeSpeaker) -> None:
    many = speaker({f"a{n}": 0.003 for n in range(300)})
    layer = Says(1e-9, {"a299": 1.0}, factors={"a299": 5.0})
    for text, share in (("I ", 0.003), ("I a", 1 / 300)):
        (first,) = many.suggest(text, 1, layer=layer, complete=True)
        assert first.word == "a299"
        assert first.probability == pytest.approx(5 * share / (1 + 4 * share), rel=1e-3)


@pytest.mark.parametrize("factor", [0.5, float("nan"), float("inf")])
def test_a_factor_below_one_or_without_end_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="the factor of 'like' is"):
        Factors({"to": 1.5, "like": factor})


def test_a_layers_words_have_their_share_of_the_network_however_unlikely(
    speaker: MakeSpeaker,
) -> None:
    many = speaker({f"a{n}": 0.003 for n in range(300)})
    for text, share in (("I ", 0.003), ("I a", 1 / 300)):
        actual = many.suggest(text, 1, layer=Says(0.5, {"a299": 0.001}), complete=True)
        assert actual[0].word == "a299"
        assert actual[0].probability == pytest.approx(0.5 * 0.001 + 0.5 * share, rel=1e-3)


def test_a_layer_completes_words_that_the_network_lacks(english: Predictor) -> None:
    layer = Says(0.5, {"xylophone": 0.8, "Xyzzy": 0.1, "other": 0.1})
    assert all_of(english, "my xy", layer=layer) == ["my xylophone", "my Xyzzy"]
    assert all_of(english, "my XY", layer=layer) == ["my XYLOPHONE", "my XYZZY"]


def test_a_layer_tells_how_words_are_written_that_a_folded_model_has_in_lower_case(
    speaker: MakeSpeaker,
) -> None:
    folded = speaker({"anna": 0.3, "and": 0.2}, case="fold")
    spelled = {"anna": "Anna", "annegret": "Annegret", "an": "another word"}
    layer = Says(0.5, {"anna": 0.5, "annegret": 0.3, "an": 0.1}, spelled)
    assert all_of(folded, "see ann", layer=layer) == ["see Anna", "see Annegret"]
    assert all_of(folded, "see ANN", layer=layer) == ["see ANNA", "see ANNEGRET"]
    assert {s.word for s in folded.suggest("see ", layer=layer)} == {"Anna", "Annegret", "and"}
    together = folded.suggest("see ", layer=layer)[0].probability
    assert together == pytest.approx(0.5 * 0.3 + 0.5 * 0.5, rel=1e-3)


def test_a_layer_is_asked_with_context_and_letters(english: Predictor) -> None:
    layer = Says(0.5, {})
    english.suggest("Don’t!\nI wou", layer=layer)
    context, prefix = layer.asked[0]
    assert context == ("Don't", "!", "\n", "I")
    assert prefix == "wou"


class Broken:
    def opinion(self, context: object, prefix: object) -> Opinion:
        raise RuntimeError("the file is locked")


def test_a_layer_that_fails_is_left_out_and_told_of_once(
    english: Predictor, caplog: pytest.LogCaptureFixture
) -> None:
    layer_module._warned.clear()
    with caplog.at_level(logging.WARNING, logger="foreword"):
        for _ in range(3):
            assert english.suggest("I li", layer=Broken()) == english.suggest("I li")
    assert [record.getMessage() for record in caplog.records] == [
        "suggestions go on without the layer Broken, which failed: RuntimeError: the file is locked"
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        Says(1.5, {"like": 1}),
        Says(float("nan"), {"like": 1}),
        Says(0.5, {"like": 2.0}),
        Says(0.5, {"like": float("nan")}),
        Says(0.5, {"like": -0.5, "to": 0.2}),
    ],
)
def test_an_opinion_out_of_range_is_left_out(
    wrong: Says, english: Predictor, caplog: pytest.LogCaptureFixture
) -> None:
    layer_module._warned.clear()
    assert english.suggest("I li", layer=wrong) == english.suggest("I li")
    assert "which failed: ValueError" in caplog.text


SEEN = [
    "the",
    " ",
    "I",
    "li",
    "'",
    "’",
    '"',
    ".",
    "\n",
    "😀",
    "שלום",
    "👩‍👩‍👧",
    "한",
    "1",
    "ß",
    "İ",
    "ǆ",
    "é",
    "ﬁ",
]
UNSEEN = [
    "\u0301",
    "\u202e",
    "\0",
    "\ud800",
    "\u1112\u1161",
    "\U0010ffff",
    "_",
    "\u200d",
    "\r",
    "\x1c",
]
PIECES = st.sampled_from([*SEEN, *UNSEEN])
TEXTS = st.one_of(st.lists(PIECES, max_size=12).map("".join), st.text(st.characters(), max_size=30))


@given(
    text=TEXTS,
    complete=st.sampled_from([True, False, None]),
    tolerant=st.booleans(),
    case=st.sampled_from(["keep", "fold"]),
    words=st.sampled_from(["unicode", "spaces"]),
)
@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_is_answered(
    text: str,
    complete: bool | None,
    tolerant: bool,
    case: str,
    words: str,
    speaker: MakeSpeaker,
) -> None:
    known = dict.fromkeys(
        ("the", "i", "li", "ß", "ss", "don't", "é", "한국", ".", "1st", "fin"), 0.05
    )
    predictor = speaker(known, case=case, words=words)
    actual = predictor.suggest(text, 3, complete=complete, tolerant=tolerant)
    shares = [s.probability for s in actual]
    assert shares == sorted(shares, reverse=True)
    assert all(0 < share <= 1 + 1e-6 for share in shares)
    for s in actual:
        assert 0 <= s.replaces <= len(text)
        assert s.accepted(text).endswith(s.text)
        assert s.word not in ("<unk>", "<eos>")


@pytest.mark.parametrize(
    "unit",
    ["a", "a ", "!?", "! ", "\n", "é\u0301", "\0", "😀", "שלום", "'", "don't ", "1.", "\u1161"],
)
def test_of_megabytes_the_end_alone_is_read(
    unit: str, make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor(make_folder())
    text = unit * (2_500_000 // len(unit.encode()))
    advanced = 0
    advance = Engine.advance

    def counted(engine: Engine, state: State, word: int) -> State:
        nonlocal advanced
        advanced += 1
        return advance(engine, state, word)

    monkeypatch.setattr(Engine, "advance", counted)
    monkeypatch.setattr(predictor_module, "LONGEST_READ", 1024)
    typist = predictor.typist(tolerant=True)
    assert len(predictor.suggest(text)) <= 3
    typist.suggest(text)
    typist.suggest(text + "l")
    assert advanced < 3 * 2 * STRIDE

    advanced = 0
    for complete in (True, False, None):
        assert len(predictor.predict(text, 3, complete=complete)) <= 3
    assert advanced < 2 * 2 * STRIDE + 3 * 2 * 1024

    advanced = 0
    state = predictor.read(text, predictor.advance(predictor.start(), text))
    assert advanced <= 1 + 2 * 1024
    assert all(np.isfinite(part).all() for part in state.parts)


def test_a_long_text_is_read_from_a_boundary_of_words(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())
    text = "would like " * 20_000 + "the cat sat on a mat "
    begin, begins_line = beginning(text, predictor_module.LONGEST_READ)
    assert predictor_module.LONGEST_READ <= len(text) - begin < 2 * predictor_module.LONGEST_READ
    assert text[begin - 1] == " "
    assert not begins_line
    assert predictor.read(text) == predictor.read(text[begin:])
    for complete, end in ((True, "li"), (False, "like")):
        whole, cut = (predictor.predict(t + end, complete=complete) for t in (text, text[begin:]))
        assert whole == cut


def test_a_hyphen_between_spaces_is_the_dash_that_the_training_text_has_there(
    speaker: MakeSpeaker,
) -> None:
    plain = speaker({"-": 0.1, "–": 0.1, "so": 0.2})
    tokenizer = plain.tokenizer
    spacing = counted(["On 3–5 it is well-known – so they say."] * 9)
    learned = Tokenizer(tokenizer.words, tokenizer.config, spacing=spacing)
    typist = Predictor(replace(plain.folder, tokenizer=learned)).typist()

    def read(text: str) -> str:
        return typist.trace(text).word

    assert read("so - ") == read("so – ") == "–"
    assert read("so-") == "-"


def misspelling(speaker: MakeSpeaker, probabilities: dict[str, float], **slips: str) -> Predictor:
    """A model of these words, some of them known misspellings of others."""
    return Predictor(replace(speaker(probabilities).folder, misspellings=slips))


def test_known_misspellings_are_read_offered_and_counted_as_the_words_that_are_meant(
    speaker: MakeSpeaker,
) -> None:
    model = misspelling(speaker, {"like": 0.2, "because": 0.18, "becuase": 0.1}, becuase="because")

    assert model.suggest("x ")[0].word == "because"  # 0.18 + 0.1
    assert model.suggest("x ")[0].probability == pytest.approx(0.28)
    assert [one.word for one in model.suggest("x becua", 1, complete=True)] == ["because"]
    assert "becuase" not in [one.word for one in model.suggest("x becua", complete=True)]
    assert model.read("x becuase").last == model.tokenizer.id_of("because")


def test_misspellings_that_the_vocabulary_lacks_are_corrected_where_no_word_begins_so(
    speaker: MakeSpeaker,
) -> None:
    probabilities = {"were": 0.3, "fourth": 0.2, "forty": 0.05, "weird": 0.02}
    plain = speaker(probabilities)
    model = misspelling(speaker, probabilities, wierd="weird", fourty="forty")

    for typed, common, rare in (("wier", "were", "weird"), ("fourty", "fourth", "forty")):
        assert plain.suggest(f"x {typed}", 1, complete=True)[0].word == common
        assert model.suggest(f"x {typed}", 1, complete=True)[0].word == rare
    for typed in ("w", "four", "we"):
        assert model.suggest(f"x {typed}", complete=True) == plain.suggest(
            f"x {typed}", complete=True
        )


def test_two_words_that_were_run_together_are_offered_apart(speaker: MakeSpeaker) -> None:
    probabilities = {"a": 0.2, "lot": 0.1, "alot": 0.1, "alone": 0.01}
    model = misspelling(speaker, probabilities, alot="a lot")

    unfinished, *_ = model.suggest("like alo", k=3)
    assert (unfinished.word, unfinished.accepted("like alo")) == ("a lot", "like a lot")
    whole, following, *_ = model.suggest("like alot", k=3)
    assert (whole.word, whole.accepted("like alot")) == ("a lot", "like a lot")
    assert following.accepted("like alot").startswith("like alot ")
    assert model.suggest("like Alo", k=1)[0].accepted("like Alo") == "like A lot"
    assert "alot" not in {suggestion.word for suggestion in model.suggest("like ", k=9)}


def test_a_space_that_was_not_typed_between_two_known_words_is_set(speaker: MakeSpeaker) -> None:
    model = speaker({"in": 0.3, "fact": 0.2, "intact": 1e-5, "a": 0.1})

    best, *_ = model.suggest("x infact", k=3)
    assert (best.word, best.accepted("x infact")) == ("in fact", "x in fact")
    assert model.suggest("Infact", k=1)[0].accepted("Infact") == "In fact"
    assert "in fact" not in {one.word for one in model.suggest("x intact", k=9)}
    hidden = model.suggest("x infact", k=9, blocked=["fact"])
    assert "in fact" not in {one.word for one in hidden}


@pytest.mark.parametrize(
    ("typed", "apart"),
    [("dontknow", "don't know"), ("Idontknow", "I don't know"), ("Dontknow", "Don't know")],
)
def test_words_without_spaces_may_lack_apostrophes_and_be_three(
    speaker: MakeSpeaker, typed: str, apart: str
) -> None:
    model = speaker({"I": 0.3, "don't": 0.2, "know": 0.1, "dont's": 1e-4})

    assert model.suggest(f"x {typed}", k=1)[0].accepted(f"x {typed}") == f"x {apart}"


@pytest.mark.usefixtures("in_python")
def test_words_without_spaces_are_read_as_these_words(speaker: MakeSpeaker) -> None:
    model = speaker({"I": 0.3, "don't": 0.2, "know": 0.1, "pool": 1e-6, "liver": 1e-6})

    assert last_read(model, "dontknow ") == "know"
    assert last_read(model, "liverpool ") == "<unk>"


def last_read(model: Predictor, text: str) -> str:
    """The word of the vocabulary that the last word of a text is read as while it is typed."""
    typist = model.typist()
    typist.suggest(text)
    assert typist._reading is not None
    return model.tokenizer.word_of(typist._reading.context.state.last)


@pytest.mark.usefixtures("in_python")
@pytest.mark.parametrize(
    ("typed", "meant"),
    [("goign", "going"), ("Goign", "going"), ("tomorow", "tomorrow"), ("tommorow", "tomorrow")],
)
def test_a_word_with_a_slip_is_read_as_the_one_that_is_meant(
    speaker: MakeSpeaker, typed: str, meant: str
) -> None:
    model = speaker({"going": 0.2, "tomorrow": 0.2, "gong": 1e-6})

    assert last_read(model, f"x {typed} ") == meant
    assert model.read(f"x {typed}").last == model.tokenizer.id_of(meant)


@pytest.mark.usefixtures("in_python")
@pytest.mark.parametrize("typed", ["Hackman", "goingly", "g0ing", "goings", "went"])
def test_new_words_are_not_bent_to_known_ones(speaker: MakeSpeaker, typed: str) -> None:
    model = speaker({"going": 1e-3, "Jackman": 1e-4})

    assert last_read(model, f"x {typed} ") == "<unk>"
    assert model.read(f"x {typed}").last == UNK_ID


@pytest.mark.usefixtures("in_python")
def test_a_word_that_comes_again_is_no_slip(speaker: MakeSpeaker) -> None:
    model = speaker({"going": 0.2})

    assert last_read(model, "Goign x goign ") == "<unk>"


@pytest.mark.parametrize("mark", "´`’ʼ‘′")
def test_whatever_is_typed_as_an_apostrophe_is_one(speaker: MakeSpeaker, mark: str) -> None:
    model = speaker({"don't": 0.3, "do": 0.2, "can": 0.1})

    assert model.suggest(f"x don{mark}", k=1)[0].word == "don't"
    assert [word.text for word in model.tokenizer.split(f"don{mark}t")] == ["don't"]


@pytest.mark.parametrize(("typed", "word"), [("naïve", "naive"), ("naïv", "naive")])
def test_accents_that_the_vocabulary_lacks_cost_nothing(
    speaker: MakeSpeaker, typed: str, word: str
) -> None:
    model = speaker({"naive": 0.01, "he'll": 0.01, "hell": 0.01})

    assert model.suggest(f"x {typed}", k=1, complete=True)[0].word == word
    assert model.read("x naïve").last == model.tokenizer.id_of("naive")
    assert model.read("x na'ive").last == model.tokenizer.id_of("<unk>")


@pytest.mark.parametrize("typed", ["tommorow", "tomorow", "tommorrow"])
def test_a_word_two_common_slips_away_is_offered(speaker: MakeSpeaker, typed: str) -> None:
    model = speaker({"tomorrow": 0.01, "tom": 0.1, "row": 0.1})

    assert model.suggest(f"x {typed}", k=1)[0].word == "tomorrow"


def test_a_known_misspelling_in_full_is_likelier_than_the_beginning_of_a_longer_one(
    speaker: MakeSpeaker,
) -> None:
    model = misspelling(
        speaker, {"they": 0.3, "the": 0.2, "teh": 0.001, "tehy": 0.01}, teh="the", tehy="they"
    )

    assert [one.word for one in model.suggest("x teh", complete=True)] == ["the", "they"]
    assert model.suggest("x teh")[0].word == "the"
    assert model.suggest("x tehy")[0].word == "they"


def test_a_word_with_a_slip_in_all_its_letters_is_likelier_than_a_longer_one(
    speaker: MakeSpeaker,
) -> None:
    model = speaker({"they": 0.3, "the": 0.2})

    assert [one.word for one in model.suggest("x teh", complete=True)] == ["the", "they", "teh"]


def test_a_common_word_one_slip_away_is_offered_before_rare_words_that_begin_as_typed(
    speaker: MakeSpeaker,
) -> None:
    rare = ("adnexa", "matterhorn", *(f"rare{number:03}" for number in range(999)))
    folder = replace(speaker({"and": 0.3, "the": 0.6, "matters": 1e-6}).folder, rare=rare)
    model = Predictor(folder)

    assert model.suggest("x adn", complete=True)[0].word == "and"
    assert "adnexa" in [one.word for one in model.suggest("x adn", complete=True)]
    assert model.suggest("x matterh", complete=True)[0].word == "matterhorn"
