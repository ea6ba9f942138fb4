"""Requests that two readers could take for different things are refused, and nothing of them reaches a provider."""

from __future__ import annotations

import asyncio

import pytest
from gateways import Gateway, Pair, Settings
from wires import chat, connected, request, send

from freehold.testing.faulty import FaultyServer


@pytest.fixture(scope="module")
def settings() -> Settings:
    return {"server": {"header_timeout": 5, "body_timeout": 5}}


START = "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
LENGTH = "Content-Length: {length}\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
WHOLE = "\r\n{body}"
CHUNKS = "\r\n{size}\r\n{body}\r\n0\r\n\r\n"
AMBIGUOUS = {
    "a length and chunks": START + LENGTH + CHUNKED + CHUNKS,
    "chunks and a length": START + CHUNKED + LENGTH + CHUNKS,
    "two lengths": START + "Content-Length: 3\r\n" + LENGTH + WHOLE,
    "the same length twice": START + LENGTH + LENGTH + WHOLE,
    "a list of lengths": START + "Content-Length: {length}, {length}\r\n" + WHOLE,
    "a signed length": START + "Content-Length: +{length}\r\n" + WHOLE,
    "a negative length": START + "Content-Length: -1\r\n" + WHOLE,
    "a length in hexadecimal": START + "Content-Length: 0x{size}\r\n" + WHOLE,
    "a length of nothing": START + "Content-Length: \r\n" + WHOLE,
    "a length beyond all numbers": START + "Content-Length: 99999999999999999999999\r\n" + WHOLE,
    "a space before the colon": START + "Content-Length : {length}\r\n" + WHOLE,
    "identity": START + "Transfer-Encoding: identity\r\n" + WHOLE,
    "chunks that are not the last coding": START + "Transfer-Encoding: chunked, identity\r\n" + CHUNKS,
    "a coding beneath the chunks": START + "Transfer-Encoding: gzip, chunked\r\n" + CHUNKS,
    "chunks in chunks": START + CHUNKED + CHUNKED + CHUNKS,
    "almost chunked": START + "Transfer-Encoding: xchunked\r\n" + CHUNKS,
    "a vertical tab": START + "Transfer-Encoding: \x0bchunked\r\n" + CHUNKS,
    "a folded header": START + LENGTH + "X-A: b\r\n c\r\n" + WHOLE,
    "a folded coding": START + LENGTH + "Transfer-Encoding:\r\n chunked\r\n" + WHOLE,
    "bare line feeds": "POST /v1/chat/completions HTTP/1.1\nHost: 127.0.0.1\nContent-Length: {length}\n\n{body}",
    "one bare line feed": START + "X-A: b\n" + LENGTH + WHOLE,
    "a bare carriage return": START + "X-A: b\rContent-Length: 3\r\n" + LENGTH + WHOLE,
    "NUL in a value": START + "X-A: b\0c\r\n" + LENGTH + WHOLE,
    "NUL in a name": START + "X\0A: b\r\n" + LENGTH + WHOLE,
    "a header without colon": START + "Nonsense\r\n" + LENGTH + WHOLE,
    "a header without name": START + ": x\r\n" + LENGTH + WHOLE,
    "two hosts": START + "Host: elsewhere\r\n" + LENGTH + WHOLE,
    "a space before the first header": "POST /v1/chat/completions HTTP/1.1\r\n Host: 127.0.0.1\r\n" + LENGTH + WHOLE,
    "a chunk size of letters": START + CHUNKED + "\r\nzz\r\n{body}\r\n0\r\n\r\n",
    "a negative chunk size": START + CHUNKED + "\r\n-5\r\n{body}\r\n0\r\n\r\n",
    "a chunk size with 0x": START + CHUNKED + "\r\n0x{size}\r\n{body}\r\n0\r\n\r\n",
    "a chunk size with a space": START + CHUNKED + "\r\n{size} \r\n{body}\r\n0\r\n\r\n",
    "a chunk size beyond 64 bits": START + CHUNKED + "\r\nFFFFFFFFFFFFFFFFF\r\n{body}\r\n0\r\n\r\n",
    "a chunk longer than it says": START + CHUNKED + "\r\n{size}\r\n{body}XX0\r\n\r\n",
    "chunk lines ended by line feeds": START + CHUNKED + "\r\n{size}\n{body}\n0\n\n",
    "a chunk extension ended by a line feed": START + CHUNKED + "\r\n{size};a\n{body}\r\n0\r\n\r\n",
    "next to nothing but chunk extensions": START + CHUNKED + "\r\n1;" + "x" * 400_000 + "\r\n{{\r\n",
    "a length among the trailers": START + CHUNKED + "\r\n{size}\r\n{body}\r\n0\r\nContent-Length: 5\r\n\r\n",
    "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a version from the future": "POST /v1/chat/completions HTTP/2.0\r\nHost: 127.0.0.1\r\n" + LENGTH + WHOLE,
    "a version of no kind": "POST /v1/chat/completions HTTP/1.10\r\nHost: 127.0.0.1\r\n" + LENGTH + WHOLE,
    "a method of no kind": "FOO /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n" + LENGTH + WHOLE,
    "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\0" * 500,
}


