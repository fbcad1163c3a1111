import json

import pytest

from foreword.errors import FolderError
from foreword.text import spacing as spacing_module
from foreword.text.lines import Piece
from foreword.text.spacing import Spacing, counted
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

FRENCH = ["Où est-il\u00a0?", "Il dit\u202f: «\u00a0oui\u00a0».", "Ça va\u00a0?  Oui, ça va."] * 10
ENGLISH = ['He said: "so", and (then) left.', "It's well-known; is it?  Yes, at 10:30."] * 10
SPANISH = ["¿Dónde está? ¡Aquí!", "Dice «sí» y se va."] * 10
GERMAN = ["Das Haus ist groß. Der Baum: er ist alt!", "Wo ist der Hund? Im Haus, der Hund."] * 20


@pytest.mark.parametrize(
    ("lines", "position", "mark", "is_spaced"),
    [
        (FRENCH, "before", "?", True),
        (FRENCH, "before", ",", False),
        (FRENCH, "after_space", "«", True),
        (FRENCH, "before", "»", True),
        (FRENCH, "after_word", "-", False),
        (ENGLISH, "before", "?", False),
        (ENGLISH, "after_word", ":", True),
        (ENGLISH, "after_space", "(", False),
        (ENGLISH, "before", "“", True),
        (ENGLISH, "before", "”", False),
        (SPANISH, "after_space", "¿", False),
        (SPANISH, "after_space", "«", False),
    ],
)
def test_spaces_around_marks_are_those_of_the_text(
    lines: list[str], position: str, mark: str, is_spaced: bool
) -> None:
    assert (counted(lines).share(position, mark) > 0.5) is is_spaced


def test_a_space_that_does_not_break_is_told_from_others() -> None:
    spacing = counted(FRENCH)
    assert spacing.space("before", "?") == "\u00a0"
    assert spacing.space("before", ":") == "\u202f"
    assert spacing.space("after", "«") == "\u00a0"
    assert spacing.space("after", ",") == " "


def test_sentences_end_where_capitals_follow_more_than_within() -> None:
    spacing = counted(GERMAN)
    assert spacing.ends(".")
    assert spacing.ends("?")
    assert not spacing.ends(":")
    assert not spacing.ends(",")
    assert counted(["Note: This is it. Now: That is all, too."] * 20).ends(":")


def test_emoticons_say_nothing_of_marks() -> None:
    assert counted(["so :) and :D and ;) yes"] * 20).share("before", ":") == 0


def test_a_text_without_capitals_leaves_the_ends_of_sentences_as_usual() -> None:
    spacing = counted(["it is. and it was, so what? ok"] * 30)
    assert [spacing.ends(mark) for mark in (".", "?", "!", "...", ",")] == [
        *(True, True, True, False, False)
    ]


def test_what_is_learned_with_the_words_comes_back_from_its_file() -> None:
    pieces = [Piece(line, ends_line=True) for line in FRENCH]
    spacing = Tokenizer.learn(pieces, TokenizerConfig()).spacing
    assert spacing == counted(FRENCH)
    assert Spacing.from_json(spacing.to_json(), path="spacing.json") == spacing


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ('It\'s "so"... -- or - not', {}),
        (
            "It’s “so”… — or – not",
            {
                "apostrophe": "’",
                "opens": "“",
                "closes": "”",
                "dash": "—",
                "short_dash": "–",
                "ellipsis": "…",
            },
        ),
        ("Er sagt: „so“ – oder nicht.", {"opens": "„", "closes": "“", "short_dash": "–"}),
        ('חייל צה"ל וארה"ב', {"gershayim": '"'}),
        ("Mówi: „tak” i już.", {"opens": "„", "closes": "”"}),
        ("Han säger: ”ja” och går.", {"opens": "”", "closes": "”"}),
    ],
)
def test_the_texts_own_typographic_marks_are_found(line: str, options: dict[str, str]) -> None:
    spacing = counted([line] * 9)
    assert spacing.style.options() == options
    assert Spacing.from_json(spacing.to_json(), path="spacing.json") == spacing


MARK = json.loads(counted(FRENCH).to_json())["marks"]["?"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "cannot be used"),
        ('{"version": 2, "marks": {}}', "reads up to 1"),
        ('{"version": true, "marks": {}}', "cannot be used"),
        ('{"version": 1, "marks": {}, "more": 1}', "cannot be used"),
        ('{"version": 1, "marks": []}', "cannot be used"),
        (json.dumps({"version": 1, "marks": {"?": 1}}), "cannot be used"),
        ('{"version": 1, "style": {"dash": "x"}, "marks": {}}', "'x' is no dash"),
        ('{"version": 1, "style": {"x": "—"}, "marks": {}}', "'—' is no x"),
        ('{"version": 1, "style": {"dash": []}, "marks": {}}', "cannot be used"),
        (json.dumps({"version": 1, "marks": {"": MARK}}), "is no mark"),
        (
            json.dumps({"version": 1, "marks": {"?": {**MARK, "before": [1]}}}),
            "two whole numbers",
        ),
        (
            json.dumps({"version": 1, "marks": {"?": {**MARK, "before": [1, -1]}}}),
            "two whole",
        ),
        (
            json.dumps({"version": 1, "marks": {"?": {**MARK, "space_before": "x"}}}),
            "be a space",
        ),
        (
            json.dumps({"version": 1, "marks": {"?": {**MARK, "ends": 2}}}),
            "true, false or null",
        ),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(FolderError, match=message) as caught:
        Spacing.from_json(text, path="model/spacing.json")
    assert "model/spacing.json" in str(caught.value)


def test_the_end_of_a_long_text_counts_as_much_as_its_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spacing_module, "BLOCK_CHARACTERS", 100)
    monkeypatch.setattr(spacing_module, "MOST_BLOCKS", 8)
    halves = ["Is it? Yes, it is."] * 300 + ["Est-ce vrai ? Oui, ça va."] * 216
    shares = [counted(half).share("before", "?") for half in (halves, halves[::-1])]
    assert shares == pytest.approx([0.5, 0.5], abs=0.2)
    assert counted(halves[:300]).share("before", "?") == 0


def test_a_text_of_a_few_megabytes_is_counted_whole() -> None:
    lines = ["It is so."] * 60_000 + ["Is it so ?"] * 60_000
    nothing, space = counted(lines).marks["?"].before
    assert (nothing, space) == (0, 60_000)
