"""The clerk works behind the event loop's back, and never gives up."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from freehold.ground.database import Database, open_database
from freehold.ground.errors import StorageFailed
from freehold.ground.units import Seconds
from freehold.stack.clerk import Clerk

HOURLY = Seconds(3600.0)


@pytest.fixture
def clerk() -> Iterator[Clerk]:
    clerk = Clerk(open_database(":memory:"))
    yield clerk
    clerk.stop()


def thread_name(_: Database) -> str:
    return threading.current_thread().name


def test_work_is_done_in_its_own_thread_and_the_result_comes_back(clerk: Clerk) -> None:
    clerk.start()
    assert clerk.ask(thread_name).result() == "freehold-clerk"
    assert clerk.ask(lambda database: database.query("SELECT 1")).result() == [(1,)]


def test_work_handed_in_before_the_start_waits_for_it(clerk: Clerk) -> None:
    asked = clerk.ask(thread_name)
    assert not asked.done()
    clerk.start()
    assert asked.result() == "freehold-clerk"


def test_what_goes_wrong_goes_to_who_asked_and_to_nobody_else(clerk: Clerk) -> None:
    clerk.start()
    failing = clerk.ask(lambda database: database.query("SELECT * FROM nowhere"))
    with pytest.raises(StorageFailed, match="nowhere"):
        failing.result()
    assert clerk.ask(thread_name).result() == "freehold-clerk"
    assert clerk.fault is None


def test_work_is_done_in_the_order_it_was_asked_for_also_while_more_comes_in(clerk: Clerk) -> None:
    done: list[int] = []
    clerk.start()
    for number in range(5000):
        asked = clerk.ask(lambda _, number=number: done.append(number))  # type: ignore[misc]
    asked.result()
    assert done == list(range(5000))


def test_cancelled_work_is_not_done(clerk: Clerk) -> None:
    done: list[int] = []
    asked = clerk.ask(lambda _: done.append(1))
    assert asked.cancel()
    clerk.start()
    clerk.ask(thread_name).result()
    assert done == []


def test_a_duty_is_done_at_the_start_and_when_hurried_and_at_the_end(clerk: Clerk) -> None:
    times = threading.Semaphore(0)
    clerk.every(HOURLY, lambda _: times.release())
    clerk.start()
    assert times.acquire(timeout=10)
    clerk.hurry()
    assert times.acquire(timeout=10)
    assert clerk.stop()
    assert times.acquire(blocking=False)
    assert not times.acquire(blocking=False)


def test_a_duty_comes_again_when_it_is_due(clerk: Clerk) -> None:
    times = threading.Semaphore(0)
    clerk.every(Seconds(0.001), lambda _: times.release())
    clerk.start()
    for _ in range(5):
        assert times.acquire(timeout=10)


def test_duties_are_done_however_much_is_asked(clerk: Clerk) -> None:
    """Work that asks for more work as soon as it is done must not push duties out."""
    done = threading.Event()
    clerk.every(Seconds(0.01), lambda _: done.set())

    def again(_: Database) -> None:
        if not done.is_set():
            clerk.ask(again)

    clerk.ask(again)
    clerk.start()
    assert done.wait(timeout=10)


@pytest.mark.parametrize("error", [StorageFailed("full"), ZeroDivisionError("a bug")])
def test_a_duty_that_fails_is_seen_and_logged_once_and_tried_again(
    clerk: Clerk, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    failing, rounds = [True], threading.Semaphore(0)

    def work(_: Database) -> None:
        rounds.release()
        if failing[0]:
            raise error

    clerk.every(HOURLY, work)
    clerk.start()
    for _ in range(3):
        assert rounds.acquire(timeout=10)
        clerk.ask(thread_name).result()
        assert isinstance(clerk.fault, StorageFailed)
        clerk.hurry()
    failing[0] = False
    clerk.stop()
    assert clerk.fault is None
    assert [record.levelname for record in caplog.records if record.name == "freehold.stack.clerk"].count("ERROR") == 1


def test_what_was_asked_is_still_done_when_stopping(clerk: Clerk) -> None:
    done: list[int] = []
    clerk.start()
    asked = [clerk.ask(lambda _, number=number: done.append(number)) for number in range(100)]  # type: ignore[misc]
    assert clerk.stop()
    assert done == list(range(100))
    assert all(each.done() for each in asked)


def test_who_asks_a_stopped_clerk_is_told_and_does_not_wait_for_ever(clerk: Clerk) -> None:
    clerk.start()
    clerk.stop()
    with pytest.raises(StorageFailed, match="closed"):
        clerk.ask(thread_name).result(timeout=10)


def test_a_clerk_that_never_started_can_be_stopped_and_does_what_was_asked(clerk: Clerk) -> None:
    asked = clerk.ask(lambda database: database.query("SELECT 1"))
    assert clerk.stop()
    assert asked.result(timeout=10) == [(1,)]
    assert clerk.stop()


def test_stopping_waits_no_longer_than_allowed(clerk: Clerk) -> None:
    go_on = threading.Event()
    clerk.start()
    asked = clerk.ask(lambda _: go_on.wait(timeout=60))
    assert not clerk.stop(Seconds(0.01))
    go_on.set()
    assert asked.result() is True
    assert clerk.stop()
