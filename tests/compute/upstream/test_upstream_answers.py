"""Proper answers come through as they were sent, whatever their framing."""

from __future__ import annotations

import asyncio
import json

import pytest

from freehold.compute.upstream import Request
from freehold.testing.faulty import (
    Exchange,
    FaultyServer,
    drip,
    endless_body,
    error_status,
    openai_chat,
    reply,
    reply_chunked,
    too_many_requests,
)

LIMIT = 1 << 24


def sends(data: bytes, *, close: bool = False):
    async def behave(exchange: Exchange) -> None:
        await exchange.send(data)
        if close:
            exchange.close()

    return behave


async def test_the_request_goes_out_as_it_was_given(ask):
    request = Request(
        method=b"PATCH", target=b"/v1/things?a=%20b", headers=b"Authorization: Bearer k\r\nX-Two: 2\r\n", body=b"body"
    )
    async with FaultyServer(reply()) as server:
        await (await ask(server, request)).read(LIMIT)
        exchange = await server.arrived()
        assert (exchange.method, exchange.target, exchange.body) == ("PATCH", "/v1/things?a=%20b", b"body")
        assert exchange.headers == {
            "host": f"127.0.0.1:{server.port}",
            "authorization": "Bearer k",
            "x-two": "2",
            "content-length": "4",
        }


async def test_a_get_has_no_body(ask):
    async with FaultyServer(reply()) as server:
        await (await ask(server, Request(method=b"GET", target=b"/v1/models"))).read(LIMIT)
        assert "content-length" not in (await server.arrived()).headers


async def test_an_empty_post_says_that_it_is_empty(ask):
    async with FaultyServer(reply()) as server:
        await (await ask(server, Request(target=b"/"))).read(LIMIT)
        assert (await server.arrived()).headers["content-length"] == "0"


@pytest.mark.parametrize("size", [0, 1, 64 * 1024, 64 * 1024 + 1, 8 << 20])
async def test_bodies_of_any_size_go_out_and_come_back(ask, size):
    body = bytes(range(256)) * (size // 256 + 1)

    async def echo(exchange: Exchange) -> None:
        await reply(exchange.body)(exchange)

    async with FaultyServer(echo) as server:
        response = await ask(server, Request(target=b"/", body=body[:size]))
        assert await response.read(LIMIT) == body[:size]


@pytest.mark.parametrize(
    "behaviour",
    [
        reply(b"an answer"),
        reply_chunked(b"an ", b"answer"),
        drip(b"an answer", interval=0),
        sends(b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nan answer"),
        sends(b"HTTP/1.0 200 OK\r\n\r\nan answer", close=True),
        sends(b"HTTP/1.1 200 OK\r\n\r\nan answer", close=True),
        sends(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nan answer", close=True),
        sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n9;ext=1\r\nan answer\r\n0\r\nTrail: er\r\n\r\n"),
        sends(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\nLink: x\r\n\r\n"
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nan answer"
        ),
    ],
)
async def test_every_legal_framing_is_understood(ask, behaviour):
    async with FaultyServer(behaviour) as server:
        for _ in range(2):
            response = await ask(server)
            assert response.status == 200
            assert await response.read(LIMIT) == b"an answer"


@pytest.mark.parametrize("head", [b"204 No Content", b"304 Not Modified"])
async def test_answers_without_a_body_end_with_their_head(ask, head):
    async with FaultyServer(sends(b"HTTP/1.1 " + head + b"\r\n\r\n")) as server:
        for _ in range(2):
            response = await ask(server)
            assert response.status == int(head[:3])
            assert await response.read(LIMIT) == b""


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 429, 500, 503])
async def test_bad_news_is_an_answer_like_any_other(ask, status):
    async with FaultyServer(error_status(status, message="because")) as server:
        response = await ask(server)
        assert response.status == status
        assert json.loads(await response.read(LIMIT))["error"]["message"] == "because"


async def test_headers_are_in_lower_case_and_the_last_of_a_name_counts(ask):
    async with FaultyServer(
        too_many_requests(retry_after="7"),
        sends(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nCONTENT-LENGTH: 0\r\n\r\n"),
    ) as server:
        assert (await ask(server)).headers[b"retry-after"] == b"7"
        assert (await ask(server)).headers[b"x-a"] == b"2"


async def test_a_stream_is_handed_on_as_it_comes(ask):
    go_on = asyncio.Event()

    async def two_parts(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        await go_on.wait()
        await exchange.send(b"3\r\ntwo\r\n0\r\n\r\n")

    async with FaultyServer(two_parts) as server:
        response = await ask(server)
        assert await response.chunk() == b"one"
        go_on.set()
        assert await response.chunk() == b"two"
        assert await response.chunk() == b""
        assert await response.chunk() == b""


async def test_the_head_is_handed_on_before_the_body_begins(ask):
    go_on = asyncio.Event()

    async def head_first(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n")
        await go_on.wait()
        await exchange.send(b"{}")

    async with FaultyServer(head_first) as server:
        response = await ask(server)
        assert response.status == 200
        go_on.set()
        assert await response.read(LIMIT) == b"{}"


async def test_a_chat_stream_comes_through_whole(ask):
    body = json.dumps(
        {"model": "m", "stream": True, "messages": [], "stream_options": {"include_usage": True}}
    ).encode()
    async with FaultyServer(openai_chat("a few words of an answer")) as server:
        got = await (await ask(server, Request(target=b"/", body=body))).read(LIMIT)
        assert got.count(b"data: ") == 6 + 4  # words; role, finish reason, usage, [DONE]
        assert got.endswith(b"data: [DONE]\n\n")


async def test_a_server_that_sends_faster_than_anyone_reads_is_made_to_wait(ask):
    piece = b"x" * 65536
    sent = 0

    async def flood(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (1024 * len(piece)))
        for _ in range(1024):
            await exchange.send(piece)
            sent += 1

    async with FaultyServer(flood) as server:
        response = await ask(server)
        standstill = -1
        while standstill != sent:
            standstill = sent
            await asyncio.sleep(0.05)  # long enough for a piece to move if any could
        assert sent < 1024
        assert len(await response.read(1 << 26)) == 1024 * len(piece)


async def test_closing_halfway_tells_the_server(ask):
    async with FaultyServer(endless_body()) as server:
        response = await ask(server)
        await response.chunk()
        response.close()
        await (await server.arrived()).client_gone.wait()


async def test_a_cancelled_request_tells_the_server(ask):
    async def think(exchange: Exchange) -> None:
        await exchange.client_gone.wait()

    async with FaultyServer(think) as server:
        task = asyncio.create_task(ask(server))
        exchange = await server.arrived()
        task.cancel()
        await exchange.client_gone.wait()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_closed_client_sends_no_more(ask):
    from freehold.ground.errors import ProviderUnreachable

    async with FaultyServer(reply()) as server:
        await (await ask(server)).read(LIMIT)
        await ask.client.aclose()
        await server.left_alone()
        with pytest.raises(ProviderUnreachable):
            await ask(server)
        assert len(server.exchanges) == 1
