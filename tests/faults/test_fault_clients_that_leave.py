"""A client that goes away takes its work with it: the provider is told, what it cost is booked, nobody else notices."""

from __future__ import annotations

import asyncio

import pytest
import upstreams
from gateways import Gateway, Pair
from upstreams import Midway
from wires import PATIENCE, Wire, ask, chat, connected, request

from freehold.testing.faulty import FaultyServer, black_hole, openai_chat

LEAVING = ["close", "reset"]


async def leave(wire: Wire, how: str) -> None:
    wire.vanish() if how == "reset" else wire.writer.close()


@pytest.mark.parametrize("how", LEAVING)
@pytest.mark.parametrize("stream", [False, True])
async def test_before_the_answer(
    gateway: Gateway, pair: Pair, first: FaultyServer, second: FaultyServer, *, stream: bool, how: str
) -> None:
    first.script(black_hole())
    async with connected(gateway.port) as wire:
        await wire.send(request(body=chat(pair.model, stream=stream)))
        exchange = await asyncio.wait_for(first.arrived(), PATIENCE)
        await leave(wire, how)
    await asyncio.wait_for(exchange.client_gone.wait(), PATIENCE)
    receipt = await gateway.newest_of(pair.model)
    assert (receipt.outcome, receipt.error, receipt.stream) == ("cancelled", "client_gone", stream)
    assert [(each.provider, each.outcome) for each in receipt.attempts] == [(pair.first, "cancelled")]
    assert receipt.seconds < 0.7
    assert second.exchanges == []


@pytest.mark.parametrize("how", LEAVING)
async def test_in_the_middle_of_a_stream(
    gateway: Gateway, pair: Pair, first: FaultyServer, second: FaultyServer, how: str
) -> None:
    first.script(Midway(upstreams.silence))
    async with connected(gateway.port) as wire:
        await wire.send(request(body=chat(pair.model, stream=True)))
        assert (await wire.head())[0] == 200
        assert b"Hello from" in await wire.piece()
        midway = first.exchanges[0]
        await leave(wire, how)
    await asyncio.wait_for(midway.client_gone.wait(), PATIENCE)
    receipt = await gateway.newest_of(pair.model)
    assert (receipt.outcome, receipt.error, receipt.provider) == ("cancelled", "client_gone", pair.first)
    assert receipt.usage.estimated
    assert receipt.usage.output > 0
    assert receipt.usd
    assert receipt.attempts[0].usd == receipt.usd
    assert second.exchanges == []


async def test_with_the_whole_stream_in_hand(gateway: Gateway, pair: Pair, first: FaultyServer) -> None:
    done = Midway(upstreams.done_but_not_closed)
    done.go.set()
    first.script(done)
    async with connected(gateway.port) as wire:
        await wire.send(request(body=chat(f"{pair.first}/m", stream=True)))
        await wire.head()
        heard = b""
        while b"[DONE]" not in heard:
            heard += await wire.piece()
        await leave(wire, "close")
    await asyncio.wait_for(first.exchanges[0].client_gone.wait(), PATIENCE)
    assert (await gateway.newest_of(f"{pair.first}/m")).outcome == "ok"


async def test_while_a_flood_is_on_its_way(gateway: Gateway, pair: Pair, first: FaultyServer) -> None:
    flood = Midway(upstreams.endless)
    flood.go.set()
    first.script(flood)
    async with connected(gateway.port, receive_buffer=4096) as wire:
        await wire.send(request(body=chat(f"{pair.first}/m", stream=True)))
        await wire.head()
        wire.vanish()
    await asyncio.wait_for(first.exchanges[0].client_gone.wait(), PATIENCE)
    assert (await gateway.newest_of(f"{pair.first}/m")).outcome == "cancelled"


async def test_a_breaker_does_not_hold_it_against_the_provider(
    gateway: Gateway, pair: Pair, first: FaultyServer
) -> None:
    first.script(black_hole())
    for number in range(3):
        async with connected(gateway.port) as wire:
            await wire.send(request(body=chat(f"{pair.first}/m")))
            exchange = await asyncio.wait_for(first.arrived(number + 1), PATIENCE)
            wire.vanish()
        await asyncio.wait_for(exchange.client_gone.wait(), PATIENCE)
    told = gateway.provider(pair.first)
    assert (told["breaker"], told["last_error"], told["in_flight"]) == ("closed", "", 0)
    first.script(openai_chat("still here"))
    assert (await ask(gateway.port, f"{pair.first}/m")).text == "still here"


async def test_many_at_once_leave_nothing_behind(gateway: Gateway, pair: Pair, first: FaultyServer) -> None:
    count = 50
    first.script(black_hole())

    async def come_and_go() -> None:
        async with connected(gateway.port) as wire:
            await wire.send(request(body=chat(f"{pair.first}/m")))
            await asyncio.wait_for(first.arrived(count), PATIENCE)
            wire.vanish()

    await asyncio.gather(*(come_and_go() for _ in range(count)))
    await asyncio.wait_for(first.left_alone(), PATIENCE)
    status = gateway.status()
    assert status["requests"]["in_flight"] == 0
    assert gateway.provider(pair.first)["in_flight"] == 0


async def test_a_request_cut_in_the_body_is_never_passed_on(gateway: Gateway, pair: Pair, first: FaultyServer) -> None:
    async with connected(gateway.port) as wire:
        await wire.send(request(body=chat(f"{pair.first}/m"))[:-5])
        wire.vanish()
    assert (await ask(gateway.port, f"{pair.first}/m")).status == 200
    assert len(first.exchanges) == 1
