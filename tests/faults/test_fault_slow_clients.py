"""Clients that are slow to ask are sent away; those slow to read are waited for, without the answer piling up here."""

from __future__ import annotations

import asyncio

import psutil
import pytest
import upstreams
from gateways import Gateway, Pair, Settings
from upstreams import Midway
from wires import PATIENCE, Wire, ask, chat, connected, request

from freehold.testing.faulty import Exchange, FaultyServer, reply

SMALL = 4096
LARGE = 24_000_000
"""Bytes: more than all buffers between the provider and a client hold."""


@pytest.fixture(scope="module")
def settings() -> Settings:
    return {
        "server": {"header_timeout": 0.5, "body_timeout": 0.7, "idle_timeout": 1.0, "write_timeout": 1.0},
        "deadlines": {"total": 12, "between_chunks": 10},
    }


@pytest.mark.parametrize(
    "start",
    [
        b"POST /",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ",
        request(headers=["Content-Length: 900"], length=False) + b"{",
    ],
)
async def test_whoever_drips_a_request_is_told_to_hurry(gateway: Gateway, start: bytes) -> None:
    async with connected(gateway.port) as wire:
        await wire.send(start)
        dripping = asyncio.create_task(drip(wire, b"x"))
        answer = await wire.reply()
        dripping.cancel()
    assert (answer.status, answer.error["type"]) == (408, "invalid_request_error")


@pytest.mark.parametrize("data", [b"", b"\r\n"])
async def test_whoever_says_nothing_is_sent_away(gateway: Gateway, data: bytes) -> None:
    """Blank lines are nothing."""
    async with connected(gateway.port) as wire:
        dripping = asyncio.create_task(drip(wire, data))
        assert await wire.ended() == b""
        dripping.cancel()


async def drip(wire: Wire, data: bytes) -> None:
    while data:
        await wire.send(data)
        await asyncio.sleep(0.05)


async def test_whoever_has_nothing_more_to_ask_is_sent_away(gateway: Gateway) -> None:
    async with connected(gateway.port) as wire:
        await wire.send(request("/healthz", method="GET"))
        assert (await wire.reply()).status == 200
        assert await wire.ended() == b""


async def test_a_thousand_who_say_nothing_keep_nobody_out(gateway: Gateway, pair: Pair, first: FaultyServer) -> None:
    idle = [await asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(500)]
    for _, writer in idle:
        writer.write(b"POST /v1/chat")
    assert (await ask(gateway.port, f"{pair.first}/m")).status == 200
    for reader, writer in idle:
        assert (await asyncio.wait_for(reader.read(), PATIENCE)).startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_a_stream_nobody_reads_stops_at_its_source(gateway: Gateway, pair: Pair, first: FaultyServer) -> None:
    sent = 0

    async def flood(exchange: Exchange) -> None:
        nonlocal sent
        piece = upstreams.said("x" * 50_000)
        while not exchange.client_gone.is_set():
            await exchange.send(piece)
            sent += len(piece)

    midway = Midway(flood)
    midway.go.set()
    first.script(midway)
    before = psutil.Process(gateway.process.pid).memory_info().rss
    async with connected(gateway.port, receive_buffer=SMALL) as wire:
        await wire.send(request(body=chat(f"{pair.first}/m", stream=True)))
        await wire.head()
        await asyncio.wait_for(first.exchanges[0].client_gone.wait(), PATIENCE)
        assert sent < LARGE
        assert psutil.Process(gateway.process.pid).memory_info().rss < before + 8_000_000
    receipt = await gateway.newest_of(f"{pair.first}/m")
    assert (receipt.outcome, receipt.error) == ("cancelled", "client_gone")


async def test_a_stream_read_slowly_comes_whole(gateway: Gateway, pair: Pair, first: FaultyServer) -> None:
    count, text = 60, "y" * 20_000

    async def much(exchange: Exchange) -> None:
        for _ in range(count):
            await exchange.send(upstreams.said(text))
        await exchange.send(upstreams.framed(b"data: [DONE]\n\n") + upstreams.LAST_CHUNK)

    midway = Midway(much)
    midway.go.set()
    first.script(midway)
    async with connected(gateway.port, receive_buffer=SMALL) as wire:
        await wire.send(request(body=chat(f"{pair.first}/m", stream=True)))
        await wire.head()
        read = 0
        while piece := await wire.piece():
            read += piece.count(b"y")
            await asyncio.sleep(0)
    assert read == count * len(text)
    assert (await gateway.newest_of(f"{pair.first}/m")).outcome == "ok"


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
async def test_an_answer_nobody_takes_is_not_kept_for_ever(
    gateway: Gateway, pair: Pair, first: FaultyServer, connection: str
) -> None:
    first.script(reply(b'{"choices":[],"padding":"%b"}' % (b"x" * LARGE)))
    async with connected(gateway.port, receive_buffer=SMALL) as wire:
        await wire.send(request(body=chat(f"{pair.first}/m"), headers=[f"Connection: {connection}"]))
        status, headers = await wire.head()
        assert status == 200
        await gateway.alone()
        assert len(await wire.ended()) < int(headers["content-length"])
