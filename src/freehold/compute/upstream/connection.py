"""One connection to a provider and the exchange that is on it.

This is the hot path: one write per request, no timers, no tasks, one future per wait. Deadlines are plain numbers that
the `Sweeper` compares with the clock now and then. Whatever the far side sends, this holds:

- Bytes that are not body (head, interim responses, chunk framing, trailers) are bounded.
- At most `UNREAD_LIMIT` bytes plus one read lie unread; then the far side has to wait.
- The connection is used again only if the response ended where it said, nothing followed it, and the request was out.

It knows no HEAD requests, no pipelining, no upgrades and no content codings: none was asked for, so none is accepted.
"""

from __future__ import annotations

import asyncio
import math
from typing import Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from freehold.compute.upstream.interface import Deadlines, Request
from freehold.compute.upstream.limits import FRAMING_PER_BYTE, HEAD_LIMIT, HEADERS_LIMIT, UNREAD_LIMIT
from freehold.compute.upstream.response import DirectResponse
from freehold.ground.errors import ProviderBroken, ProviderTimedOut, ProviderUnreachable, TryAnother

JOIN_LIMIT = 64 * 1024
"""Bodies up to this size are copied behind their head to go out in one write."""


class _NotAcceptable(Exception):
    """Well-formed HTTP that this client did not ask for; the text says what."""


class Owner(Protocol):
    """Where connections come from and go back to."""

    def busy(self) -> None:
        """A connection has a deadline to watch."""
        ...

    def release(self, connection: Connection) -> None:
        """It is free for the next request."""
        ...

    def forget(self, connection: Connection) -> None:
        """It is closed. Called once per connection that was made."""
        ...


