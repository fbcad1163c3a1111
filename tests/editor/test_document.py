"""Edits and places in an editor's units, against a slow obvious version."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from foreword.editor import document
from foreword.editor.document import Document, Encoding, Position

TEXT = st.text("ab \r\n😀é\u2028\x0c\x85\ud800", max_size=12)
ENCODINGS = st.sampled_from(["utf-8", "utf-16", "utf-32"])
PLACES = st.builds(Position, st.integers(0, 6), st.integers(0, 14))
WIDTH = {
    "utf-8": lambda c: len(c.encode()),
    "utf-16": lambda c: 1 + (ord(c) > 0xFFFF),
    "utf-32": lambda c: 1,
}


def offset(text: str, position: Position, encoding: Encoding) -> int:
    """Where a place is in a text, character by character."""
    line = column = 0
    for index, char in enumerate(text):
        is_end = char in "\r\n"
        if line == position.line and (is_end or column + WIDTH[encoding](char) > position.column):
            return index
        if is_end and not (char == "\r" and text[index + 1 : index + 2] == "\n"):
            line, column = line + 1, 0
        elif line == position.line:
            column += WIDTH[encoding](char)
    return len(text)


def clean(text: str) -> str:
    return text.replace("\ud800", "\ufffd")


@given(TEXT, st.lists(st.tuples(PLACES, PLACES, TEXT), max_size=5), ENCODINGS)
@example("a\r", [(Position(1, 0), Position(1, 0), "\nb")], "utf-16")
@example("a\n\nb", [(Position(0, 1), Position(0, 1), "\r")], "utf-16")
def test_edits_change_what_stands_between_two_places(
    text: str, edits: list[tuple[Position, Position, str]], encoding: Encoding
) -> None:
    document, expected = Document(text, encoding), clean(text)
    for start, end, new in edits:
        document.replace(start, end, new)
        left = offset(expected, start, encoding)
        right = max(left, offset(expected, end, encoding))
        expected = expected[:left] + clean(new) + expected[right:]
        assert document.text == expected


@given(TEXT, PLACES, ENCODINGS)
def test_a_place_divides_the_text(text: str, position: Position, encoding: Encoding) -> None:
    document, whole = Document(text, encoding), clean(text)
    before, after = document.before(position), document.after(position)
    assert before == whole[: offset(whole, position, encoding)]
    assert whole.startswith(before + after)
    assert whole[len(before + after) :][:1] in ("", "\r", "\n")
    nearest = document.nearest(position)
    assert document.before(nearest) == before
    assert document.nearest(nearest) == nearest


@given(
    st.lists(st.tuples(PLACES, PLACES, TEXT), max_size=4),
    st.text("ab \r\n", max_size=60),
    PLACES,
    st.integers(1, 8),
)
def test_of_a_long_text_the_end_before_a_place_is_given(
    edits: list[tuple[Position, Position, str]], text: str, position: Position, stride: int
) -> None:
    document = Document(text, "utf-32")
    for start, end, new in edits:
        document.end_before(position, stride)
        document.replace(start, end, new)
    before = document.before(position)
    end, is_all = document.end_before(position, stride)
    assert before.endswith(end)
    assert is_all == (len(before) < 2 * stride) == (len(end) == len(before))
    assert len(end) >= min(len(before), stride // 2)
    assert len(end) < 2 * stride


def test_the_end_before_a_place_begins_where_it_began_a_key_ago() -> None:
    document = Document("the cat sat on a mat .\n" * 100, "utf-16")
    begun = set()
    for column in range(60):
        document.replace(Position(100, column), Position(100, column), "x")
        end, _ = document.end_before(Position(100, column + 1), 500)
        begun.add(len(document.text) - len(end))
    assert len(begun) == 1
    assert begun.pop() % len("the cat sat on a mat .\n") == 0, "a line begins there"


def test_a_key_in_a_long_line_costs_no_look_at_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = []
    lines = document._lines
    monkeypatch.setattr(document, "_lines", lambda text: looked_at.append(len(text)) or lines(text))
    text = Document("one\n" + "so it goes " * 100_000 + "\nthree", "utf-16")
    looked_at.clear()
    position = Position(1, 500_000)
    for letter in "word":
        text.replace(position, position, letter)
    assert text.before(Position(1, 500_004))[-4:] == "drow"
    assert text.text.endswith("goes \nthree")
    assert looked_at == []


@given(
    text=st.text("aé😀", min_size=1, max_size=12),
    edits=st.lists(st.tuples(PLACES, PLACES, st.text("bü😀", max_size=3)), max_size=5),
    looks=st.lists(PLACES, max_size=4),
    encoding=ENCODINGS,
)
def test_places_are_the_same_wherever_one_looked_before(
    text: str,
    edits: list[tuple[Position, Position, str]],
    looks: list[Position],
    encoding: Encoding,
) -> None:
    edited = Document(text, encoding)
    for start, end, new in edits:
        for look in looks:
            fresh = Document(edited.text, encoding)
            assert edited.nearest(look) == fresh.nearest(look)
            assert edited.before(look) == fresh.before(look)
        fresh = Document(edited.text, encoding)
        edited.replace(start, end, new)
        fresh.replace(start, end, new)
        assert edited.text == fresh.text


def test_a_column_in_a_long_line_is_counted_from_the_last_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = []
    fitting = document._fitting
    monkeypatch.setattr(
        document,
        "_fitting",
        lambda text, *more: counted.append(len(text)) or fitting(text, *more),
    )
    text = Document("größer 😀 " * 100_000, "utf-16")
    text.nearest(Position(0, 800_000))
    counted.clear()
    for column in range(800_000, 800_020):
        position = Position(0, column)
        text.replace(position, position, "ü")
        text.nearest(Position(0, column + 1))
    assert sum(counted) < 200
