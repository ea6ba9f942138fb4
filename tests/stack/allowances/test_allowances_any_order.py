"""Whatever workers, requests, clocks and crashes do, in any order: limits hold, and nothing that was spent is forgotten.

The machine plays several workers over one database. Beside them it keeps a model that knows, for each window, what every
request may have used at most; it never forgets, crashes or not.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections import defaultdict
from concurrent.futures import Future
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from freehold.ground.database import Database, open_database
from freehold.ground.errors import BudgetExhausted, RateLimited
from freehold.ground.units import NanoUsd
from freehold.stack.allowances import Allowance, Allowances, Need, Period, Reservation, Unit, spent
from freehold.stack.allowances.slots import Slot
from freehold.stack.clerk import Clerk, T, Work, _Task
from freehold.testing.fixed_clock import FixedClock

TERMS = (
    Allowance(unit=Unit.USD, limit=1e-6, period=Period.DAY),
    Allowance(unit=Unit.TOKENS, limit=500, period=Period.HOUR),
    Allowance(unit=Unit.REQUESTS, limit=20, period=Period.MINUTE),
)
LIMITS = {allowance.name: allowance.amount for allowance in TERMS}
needs = st.builds(
    Need,
    requests=st.integers(0, 2),
    tokens=st.integers(0, 200),
    nano_usd=st.integers(0, 400).map(NanoUsd),
)
_owners = (f"key_{number}" for number in itertools.count())


class PromptClerk(Clerk):
    """Does what it is asked on the spot, so that the same steps always have the same outcome."""

    def ask(self, work: Work[T]) -> Future[T]:
        task = _Task(work)
        task.run(self._database)
        return task.future


class StandingLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers go by the standing clock."""

    def __init__(self, clock: FixedClock) -> None:
        super().__init__()
        self.time = clock.monotonic  # type: ignore[method-assign]


class Worker:
    """One process: its own connection and memory."""

    def __init__(self, url: str, clock: FixedClock) -> None:
        self.clerk = PromptClerk(open_database(url))
        self.allowances = Allowances(self.clerk, clock=clock)
        self.running: list[tuple[Reservation, tuple[Slot, ...]]] = []


