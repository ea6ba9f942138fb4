"""Every way to fail ends in an error of ours, of the right kind, at the right moment; never in a hang."""

from __future__ import annotations

import gzip

import pytest

from freehold.ground.errors import ProviderBroken, ProviderTimedOut, ProviderUnreachable, TryAnother
from freehold.testing.faulty import (
    Exchange,
    FaultyServer,
    black_hole,
    close_at_once,
    closed_port,
    deaf_port,
    drip,
    endless_body,
    garbage,
    huge_headers,
    length_too_long,
    reply,
    reset_at_once,
    reset_in_body,
    reset_in_chunk,
    reset_in_header,
    slow_start,
    stream_cut,
)

LIMIT = 1 << 20
SOON = 0.05
ARRIVED_BY = 1.0
"""Seconds in which a request reaches a server on loopback, however busy the machine; without it there is nobody to notice."""


def sends(data: bytes):
    async def behave(exchange: Exchange) -> None:
        await exchange.send(data)
        await exchange.client_gone.wait()

    return behave


def endlessly(start: bytes, again: bytes):
    async def behave(exchange: Exchange) -> None:
        await exchange.send(start)
        while True:
            await exchange.send(again * 1000)

    return behave


async def test_a_closed_port_is_unreachable(ask):
    with closed_port() as port, pytest.raises(ProviderUnreachable):
        await ask(port)


async def test_a_port_that_never_answers_times_out(ask):
    with deaf_port() as port, pytest.raises(ProviderTimedOut):
        await ask(port, connect=SOON)


async def test_a_name_that_cannot_resolve_is_unreachable(ask):
    from freehold.compute.upstream import Deadlines, Origin, Request

    for host in ("a..b", "ü" * 70):  # refused by the resolver without asking anyone
        with pytest.raises(ProviderUnreachable):
            await ask.client.send(Origin("http", host, 80), Request(target=b"/"), Deadlines())


@pytest.mark.parametrize("behaviour", [reset_at_once(), close_at_once()])
async def test_a_connection_that_ends_without_a_byte_is_unreachable(ask, behaviour):
    async with FaultyServer(behaviour) as server:
        with pytest.raises(ProviderUnreachable):
            await ask(server)
        assert len(server.exchanges) == 1, "a fresh connection gets no second chance"


async def test_a_head_that_breaks_off_is_broken(ask_direct):
    async with FaultyServer(reset_in_header()) as server:
        with pytest.raises(ProviderBroken):
            await ask_direct(server)


@pytest.mark.parametrize("behaviour", [reset_in_body(), reset_in_chunk(), length_too_long(), stream_cut()])
@pytest.mark.parametrize("way", ["read", "chunk"])
async def test_a_body_that_breaks_off_is_broken_after_what_there_was(ask, behaviour, way):
    async with FaultyServer(behaviour) as server:
        response = await ask(server)
        assert response.status == 200
        with pytest.raises(ProviderBroken):
            await (response.read(LIMIT) if way == "read" else drain(response))


async def drain(response) -> bytes:
    got = b""
    while piece := await response.chunk():
        got += piece
    return got


async def test_what_came_before_the_break_is_not_lost(ask_direct):
    async with FaultyServer(length_too_long()) as server:
        response = await ask_direct(server)
        assert await response.chunk() == b'{"id": "half an ans'
        for _ in range(2):
            with pytest.raises(ProviderBroken):
                await response.chunk()


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01 this is not HTTP \xff\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnot hex\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
)
async def test_nonsense_is_broken(ask, data):
    async with FaultyServer(garbage(data)) as server:
        with pytest.raises(ProviderBroken):
            await (await ask(server)).read(LIMIT)
        await server.left_alone()


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n", "101"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "101"),
        (b"HTTP/1.1 100 Continue\r\ncontent-length: 5\r\n\r\nHello", "interim"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n", "transfer coding"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "transfer coding"),
    ],
)
async def test_what_nobody_asked_for_is_refused_by_name(ask_direct, data, named):
    async with FaultyServer(sends(data)) as server:
        with pytest.raises(ProviderBroken, match=named):
            await ask_direct(server)


