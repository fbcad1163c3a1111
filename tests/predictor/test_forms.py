"""Words that are typed without capitals, apostrophes or accents are read as what is meant."""

from dataclasses import replace

import pytest
from tests.predictor.conftest import MakeSpeaker

from foreword.predictor.predictor import Predictor
from foreword.text.spacing import Spacing
from foreword.text.tokenizer import Tokenizer


def read_as(model: Predictor, text: str) -> str:
    """The last word of a text as the model reads it."""
    return model.tokenizer.word_of(model.read(text).last)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        *(("i", "I"), ("dont", "don't"), ("Dont", "don't"), ("THE", "the"), ("english", "English")),
        *(("cafe", "café"), ("deja", "déjà"), ("strasse", "Straße"), ("coeur", "cœur")),
        *(("oclock", "o'clock"), ("MUNCHEN", "München")),
    ],
)
def test_a_careless_form_is_read_as_the_far_commoner_one_known_or_not(
    speaker: MakeSpeaker, typed: str, meant: str
) -> None:
    without = speaker({meant: 0.1})
    beside = speaker({meant: 0.1, typed: 0.001})

    assert read_as(without, typed) == meant
    assert read_as(beside, typed) == meant


@pytest.mark.parametrize(
    ("typed", "other"), [("I", "i"), ("don't", "dont"), ("é", "e"), ("déjà", "deja"), ("el", "él")]
)
def test_a_word_that_is_as_common_as_typed_is_read_as_it_stands(
    speaker: MakeSpeaker, typed: str, other: str
) -> None:
    model = speaker({other: 0.1, typed: 0.05})

    assert read_as(model, typed) == typed


def test_apostrophes_and_accents_that_were_typed_are_respected(speaker: MakeSpeaker) -> None:
    model = speaker({"ou": 0.2, "its": 0.2, "pèche": 0.1})

    assert read_as(model, "où") == "<unk>"
    assert read_as(model, "it's") == "<unk>"
    assert read_as(model, "pêche") == "<unk>"
    assert read_as(model, "peche") == "pèche"


def test_a_word_to_score_is_read_as_it_stands(speaker: MakeSpeaker) -> None:
    model = speaker({"I": 0.1, "i": 0.001})

    assert model.tokenizer.word_of(model.advance(model.start(), "i").last) == "I"
    assert model.tokenizer.word_of(model.advance(model.start(), "i", mend=False).last) == "i"


def test_all_ways_to_read_agree_on_a_careless_form(speaker: MakeSpeaker) -> None:
    model = speaker({"I": 0.1, "don't": 0.05, "i": 0.001, "dont": 0.001})
    (many,) = model.advance_many([model.advance(model.start(), "i")], ["dont"])

    assert many.to_bytes() == model.read("I don't").to_bytes() == model.read("i dont").to_bytes()
    assert model.typist().suggest("i dont ") == model.typist().suggest("I don't ")


def offered(model: Predictor, typed: str, **options: object) -> list[str]:
    """Fields after accepting each suggestion for letters that are taken as unfinished."""
    actual = model.suggest(typed, complete=True, **options)
    return [one.accepted(typed) for one in actual]


@pytest.mark.parametrize(
    ("typed", "meant", "begins_as_typed"),
    [
        *(("cant", "can't", "cantonese"), ("whats", "what's", "whatsoever")),
        *(("im", "I'm", "imagine"), ("its", "it's", "itself"), ("id", "I'd", "idea")),
        *(("cest", "c'est", "cesta"), ("deja", "déjà", "dejala"), ("ete", "été", "eteint")),
        *(("ca", "ça", "cadeau"), ("coeu", "cœur", "coeurs"), ("collab", "col·laborar", "collab1")),
        *(
            ("espan", "español", "espandir"),
            ("dzieki", "dzięki", "dziekis"),
            ("gor", "gør", "gorm"),
        ),
        *(("duoc", "được", "duocs"), ("еще", "ещё", "ещерик")),
        *(("isik", "ışık", "isiko"), ("oclo", "o'clock", "oclots"), ("ανθ", "άνθρωπος", "ανθος")),
    ],
)
def test_missing_apostrophes_and_accents_hide_no_word(
    speaker: MakeSpeaker, typed: str, meant: str, begins_as_typed: str
) -> None:
    model = speaker({meant: 0.1, begins_as_typed: 0.01})

    assert offered(model, f"x {typed}") == [f"x {meant}", f"x {begins_as_typed}"]


