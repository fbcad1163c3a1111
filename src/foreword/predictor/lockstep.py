"""Let work ask a network for results, so that the requests of many users are computed together.

Work is a generator: it yields a request to an engine, is sent the answer, and returns its result.
`alone` answers one user's requests one by one; `together` answers the next requests of many users.
The results are the same bit for bit. `next_request` skips the requests that gain nothing from being
answered together. This module knows no words.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np

from foreword.errors import ForewordError
from foreword.predictor.engine import Engine, Likely
from foreword.predictor.state import State


@dataclass(frozen=True, slots=True)
class Advance:
    """Requests the state after one more word id."""

    engine: Engine
    state: State
    word: int


@dataclass(frozen=True, slots=True)
class Best:
    """Requests the k most probable words except `hidden`, with probabilities; see `Engine.best`."""

    engine: Engine
    state: State
    k: int
    hidden: tuple[int, ...] = ()
    words: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Scores:
    """Requests the scores of some words, or of all; see `Engine.logits`."""

    engine: Engine
    state: State
    words: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """Requests a result of a function that computes for one user, in a millisecond or two.

    Attributes:
        function: returns the result.
        question: what the function asks the core, if it does: a `Question` of the compiled module.
            A worker of the core may compute the answer first, which the function then returns.
    """

    function: Callable[[], Any]
    question: Any = None


T = TypeVar("T")
Batched = Advance | Best | Scores
Request: TypeAlias = Batched | Call
Work: TypeAlias = Generator[Request, Any, T]


def alone(work: Work[T]) -> T:
    """Run work, answering its requests one by one, and return its result."""
    answer = None
    while True:
        try:
            request = work.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        answer = _answer(request)


def next_request(work: Work[Any], answer: Any = None) -> Request:
    """Continue work up to its next request that takes long, or is answered faster with others.

    Args:
        work: what is continued.
        answer: the answer to its last request, or the error that the request failed with; None to
            begin the work.

    Raises:
        StopIteration: the work has ended; it has the result.
    """
    while True:
        is_error = isinstance(answer, ForewordError)
        request = work.throw(answer) if is_error else work.send(answer)
        is_long = isinstance(request, Advance | Call)
        if is_long or (isinstance(request, Best) and request.words is None):
            return request
        answer = attempted(request)


def together(requests: Sequence[Batched]) -> list[State | Likely | ForewordError]:
    """Answer requests of many users from `next_request`, each with a result or an error."""
    answers: list[Any] = [None] * len(requests)
    groups: dict[Any, list[int]] = {}
    for position, request in enumerate(requests):
        kind = (type(request), request.engine, request.hidden if isinstance(request, Best) else ())
        groups.setdefault(kind, []).append(position)
    for positions in groups.values():
        results = _answers([requests[position] for position in positions])
        for position, answer in zip(positions, results, strict=True):
            answers[position] = answer
    return answers


def _answers(requests: list[Any]) -> list[Any]:
    """Answer requests of one kind to one engine."""
    first, states = requests[0], [request.state for request in requests]
    if len(requests) > 1:
        try:
            if isinstance(first, Advance):
                return first.engine.advance_many(states, [request.word for request in requests])
            k = max(request.k for request in requests)
            likeliest = first.engine.best_many(states, k, [None] * len(states), first.hidden)
            return [best[: request.k] for best, request in zip(likeliest, requests, strict=True)]
        except ForewordError:
            pass  # one of them failed; it must not fail the others
    return [attempted(request) for request in requests]


def attempted(request: Request) -> Any:
    """Answer a request of one user, with a result or an error."""
    try:
        return _answer(request)
    except ForewordError as error:
        return error


def _answer(request: Request) -> Any:
    if isinstance(request, Call):
        return request.function()
    if isinstance(request, Advance):
        return request.engine.advance(request.state, request.word)
    if isinstance(request, Best):
        return request.engine.best(request.state, request.k, request.words, request.hidden)
    return request.engine.logits(request.state, request.words)
