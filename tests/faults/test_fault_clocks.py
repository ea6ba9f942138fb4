"""The wall clock jumps while a gateway runs: no deadline fires, no budget starts anew, no window comes twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateways import Gateway, Ports, model_at
from wires import Reply, ask

from freehold.stack.allowances.terms import Allowance, Period, Unit
from freehold.testing.faulty import FaultyServer, openai_chat, slow_start

LIMIT = 10
LIBRARIES = [*Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), *Path("/usr/lib/faketime").glob("libfaketime.so.1")]


class Clock:
    """The wall clock of one gateway, which follows a file; time since boot goes on as it does."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.jump("+0")

    def jump(self, offset: str) -> None:
        """From now on `offset` away from the real time, such as `+2d` or `-1y`."""
        draft = self._file.with_suffix(".draft")
        draft.write_text(f"{offset}\n")
        draft.replace(self._file)

    @property
    def variables(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    if not LIBRARIES:
        pytest.skip("libfaketime is not installed (Debian: apt install libfaketime)")
    return Clock(tmp_path / "clock")


@pytest.fixture
def keys() -> dict[Period, str]:
    """Secrets by the period of their only allowance."""
    return {}


@pytest.fixture
def gateway(tmp_path: Path, ports: Ports, clock: Clock, keys: dict[Period, str]) -> Iterator[Gateway]:
    made = Gateway(tmp_path, {"providers": {"a": model_at(ports.first)}}, variables=clock.variables)
    for period in (Period.DAY, Period.MONTH):
        keys[period] = made.new_key(period, Allowance(unit=Unit.REQUESTS, limit=LIMIT, period=period))
    with made as running:
        yield running


async def ask_as(gateway: Gateway, key: str) -> Reply:
    return await ask(gateway.port, "a/m", headers=[f"Authorization: Bearer {key}"])


async def spend(gateway: Gateway, key: str) -> int:
    """Ask until refused; how often that went well."""
    served = 0
    while (answer := await ask_as(gateway, key)).status == 200:
        served += 1
    assert answer.status == 429
    return served


async def test_a_clock_set_back_gives_no_budget_back(
    gateway: Gateway, clock: Clock, keys: dict[Period, str], first: FaultyServer
) -> None:
    key = keys[Period.DAY]
    assert await spend(gateway, key) == LIMIT
    for offset in ("-1d", "-40d", "-5y", "+0"):
        clock.jump(offset)
        assert await spend(gateway, key) == 0


async def test_a_clock_set_forward_opens_the_next_window_once(
    gateway: Gateway, clock: Clock, keys: dict[Period, str], first: FaultyServer
) -> None:
    key = keys[Period.MONTH]
    assert await spend(gateway, key) == LIMIT
    clock.jump("+40d")
    assert await spend(gateway, key) == LIMIT
    clock.jump("+0")
    assert await spend(gateway, key) == 0


@pytest.mark.parametrize("offset", ["+10y", "-10y"])
async def test_requests_on_their_way_notice_nothing(
    gateway: Gateway, clock: Clock, first: FaultyServer, offset: str
) -> None:
    first.script(slow_start(0.3, openai_chat("on time")))
    asking = [asyncio.create_task(ask(gateway.port, "a/m", stream=stream)) for stream in (False, True)]
    await first.arrived(2)
    clock.jump(offset)
    whole, streamed = await asyncio.gather(*asking)
    assert whole.text == streamed.streamed_text == "on time"
    for answer in (whole, streamed):
        receipt = await gateway.receipt(answer.id)
        assert 0.3 <= receipt.seconds < 10
    assert (await ask(gateway.port, "a/m")).status == 200
    assert gateway.provider("a")["breaker"] == "closed"