class Connection(asyncio.Protocol):
    """A transport, a parser, and the response in progress if there is one."""

    def __init__(self, owner: Owner, name: str, host_line: bytes) -> None:
        self.deadline = math.inf
        """When to give up, by the loop's clock: on the exchange in progress, or on ever being used again."""
        self.response: DirectResponse | None = None
        self.used = False
        """Whether it has carried an exchange, and may thus have been closed by the far side in the meantime."""
        self.lost = False
        self._owner = owner
        self._name = name
        self._host_line = host_line
        self._loop = asyncio.get_running_loop()
        self._parser = HttpResponseParser(self)
        self._headers: dict[bytes, bytes] = {}
        self._received = 0
        self._body = 0
        self._silence = 0.0
        self._paused = False
        self._keep = False

    def begin(self, request: Request, deadlines: Deadlines) -> DirectResponse:
        """Send `request`. The response given back is empty until its waiter is done."""
        self.response = response = DirectResponse(self, self._loop.create_future())
        self._headers = {}
        self._received = self._body = 0
        self._silence = deadlines.between_chunks
        self.deadline = self._loop.time() + deadlines.first_byte
        if self.lost:
            self.fail(self._ended())
            return response
        self._owner.busy()
        self._send(request)
        return response

    def fail(self, reason: TryAnother) -> None:
        """End the exchange in progress for `reason`, and the connection with it."""
        response, self.response = self.response, None
        if response is not None:
            response.failure = reason
            response.connection = None
            response.open = False
            response.wake()
        self.drop()

    def drop(self) -> None:
        """Close at once."""
        self.lost = True
        self._transport.abort()

    def expire(self) -> None:
        """The deadline has passed."""
        if self.response is None:
            self.drop()
        elif self.response.status == 0:
            self.fail(ProviderTimedOut(f"{self._name} did not begin to answer in time"))
        else:
            self.fail(ProviderTimedOut(f"{self._name} fell silent in the middle of its answer"))

    def resume(self) -> None:
        """What was unread has been read."""
        if self._paused:
            self._paused = False
            self.deadline = self._loop.time() + self._silence
            self._transport.resume_reading()

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        response = self.response
        if response is None:
            self.drop()  # nobody asked for anything
            return
        try:
            self._feed(data, response)
        except (HttpParserError, HttpParserUpgrade, _NotAcceptable) as error:
            if not response.complete:
                self.fail(self._nonsense(error))
                return
            self._keep = False  # the answer is whole; what follows it is none of ours
        if response.complete:
            self._finish(response)
        elif response.status:
            self.deadline = self._loop.time() + self._silence
            if response.unread > UNREAD_LIMIT:
                self._pause()
        else:
            return
        response.wake()

    def eof_received(self) -> None:
        response = self.response
        if response is not None and response.open and _ends_with_connection(response):
            self._keep = False
            response.complete = True
            self._finish(response)
            response.wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self.response is not None:
            self.fail(self._ended())
        self._owner.forget(self)

    # What the parser calls

    def on_message_begin(self) -> None:
        if self.response is None or self.response.complete:
            raise _NotAcceptable("more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        headers = self._headers
        self._headers = {}  # for trailers, which nobody wants
        response = self.response
        if status < 200 or response is None:
            _check_interim(status, headers)
            return
        _check(headers)
        response.status = status
        response.headers = headers
        response.open = True

    def on_body(self, body: bytes) -> None:
        response = self.response
        if response is not None:
            response.pieces.append(body)
            response.unread += len(body)
            self._body += len(body)

    def on_message_complete(self) -> None:
        response = self.response
        if response is not None and response.open:
            response.open = False
            response.complete = True
            self._keep = self._parser.should_keep_alive()

    # Own work

    def _send(self, request: Request) -> None:
        body = request.body
        length = b"Content-Length: %d\r\n" % len(body) if body or request.method != b"GET" else b""
        head = (request.method, b" ", request.target, self._host_line, request.headers, length, b"\r\n")
        if len(body) <= JOIN_LIMIT:
            self._transport.write(b"".join((*head, body)))
        else:
            self._transport.writelines((b"".join(head), body))

    def _feed(self, data: bytes, response: DirectResponse) -> None:
        before = self._received
        self._received = received = before + len(data)
        if response.status == 0 and received > HEAD_LIMIT:
            self._parser.feed_data(data[: HEAD_LIMIT - before])
            if not (response.open or response.complete):
                raise _NotAcceptable(f"a head of more than {HEAD_LIMIT} bytes")
            data = data[HEAD_LIMIT - before :]
        self._parser.feed_data(data)
        if received - self._body > HEAD_LIMIT + FRAMING_PER_BYTE * self._body:
            raise _NotAcceptable("next to nothing but framing")

    def _pause(self) -> None:
        self._paused = True
        self.deadline = math.inf  # the silence to come is our own
        self._transport.pause_reading()

    def _finish(self, response: DirectResponse) -> None:
        self.response = None
        response.connection = None
        self.used = True
        if self._keep and not self.lost and self._transport.get_write_buffer_size() == 0:
            self._owner.release(self)
        else:
            self.drop()

    def _ended(self) -> TryAnother:
        if self._received == 0:
            return ProviderUnreachable(f"{self._name} closed the connection without an answer")
        return ProviderBroken(f"{self._name} closed the connection in the middle of its answer")

    def _nonsense(self, error: Exception) -> ProviderBroken:
        cause = error.__context__ if isinstance(error.__context__, _NotAcceptable) else error
        if isinstance(cause, _NotAcceptable):
            return ProviderBroken(f"{self._name} sent {cause}", status=self._parser.get_status_code() or None)
        return ProviderBroken(f"{self._name} does not speak proper HTTP/1.1")


def _check(headers: dict[bytes, bytes]) -> None:
    if len(headers) > HEADERS_LIMIT:
        raise _NotAcceptable(f"more than {HEADERS_LIMIT} headers")
    if b"content-encoding" in headers and headers[b"content-encoding"].lower() != b"identity":
        raise _NotAcceptable("a compressed answer, though none was asked for")
    if b"transfer-encoding" in headers and headers[b"transfer-encoding"].lower() != b"chunked":
        raise _NotAcceptable("a transfer coding other than chunked")


def _check_interim(status: int, headers: dict[bytes, bytes]) -> None:
    if status < 100 or status == 101:
        raise _NotAcceptable(f"status {status}, which fits no request of ours")
    if b"content-length" in headers or b"transfer-encoding" in headers:
        raise _NotAcceptable("an interim answer with a body")


def _ends_with_connection(response: DirectResponse) -> bool:
    return b"content-length" not in response.headers and b"transfer-encoding" not in response.headers
