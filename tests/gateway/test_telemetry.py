"""OpenTelemetry, from a real gateway to a collector that reads protobuf."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from collector import Collector, plain
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from running import Running, gateway

from freehold.testing.vendors import FakeOpenAI
from freehold.testing.vendors.openai import errors

SOON = {"OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_METRIC_EXPORT_INTERVAL": "100"}
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CLIENT = f"00-{TRACE}-{PARENT}-01"
SECRET_QUESTION = "the question nobody else may read"
CONFIG = """
[telemetry]
endpoint = "{endpoint}"
service_name = "my-gateway"

[retry]
attempts = 1

[providers.broken]
like = "openai"
base_url = "{broken}"
key = "{key}"
models = ["gpt-4o-mini"]
preference = 1

[providers.openai]
base_url = "{openai}"
key = "{key}"
models = ["gpt-4o-mini"]
preference = 2

[prices."openai/gpt-4o-mini"]
input = 1.0
output = 2.0

[aliases]
mini = ["broken/gpt-4o-mini", "openai/gpt-4o-mini"]
"""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as listening:
        yield listening


@pytest.fixture(scope="module")
def vendors() -> Iterator[tuple[FakeOpenAI, FakeOpenAI]]:
    with FakeOpenAI() as broken, FakeOpenAI() as openai:
        yield broken, openai


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, collector: Collector, vendors: tuple[FakeOpenAI, FakeOpenAI]
) -> Iterator[Running]:
    broken, openai = vendors
    config = CONFIG.format(endpoint=collector.endpoint, broken=broken.base_url, openai=openai.base_url, key=openai.key)
    with gateway(tmp_path_factory.mktemp("telemetry") / "home", config, **SOON) as started:
        yield started


def of(collector: Collector, request_id: str, attempts: int) -> tuple[Span, list[Span]]:
    """The span of a request, and those of its attempts in order."""
    count = 1
    while True:
        spans = collector.spans(count)
        for span in spans:
            below = [other for other in spans if other.parent_span_id == span.span_id]
            if plain(span.attributes).get("freehold.request.id") == request_id and len(below) == attempts:
                return span, sorted(below, key=lambda other: other.start_time_unix_nano)
        count = len(spans) + 1


def test_a_request_and_its_attempts_are_told(
    running: Running, collector: Collector, vendors: tuple[FakeOpenAI, FakeOpenAI]
) -> None:
    broken, openai = vendors
    broken.fail(errors.server_error())
    answer = running.ask("mini", SECRET_QUESTION, {"traceparent": CLIENT})
    assert answer.status == 200
    request, (failed, good) = of(collector, answer.headers["x-freehold-request-id"], 2)

    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
    assert (request.name, request.kind, request.status.code) == (
        "chat mini",
        Span.SPAN_KIND_SERVER,
        Status.STATUS_CODE_UNSET,
    )
    usage = answer.json["usage"]
    told = plain(request.attributes)
    cost = told.pop("freehold.cost_usd")
    assert cost == pytest.approx(usage["prompt_tokens"] * 1e-6 + usage["completion_tokens"] * 2e-6)
    assert told == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "mini",
        "gen_ai.response.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": usage["prompt_tokens"],
        "gen_ai.usage.output_tokens": usage["completion_tokens"],
        "freehold.request.id": answer.headers["x-freehold-request-id"],
        "freehold.layer": 6,
        "freehold.place": told["freehold.place"],
        "freehold.cached": False,
        "freehold.attempts": 2,
    }

    for span, vendor in ((failed, broken), (good, openai)):
        about = plain(span.attributes)
        assert (about["server.address"], about["server.port"]) == ("127.0.0.1", vendor.port)
        assert (span.name, span.kind, span.trace_id) == ("chat gpt-4o-mini", Span.SPAN_KIND_CLIENT, request.trace_id)
        assert request.start_time_unix_nano <= span.start_time_unix_nano < span.end_time_unix_nano
        assert span.end_time_unix_nano <= request.end_time_unix_nano
        asked_by = f"00-{TRACE}-{span.span_id.hex()}-01"
        assert vendor.heard[-1].headers["traceparent"] == asked_by, "the provider hangs its spans below the attempt's"
    assert (plain(failed.attributes)["error.type"], failed.status.code) == ("provider_broken", Status.STATUS_CODE_ERROR)
    assert plain(failed.attributes)["http.response.status_code"] == 500
    assert "error.type" not in plain(good.attributes)


def test_without_a_client_that_traces_a_trace_begins_here(
    running: Running, collector: Collector, vendors: tuple[FakeOpenAI, FakeOpenAI]
) -> None:
    for header in ({}, {"traceparent": "nonsense"}):
        answer = running.ask("openai/gpt-4o-mini", "hello", header)
        request, (attempt,) = of(collector, answer.headers["x-freehold-request-id"], 1)
        assert request.parent_span_id == b""
        asked_by = f"00-{request.trace_id.hex()}-{attempt.span_id.hex()}-01"
        assert vendors[1].heard[-1].headers["traceparent"] == asked_by


def test_what_stays_in_the_process_is_told_as_such(running: Running, collector: Collector) -> None:
    answer = running.ask("auto", "what is 2+2", {"traceparent": CLIENT})
    request, (attempt,) = of(collector, answer.headers["x-freehold-request-id"], 1)
    assert plain(request.attributes)["freehold.place"] == "local"
    assert attempt.kind == Span.SPAN_KIND_INTERNAL
    assert "server.address" not in plain(attempt.attributes)


def test_a_refused_request_says_why_and_a_client_that_wants_no_span_gets_none(
    running: Running, collector: Collector
) -> None:
    unwanted = running.ask("auto", "what is 2+2", {"traceparent": CLIENT[:-1] + "0"})
    answer = running.ask("nobody/nothing", "hello")
    request, _ = of(collector, answer.headers["x-freehold-request-id"], 0)
    assert (request.name, request.status.code) == ("chat", Status.STATUS_CODE_UNSET)
    assert plain(request.attributes)["error.type"] == "model_not_found"
    ids = {plain(span.attributes).get("freehold.request.id") for span in collector.spans(1)}
    assert unwanted.headers["x-freehold-request-id"] not in ids


def test_metrics_tell_how_long_and_how_much(running: Running, collector: Collector) -> None:
    running.ask("openai/gpt-4o-mini", "hello")
    expected: dict[str, Any] = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}
    for name in ("gen_ai.client.operation.duration", "gen_ai.client.token.usage"):
        mine = [point for about, point in collector.points(name) if expected.items() <= about.items()]
        assert sum(point.count for point in mine) >= 1
    kinds = {about["gen_ai.token.type"] for about, _ in collector.points("gen_ai.client.token.usage")}
    assert kinds == {"input", "output"}
    assert all(
        "nobody/nothing" not in about.values() for about, _ in collector.points("gen_ai.client.operation.duration")
    )


def test_neither_bodies_nor_keys_are_exported(running: Running, collector: Collector, tmp_path: Path) -> None:
    assert {who["service.name"] for who in collector.resources()} == {"my-gateway"}
    sent = b"".join(collector.bodies)
    assert SECRET_QUESTION.encode() not in sent
    assert b"sk-loopback" not in sent


def test_what_is_unsent_at_the_end_is_sent_then(tmp_path: Path) -> None:
    with Collector() as collector:
        config = f'[telemetry]\nendpoint = "{collector.endpoint}/"\n'
        with gateway(tmp_path / "home", config) as running:
            running.ask("auto", "what is 2+2")
            running.process.terminate()
            assert running.process.wait() == 0
        assert len(collector.spans(2)) == 2
        assert collector.points("gen_ai.client.operation.duration")


def test_a_collector_that_is_away_holds_nobody_up(tmp_path: Path) -> None:
    with gateway(tmp_path / "home", '[telemetry]\nendpoint = "http://127.0.0.1:9"\n', **SOON) as running:
        assert [running.ask("auto", "what is 2+2").status for _ in range(3)] == [200] * 3
        running.process.terminate()
        assert running.process.wait() == 0


def test_without_telemetry_the_clients_trace_is_passed_on_as_it_is(tmp_path: Path) -> None:
    with FakeOpenAI() as vendor:
        provider = (
            f'[providers.openai]\nbase_url = "{vendor.base_url}"\nkey = "{vendor.key}"\nmodels = ["gpt-4o-mini"]\n'
        )
        with gateway(tmp_path / "home", provider) as running:
            running.ask("openai/gpt-4o-mini", "hello", {"traceparent": CLIENT})
            assert vendor.heard[-1].headers["traceparent"] == CLIENT
            running.ask("openai/gpt-4o-mini", "hello")
            assert "traceparent" not in vendor.heard[-1].headers


def test_a_missing_extra_is_said_before_the_gateway_listens(tmp_path: Path) -> None:
    """As where OpenTelemetry is not installed: its package cannot be found."""
    program = """
import sys
sys.modules["opentelemetry"] = None
from freehold.cli.main import main
sys.exit(main(["up", "--port", "0", "--no-local", "--home", sys.argv[1]]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={"PATH": "/usr/bin:/bin", "FREEHOLD_TELEMETRY_ENDPOINT": "http://127.0.0.1:4318"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode not in (0, 1), done.stderr
    assert "OpenTelemetry is not installed" in done.stderr
    assert "pip install 'freehold[otel]'" in done.stderr
    assert "listens" not in done.stderr
