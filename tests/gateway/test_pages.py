"""The routes that are not for a model, over a real connection."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from running import Running, gateway


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway with nobody to ask but plain code."""
    with gateway(tmp_path_factory.mktemp("pages") / "home", "") as started:
        yield started


def test_head_is_get_without_its_body_and_the_connection_goes_on(running: Running) -> None:
    connection = http.client.HTTPConnection(urlsplit(running.url).netloc)
    for method, body in (("HEAD", b""), ("GET", b'{"status":"ok"}'), ("HEAD", b""), ("GET", b'{"status":"ok"}')):
        connection.request(method, "/healthz")
        response = connection.getresponse()
        assert (response.status, response.headers["content-length"], response.read()) == (200, "15", body)
    connection.close()


@pytest.mark.parametrize("path", ["/healthz", "/v1/models", "/metrics", "/openapi.json", "/admin/status"])
def test_pages_are_only_read(running: Running, path: str) -> None:
    page = running.send("POST", path, {})
    assert (page.status, page.headers["allow"]) == (405, "GET, HEAD")
    assert page.json["error"]["type"] == "invalid_request_error"


def test_models_are_only_asked(running: Running) -> None:
    page = running.send("GET", "/v1/messages")
    assert (page.status, page.headers["allow"]) == (405, "POST")
    assert page.json["type"] == "error"


def test_models_are_shown_in_the_words_of_who_asks(running: Running) -> None:
    assert running.send("GET", "/v1/models/code%2Fexact").json["owned_by"] == "code"
    anthropic = running.send("GET", "/v1/models/code%2Fexact", headers={"anthropic-version": "2023-06-01"})
    assert anthropic.json["type"] == "model"
    assert anthropic.json["display_name"] == "code/exact"


def test_a_path_that_leads_nowhere_is_not_found(running: Running, tmp_path: Path) -> None:
    assert running.send("GET", "/v1/nothing").status == 404
    assert running.send("GET", "/v1/models/nobody%2Fnothing").status == 404
