"""Torch's threads in a container whose quota pays for fewer cores than the machine has."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
import torch

import foreword
from foreword.kernels import threads

SIZES = {"hidden_size": 4, "embedding_size": 4}


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The numbers of threads that models were run with; the quota pays for one, torch has three."""
    from foreword.models.model import NextWordModel
    from foreword.models.ngram import NgramModel

    actual: list[int] = []
    monkeypatch.setattr(threads, "available", lambda: 1)
    for kind in (NextWordModel, NgramModel):
        scorer = kind.scorer

        def counted(*arguments: object, of: Callable[..., object] = scorer) -> object:
            actual.append(torch.get_num_threads())
            return of(*arguments)

        monkeypatch.setattr(kind, "scorer", counted)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield actual
    assert torch.get_num_threads() == 3
    torch.set_num_threads(before)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "t.txt"
    path.write_text("how are you\ni am fine\nthank you\n" * 40)
    return path


def test_evaluating_keeps_to_the_quota_and_gives_torch_its_threads_back(
    small_model: Path, text: Path, used: list[int]
) -> None:
    foreword.evaluate(small_model, [text])
    assert set(used) == {1}


def test_comparing_keeps_to_the_quota(text: Path, used: list[int]) -> None:
    sizes = {name: size for name, size in SIZES.items() if name != "hidden_size"}
    foreword.compare(text, minutes=0.001, models=["ngram"], valid=text, **sizes)
    assert set(used) == {1}


def test_counting_an_ngram_model_keeps_to_the_quota(
    text: Path, tmp_path: Path, used: list[int]
) -> None:
    foreword.train(text, out=tmp_path / "m", model="ngram", valid=text)
    assert set(used) == {1}


def test_tuning_keeps_to_the_quota(text: Path, tmp_path: Path, used: list[int]) -> None:
    search = ["dropout=0..0.1"]
    foreword.tune(
        text, out=tmp_path / "s", valid=text, search=search, trials=1, steps_each=1, **SIZES
    )
    assert set(used) == {1}


def test_looking_inside_keeps_to_the_quota(
    small_model: Path, used: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    room = import_module("foreword.inspect.inspection")
    seen: list[int] = []
    read = room.read

    def counted(*arguments: object, **named: object) -> object:
        seen.append(torch.get_num_threads())
        return read(*arguments, **named)

    monkeypatch.setattr(room, "read", counted)
    foreword.inspect.inspection(small_model, "how are you")
    assert set(seen) == {1}


def test_where_the_quota_is_no_bound_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "available", lambda: 1_000)
    monkeypatch.setattr(torch, "set_num_threads", None)
    with threads.threads_within_quota():
        pass
