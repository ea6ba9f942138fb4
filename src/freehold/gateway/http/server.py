"""Listens, sweeps slow connections, and stops without dropping a request."""

from __future__ import annotations

import asyncio
import socket

from freehold.gateway.http.connection import Connection, Handler, Refusal
from freehold.gateway.http.limits import Limits

_SWEEP_EVERY = 1.0
"""Seconds; more often where a limit is shorter than twice that."""


class HttpServer:
    """An HTTP/1.1 server on one listening socket."""

    def __init__(self, handler: Handler, refuse: Refusal, limits: Limits) -> None:
        self._handler = handler
        self._refuse = refuse
        self._limits = limits
        shortest = min(limits.header_timeout, limits.body_timeout, limits.write_timeout, limits.keep_alive)
        self._sweep_every = min(_SWEEP_EVERY, shortest / 2)
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    async def listen(self, listener: socket.socket) -> None:
        """Start to accept on a bound socket."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(loop, self._handler, self._refuse, self._limits, self._connections),
            sock=listener,
            backlog=2048,
        )
        self._sweeper = loop.call_later(self._sweep_every, self._sweep)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in list(self._connections):
            connection.sweep(now)
        self._sweeper = loop.call_later(self._sweep_every, self._sweep)

    @property
    def connections(self) -> int:
        return len(self._connections)

    async def stop(self, grace: float) -> None:
        """Accept nothing new, let running requests finish for `grace` seconds, then cut what is left."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.stop_when_idle()
        loop = asyncio.get_running_loop()
        end = loop.time() + grace
        try:
            while any(connection.busy for connection in self._connections) and loop.time() < end:
                await asyncio.sleep(0.02)
        finally:
            await self._cut()

    async def _cut(self) -> None:
        """End what is left, and wait until whoever worked on it knows."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in list(self._connections):
            connection.abort()
        while self._connections:
            await asyncio.sleep(0)
