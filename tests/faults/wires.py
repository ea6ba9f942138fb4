"""HTTP clients that do exactly what they are told, also what no decent client would.

A `Wire` is one connection on which bytes are written and answers read; `ask` is a whole request on a connection of its own.
Everything ends by `PATIENCE`: a test that would hang fails instead.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

PATIENCE = 15.0
"""Seconds; far more than any deadline in these tests."""
QUESTION: list[dict[str, Any]] = [{"role": "user", "content": "Say hello."}]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer as it came in. `whole` is False where the connection ended before the answer did."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error in OpenAI's shape; fails where it is in another."""
        error = self.json["error"]
        assert error.keys() == {"message", "type", "param", "code"}
        assert error["message"]
        return error

    @property
    def text(self) -> str:
        """What a whole chat answer says."""
        return self.json["choices"][0]["message"]["content"]

    @property
    def events(self) -> list[Any]:
        """A stream's events, `[DONE]` as it is."""
        assert self.headers["content-type"].startswith("text/event-stream")
        found = [line.removeprefix("data: ") for line in self.body.decode().split("\n") if line.startswith("data: ")]
        return [data if data == "[DONE]" else json.loads(data) for data in found]

    @property
    def streamed_text(self) -> str:
        """What a streamed chat answer says."""
        choices = (choice for event in self.events if event != "[DONE]" for choice in event.get("choices", ()))
        return "".join(choice["delta"].get("content") or "" for choice in choices)

    @property
    def id(self) -> str:
        return self.headers["x-freehold-request-id"]


class Wire:
    """One connection to a gateway."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Write, and wait until the kernel has it. A far side that has closed already shows in the reply."""
        try:
            self.writer.write(data)
            await asyncio.wait_for(self.writer.drain(), PATIENCE)
        except ConnectionError:
            pass

    async def head(self) -> tuple[int, dict[str, str]]:
        """The status and headers of the next final answer. Raises IncompleteReadError where there is none."""
        while True:
            head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)
            first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
            version, status, _ = first.split(" ", 2)
            assert version == "HTTP/1.1"
            if int(status) >= 200:
                pairs = (line.partition(":") for line in lines)
                return int(status), {name.lower(): value.strip() for name, _, value in pairs}

    async def reply(self, *, method: str = "POST") -> Reply:
        """The next answer."""
        status, headers = await self.head()
        body, whole = await asyncio.wait_for(self._body(headers, method), PATIENCE)
        return Reply(status=status, headers=headers, body=body, whole=whole)

    async def piece(self) -> bytes:
        """The next chunk of a chunked body; empty at its end."""
        size = int(await asyncio.wait_for(self.reader.readuntil(b"\r\n"), PATIENCE), 16)
        return (await asyncio.wait_for(self.reader.readexactly(size + 2), PATIENCE))[:-2]

    async def ended(self) -> bytes:
        """Wait until the far side closes; what it still said."""
        said = bytearray()
        try:
            while data := await asyncio.wait_for(self.reader.read(65536), PATIENCE):
                said += data
        except ConnectionError:
            pass
        return bytes(said)

    def vanish(self) -> None:
        """Be gone from one moment to the next, as a killed process is: with a reset."""
        live = self.writer.get_extra_info("socket")
        live.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def _body(self, headers: Mapping[str, str], method: str) -> tuple[bytes, bool]:
        if method == "HEAD":
            return b"", True
        if "content-length" in headers:
            try:
                return await self.reader.readexactly(int(headers["content-length"])), True
            except asyncio.IncompleteReadError as error:
                return error.partial, False
        if headers.get("transfer-encoding") != "chunked":
            return await self.ended(), True
        return await self.chunks()

    async def chunks(self) -> tuple[bytes, bool]:
        """The rest of a chunked body, and whether it came to its end."""
        pieces = bytearray()
        try:
            while piece := await self.piece():
                pieces += piece
        except (asyncio.IncompleteReadError, ConnectionError):
            return bytes(pieces), False
        return bytes(pieces), True


@asynccontextmanager
async def connected(port: int, *, receive_buffer: int | None = None) -> AsyncIterator[Wire]:
    """A connection, closed at the end. `receive_buffer` keeps the kernel from reading ahead for a slow client."""
    live = socket.socket()
    if receive_buffer is not None:
        live.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    live.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(live, ("127.0.0.1", port))
    except OSError:
        live.close()
        raise
    limit = 65536 if receive_buffer is None else 1024
    reader, writer = await asyncio.open_connection(sock=live, limit=limit)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


def request(
    target: str = "/v1/chat/completions",
    body: bytes = b"",
    *,
    method: str = "POST",
    headers: Sequence[str] = (),
    host: str | None = "127.0.0.1",
    version: str = "1.1",
    length: bool = True,
) -> bytes:
    """A request as bytes. `headers` are whole lines; `length` False leaves Content-Length to them."""
    lines = [f"{method} {target} HTTP/{version}"]
    lines += [f"Host: {host}"] if host is not None else []
    lines += [f"Content-Length: {len(body)}"] if length and (body or method == "POST") else []
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1") + body


def chat(model: str, **more: Any) -> bytes:
    """The body of a chat request."""
    return json.dumps({"model": model, "messages": QUESTION, **more}).encode()


async def ask(port: int, model: str, *, headers: Sequence[str] = (), **more: Any) -> Reply:
    """A chat request on a connection of its own."""
    return await send(port, request(body=chat(model, **more), headers=headers))


async def send(port: int, data: bytes, *, method: str = "POST") -> Reply:
    """Any request, as bytes, on a connection of its own."""
    async with connected(port) as wire:
        await wire.send(data)
        return await wire.reply(method=method)


async def get(port: int, target: str, *, headers: Sequence[str] = ()) -> Reply:
    return await send(port, request(target, method="GET", headers=headers), method="GET")