class AnyOrder(RuleBasedStateMachine):
    url: str
    watching: Database

    def __init__(self) -> None:
        super().__init__()
        self.owner = next(_owners)
        self.clock = FixedClock()
        self.loop = StandingLoop(self.clock)
        self.workers: list[Worker] = []
        self.stopped: list[Clerk] = []
        self.used: dict[tuple[str, int], int] = defaultdict(int)
        """Per window: what requests used, or still may."""
        self.latest: dict[str, int] = {}
        self.crashes = self.opened = 0

    @rule()
    @precondition(lambda self: len(self.workers) < 3)
    def a_worker_starts(self) -> None:
        self.workers.append(Worker(self.url, self.clock))
        self.opened += 1

    @rule(data=st.data(), need=needs)
    @precondition(lambda self: self.workers)
    def a_request_comes(self, data: st.DataObject, need: Need) -> None:
        worker = data.draw(st.sampled_from(self.workers))
        self._admitted(worker, self.loop.run_until_complete(self._attempt(worker, need)), need)

    @rule(data=st.data(), each=st.lists(needs, min_size=2, max_size=30))
    @precondition(lambda self: self.workers)
    def many_requests_come_at_once(self, data: st.DataObject, each: list[Need]) -> None:
        at = [data.draw(st.sampled_from(self.workers)) for _ in each]

        async def all_of_them() -> list[Reservation | None]:
            return await asyncio.gather(*map(self._attempt, at, each))

        for worker, outcome, need in zip(at, self.loop.run_until_complete(all_of_them()), each, strict=True):
            self._admitted(worker, outcome, need)

    @rule(data=st.data(), share=st.floats(0, 1))
    @precondition(lambda self: any(worker.running for worker in self.workers))
    def a_request_ends(self, data: st.DataObject, share: float) -> None:
        worker = data.draw(st.sampled_from([worker for worker in self.workers if worker.running]))
        reservation, slots = worker.running.pop(data.draw(st.integers(0, len(worker.running) - 1)))
        amounts = tuple(int(amount * share) for amount in reservation.amounts)
        for slot in slots:
            self.used[slot.allowance.name, slot.window] += amounts[slot.unit] - reservation.amounts[slot.unit]
        worker.allowances.settle(
            reservation, Need(nano_usd=NanoUsd(amounts[0]), tokens=amounts[1], requests=amounts[2])
        )

    @rule(seconds=st.sampled_from([0.1, 1.5, 15, 70, 4000, 90_000]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([-100_000, -4000, -61, -1, 1, 61, 4000, 100_000]))
    def the_clock_jumps(self, seconds: float) -> None:
        self.clock.set(self.clock.now() + seconds)

    @rule(data=st.data())
    @precondition(lambda self: self.workers)
    def a_worker_tidies_up(self, data: st.DataObject) -> None:
        worker = data.draw(st.sampled_from(self.workers))
        self.loop.call_soon(worker.allowances.tidy)
        self.loop.run_until_complete(asyncio.sleep(0))

    @rule(data=st.data())
    @precondition(lambda self: self.workers)
    def a_worker_crashes(self, data: st.DataObject) -> None:
        """Its requests are lost with it; what they used until then nobody knows, so the model counts all of it."""
        worker = self.workers.pop(data.draw(st.integers(0, len(self.workers) - 1)))
        self.crashes += 1
        self.stopped.append(worker.clerk)

    @rule(data=st.data())
    @precondition(lambda self: self.workers)
    def a_worker_closes(self, data: st.DataObject) -> None:
        worker = self.workers.pop(data.draw(st.integers(0, len(self.workers) - 1)))
        self.loop.run_until_complete(worker.allowances.close())
        worker.clerk.stop()

    @invariant()
    def no_limit_is_passed(self) -> None:
        for (name, window), used in self.used.items():
            assert used <= LIMITS[name], (name, window)

    @invariant()
    def nothing_spent_is_forgotten(self) -> None:
        for row in spent(self.watching, self.owner):
            assert self.used[row.name, row.window] <= row.charged <= LIMITS[row.name]
            assert row.used <= row.charged

    @invariant()
    def windows_never_come_back(self) -> None:
        for row in spent(self.watching, self.owner):
            assert row.window >= self.latest.get(row.name, 0)
            self.latest[row.name] = row.window

    def teardown(self) -> None:
        lost = self.crashes > 0 or any(worker.running for worker in self.workers)
        for worker in self.workers:
            self.loop.run_until_complete(worker.allowances.close())
        for clerk in [*(worker.clerk for worker in self.workers), *self.stopped]:
            clerk.stop()
        if not lost:
            for row in spent(self.watching, self.owner):
                assert row.charged == self.used[row.name, row.window], "what is not used is given back"
        self.loop.close()

    async def _attempt(self, worker: Worker, need: Need) -> Reservation | None:
        try:
            return await worker.allowances.reserve(self.owner, TERMS, need)
        except (RateLimited, BudgetExhausted):
            if self.opened == 1:
                self._really_does_not_fit(worker, need)
            return None

    def _really_does_not_fit(self, worker: Worker, need: Need) -> None:
        """A worker that was always alone refuses nothing that fits: what it holds of this window, it can use."""
        amounts = (need.nano_usd or 0, need.tokens, need.requests)
        slots = worker.allowances._purses[self.owner].slots
        assert any(slot.taken + amounts[slot.unit] > slot.limit for slot in slots)

    def _admitted(self, worker: Worker, outcome: Reservation | None, need: Need) -> None:
        if outcome is None:
            return
        worker.running.append((outcome, outcome.slots))
        for slot in outcome.slots:
            assert slot.ends > worker.allowances._time.now(), "what is admitted now counts in a window of now"
            self.used[slot.allowance.name, slot.window] += outcome.amounts[slot.unit]


def play(url: str, **more: int) -> None:
    watching = open_database(url)
    watching.migrate()
    machine = type("AnyOrderHere", (AnyOrder,), {"url": url, "watching": watching})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            **more,  # type: ignore[arg-type]
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
    watching.close()


def test_in_any_order_on_sqlite() -> None:
    with tempfile.TemporaryDirectory() as folder:
        play(str(Path(folder) / "freehold.db"), max_examples=60, stateful_step_count=40)


def test_in_any_order_on_postgres(new_postgres_url: str) -> None:
    play(new_postgres_url, max_examples=20, stateful_step_count=30)


@pytest.mark.slow
def test_in_any_order_for_long() -> None:
    with tempfile.TemporaryDirectory() as folder:
        play(str(Path(folder) / "freehold.db"), max_examples=1000, stateful_step_count=80)
