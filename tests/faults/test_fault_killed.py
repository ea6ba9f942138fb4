"""kill -9 in the middle of everything: the database opens, receipts beyond the window are there, no budget starts anew."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateways import Gateway, Ports, model_at
from wires import PATIENCE, ask

from freehold.stack.allowances.terms import Allowance, Period, Unit
from freehold.testing.faulty import Exchange, FaultyServer, openai_chat

BUDGET, EACH = 0.050, 0.001
"""US dollars: what a key may spend in a day, and what an answer costs."""


@pytest.fixture
def gateway(tmp_path: Path, ports: Ports) -> Iterator[Gateway]:
    """Not started: the tests start and kill it."""
    settings = {
        "providers": {"a": model_at(ports.first, max_output=1)},
        "prices": {"a/m": {"input": 0.0, "output": 0.0, "request": EACH}},
        "receipts": {"window_ms": 50},
    }
    made = Gateway(tmp_path, settings)
    yield made
    made.__exit__(None, None, None)


def check_database(gateway: Gateway) -> None:
    with sqlite3.connect(gateway.home.state / "freehold.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


async def ask_until_killed(gateway: Gateway, key: str, answered: list[str], enough: asyncio.Event) -> None:
    """Ask again and again; note the ids of all that was answered."""
    try:
        while True:
            answer = await ask(gateway.port, "a/m", headers=[f"Authorization: Bearer {key}"])
            if answer.status != 200:
                return
            answered.append(answer.id)
            if len(answered) >= 10:
                enough.set()
    except (ConnectionError, asyncio.IncompleteReadError):
        return


async def test_what_was_recorded_stays_recorded(gateway: Gateway, first: FaultyServer) -> None:
    gateway.start()
    answered: list[str] = []
    enough = asyncio.Event()
    customers = [asyncio.create_task(ask_until_killed(gateway, "", answered, enough)) for _ in range(8)]
    await asyncio.wait_for(enough.wait(), PATIENCE)
    early = [await gateway.receipt(id) for id in answered[:5]]
    count = len(answered)
    while len(answered) < count + 50:
        await asyncio.sleep(0)
    gateway.kill()
    await asyncio.wait_for(asyncio.gather(*customers), PATIENCE)
    check_database(gateway)
    gateway.start()
    assert [await gateway.receipt(each.id) for each in early] == early
    kept = {each.id: each for each in await gateway.newest()}
    lost = [id for id in answered if id not in kept]
    assert lost == answered[len(answered) - len(lost) :] or len(lost) < len(answered) - count
    assert (await ask(gateway.port, "a/m")).status == 200
    gateway.stop()
    check_database(gateway)


async def test_a_budget_does_not_start_anew(gateway: Gateway, first: FaultyServer) -> None:
    """Several lives, one budget: together they spend no more than it, and not much less."""
    served = 0

    async def count(exchange: Exchange) -> None:
        nonlocal served
        served += 1
        await openai_chat("ok")(exchange)

    first.script(count)
    key = gateway.new_key("spender", Allowance(unit=Unit.USD, limit=BUDGET, period=Period.DAY))
    for _ in range(2):
        gateway.start()
        enough = asyncio.Event()
        answered: list[str] = []
        customers = [asyncio.create_task(ask_until_killed(gateway, key, answered, enough)) for _ in range(5)]
        await asyncio.wait_for(enough.wait(), PATIENCE)
        gateway.kill()
        await asyncio.wait_for(asyncio.gather(*customers), PATIENCE)
    gateway.start()
    statuses = {(await ask(gateway.port, "a/m", headers=[f"Authorization: Bearer {key}"])).status for _ in range(60)}
    assert statuses <= {200, 429}
    assert 429 in statuses
    assert 20 <= served <= round(BUDGET / EACH)
    gateway.stop()
    check_database(gateway)


async def test_a_restart_finds_nothing_in_its_way(gateway: Gateway, first: FaultyServer) -> None:
    for _ in range(3):
        gateway.start()
        assert (await ask(gateway.port, "a/m")).status == 200
        gateway.kill()
    gateway.start()
    assert gateway.status()["requests"]["total"] in (0, 1)
    gateway.stop()
