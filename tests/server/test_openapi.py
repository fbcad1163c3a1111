import json
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.testclient import TestClient
from tests.translator.models import write_random

from foreword.server.app import make_app, make_service
from foreword.server.settings import ServerSettings

from .conftest import HOME, MakeService, client_of

OPERATIONS = {
    "/v1/predict": "POST",
    "/v1/letters": "POST",
    "/v1/advance": "POST",
    "/v1/score": "POST",
    "/v1/completions": "POST",
    "/v1/translation": "POST",
    "/v1/models": "GET",
    "/v1/reload": "POST",
    "/health": "GET",
    "/metrics": "GET",
}


@pytest.fixture(scope="module")
def schema(
    model_path: Path, other_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> BaseSchema:
    folders = [model_path, other_path, write_random(tmp_path_factory.mktemp("models") / "de-en")]
    service = make_service([*map(str, folders)], ServerSettings(most_tokens=64))
    app = make_app(service)
    document = TestClient(app, base_url=HOME).get("/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    schema.app = app
    schema.config.update(base_url=HOME)
    # A body that is too large is refused by its length, whatever else is wrong with it.
    rejection = schema.config.checks.negative_data_rejection
    rejection.expected_statuses = [*rejection.expected_statuses, "413"]
    return schema


@pytest.mark.parametrize(
    ("path", "method", "mode"),
    [
        *((path, method, GenerationMode.POSITIVE) for path, method in OPERATIONS.items()),
        # Of what takes nothing, nothing can be wrong.
        *(
            (path, method, GenerationMode.NEGATIVE)
            for path, method in OPERATIONS.items()
            if method == "POST"
        ),
    ],
)
def test_whatever_comes_is_answered_as_the_document_says(
    schema: BaseSchema, path: str, method: str, mode: GenerationMode
) -> None:
    cases = schema[path][method].as_strategy(generation_mode=mode)

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=cases)
    def check(case: Case) -> None:
        answer = case.call(headers={"host": "127.0.0.1:8765"})
        assert answer.status_code < 500
        # Numbers such as 3.0, signatures of states and limits of settings no schema can tell.
        case.validate_response(answer, excluded_checks=[positive_data_acceptance])

    check()


def test_a_stream_is_as_the_document_says(schema: BaseSchema) -> None:
    body = {"prompt": "I would", "max_tokens": 4, "stream": True}
    case = schema["/v1/completions"]["POST"].Case(body=body, media_type="application/json")
    answer = case.call(headers={"host": "127.0.0.1:8765"})
    assert answer.headers["content-type"][0].startswith("text/event-stream")
    case.validate_response(answer, excluded_checks=[positive_data_acceptance])


def test_the_examples_are_answered(schema: BaseSchema) -> None:
    client = TestClient(schema.app, base_url=HOME)
    document = client.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if path == "/v1/reload":  # only with a token
                continue
            body = operation.get("requestBody", {}).get("content", {})
            example = body.get("application/json", {}).get("example")
            answer = client.request(method, path, json=example)
            assert answer.status_code == 200, (path, answer.text)


def test_the_document_says_whether_a_token_is_needed(serve: MakeService) -> None:
    token = "a-token-of-some-length"
    with client_of(serve(token=token), authorization=f"Bearer {token}") as client:
        assert client.get("/openapi.json").json()["security"] == [{"token": []}]


def test_every_endpoint_is_in_the_document(client: TestClient) -> None:
    document = json.loads(client.get("/openapi.json").text)
    assert set(document["paths"]) == set(OPERATIONS) - {"/v1/translation"}


def test_what_translates_is_in_the_document_where_a_model_translates(schema: BaseSchema) -> None:
    assert set(schema.raw_schema["paths"]) == set(OPERATIONS)
