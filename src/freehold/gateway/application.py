"""The routes. Each request is authenticated, read, answered and closed; every one that reaches the desk gets a receipt."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Coroutine, Mapping
from typing import Protocol

from freehold.compute.provider import Answer, AnswerStream
from freehold.gateway.doors import ROUTES, read_ask
from freehold.gateway.guard import check_origin, presented_key
from freehold.gateway.headers import answer_headers, id_header, stream_headers
from freehold.gateway.http import Exchange, HttpRequest
from freehold.gateway.ids import new_request_id
from freehold.gateway.limits import cache_wish
from freehold.gateway.refusals import render, render_event
from freehold.ground.errors import DeadlineExceeded, FixRequest, NotFound
from freehold.stack.calls import Call
from freehold.stack.desk import Desk
from freehold.words.dialects import Dialect

_READING = (b"GET", b"HEAD")
# Inside a JSON string a quote is escaped, so these are found only where they are the event itself.
_LAST_EVENT = re.compile(rb'data: \[DONE\]|"type"\s*:\s*"(?:message_stop|response\.(?:completed|incomplete|failed))"')
_log = logging.getLogger("freehold.gateway")


class Page(Protocol):
    """Answers a request that is not for a model."""

    async def __call__(self, request: HttpRequest, exchange: Exchange) -> None: ...


class Gateway:
    """The handler of the HTTP server."""

    def __init__(self, desk: Desk, *, hosts: frozenset[bytes], pages: Mapping[str, Page]) -> None:
        self._desk = desk
        self._hosts = hosts
        self._pages = pages

    @property
    def routes(self) -> frozenset[str]:
        """Every path; what ends in a slash answers for what is below it."""
        return frozenset(ROUTES) | frozenset(self._pages)

    def __call__(self, request: HttpRequest, exchange: Exchange) -> Coroutine[None, None, None]:
        dialect = ROUTES.get(request.path)
        if dialect is None:
            return self._page(request, exchange)
        if request.method != b"POST":
            return _wrong_method(dialect, exchange)
        return self._serve(dialect, request, exchange)

    async def _serve(self, dialect: Dialect, request: HttpRequest, exchange: Exchange) -> None:
        request_id = new_request_id()
        call: Call | None = None
        error: BaseException | None = None
        try:
            check_origin(request.headers, self._hosts)
            key = self._desk.authenticate(presented_key(request.headers))
            ask = read_ask(dialect, request, ask_id=request_id, owner=key.id)
            call = self._desk.open(ask, key, use_cache=cache_wish(request.headers), cancel=exchange.cancel)
            answer = await self._desk.answer(call)
            if isinstance(answer, Answer):
                # Books are kept after the answer is out: nobody waits for them.
                exchange.respond(200, answer_headers(call, answer), answer.body)
            else:
                await self._stream(call, answer, exchange)
        except asyncio.CancelledError as cancelled:
            error = cancelled
            if call is None or not call.expired:
                raise
            self._forgive_cancellation()
            error = DeadlineExceeded("The time that the request allows is used up.")
            self._refuse(error, dialect, request_id, exchange)
        except Exception as failure:
            error = failure
            self._refuse(error, dialect, request_id, exchange)
        finally:
            if call is not None:
                self._desk.close(call, error)

    async def _stream(self, call: Call, answer: AnswerStream, exchange: Exchange) -> None:
        piece = b""
        try:
            exchange.start(200, stream_headers(call))
            async for piece in answer:
                exchange.write(piece)
                if exchange.congested:
                    await exchange.drained()
        except asyncio.CancelledError:
            if call.expired or _LAST_EVENT.search(piece) is None:
                raise
            # The client has it all and did not wait for the connection's last bytes: that is an answer, not a departure.
            call.usage, call.energy = answer.usage, answer.energy
            self._desk.close(call, None)
            raise
        finally:
            call.usage, call.energy = answer.usage, answer.energy
            await answer.aclose()
        # Closed before the last byte goes out, so that whoever has the whole answer also finds its receipt.
        self._desk.close(call, None)
        exchange.finish()

    def _refuse(self, error: BaseException, dialect: Dialect, request_id: str, exchange: Exchange) -> None:
        if not isinstance(error, Exception) or not hasattr(error, "advice"):
            _log.error("Request %s failed internally.", request_id, exc_info=error)
        if exchange.started:
            exchange.write(render_event(error, dialect, request_id))
            exchange.finish()
        else:
            status, headers, body = render(error, dialect, request_id)
            exchange.respond(status, headers + id_header(request_id), body)

    async def _page(self, request: HttpRequest, exchange: Exchange) -> None:
        try:
            check_origin(request.headers, self._hosts)
            page = self._pages.get(request.path) or self._longest_prefix(request.path)
            if page is None:
                raise NotFound(f"There is no route {request.path[:200]!r}.")
            if request.method not in _READING:
                _respond_wrong_method(exchange, Dialect.CHAT, "GET, HEAD")
                return
            await page(request, exchange)
        except Exception as error:
            self._refuse(
                error, Dialect.MESSAGES if b"anthropic-version" in request.headers else Dialect.CHAT, "", exchange
            )

    def _longest_prefix(self, path: str) -> Page | None:
        """Pages whose route ends in a slash also answer for everything below it."""
        found = [route for route in self._pages if route.endswith("/") and path.startswith(route)]
        return self._pages[max(found, key=len)] if found else None

    def _forgive_cancellation(self) -> None:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()


async def _wrong_method(dialect: Dialect, exchange: Exchange) -> None:
    _respond_wrong_method(exchange, dialect, "POST")


def _respond_wrong_method(exchange: Exchange, dialect: Dialect, allowed: str) -> None:
    _, headers, body = render(FixRequest(f"This route takes {allowed}."), dialect, "")
    exchange.respond(405, headers + b"allow: %b\r\n" % allowed.encode(), body)
