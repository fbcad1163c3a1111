import json
from collections.abc import Callable
from pathlib import Path

import pytest

from foreword.errors import TextError

Write = Callable[..., Path]
Lines = Callable[..., list[str]]

REVIEWS = (
    "id,stars,review,url\r\n"
    '1,5,"Great, really: ""the best"" one.",https://a.b/c\r\n'
    '2,1,"First line\r\nsecond line",https://a.b/d\r\n'
    "3,4,,https://a.b/e\r\n"
    "4,4,Fine,https://a.b/f\r\n"
)
SAID = ['Great, really: "the best" one.', "First line", "second line", "Fine"]


def test_a_table_gives_its_column_of_text_and_says_which(
    write: Write, lines: Lines, notes: Lines
) -> None:
    path = write(REVIEWS, "reviews.csv")
    assert lines(path) == SAID
    assert "reviews.csv: table: 4 passages" in notes(path)[0]
    assert "the column 'review' is taken" in notes(path)[0]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_tables_are_separated_by_other_marks_too(
    separator: str, write: Write, lines: Lines
) -> None:
    rows = [("datum", "nachricht", "von"), ("1.2.23", "Guten Tag, wie geht es?", "Jo"),
            ("2.2.23", "Danke, gut", "Al")]  # fmt: skip
    path = write("".join(separator.join(row) + "\n" for row in rows), "export.csv")
    assert lines(path) == ["Guten Tag, wie geht es?", "Danke, gut"]
    assert lines(path, speaker="Al") == ["Danke, gut"]


def test_the_longest_text_is_taken_where_no_name_tells(write: Write, lines: Lines) -> None:
    rows = "".join(f"{n}\tA sentence of number {n} here.\tEin Satz {n}\n" for n in range(5))
    path = write(rows, "pairs.tsv")
    assert lines(path)[0] == "A sentence of number 0 here."
    assert lines(path, column="3")[0] == "Ein Satz 0"


def test_a_column_can_be_chosen_and_one_that_is_not_there_lists_those_that_are(
    write: Write, lines: Lines
) -> None:
    path = write("title,text\nOne,Some words here\nTwo,More words here\n", "a.csv")
    assert lines(path, column="title") == ["One", "Two"]
    with pytest.raises(TextError, match=r"a.csv: .*'body'.* It has title, text"):
        lines(path, column="body")


def test_a_table_of_numbers_is_refused_with_what_to_do(write: Write, lines: Lines) -> None:
    path = write("a,b\n1,2\n3,4\n", "numbers.csv")
    with pytest.raises(TextError, match=r"numbers.csv: .*it has a, b.*--column NAME.*--as text"):
        lines(path)
    assert lines(path, read_as="text") == ["a,b", "1,2", "3,4"]


def test_a_table_is_known_by_its_header_whatever_its_name(write: Write, lines: Lines) -> None:
    assert lines(write("id,text\n1,some words here\n2,and more of them\n3,three\n")) == [
        "some words here",
        "and more of them",
        "three",
    ]


def test_prose_with_commas_is_no_table(write: Write, lines: Lines) -> None:
    prose = (
        "Text, as you know, is long.\nHere, as there, two commas.\nAnd, then, again.\nA, b, c.\n"
    )
    assert lines(write(prose)) == prose.splitlines()


def test_tab_separated_sentences_may_hold_single_quotation_marks(
    write: Write, lines: Lines
) -> None:
    rows = 'id\ttext\n1\t"Hello there\n2\tHe said "go\n3\tnothing more\n'
    assert lines(write(rows, "a.tsv")) == ['"Hello there', 'He said "go', "nothing more"]


