"""The misbehaving server misbehaves exactly as told, on the wire."""

from __future__ import annotations

import asyncio
import errno
import json
import socket

import pytest

from freehold.testing.faulty import (
    Early,
    Exchange,
    FaultyServer,
    black_hole,
    close_at_once,
    closed_port,
    deaf_port,
    drip,
    endless_body,
    error_event_first,
    error_event_midway,
    error_status,
    garbage,
    huge_headers,
    length_too_long,
    openai_chat,
    reply,
    reset_at_once,
    reset_in_body,
    reset_in_chunk,
    reset_in_header,
    slow_start,
    stream_cut,
    stream_without_end,
    too_many_requests,
)

CHAT = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}


def request(body: bytes = b"{}") -> bytes:
    return b"POST /v1/chat HTTP/1.1\r\nHost: x\r\nX-Colour: Blue\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def ask(server: FaultyServer, data: bytes) -> tuple[bytes, BaseException | None]:
    """Everything that comes back until the server ends the connection, and how it ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(data)
    got = bytearray()
    try:
        while piece := await reader.read(65536):
            got += piece
    except ConnectionError as error:
        return bytes(got), error
    finally:
        writer.close()
    return bytes(got), None


async def whole(server: FaultyServer, data: bytes, *, end: bytes) -> bytes:
    """What comes back, up to and with `end`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(data)
    try:
        return await reader.readuntil(end)
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("behaviour", "beginning"),
    [
        (reset_at_once(), b""),
        (reset_in_header(), b"HTTP/1.1 200 OK\r\nconte"),
        (reset_in_body(), b"HTTP/1.1 200 OK\r\n"),
        (reset_in_chunk(), b"HTTP/1.1 200 OK\r\n"),
    ],
)
async def test_a_reset_reaches_the_client_as_a_reset(behaviour, beginning):
    async with FaultyServer(behaviour) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request())
        await server.arrived()
        with pytest.raises(ConnectionResetError):
            while piece := await reader.read(65536):
                assert piece.startswith(beginning)
        writer.close()


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [(close_at_once(), b""), (length_too_long(), b"content-length: 1000\r\n\r\n"), (stream_cut(), b"data: {")],
)
async def test_an_orderly_close_is_no_reset(behaviour, expected):
    async with FaultyServer(behaviour) as server:
        got, error = await ask(server, request(json.dumps(CHAT).encode()))
        assert error is None
        assert expected in got
        assert not got.endswith(b"0\r\n\r\n")


async def test_behaviours_are_played_in_order_and_the_last_one_repeats():
    async with FaultyServer(error_status(500), error_status(401), reply(b"{}")) as server:
        heads = [await whole(server, request(), end=b"\r\n\r\n") for _ in range(4)]
        assert [head.split()[1] for head in heads] == [b"500", b"401", b"200", b"200"]


async def test_it_remembers_what_it_was_asked():
    async with FaultyServer(reply()) as server:
        await whole(server, request(b'{"a": 1}'), end=b"{}")
        exchange = await server.arrived()
        assert (exchange.method, exchange.target, exchange.body) == ("POST", "/v1/chat", b'{"a": 1}')
        assert exchange.headers["x-colour"] == "Blue"


async def test_it_notices_that_the_client_hangs_up_on_an_answer_under_way():
    async with FaultyServer(black_hole()) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request())
        exchange = await server.arrived()
        assert not exchange.client_gone.is_set()
        writer.close()
        await exchange.client_gone.wait()


async def test_a_client_that_leaves_after_the_answer_is_not_gone():
    async with FaultyServer(reply(), close_at_once()) as server:
        await whole(server, request(), end=b"{}")
        await ask(server, request())
        assert not server.exchanges[0].client_gone.is_set()


async def test_it_can_go_down_and_come_back_on_the_same_port():
    async with FaultyServer(reply()) as server:
        port = server.port
        await server.refuse()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        await server.listen()
        assert server.port == port
        assert await whole(server, request(), end=b"{}")


async def test_going_down_drops_whoever_is_connected():
    async with FaultyServer(black_hole()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request())
        await server.arrived()
        await server.refuse()
        assert await reader.read() == b""
        assert server.open_connections == 0
        writer.close()


