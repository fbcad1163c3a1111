"""The core's lexicon, spelling and spacing in C++ against Python's."""

import random
from dataclasses import astuple
from types import SimpleNamespace

import pytest
from tests.needs import needs

from foreword import compiled
from foreword.predictor import letters, sentences, spacing, spelling
from foreword.predictor.compiled_typist import compiled_spacing
from foreword.predictor.lexicon import Lexicon, RareWords
from foreword.predictor.reading import STRIDE, ModelReader, beginning
from foreword.text.case import Case
from foreword.text.spacing import Mark, Spacing
from foreword.text.style import PLAIN_STYLE, Style
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

pytestmark = needs("kernels")
CORE = compiled.part("core") if compiled.loaded() is not None else None

STEMS = (
    *("the", "The", "THE", "like", "likely", "Like", "mat", "i", "I", "don't", "dont", "Don't"),
    *("déjà", "deja", "Déjà", "naive", "être", "été", "l'été", "o'brien", "O'Brien", "snow"),
    *("straße", "strasse", "STRASSE", "œuvre", "œuf", "łódź", "lodz", "ijs", "IJs", "IJsland"),
    *(
        "ışık",
        "İzmir",
        "하고",
        "학교",
        "한국",
        "הארץ",
        "tAthair",
        "TV",
        "NASA",
        "McCoy",
        "...",
        "!!",
    ),
    *(
        "–",
        '"',
        "'",
        "s",
        "’n",
        "U.S",
        "e\u0301x",
        "ﬁx",
        "a\U0010ffff",
        "\ud7ff",
        "teh",
        "tehy",
        "they",
    ),
)
ENDINGS = ("", "", "s", "'s", "ly", "é", "ing", "고", "ß", "'", "S")
CLITICS = ("l'", "d'", "dell'")


def vocabulary(draw: random.Random, size: int) -> list[str]:
    words = dict.fromkeys(("<unk>", "<eos>"))
    while len(words) < size:
        start = draw.choice(CLITICS) if draw.random() < 0.3 else ""
        words.setdefault(start + draw.choice(STEMS) + draw.choice(ENDINGS))
    return list(words)


def queries(draw: random.Random, words: list[str]) -> list[str]:
    """Beginnings of words in some case, without some of their marks, and with other letters."""
    actual = ["", "l'", "xyz"]
    for _ in range(120):
        word = draw.choice(words)
        word = draw.choice((str, str.lower, str.upper, str.title, letters.skeleton))(word)
        actual.append(
            word[: draw.randrange(len(word) + 1)] + draw.choice(("", "", "", "e", "'", "é"))
        )
    return actual


def made(seed: int, language: str) -> tuple[list[str], Lexicon, object]:
    draw = random.Random(seed)
    words = vocabulary(draw, draw.choice((8, 60, 200)))
    wrong = draw.sample(words[2:], 4)
    misspellings = {one: draw.choice(words[2:]) for one in wrong[:3]} | {wrong[3]: "two words"}
    misspellings |= {
        f"{word}q": draw.choice(words[2:]) for word in wrong if f"{word}q" not in words
    }
    lexicon = Lexicon(words, hidden=2, misspellings=misspellings, case=Case(language))
    return words, lexicon, CORE.Lexicon(words, 2, list(misspellings.items()), CORE.Case(language))


