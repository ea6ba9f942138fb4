"""The connections to one origin: idle ones to be used again, a bound on all of them, and a queue for who has to wait.

The connection used last is used next, so that the others get old and go. A freed connection, or the right to make one,
goes to whoever has waited longest.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable

from freehold.compute.upstream.connection import Connection
from freehold.compute.upstream.dial import dial
from freehold.compute.upstream.interface import Origin
from freehold.compute.upstream.limits import Limits
from freehold.compute.upstream.sweeper import Sweeper
from freehold.ground.errors import ProviderBusy, ProviderUnreachable
from freehold.ground.units import Seconds


class Pool:
    """Implements `Owner` for its connections."""

    def __init__(self, origin: Origin, limits: Limits, sweeper: Sweeper, tls: Callable[[], ssl.SSLContext]) -> None:
        self.origin = origin
        self.idle: list[Connection] = []
        self.places = 0
        """Connections that are open or being made."""
        self._limits = limits
        self._sweeper = sweeper
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._closed = False
        self._name = f"{origin.host}:{origin.port}"
        self._host_line = b" HTTP/1.1\r\nHost: %b\r\n" % _host(origin)

    def take(self) -> Connection | None:
        """The idle connection used last."""
        while self.idle:
            connection = self.idle.pop()
            if not connection.lost:
                return connection
        return None

    async def connect(self, patience: Seconds) -> Connection:
        """A new connection, or under full load the next one to become free.

        Raises ProviderBusy if there are too many for that, and whatever `dial` raises.
        """
        if self.places < self._limits.connections:
            self.places += 1
        elif handed := await self._turn(patience):
            return handed
        try:
            tls = self._tls() if self.origin.scheme == "https" else None
            connection = await dial(self.origin, self._make, tls=tls, patience=patience)
            self._admit(connection)
        except BaseException:
            self._vacate()
            raise
        return connection

    def close(self) -> None:
        """Turn everybody away. The connections are the sweeper's to close."""
        self._closed = True
        while waiter := self._next_waiting():
            waiter.set_exception(self._gone())

    # What connections call

    def busy(self) -> None:
        if not self._sweeper.ticking:
            self._sweeper.wake()

    def release(self, connection: Connection) -> None:
        connection.deadline = self._loop.time() + self._limits.idle_for
        if waiter := self._next_waiting():
            waiter.set_result(connection)
        elif len(self.idle) < self._limits.idle:
            self.idle.append(connection)
        else:
            connection.drop()

    def forget(self, connection: Connection) -> None:
        if connection not in self._sweeper.connections:
            return  # it broke before it was admitted: whoever made it knows
        self._sweeper.forget(connection)
        if connection in self.idle:
            self.idle.remove(connection)
        self._vacate()

    def _make(self) -> Connection:
        return Connection(self, self._name, self._host_line)

    def _admit(self, connection: Connection) -> None:
        if connection.lost:
            raise ProviderUnreachable(f"{self._name} closed the connection without an answer")
        if self._closed:
            connection.drop()
            raise self._gone()
        self._sweeper.watch(connection)

    def _gone(self) -> ProviderUnreachable:
        return ProviderUnreachable(f"{self._name}: the client was closed")

    def _vacate(self) -> None:
        """A place is free: it passes to whoever has waited longest."""
        if waiter := self._next_waiting():
            waiter.set_result(None)
        else:
            self.places -= 1

    def _next_waiting(self) -> asyncio.Future[Connection | None] | None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    async def _turn(self, patience: Seconds) -> Connection | None:
        """Wait for a connection, or (None) for a place to make one in."""
        if len(self._waiting) >= self._limits.waiting:
            raise ProviderBusy(f"{self._name}: too many requests wait for a connection")
        waiter: asyncio.Future[Connection | None] = self._loop.create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(patience):
                return await waiter
        except TimeoutError:
            self._give_back(waiter)
            raise ProviderBusy(f"{self._name}: all {self.places} connections are in use") from None
        except BaseException:
            self._give_back(waiter)
            raise

    def _give_back(self, waiter: asyncio.Future[Connection | None]) -> None:
        """Whoever waited has left; what it may have been handed a moment ago goes to the next."""
        if not waiter.done() or waiter.cancelled():
            self._waiting = deque(each for each in self._waiting if each is not waiter)
        elif (handed := waiter.result()) is None:
            self._vacate()
        elif not handed.lost:
            self.release(handed)


def _host(origin: Origin) -> bytes:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    usual = {"http": 80, "https": 443}.get(origin.scheme)
    port = b"" if origin.port == usual else b":%d" % origin.port
    try:
        return host.encode("ascii" if host.isascii() else "idna") + port
    except UnicodeError as error:
        raise ProviderUnreachable(f"{origin.host} is no name that could resolve") from error
