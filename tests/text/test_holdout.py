from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.text.corpus import Source, text_source
from foreword.text.holdout import hold_out


def lines(sources: list[Source]) -> list[str]:
    return [piece.text for source in sources for piece in source.read()]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=4))
def test_training_and_held_out_lines_are_the_text_in_order(sizes: list[int]) -> None:
    sources = [
        text_source(f"text {k}", "".join(f"{k} {n} {'x' * 200}\n" for n in range(size)))
        for k, size in enumerate(sizes)
    ]
    train, valid = hold_out(sources)
    assert lines(train) + lines(valid) == lines(sources)
    if valid:
        share = len(lines(valid)) / len(lines(sources))
        assert 0.04 < share < 0.12


def test_about_a_twentieth_of_a_long_text_is_held_out() -> None:
    train, valid = hold_out([text_source("text", "some words in a line\n" * 10_000)])
    assert len(lines(valid)) == 500
    assert len(lines(train)) == 9_500


def test_no_more_than_a_million_characters_are_held_out() -> None:
    _, valid = hold_out([text_source("text", ("x" * 999 + "\n") * 40_000)])
    assert 1_000_000 <= sum(map(len, lines(valid))) < 1_001_000


def test_nothing_is_held_out_of_a_short_text_or_of_one_line() -> None:
    short = [text_source("text", "a few words\n" * 100)]
    one_line = [text_source("text", "many words " * 10_000)]
    assert hold_out(short) == (short, [])
    assert hold_out(one_line)[1] == []
