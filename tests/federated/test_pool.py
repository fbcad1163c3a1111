"""Clients that other processes compute, held against those of this one."""

import io
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import pytest
import torch

from foreword.errors import TrainingError
from foreword.federated.client import client_update, part_of
from foreword.federated.messages import receive, send
from foreword.federated.pool import Processes
from foreword.federated.rules import Task
from foreword.federated.settings import FederatedSettings, Plan, planned
from foreword.federated.worker import work
from foreword.folder.config import ModelConfig
from foreword.models.build import build, weights_of
from foreword.models.model import NextWordModel
from foreword.training.interrupt import StopWish

IDS = np.random.default_rng(5).integers(2, 12, size=61).astype(np.uint16)
PLAN: Plan = planned(
    FederatedSettings(clients=2, batch_size=2, window=5, person_words=30, processes=2), 7
)


@pytest.fixture
def model() -> NextWordModel:
    config = ModelConfig(name="lstm", vocab_size=12, embedding_size=6, hidden_size=6)
    return build(config, generator=torch.Generator().manual_seed(3))


@pytest.fixture
def clients(model: NextWordModel) -> Iterator[Processes]:
    """Clients whose processes have ended before they computed anything."""
    with Processes(model, PLAN, [IDS] * 7) as clients:
        assert clients._pool is not None
        for worker in clients._pool._workers:
            worker.end()
        yield clients


def test_arrays_of_all_shapes_come_out_of_a_pipe_as_they_went_in() -> None:
    arrays = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3).T,
        "none": np.empty((0, 3), np.float32),
        "one": np.array(2.5, np.float32),
        "ids": IDS,
    }
    pipe = io.BytesIO()
    send(pipe, {"seed": [1, 1 << 62], "nats": float("nan")}, arrays)
    send(pipe, {})
    pipe.seek(0)
    document, received = receive(pipe)
    assert document["seed"] == [1, 1 << 62]
    assert np.isnan(document["nats"])
    assert received.keys() == arrays.keys()
    for name, array in arrays.items():
        assert received[name].dtype == array.dtype
        assert np.array_equal(received[name], array)
    assert receive(pipe) == ({}, {})


@pytest.mark.parametrize("missing", [1, 100])
def test_a_message_that_breaks_off_is_the_end(missing: int) -> None:
    pipe = io.BytesIO()
    send(pipe, {}, {"ids": IDS})
    with pytest.raises(EOFError):
        receive(io.BytesIO(pipe.getvalue()[:-missing]))


def test_a_worker_computes_what_this_process_would(model: NextWordModel) -> None:
    rule, weights = PLAN.client, weights_of(model)
    changed = {name: value + np.float32(0.01) for name, value in weights.items()}
    requests, replies = io.BytesIO(), io.BytesIO()
    start = {"model": asdict(model.config), "rule": vars(rule), "threads": 1}
    send(requests, start)
    for of in (weights, changed):
        send(requests, {"brings": "weights"}, of)
        send(requests, {"brings": "text"}, {"ids": part_of(IDS, rule, (1, 2))})
    requests.seek(0)
    with pytest.raises(EOFError):
        work(requests, replies)
    replies.seek(0)
    for of in (weights, changed):
        expected = client_update(model, of, IDS, rule, (1, 2))
        description, delta = receive(replies)
        assert description == {"words": expected.update.words, "nats": expected.nats}
        for name, value in expected.update.delta.items():
            assert np.array_equal(delta[name], value)


def test_processes_that_end_by_themselves_are_an_error_and_no_hang(
    model: NextWordModel, clients: Processes
) -> None:
    with pytest.raises(TrainingError, match="ended by itself.*fewer --processes"):
        clients.learned(weights_of(model), [Task(0, (1,))] * 4, StopWish(), 9)


def test_no_more_processes_are_started_than_a_round_has_clients(
    model: NextWordModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foreword.federated.pool._Pool", lambda *arguments: arguments[-1])
    many = planned(FederatedSettings(clients=3, processes=50), 7)
    assert Processes(model, many, [IDS] * 7)._pool == 3
    one = planned(FederatedSettings(processes=1), 7)
    assert Processes(model, one, [IDS] * 7)._pool is None
