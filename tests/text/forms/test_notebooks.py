import json
from collections.abc import Callable
from pathlib import Path

import pytest

from foreword.errors import TextError

Write = Callable[..., Path]
Lines = Callable[..., list[str]]

NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# The *task*\n", "\n", "We count."]},
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": ["words = 1  # no prose"]},
        {"cell_type": "markdown", "metadata": {}, "source": "So be it."},
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}


def test_the_prose_of_a_notebook_is_read_without_its_code(
    write: Write, lines: Lines, notes: Lines
) -> None:
    path = write(json.dumps(NOTEBOOK), "work.ipynb")

    assert lines(path) == ["The task", "We count.", "So be it."]
    assert "Jupyter notebook: 3 paragraphs" in notes(path)[0]


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ({"textContent": "Buy milk\nand eggs"}, ["Buy milk", "and eggs"]),
        (
            {"listContent": [{"text": "Milk", "isChecked": True}, {"text": "Eggs"}]},
            ["Milk", "Eggs"],
        ),
    ],
)
def test_a_note_of_keep_gives_its_lines(
    note: dict[str, object], expected: list[str], write: Write, lines: Lines
) -> None:
    path = write(json.dumps({"color": "DEFAULT", "isTrashed": False, **note}), "note.json")

    assert lines(path) == expected


def test_a_note_in_the_trash_of_keep_is_not_read(write: Write, lines: Lines) -> None:
    trashed = {"color": "DEFAULT", "isTrashed": True, "textContent": "Gone for good"}
    write(json.dumps(trashed), "notes/gone.json")
    folder = write("So be it.\n", "notes/kept.txt").parent

    assert lines(folder) == ["So be it."]


def test_a_damaged_note_is_refused(write: Write, lines: Lines) -> None:
    path = write('{"isTrashed": false, "textContent": "Buy', "note.json")

    with pytest.raises(TextError, match="Google Keep note"):
        lines(path)
