"""Work that asks a network for what it needs, so that many users' work is computed together.

Work is a generator: it yields what it wants of an engine, is sent the answer, and returns its
result. One user's is answered at once, `alone`; of many, what all want next is answered `together`.
The results are the same bit for bit. Knows no words.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from foreword.errors import ForewordError
from foreword.predictor.engine import Engine, Likely
from foreword.predictor.state import State


@dataclass(frozen=True, slots=True)
class Advance:
    """Wants the state after one more word id."""

    engine: Engine
    state: State
    word: int


@dataclass(frozen=True, slots=True)
class Best:
    """Wants the k likeliest of all words but some, and their probabilities; see `Engine.best`."""

    engine: Engine
    state: State
    k: int
    hidden: tuple[int, ...]


T = TypeVar("T")
Wanted: TypeAlias = Advance | Best
Work: TypeAlias = Generator[Wanted, Any, T]


def alone(work: Work[T]) -> T:
    """The result of work, whose wants are answered one by one."""
    answer = None
    while True:
        try:
            wanted = work.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        answer = _answer(wanted)


def together(wanted: Sequence[Wanted]) -> list[State | Likely | ForewordError]:
    """The answers to what many want at the same time; or why there is none."""
    answers: list[Any] = [None] * len(wanted)
    groups: dict[Any, list[int]] = {}
    for place, one in enumerate(wanted):
        kind = (type(one), one.engine, one.hidden if isinstance(one, Best) else ())
        groups.setdefault(kind, []).append(place)
    for places in groups.values():
        found = _answers([wanted[place] for place in places])
        for place, answer in zip(places, found, strict=True):
            answers[place] = answer
    return answers


def _answers(wanted: list[Any]) -> list[Any]:
    """Of one kind and one engine."""
    first, states = wanted[0], [one.state for one in wanted]
    if len(wanted) > 1:
        try:
            if isinstance(first, Advance):
                return first.engine.advance_many(states, [one.word for one in wanted])
            k = max(one.k for one in wanted)
            found = first.engine.best_many(states, k, [None] * len(states), first.hidden)
            return [best[: one.k] for best, one in zip(found, wanted, strict=True)]
        except ForewordError:
            pass  # of one of them; which, the others shall not suffer for
    return [_attempted(one) for one in wanted]


def _attempted(wanted: Wanted) -> Any:
    try:
        return _answer(wanted)
    except ForewordError as error:
        return error


def _answer(wanted: Wanted) -> Any:
    if isinstance(wanted, Advance):
        return wanted.engine.advance(wanted.state, wanted.word)
    return wanted.engine.best(wanted.state, wanted.k, hidden=wanted.hidden)
