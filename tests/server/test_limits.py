import asyncio

import pytest

from foreword.server.limits import Patience

from .conftest import run


async def wait(patience: Patience, seconds: float) -> str:
    try:
        with patience:
            await asyncio.sleep(seconds)
    except TimeoutError:
        return "too long"
    return "in time"


def test_what_takes_too_long_is_ended_and_the_rest_is_not() -> None:
    async def both() -> list[str]:
        patience = Patience(0.05)
        return await asyncio.gather(*(wait(patience, s) for s in (0.0, 9.0, 0.01, 9.0)))

    assert run(both()) == ["in time", "too long", "in time", "too long"]


def test_it_ends_each_of_several_waits_of_one_task() -> None:
    async def often() -> list[str]:
        patience = Patience(0.04)
        return [await wait(patience, seconds) for seconds in (9.0, 0.0, 9.0, 0.02)]

    assert run(often()) == ["too long", "in time", "too long", "in time"]


def test_whoever_is_cancelled_by_another_stays_cancelled() -> None:
    async def cancelled() -> None:
        waiting = asyncio.create_task(wait(Patience(9.0), 9.0))
        await asyncio.sleep(0)
        waiting.cancel()
        await waiting

    with pytest.raises(asyncio.CancelledError):
        run(cancelled())