def test_of_two_equally_likely_words_the_one_written_as_typed_is_first(
    speaker: MakeSpeaker,
) -> None:
    model = speaker({"pêcheur": 0.1, "pecheux": 0.1})

    assert offered(model, "un pech") == ["un pecheux", "un pêcheur"]


def test_accents_that_are_typed_leave_out_words_without_them(speaker: MakeSpeaker) -> None:
    model = speaker({"etre": 0.2, "été": 0.1, "être": 0.1, "we'll": 0.1, "well": 0.2})

    assert offered(model, "x é") == ["x été"]
    assert offered(model, "x ê") == ["x être"]
    assert set(offered(model, "x ét")) == {"x été"}
    assert offered(model, "x we'") == ["x we'll"]


def test_capitals_stay_where_an_apostrophe_is_put_in(speaker: MakeSpeaker) -> None:
    model = speaker({"don't": 0.1, "école": 0.1})

    assert offered(model, "Don. Dont") == ["Don. Don't"]
    assert offered(model, "x DONT") == ["x DON'T"]
    assert offered(model, "x ECO") == ["x ÉCOLE"]
    assert offered(model, "x Eco") == ["x École"]


@pytest.mark.parametrize("typed", ["ㅎ", "하", "학", "하ㄱ", "하고"])
def test_a_korean_word_stays_while_its_next_syllable_is_composed(
    speaker: MakeSpeaker, typed: str
) -> None:
    model = speaker({"하고있다": 0.1, "호수": 0.001})

    assert offered(model, f"나 {typed}")[0] == "나 하고있다"


def test_each_step_of_composing_korean_keeps__the_word(
    speaker: MakeSpeaker,
) -> None:
    model = speaker({"괜찮아": 0.1, "과일": 0.1, "한국": 0.1, "하고": 0.1})

    for composing in ("ㄱ", "고", "괘", "괜", "괜ㅊ", "괜차", "괜찬", "괜찮", "괜찮ㅇ"):
        assert "x 괜찮아" in offered(model, f"x {composing}")
    assert "x 괜찮아" not in offered(model, "x 과")
    assert offered(model, "x 한") == ["x 한국"]
    assert offered(model, "x 학") == ["x 하고"]


@pytest.mark.parametrize(
    ("words", "typed", "written"),
    [
        *(
            (("TV", "TVs"), "TV", "TVs"),
            (("PC", "pcs"), "PC", "PCs"),
            (("DVD", "dvd's"), "DVD", "DVD's"),
        ),
        *((("O'Brien",), "O'B", "O'Brien"), (("McDonald",), "McD", "McDonald")),
        *((("O'Brien",), "O'", "O'Brien"), (("O'Brien",), "OB", "O'Brien")),
        *((("like",), "LI", "LIKE"), (("the", "they"), "THE", "THEY"), (("aid",), "AI", "AID")),
        *((("l'état",), "l'ETAT", "l'ÉTAT"), (("l'homme",), "l'HOMM", "l'HOMME")),
        *((("it", "its"), "IT", "ITS"), (("iPhone",), "iP", "iPhone"), (("NASA",), "na", "NASA")),
    ],
)
def test_capitals_within_words_stay_and_those_that_were_typed_go_on(
    speaker: MakeSpeaker, words: tuple[str, ...], typed: str, written: str
) -> None:
    model = speaker({word: 0.3 / 2**index for index, word in enumerate(words)})

    assert f"x {written}" in offered(model, f"x {typed}")


