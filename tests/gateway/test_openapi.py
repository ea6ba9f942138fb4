"""The document at `/openapi.json`: well-formed, complete, and true of a running gateway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from running import Running, gateway
from schemathesis import Case
from schemathesis.specs.openapi import checks

from freehold.app.build import House
from freehold.app.settings import ServerSettings, Settings
from freehold.cli.serving import STATUS_PAGE
from freehold.gateway.openapi import document
from freehold.gateway.serve import Server, bind
from freehold.ground.paths import Home
from freehold.testing.vendors import FakeOpenAI, FakeVLLM

TOO_LATE = (502, 504)
"""What a request may come to that allows next to no time."""
MODELS = ["auto", "vendor/gpt-4o-mini", "own/ranker", "nobody/nothing"]
CONFIG = """
[providers.vendor]
like = "openai"
base_url = "{openai}"
key = "{key}"
models = ["gpt-4o-mini", "gpt-3.5-turbo-instruct", "text-embedding-3-small", "whisper-1"]
place = "local"
region = "eu"
retention_days = 0

[providers.own]
like = "vllm"
base_url = "{vllm}"
models = ["ranker"]
capabilities = ["rerank"]
place = "local"
region = "eu"
retention_days = 0
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway over plain code, an OpenAI that forgives unknown fields, and a vLLM."""
    with FakeOpenAI(strict=False) as openai, FakeVLLM("ranker") as vllm:
        config = CONFIG.format(openai=openai.base_url, key=openai.key, vllm=vllm.base_url)
        with gateway(tmp_path_factory.mktemp("openapi") / "home", config) as started:
            yield started


def test_the_document_is_openapi() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(document()).iter_errors()] == []


def test_it_is_served(running: Running) -> None:
    page = running.send("GET", "/openapi.json")
    assert (page.status, page.headers["content-type"]) == (200, "application/json")
    assert page.json == document()


async def test_it_lists_the_routes_that_exist_and_no_others(tmp_path: Path) -> None:
    listener = bind(ServerSettings(port=0))
    server = Server(House(Settings(), Home(tmp_path)), listener)
    listener.close()
    there = {path.replace("/v1/models/", "/v1/models/{model}") for path in server.routes}
    assert set(document()["paths"]) == {*there, STATUS_PAGE}


def _narrowed() -> schemathesis.schemas.BaseSchema:
    """The document, with models that exist, so that what is generated gets past the first look."""
    narrowed = document()
    for shape in narrowed["components"]["schemas"].values():
        model = shape.get("properties", {}).get("model", {})
        if "minLength" in model:
            model["enum"] = MODELS
    return schemathesis.openapi.from_dict(narrowed)


schema = _narrowed()


@schema.parametrize()
@settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_running_gateway_does_what_the_document_says(case: Case, running: Running) -> None:
    headers = {"authorization": f"Bearer {running.token}"} if case.path == STATUS_PAGE else {}
    response = case.call(base_url=running.url, headers=headers, timeout=30)
    hurried = not {"x-freehold-deadline", "x-freehold-max-latency"}.isdisjoint(case.headers or {})
    assert response.status_code < 500 or (hurried and response.status_code in TOO_LATE), response.text
    case.validate_response(
        response,
        checks=[
            checks.status_code_conformance,
            checks.content_type_conformance,
            checks.response_headers_conformance,
            checks.response_schema_conformance,
        ],
    )