@pytest.mark.parametrize("language", ["", "tr", "nl"])
@pytest.mark.parametrize("seed", range(6))
def test_words_are_found_by_their_letters_as_in_python(seed, language):
    words, lexicon, ours = made(seed, language)
    assert ours.ids == lexicon.ids.tolist()
    for typed in queries(random.Random(seed), words):
        fold = lexicon.fold(typed)
        assert ours.fold(typed) == fold
        assert ours.range(fold) == lexicon.range(fold)
        ids, weights = lexicon.begun(fold)
        shares = [1.0] * len(ids) if weights is None else weights.tolist()
        assert ours.begun(fold) == list(zip(ids.tolist(), shares, strict=True))
        assert ours.begun_slips(fold) == list(lexicon.begun_slips(fold).items())
        assert ours.beginning(typed) == lexicon.beginning(typed).tolist()
        assert ours.readings(typed) == lexicon.readings(typed).tolist()
        clitic = lexicon.after_clitic(typed)
        assert ours.after_clitic(typed) == (clitic and (clitic[0], clitic[1].tolist()))
        for name in ("has", "is_slip", "forms", "has_own_capital"):
            assert getattr(ours, name)(fold) == getattr(lexicon, name)(fold), name
        assert ours.id_of(typed) == lexicon.id_of(typed)


def test_an_intended_word_outside_the_vocabulary_is_refused():
    with pytest.raises(CORE.Error, match="teh"):
        CORE.Lexicon(["<unk>", "<eos>", "the"], 2, [("the", "teh")], CORE.Case())


@pytest.mark.parametrize("seed", range(4))
def test_rare_words_are_found_as_in_python(seed):
    draw = random.Random(seed)
    words = vocabulary(draw, 80)[2:]
    rare, ours = RareWords(words), CORE.RareWords(words, CORE.Case())
    assert ours.words == rare.words
    for typed in queries(draw, words):
        fold = Case().fold(typed)
        assert ours.has(fold) == rare.has(fold)
        for most in (0, 1, 5):
            assert ours.beginning(fold, most) == rare.beginning(fold, most)


def test_skeletons_are_those_of_python():
    draw = random.Random(1)
    words = [Case().fold(word) for word in vocabulary(draw, 200)]
    for fold in words:
        assert CORE.skeleton(fold) == letters.skeleton(fold)
        assert CORE.without_accents(fold) == letters.without_accents(fold)
        other = draw.choice(words)[:3]
        assert CORE.leaves_out(other, fold) == letters.leaves_out(other, fold)
        assert CORE.leaves_out(fold[:2], fold) == letters.leaves_out(fold[:2], fold)


@pytest.mark.parametrize("language", ["", "tr", "nl"])
@pytest.mark.parametrize("seed", range(4))
def test_words_are_written_in_the_case_of_python(seed, language):
    words, lexicon, ours = made(seed, language)
    draw = random.Random(seed)
    for typed in queries(draw, words):
        own = spelling.as_typed(typed)
        assert CORE.as_typed(typed) == own
        index = draw.randrange(2, len(words))
        forms = [
            (draw.choice((0.5, 0.25)), words[form])
            for form in lexicon.forms(lexicon.fold(draw.choice((words[index], own)))) or [index]
        ]
        for begins, capitals in ((False, 0), (True, -1), (True, 0), (True, 2)):
            context = SimpleNamespace(begins_sentence=begins, capitals=capitals)
            expected = spelling.written(forms, own, context, lexicon)
            assert CORE.written(forms, own, begins, capitals, ours) == expected, (forms, own)


MARKS = ".,?!:;()\"'-–“”„*$/@。（«…"
SPACINGS = [
    Spacing(),
    Spacing(
        {
            "?": Mark(before=(1, 9), space_before="\u202f", ends=True),
            "!!": Mark(before=(9, 1), after_word=(7, 0)),
            "“": Mark(after_space=(0, 8), space_after="\xa0"),
            "”": Mark(before=(8, 8), after_word=(2, 9), ends=False),
            "-": Mark(after_word=(1, 9), after_space=(9, 1)),
            "–": Mark(before=(2, 3)),
            ":": Mark(before=(4, 0)),
        }
    ),
]


