"""One gateway for each module, over two upstreams that misbehave as each test wants.

Every test gets a pair of providers of its own (see `pair`), so that what one has broken or banned does not show in the next.
The upstreams come and go with the tests, always at the same two ports.
"""

from __future__ import annotations

import itertools
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from gateways import Gateway, Pair, Ports, Settings, model_at

from freehold.testing.faulty import FaultyServer, openai_chat

PAIRS = 80


@contextmanager
def held_port() -> Iterator[int]:
    """A port that is ours: connecting to it is refused until a server of ours listens there."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture(scope="module")
def ports() -> Iterator[Ports]:
    with held_port() as first, held_port() as second:
        yield Ports(first, second)


@pytest.fixture(scope="module")
def settings() -> Settings:
    """What a module wants to be different; override it there."""
    return {}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, ports: Ports, settings: Settings) -> Iterator[Gateway]:
    """The module's gateway, over `PAIRS` pairs of providers."""
    providers: dict[str, Any] = {}
    for number in range(PAIRS):
        providers[f"first{number}"] = model_at(ports.first)
        providers[f"second{number}"] = model_at(ports.second)
    aliases = {f"pair{number}": [f"first{number}/m", f"second{number}/m"] for number in range(PAIRS)}
    prices = {f"{name}/m": {"input": 1.0, "output": 2.0} for name in providers}
    ours: Settings = {"providers": providers, "aliases": aliases, "prices": prices, **settings}
    with Gateway(tmp_path_factory.mktemp("gateway"), ours) as running:
        yield running


@pytest.fixture(scope="module")
def _numbers() -> Iterator[int]:
    return itertools.count()


@pytest.fixture
def pair(_numbers: Iterator[int]) -> Pair:
    number = next(_numbers)
    assert number < PAIRS, "raise PAIRS"
    return Pair(f"first{number}", f"second{number}", f"pair{number}")


@pytest.fixture
async def first(ports: Ports) -> AsyncIterator[FaultyServer]:
    """The upstream that is asked first. Good until a test says otherwise."""
    async with _at(ports.first, openai_chat("from the first")) as server:
        yield server


@pytest.fixture
async def second(ports: Ports) -> AsyncIterator[FaultyServer]:
    """The upstream that is asked next."""
    async with _at(ports.second, openai_chat("from the second")) as server:
        yield server


def _at(port: int, *behaviours: Any) -> FaultyServer:
    server = FaultyServer(*behaviours)
    server.port = port
    return server
