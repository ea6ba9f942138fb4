from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from stack_bench import Bench

from freehold.testing import FakeProvider

Make = Callable[..., Bench]


@pytest.fixture
async def make_bench(tmp_path: Path) -> AsyncIterator[Make]:
    """Sets up desks. Whatever was asked of them, nothing is under way once a test is over."""
    made: list[Bench] = []

    def make(*providers: FakeProvider, **options: object) -> Bench:
        where = tmp_path / str(len(made))
        where.mkdir()
        made.append(Bench(where, *providers, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for bench in made:
        assert bench.load() == {}
        assert bench.desk.in_flight == 0
        await bench.close()