@pytest.mark.parametrize(
    "text",
    [
        "It works. approx. ",
        "It works, e.g. ",
        "Ask Dr. ",
        "We saw J. ",
        "It is us vs. ",
        "Es ist ca. ",
    ],
)
def test_no_sentence_begins_after_an_abbreviation(speaker: MakeSpeaker, text: str) -> None:
    assert speaker({"like": 0.5}).suggest(text)[0].word == "like"


@pytest.mark.usefixtures("in_python")
@pytest.mark.parametrize("word", ["approx", "vs", "ca", "lbs"])
def test_an_abbreviation_that_the_training_text_lacks_is_read_without_its_full_stop(
    speaker: MakeSpeaker, word: str
) -> None:
    model = speaker({".": 0.6, "like": 0.3, word: 0.01, "Dr": 0.01})

    def last_word(text: str) -> str:
        typist = model.typist()
        typist.suggest(text)
        assert typist._reading is not None
        return model.tokenizer.word_of(typist._reading.context.state.last)

    assert last_word(f"x {word}. ") == word
    assert last_word("x Dr. ") == "."


@pytest.mark.usefixtures("in_python")
@pytest.mark.parametrize(
    ("text", "last"),
    [("x p.m. ", "pm"), ("x p.m", "pm"), ("x Ph.D. ", "PhD"), ("x U.S. ", "."), ("x i.e. ", "e")],
)
def test_letters_with_full_stops_are_read_as_the_word_if_that_is_known_better(
    speaker: MakeSpeaker, text: str, last: str
) -> None:
    shares = {"pm": 0.01, "PhD": 0.01, "US": 1e-6, ".": 0.1, "U": 0.1, "S": 0.1}
    model = speaker({**shares, **dict.fromkeys(("p", "m", "Ph", "D", "x", "i", "e"), 1e-3)})
    typist = model.typist()
    typist.suggest(text)

    assert typist._reading is not None
    assert model.tokenizer.word_of(typist._reading.context.state.last) == last


@pytest.mark.parametrize("text", ["x approx. ", "We saw J. ", "Ask Dr. "])
def test_no_second_full_stop_is_offered_after_an_abbreviation(
    speaker: MakeSpeaker, text: str
) -> None:
    words = [each.word for each in speaker({".": 0.6, "like": 0.3}).suggest(text)]

    assert words[0] == "like"
    assert "." not in words


@pytest.mark.parametrize(
    "text",
    [
        "It works. ",
        "It works. 😀 ",
        "It works 😀 ",
        "It works! 👍🏽 ",
        "It is him and I. ",
        "So it is . ",
    ],
)
def test_a_sentence_begins_after_its_mark_and_after_an_emoji(
    speaker: MakeSpeaker, text: str
) -> None:
    assert speaker({"like": 0.5}).suggest(text)[0].word == "Like"


def test_a_heart_may_stand_for_a_word(speaker: MakeSpeaker) -> None:
    assert speaker({"like": 0.5}).suggest("It is so. I ❤ ")[0].word == "like"
    assert speaker({"like": 0.5}).suggest("It is so! ❤ ")[0].word == "Like"


def romance(speaker: MakeSpeaker, clitic: str, *words: str) -> Predictor:
    """A model that has a clitic before some words, and other words alone."""
    after = ["homme", "amie", "eau", "orange", "idea", "union"]
    return speaker({f"{clitic}{word}": 0.02 for word in after} | dict.fromkeys(words, 0.05))


@pytest.mark.parametrize(
    ("clitic", "typed", "meant"),
    [
        *(("l'", "l'en", "l'enfant"), ("l'", "l'é", "l'école"), ("l'", "l'ec", "l'école")),
        *(("qu'", "qu'en", "qu'enfant"), ("d'", "D'en", "D'enfant"), ("l'", "l'hom", "l'homme")),
        *(("dell'", "dell'en", "dell'enfant"), ("un'", "un'is", "un'isola")),
    ],
)
def test_a_clitic_and_a_known_word_are_offered_together(
    speaker: MakeSpeaker, clitic: str, typed: str, meant: str
) -> None:
    model = romance(speaker, clitic, "enfant", "école", "isola", "ennemis")

    assert f"x. Vois {meant}" in offered(model, f"x. Vois {typed}")


