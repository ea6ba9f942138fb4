"""kill -9 in the middle of everything: the database opens, receipts beyond the window are there, no budget starts anew."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from gateways import Gateway, Ports, model_at, until
from wires import PATIENCE, ask

from freehold.stack.allowances.terms import Allowance, Period, Unit
from freehold.testing.faulty import Exchange, FaultyServer, openai_chat

BUDGET, EACH = 0.050, 0.001
"""US dollars: what a key may spend in a day, and what an answer costs."""

WINDOW, WRITING = 0.05, 0.4
"""Seconds: for how long a receipt may wait, and may take to be written on a busy machine."""


@pytest.fixture
def gateway(tmp_path: Path, ports: Ports) -> Iterator[Gateway]:
    """Not started: the tests start and kill it."""
    settings = {
        "providers": {"a": model_at(ports.first, max_output=1)},
        "prices": {"a/m": {"input": 0.0, "output": 0.0, "request": EACH}},
        "receipts": {"window_ms": round(WINDOW * 1000)},
    }
    made = Gateway(tmp_path, settings)
    yield made
    made.__exit__(None, None, None)


def check_database(gateway: Gateway) -> None:
    with sqlite3.connect(gateway.home.state / "freehold.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


@dataclass
class Load:
    """Customers who ask again and again until the gateway is gone or refuses."""

    gateway: Gateway
    key: str = ""
    answered: list[tuple[float, str]] = field(default_factory=list)
    """When, and the request's id."""

    async def customer(self) -> None:
        headers = [f"Authorization: Bearer {self.key}"]
        try:
            while (answer := await ask(self.gateway.port, "a/m", headers=headers)).status == 200:
                self.answered.append((time.monotonic(), answer.id))
        except (ConnectionError, asyncio.IncompleteReadError):
            return

    async def kill_after(self, enough: Callable[[Load], bool]) -> float:
        """Kill the gateway under the load of some customers; when that was."""
        customers = [asyncio.create_task(self.customer()) for _ in range(6)]
        await until(lambda: enough(self))
        killed = time.monotonic()
        self.gateway.kill()
        await asyncio.wait_for(asyncio.gather(*customers), PATIENCE)
        return killed

    @property
    def span(self) -> float:
        """Seconds between the first and the last answer."""
        return self.answered[-1][0] - self.answered[0][0] if self.answered else 0.0


async def test_what_was_recorded_stays_recorded(gateway: Gateway, first: FaultyServer) -> None:
    gateway.start()
    load = Load(gateway)
    killed = await load.kill_after(lambda load: load.span > WINDOW + WRITING + 0.3)
    check_database(gateway)
    gateway.start()
    kept = {each.id: each.outcome for each in await gateway.newest()}
    old = [id for when, id in load.answered if when < killed - WINDOW - WRITING]
    assert len(old) > 5
    assert [id for id in old if kept.get(id) != "ok"] == []
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
        await Load(gateway, key).kill_after(lambda load: len(load.answered) >= 10)
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
