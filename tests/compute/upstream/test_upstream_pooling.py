"""Connections are used again when that is safe, never when not, and none is ever lost."""

from __future__ import annotations

import asyncio
import random

import pytest

from freehold.compute.upstream import Limits, Request
from freehold.compute.upstream.direct import DirectUpstream
from freehold.compute.upstream.sweeper import TICK
from freehold.ground.errors import ProviderBusy, ProviderTimedOut, ProviderUnreachable, TryAnother
from freehold.testing.faulty import (
    Early,
    Exchange,
    FaultyServer,
    black_hole,
    close_at_once,
    closed_port,
    endless_body,
    garbage,
    hang_up_after,
    huge_headers,
    length_too_long,
    length_too_short,
    reply,
    reply_chunked,
    reset_at_once,
    reset_in_body,
    reset_in_chunk,
    reset_in_header,
    stream_cut,
)

LIMIT = 1 << 20


@pytest.fixture
async def limited(make_asking):
    """A client with small bounds: two connections, one of which may be idle, and two requests waiting."""
    client = DirectUpstream(limits=Limits(connections=2, idle=1, waiting=2))
    yield make_asking(client)
    await client.aclose()


async def whole(ask, server) -> bytes:
    return await (await ask(server)).read(LIMIT)


async def test_a_connection_serves_one_request_after_another(ask):
    async with FaultyServer(reply(), reply_chunked(b"{", b"}")) as server:
        for _ in range(5):
            assert await whole(ask, server) == b"{}"
        assert server.connections == 1


async def test_requests_at_the_same_time_have_a_connection_each(ask_direct):
    async with FaultyServer(reply()) as server:
        await asyncio.gather(*(whole(ask_direct, server) for _ in range(8)))
        assert server.connections == 8
        await asyncio.gather(*(whole(ask_direct, server) for _ in range(8)))
        assert server.connections == 8


async def test_the_connection_used_last_is_used_next(ask_direct):
    async with FaultyServer(reply()) as server:
        await asyncio.gather(*(whole(ask_direct, server) for _ in range(3)))
        for _ in range(3):
            await whole(ask_direct, server)
        assert len({exchange.connection for exchange in server.exchanges[3:]}) == 1


async def test_origins_do_not_share_connections(ask_direct):
    async with FaultyServer(reply(b"1")) as one, FaultyServer(reply(b"2")) as two:
        assert [await whole(ask_direct, server) for server in (one, two, one, two)] == [b"1", b"2", b"1", b"2"]
        assert (one.connections, two.connections) == (1, 1)


async def test_connection_close_is_respected(ask):
    async with FaultyServer(reply(headers={"connection": "close"})) as server:
        for number in (1, 2):
            await whole(ask, server)
            assert server.connections == number


async def test_a_connection_on_which_more_came_than_was_promised_is_not_used_again(ask_direct):
    whole_second = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged"
    for excess in (b"}", b'{"more": 1}', b"HTTP/1.1 2", whole_second, b"\x00\xff"):
        async with FaultyServer(length_too_short(b"first", excess=excess), reply(b"second")) as server:
            assert await whole(ask_direct, server) == b"first"
            assert await whole(ask_direct, server) == b"second"
            assert server.connections == 2


async def test_a_connection_on_which_something_comes_unasked_is_not_used_again(ask_direct):
    said = asyncio.Event()

    async def talkative(exchange: Exchange) -> None:
        await reply(b"first")(exchange)
        await said.wait()
        await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged")
        await exchange.client_gone.wait()

    async with FaultyServer(talkative, reply(b"second")) as server:
        assert await whole(ask_direct, server) == b"first"
        said.set()
        await server.left_alone()
        assert await whole(ask_direct, server) == b"second"


async def test_an_answer_before_the_request_was_out_is_delivered_and_the_connection_dropped(ask_direct):
    async with FaultyServer(Early(reply(b"too large", status=413)), reply(b"fine")) as server:
        response = await ask_direct(server, Request(target=b"/", body=b"x" * (32 << 20)))
        assert (response.status, await response.read(LIMIT)) == (413, b"too large")
        assert await whole(ask_direct, server) == b"fine"
        assert server.connections == 2


