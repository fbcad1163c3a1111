"""Models that are read anew: which are, and that those they replace leave nothing behind."""

import asyncio
import gc
import weakref
from pathlib import Path

import pytest

from foreword.predictor.lockstep import alone
from foreword.predictor.predictor import load
from foreword.server import models
from foreword.server.app import make_service
from foreword.server.models import Models
from foreword.server.reloading import reload_models
from foreword.server.settings import ServerSettings

from .conftest import made, write


def test_a_predictor_is_freed_when_nobody_holds_it_without_a_look_for_cycles(
    model_path: Path,
) -> None:
    gc.disable()
    try:
        predictor = load(model_path)
        predictor.suggest("the c")
        predictor.advance(predictor.start(), "cat")
        freed = weakref.ref(predictor), weakref.ref(predictor.tokenizer)
        del predictor
        assert [one() for one in freed] == [None, None]
    finally:
        gc.enable()


def test_a_reload_reads_what_was_changed_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [write(made("lstm"), tmp_path / "one"), write(made("gru"), tmp_path / "two")]
    served = Models(list(map(str, paths)), typists=4)
    read = []
    before = Models._read

    def counted(self: Models, name: str) -> models.Model:
        read.append(name)
        return before(self, name)

    monkeypatch.setattr(Models, "_read", counted)
    assert asyncio.run(served.reload()) == {"one": "unchanged", "two": "unchanged"}
    assert read == []
    write(made("gru", hidden_size=7), paths[1])
    assert asyncio.run(served.reload()) == {"one": "unchanged", "two": "reloaded"}
    assert asyncio.run(served.reload()) == {"one": "unchanged", "two": "unchanged"}
    assert read == ["two"]


def test_a_reload_waits_for_the_one_before_it(tmp_path: Path) -> None:
    path = write(made("lstm"), tmp_path / "m")
    service = make_service([str(path)], ServerSettings())
    write(made("lstm", hidden_size=7), path)

    async def twice() -> list[dict[str, str]]:
        return list(await asyncio.gather(reload_models(service), reload_models(service)))

    assert asyncio.run(twice()) == [{"m": "reloaded"}, {"m": "unchanged"}]


def test_a_model_that_was_replaced_is_freed_and_its_memory_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(made("lstm"), tmp_path / "one")
    served = Models([str(path), str(write(made("gru"), tmp_path / "two"))], typists=4)
    alone(served.mixture(None, ["two"]).typists.suggesting("the c", 3, phrases=False))
    old = weakref.ref(served.get(None).predictor)
    given_back = []
    monkeypatch.setattr(models, "give_back", lambda: given_back.append(old() is None))
    gc.disable()
    try:
        write(made("lstm", hidden_size=9), path)
        asyncio.run(served.reload())
    finally:
        gc.enable()
    assert given_back == [True]