@pytest.mark.parametrize("spaces", SPACINGS, ids=["custom", "counted"])
def test_spaces_stand_where_python_sets_them(spaces):
    ours = compiled_spacing(spaces)
    draw = random.Random(9)
    parts = (
        *(
            *MARKS,
            "word",
            "S",
            "x",
            "7",
            "½",
            "天",
            "ไ",
            "😀",
            " ",
            " ",
            "\xa0",
            "\n",
            "\u2028",
            "!!",
        ),
        *("www.", "HTTPS:", "ſ", "mailto:", "K://", "U.S.", "*so", "a.b@", "...", "10:", "_", "é"),
    )
    for _ in range(4000):
        before = "".join(draw.choice(parts) for _ in range(draw.randrange(6)))
        word = draw.choice([part for part in parts if not part[0].isspace()])
        for quoting in (False, True):
            for in_print in (True, False):
                expected = spacing.join(
                    before, word, quoting=quoting, in_print=in_print, spacing=spaces
                )
                assert ours.join(before, word, quoting, in_print) == expected, (before, word)
        assert ours.ends(word) == spaces.ends(word)


TYPED = (
    *(
        "e.g.",
        "p.m",
        "Ph.D",
        "U.S.",
        "u.s",
        "J.",
        "a.b.c",
        "ab.c.",
        "abc.d",
        "½.a",
        "7.a",
        "_a.b",
        "e.",
        ".",
    ),
    *(
        "don",
        "'",
        "don't",
        "o'",
        "l'",
        "été",
        "’",
        "×",
        "co-",
        "3",
        ".5",
        '"',
        "😀",
        "\xad",
        "\u200c",
        "_",
    ),
    *(
        'צה"',
        "`",
        "´",
        "e\u0301",
        "\u0301",
        " ",
        "\n",
        "\u2003",
        "\x1c",
        "天",
        "ﬁ",
        "@",
        "I",
        "Dr",
        "i.e",
    ),
)


def test_sentences_go_on_where_python_says():
    draw = random.Random(2)
    words = (
        "e",
        ".",
        "g",
        "p",
        "ex",
        "I",
        "J",
        "Dr",
        "dr",
        "approx",
        "Max",
        "max",
        "z",
        "b",
        "No",
        "no",
    )
    for _ in range(2000):
        before = draw.choices(words, k=draw.randrange(5))
        for known in ([], ["no", "approx"]):
            counted = dict.fromkeys(known, (9, 1))
            for name in ("is_abbreviated", "is_read_without_stop"):
                expected = getattr(sentences, name)(before, counted)
                assert getattr(CORE, name)(before, known) == expected, (name, before)
        text = "".join(draw.choices(TYPED, k=draw.randrange(5)))
        assert CORE.dotted(text) == [match.span() for match in sentences.DOTTED.finditer(text)]
    for emoji in ("😀", "©", "!", "", "❤️", "❤", "💜", "☃"):
        assert CORE.is_emoji(emoji) == sentences.is_emoji(emoji)
        assert CORE.is_heart(emoji) == (emoji in sentences.HEARTS)


@pytest.mark.parametrize("words", ["unicode", "spaces"])
def test_the_letters_at_the_end_of_a_text_are_those_that_python_finds(words):
    vocabulary = ["<unk>", "<eos>", "don't", "o'clock", "l'été", "the", "I", "Dr"]
    tokenizer = Tokenizer(vocabulary, TokenizerConfig(words=words))
    rare = RareWords(["rock'n'roll"])
    reader = ModelReader(tokenizer, None, Lexicon(vocabulary, hidden=2), None, rare)
    ours = (
        CORE.Tokenizer(vocabulary, only_spaces=words == "spaces"),
        CORE.Lexicon(vocabulary, 2, [], CORE.Case()),
        CORE.RareWords(rare.words, CORE.Case()),
    )
    draw = random.Random(3)
    typed = ["".join(draw.choices(TYPED, k=draw.randrange(6))) for _ in range(2000)]
    for text in [*typed, "a" * 1100, "😀" * 3000, f"{'x' * 2500}.", f"rock'{'a' * 1020}'", "rock'"]:
        assert CORE.letters_at_end(text, *ours) == reader.letters_at_end(text), text


