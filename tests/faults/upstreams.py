"""Upstreams that go wrong in the middle of a stream, at a moment of the test's choosing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from freehold.testing.faulty import Exchange
from freehold.testing.faulty.replies import LAST_CHUNK, framed, head

EVENTS = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}


def said(text: str) -> bytes:
    """One event of a chat stream, framed."""
    chunk = {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}}]}
    return framed(b"data: " + json.dumps(chunk).encode() + b"\n\n")


class Midway:
    """Says `Hello from`, waits until `go` is set, and then does what it is told to."""

    def __init__(self, then: Callable[[Exchange], Awaitable[None]]) -> None:
        self.go = asyncio.Event()
        self._then = then

    async def __call__(self, exchange: Exchange) -> None:
        await exchange.send(head(200, EVENTS) + said("Hello from"))
        await self.go.wait()
        await self._then(exchange)


async def error_event(exchange: Exchange) -> None:
    error = {"error": {"message": "the engine fell over", "type": "server_error", "param": None, "code": None}}
    await exchange.send(framed(b"data: " + json.dumps(error).encode() + b"\n\n") + LAST_CHUNK)


async def proper_end_of_http(exchange: Exchange) -> None:
    """The body ends as it should; the answer in it has not."""
    await exchange.send(LAST_CHUNK)


async def close(exchange: Exchange) -> None:
    exchange.close()


async def reset(exchange: Exchange) -> None:
    exchange.reset()


async def garbage(exchange: Exchange) -> None:
    await exchange.send(b"\x00 this is no chunk\r\n")
    await exchange.client_gone.wait()


async def silence(exchange: Exchange) -> None:
    await exchange.client_gone.wait()


async def endless(exchange: Exchange) -> None:
    """More of the same, as fast as it can be taken."""
    while not exchange.client_gone.is_set():
        await exchange.send(said("x" * 8000) * 8)


async def done_but_not_closed(exchange: Exchange) -> None:
    """All is said, the end too, and the body stays open."""
    await exchange.send(framed(b"data: [DONE]\n\n"))
    await exchange.client_gone.wait()
