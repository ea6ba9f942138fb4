"""What an HTTP client for providers must do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from freehold.ground.units import Seconds


class Origin(msgspec.Struct, frozen=True):
    """Whom to connect to."""

    scheme: str
    """"http" or "https"."""
    host: str
    port: int


class Deadlines(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait for what, in seconds. Each passes on its own; the whole chain's deadline belongs to the caller."""

    connect: Seconds = Seconds(5.0)
    first_byte: Seconds = Seconds(120.0)
    """From the request sent to the head of the response."""
    between_chunks: Seconds = Seconds(60.0)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request, ready to be written out."""

    method: bytes = b"POST"
    target: bytes
    """Path and query."""
    headers: bytes = b""
    """Header lines, each ended by CRLF, without Host and Content-Length (the client adds those)."""
    body: bytes = b""


class Response(Protocol):
    """A response whose head has arrived and whose body may still be on its way."""

    status: int
    headers: Mapping[bytes, bytes]
    """Names in lower case; a repeated header keeps its last value."""

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises ProviderBroken if it is longer than `limit` bytes, cut short or malformed."""
        ...

    async def chunk(self) -> bytes:
        """Whatever has arrived since the last call, at least one byte; empty at the proper end of the body.

        Raises ProviderTimedOut after `between_chunks` seconds of silence, ProviderBroken if the connection ends too early.
        """
        ...

    def close(self) -> None:
        """Done with it. A complete response has given its connection back; an incomplete one drops it: the server sees."""
        ...


class Upstream(Protocol):
    """A pooled HTTP client."""

    async def send(self, origin: Origin, request: Request, deadlines: Deadlines) -> Response:
        """Send and wait for the head of the response.

        A pooled connection that turns out to be dead before a single byte came back is replaced by a fresh one, once.
        Cancelling drops the connection. Raises ProviderUnreachable, ProviderTimedOut, ProviderBroken, or ProviderBusy if
        all connections that may be open are in use for longer than `connect`.
        """
        ...

    async def aclose(self) -> None:
        """Drop everything. What is still in progress fails, and so does every later `send`."""
        ...
