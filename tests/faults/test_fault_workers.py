"""Several workers behind one port: one budget, one configuration; one that dies is replaced, none outlives its parent."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from gateways import Gateway, Ports, model_at, until
from wires import ask

from freehold.stack.allowances.terms import Allowance, Period, Unit
from freehold.testing.faulty import FaultyServer

WORKERS = 2
BUDGET, EACH = 0.100, 0.001
"""US dollars: what a key may spend in a day, and what an answer costs."""


@pytest.fixture
def gateway(tmp_path: Path, ports: Ports) -> Iterator[Gateway]:
    settings = {
        "server": {"workers": WORKERS},
        "providers": {"a": model_at(ports.first, max_output=1)},
        "prices": {"a/m": {"input": 0.0, "output": 0.0, "request": EACH}},
    }
    made = Gateway(tmp_path, settings)
    yield made
    made.__exit__(None, None, None)


async def all_in_place(gateway: Gateway) -> list[psutil.Process]:
    """Wait until there are as many workers as there should be."""

    def look() -> list[psutil.Process] | None:
        children = [each for each in gateway.children if each.status() != psutil.STATUS_ZOMBIE]
        return children if len(children) == WORKERS else None

    return await until(look)


@pytest.mark.parametrize("unit", [Unit.USD, Unit.REQUESTS])
async def test_two_hundred_at_once_stay_within_one_budget(gateway: Gateway, first: FaultyServer, unit: Unit) -> None:
    limit = BUDGET if unit is Unit.USD else BUDGET / EACH
    key = gateway.new_key("spender", Allowance(unit=unit, limit=limit, period=Period.MONTH))
    gateway.start()
    await all_in_place(gateway)
    headers = [f"Authorization: Bearer {key}"]
    answers = await asyncio.gather(*(ask(gateway.port, "a/m", headers=headers) for _ in range(200)))
    statuses = [answer.status for answer in answers]
    assert set(statuses) == {200, 429}
    assert len(first.exchanges) == statuses.count(200)
    assert BUDGET / EACH * 0.8 <= statuses.count(200) <= round(BUDGET / EACH)
    gateway.stop()


async def test_a_killed_worker_is_replaced(gateway: Gateway, first: FaultyServer) -> None:
    gateway.start()
    for _ in range(2):
        victim = (await all_in_place(gateway))[0]
        victim.kill()
        await until(lambda gone=victim: gone.pid not in {each.pid for each in gateway.children})
        await all_in_place(gateway)
        answers = await asyncio.gather(*(ask(gateway.port, "a/m") for _ in range(20)))
        assert {answer.status for answer in answers} == {200}
    gateway.stop()


async def test_with_every_worker_dead_requests_wait_for_the_next(gateway: Gateway, first: FaultyServer) -> None:
    gateway.start()
    for each in await all_in_place(gateway):
        each.kill()
    assert (await ask(gateway.port, "a/m")).status == 200
    gateway.stop()


async def test_no_worker_outlives_its_parent(gateway: Gateway, first: FaultyServer) -> None:
    gateway.start()
    orphans = await all_in_place(gateway)
    gateway.kill()
    await until(lambda: not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in orphans))
    gateway.configure(server={"port": gateway.port})
    gateway.start()
    assert (await ask(gateway.port, "a/m")).status == 200
    gateway.stop()


async def test_all_take_up_a_new_configuration(gateway: Gateway, first: FaultyServer) -> None:
    gateway.start()
    await all_in_place(gateway)
    gateway.configure(aliases={"new": ["a/m"]})
    gateway.signal(signal.SIGHUP)
    in_a_row = 0

    async def everywhere() -> bool:
        nonlocal in_a_row
        in_a_row = in_a_row + 1 if (await ask(gateway.port, "new")).status == 200 else 0
        return in_a_row == 20

    await until(everywhere)
    gateway.stop()