async def test_a_server_that_hangs_up_between_requests_does_no_harm(ask):
    async with FaultyServer(hang_up_after(reply())) as server:
        for _ in range(5):
            assert await whole(ask, server) == b"{}"
            await server.left_alone()


@pytest.mark.parametrize("ending", [close_at_once(), reset_at_once()])
async def test_a_pooled_connection_that_turns_out_dead_is_replaced_once(ask, ending):
    async with FaultyServer(reply(), ending, reply(b"again")) as server:
        await whole(ask, server)
        assert await whole(ask, server) == b"again"
        assert [exchange.connection for exchange in server.exchanges] == [1, 1, 2]
        assert server.exchanges[1].body == server.exchanges[2].body


@pytest.mark.parametrize("ending", [close_at_once(), reset_at_once()])
async def test_it_is_replaced_only_once(ask, ending):
    async with FaultyServer(reply(), ending) as server:
        await whole(ask, server)
        with pytest.raises(ProviderUnreachable):
            await whole(ask, server)
        assert len(server.exchanges) == 3


async def test_a_pooled_connection_that_has_begun_to_answer_is_not_replaced(ask_direct):
    async with FaultyServer(reply(), reset_in_header(), reply()) as server:
        await whole(ask_direct, server)
        with pytest.raises(TryAnother):
            await whole(ask_direct, server)
        assert len(server.exchanges) == 2


async def test_a_server_that_restarts_is_found_again(ask):
    async with FaultyServer(reply()) as server:
        await whole(ask, server)
        await server.refuse()
        with pytest.raises(ProviderUnreachable):
            await whole(ask, server)
        await server.listen()
        assert await whole(ask, server) == b"{}"


@pytest.mark.parametrize("idle_for", [0.01, 2.5 * TICK])
async def test_idle_connections_are_closed_after_a_while(make_asking, idle_for):
    client = DirectUpstream(limits=Limits(idle_for=idle_for))
    ask = make_asking(client)
    async with FaultyServer(reply()) as server:
        await asyncio.gather(*(whole(ask, server) for _ in range(3)))
        await server.left_alone()
        assert client.connections == 0
        assert await whole(ask, server) == b"{}"
    await client.aclose()


async def test_deadlines_are_watched_again_after_a_time_of_rest(ask_direct):
    async with FaultyServer(reply(), black_hole()) as server:
        await whole(ask_direct, server)
        while ask_direct.client._sweeper.ticking:
            await asyncio.sleep(TICK / 10)
        with pytest.raises(ProviderTimedOut):
            await ask_direct(server, first_byte=0.01)


async def test_no_more_idle_connections_are_kept_than_allowed(limited):
    async with FaultyServer(reply()) as server:
        await asyncio.gather(*(whole(limited, server) for _ in range(2)))
        await whole(limited, server)
        assert limited.client.connections == 1


async def test_under_full_load_requests_take_turns_in_order(limited):
    gates = [asyncio.Event() for _ in range(4)]

    async def gated(exchange: Exchange) -> None:
        await gates[int(exchange.target[1:])].wait()
        await reply(exchange.target.encode())(exchange)

    async with FaultyServer(gated) as server:
        tasks = []
        for number in range(4):
            tasks.append(asyncio.create_task(limited(server, Request(target=b"/%d" % number))))
            await asyncio.sleep(0)
        await server.arrived(2)
        gates[1].set()
        assert (await server.arrived(3)).target == "/2"
        gates[0].set()
        assert (await server.arrived(4)).target == "/3"
        gates[2].set()
        gates[3].set()
        bodies = [await (await task).read(LIMIT) for task in tasks]
        assert bodies == [b"/0", b"/1", b"/2", b"/3"]
        assert server.connections == 2


async def test_who_waits_too_long_for_a_connection_is_told_that_it_is_busy(limited):
    async with FaultyServer(black_hole()) as server:
        holders = [asyncio.create_task(limited(server)) for _ in range(2)]
        await server.arrived(2)
        with pytest.raises(ProviderBusy):
            await limited(server, connect=0.02)
        for holder in holders:
            holder.cancel()
        server.script(reply())
        assert await whole(limited, server) == b"{}"
        await asyncio.gather(*holders, return_exceptions=True)


