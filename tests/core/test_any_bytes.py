"""What must hold of the C library's typist whatever it reads. `make fuzz` has Atheris choose that.

No fixtures, so that Hypothesis can make a test's input of any bytes that a fuzzer finds.
"""

import math
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.library import CModel, Library, built
from tests.core.typed_texts import model_of
from tests.needs import needs
from tests.predictor.test_any_bytes import PIECES, WORDS

pytestmark = needs("c_library")

BROKEN = st.sampled_from(
    [b"\xff", b"\xe2\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"like " * 900]
)
BYTES = st.lists(PIECES.map(str.encode) | st.binary(max_size=12) | BROKEN, max_size=6).map(b"".join)


@cache
def model() -> CModel:
    """A small LSTM with random weights."""
    path = built()
    assert path is not None
    return CModel(Library(path), model_of(WORDS, rare=["likewise", "sit-in"]).files)


@given(
    edits=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 4), BYTES), max_size=5),
    ignore_case=st.booleans(),
)
@settings(deadline=None)
def test_whatever_the_bytes_a_typist_answers_as_one_who_reads_anew(
    edits: list[tuple[int, int, bytes]], ignore_case: bool
) -> None:
    typist, text = model().typist(), b""
    for index, deleted, inserted in edits:
        text = (text[:index] + inserted + text[index + deleted :]).replace(b"\0", b"")
        assert typist.suggest(text) == model().typist().suggest(text)
        letters = typist.letters(text, ignore_case=ignore_case)
        assert letters == model().typist().letters(text, ignore_case=ignore_case)
        assert math.fsum(letters.values()) == pytest.approx(1)
        assert min(letters.values()) >= 0
