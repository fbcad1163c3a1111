"""What the worker processes of `tests/test_workers.py` compute; imported there and in them."""

import os
import time
from collections.abc import Callable

from foreword.errors import MissingExtraError


class Sum:
    """Adds what it is called with."""

    def __init__(self) -> None:
        self.sum = 0

    def __call__(self, number: int) -> int:
        print("A library that prints")  # noqa: T201
        self.sum += number
        return self.sum


def counting(end: int, tell: Callable[[int], None]) -> str:
    for number in range(end):
        tell(number)
    return "done"


def waiting(seconds: float, tell: Callable[[str], None]) -> None:
    tell("begun")
    time.sleep(seconds)


def refusing(purpose: str) -> None:
    raise MissingExtraError(purpose, "plot")


def failing(divisor: int) -> float:
    return 1 / divisor


def variable(name: str) -> str | None:
    return os.environ.get(name)
