"""What all fake vendors share: a real HTTP server on 127.0.0.1 that remembers every request.

A vendor runs in the event loop that enters it (`async with`), or in a thread of its own (`with`) for synchronous
clients. It has state, as vendors do: keys, limits, credit, what it stored. It never looks at a clock to decide.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import web

MAX_BODY = 64 << 20

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Json = dict[str, Any]


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it arrived. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Failure(Exception):
    """An answer that is not 200, in the vendor's own words."""

    def __init__(self, status: int, body: Json, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


class Vendor:
    """A fake vendor. Subclasses say which routes they have and how they turn a request away."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        """Every request, oldest first."""
        self._failures: deque[Failure] = deque()
        self._numbers = itertools.count(1)
        self._runner: web.AppRunner | None = None
        self.port = 0
        """Where it listens, once entered."""
        self._thread: _LoopThread | None = None

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What an OpenAI client takes as its base URL."""
        return f"{self.url}/v1"

    def fail(self, *failures: Failure) -> None:
        """Turn away the next requests with these, one each, before anything else is looked at."""
        self._failures.extend(failures)

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        """(method, path) to handler."""
        raise NotImplementedError

    def headers(self) -> Mapping[str, str]:
        """Headers of every answer."""
        return {}

    def not_found(self, method: str, path: str) -> Failure:
        """How an unknown route is answered."""
        return Failure(404, {"detail": "Not Found"})

    def misshapen(self) -> Failure:
        """How a body is answered whose values have types that nobody expects."""
        return Failure(400, {"detail": "The request body is not valid."})

    def admit(self, heard: Heard) -> None:
        """Look at a request before its handler does; raises Failure to turn it away."""

    def number(self) -> int:
        """The next number of this vendor's own, for ids: the same every run."""
        return next(self._numbers)

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        heard = Heard(method=request.method, path=request.path_qs, headers=headers, body=await request.read())
        self.heard.append(heard)
        try:
            if self._failures:
                raise self._failures.popleft()
            self.admit(heard)
            handler = self.routes().get((request.method, request.path)) or self._with_id(request)
            return await handler(request)
        except Failure as failure:
            return self._turn_away(failure)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            # Vendors check every type; here, reading is the check.
            return self._turn_away(self.misshapen())

    def _turn_away(self, failure: Failure) -> web.StreamResponse:
        return answer(failure.body, status=failure.status, headers={**self.headers(), **failure.headers})

    def _with_id(self, request: web.Request) -> Handler:
        parent, _, last = request.path.rpartition("/")
        handler = self.routes().get((request.method, f"{parent}/*"))
        if handler is None or not last:
            raise self.not_found(request.method, request.path)
        return handler

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=MAX_BODY)
        application.router.add_route("*", "/{path:.*}", self._dispatch)
        self._runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def __enter__(self) -> Self:
        self._thread = _LoopThread()
        self._thread.call(self.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._thread.call(self.__aexit__(kind, error, trace))
            self._thread.stop()
            self._thread = None


class _LoopThread:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake vendor", daemon=True)
        self._thread.start()

    def call(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()


def answer(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A whole JSON answer."""
    data = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    return web.Response(body=data, status=status, headers=headers, content_type="application/json", charset="utf-8")


async def stream(
    request: web.Request, events: Iterable[bytes], headers: Mapping[str, str] | None = None
) -> web.StreamResponse:
    """An answer as server-sent events, each written and flushed on its own."""
    response = web.StreamResponse(headers={**(headers or {}), "cache-control": "no-cache"})
    response.content_type = "text/event-stream"
    response.charset = "utf-8"
    await response.prepare(request)
    for event in events:
        await response.write(event)
    await response.write_eof()
    return response


def event(data: Json, name: str = "") -> bytes:
    """One server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, separators=(',', ':'), ensure_ascii=False)}\n\n".encode()