def test_a_quotation_mark_that_nothing_closes_is_bounded(
    write: Write, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foreword.text.forms.tables.LONGEST_CELL", 10_000)
    table = "id,text\n" + "1,a few words\n" * 300 + '2,"and now\n' + "3,more of the words\n" * 5_000
    with pytest.raises(TextError, match="a.csv: .*field larger than field limit"):
        lines(write(table, "a.csv"))


def test_json_lines_give_a_field_of_each(write: Write, lines: Lines, notes: Lines) -> None:
    records = [
        {"id": 1, "user": "ann", "body": "Some words\n\nin two paragraphs", "n": 2.5},
        {"id": 2, "user": "ben", "body": "And more", "meta": {"note": "not this"}},
        {"id": 3, "user": "ann"},
    ]
    path = write("\n".join(map(json.dumps, records)), "log.txt")
    assert lines(path) == ["Some words", "in two paragraphs", "And more"]
    assert lines(path, speaker="ben") == ["And more"]
    assert lines(path, column="meta.note") == ["not this"]
    assert "the column 'body' is taken" in notes(path)[0]


def test_a_line_that_is_no_json_is_named(write: Write, lines: Lines) -> None:
    path = write('{"text": "a b c"}\n{"text": "d e f"}\n{"text": \n', "a.jsonl")
    with pytest.raises(TextError, match="a.jsonl: .*line 3"):
        lines(path)


def test_json_gives_the_list_with_the_most_words(write: Write, lines: Lines) -> None:
    document = {
        "version": 2,
        "tags": ["short", "words"],
        "articles": [{"title": "T", "paragraphs": ["One is here.", "Two is there."]},
                     {"title": "U", "paragraphs": ["Three is last."]}],
    }  # fmt: skip
    assert lines(write(json.dumps(document), "a.json")) == [
        "One is here.", "Two is there.", "Three is last.",
    ]  # fmt: skip
    assert lines(write(json.dumps(["Some words here", "and there"]))) == [
        "Some words here",
        "and there",
    ]


def test_json_without_text_is_refused(write: Write, lines: Lines) -> None:
    with pytest.raises(TextError, match=r"package.json: JSON without a column of text"):
        lines(write('{"name": "x", "version": "1.0"}', "package.json"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_tables_of_spreadsheets_with_a_mark_are_read(
    encoding: str, write: Write, lines: Lines
) -> None:
    table = "text\tn\nGrüße aus Bonn\t1\nund mehr davon\t2\n"
    assert lines(write(table.encode(encoding), "a.csv")) == ["Grüße aus Bonn", "und mehr davon"]


def test_an_empty_table_has_no_lines(write: Write, lines: Lines) -> None:
    assert lines(write("id,text\n", "a.csv")) == []


@pytest.mark.parametrize(
    ("name", "content", "messages"),
    [
        (
            "a.json",
            '[{"from": "A", "content": "<p>Hello there</p><p>How are you?</p>"}]',
            ["Hello there", "How are you?"],
        ),
        ("a.csv", "sep=;\nid;text\n1;Hello there\n2;How are you\n", ["Hello there", "How are you"]),
        (
            "a.csv",
            "text\nHello there\nHow are you, friend\n",
            ["Hello there", "How are you, friend"],
        ),
        ("a.csv", 'id,text\n1,"Oh, hello"\n2,Fine, thanks\n', ["Oh, hello", "Fine, thanks"]),
        (
            "a.jsonl",
            '{"a": {"b": {"message": "Hello there"}}}\n{"a": {"b": {"message": "How are you"}}}\n',
            ["Hello there", "How are you"],
        ),
        (
            "a.jsonl",
            '{"id": "x", "messages": [{"role": "user", "content": "Hello there"}]}\n'
            '{"id": "y", "messages": [{"role": "user", "content": "How are you"}]}\n',
            ["Hello there", "How are you"],
        ),
        (
            "a.json",
            '[{"id": 1, "conversations": [{"from": "human", "value": "Hello there you"}, '
            '{"from": "gpt", "value": "How are you"}]}]',
            ["Hello there you", "How are you"],
        ),
        (
            "tweets.js",
            'window.YTD.tweets.part0 = [ {"tweet": {"full_text": "Hello there", "id": "1"}} ]',
            ["Hello there"],
        ),
        (
            "a.jsonl",
            '{"author": "x", "body": "Hello there you"}\n{"author": "y", "body": "[deleted]"}\n',
            ["Hello there you"],
        ),
    ],
    ids=[
        "html",
        "sep",
        "one column",
        "commas",
        "deep",
        "messages",
        "conversations",
        "twitter",
        "reddit",
    ],
)
def test_tables_and_records_as_programs_write_them_give_their_text(
    name: str, content: str, messages: list[str], write: Write, lines: Lines
) -> None:
    assert lines(write(content, name)) == messages
