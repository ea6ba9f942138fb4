"""Both clients, on both event loops, with deadlines short enough to wait for and long enough not to pass by accident."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from freehold.compute.upstream import Deadlines, Origin, Request, Upstream
from freehold.compute.upstream.direct import DirectUpstream
from freehold.compute.upstream.proxied import ProxiedUpstream
from freehold.ground.units import Seconds
from freehold.testing.faulty import FaultyServer

PATIENT = Seconds(20.0)


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Asking:
    """A client and what every test says to it, so that a test needs to say only what is special."""

    def __init__(self, client: Upstream) -> None:
        self.client = client

    async def __call__(self, server: FaultyServer | int, request: Request | None = None, **deadlines: float):
        port = server if isinstance(server, int) else server.port
        scheme = "https" if isinstance(server, FaultyServer) and server.url.startswith("https") else "http"
        patience = {"connect": PATIENT, "first_byte": PATIENT, "between_chunks": PATIENT, **deadlines}
        return await self.client.send(
            Origin(scheme, "127.0.0.1", port),
            request or Request(target=b"/v1/chat/completions", body=b'{"model": "tiny"}'),
            Deadlines(**patience),
        )


@pytest.fixture
async def direct() -> AsyncIterator[DirectUpstream]:
    client = DirectUpstream()
    yield client
    await client.aclose()
    assert client.connections == 0


@pytest.fixture
async def proxied() -> AsyncIterator[ProxiedUpstream]:
    client = ProxiedUpstream(lambda _: None)
    yield client
    await client.aclose()


@pytest.fixture
def make_asking() -> type[Asking]:
    return Asking


@pytest.fixture
def ask_direct(direct: DirectUpstream) -> Asking:
    return Asking(direct)


@pytest.fixture(params=["direct", "proxied"])
async def ask(request: pytest.FixtureRequest, direct: DirectUpstream, proxied: ProxiedUpstream) -> Asking:
    return Asking({"direct": direct, "proxied": proxied}[request.param])