def test_letters_after_a_clitic_are_never_replaced_by_another_word(speaker: MakeSpeaker) -> None:
    model = romance(speaker, "l'", "enfant")

    for typed in ("l'en", "l'enf", "l’en", "l’env", "l'z", "l'zz", "l'xylo"):
        letters = typed.replace("’", "'")
        assert all(one.replace("’", "'").startswith(letters) for one in offered(model, typed))
    assert offered(model, "vois l’enf") == ["vois l’enfant"]


def test_a_word_after_a_clitic_is_read_as_that_word(speaker: MakeSpeaker) -> None:
    model = romance(speaker, "l'", "enfant")

    assert read_as(model, "l'enfant") == "enfant"
    assert read_as(model, "l'homme") == "l'homme"
    assert read_as(model, "z'enfant") == "<unk>"


def test_an_english_contraction_is_no_clitic(speaker: MakeSpeaker) -> None:
    words = ["I'm", "I've", "I'll", "I'd", "don't", "can't", "it's", "he'll", "we're", "marry"]
    model = speaker(dict.fromkeys(words, 0.05))

    assert "x I'marry" not in offered(model, "x I'm")


TURKISH = ["için", "ışık", "bir", "İstanbul", "kadın", "iyi", "çok", "altın", "ıslak"]


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        *(("x IŞ", "x IŞIK"), ("x İY", "x İYİ"), ("x is", "x İstanbul"), ("x Iş", "x Işık")),
        *(("x İy", "x İyi"), ("x KADI", "x KADIN"), ("x isik", "x ışık"), ("x kadi", "x kadın")),
    ],
)
def test_turkish_i_keeps_or_lacks_its_dot_in_both_cases(
    speaker: MakeSpeaker, typed: str, word: str
) -> None:
    assert word in offered(speaker(dict.fromkeys(TURKISH, 0.05)), typed)


def test_a_turkish_sentence_begins_with_a_dotted_capital(speaker: MakeSpeaker) -> None:
    model = speaker(dict.fromkeys(TURKISH, 0.05) | {"iyi": 0.4})

    assert model.suggest("Bir. ")[0].word == "İyi"
    assert read_as(model, "IŞIK") == "ışık"
    assert read_as(model, "İYİ") == "iyi"


def test_elsewhere_i_and_its_capital_are_as_in_english(speaker: MakeSpeaker) -> None:
    model = speaker({"it": 0.3, "Izmir": 0.1})

    assert offered(model, "x I") == ["x It", "x Izmir"]
    assert model.suggest("So. ")[0].word == "It"


@pytest.mark.parametrize(
    ("typed", "words", "expected"),
    [
        ("x Maß", ("Maße", "Masse"), ["x Maße"]),
        ("x STRA", ("Straße",), ["x STRASSE"]),
        ("x STRAẞ", ("Straße",), ["x STRAẞE"]),
        ("x strass", ("Straße",), ["x Straße"]),
        ("x ΑΛΦ", ("άλφα",), ["x ΑΛΦΑ"]),
        ("x αλφ", ("άλφα",), ["x άλφα"]),
        ("x ΟΔΟ", ("οδός",), ["x ΟΔΟΣ"]),
        ("x ΜΑΪ", ("μαΐου",), ["x ΜΑΪΟΥ"]),
        ("x ECO", ("école",), ["x ÉCOLE"]),
    ],
)
def test_sharp_s_sigma_and_accents_in_capitals(
    speaker: MakeSpeaker, typed: str, words: tuple[str, ...], expected: list[str]
) -> None:
    assert offered(speaker(dict.fromkeys(words, 0.1)), typed) == expected