async def test_an_answer_that_is_compressed_all_the_same_is_refused_by_name(ask):
    squeezed = reply(gzip.compress(b"{}" * 100), headers={"content-encoding": "gzip"})
    async with FaultyServer(squeezed) as server:
        with pytest.raises(ProviderBroken, match="compressed") as caught:
            await ask(server)
        assert caught.value.status == 200


@pytest.mark.parametrize("behaviour", [huge_headers(size=1 << 20), huge_headers(size=100_000, lines=1000)])
async def test_heads_are_bounded(ask, behaviour):
    async with FaultyServer(behaviour) as server:
        with pytest.raises(ProviderBroken):
            await ask(server)


@pytest.mark.parametrize(
    ("start", "again"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;", b"extension"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", b"trailer: x\r\n"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1;" + b"e" * 1000 + b"\r\nx\r\n"),
    ],
)
async def test_framing_without_end_is_cut_off(ask_direct, start, again):
    async with FaultyServer(endlessly(start, again)) as server:
        with pytest.raises(ProviderBroken):
            await (await ask_direct(server)).read(1 << 30)


async def test_chunks_of_a_byte_each_are_fine(ask):
    async def behave(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        await exchange.send(b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n")

    async with FaultyServer(behave) as server:
        assert await (await ask(server)).read(LIMIT) == b"x" * 50_000


@pytest.mark.parametrize("behaviour", [endless_body(), reply(b"x" * (LIMIT + 1))])
async def test_bodies_are_read_only_up_to_the_limit(ask, behaviour):
    async with FaultyServer(behaviour) as server:
        response = await ask(server)
        with pytest.raises(ProviderBroken, match="longer than"):
            await response.read(LIMIT)


async def test_a_body_as_long_as_the_limit_is_fine(ask):
    async with FaultyServer(reply(b"x" * LIMIT)) as server:
        assert len(await (await ask(server)).read(LIMIT)) == LIMIT


@pytest.mark.parametrize("behaviour", [black_hole(), slow_start(3600, reply())])
async def test_silence_before_the_head_times_out_and_the_server_notices(ask, behaviour):
    async with FaultyServer(behaviour) as server:
        with pytest.raises(ProviderTimedOut):
            await ask(server, connect=ARRIVED_BY, first_byte=ARRIVED_BY)
        await (await server.arrived()).client_gone.wait()


async def test_a_head_that_only_drips_times_out(ask):
    async with FaultyServer(drip(interval=0.02)) as server:
        with pytest.raises(ProviderTimedOut):
            await ask(server, connect=SOON, first_byte=SOON)


async def test_silence_in_the_middle_times_out_and_the_server_notices(ask):
    async with FaultyServer(sends(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")) as server:
        response = await ask(server)
        assert await response.chunk() == b"half"
        short = await ask(server, between_chunks=SOON)
        assert await short.chunk() == b"half"
        with pytest.raises(ProviderTimedOut):
            await short.chunk()
        await (await server.arrived(2)).client_gone.wait()
        assert not server.exchanges[0].client_gone.is_set(), "each request has its own deadlines"


async def test_a_body_that_drips_is_not_silent(ask):
    async with FaultyServer(drip(b"x" * 20, interval=0.01)) as server:
        response = await ask(server, between_chunks=0.15)
        assert await response.read(LIMIT) == b"x" * 20


async def test_no_error_holds_the_request_s_secrets(ask):
    from freehold.compute.upstream import Request

    request = Request(target=b"/?key=sk-target", headers=b"Authorization: Bearer sk-header\r\n", body=b"sk-body")
    for behaviour in (close_at_once(), garbage(), reset_in_body(), black_hole()):
        async with FaultyServer(behaviour) as server:
            with pytest.raises(TryAnother) as caught:
                await (await ask(server, request, connect=SOON, first_byte=SOON)).read(LIMIT)
            assert "sk-" not in f"{caught.value!r}{caught.value.advice}"
