"""A response of the direct client: filled in by its connection, emptied by whoever asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from freehold.ground.errors import ProviderBroken, TryAnother

if TYPE_CHECKING:
    from freehold.compute.upstream.connection import Connection


class DirectResponse:
    """See `Response`. The fields below the line belong to the connection, which writes them without ceremony."""

    __slots__ = ("complete", "connection", "failure", "headers", "open", "pieces", "status", "unread", "waiter")

    def __init__(self, connection: Connection, waiter: asyncio.Future[None]) -> None:
        self.status = 0
        """0 until the head is in."""
        self.headers: Mapping[bytes, bytes] = {}
        # ---
        self.connection: Connection | None = connection
        """None once this response needs it no more."""
        self.waiter: asyncio.Future[None] | None = waiter
        """Whoever waits for the head, or for more of the body."""
        self.open = False
        """Whether the body is arriving."""
        self.complete = False
        self.pieces: list[bytes] = []
        self.unread = 0
        """Bytes in `pieces`."""
        self.failure: TryAnother | None = None
        """Why there will be no more."""

    async def read(self, limit: int) -> bytes:
        if self.complete and self.unread <= limit:
            return self._take()
        gathered = bytearray()
        while piece := await self.chunk():
            gathered += piece
            if len(gathered) > limit:
                self.close()
                raise ProviderBroken(f"the answer is longer than {limit} bytes", status=self.status)
        return bytes(gathered)

    async def chunk(self) -> bytes:
        while not self.pieces:
            if self.complete:
                return b""
            if self.failure is not None:
                raise self.failure
            await self._progress()
        return self._take()

    def close(self) -> None:
        if self.connection is not None:
            self.connection.fail(ProviderBroken("closed before the end of the answer", status=self.status))

    def wake(self) -> None:
        """Let the waiting one, if any, look again."""
        waiter = self.waiter
        if waiter is not None:
            self.waiter = None
            if not waiter.done():
                waiter.set_result(None)

    async def _progress(self) -> None:
        self.waiter = asyncio.get_running_loop().create_future()
        await self.waiter

    def _take(self) -> bytes:
        pieces = self.pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self.unread = 0
        if self.connection is not None:
            self.connection.resume()
        return data