async def test_the_queue_for_a_connection_is_bounded(limited):
    async with FaultyServer(black_hole()) as server:
        tasks = [asyncio.create_task(limited(server)) for _ in range(4)]
        await server.arrived(2)
        with pytest.raises(ProviderBusy):
            await limited(server)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.left_alone()
        assert limited.client.connections == 0


async def test_a_place_that_a_broken_connection_leaves_goes_to_who_waits(limited):
    async with FaultyServer(black_hole(), black_hole(), reply()) as server:
        holders = [asyncio.create_task(limited(server)) for _ in range(2)]
        await server.arrived(2)
        waiting = asyncio.create_task(whole(limited, server))
        await asyncio.sleep(0)
        holders[0].cancel()
        assert await waiting == b"{}"
        holders[1].cancel()
        await asyncio.gather(*holders, return_exceptions=True)


async def test_a_place_offered_to_someone_who_leaves_that_moment_is_not_lost(limited):
    async with FaultyServer(black_hole(), black_hole(), reply()) as server:
        holders = [asyncio.create_task(limited(server)) for _ in range(2)]
        await server.arrived(2)
        leaving = asyncio.create_task(limited(server))
        await asyncio.sleep(0)
        pool = next(iter(limited.client._pools.values()))
        holders[0].cancel()
        while pool._waiting:
            await asyncio.sleep(0)
        leaving.cancel()
        holders[1].cancel()
        await asyncio.gather(*holders, leaving, return_exceptions=True)
        await server.left_alone()
        assert len(server.exchanges) == 2
        assert pool.places == 0


async def test_connections_that_cannot_be_made_take_no_place(limited):
    with closed_port() as port:
        for _ in range(5):
            with pytest.raises(ProviderUnreachable):
                await limited(port, connect=0.05)


async def test_who_waits_for_a_connection_when_the_client_closes_is_turned_away(limited):
    async with FaultyServer(black_hole()) as server:
        tasks = [asyncio.create_task(limited(server)) for _ in range(4)]
        await server.arrived(2)
        await limited.client.aclose()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(outcome, TryAnother) for outcome in outcomes)
        await server.left_alone()
        assert len(server.exchanges) == 2


FAULTS = [
    black_hole(),
    close_at_once(),
    endless_body(),
    garbage(),
    hang_up_after(reply()),
    huge_headers(size=100_000),
    length_too_long(),
    length_too_short(),
    reply(),
    reply(headers={"connection": "close"}),
    reply_chunked(b"a", b"b"),
    reset_at_once(),
    reset_in_body(),
    reset_in_chunk(),
    reset_in_header(),
    stream_cut(),
]


@pytest.mark.parametrize("seed", range(3))
async def test_after_any_mixture_of_faults_no_connection_is_left_over(limited, seed):
    """Two connections, sixteen impatient askers, some of whom leave: everyone gets an outcome and all places come back."""
    chance = random.Random(seed)

    async def mixture(exchange: Exchange) -> None:
        await chance.choice(FAULTS)(exchange)

    async def one() -> None:
        if chance.random() < 0.2:
            async with asyncio.timeout(0.01):
                await whole(limited, server)
        response = await limited(server, connect=0.5, first_byte=0.05, between_chunks=0.05)
        if chance.random() < 0.2:
            response.close()
        await response.read(LIMIT)

    async def several() -> list[Exception]:
        outcomes = []
        for _ in range(8):
            try:
                await one()
            except (TryAnother, TimeoutError) as error:
                outcomes.append(error)
        return outcomes

    async with FaultyServer(mixture) as server:
        await asyncio.gather(*(several() for _ in range(4)))
        pool = next(iter(limited.client._pools.values()))
        while limited.client.connections > len(pool.idle):
            await asyncio.sleep(0)  # the last dropped connections report themselves within a few rounds of the loop
        assert pool.places == limited.client.connections <= 1
        server.script(reply(b"well"))
        assert await whole(limited, server) == b"well"


async def test_a_connection_that_is_being_made_when_the_client_closes_is_not_used(ask_direct):
    async with FaultyServer(reply()) as server:
        task = asyncio.create_task(ask_direct(server))
        await asyncio.sleep(0)
        await ask_direct.client.aclose()
        with pytest.raises(ProviderUnreachable):
            await task
        await server.left_alone()
        assert not server.exchanges
