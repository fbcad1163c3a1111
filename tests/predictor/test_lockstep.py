"""Work that is done together gives what it gives alone, bit for bit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.errors import FolderError
from foreword.predictor.lockstep import (
    Batched,
    Best,
    Call,
    Request,
    Work,
    attempted,
    next_request,
    together,
)
from foreword.predictor.predictor import Predictor, load
from foreword.predictor.state import State

WORDS = ["the", "cat", "I", "would", "like", "Paris", ",", "unheard", "don't"]
texts = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)


@pytest.fixture(scope="module")
def predictor(small_model: Path) -> Predictor:
    """A predictor whose typists read in Python: in the core, work is a single step."""
    model = load(small_model)
    model.compiled_reader = None
    return model


def in_lockstep(works: list[Work[Any]]) -> list[Any]:
    results: dict[int, Any] = {}
    answers: dict[int, Any] = dict.fromkeys(range(len(works)))
    while answers:
        wanted = {}
        for index, answer in answers.items():
            try:
                wanted[index] = next_request(works[index], answer)
            except StopIteration as end:
                results[index] = end.value
        answers = dict(zip(wanted, answers_to(list(wanted.values())), strict=True))
    return [results[index] for index in range(len(works))]


def answers_to(requests: list[Request]) -> list[Any]:
    """What the server's queue answers: calls one by one, the others together."""
    batched = iter(together([request for request in requests if isinstance(request, Batched)]))
    return [
        attempted(request) if isinstance(request, Call) else next(batched) for request in requests
    ]


@settings(max_examples=40, deadline=None)
@given(asked=st.lists(st.tuples(texts, st.sampled_from(["", " ", "."]), st.integers(1, 5))))
def test_suggestions_are_the_same_together_and_alone(
    predictor: Predictor, asked: list[tuple[str, str, int]]
) -> None:
    works = [predictor.typist().suggesting(text + end, k) for text, end, k in asked]
    expected = [predictor.typist().suggest(text + end, k) for text, end, k in asked]
    assert in_lockstep(works) == expected


def test_one_whose_scores_overflow_leaves_the_others_theirs(predictor: Predictor) -> None:
    engine, good = predictor._engine, predictor.read("the")
    bad = State(tuple(np.full_like(part, np.inf) for part in good.parts), good.last)
    actual = together([Best(engine, state, 3, ()) for state in (good, bad, good)])
    assert actual[0] == actual[2] == engine.best(good, 3)
    assert isinstance(actual[1], FolderError)
