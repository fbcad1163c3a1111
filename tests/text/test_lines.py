"""What ends a line is one thing for whatever reads a text."""

import io
import itertools
import sys
from pathlib import Path

import pytest

from foreword.cli.console import input_lines
from foreword.predictor.personal.cut import Cutter
from foreword.predictor.predictor import load
from foreword.predictor.spacing import join
from foreword.text.corpus import text_source
from foreword.text.holdout import hold_out
from foreword.text.lines import LineSplitter, with_newlines
from foreword.text.tokenizer import EOS, SPECIAL, Tokenizer, TokenizerConfig
from foreword.text.tokens import tokenise

# The Unicode Standard, section 5.8: CR, LF, CRLF, NEL, LS, PS and FF, and VT with them.
ENDS = ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029", "\v", "\f"]
NO_ENDS = ["\x1c", "\x1d", "\x1e", "\t", "\u2003"]  # str.splitlines splits at the first three

each_end = pytest.mark.parametrize("end", ENDS, ids=ascii)


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer([*SPECIAL, "the", "cat", "sat"], TokenizerConfig())


@each_end
def test_a_file_has_as_many_lines_whatever_ends_them(end: str, tokenizer: Tokenizer) -> None:
    text = f"the cat{end}sat{end}{end}the"
    assert [piece.text for piece in text_source("a", text).read()] == ["the cat", "sat", "", "the"]
    assert tokenise([text_source("a", text)], tokenizer).lines == 3


@pytest.mark.parametrize("space", NO_ENDS, ids=ascii)
def test_other_white_space_ends_no_line(space: str, tokenizer: Tokenizer) -> None:
    text = f"the cat{space}sat"
    assert [piece.text for piece in text_source("a", text).read()] == [text]
    assert EOS not in [word.text for word in tokenizer.read(text)]


@each_end
def test_the_tokeniser_reads_an_eos_at_each_and_words_keep_their_places(
    end: str, tokenizer: Tokenizer
) -> None:
    text = f"the cat{end}sat"
    words = list(tokenizer.read(text))
    assert [word.text for word in words] == ["the", "cat", EOS, "sat"]
    assert [text[word.start : word.end] for word in words if word.text != EOS] == [
        *("the", "cat", "sat")
    ]


@each_end
def test_a_typist_reads_what_the_tokeniser_reads(end: str, small_model: Path) -> None:
    model = load(small_model)
    text, plain = f"the cat{end}sat on{end}{end}a mat ", "the cat\nsat on\n\na mat "
    typist = model.typist()
    typed = [typist.suggest(text[: at + 1]) for at in range(len(text))]
    assert typed[-1] == model.suggest(text) == model.suggest(plain)
    assert model.predict(text) == model.predict(plain)
    assert model.read(text).to_bytes() == model.read(plain).to_bytes()


@each_end
def test_a_person_s_lines_are_learned_as_lines(end: str, tokenizer: Tokenizer) -> None:
    assert Cutter(tokenizer).cut(f"the cat{end}sat").lines == [["the", "cat"], ["sat"]]


@each_end
def test_no_space_is_put_after_a_line_end(end: str) -> None:
    assert join(f"the cat{end}", "sat", quoting=False, in_print=True) == (0, "sat")


@each_end
def test_whole_lines_are_held_out(end: str) -> None:
    text = end.join(f"this is line {number}" for number in range(5_000))
    train, valid = hold_out([text_source("a", text)])
    actual = [piece.text for source in [*train, *valid] for piece in source.read()]
    assert actual == text.split(end)
    assert valid


@each_end
def test_lines_of_standard_input_come_as_soon_as_they_end(
    end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = f"grüß{end}dich{end}".encode()

    class Slowly(io.BytesIO):
        """Gives one byte at a time, as a slow terminal."""

        def read1(self, size: int | None = -1) -> bytes:
            del size
            return self.read(1)

    slowly = Slowly(data)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(slowly))
    actual = input_lines()
    assert next(actual) == "grüß"
    assert slowly.tell() <= len(f"grüß{end}".encode())
    assert list(actual) == ["dich"]


def test_an_end_of_two_characters_is_one_wherever_a_block_ends() -> None:
    text = "one\r\ntwo\r\n\r\nthree\r"
    for cuts in itertools.combinations(range(len(text)), 3):
        splitter = LineSplitter()
        actual = []
        for start, stop in itertools.pairwise([0, *cuts, len(text)]):
            actual += splitter.lines(text[start:stop])
        assert [*actual, splitter.rest] == ["one", "two", "", "three", ""]


def test_newlines_stand_where_the_ends_stood() -> None:
    text = "".join(f"word{end}" for end in ENDS)
    assert len(with_newlines(text)) == len(text)
    assert with_newlines(text).split() == ["word"] * len(ENDS)
    assert with_newlines(text).count("\n") == len(ENDS)
