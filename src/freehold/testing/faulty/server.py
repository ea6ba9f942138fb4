"""The server that plays behaviours and remembers what it saw.

One behaviour per request, in the order given; the last one repeats. Keep-alive unless a behaviour closes. A behaviour
that raises is a mistake of the test: the error comes out of the `async with`. It reads bodies by Content-Length only.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

_LOOPBACK = "127.0.0.1"
_HEAD_LIMIT = 1 << 20


class Exchange:
    """One request as it came in, and the bare connection on which to answer."""

    def __init__(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, connection: int
    ) -> None:
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        self.method, self.target, _ = first.split(" ", 2)
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        """Names in lower case; a repeated header keeps its last value."""
        self.body = b""
        self.connection = connection
        """Which of the server's connections this came in on, counted from 1."""
        self.client_gone = asyncio.Event()
        """Set when the client hangs up before this exchange is over; never set later."""
        self.over = asyncio.Event()
        """Set when the behaviour has done its part."""
        self.reader = reader
        """Whatever the client sends after this request."""
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Put bytes on the wire and wait until they have left. Raises ConnectionError when the client is gone."""
        self._writer.write(data)
        await self._writer.drain()

    def close(self) -> None:
        """End the connection in an orderly way, after what was sent."""
        self._writer.close()

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        linger_zero = struct.pack("ii", 1, 0)
        live = self._writer.get_extra_info("socket")
        with socket.fromfd(live.fileno(), socket.AF_INET, socket.SOCK_STREAM) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
        self._writer.transport.abort()


Behaviour = Callable[[Exchange], Awaitable[None]]


class Early:
    """Wraps a behaviour to act as soon as the request's head is in, leaving the body unread."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour

    async def __call__(self, exchange: Exchange) -> None:
        await self._behaviour(exchange)


class _Connection(asyncio.StreamReaderProtocol):
    """Streams that also tell the exchange in progress when the client hangs up."""

    def __init__(self, server: FaultyServer) -> None:
        super().__init__(asyncio.StreamReader(limit=_HEAD_LIMIT), self._opened)
        self._server = server
        self.exchange: Exchange | None = None
        self.number = 0

    def _opened(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server._serve_on(self, reader, writer)

    def eof_received(self) -> bool | None:
        self._gone()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone()
        super().connection_lost(exc)

    def _gone(self) -> None:
        if self.exchange is not None:
            self.exchange.client_gone.set()


class FaultyServer:
    """Listens on a free loopback port inside `async with`.

    `tls` is a server-side context. `exchanges` holds every exchange in order of arrival.
    """

    def __init__(self, *behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.exchanges: list[Exchange] = []
        self.connections = 0
        """How many connections were ever accepted."""
        self.port = 0
        self._script = list(behaviours)
        self._tls = tls
        self._arrival = asyncio.Condition()
        self._tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._mistakes: list[Exception] = []
        self._listener: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        return f"{'https' if self._tls else 'http'}://{_LOOPBACK}:{self.port}"

    @property
    def open_connections(self) -> int:
        return len(self._tasks)

    def script(self, *behaviours: Behaviour) -> None:
        """From the next request on, behave like this instead."""
        self._script = list(behaviours)

    async def arrived(self, count: int = 1) -> Exchange:
        """Wait until `count` requests have come in, ever; give the one that made the count."""
        async with self._arrival:
            await self._arrival.wait_for(lambda: len(self.exchanges) >= count)
        return self.exchanges[count - 1]

    async def left_alone(self) -> None:
        """Wait until no connection is open."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def listen(self) -> None:
        """Accept connections, on the same port as before if there was one."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: _Connection(self), _LOOPBACK, self.port, ssl=self._tls, reuse_address=True
        )
        self.port = self._listener.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Go down like a killed process: connections are dropped and new ones refused, until `listen`."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        tasks = list(self._tasks)
        for task, writer in self._tasks.items():
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.refuse()
        if self._mistakes and error is None:
            raise ExceptionGroup("a behaviour failed", self._mistakes)

    def _serve_on(self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection.number = self.connections
        task = asyncio.create_task(self._serve(connection, reader, writer))
        self._tasks[task] = writer
        task.add_done_callback(self._tasks.pop)

    async def _serve(self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                connection.exchange = exchange = Exchange(head, reader, writer, connection=connection.number)
                await self._play(exchange, reader)
                connection.exchange = None
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up, which is what many tests are about
        except Exception as mistake:
            self._mistakes.append(mistake)
        finally:
            writer.close()

    async def _play(self, exchange: Exchange, reader: asyncio.StreamReader) -> None:
        behaviour = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        length = int(exchange.headers.get("content-length", "0"))
        if not isinstance(behaviour, Early):
            exchange.body = await reader.readexactly(length)
        await self._announce(exchange)
        try:
            await behaviour(exchange)
        finally:
            exchange.over.set()
        if isinstance(behaviour, Early):
            exchange.body = await reader.readexactly(length)

    async def _announce(self, exchange: Exchange) -> None:
        async with self._arrival:
            self.exchanges.append(exchange)
            self._arrival.notify_all()
