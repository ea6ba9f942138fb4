"""A gateway that is told to stop refuses new work and finishes what it has; told twice, it stops at once. All is recorded."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import upstreams
from gateways import Gateway, Ports, Settings, model_at, until
from upstreams import Midway
from wires import PATIENCE, Reply, Wire, ask, chat, connected, request

from freehold.testing.faulty import Behaviour, Exchange, FaultyServer, black_hole, openai_chat, reply

Start = Callable[[Settings], Gateway]


@pytest.fixture
def start(tmp_path: Path, ports: Ports) -> Iterator[Start]:
    """Starts a gateway of the test's own."""
    begun: list[Gateway] = []

    def run(settings: Settings) -> Gateway:
        begun.append(Gateway(tmp_path, {"providers": {"a": model_at(ports.first)}, **settings}))
        return begun[-1].__enter__()

    yield run
    for gateway in begun:
        gateway.__exit__(None, None, None)


async def stops_listening(gateway: Gateway) -> None:
    async def refused() -> bool:
        try:
            async with connected(gateway.port):
                return False
        except ConnectionError:
            return True

    await until(refused)


def held(go: asyncio.Event) -> Behaviour:
    """Answers once `go` is set."""

    async def behave(exchange: Exchange) -> None:
        await go.wait()
        await openai_chat("in the end")(exchange)

    return behave


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGTERM, 1), (signal.SIGINT, 1), (signal.SIGTERM, 2)])
async def test_no_request_in_flight_is_lost(
    start: Start, first: FaultyServer, number: signal.Signals, workers: int
) -> None:
    go, count = asyncio.Event(), 40
    first.script(held(go))
    gateway = start({"server": {"workers": workers}, "deadlines": {"first_byte": 5.0}})
    waiting = [asyncio.create_task(ask(gateway.port, "a/m", stream=bool(n % 2))) for n in range(count)]
    await asyncio.wait_for(first.arrived(count), PATIENCE)
    gateway.signal(number)
    await stops_listening(gateway)
    go.set()
    answers: list[Reply] = await asyncio.gather(*waiting)
    assert {answer.status for answer in answers} == {200}
    assert {answer.whole for answer in answers} == {True}
    assert {a.streamed_text if n % 2 else a.text for n, a in enumerate(answers)} == {"in the end"}
    assert await asyncio.to_thread(gateway.ended) == 0
    receipts = await gateway.newest(count)
    assert [each.outcome for each in receipts] == ["ok"] * count


async def test_a_stream_goes_on_to_its_end(start: Start, first: FaultyServer) -> None:
    async def the_rest(exchange: Exchange) -> None:
        await exchange.send(upstreams.said(" the end") + upstreams.framed(b"data: [DONE]\n\n") + upstreams.LAST_CHUNK)

    midway = Midway(the_rest)
    first.script(midway)
    gateway = start({})
    async with connected(gateway.port) as wire:
        await wire.send(request(body=chat("a/m", stream=True)))
        status, headers = await wire.head()
        begun = await wire.piece()
        gateway.signal(signal.SIGTERM)
        await stops_listening(gateway)
        midway.go.set()
        rest, whole = await wire.chunks()
        answer = Reply(status=status, headers=headers, body=begun + rest, whole=whole)
        assert (answer.streamed_text, answer.whole) == ("Hello from the end", True)
        assert await wire.ended() == b""


async def test_a_large_answer_reaches_a_slow_reader(start: Start, first: FaultyServer) -> None:
    body = b'{"choices":[],"usage":null,"padding":"%b"}' % (b"x" * 8_000_000)
    first.script(reply(body))
    gateway = start({})
    async with connected(gateway.port, receive_buffer=4096) as wire:
        await wire.send(request(body=chat("a/m")))
        status, headers = await wire.head()
        gateway.signal(signal.SIGTERM)
        await stops_listening(gateway)
        assert (status, headers["content-length"]) == (200, str(len(body)))
        assert await wire.ended() == body


async def test_a_request_half_sent_is_told_to_try_elsewhere(start: Start, first: FaultyServer) -> None:
    gateway = start({"server": {"body_timeout": 5}})
    data = request(body=chat("a/m"))
    async with connected(gateway.port) as wire, connected(gateway.port) as idle:
        await wire.send(data[:-20])
        await idle.send(request("/healthz", method="GET"))
        assert (await idle.reply()).status == 200
        gateway.signal(signal.SIGTERM)
        assert await idle.ended() == b""
        await wire.send(data[-20:])
        answer = await wire.reply()
    assert (answer.status, answer.error["code"], answer.headers["retry-after"]) == (503, "overloaded", "1")
    assert answer.headers["connection"] == "close"
    assert first.exchanges == []


async def left_waiting(gateway: Gateway, first: FaultyServer, wire: Wire) -> None:
    """A request in flight that nobody will answer."""
    first.script(black_hole())
    await wire.send(request(body=chat("a/m")))
    await asyncio.wait_for(first.arrived(), PATIENCE)


async def test_a_second_signal_ends_the_wait(start: Start, first: FaultyServer) -> None:
    gateway = start({"server": {"drain": 600}, "deadlines": {"total": 600, "first_byte": 600}})
    async with connected(gateway.port) as wire:
        await left_waiting(gateway, first, wire)
        gateway.signal(signal.SIGTERM)
        await stops_listening(gateway)
        gateway.signal(signal.SIGTERM)
        assert await wire.ended() == b""
    assert await asyncio.to_thread(gateway.ended) == 0
    await asyncio.wait_for(first.exchanges[0].client_gone.wait(), PATIENCE)
    (receipt,) = await gateway.newest()
    assert (receipt.outcome, receipt.error) == ("cancelled", "client_gone")


async def test_the_wait_for_running_requests_has_an_end(start: Start, first: FaultyServer) -> None:
    gateway = start({"server": {"drain": 0.2}, "deadlines": {"total": 600, "first_byte": 600}})
    async with connected(gateway.port) as wire:
        await left_waiting(gateway, first, wire)
        gateway.signal(signal.SIGTERM)
        assert await wire.ended() == b""
    assert await asyncio.to_thread(gateway.ended) == 0
    (receipt,) = await gateway.newest()
    assert receipt.outcome == "cancelled"


async def test_under_load_every_answer_that_begins_is_whole(start: Start, first: FaultyServer) -> None:
    gateway = start({})
    answered = asyncio.Event()
    served = 0

    async def customer() -> None:
        """Asks on one connection until it is closed to it."""
        nonlocal served
        async with connected(gateway.port) as wire:
            while True:
                await wire.send(request(body=chat("a/m")))
                try:
                    status, headers = await wire.head()
                except (asyncio.IncompleteReadError, ConnectionError) as error:
                    assert not getattr(error, "partial", b"")
                    return
                body = await wire.reader.readexactly(int(headers["content-length"]))
                assert status == 503 or b"from the first" in body
                served += status == 200
                if served > 100:
                    answered.set()

    customers = [asyncio.create_task(customer()) for _ in range(20)]
    await asyncio.wait_for(answered.wait(), PATIENCE)
    gateway.signal(signal.SIGTERM)
    await asyncio.wait_for(asyncio.gather(*customers), PATIENCE)
    assert await asyncio.to_thread(gateway.ended) == 0
    assert served == len(first.exchanges)
    assert [each.outcome for each in await gateway.newest(served)].count("ok") == served
