import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from foreword.folder.store import Folder, write_folder
from foreword.predictor.predictor import Predictor, load
from foreword.server.app import make_app, make_service
from foreword.server.service import Service
from foreword.server.settings import ServerSettings

HOME = "http://127.0.0.1:8765"
SOCKET = "ws://127.0.0.1:8765/v1/type"
TOKEN = "a-token-of-some-length"
MakeFolder = Callable[..., Folder]


def write(folder: Folder, path: Path) -> Path:
    write_folder(path, folder.config, folder.weights, folder.tokenizer, "")
    return path


@pytest.fixture
def model_path(make_folder: MakeFolder, tmp_path: Path) -> Path:
    return write(make_folder(), tmp_path / "small")


@pytest.fixture
def other_path(make_folder: MakeFolder, tmp_path: Path) -> Path:
    """Another model, of other sizes."""
    return write(make_folder("gru", hidden_size=7), tmp_path / "other")


@pytest.fixture
def predictor(model_path: Path) -> Predictor:
    return load(model_path)


MakeService = Callable[..., Service]


@pytest.fixture
def serve(model_path: Path, other_path: Path) -> MakeService:
    """Makes a server of both models."""

    def make(**settings: Any) -> Service:
        return make_service([str(model_path), str(other_path)], ServerSettings(**settings))

    return make


def client_of(service: Service, **headers: str) -> TestClient:
    return TestClient(make_app(service), base_url=HOME, headers=headers)


@pytest.fixture
def client(serve: MakeService) -> Iterator[TestClient]:
    with client_of(serve()) as client:
        yield client


def together(service: Service, *requests: tuple[str, dict[str, Any]]) -> list[httpx2.Response]:
    """The answers to requests that arrive at the same time."""

    async def ask() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(make_app(service))
        async with httpx2.AsyncClient(transport=transport, base_url=HOME) as client:
            tasks = [client.post(path, json=body) for path, body in requests]
            return await asyncio.gather(*tasks)

    return run(ask())


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)