async def test_a_chat_is_answered_whole_with_usage():
    async with FaultyServer(openai_chat("one two three")) as server:
        got = await whole(server, request(json.dumps(CHAT).encode()), end=b"}}")
        answer = json.loads(got.partition(b"\r\n\r\n")[2])
        assert answer["choices"][0]["message"]["content"] == "one two three"
        assert answer["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


def events(got: bytes) -> list[str]:
    return [line[6:] for line in got.decode().splitlines() if line.startswith("data: ")]


async def test_a_chat_is_streamed_with_usage_when_that_is_asked_for():
    body = json.dumps({**CHAT, "stream": True, "stream_options": {"include_usage": True}}).encode()
    async with FaultyServer(openai_chat("one two three")) as server:
        *chunks, usage, done = events(await whole(server, request(body), end=b"0\r\n\r\n"))
        deltas = [json.loads(chunk)["choices"][0]["delta"].get("content", "") for chunk in chunks]
        assert "".join(deltas) == "one two three"
        assert json.loads(chunks[-1])["choices"][0]["finish_reason"] == "stop"
        assert json.loads(usage)["usage"]["completion_tokens"] == 3
        assert done == "[DONE]"


async def test_a_stream_has_no_usage_unless_asked():
    body = json.dumps({**CHAT, "stream": True}).encode()
    async with FaultyServer(openai_chat()) as server:
        assert "usage" not in (await whole(server, request(body), end=b"0\r\n\r\n")).decode()


@pytest.mark.parametrize(
    ("behaviour", "errors_at"), [(error_event_first(), 0), (error_event_midway(), 3), (stream_without_end(), None)]
)
async def test_streams_break_where_they_should(behaviour, errors_at):
    async with FaultyServer(behaviour) as server:
        got = events(await whole(server, request(json.dumps(CHAT).encode()), end=b"0\r\n\r\n"))
        errors = [place for place, event in enumerate(got) if "error" in json.loads(event)]
        assert errors == ([] if errors_at is None else [errors_at])
        assert "[DONE]" not in got


async def test_retry_after_is_there_only_if_given():
    async with FaultyServer(too_many_requests(), too_many_requests(retry_after="7")) as server:
        assert b"retry-after" not in await whole(server, request(), end=b"\r\n\r\n")
        assert b"\r\nretry-after: 7\r\n" in await whole(server, request(), end=b"\r\n\r\n")


async def test_drip_and_slow_start_end_in_a_proper_answer():
    async with FaultyServer(drip(b"{}", interval=0), slow_start(0, reply(b"{}"))) as server:
        for _ in range(2):
            got = await whole(server, request(), end=b"{}")
            assert got.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"content-length: 2\r\n" in got


async def test_headers_can_be_huge_and_bodies_endless():
    async with FaultyServer(huge_headers(size=200_000), endless_body(b"xyz")) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1 << 20)
        writer.write(request())
        assert len(await reader.readuntil(b"\r\n\r\n")) > 200_000
        await reader.readexactly(2)
        writer.write(request())
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(8 * 1000) == b"3\r\nxyz\r\n" * 1000
        writer.close()
        await server.exchanges[1].client_gone.wait()


async def test_garbage_is_not_http():
    async with FaultyServer(garbage()) as server:
        assert not (await whole(server, request(), end=b"\r\n\r\n")).startswith(b"HTTP/")


async def test_an_early_behaviour_acts_before_the_body_is_there():
    async with FaultyServer(Early(reply(b"{}"))) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n")
        assert (await reader.readuntil(b"{}")).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_a_behaviour_that_raises_fails_the_test():
    async def mistaken(exchange: Exchange) -> None:
        raise KeyError("typo")

    with pytest.raises(ExceptionGroup) as caught:
        async with FaultyServer(mistaken) as server:
            await ask(server, request())
    assert caught.group_contains(KeyError)


def test_a_closed_port_refuses_and_a_deaf_one_never_answers():
    with closed_port() as port, socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED
    with deaf_port() as port, socket.socket() as client:
        client.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.connect(("127.0.0.1", port))
