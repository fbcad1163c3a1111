"""Wrapped text is known by its lines, and read in paragraphs."""

import random
import textwrap
from dataclasses import replace

import pytest

from foreword.errors import SettingsError
from foreword.text.corpus import Source, text_source
from foreword.text.holdout import hold_out
from foreword.text.newlines import Lines, whole_units
from foreword.text.tokenizer import EOS_ID, SPECIAL, Tokenizer, TokenizerConfig
from foreword.text.tokens import tokenise
from foreword.text.width import lines_of, settled, width_of

COMMON = (
    "the a of to and in that it was for on with as her his at be this had not are but from or have "
    "an they which one you were all she there would their we him been has when who will more no if "
    "out so said what up its about than into them can only other time new some could these two"
)
WORDS = COMMON.split()


def sentence(draw: random.Random) -> str:
    words = draw.choices(WORDS, k=draw.randint(4, 22))
    return " ".join(words).capitalize() + draw.choice("..?!")


def paragraphs(count: int, seed: int = 1) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(sentence(draw) for _ in range(draw.randint(1, 8))) for _ in range(count)]


def wrapped(width: int, count: int = 20, **how: str) -> str:
    return "\n\n".join(textwrap.fill(one, width, **how) for one in paragraphs(count))


def width(text: str) -> int | None:
    return width_of(text_source("a", text).read()).columns


@pytest.mark.parametrize("columns", [45, 60, 66, 72, 80, 100])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_width_of_wrapped_text_is_found(columns: int, end: str) -> None:
    actual = width(wrapped(columns).replace("\n", end))
    assert actual is not None
    assert columns - 3 <= actual <= columns


def test_a_paragraph_s_first_line_may_be_indented_and_all_of_it_too() -> None:
    assert width(wrapped(72, initial_indent="    ")) is not None
    assert width(wrapped(72, initial_indent="   ", subsequent_indent="   ")) is not None


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(paragraphs(200)),
        "\n".join(sentence(random.Random(seed)) for seed in range(500)),
        "\n".join(sentence(random.Random(seed)).lower().rstrip(".?!") for seed in range(500)),
        # Verse: lines of nearly the same length, each with a capital.
        "\n".join(
            " ".join(random.Random(seed).choices(WORDS, k=9)).capitalize() for seed in range(200)
        ),
        "\n".join(f"{n},{n * n},some words of a table,{n + 1}" for n in range(300)),
        "x = 1\ny = 2\n" * 100,
        # Scripts without spaces tell nothing by the lengths of lines.
        "\u4eca\u5929\u5929\u6c14\u5f88\u597d\u6211\u4eec\u51fa\u53bb\u8d70\u8d70" * 4 + "\n",
        "",
    ],
    ids=["paragraphs", "sentences", "chats", "verse", "table", "code", "Chinese", "nothing"],
)
def test_text_that_was_not_wrapped_is_not_taken_for_it(text: str) -> None:
    assert width(text) is None


def test_a_wrapped_text_is_tokenised_as_the_same_text_with_a_paragraph_a_line() -> None:
    tokenizer = Tokenizer([*SPECIAL, *WORDS, *".?!"], TokenizerConfig(case="fold"))
    plain = tokenise([text_source("a", "\n".join(paragraphs(30)))], tokenizer)
    (source,) = settled([text_source("a", wrapped(72, 30))], None)
    assert source.lines == "wrapped"
    actual = tokenise([source], tokenizer)
    assert actual.sha256 == plain.sha256
    assert list(whole_units(source.read())) == list(
        whole_units(text_source("a", "\n\n".join(paragraphs(30))).read())
    )


def test_a_held_out_part_of_wrapped_text_begins_with_a_paragraph() -> None:
    sources = settled([text_source("a", wrapped(72, 300))], None)
    train, valid = hold_out(sources)
    assert [one.lines for one in valid] == ["wrapped"]
    units = [u for one in [*train, *valid] for u in whole_units(one.read()) if u]
    assert units == paragraphs(300)
    assert next(whole_units(valid[0].read())) in ("", *paragraphs(300))


@pytest.mark.parametrize("lines", ["sentence", "paragraph"])
def test_what_is_told_goes_before_what_is_found(lines: Lines) -> None:
    (source,) = settled([text_source("a", wrapped(72))], lines)
    assert source.lines == lines
    (source,) = settled([text_source("a", "one\ntwo\n\nthree")], "wrapped")
    assert [u for u in whole_units(source.read()) if u] == ["one two", "three"]


def test_what_is_found_is_said_with_the_name_and_the_width() -> None:
    messages: list[str] = []
    chats = text_source("chats.txt", "hello\nhow are you?\n" * 100)
    book = text_source("book.txt", wrapped(72))
    settled([chats], None, None, messages.append)
    assert messages == []
    assert [one.lines for one in settled([chats, book], None, None, messages.append)] == [
        *("sentence", "wrapped")
    ]
    (one,) = messages
    assert "1 of 2" in one
    assert "book.txt" in one
    assert "72 columns" in one
    assert "--lines sentence" in one


def test_most_of_the_text_decides_what_the_model_s_lines_are() -> None:
    def source(size: int, lines: Lines) -> Source:
        return replace(text_source("a", "x" * size), lines=lines)

    assert lines_of([source(10, "wrapped"), source(11, "sentence")]) == "sentence"
    assert lines_of([source(10, "wrapped"), source(9, "sentence")]) == "wrapped"


def test_a_text_too_short_to_tell_is_read_as_the_model_s() -> None:
    config = TokenizerConfig(lines="wrapped")
    (short,) = settled([text_source("a", "I would\nlike to\n")], None, config)
    assert short.lines == "wrapped"
    (chats,) = settled([text_source("a", "hello\nhow are you?\n" * 100)], None, config)
    assert chats.lines == "sentence"


def test_short_texts_tell_together_what_none_of_them_tells_alone() -> None:
    notes = [
        text_source(f"{n}.txt", textwrap.fill(one, 72)) for n, one in enumerate(paragraphs(20))
    ]
    messages: list[str] = []
    assert {one.lines for one in settled(notes, None, None, messages.append)} == {"wrapped"}
    assert "20 of 20 texts are wrapped" in messages[0]
    assert {one.lines for one in settled(notes[:1], None)} == {"sentence"}
    chats = [text_source(f"{n}.txt", "hello\nhow are you?\n") for n in range(40)]
    assert {one.lines for one in settled(chats, None)} == {"sentence"}


def test_pretokenised_text_has_an_end_a_line_and_takes_no_other() -> None:
    config = TokenizerConfig(words="spaces")
    (source,) = settled([text_source("a", wrapped(72))], None, config)
    assert source.lines == "sentence"
    with pytest.raises(SettingsError, match="pretokenised"):
        settled([source], "wrapped", config)
    with pytest.raises(ValueError, match="lines must be sentence"):
        TokenizerConfig(words="spaces", lines="wrapped")


def test_a_tokeniser_of_wrapped_text_reads_a_newline_within_a_paragraph_as_a_space() -> None:
    tokenizer = Tokenizer([*SPECIAL, *WORDS], TokenizerConfig(lines="wrapped"))
    words = list(tokenizer.read("the time\nof the\n\nother\ntwo"))
    assert [word.text for word in words] == [*("the", "time", "of", "the", "<eos>", "other", "two")]
    assert [word.start for word in words if word.id != EOS_ID] == [0, 4, 9, 12, 17, 23]
