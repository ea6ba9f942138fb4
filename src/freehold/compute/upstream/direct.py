"""The client for almost every provider: pooled HTTP/1.1, plain or over TLS, straight to the origin."""

from __future__ import annotations

import asyncio
import ssl
from functools import cached_property
from pathlib import Path

from freehold.compute.upstream.connection import Connection
from freehold.compute.upstream.dial import tls_context
from freehold.compute.upstream.interface import Deadlines, Origin, Request, Response
from freehold.compute.upstream.limits import Limits
from freehold.compute.upstream.pool import Pool
from freehold.compute.upstream.response import DirectResponse
from freehold.compute.upstream.sweeper import Sweeper
from freehold.ground.errors import ProviderBroken, ProviderUnreachable

_USUAL = Limits()


class DirectUpstream:
    """See `Upstream`. Belongs to the event loop in which it is first used.

    `trust` is a PEM file of CA certificates to trust besides the system's.
    """

    def __init__(self, *, trust: Path | None = None, limits: Limits = _USUAL) -> None:
        self._trust = trust
        self._limits = limits
        self._pools: dict[Origin, Pool] = {}
        self._closed = False

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._sweeper.connections)

    async def send(self, origin: Origin, request: Request, deadlines: Deadlines) -> Response:
        pool = self._pools.get(origin) or self._pool(origin)
        connection = pool.take() or await pool.connect(deadlines.connect)
        used = connection.used
        response = await _exchange(connection, request, deadlines)
        if used and isinstance(response.failure, ProviderUnreachable):
            connection = await pool.connect(deadlines.connect)
            response = await _exchange(connection, request, deadlines)
        if response.status == 0 and response.failure is not None:
            raise response.failure
        return response

    async def aclose(self) -> None:
        self._closed = True
        if not self._pools:
            return
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()
        for connection in list(self._sweeper.connections):
            connection.fail(ProviderBroken("the client was closed"))
        while self._sweeper.connections:
            await asyncio.sleep(0)

    def _pool(self, origin: Origin) -> Pool:
        if self._closed:
            raise ProviderUnreachable("the client was closed")
        self._pools[origin] = pool = Pool(origin, self._limits, self._sweeper, lambda: self._tls)
        return pool

    @cached_property
    def _sweeper(self) -> Sweeper:
        return Sweeper()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return tls_context(self._trust)  # made late: reading the system's trust store takes a while


async def _exchange(connection: Connection, request: Request, deadlines: Deadlines) -> DirectResponse:
    """Send, and wait until the head is in or never will be."""
    response = connection.begin(request, deadlines)
    if response.waiter is not None:
        try:
            await response.waiter
        except BaseException:
            response.close()
            raise
    return response
