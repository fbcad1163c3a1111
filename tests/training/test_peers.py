"""What a process says of the others when they are lost."""

import os
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import Any

import pytest
import torch.distributed as dist

from foreword.errors import TrainingError
from foreword.training import peers
from foreword.training.launch import Launch
from foreword.training.peers import FirstLostError, Peers, SilentError, connected

HOSTS = ["ada", "ada", "bob"]
STORE: Callable[..., Any] = vars(dist)["TCPStore"]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "GRACE", 0.2)
    monkeypatch.setattr(peers, "JOINING", timedelta(seconds=0.2))


def opened() -> Any:
    return STORE("127.0.0.1", 0, None, True, wait_for_workers=False)


@pytest.fixture
def store() -> Any:
    return opened()


def client(store: Any) -> Any:
    return STORE("127.0.0.1", store.port, None, False, wait_for_workers=False)


def lose(peers: Peers) -> None:
    with peers.answering():
        raise dist.DistNetworkError("[pair.cc:553] Connection closed by peer [10.0.0.3]:1. More")


def test_the_first_process_names_the_one_that_is_lost_and_its_host(store: Any) -> None:
    with pytest.raises(SilentError):
        lose(Peers(1, HOSTS, client(store)))
    with pytest.raises(TrainingError, match=r"^process 2 on bob does not answer \(Connection clo"):
        lose(Peers(0, HOSTS, store))


def test_the_first_process_names_all_that_are_lost(store: Any) -> None:
    with pytest.raises(TrainingError, match="^process 1 on ada, process 2 on bob does not answer"):
        lose(Peers(0, HOSTS, store))


def test_the_first_process_repeats_the_error_of_another_one(store: Any) -> None:
    with pytest.raises(OSError, match="full"), Peers(2, HOSTS, client(store)).reporting():
        raise OSError("the disk is full")
    with pytest.raises(TrainingError, match="^process 2 on bob: the disk is full$"):
        lose(Peers(0, HOSTS, store))


def test_each_process_tells_that_the_first_one_is_lost() -> None:
    store = opened()
    of_second = client(store)
    del store  # closes it
    expected = "^process 0 on ada does not answer .*If --rdzv-endpoint names ada, name another host"
    with pytest.raises(FirstLostError, match=expected):
        lose(Peers(1, HOSTS, of_second))


def test_those_that_do_not_join_are_named(store: Any) -> None:
    store.set("foreword/joined/1", "ada")
    with pytest.raises(TrainingError, match=r"^of processes 0 to 3, 2, 3 did not join"):
        peers._hosts(Launch(0, 4), store)
    with pytest.raises(SilentError):
        peers._hosts(Launch(1, 4), client(store))


def test_a_taken_port_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORCHELASTIC_USE_AGENT_STORE", raising=False)
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv("MASTER_PORT", str(port))
        with pytest.raises(TrainingError, match=f"127.0.0.1:{port} .*Give another port"):
            connected(Launch(0, 2))


def test_connections_to_a_silent_host_end() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as before,
        ExitStack() as until_end,
    ):
        with peers._ending_when_silent():
            opened_ = socket.create_connection(server.getsockname())
            connection = until_end.enter_context(opened_)
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert not before.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_the_connection_to_the_store_of_a_silent_first_host_ends(
    monkeypatch: pytest.MonkeyPatch, store: Any
) -> None:
    monkeypatch.setattr(peers, "_hosts", lambda *_: HOSTS)
    monkeypatch.setattr(peers.dist, "is_initialized", lambda: True)
    monkeypatch.setattr(peers, "_store", lambda _: client(store))
    of_second = connected(Launch(1, 3))  # whose end would close the connection
    kept = []
    for descriptor in peers._connections().values():
        with socket.socket(fileno=os.dup(descriptor)) as connection, suppress(OSError):
            is_local = connection.family == socket.AF_UNIX  # one of another test
            if not is_local and connection.getpeername()[1] == store.port:
                kept.append(connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
    assert sorted(kept) == [0, 1]  # the store has a connection to itself, too
    assert of_second.rank == 1
