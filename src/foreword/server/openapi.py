"""Make the OpenAPI document from the messages. Knows no models and no network."""

from typing import Any

import msgspec

from foreword.server import messages

_OPERATIONS: list[tuple[str, str, str, type | None, type]] = [
    ("/v1/predict", "post", "Suggest words at the end of a text.", messages.PredictRequest,
     messages.PredictAnswer),
    ("/v1/letters", "post", "Return the probabilities of the next characters.",
     messages.LettersRequest, messages.LettersAnswer),
    ("/v1/advance", "post", "Read words from a state on that the client holds.",
     messages.AdvanceRequest, messages.AdvanceAnswer),
    ("/v1/score", "post", "Return the probabilities of a text's words.", messages.ScoreRequest,
     messages.ScoreAnswer),
    ("/v1/completions", "post", "Continue a text, as OpenAI's.", messages.CompletionRequest,
     messages.CompletionAnswer),
    ("/v1/translation", "post", "Suggest words of a translation that is being typed.",
     messages.TranslationRequest, messages.TranslationAnswer),
    ("/v1/models", "get", "The models that are served.", None, messages.ModelList),
    ("/v1/reload", "post", "Reload models whose folders have changed.", messages.ReloadRequest,
     messages.Reloaded),
    ("/health", "get", "Return the status of the server.", None, messages.Health),
]  # fmt: skip

_EXAMPLES: dict[str, Any] = {
    "/v1/predict": {"text": "I would li", "k": 3},
    "/v1/letters": {"text": "I would li", "k": 5},
    "/v1/advance": {"text": "I would like", "k": 3},
    "/v1/score": {"text": "I would like to"},
    "/v1/completions": {"prompt": "I would like", "max_tokens": 8, "seed": 1, "temperature": 0.8},
    "/v1/translation": {"source": "Ein Hund läuft.", "text": "A dog ru", "rest": True},
    "/v1/reload": {},
}

_EVENT = {
    "type": "object",
    "description": "An event of the stream.",
    "properties": {"data": {"type": "string", "description": "CompletionAnswer, or [DONE]"}},
    "required": ["data"],
}

_ERRORS = {
    "400": "The body is not JSON, or the state is refused.",
    "401": "A token is needed.",
    "403": "The request comes from another site's page, or is not allowed.",
    "404": "No such model.",
    "408": "The body did not arrive in time.",
    "413": "The body, or a text in it, is too large.",
    "415": "Not JSON.",
    "421": "The server does not serve this host name.",
    "422": "A field is unknown, of the wrong type, or out of range.",
    "429": "Too many requests; see Retry-After.",
    "503": "Busy; see Retry-After.",
}


def document(version: str, *, needs_token: bool, translates: bool) -> dict[str, Any]:
    """Make a document of OpenAPI 3.1.

    Args:
        version: the version of Foreword.
        needs_token: whether requests need a token.
        translates: whether the server has a translation model.
    """
    operations = [row for row in _OPERATIONS if translates or row[0] != "/v1/translation"]
    kinds = [kind for *_, request, answer in operations for kind in (request, answer) if kind]
    schemas, parts = msgspec.json.schema_components(
        [*kinds, messages.ErrorAnswer], ref_template="#/components/schemas/{name}"
    )
    schema_of = dict(zip([*kinds, messages.ErrorAnswer], schemas, strict=True))
    paths: dict[str, Any] = {}
    for path, method, summary, request, answer in operations:
        operation: dict[str, Any] = {
            "summary": summary,
            "operationId": path.rsplit("/", 1)[-1],
            "responses": _responses(schema_of, answer, has_body=request is not None),
        }
        if path == "/health":
            operation["security"] = []
        if request is not None:
            operation["requestBody"] = {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": schema_of[request],
                        "example": _EXAMPLES[path],
                    }
                },
            }
        if path == "/v1/completions":
            operation["responses"]["200"]["content"]["text/event-stream"] = {"schema": _EVENT}
        paths[path] = {method: operation}
    paths["/metrics"] = {
        "get": {
            "summary": "Return metrics for Prometheus.",
            "operationId": "metrics",
            "responses": {
                "200": {
                    "description": "Metrics as text.",
                    "content": {"text/plain": {"schema": {"type": "string"}}},
                },
                **_errors(schema_of, ("401", "403", "421", "429")),
            },
        }
    }
    components: dict[str, Any] = {
        "schemas": parts,
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Foreword", "version": version, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": components,
        "security": [{"token": []}] if needs_token else [],
    }


def _responses(schema_of: dict[Any, Any], answer: type, *, has_body: bool) -> dict[str, Any]:
    codes = tuple(_ERRORS) if has_body else ("401", "403", "421", "429")
    return {
        "200": {
            "description": "The answer.",
            "content": {"application/json": {"schema": schema_of[answer]}},
        },
        **_errors(schema_of, codes),
    }


def _errors(schema_of: dict[Any, Any], codes: tuple[str, ...]) -> dict[str, Any]:
    content = {"application/json": {"schema": schema_of[messages.ErrorAnswer]}}
    return {code: {"description": _ERRORS[code], "content": content} for code in codes}
