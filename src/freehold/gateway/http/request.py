"""One HTTP request and the way back to whoever sent it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol

import msgspec

STATUS_LINES = {status.value: b"HTTP/1.1 %d %s\r\n" % (status.value, status.phrase.encode()) for status in HTTPStatus}


class HttpRequest(msgspec.Struct, kw_only=True):
    """A request, complete with its body. Header names are in lower case; none occurs twice."""

    method: bytes
    path: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes


class Exchange(Protocol):
    """How a handler answers: once with `respond`, or with `start`, any number of `write`, and `finish`."""

    def respond(self, status: int, headers: bytes, body: bytes) -> None:
        """Send a whole answer. `headers` are header lines, each ended by CRLF, without Content-Length."""
        ...

    def start(self, status: int, headers: bytes) -> None:
        """Send the head of an answer whose body follows in pieces."""
        ...

    def write(self, piece: bytes) -> None:
        """Send a piece of the body."""
        ...

    @property
    def congested(self) -> bool:
        """Whether the client reads more slowly than we write: `drained` should be awaited before more is written."""
        ...

    async def drained(self) -> None: ...

    def finish(self) -> None:
        """The body is complete."""
        ...

    def abort(self) -> None:
        """Cut the connection, so that the client cannot take a broken body for a whole one."""
        ...

    def cancel(self) -> None:
        """Cancel the task in which the handler runs."""
        ...

    @property
    def started(self) -> bool:
        """Whether the head of an answer has gone out."""
        ...


def head(status: int, headers: bytes, framing: bytes, *, keep_alive: bool) -> bytes:
    """The bytes of a response head, blank line included."""
    line = STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status
    close = b"" if keep_alive else b"connection: close\r\n"
    return b"%bserver: freehold\r\n%b%b%b\r\n" % (line, headers, framing, close)
