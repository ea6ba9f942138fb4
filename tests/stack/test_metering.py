"""What a call may come to is held against its key's allowances, and let go when it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.ground.database import open_database
from freehold.ground.errors import RateLimited
from freehold.stack.allowances import Allowance, Allowances, Period, Unit
from freehold.stack.allowances.reserving import IDLE
from freehold.stack.calls import Call
from freehold.stack.clerk import Clerk
from freehold.stack.keys import VirtualKey
from freehold.stack.metering import Meter
from freehold.testing.fixed_clock import FixedClock
from freehold.words.asks import Ask
from freehold.words.dialects import Dialect


def call_of(*terms: Allowance) -> Call:
    key = VirtualKey(id="key_1", name="laptop", prefix="fh-", created=0.0, allowances=terms)
    ask = Ask(id="req_1", dialect=Dialect.CHAT, model="auto", fields={}, needs=frozenset())
    return Call(ask=ask, key=key, arrived=0.0, started=0.0)


async def test_requests_are_counted_and_a_quiet_key_takes_no_memory(tmp_path: Path) -> None:
    database = open_database(tmp_path / "freehold.db")
    database.migrate()
    clerk, clock = Clerk(database), FixedClock()
    clerk.start()
    allowances = Allowances(clerk, clock=clock)
    terms = Allowance(unit=Unit.REQUESTS, limit=2, period=Period.HOUR)
    for _ in range(2):
        await Meter(allowances).admit(call_of(terms))
    with pytest.raises(RateLimited):
        await Meter(allowances).admit(call_of(terms))
    clock.advance(IDLE + 1)
    allowances.tidy()
    assert len(allowances) == 0
    await allowances.close()
    clerk.stop()
