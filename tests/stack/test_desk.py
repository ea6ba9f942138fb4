"""Every call that is opened ends in one receipt, however it ends."""

from __future__ import annotations

import asyncio

import pytest
from stack_bench import asking, key_with

from freehold.ground.errors import (
    AllFailed,
    BudgetExhausted,
    NotAuthenticated,
    Overloaded,
    ProviderBroken,
    ProviderRefused,
    ProviderUnreachable,
)
from freehold.ground.units import Seconds
from freehold.stack.allowances import Allowance, Period, Unit
from freehold.stack.cache import CachePolicy
from freehold.stack.desk import Door
from freehold.testing import FakeProvider
from freehold.testing.fake_provider import breaks, fails, hangs, says
from freehold.words.asks import ComputeRequirements
from freehold.words.prices import Price, Usage
from freehold.words.receipts import Outcome


async def test_a_whole_answer_is_told_in_full(make_bench) -> None:
    provider = FakeProvider("a", price=Price(input=1.0, output=2.0)).script(
        says("Hi.", usage=Usage(input=10, output=5))
    )
    bench = make_bench(provider)
    ask = asking()
    receipt = await bench.ask(ask)
    assert (receipt.id, receipt.asked, receipt.provider, receipt.model) == (ask.id, "auto", "a", "tiny")
    assert receipt.usage == Usage(input=10, output=5)
    assert receipt.usd == pytest.approx(20e-6)
    assert receipt.first_byte is not None
    assert 0 <= receipt.first_byte <= receipt.seconds
    (attempt,) = receipt.attempts
    assert (attempt.outcome, attempt.usd) == (Outcome.OK, receipt.usd)
    assert 0 <= attempt.started <= attempt.started + attempt.seconds <= receipt.seconds


async def test_an_unknown_price_makes_an_unknown_cost(make_bench) -> None:
    receipt = await make_bench(FakeProvider("a", price=None)).ask(asking())
    assert receipt.usd is None


