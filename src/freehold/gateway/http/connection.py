"""One client's connection.

Rules it keeps:

- A request reaches its handler complete, within the stated bounds on head and body; what breaks a bound or the grammar is
  answered with an error of our own and the connection is closed.
- One request at a time: what a client pipelines, also what is wrong with it, waits until the answer before it is out.
- A client that goes away cancels the task that works for it.
- Slow clients are not waited for: the server sweeps connections whose `deadline` has passed.
- Whoever is refused gets to read why, also if it is still sending: our side is closed first, the other one later.
- Nobody is talked into another protocol, nor into headers that come after the body.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import cast

import httptools

from freehold.gateway.http.limits import Limits
from freehold.gateway.http.request import Exchange, HttpRequest, head
from freehold.ground.errors import FixRequest, HeadTooLarge, InvalidRequest, Overloaded, RequestTooLarge

Handler = Callable[[HttpRequest, Exchange], Awaitable[None]]
Refusal = Callable[[FixRequest | Overloaded, str], tuple[int, bytes, bytes]]
"""Renders an error that was met before any handler: (error, path) -> status, header lines, body."""

_ONCE_ONLY = frozenset(
    {b"host", b"content-length", b"content-type", b"authorization", b"x-api-key", b"transfer-encoding"}
)
_SWITCHING = frozenset({b"upgrade", b"connection", b"http2-settings"})
_VERSIONS = frozenset({"1.0", "1.1"})
_FRAMING_PER_BYTE = 8
"""What a byte of body may cost in chunk framing: a byte per chunk is silly but legal, endless extensions are not."""
_LINGER = 2.0
"""Seconds for which a client that was refused may go on sending."""
_NEVER = float("inf")
_log = logging.getLogger("freehold.gateway")


class Connection(asyncio.Protocol):
    """Parses requests, runs the handler, writes answers."""

    __slots__ = (
        "_bodiless", "_body", "_chunked", "_drain", "_handler", "_head_bytes", "_headers", "_in_head", "_keep_alive",
        "_limits", "_loop", "_parser", "_paused", "_pending", "_queue", "_refuse", "_refused", "_register", "_repeated",
        "_size", "_started", "_stopping", "_task", "_transport", "_unfinished", "_url", "_wrong", "deadline",
    )  # fmt: skip

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        handler: Handler,
        refuse: Refusal,
        limits: Limits,
        register: set[Connection],
    ) -> None:
        self._loop = loop
        self._handler = handler
        self._refuse = refuse
        self._limits = limits
        self._register = register
        self._parser = httptools.HttpRequestParser(self)
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._paused = False
        self._drain: asyncio.Future[None] | None = None
        self._pending = b""
        self._queue: deque[tuple[HttpRequest, bool, bool]] = deque()
        self._wrong: FixRequest | None = None
        """What is wrong with what was pipelined, to be told when its turn comes."""
        self._started = self._refused = self._stopping = self._bodiless = False
        self._keep_alive = self._chunked = True
        self._body: list[bytes] = []
        self._size = 0
        self._headers: dict[bytes, bytes] = {}
        self._url = b""
        self._head_bytes = 0
        """Of the request that is arriving; 0 if none is."""
        self._in_head = False
        self._repeated = 0
        self._unfinished = 0
        """Bytes received since the read in which the request that is arriving began, framing included."""
        self.deadline = _NEVER

    # Connection events

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if len(self._register) >= self._limits.max_connections:
            full = Overloaded(f"This gateway has {len(self._register)} connections already.", retry_after=1.0)
            self._say_no(full)
            self._transport.close()
            return
        self._register.add(self)
        self.deadline = self._loop.time() + self._limits.header_timeout

    def connection_lost(self, exc: Exception | None) -> None:
        self._register.discard(self)
        self._release_writer()
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._task is not None:
            self._hold(data)
        else:
            self._feed(data)

    def pause_writing(self) -> None:
        self._paused = True
        self.deadline = self._loop.time() + self._limits.write_timeout

    def resume_writing(self) -> None:
        self._paused = False
        self.deadline = _NEVER if self._task is not None else self._loop.time() + self._limits.keep_alive
        self._release_writer()

    def sweep(self, now: float) -> None:
        """Close the connection if its deadline has passed: idle too long, too slow to send, too slow to read."""
        if now < self.deadline:
            return
        if self._task is not None or self._refused or self._transport.get_write_buffer_size():
            self._transport.abort()
        elif self._head_bytes:
            self._reject(InvalidRequest("The request did not arrive in time.", advice="Send it faster."), status=408)
        else:
            self._transport.close()

    def stop_when_idle(self) -> None:
        """Close now if no request is arriving or being worked on, else after the answer."""
        self._stopping = True
        self._keep_alive = False
        if self._task is None and not self._head_bytes:
            self._transport.close()

    @property
    def busy(self) -> bool:
        """Whether a client would lose something if the connection were cut now."""
        return self._task is not None or self._head_bytes > 0 or self._transport.get_write_buffer_size() > 0

    def _hold(self, data: bytes) -> None:
        self._pending += data
        if len(self._pending) > self._limits.max_head_bytes:
            self._transport.pause_reading()

    def _feed(self, data: bytes) -> None:
        self._unfinished += len(data)
        try:
            self._parser.feed_data(data)
            if self._head_bytes:
                self._check_framing()
        except httptools.HttpParserUpgrade as upgrade:
            self._stay(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            cause = error.__context__
            malformed = InvalidRequest("This is no well-formed HTTP/1.1 request.")
            wrong = cause if isinstance(cause, FixRequest) else malformed
            self._refuse_in_turn(wrong)
        except FixRequest as wrong:
            self._refuse_in_turn(wrong)

    def _stay(self, rest: bytes) -> None:
        """Read the request again without its wish for another protocol: it is answered in this one, as it allows."""
        method, version = self._parser.get_method(), self._parser.get_http_version()
        if method == b"CONNECT":
            self._refuse_in_turn(InvalidRequest("This server is no proxy."))
            return
        kept = (b"%b: %b\r\n" % each for each in self._headers.items() if each[0] not in _SWITCHING)
        again = b"%b %b HTTP/%b\r\n%b\r\n" % (method, self._url, version.encode(), b"".join(kept))
        self._parser = httptools.HttpRequestParser(self)
        self._feed(again + rest)

    def _refuse_in_turn(self, wrong: FixRequest) -> None:
        if self._task is None:
            self._reject(wrong)
        else:
            self._refused = True
            self._wrong = wrong
            self._head_bytes = 0

    # Parser events

    def on_message_begin(self) -> None:
        self._headers = {}
        self._url = b""
        self._body = []
        self._size = self._repeated = self._unfinished = 0
        self._head_bytes = 1
        self._in_head = True
        if self._task is None:
            self.deadline = self._loop.time() + self._limits.header_timeout

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._head_bytes += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > self._limits.max_head_bytes:
            raise _head_too_large()
        if not self._in_head:
            return
        name = name.lower()
        headers = self._headers
        if name in headers:
            if name in _ONCE_ONLY:
                raise InvalidRequest(f"The header {name.decode('latin-1')} occurs twice.")
            value = headers[name] + b", " + value
            self._repeated += 1
        headers[name] = value

    def on_headers_complete(self) -> None:
        self._in_head = False
        limits = self._limits
        if self._head_bytes > limits.max_head_bytes or len(self._headers) + self._repeated > limits.max_headers:
            raise _head_too_large()
        if self._headers.get(b"transfer-encoding", b"chunked").lower() != b"chunked":
            raise InvalidRequest("Of all transfer codings, only chunked is understood.")
        declared = self._headers.get(b"content-length")
        if declared is not None and (not declared.isdigit() or int(declared) > self._limits.max_body_bytes):
            raise self._too_large()
        if b"expect" in self._headers and self._headers[b"expect"].lower() == b"100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self._task is None:
            self.deadline = self._loop.time() + self._limits.body_timeout

    def on_body(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limits.max_body_bytes:
            raise self._too_large()
        self._body.append(data)

    def on_message_complete(self) -> None:
        parser = self._parser
        if parser.should_upgrade():
            return
        keep_alive = parser.should_keep_alive()
        # Whoever keeps the connection without a word speaks HTTP/1.1; to ask the parser takes ten times as long.
        version = "1.1" if keep_alive and b"connection" not in self._headers else parser.get_http_version()
        if version not in _VERSIONS:
            raise InvalidRequest("This server speaks HTTP/1.1.")
        self._head_bytes = 0
        target = self._url if self._url.startswith(b"/") else self._origin_form()
        path, _, query = target.partition(b"?")
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body = []
        request = HttpRequest(
            method=parser.get_method(),
            path=path.decode("latin-1"),
            query=query,
            headers=self._headers,
            body=body,
        )
        if self._task is None:
            self._begin(request, keep_alive, version == "1.1")
        else:
            self._queue.append((request, keep_alive, version == "1.1"))

    def _origin_form(self) -> bytes:
        """The path of a target that was sent as to a proxy: whole, with the host, which then goes before the header."""
        scheme, found, rest = self._url.partition(b"://")
        if not found or scheme.lower() not in (b"http", b"https"):
            return self._url
        self._headers[b"host"], _, path = rest.partition(b"/")
        return b"/" + path

    def _check_framing(self) -> None:
        """Bounds what the parser keeps to itself: a header that does not end, chunk extensions."""
        framing = self._unfinished - self._size
        if framing > 2 * self._limits.max_head_bytes + _FRAMING_PER_BYTE * self._size:
            raise _head_too_large() if self._in_head else InvalidRequest("This is next to nothing but framing.")

    def _too_large(self) -> RequestTooLarge:
        return RequestTooLarge(f"The request body is larger than {self._limits.max_body_bytes} bytes.")

    # Answering

    def _begin(self, request: HttpRequest, keep_alive: bool, chunked: bool) -> None:
        self._keep_alive = keep_alive and not self._stopping
        self._chunked = chunked
        self._started = False
        self._bodiless = request.method == b"HEAD"
        self.deadline = _NEVER
        self._task = self._loop.create_task(self._run(request))

    async def _run(self, request: HttpRequest) -> None:
        try:
            await self._handler(request, self)
        except asyncio.CancelledError:
            self._transport.abort()
            raise
        except Exception:
            _log.exception("A request handler failed.")
            self._transport.abort()
        finally:
            self._task = None
        self._next()

    def _next(self) -> None:
        """The answer is out: take up what the client sent in the meantime, or wait for it."""
        if not self._keep_alive:
            self.deadline = self._loop.time() + self._limits.write_timeout
            self._transport.close()
            return
        arriving = self._head_bytes > 0
        self.deadline = self._loop.time() + (self._limits.body_timeout if arriving else self._limits.keep_alive)
        if self._queue:
            self._begin(*self._queue.popleft())
        elif self._wrong is not None:
            self._reject(self._wrong)
        elif self._pending:
            data, self._pending = self._pending, b""
            self._transport.resume_reading()
            self._feed(data)

    def respond(self, status: int, headers: bytes, body: bytes) -> None:
        self._started = True
        framing = b"content-length: %d\r\n" % len(body)
        if not self._chunked and self._keep_alive:
            framing += b"connection: keep-alive\r\n"
        start = head(status, headers, framing, keep_alive=self._keep_alive)
        self._transport.write(start if self._bodiless else start + body)

    def start(self, status: int, headers: bytes) -> None:
        self._started = True
        if not self._chunked:
            self._keep_alive = False
        framing = b"transfer-encoding: chunked\r\n" if self._chunked else b""
        self._transport.write(head(status, headers, framing, keep_alive=self._keep_alive))

    def write(self, piece: bytes) -> None:
        self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked else piece)

    def finish(self) -> None:
        if self._chunked:
            self._transport.write(b"0\r\n\r\n")

    def abort(self) -> None:
        self._keep_alive = False
        self._transport.abort()

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    @property
    def started(self) -> bool:
        return self._started

    @property
    def congested(self) -> bool:
        return self._paused

    async def drained(self) -> None:
        if self._paused:
            self._drain = self._loop.create_future()
            await self._drain

    def _release_writer(self) -> None:
        if self._drain is not None and not self._drain.done():
            self._drain.set_result(None)

    def _reject(self, error: FixRequest, *, status: int | None = None) -> None:
        self._keep_alive = False
        self._head_bytes = 0
        self._say_no(error, status=status)
        self._transport.write_eof()
        self.deadline = self._loop.time() + _LINGER

    def _say_no(self, error: FixRequest | Overloaded, *, status: int | None = None) -> None:
        self._refused = True
        code, headers, body = self._refuse(error, self._url.partition(b"?")[0].decode("latin-1"))
        framing = b"content-length: %d\r\n" % len(body)
        self._transport.write(head(status or code, headers, framing, keep_alive=False) + body)


def _head_too_large() -> HeadTooLarge:
    return HeadTooLarge("The request's headers are too large.", advice="Send fewer or shorter headers.")