def test_words_with_ss_and_sharp_s_are_two(speaker: MakeSpeaker) -> None:
    model = speaker({"Masse": 0.2, "Maße": 0.1})

    assert offered(model, "x Mas") == ["x Masse", "x Maße"]
    assert read_as(model, "Maße") == "Maße"
    assert read_as(model, "Masse") == "Masse"


@pytest.mark.parametrize(
    ("typed", "word"),
    [("x Ij", "x IJsland"), ("x IJ", "x IJSLAND"), ("x ij", "x ijsland"), ("x IJs", "x IJsland")],
)
def test_dutch_ij_is_one_capital(speaker: MakeSpeaker, typed: str, word: str) -> None:
    assert word in offered(speaker({"ijsland": 0.1}, language="nl"), typed)


def test_a_dutch_sentence_begins_with_both_letters(speaker: MakeSpeaker) -> None:
    assert speaker({"ijsland": 0.5}, language="nl").suggest("Zo. ")[0].word == "IJsland"
    assert speaker({"ijsland": 0.5}, language="en").suggest("So. ")[0].word == "Ijsland"


def test_the_language_that_was_told_decides_where_few_letters_show_it(speaker: MakeSpeaker) -> None:
    words = {"bilgi": 0.3, "ıslak": 0.1, **{f"bir{end}": 0.001 for end in "abcdefghijklmnop"}}

    assert "x BİLGİ" in offered(speaker(words | {"x": 0.01}, language="tr"), "x BİL")
    assert read_as(speaker(words, language="tr"), "BİLGİ") == "bilgi"
    assert read_as(speaker(words, language="tr"), "ISLAK") == "ıslak"


def test_a_final_sigma_ends_a_word_whose_capitals_are_not_typed(speaker: MakeSpeaker) -> None:
    assert offered(speaker({"ΟΔΟΣ": 0.1}), "x Οδο") == ["x Οδος"]


def test_blocked_words_and_words_passed_over_are_told_by_the_language(speaker: MakeSpeaker) -> None:
    model = speaker({"ışık": 0.3, "ıslak": 0.2}, language="tr")
    assert [one.word for one in model.suggest("x ", blocked=["IŞIK"])] == ["ıslak"]

    typist = model.typist(repeats=False)
    assert typist.suggest("x I", 1, complete=True)[0].word == "Işık"
    assert typist.suggest("x Iş", 1, complete=True) == []


@pytest.mark.parametrize("text", ["Ink etc. ", "Es gibt z. B. ", "Como p. ej. ", "At max. "])
def test_no_capital_is_due_after_an_abbreviation_of_any_language(
    speaker: MakeSpeaker, text: str
) -> None:
    assert speaker({"like": 0.5}).suggest(f"It works. {text}")[0].word == "like"


def test_abbreviations_that_the_training_text_showed_end_no_sentence(speaker: MakeSpeaker) -> None:
    plain = speaker({"like": 0.5})
    spacing = Spacing(abbreviations={"no": (9, 2)})
    tokenizer = Tokenizer(plain.tokenizer.words, plain.tokenizer.config, spacing=spacing)
    learned = Predictor(replace(plain.folder, tokenizer=tokenizer))

    assert plain.suggest("It works. See no. ")[0].word == "Like"
    assert learned.suggest("It works. See no. ")[0].word == "like"


def test_the_model_tells_the_case_after_an_abbreviation_that_may_end_a_sentence(
    speaker: MakeSpeaker,
) -> None:
    assert speaker({"The": 0.5, "the": 0.1}).suggest("We sang. Ink etc. ")[0].word == "The"
    assert speaker({"The": 0.1, "the": 0.5}).suggest("We sang. Ink etc. ")[0].word == "the"


def test_a_word_seen_with_the_clitic_comes_before_one_seen_alone(speaker: MakeSpeaker) -> None:
    seen = dict.fromkeys(("l'homme", "l'amie", "l'eau", "l'orange", "l'idea"), 0.002)

    actual = offered(speaker(seen | {"hommage": 0.1}), "x l'ho")

    assert actual[:2] == ["x l'homme", "x l'hommage"]