ENDINGS = {
    "whole": (says(), None, Outcome.OK, ""),
    "refused": (fails(ProviderRefused("no")), ProviderRefused, Outcome.REFUSED, "provider_refused"),
    "all failed": (fails(ProviderUnreachable("gone")), AllFailed, Outcome.FAILED, "all_providers_failed"),
    "broken": (breaks(), ProviderBroken, Outcome.FAILED, "provider_broken"),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
async def test_one_receipt_for_every_ending(make_bench, ending: str, stream: bool) -> None:
    turn, error, outcome, code = ENDINGS[ending]
    bench = make_bench(FakeProvider().script(turn))
    if ending == "broken" and not stream:
        error, code = AllFailed, "all_providers_failed"
    if error is None:
        await bench.said(asking(stream=stream))
    else:
        with pytest.raises(error):
            await bench.said(asking(stream=stream))
    (receipt,) = bench.receipts
    assert (receipt.outcome, receipt.error, receipt.stream) == (outcome, code, stream)
    assert receipt.attempts


@pytest.mark.parametrize("where", ["before the first byte", "in the middle"])
async def test_a_client_that_goes_away_leaves_a_receipt(make_bench, where: str) -> None:
    middle = where == "in the middle"
    provider = FakeProvider("a", price=Price(input=1.0, output=1.0)).script(hangs("Once upon a" if middle else ""))
    bench = make_bench(provider)
    client = asyncio.create_task(bench.said(asking(stream=True)))
    heard = await provider.arrived()
    for _ in range(20):
        await asyncio.sleep(0)
    client.cancel()
    with pytest.raises(asyncio.CancelledError):
        await client
    assert heard.stopped.is_set()
    (receipt,) = bench.receipts
    assert (receipt.outcome, receipt.error) == (Outcome.CANCELLED, "client_gone")
    assert receipt.attempts[0].outcome is Outcome.CANCELLED
    assert (receipt.usage.total > 0, (receipt.usd or 0) > 0) == (middle, middle)  # what came is paid for


async def test_an_error_of_our_own_is_a_failure_that_says_nothing_of_itself(make_bench) -> None:
    bench = make_bench(FakeProvider())
    call = bench.open(asking())
    bench.desk.close(call, ZeroDivisionError("secret"))
    (receipt,) = bench.receipts
    assert (receipt.outcome, receipt.error) == (Outcome.FAILED, "internal_error")


async def test_closing_twice_writes_once(make_bench) -> None:
    bench = make_bench(FakeProvider())
    call = bench.open(asking())
    await bench.desk.answer(call)
    bench.desk.close(call, None)
    bench.desk.close(call, ProviderBroken("late"))
    (receipt,) = bench.receipts
    assert receipt.outcome is Outcome.OK


async def test_a_key_without_room_is_turned_away_with_a_receipt_and_nobody_is_asked(make_bench) -> None:
    provider = FakeProvider()
    bench = make_bench(provider)
    key = key_with(Allowance(unit=Unit.REQUESTS, limit=0, period=Period.DAY))
    with pytest.raises(BudgetExhausted):
        await bench.ask(asking(owner=key.id), key)
    (receipt,) = bench.receipts
    assert (receipt.outcome, receipt.owner, receipt.attempts) == (Outcome.REFUSED, key.id, ())
    assert not provider.heard


async def test_a_stopping_house_lets_nobody_in(make_bench) -> None:
    bench = make_bench(FakeProvider())
    bench.desk.stopping = True
    with pytest.raises(Overloaded) as caught:
        bench.open(asking())
    assert caught.value.retry_after == 1.0
    assert bench.desk.troubles() == ["it is stopping"]


async def test_a_full_house_lets_nobody_else_in(make_bench) -> None:
    bench = make_bench(FakeProvider(), door=Door(max_in_flight=1))
    call = bench.open(asking(), cancel=lambda: None)
    with pytest.raises(Overloaded, match="1 requests in flight"):
        bench.open(asking(), cancel=lambda: None)
    bench.desk.close(call, None)
    bench.desk.close(bench.open(asking(), cancel=lambda: None), None)


@pytest.mark.parametrize("limits", [ComputeRequirements(deadline=Seconds(0.01)), ComputeRequirements()])
async def test_the_deadline_of_a_request_ends_it(make_bench, limits: ComputeRequirements) -> None:
    provider = FakeProvider().script(hangs())
    bench = make_bench(provider, door=Door(total=Seconds(0.05)))
    task = asyncio.current_task()
    assert task is not None
    call = bench.open(asking(requirements=limits), cancel=task.cancel)
    assert call.deadline - call.started == pytest.approx(limits.deadline or 0.05)
    with pytest.raises(asyncio.CancelledError):
        await bench.desk.answer(call)
    task.uncancel()
    assert call.expired
    assert provider.heard[0].stopped.is_set()
    bench.desk.close(call, None)


async def test_providers_are_told_how_much_time_is_left(make_bench) -> None:
    provider = FakeProvider()
    bench = make_bench(provider, door=Door(total=Seconds(100)))
    await bench.ask(asking())
    timeout = provider.heard[0].timeout
    assert timeout is not None
    assert 99 < timeout <= 100


async def test_doors(make_bench) -> None:
    open_door, shut_door = make_bench(FakeProvider()), make_bench(FakeProvider(), door=Door(require_key=True))
    assert open_door.desk.authenticate("") is open_door.desk.owner
    assert open_door.desk.authenticate("sk-something-else") is open_door.desk.owner
    for bench in (open_door, shut_door):
        with pytest.raises(NotAuthenticated):
            bench.desk.authenticate("fh-guess")
    with pytest.raises(NotAuthenticated, match="asks for a key"):
        shut_door.desk.authenticate("")
    with pytest.raises(NotAuthenticated, match="not a key of this gateway") as caught:
        shut_door.desk.authenticate("sk-secret")
    assert "sk-secret" not in str(caught.value)


async def test_a_house_without_offers_says_so(make_bench) -> None:
    assert "there are no offers" in make_bench().desk.troubles()[0]
    assert make_bench(FakeProvider()).desk.troubles() == []


async def test_two_hundred_at_once_get_two_hundred_receipts(make_bench) -> None:
    a, b = FakeProvider("a", preference=0), FakeProvider("b", preference=1)
    a.script(*[fails(ProviderBroken("boom")), says()] * 50, breaks())
    bench = make_bench(a, b, cache=CachePolicy())
    asks = [asking(stream=bool(number % 2)) for number in range(200)]
    await asyncio.gather(*(bench.said(ask) for ask in asks), return_exceptions=True)
    receipts = bench.receipts
    assert sorted(receipt.id for receipt in receipts) == sorted(ask.id for ask in asks)
    assert all(receipt.attempts for receipt in receipts)