def filled(template: str, model: str) -> bytes:
    body = chat(model).decode()
    return template.format(length=len(body), size=f"{len(body):x}", body=body).encode("latin-1")


@pytest.mark.parametrize("kind", AMBIGUOUS)
async def test_the_ambiguous_is_refused_and_the_connection_closed(
    gateway: Gateway, pair: Pair, first: FaultyServer, kind: str
) -> None:
    async with connected(gateway.port) as wire:
        await wire.send(filled(AMBIGUOUS[kind], f"{pair.first}/m"))
        answer = await wire.reply()
        assert (answer.status, answer.error["code"], answer.headers["connection"]) == (400, "invalid_request", "close")
        assert await wire.ended() == b""
    assert first.exchanges == []


async def test_what_hides_behind_a_body_is_a_request_of_its_own(
    gateway: Gateway, pair: Pair, first: FaultyServer
) -> None:
    hidden = request(body=chat(f"{pair.first}/m", user="hidden"))
    async with connected(gateway.port) as wire:
        await wire.send(request(body=chat(f"{pair.first}/m")) + hidden)
        assert [(await wire.reply()).status for _ in range(2)] == [200, 200]
    assert len(first.exchanges) == 2


@pytest.mark.parametrize("count", [1, 100])
async def test_nonsense_behind_requests_does_not_cost_them_their_answers(
    gateway: Gateway, pair: Pair, first: FaultyServer, count: int
) -> None:
    async with connected(gateway.port) as wire:
        good = request(body=chat(f"{pair.first}/m", user="x" * 5000)) * count
        sending = asyncio.create_task(wire.send(good + b"NONSENSE NONSENSE\r\n\r\n"))
        for _ in range(count):
            assert (await wire.reply()).text == "from the first"
        await sending
        assert (await wire.reply()).status == 400
        assert await wire.ended() == b""


async def test_trailers_are_no_headers(gateway: Gateway, pair: Pair, first: FaultyServer) -> None:
    trailers = "x-freehold-deadline: 0\r\nauthorization: Bearer fh-nobody\r\nx-more: 1\r\n"
    chunks = CHUNKS.replace("0\r\n\r\n", f"0\r\n{trailers}\r\n")
    answer = await send(gateway.port, filled(START + CHUNKED + chunks, f"{pair.first}/m"))
    assert answer.text == "from the first"


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_chunks_of_any_size_are_put_together(
    gateway: Gateway, pair: Pair, first: FaultyServer, size: int
) -> None:
    body = chat(f"{pair.first}/m")
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    chunks = b"".join(b"%x;name=value\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    answer = await send(gateway.port, (START + CHUNKED + "\r\n").encode() + chunks + b"0\r\n\r\n")
    assert answer.text == "from the first"


async def test_a_request_may_come_a_byte_at_a_time(gateway: Gateway, pair: Pair, first: FaultyServer) -> None:
    async with connected(gateway.port) as wire:
        for byte in request(body=chat(f"{pair.first}/m")):
            await wire.send(bytes([byte]))
            await asyncio.sleep(0)
        assert (await wire.reply()).text == "from the first"


async def test_blank_lines_before_a_request_are_passed_over(gateway: Gateway, pair: Pair, first: FaultyServer) -> None:
    assert (await send(gateway.port, b"\r\n\r\n" + request(body=chat(f"{pair.first}/m")))).status == 200
