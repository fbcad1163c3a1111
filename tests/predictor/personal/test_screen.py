"""What is let in, and what is not, by the lists that the rules were made with."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from foreword.predictor.personal.cut import Cutter
from foreword.predictor.personal.screen import Screen
from foreword.predictor.personal.shapes import looks_like
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

ROOT = Path(__file__).parents[3]
LISTS = ROOT / "benchmarks" / "screening"
EVERYDAY = ROOT / "packages/everyday-en/src/foreword_everyday_en/model/tokenizer.json"

KINDS = [  # (text, what must not be learned of it, kind). Numbers are public test numbers.
    ("card 4111 1111 1111 1111 thanks", "4111 1111 1111 1111", "card"),
    ("4111-1111-1111-1111", "4111-1111-1111-1111", "card"),
    ("4111, 1111, 1111, 1111", "4111, 1111, 1111, 1111", "card"),
    ("378282246310005", "378282246310005", "card"),
    ("DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 00", "iban"),
    ("gb82 west 1234 5698 7654 32", "gb82 west 1234 5698 7654 32", "iban"),
    ("to GB82WEST12345698765432.", "GB82WEST12345698765432.", "iban"),
    ("call +44 20 7946 0958", "+44 20 7946 0958", "phone"),
    ("(555) 123-4567 is mine", "(555) 123-4567", "phone"),
    ("ring 030/23125-000 now", "030/23125-000", "phone"),
    ("customer 20391175", "20391175", "number"),
    ("passport C01X00T47", "C01X00T47", "token"),
    ("write me@example.org", "me@example.org", "email"),
    ("anna at example dot org", "anna at example dot org", "email"),
    ("<anna.smith+news@mail.example.co.uk>", "<anna.smith+news@mail.example.co.uk>", "email"),
    ("https://example.org/reset?token=abc", "https://example.org/reset?token=abc", "url"),
    ("see example.org now", "example.org", "url"),
    ("ask @anna_b today", "@anna_b", "handle"),
    ("in ~/notes/mine.txt", "~/notes/mine.txt", "path"),
    ("I saw AB12 CDE again", "AB12 CDE", "digits plate"),
    ("123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000", "token"),
    ("d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e", "token"),
    ("00:1a:2b:3c:4d:5e", "00:1a:2b:3c:4d:5e", "token"),
    ("it was P@ssw0rd!x", "P@ssw0rd!x", "token"),
    ("qZxWvKpL it is", "qZxWvKpL", "unlikely"),
    ("qwertyuiop it is", "qwertyuiop", "unlikely"),
    ("my password is blue elephant", "blue elephant", "keyword"),
    ("PIN: 4921", "4921", "keyword"),
    ("la clé wifi c'est abricot bleu", "abricot bleu", "keyword"),
    ("clé du wifi : abricot bleu", "abricot bleu", "keyword"),
    ("WLAN Schlüssel: Kirschbaum", "Kirschbaum", "keyword"),
    ("la clave de la red es mariposa", "mariposa", "keyword"),
    ("the wi-fi code's apricot", "apricot", "keyword"),
    ("at 10:30 in room 5", "10:30 5", "digits"),
]
ORDINARY = [
    "I would like to see you tomorrow",
    "state-of-the-art and music,sports,cooking",
    "#ThrowbackThursday #FoodIsLife",
    "McDonald's, O'Neill, van der Berg, MacDonalds",
    "JavaScript, PostgreSQL, GitHub and OpenSSL",
    "don't... really?! :-)",
    "and/or his/her",
    "in 1984, and on the 3rd of March 2019",
    "am 2. Mai",
    "Grüße aus Köln, Ærøskøbing and Łódź",
    "Привет, как дела? 你好 مرحبا प्रिया 食べる สวัสดี 김민수 می‌خواهم",
    "ahhhhhh nooooo hahahaha",
    "a pin in the map",
    "code red and a key",
    "la clé du succès est simple",
    "keep a secret, and write clean code",
    "e.g. i.e. U.S.A.",
    'he said "yes"(twice)',
]


@cache
def everyday() -> Cutter:
    vocabulary = json.loads(EVERYDAY.read_text("utf-8"))["model"]["vocab"]
    words = sorted(vocabulary, key=vocabulary.__getitem__)
    return Cutter(Tokenizer(words, TokenizerConfig()))


def labelled(name: str) -> list[tuple[str, str]]:
    lines = (LISTS / name).read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(kind, text.replace("\\n", "\n")) for kind, text in rows]


def learned(text: str) -> set[str]:
    return {word.casefold() for line in everyday().cut(text).lines for word in line if word}


@pytest.mark.parametrize(("text", "secret", "kind"), KINDS)
def test_secrets_are_refused_whole_and_by_kind(text: str, secret: str, kind: str) -> None:
    chunks = text.split()
    actual = everyday().screen.screened(chunks).refused
    assert " ".join(chunks[index] for index in actual) == secret
    assert set(actual.values()) == set(kind.split())


@pytest.mark.parametrize("screen", [Screen(), everyday().screen], ids=["rules", "everyday"])
@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_not_refused(screen: Screen, text: str) -> None:
    assert screen.screened(text.split()).refused == {}


def test_no_word_of_a_listed_secret_is_learned() -> None:
    for _, text in labelled("made_with_secrets.txt"):
        message = text.replace("[[", "").replace("]]", "")
        secret = {w.casefold() for s in re.findall(r"\[\[(.*?)\]\]", text) for w in s.split()}
        outside = learned(re.sub(r"\[\[.*?\]\]", " ", text))
        kept = learned(message) - outside
        assert not [w for w in kept if any(c.isalnum() for c in w)], (text, secret)


def test_every_listed_name_street_and_new_word_is_learned() -> None:
    for _, word in labelled("made_with_words.txt"):
        parts = {part.casefold() for part in everyday().form(word).split()}
        text = f"We met {word} on the way today ."
        assert parts <= learned(text) | {"and/or"} or everyday().cut(text).refused == {}, word


def test_a_line_that_a_cue_leaves_open_covers_the_next_alone() -> None:
    assert "sunshine" not in learned("My password is:\nsunshine\nAnnegret waits")
    assert "annegret" in learned("My password is:\nsunshine\nAnnegret waits")
    assert "sunshine" in learned("My friend is:\nsunshine")


def test_a_sentence_after_a_secret_is_learned() -> None:
    assert "annegret" in learned("The password is blue elephant. Annegret waits")
    assert "annegret" not in learned("The password is blue elephant Annegret waits")


def test_a_recovery_phrase_goes_over_lines_of_words() -> None:
    words = ["apple", "river", "stone", "window", "lemon", "tiger", "paper", "cloud"]
    words += ["music", "silver", "horse", "bridge"]
    numbered = "".join(f"{number}. {word}\n" for number, word in enumerate(words, 1))
    for phrase in (" ".join(words), "\n".join(words), numbered):
        assert not learned(f"recovery phrase:\n{phrase}") & {*words}


@pytest.mark.parametrize("text", ["code 1984", "born in 1984", "tel 1984 1999", "PIN was 1984"])
def test_a_year_is_none_beside_a_cue_a_birth_or_another_number(text: str) -> None:
    assert "1984" in learned("that was in 1984 , I think")
    assert "1984" not in learned(text)


def test_a_card_number_with_a_wrong_digit_is_still_a_long_number() -> None:
    assert looks_like("4111111111111112")[0] == "number"


@given(st.text(max_size=200))
@example("000000⁴")
@example("4111111111①11111")
@example("password :=")
def test_any_text_is_screened_and_places_are_chunks(text: str) -> None:
    chunks = text.split()
    places = list(everyday().screen.screened(chunks).refused)
    assert places == sorted(set(places))
    assert all(0 <= position < len(chunks) for position in places)


@given(st.integers(0, 10**18), st.sampled_from(["", " ", "-", ".", ",", ", ", "'", "/", " - "]))
def test_no_digit_is_learned_of_a_number_however_it_is_grouped(number: int, gap: str) -> None:
    digits = str(number * 10_000 + 3_333)
    grouped = gap.join(digits[at : at + 4] for at in range(0, len(digits), 4))
    assert not [w for w in learned(f"It is {grouped} .") if any(c.isdigit() for c in w)]


def test_ten_million_characters_without_a_space_take_no_time() -> None:
    assert looks_like("a1" * 5_000_000) == ("long", False)
