"""The server as an ASGI application: its endpoints behind the guard. Does not start a server."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version

from starlette.routing import Route, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from foreword.errors import SettingsError
from foreword.folder.installed import find_folder
from foreword.folder.translation_store import holds_translation
from foreword.server.batching import Batcher
from foreword.server.completions import complete
from foreword.server.endpoint import Get, Post, Prompt
from foreword.server.guard import Guard
from foreword.server.lane import Lane
from foreword.server.lettering import LetterTyping, letters
from foreword.server.libretranslate import LibreTranslate
from foreword.server.messages import (
    AdvanceRequest,
    CompletionRequest,
    Health,
    LettersRequest,
    ModelCard,
    ModelList,
    PredictRequest,
    ReloadRequest,
    ScoreRequest,
    TranslationRequest,
    TranslatorCard,
    encode,
)
from foreword.server.metrics import Metrics
from foreword.server.models import Models
from foreword.server.openapi import document
from foreword.server.page import Page
from foreword.server.predicting import advance, predict, score
from foreword.server.reloading import reload
from foreword.server.service import Service
from foreword.server.settings import ServerSettings
from foreword.server.states import Signer
from foreword.server.translating import SourceTyping, suggest
from foreword.server.translators import FolderTranslator, Translators
from foreword.server.typing_socket import TypingSocket, WordTyping


def make_service(
    folders: Sequence[str],
    settings: ServerSettings,
    translators: Sequence[str] = (),
    memory: Sequence[str] = (),
) -> Service:
    """Read the models and create the parts of a server.

    Args:
        folders: of models of either kind.
        settings: the limits.
        translators: more folders of translation models.
        memory: files of the translation memory of the only translation model.

    Raises:
        FolderError: a folder is missing or damaged.
        SettingsError: no folder is named, or two models have the same name; or there is a memory,
            and not exactly one translation model.
    """
    if not folders and not translators:
        raise SettingsError("there is no model to serve: name a model folder")
    translates = [folder for folder in folders if holds_translation(find_folder(folder))]
    models = Models(
        [folder for folder in folders if folder not in translates], typists=settings.typists
    )
    if memory and len(translates) + len(translators) != 1:
        raise SettingsError("a translation memory is served with exactly one translation model")
    of_translation = Translators(
        [
            FolderTranslator(folder, sources=settings.typists, memory=memory)
            for folder in (*translates, *translators)
        ]
    )
    waiting, deadline = settings.waiting, settings.deadline
    batcher = Batcher(waiting=waiting, deadline=deadline)
    translating, typing = (Lane(waiting=waiting, deadline=deadline) for _ in range(2))
    metrics = Metrics()
    metrics.watch(lambda: batcher.waiting + translating.waiting + typing.waiting)
    signer = Signer(settings.state_keys)
    return Service(settings, models, of_translation, batcher, translating, typing, signer, metrics)


def make_app(service: Service) -> Guard:
    """Create the application from a server's parts.

    If it has translation models, it has LibreTranslate's endpoints too.
    """
    api = encode(
        document(
            version("foreword"),
            needs_token=service.settings.token is not None,
            translates=bool(service.translators.all()),
        )
    )
    prompts = {"/v1/predict": Prompt(service, PredictRequest, predict)}
    posts = {
        **prompts,
        "/v1/letters": Post(service, LettersRequest, letters),
        "/v1/advance": Post(service, AdvanceRequest, advance),
        "/v1/score": Post(service, ScoreRequest, score),
        "/v1/completions": Post(service, CompletionRequest, complete),
        "/v1/translation": Post(service, TranslationRequest, suggest),
        "/v1/reload": Post(service, ReloadRequest, reload),
    }
    gets = {
        "/v1/models": Get(lambda: _models(service)),
        "/health": Get(lambda: _health(service)),
        "/metrics": Get(service.metrics.text, b"text/plain; version=0.0.4; charset=utf-8"),
        "/openapi.json": Get(lambda: api),
    }
    libre = LibreTranslate(service).endpoints if service.translators.all() else {}
    routes = [
        *(Route(path, endpoint, methods=[endpoint.method]) for path, endpoint in libre.items()),
        *(Route(path, post, methods=["POST"]) for path, post in posts.items()),
        *(Route(path, get, methods=["GET"]) for path, get in gets.items()),
        WebSocketRoute("/v1/type", TypingSocket(service, WordTyping)),
        WebSocketRoute("/v1/letters", TypingSocket(service, LetterTyping)),
        WebSocketRoute("/v1/translation", TypingSocket(service, SourceTyping)),
    ]
    return Guard(
        _Endpoints(posts, Router(routes, redirect_slashes=False, default=Page())),
        service,
        frozenset([*posts, *gets, *libre, "/"]),
        prompts,
    )


class _Endpoints:
    """Dispatch POST requests by a dictionary, which is quick, and all others by Starlette."""

    def __init__(self, posts: Mapping[str, ASGIApp], others: ASGIApp) -> None:
        self._posts = posts
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        post = self._posts.get(scope["path"]) if scope.get("method") == "POST" else None
        await (post or self._others)(scope, receive, send)


def _models(service: Service) -> bytes:
    cards = []
    for model in service.models.all():
        network = model.predictor.folder.model
        cards.append(
            ModelCard(
                id=model.name,
                created=model.created,
                architecture=network.name,
                vocab_size=network.vocab_size,
                hidden_size=getattr(network, "hidden_size", None),
                checksum=model.checksum,
                state_bytes=len(model.predictor.start().to_bytes()),
            )
        )
    translators = [
        TranslatorCard(model.name, model.created, model.source, model.target)
        for model in service.translators.all()
    ]
    return encode(ModelList(cards, translators))


def _health(service: Service) -> bytes:
    names = [model.name for model in service.models.all()]
    return encode(Health("ok", names + [model.name for model in service.translators.all()]))
