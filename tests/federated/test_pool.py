"""Clients that other processes compute, held against those of this one."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from foreword.errors import TrainingError
from foreword.federated.client import client_update
from foreword.federated.pool import Processes
from foreword.federated.rules import Task
from foreword.federated.settings import FederatedSettings, Plan, planned
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
        assert clients._workers is not None
        for worker in clients._workers._all:
            worker.kill()
        yield clients


def test_a_worker_computes_what_this_process_would(model: NextWordModel) -> None:
    weights = weights_of(model)
    changed = {name: value + np.float32(0.01) for name, value in weights.items()}
    task = Task(0, (1, 2))
    with Processes(model, PLAN, [IDS]) as clients:
        for of in (weights, changed):
            learned = clients.learned(of, [task, task], StopWish(), 9)
            expected = client_update(model, of, IDS, PLAN.client, task.seed)
            assert learned is not None
            for actual in learned:
                assert (actual.update.words, actual.nats) == (expected.update.words, expected.nats)
                for name, value in expected.update.delta.items():
                    assert np.array_equal(actual.update.delta[name], value)


def test_processes_that_end_by_themselves_are_an_error_and_no_hang(
    model: NextWordModel, clients: Processes
) -> None:
    with pytest.raises(TrainingError, match="ended by itself.*fewer --processes"):
        clients.learned(weights_of(model), [Task(0, (1,))] * 4, StopWish(), 9)


def test_no_more_processes_are_started_than_a_round_has_clients(
    model: NextWordModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foreword.federated.pool.Workers", lambda count, advice: count)
    many = planned(FederatedSettings(clients=3, processes=50), 7)
    assert Processes(model, many, [IDS] * 7)._workers == 3
    one = planned(FederatedSettings(processes=1), 7)
    assert Processes(model, one, [IDS] * 7)._workers is None
