"""Who fails again and again is left alone for a while, then tried with one request, then trusted again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from gateways import Gateway, Pair, Settings, until
from wires import PATIENCE, ask

from freehold.testing.faulty import Behaviour, FaultyServer, error_status, openai_chat, reset_at_once, too_many_requests

FAILURES = 3


@pytest.fixture(scope="module")
def settings() -> Settings:
    return {"breaker": {"failures": FAILURES, "open_seconds": 0.6, "max_open_seconds": 1.2}, "retry": {"attempts": 1}}


async def open_breaker(gateway: Gateway, pair: Pair, first: FaultyServer, fault: Behaviour) -> int:
    """Have the first of the pair fail until its breaker opens; how often it was asked."""
    first.script(fault)
    for _ in range(FAILURES):
        assert (await ask(gateway.port, pair.model)).status == 200
    assert gateway.provider(pair.first)["breaker"] == "open"
    return len(first.exchanges)


@pytest.mark.parametrize(
    ("make", "code"), [(lambda: error_status(500), "provider_broken"), (reset_at_once, "provider_unreachable")]
)
async def test_it_opens_and_the_upstream_is_left_alone(
    gateway: Gateway, pair: Pair, first: FaultyServer, second: FaultyServer, *, make: Callable[[], Behaviour], code: str
) -> None:
    asked = await open_breaker(gateway, pair, first, make())
    assert gateway.provider(pair.first)["last_error"] == code
    answer = await ask(gateway.port, pair.model)
    assert (answer.text, answer.headers["x-freehold-attempts"]) == ("from the second", "1")
    assert len(first.exchanges) == asked == FAILURES


async def test_a_probe_closes_it(gateway: Gateway, pair: Pair, first: FaultyServer, second: FaultyServer) -> None:
    await open_breaker(gateway, pair, first, error_status(500))
    first.script(openai_chat("back again"))

    async def probed() -> bool:
        return (await ask(gateway.port, pair.model)).text == "back again"

    assert await until(probed)
    assert gateway.provider(pair.first)["breaker"] == "closed"
    assert (await ask(gateway.port, pair.model)).text == "back again"


async def test_a_failed_probe_costs_no_request_and_opens_it_again(
    gateway: Gateway, pair: Pair, first: FaultyServer, second: FaultyServer
) -> None:
    asked = await open_breaker(gateway, pair, first, error_status(500))

    async def probed() -> bool:
        assert (await ask(gateway.port, pair.model)).text == "from the second"
        return len(first.exchanges) > asked

    assert await until(probed)
    assert gateway.provider(pair.first)["breaker"] == "open"


async def test_one_probe_at_a_time(gateway: Gateway, pair: Pair, first: FaultyServer, second: FaultyServer) -> None:
    asked = await open_breaker(gateway, pair, first, error_status(500))
    hold = asyncio.Event()

    async def held(exchange) -> None:
        await hold.wait()
        await openai_chat("back again")(exchange)

    first.script(held)
    probes: list[asyncio.Task] = []

    async def probing() -> bool:
        probes.append(asyncio.create_task(ask(gateway.port, pair.model)))
        await asyncio.wait([probes[-1], asyncio.create_task(first.arrived(asked + 1))], return_when="FIRST_COMPLETED")
        return len(first.exchanges) > asked

    assert await until(probing)
    others = await asyncio.gather(*(ask(gateway.port, pair.model) for _ in range(10)))
    assert {answer.text for answer in others} == {"from the second"}
    assert len(first.exchanges) == asked + 1
    hold.set()
    assert (await asyncio.wait_for(probes[-1], PATIENCE)).text == "back again"


async def test_a_probe_whose_client_leaves_decides_nothing_and_holds_nobody_up(
    gateway: Gateway, pair: Pair, first: FaultyServer, second: FaultyServer
) -> None:
    asked = await open_breaker(gateway, pair, first, error_status(500))

    async def silent(exchange) -> None:
        await exchange.client_gone.wait()

    first.script(silent, openai_chat("back again"))
    leaving: list[asyncio.Task] = []

    async def probing() -> bool:
        leaving.append(asyncio.create_task(ask(gateway.port, pair.model)))
        await asyncio.wait([leaving[-1], asyncio.create_task(first.arrived(asked + 1))], return_when="FIRST_COMPLETED")
        return len(first.exchanges) > asked

    assert await until(probing)
    leaving[-1].cancel()
    await asyncio.wait_for(first.exchanges[asked].client_gone.wait(), PATIENCE)

    async def back() -> bool:
        return (await ask(gateway.port, pair.model)).text == "back again"

    assert await until(back)


async def test_busy_for_a_while_is_left_alone_for_that_while(
    gateway: Gateway, pair: Pair, first: FaultyServer, second: FaultyServer
) -> None:
    first.script(too_many_requests(retry_after="600"))
    assert (await ask(gateway.port, pair.model)).text == "from the second"
    for _ in range(3):
        assert (await ask(gateway.port, pair.model)).headers["x-freehold-attempts"] == "1"
    assert len(first.exchanges) == 1


async def test_with_everyone_left_alone_the_request_is_tried_all_the_same(
    gateway: Gateway, pair: Pair, first: FaultyServer, second: FaultyServer
) -> None:
    second.script(error_status(500))
    first.script(error_status(500))
    for _ in range(FAILURES):
        assert (await ask(gateway.port, pair.model)).status == 502
    second.script(openai_chat("a long shot"))
    assert (await ask(gateway.port, pair.model)).text == "a long shot"


async def test_a_storm_of_errors_under_load_loses_no_request(
    gateway: Gateway, pair: Pair, first: FaultyServer, second: FaultyServer
) -> None:
    first.script(error_status(500))
    answers = await asyncio.gather(*(ask(gateway.port, pair.model) for _ in range(100)))
    assert {(answer.status, answer.text) for answer in answers} == {(200, "from the second")}
    assert gateway.provider(pair.first)["breaker"] == "open"
