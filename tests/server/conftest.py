import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import torch
from starlette.testclient import TestClient

from foreword.folder.config import FolderConfig, ModelConfig
from foreword.folder.saving import write_folder
from foreword.folder.store import Folder
from foreword.models.build import build, weights_of
from foreword.predictor.predictor import Predictor, load
from foreword.server.app import make_app, make_service
from foreword.server.service import Service
from foreword.server.settings import ServerSettings
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

HOME = "http://127.0.0.1:8765"
SOCKET = "ws://127.0.0.1:8765/v1/type"
TOKEN = "a-token-of-some-length"
WORDS = [
    *("the", "cat", "sat", "on", "a", "mat", ";", "like", "likely", "Like", "I", "would"),
    *("to", ",", "don't", "!", "Paris", "'"),
]


def write(folder: Folder, path: Path) -> Path:
    write_folder(path, folder.config, folder.weights, folder.tokenizer, "")
    return path


def made(name: str, hidden_size: int = 5, **more: int) -> Folder:
    """A model with random weights, in memory."""
    tokenizer = Tokenizer(["<unk>", "<eos>", *WORDS], TokenizerConfig())
    sizes = {"embedding_size": 6, "num_layers": 2, "hidden_size": hidden_size, **more}
    model = ModelConfig(name=name, vocab_size=tokenizer.vocab_size, **sizes)
    weights = weights_of(build(model, generator=torch.Generator().manual_seed(1)))
    # Larger than training begins with, so that words differ clearly in probability.
    weights = {k: v * 5 for k, v in weights.items()}
    return Folder(FolderConfig(model=model, tokenizer=tokenizer.config), weights, tokenizer)


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(made("lstm"), tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(scope="session")
def other_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another model, of other sizes."""
    return write(made("gru", hidden_size=7), tmp_path_factory.mktemp("models") / "other")


@pytest.fixture(scope="session")
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
