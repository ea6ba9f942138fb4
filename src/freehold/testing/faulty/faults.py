"""What networks and broken servers do to an answer."""

from __future__ import annotations

import asyncio

from freehold.testing.faulty.replies import framed, head
from freehold.testing.faulty.server import Behaviour, Exchange

_JSON = {"content-type": "application/json"}
_HALF = b'{"id": "half an ans'
_PROMISED = {**_JSON, "content-length": "1000"}
_CHUNKED = {**_JSON, "transfer-encoding": "chunked"}


def _send_then_reset(data: bytes) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        if data:
            await exchange.send(data)
        exchange.reset()

    return behave


def reset_at_once() -> Behaviour:
    """A TCP reset in place of an answer."""
    return _send_then_reset(b"")


def reset_in_header() -> Behaviour:
    """A TCP reset in the middle of the head."""
    return _send_then_reset(b"HTTP/1.1 200 OK\r\ncontent-ty")


def reset_in_body() -> Behaviour:
    """A TCP reset before the promised length has come."""
    return _send_then_reset(head(200, _PROMISED) + _HALF)


def reset_in_chunk() -> Behaviour:
    """A TCP reset inside a chunk."""
    return _send_then_reset(head(200, _CHUNKED) + b"100\r\n" + _HALF)


def close_at_once() -> Behaviour:
    """An orderly close in place of an answer."""

    async def behave(exchange: Exchange) -> None:
        exchange.close()

    return behave


def black_hole() -> Behaviour:
    """Nothing at all, until the client gives up."""

    async def behave(exchange: Exchange) -> None:
        await exchange.client_gone.wait()

    return behave


def slow_start(seconds: float, behaviour: Behaviour) -> Behaviour:
    """Silence for a while, then `behaviour`."""

    async def behave(exchange: Exchange) -> None:
        await asyncio.sleep(seconds)
        await behaviour(exchange)

    return behave


def drip(body: bytes = b"{}", *, interval: float) -> Behaviour:
    """A proper answer of which every byte, the head's too, comes `interval` seconds after the one before."""
    whole = head(200, {**_JSON, "content-length": str(len(body))}) + body

    async def behave(exchange: Exchange) -> None:
        for place in range(len(whole)):
            await exchange.send(whole[place : place + 1])
            await asyncio.sleep(interval)

    return behave


def garbage(data: bytes = b"\x00\x01 this is not HTTP \xff\r\n\r\n") -> Behaviour:
    """Bytes that mean nothing, then silence."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(data)
        await exchange.client_gone.wait()

    return behave


def length_too_long() -> Behaviour:
    """A Content-Length that promises more than there is; then an orderly close."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(head(200, _PROMISED) + _HALF)
        exchange.close()

    return behave


def length_too_short(body: bytes = b"{}", *, excess: bytes = b'{"more": 1}') -> Behaviour:
    """A Content-Length that promises less than there is; the connection stays open."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(head(200, {**_JSON, "content-length": str(len(body))}) + body + excess)

    return behave


def huge_headers(*, size: int = 1 << 20, lines: int = 1) -> Behaviour:
    """A head of about `size` bytes, spread over so many lines."""
    each = "x" * (size // lines)

    async def behave(exchange: Exchange) -> None:
        padding = {f"x-padding-{number}": each for number in range(lines)}
        await exchange.send(head(200, {**_JSON, **padding, "content-length": "2"}) + b"{}")

    return behave


def endless_body(piece: bytes = b"x" * 65536) -> Behaviour:
    """A chunked body that goes on until the client has had enough."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(head(200, _CHUNKED))
        while not exchange.client_gone.is_set():
            await exchange.send(framed(piece))

    return behave
