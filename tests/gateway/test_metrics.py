"""`/metrics` and the status page of several workers: one gateway, whichever of them answers."""

from __future__ import annotations

import http.client
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from running import Running, gateway

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


class Worker:
    """A connection that one worker holds."""

    def __init__(self, running: Running) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(running.url).netloc)
        self._token = running.token
        self.pid: int = self.status()["pid"]

    def status(self) -> Any:
        """The status page, from this worker."""
        return json.loads(self._send("GET", "/admin/status", {"authorization": f"Bearer {self._token}"}))

    def ask(self) -> None:
        """One request to a model."""
        message = {"role": "user", "content": "what is 2+2"}
        self._send("POST", "/v1/chat/completions", {}, {"model": "auto", "messages": [message]})

    def scrape(self) -> dict[str, float]:
        """Sum of every metric over its labels, from this worker."""
        sums: dict[str, float] = {}
        for family in text_string_to_metric_families(self._send("GET", "/metrics").decode()):
            for sample in family.samples:
                sums[sample.name] = sums.get(sample.name, 0) + sample.value
        return sums

    def _send(self, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None) -> bytes:
        self._connection.request(method, path, body and json.dumps(body), headers or {})
        response = self._connection.getresponse()
        content = response.read()
        assert response.status == 200, content
        return content

    def close(self) -> None:
        self._connection.close()


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """While it stands still, others take the connections."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """Two workers; and what a gateway that died left behind."""
    gone = tmp_path / "home" / "state" / "workers-999999999"
    gone.mkdir(parents=True)
    (gone / "0").write_bytes(b"not of this run")
    with gateway(tmp_path / "home", "", "--workers", "2") as started:
        yield started


@pytest.fixture
def both(running: Running) -> Iterator[tuple[Worker, Worker]]:
    """A connection to each."""
    one = Worker(running)
    with frozen(one.pid):
        other = Worker(running)
    assert one.pid != other.pid
    yield one, other
    one.close()
    other.close()


def until(look: Callable[[], dict[str, float]], name: str, value: float) -> dict[str, float]:
    """The first look at which the metric has that value. Each is a real round trip; the test's own timeout bounds them."""
    while (seen := look()).get(name) != value:
        pass
    return seen


def test_each_worker_shows_what_both_have_counted(both: tuple[Worker, Worker]) -> None:
    one, other = both
    for _ in range(3):
        one.ask()
    other.ask()
    for worker in both:
        seen = until(worker.scrape, "freehold_requests_total", 4)
        assert seen["freehold_request_seconds_count"] == 4
        assert seen["freehold_workers"] == 2
        assert seen["freehold_requests_in_flight"] == 0
        assert seen["freehold_offers"] == 1
        status = worker.status()
        assert (status["requests"]["total"], status["requests"]["ok"], status["workers"]) == (4, 4, 2)
        assert status["providers"][0]["requests"] == 4


def test_no_counter_goes_back_from_one_worker_to_the_next(both: tuple[Worker, Worker]) -> None:
    last: dict[str, float] = {}
    for turn in range(20):
        both[turn % 2].ask()
        seen = both[(turn + 1) % 2].scrape()
        for name in ("freehold_requests_total", "freehold_attempts_total", "process_cpu_seconds_total"):
            assert seen.get(name, 0) >= last.get(name, 0), name
        last = seen


def test_what_a_dead_worker_counted_still_counts(running: Running, both: tuple[Worker, Worker]) -> None:
    one, other = both
    for worker in both:
        worker.ask()
    seen = until(one.scrape, "freehold_requests_total", 2)
    os.kill(one.pid, signal.SIGKILL)
    assert other.scrape()["freehold_requests_total"] == 2
    with frozen(other.pid):
        heir = Worker(running)
    heir.ask()
    for worker in (other, heir):
        assert until(worker.scrape, "freehold_requests_total", 3)["freehold_workers"] == 2
    assert heir.scrape()["process_cpu_seconds_total"] >= seen["process_cpu_seconds_total"]
    heir.close()


def test_nothing_is_left_behind(running: Running) -> None:
    running.status()
    assert [folder.name for folder in (running.home / "state").glob("workers-*")] == [f"workers-{running.process.pid}"]
    running.process.terminate()
    running.process.wait()
    assert list((running.home / "state").glob("workers-*")) == []


def test_the_page_speaks_prometheus_and_openmetrics(tmp_path: Path) -> None:
    with gateway(tmp_path / "home", "") as running:
        assert running.ask("auto", "what is 2+2").status == 200
        plain = running.send("GET", "/metrics")
        modern = running.send("GET", "/metrics", headers={"accept": OPENMETRICS})
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert modern.headers["content-type"].startswith(OPENMETRICS)
    named = {family.name for family in openmetrics.text_string_to_metric_families(modern.body.decode())}
    assert {"freehold_build", "freehold_offers", "freehold_requests", "process_cpu_seconds"} <= named
    families = {family.name: family for family in text_string_to_metric_families(plain.body.decode())}
    assert families["freehold_build_info"].samples[0].labels.keys() == {"version"}
    assert families["freehold_offers"].samples[0].labels == {"provider": "code", "place": "local"}