QUOTED = (
    "“",
    "”",
    "„",
    "‟",
    "＂",
    "″",
    '"',
    "'",
    "’",
    "‘",
    "–",
    "—",
    "--",
    "-",
    "…",
    "...",
    "......",
    "״",
)
STYLES = [PLAIN_STYLE, Style("’", "„", "“", "—", "–", "‑", "…", '"')]


@pytest.mark.parametrize("style", STYLES, ids=["plain", "typographic"])
def test_a_style_is_learned_and_written_as_in_python(style):
    marks = list(astuple(style))
    words = (*QUOTED, "don't", "don’t", "צה״ל", 'צה"ל', "x", "----", "---", "..", "'n'")
    for word in words:
        for quoting in (False, True):
            for spaced in (False, True):
                written = style.written(word, quoting=quoting, spaced=spaced)
                assert CORE.style_written(marks, word, quoting, spaced) == written
                for raw in words:
                    after = style.after(raw, word, quoting=quoting, spaced=spaced)
                    assert CORE.style_after(marks, raw, word, quoting, spaced) == list(
                        astuple(after)
                    )


def test_a_long_text_is_read_from_where_python_reads_it():
    draw = random.Random(5)
    for length in (0, 1, 4095, 4096, 6143, 6144, 9000):
        for space in ("", " ", "\r\n", "\n", "\u2029", "\x1c"):
            text = ("x" * draw.randrange(STRIDE, 2 * STRIDE + 900) + space) * 9
            assert CORE.reading_begin(text[:length]) == beginning(text[:length], STRIDE)


class WithoutNetwork(ModelReader):
    """Reads each word as one that the network knows."""

    def _ids_of(self, context, word):
        return (5,)
        yield

    def id_of(self, state, word):
        return 0


def read_through(reader: ModelReader, text: str) -> object:
    """The context after a text of whole words."""
    work = reader.read(text, unfinished=False)
    state = None
    try:
        while True:
            state = SimpleNamespace(last=work.send(state).word)
    except StopIteration as done:
        return done.value[0].context


@pytest.mark.parametrize("spaces", SPACINGS, ids=["custom", "counted"])
@pytest.mark.parametrize("words", ["unicode", "spaces"])
def test_a_text_tells_of_the_next_word_what_it_tells_in_python(words, spaces):
    vocabulary = ["<unk>", "<eos>", "the", "Paris", "I", "–", "i", "Dr", "and"]
    known = {"no": (9, 1), "sec": (5, 0)}
    spacing = Spacing(spaces.marks, STYLES[spaces is SPACINGS[0]], known)
    tokenizer = Tokenizer(vocabulary, TokenizerConfig(words=words), spacing=spacing)
    start = SimpleNamespace(last=1)
    reader = WithoutNetwork(tokenizer, None, Lexicon(vocabulary, hidden=2), start, RareWords([]))
    ours = (
        CORE.Tokenizer(vocabulary, only_spaces=words == "spaces"),
        CORE.Lexicon(vocabulary, 2, [], CORE.Case()),
        compiled_spacing(spacing),
        list(astuple(spacing.style)),
        list(known),
    )
    draw = random.Random(7)
    parts = (
        *(
            *QUOTED,
            *TYPED,
            "The",
            "the",
            "Paris",
            "No",
            "sec",
            "approx",
            "Dr.",
            "e.g.",
            "p.m.",
            "❤",
            "😀",
        ),
        *(
            "天气",
            "，",
            "。",
            "ไทย",
            "!",
            "?",
            ")",
            "(",
            "1.",
            "¿",
            "½.½",
            "\r\n",
            "\n\n",
            "\u2029",
        ),
        *(" ", " ", " ", " ", ". ", ".", ". ", "! "),
    )
    for _ in range(600):
        text = "".join(draw.choices(parts, k=draw.randrange(14)))
        context = read_through(reader, text)
        assert CORE.context_after(text, *ours) == (
            list(context.words),
            context.begins_sentence,
            context.capitals,
            list(astuple(context.style)),
            context.quoting,
        ), text
