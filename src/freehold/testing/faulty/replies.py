"""Whole, well-formed HTTP answers, welcome or not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from freehold.testing.faulty.server import Behaviour, Exchange

_JSON = {"content-type": "application/json"}


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """Status line and headers, ready for the wire."""
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def framed(piece: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


LAST_CHUNK = b"0\r\n\r\n"


def reply(body: bytes = b"{}", *, status: int = 200, headers: Mapping[str, str] = _JSON) -> Behaviour:
    """`body` with a Content-Length."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(head(status, {**headers, "content-length": str(len(body))}) + body)

    return behave


def reply_chunked(*pieces: bytes, status: int = 200, headers: Mapping[str, str] = _JSON) -> Behaviour:
    """`pieces` as a chunked body, a write each."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(head(status, {**headers, "transfer-encoding": "chunked"}))
        for piece in pieces:
            await exchange.send(framed(piece))
        await exchange.send(LAST_CHUNK)

    return behave


def error_status(status: int, *, message: str = "no", headers: Mapping[str, str] = {}) -> Behaviour:
    """An error as OpenAI words them: 401, 402, 403, 404, 500, whatever. As the last behaviour it is a storm."""
    error = {"message": message, "type": "error", "param": None, "code": None}
    return reply(json.dumps({"error": error}).encode(), status=status, headers={**_JSON, **headers})


def too_many_requests(*, retry_after: str | None = None) -> Behaviour:
    """429, with a Retry-After (seconds, or an HTTP date) if given."""
    return error_status(429, message="slow down", headers={} if retry_after is None else {"retry-after": retry_after})


def hang_up_after(behaviour: Behaviour) -> Behaviour:
    """`behaviour`, then the connection is closed without a word of it in the headers."""

    async def behave(exchange: Exchange) -> None:
        await behaviour(exchange)
        exchange.close()

    return behave
