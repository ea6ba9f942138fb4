"""A key spends what it is allowed, to the last unit, and not one more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from freehold.ground.database import Database
from freehold.ground.errors import (
    BudgetExhausted,
    FreeholdError,
    InvalidRequest,
    Overloaded,
    RateLimited,
    StorageFailed,
)
from freehold.ground.units import NanoUsd, nanos
from freehold.stack.allowances import NOTHING, Allowance, Allowances, Need, Period, Reservation, Unit, spent
from freehold.stack.allowances.reserving import IDLE
from freehold.testing.fixed_clock import FixedClock

Start = Callable[..., Allowances]


def of(unit: Unit, limit: float, period: Period) -> tuple[Allowance, ...]:
    return (Allowance(unit=unit, limit=limit, period=period),)


DAILY = of(Unit.USD, 1.0, Period.DAY)
PER_MINUTE = of(Unit.REQUESTS, 60, Period.MINUTE)


def usd(amount: float) -> Need:
    return Need(nano_usd=nanos(amount))


def tokens(amount: int) -> Need:
    return Need(tokens=amount)


async def attempt(
    allowances: Allowances, terms: tuple[Allowance, ...], need: Need, owner: str = "key"
) -> Reservation | FreeholdError:
    try:
        return await allowances.reserve(owner, terms, need)
    except (RateLimited, BudgetExhausted) as error:
        return error


def charged(database: Database, owner: str = "key") -> dict[str, int]:
    return {each.name: each.charged for each in spent(database, owner)}


@pytest.mark.parametrize("price", [0.005, 0.007000001, 0.3, 1.0])
async def test_200_concurrent_calls_cannot_pass_a_budget_and_use_it_to_the_full(
    worker: Start, database: Database, price: float
) -> None:
    allowances = worker()
    outcomes = await asyncio.gather(*[attempt(allowances, DAILY, usd(price)) for _ in range(200)])
    admitted = [each for each in outcomes if isinstance(each, Reservation)]
    assert len(admitted) == min(200, 10**9 // nanos(price))
    for each in admitted:
        allowances.settle(each, usd(price))
    await allowances.close()
    assert charged(database) == {"usd/day": len(admitted) * nanos(price)}


async def test_workers_together_cannot_pass_a_budget(worker: Start, database: Database) -> None:
    workers = [worker() for _ in range(4)]
    outcomes = await asyncio.gather(*[attempt(workers[n % 4], DAILY, usd(0.007000001)) for n in range(200)])
    admitted = sum(isinstance(each, Reservation) for each in outcomes)
    assert 0.9 * (10**9 // 7_000_001) <= admitted <= 10**9 // 7_000_001
    assert charged(database)["usd/day"] <= 10**9


async def test_what_was_not_used_can_be_used_by_others(worker: Start) -> None:
    allowances = worker()
    for _ in range(50):
        reservation = await allowances.reserve("key", DAILY, usd(0.5))
        allowances.settle(reservation, usd(0.01))
    assert isinstance(await attempt(allowances, DAILY, usd(0.51)), BudgetExhausted)
    assert isinstance(await attempt(allowances, DAILY, usd(0.5)), Reservation)


async def test_what_is_released_counts_as_never_asked(worker: Start, database: Database) -> None:
    allowances = worker()
    allowances.release(await allowances.reserve("key", (*DAILY, *PER_MINUTE), usd(1.0)))
    assert isinstance(await attempt(allowances, (*DAILY, *PER_MINUTE), usd(1.0)), Reservation)


async def test_settling_twice_counts_once(worker: Start, database: Database) -> None:
    allowances = worker()
    reservation = await allowances.reserve("key", DAILY, usd(0.5))
    allowances.settle(reservation, usd(0.25))
    allowances.settle(reservation, usd(0.25))
    allowances.release(reservation)
    await allowances.close()
    assert charged(database) == {"usd/day": nanos(0.25)}


async def test_an_unknown_cost_counts_as_all_that_was_reserved(worker: Start, database: Database) -> None:
    allowances = worker()
    allowances.settle(await allowances.reserve("key", DAILY, usd(0.5)), Need(nano_usd=None))
    await allowances.close()
    assert charged(database) == {"usd/day": nanos(0.5)}


async def test_a_budget_in_money_admits_nothing_of_unknown_price(worker: Start) -> None:
    allowances = worker()
    unknown = Need(tokens=5, nano_usd=None)
    for _ in range(2):
        with pytest.raises(BudgetExhausted, match="price of this model is unknown") as caught:
            await allowances.reserve("key", DAILY, unknown)
        assert "price" in caught.value.advice
    await allowances.reserve("other", of(Unit.TOKENS, 10, Period.DAY), unknown)


async def test_all_allowances_must_have_room_or_none_is_touched(worker: Start, database: Database) -> None:
    allowances = worker()
    terms = (*DAILY, *of(Unit.TOKENS, 100, Period.HOUR))
    assert isinstance(await attempt(allowances, terms, Need(tokens=101, nano_usd=nanos(0.1))), BudgetExhausted)
    reservation = await allowances.reserve("key", terms, Need(tokens=100, nano_usd=nanos(0.1)))
    assert isinstance(await attempt(allowances, terms, Need(tokens=1, nano_usd=nanos(0.1))), RateLimited)
    allowances.settle(reservation, NOTHING)
    await allowances.close()
    assert set(charged(database).values()) == {0}


async def test_a_rate_limit_says_how_long_to_wait_and_lets_in_again_then(worker: Start, clock: FixedClock) -> None:
    allowances = worker()
    clock.advance(12.0)
    for _ in range(60):
        allowances.settle(await allowances.reserve("key", PER_MINUTE, Need()), Need())
    with pytest.raises(RateLimited) as caught:
        await allowances.reserve("key", PER_MINUTE, Need())
    assert caught.value.retry_after == pytest.approx(48.0)
    clock.advance(47.9)
    assert isinstance(await attempt(allowances, PER_MINUTE, Need()), RateLimited)
    clock.advance(0.1)
    assert isinstance(await attempt(allowances, PER_MINUTE, Need()), Reservation)


@pytest.mark.parametrize("back", [1.0, 90.0, 3600.0, 100_000.0, 10_000_000.0])
async def test_a_clock_set_back_brings_no_window_back(worker: Start, clock: FixedClock, back: float) -> None:
    allowances = worker()
    for terms, need in ((DAILY, usd(1.0)), (PER_MINUTE, Need(requests=60))):
        await allowances.reserve(terms[0].name, terms, need)
    clock.set(clock.now() - back)
    for each in (allowances, worker()):  # the same process, and one that has only ever seen the wrong time
        assert isinstance(await attempt(each, DAILY, usd(0.001), "usd/day"), BudgetExhausted)
        assert isinstance(await attempt(each, PER_MINUTE, Need(), "requests/minute"), RateLimited)


@pytest.mark.parametrize("restarted", [False, True])
async def test_limits_renew_at_their_pace_however_far_the_clock_was_set_back(
    worker: Start, clock: FixedClock, restarted: bool
) -> None:
    allowances = worker()
    await allowances.reserve("key", PER_MINUTE, Need(requests=60))
    clock.set(clock.now() - 10_000_000)
    if restarted:
        allowances = worker()
    for _ in range(5):
        assert isinstance(await attempt(allowances, PER_MINUTE, Need()), RateLimited)
        clock.advance(60.0)
        assert isinstance(await attempt(allowances, PER_MINUTE, Need(requests=60)), Reservation)


async def test_a_clock_set_forward_begins_the_window_of_that_time(worker: Start, clock: FixedClock) -> None:
    allowances = worker()
    await allowances.reserve("key", DAILY, usd(1.0))
    clock.set(clock.now() + 86_400)
    assert isinstance(await attempt(allowances, DAILY, usd(1.0)), Reservation)


async def test_a_request_over_midnight_counts_where_it_was_reserved(
    worker: Start, clock: FixedClock, database: Database
) -> None:
    allowances = worker()
    running = await allowances.reserve("key", DAILY, usd(1.0))
    clock.advance(43_200)
    second = await allowances.reserve("key", DAILY, usd(0.8))
    allowances.settle(running, usd(1.0))
    allowances.settle(second, usd(0.8))
    assert isinstance(await attempt(allowances, DAILY, usd(0.21)), BudgetExhausted)
    assert isinstance(await attempt(allowances, DAILY, usd(0.2)), Reservation)


async def test_a_spent_budget_tells_what_still_fits_and_when_the_next_comes(worker: Start) -> None:
    allowances = worker()
    await allowances.reserve("key", DAILY, usd(0.988))
    with pytest.raises(BudgetExhausted) as caught:
        await allowances.reserve("key", DAILY, usd(0.05))
    assert caught.value.message == "The key has $0.012 left of $1 per day; the request may take $0.05."
    assert "at most $0.012 fits" in caught.value.advice
    assert "wait 12 hours" in caught.value.advice


async def test_what_never_fits_is_not_told_to_wait(worker: Start) -> None:
    allowances = worker()
    with pytest.raises(BudgetExhausted, match="may take 70 tokens; the key is allowed 60 tokens per minute"):
        await allowances.reserve("key", of(Unit.TOKENS, 60, Period.MINUTE), tokens(70))


async def test_a_limit_of_nothing_admits_only_what_is_free(worker: Start) -> None:
    allowances = worker()
    nothing = of(Unit.USD, 0, Period.MONTH)
    assert isinstance(await attempt(allowances, nothing, usd(0.0)), Reservation)
    assert isinstance(await attempt(allowances, nothing, Need(nano_usd=NanoUsd(1))), BudgetExhausted)


async def test_no_allowances_mean_no_limits_and_no_memory(worker: Start) -> None:
    allowances = worker()
    allowances.settle(await allowances.reserve("key", (), Need(tokens=10**30, nano_usd=None)), NOTHING)
    assert len(allowances) == 0


async def test_what_was_used_beyond_the_reservation_is_charged_at_once(worker: Start, database: Database) -> None:
    allowances = worker()
    allowances.settle(await allowances.reserve("key", DAILY, usd(1.0)), usd(5.0))
    assert isinstance(await attempt(allowances, DAILY, usd(0.001)), BudgetExhausted)
    fresh = worker()  # the first has crashed
    assert isinstance(await attempt(fresh, DAILY, usd(0.001)), BudgetExhausted)
    assert charged(database)["usd/day"] >= nanos(5.0)


async def test_a_monstrous_count_cannot_break_the_ledger(worker: Start, database: Database) -> None:
    allowances = worker()
    terms = of(Unit.TOKENS, 100, Period.DAY)
    assert isinstance(await attempt(allowances, terms, tokens(10**40)), BudgetExhausted)
    allowances.settle(await allowances.reserve("key", terms, tokens(100)), tokens(10**40))
    await allowances.close()
    assert isinstance(await attempt(worker(), terms, tokens(1)), BudgetExhausted)


async def test_a_crash_forgets_nothing_and_counts_at_most_what_was_in_hand(worker: Start, database: Database) -> None:
    first = worker()
    for _ in range(30):
        first.settle(await first.reserve("key", DAILY, usd(0.01)), usd(0.01))
    second = worker()
    admitted = 0
    while isinstance(await attempt(second, DAILY, usd(0.01)), Reservation):
        admitted += 1
    assert 70 - 6 <= admitted <= 70, "a slice is four requests at first, and two per cent of the limit at most"


async def test_an_orderly_restart_loses_nothing(worker: Start, database: Database) -> None:
    for _ in range(10):
        allowances = worker()
        allowances.settle(await allowances.reserve("key", DAILY, usd(0.05)), usd(0.03))
        await allowances.close()
    (found,) = spent(database)
    assert found.used == found.charged == nanos(0.3)


async def test_what_runs_while_the_worker_closes_stays_charged(worker: Start, database: Database) -> None:
    allowances = worker()
    await allowances.reserve("key", DAILY, usd(0.4))
    await allowances.close()
    assert charged(database) == {"usd/day": nanos(0.4)}


async def test_an_idle_owner_gives_back_and_takes_no_memory(
    worker: Start, database: Database, clock: FixedClock
) -> None:
    allowances = worker()
    running = await allowances.reserve("busy", DAILY, usd(0.1))
    allowances.settle(await allowances.reserve("idle", DAILY, usd(0.1)), usd(0.05))
    clock.advance(IDLE + 1)
    allowances.tidy()
    assert len(allowances) == 1
    allowances.settle(running, usd(0.1))
    allowances.tidy()
    assert len(allowances) == 0
    await allowances.close()
    assert charged(database, "idle") == {"usd/day": nanos(0.05)}
    assert charged(database, "busy") == {"usd/day": nanos(0.1)}


async def test_owners_at_rest_make_room_for_others(worker: Start, database: Database) -> None:
    allowances = worker(max_owners=10)
    for number in range(50):
        allowances.settle(await allowances.reserve(str(number), DAILY, usd(0.1)), usd(0.1))
        assert len(allowances) <= 10
    await allowances.close()
    assert [each.charged for each in spent(database)] == [nanos(0.1)] * 50


async def test_too_many_owners_at_once_are_turned_away(worker: Start) -> None:
    allowances = worker(max_owners=3)
    running = [await allowances.reserve(str(number), DAILY, usd(0.1)) for number in range(3)]
    with pytest.raises(Overloaded):
        await allowances.reserve("one too many", DAILY, usd(0.1))
    allowances.release(running[1])
    await allowances.reserve("one too many", DAILY, usd(0.1))


async def test_a_changed_limit_holds_from_the_next_request(worker: Start) -> None:
    allowances = worker()
    await allowances.reserve("key", DAILY, usd(0.9))
    assert isinstance(await attempt(allowances, DAILY, usd(0.2)), BudgetExhausted)
    assert isinstance(await attempt(allowances, of(Unit.USD, 2.0, Period.DAY), usd(1.1)), Reservation)
    assert isinstance(await attempt(allowances, of(Unit.USD, 0.5, Period.DAY), usd(0.1)), BudgetExhausted)


async def test_equal_terms_from_a_reloaded_key_are_the_same_terms(worker: Start) -> None:
    allowances = worker()
    await allowances.reserve("key", of(Unit.USD, 1.0, Period.DAY), usd(0.6))
    assert isinstance(await attempt(allowances, of(Unit.USD, 1.0, Period.DAY), usd(0.6)), BudgetExhausted)


async def test_two_allowances_for_the_same_are_refused(worker: Start) -> None:
    with pytest.raises(InvalidRequest, match="two allowances for usd/day"):
        await worker().reserve("key", DAILY + of(Unit.USD, 2, Period.DAY), usd(0.1))


async def test_without_the_database_what_is_in_hand_can_be_spent_and_no_more(worker: Start, database: Database) -> None:
    allowances = worker()
    terms = of(Unit.TOKENS, 1000, Period.DAY)
    allowances.settle(await allowances.reserve("key", terms, tokens(5)), tokens(5))
    database.execute("ALTER TABLE spending RENAME TO elsewhere")
    allowances.settle(await allowances.reserve("key", terms, tokens(5)), tokens(5))
    with pytest.raises(StorageFailed):
        await allowances.reserve("key", terms, tokens(500))
    with pytest.raises(StorageFailed):
        await allowances.reserve("new", terms, tokens(5))
    database.execute("ALTER TABLE elsewhere RENAME TO spending")
    await allowances.reserve("key", terms, tokens(500))


async def test_a_waiter_that_is_cancelled_takes_nothing_and_stops_nobody(worker: Start, database: Database) -> None:
    allowances = worker()
    waiting = [asyncio.ensure_future(allowances.reserve("key", DAILY, usd(0.1))) for _ in range(10)]
    await asyncio.sleep(0)
    for each in waiting[::2]:
        each.cancel()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    admitted = [each for each in outcomes if isinstance(each, Reservation)]
    assert len(admitted) == 5
    for each in admitted:
        allowances.settle(each, usd(0.1))
    await allowances.close()
    assert charged(database) == {"usd/day": nanos(0.5)}


async def test_an_exhausted_key_does_not_ask_the_database_each_time(worker: Start) -> None:
    allowances = worker()
    await allowances.reserve("key", DAILY, usd(1.0))
    assert isinstance(await attempt(allowances, DAILY, usd(0.1)), BudgetExhausted)
    asked: list[object] = []
    allowances._clerk.ask = asked.append  # type: ignore[assignment,method-assign]
    for _ in range(100):
        assert isinstance(await attempt(allowances, DAILY, usd(0.1)), BudgetExhausted)
    assert asked == []
    del allowances._clerk.ask  # type: ignore[method-assign]


async def test_a_busy_key_seldom_waits_for_the_database(worker: Start) -> None:
    allowances = worker()
    terms = of(Unit.TOKENS, 1_000_000, Period.DAY)
    waited = 0
    for _ in range(2000):
        reservation = allowances.take("key", terms, tokens(100))
        if reservation is None:
            waited += 1
            reservation = await allowances.reserve("key", terms, tokens(100))
        allowances.settle(reservation, tokens(100))
        await asyncio.sleep(0)
    assert waited < 100


@pytest.mark.parametrize("bad", [-1, float("nan"), float("inf"), 1e30])
@pytest.mark.parametrize("unit", Unit)
def test_a_limit_must_be_a_sensible_number(unit: Unit, bad: float) -> None:
    with pytest.raises(ValueError, match="must lie between"):
        Allowance(unit=unit, limit=bad, period=Period.DAY)


def test_a_need_cannot_be_negative() -> None:
    for need in ({"tokens": -1}, {"requests": -1}, {"nano_usd": NanoUsd(-1)}):
        with pytest.raises(ValueError, match="negative"):
            Need(**need)  # type: ignore[arg-type]
