"""One HTTP exchange with an engine over its Unix socket.

A connection serves one request and is closed with it: on a local socket a new one costs microseconds, and closing it
is how an engine is told to stop generating. Bodies are read as they are asked for, so a slow reader slows the engine
down instead of filling memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import httptools

from freehold.ground.errors import ProviderBroken, ProviderUnreachable

_CHUNK = 1 << 16
_LONGEST_HEAD = 1 << 16


class Exchange:
    """A request that was sent and whose answer's head has arrived. Made by `send`; must be closed."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_break: Callable[[], None]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._on_break = on_break
        self._parser = httptools.HttpResponseParser(self)
        self._pieces: list[bytes] = []
        self._head = False
        self._complete = False

    @property
    def status(self) -> int:
        return int(self._parser.get_status_code())

    def on_headers_complete(self) -> None:
        self._head = True

    def on_body(self, body: bytes) -> None:
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        self._complete = True

    async def head(self) -> None:
        """Wait for the head of the answer."""
        seen = 0
        while not self._head:
            seen += await self._feed()
            if seen > _LONGEST_HEAD and not self._head:
                raise ProviderBroken("The local engine answered with an endless head.")

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, as it arrives. Raises ProviderBroken if it ends too early."""
        while True:
            if self._pieces:
                piece = b"".join(self._pieces)
                self._pieces.clear()
                yield piece
            elif self._complete:
                return
            else:
                await self._feed()

    async def body(self, limit: int) -> bytes:
        """The whole body. Raises ProviderBroken past `limit` bytes."""
        found = bytearray()
        async for chunk in self.chunks():
            found += chunk
            if len(found) > limit:
                raise ProviderBroken(f"The local engine's answer is longer than {limit} bytes.")
        return bytes(found)

    def close(self) -> None:
        """Hang up. The engine stops working on the request. May be called twice."""
        self._writer.close()

    async def _feed(self) -> int:
        try:
            data = await self._reader.read(_CHUNK)
        except OSError as error:
            self._on_break()
            raise ProviderBroken("The local engine broke the connection.") from error
        if not data:
            self._on_break()
            raise ProviderBroken("The local engine ended before its answer did.")
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            raise ProviderBroken("The local engine's answer is no HTTP.") from error
        return len(data)


async def send(socket: str, target: str, body: bytes, *, on_break: Callable[[], None]) -> Exchange:
    """POST `body` as JSON and wait for the head of the answer. `on_break` is called if the engine hangs up too early.

    Raises ProviderUnreachable where nobody listens, ProviderBroken where the answer breaks off. Cancelling hangs up.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(socket, limit=_CHUNK)
    except OSError as error:
        on_break()
        raise ProviderUnreachable("The local engine does not listen.") from error
    exchange = Exchange(reader, writer, on_break)
    try:
        writer.write(_request(target, body))
        await writer.drain()
        await exchange.head()
    except OSError as error:
        exchange.close()
        on_break()
        raise ProviderUnreachable("The local engine hung up.") from error
    except BaseException:
        exchange.close()
        raise
    return exchange


def _request(target: str, body: bytes) -> bytes:
    head = (
        f"POST {target} HTTP/1.1\r\nHost: local\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body
