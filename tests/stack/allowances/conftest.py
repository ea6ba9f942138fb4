"""Workers: each with its own clerk, connection and memory, as processes have, over one database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from freehold.ground.database import Database, open_database
from freehold.stack.allowances import Allowances
from freehold.stack.clerk import Clerk
from freehold.testing.fixed_clock import FixedClock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def worker(database: Database, database_url: str, clock: FixedClock) -> Iterator[Callable[..., Allowances]]:
    """Starts a worker. One that is not closed has crashed: it gives nothing back."""
    clerks: list[Clerk] = []

    def start(**options: object) -> Allowances:
        clerk = Clerk(open_database(database_url))
        clerks.append(clerk)
        clerk.start()
        return Allowances(clerk, **{"clock": clock} | options)  # type: ignore[arg-type]

    yield start
    for clerk in clerks:
        assert clerk.stop(30)  # type: ignore[arg-type]
