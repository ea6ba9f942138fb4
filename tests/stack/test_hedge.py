"""A slow offer is not waited for while another could answer; nobody is asked for nothing, and nobody is forgotten."""

from __future__ import annotations

import asyncio

import pytest
from stack_bench import asking, key_with, streamed_text, text_of

from freehold.ground.errors import (
    AllFailed,
    CannotServe,
    ProviderBroken,
    ProviderRefused,
    ProviderUnreachable,
)
from freehold.ground.units import Usd
from freehold.stack.allowances import Allowance, Period, Unit
from freehold.stack.progress import RetryPolicy
from freehold.testing import FakeProvider
from freehold.testing.fake_provider import after, breaks, fails, hangs, says
from freehold.words.asks import ComputeRequirements
from freehold.words.prices import Price, Usage
from freehold.words.receipts import Outcome, Receipt

SOON = 0.001
NEVER = 1000.0
BUDGET = Allowance(unit=Unit.USD, limit=1.0, period=Period.DAY)


def tried(receipt: Receipt) -> list[tuple[str, Outcome]]:
    return [(attempt.provider, attempt.outcome) for attempt in receipt.attempts]


def pair(**details: object) -> tuple[FakeProvider, FakeProvider]:
    return FakeProvider("slow", preference=0, **details), FakeProvider("quick", preference=1, **details)


async def test_the_second_answers_while_the_first_is_silent(make_bench) -> None:
    slow, quick = pair()
    slow.script(hangs())
    bench = make_bench(slow, quick, hedge_after=SOON)
    receipt = await bench.ask(asking())
    assert receipt.provider == "quick"
    assert sorted(tried(receipt)) == [("quick", Outcome.OK), ("slow", Outcome.CANCELLED)]
    assert slow.heard[0].stopped.is_set()


async def test_the_first_may_still_win(make_bench) -> None:
    slow, quick = pair()
    gate = asyncio.Event()
    slow.script(after(gate, says("I was first.")))
    quick.script(hangs())
    bench = make_bench(slow, quick, hedge_after=SOON)
    answer = asyncio.create_task(bench.said(asking()))
    await quick.arrived()
    gate.set()
    assert text_of(await answer) == "I was first."
    assert quick.heard[0].stopped.is_set()
    assert sorted(tried(bench.receipts[-1])) == [("quick", Outcome.CANCELLED), ("slow", Outcome.OK)]


async def test_nobody_else_is_asked_while_the_first_is_quick_enough(make_bench) -> None:
    slow, quick = pair()
    bench = make_bench(slow, quick, hedge_after=NEVER)
    assert (await bench.ask(asking())).provider == "slow"
    assert not quick.heard


async def test_a_stream_is_taken_from_whoever_begins_first(make_bench) -> None:
    slow, quick = pair()
    slow.script(hangs())
    quick.script(says("Quick as can be."))
    bench = make_bench(slow, quick, hedge_after=SOON)
    assert streamed_text(await bench.said(asking(stream=True))) == "Quick as can be."
    assert slow.heard[0].stopped.is_set()
    assert sorted(tried(bench.receipts[-1])) == [("quick", Outcome.OK), ("slow", Outcome.CANCELLED)]


async def test_both_are_load_while_both_run(make_bench) -> None:
    slow, quick = pair()
    slow.script(hangs())
    quick.script(hangs())
    bench = make_bench(slow, quick, hedge_after=SOON)
    answer = asyncio.create_task(bench.said(asking()))
    await quick.arrived()
    assert bench.load() == {"slow/tiny": 1, "quick/tiny": 1}
    answer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answer
    assert slow.heard[0].stopped.is_set()
    assert quick.heard[0].stopped.is_set()
    assert sorted(tried(bench.receipts[-1])) == [("quick", Outcome.CANCELLED), ("slow", Outcome.CANCELLED)]


@pytest.mark.parametrize("loser", ["slow", "quick"])
async def test_a_failure_leaves_the_other_running(make_bench, loser: str) -> None:
    slow, quick = pair()
    gates = {"slow": asyncio.Event(), "quick": asyncio.Event()}
    for provider in (slow, quick):
        turn = fails(CannotServe("not that")) if provider.name == loser else says(f"{provider.name} it is")
        provider.script(after(gates[provider.name], turn))
    bench = make_bench(slow, quick, hedge_after=SOON)
    answer = asyncio.create_task(bench.said(asking()))
    await quick.arrived()
    gates[loser].set()
    failed = slow if loser == "slow" else quick
    await failed.heard[0].over.wait()
    winner = ({"slow", "quick"} - {loser}).pop()
    gates[winner].set()
    assert text_of(await answer) == f"{winner} it is"
    assert sorted(tried(bench.receipts[-1])) == sorted([(loser, Outcome.FAILED), (winner, Outcome.OK)])


async def test_a_refusal_counts_only_if_nobody_answers(make_bench) -> None:
    slow, quick = pair()
    gate = asyncio.Event()
    slow.script(after(gate, says("It was fine by me.")))
    quick.script(fails(ProviderRefused("no")))
    bench = make_bench(slow, quick, hedge_after=SOON)
    answer = asyncio.create_task(bench.said(asking()))
    await (await quick.arrived()).over.wait()
    gate.set()
    assert text_of(await answer) == "It was fine by me."


async def test_a_refusal_is_passed_on_when_the_other_fails_too(make_bench) -> None:
    slow, quick = pair()
    gate = asyncio.Event()
    slow.script(after(gate, fails(CannotServe("not that"))))
    quick.script(fails(ProviderRefused("no", status=422)))
    bench = make_bench(slow, quick, hedge_after=SOON)
    answer = asyncio.create_task(bench.said(asking()))
    await (await quick.arrived()).over.wait()
    gate.set()
    with pytest.raises(ProviderRefused):
        await answer
    assert sorted(tried(bench.receipts[-1])) == [("quick", Outcome.REFUSED), ("slow", Outcome.FAILED)]


async def test_failover_goes_on_as_without_hedging(make_bench) -> None:
    first, second, third = (FakeProvider(name, preference=n) for n, name in enumerate(["a", "b", "c"]))
    first.script(fails(ProviderUnreachable("gone")))
    second.script(fails(ProviderBroken("boom")))
    bench = make_bench(first, second, third, hedge_after=NEVER)
    receipt = await bench.ask(asking())
    assert tried(receipt) == [("a", Outcome.FAILED), ("b", Outcome.FAILED), ("c", Outcome.OK)]


async def test_everyone_failing_is_told_with_every_reason(make_bench) -> None:
    slow, quick = pair()
    slow.script(fails(ProviderUnreachable("slow is gone")))
    quick.script(fails(ProviderUnreachable("quick is gone")))
    bench = make_bench(slow, quick, hedge_after=NEVER)
    with pytest.raises(AllFailed, match=r"slow is gone; quick is gone"):
        await bench.ask(asking())
    assert len(bench.receipts[-1].attempts) == 4  # two tries each


async def test_never_more_than_two_at_a_time(make_bench) -> None:
    providers = [FakeProvider(name, preference=n).script(hangs()) for n, name in enumerate(["a", "b", "c"])]
    gate = asyncio.Event()
    providers[1].script(after(gate, says()))
    bench = make_bench(*providers, hedge_after=SOON)
    answer = asyncio.create_task(bench.said(asking()))
    await providers[1].arrived()
    for _ in range(50):
        await asyncio.sleep(0)
    assert not providers[2].heard
    gate.set()
    await answer


async def test_tries_are_bounded_hedges_included(make_bench) -> None:
    slow, quick = pair()
    gate = asyncio.Event()
    slow.script(after(gate, says()))
    bench = make_bench(slow, quick, hedge_after=SOON, retry=RetryPolicy(attempts=1, max_attempts=1))
    answer = asyncio.create_task(bench.said(asking()))
    await slow.arrived()
    for _ in range(50):
        await asyncio.sleep(0)
    gate.set()
    await answer
    assert not quick.heard


async def test_both_attempts_are_reserved_and_settled(make_bench) -> None:
    price = Price(input=0.0, output=100.0)
    slow, quick = pair(price=price)
    gate = asyncio.Event()
    slow.script(hangs())
    quick.script(after(gate, says(usage=Usage(input=5, output=1000))))
    bench = make_bench(slow, quick, hedge_after=SOON)
    key = key_with(BUDGET)
    answer = asyncio.create_task(bench.ask(asking(max_tokens=4000), key))
    await quick.arrived()
    (slot,) = bench.allowances._purses[key.id].slots
    assert slot.taken == 2 * 400_000_000  # 4000 tokens at $100 per million, twice
    gate.set()
    receipt = await answer
    assert slot.taken == slot.used == 100_000_000
    assert receipt.usd == pytest.approx(0.1)


async def test_a_budget_with_room_for_one_is_served_by_one(make_bench) -> None:
    slow, quick = pair(price=Price(input=0.0, output=100.0))
    gate = asyncio.Event()
    slow.script(after(gate, says(usage=Usage(output=10))))
    bench = make_bench(slow, quick, hedge_after=SOON)
    answer = asyncio.create_task(bench.ask(asking(max_tokens=6000), key_with(BUDGET)))  # $0.60 of $1 each
    await slow.arrived()
    for _ in range(50):
        await asyncio.sleep(0)
    gate.set()
    assert tried(await answer) == [("slow", Outcome.OK)]
    assert not quick.heard


@pytest.mark.parametrize(("limit", "asked"), [(0.9, False), (1.3, True)])
async def test_both_together_stay_within_the_requests_own_limit_on_money(make_bench, limit: float, asked: bool) -> None:
    slow, quick = pair(price=Price(input=0.0, output=100.0))
    gate = asyncio.Event()
    slow.script(after(gate, says()))
    quick.script(hangs())
    bench = make_bench(slow, quick, hedge_after=SOON)
    ask = asking(max_tokens=6000, requirements=ComputeRequirements(max_usd=Usd(limit)))
    answer = asyncio.create_task(bench.ask(ask))
    await (quick.arrived() if asked else slow.arrived())
    for _ in range(50):
        await asyncio.sleep(0)
    gate.set()
    await answer
    assert bool(quick.heard) is asked


async def test_an_answer_that_comes_a_moment_too_late_is_paid_for_and_told(make_bench) -> None:
    slow, quick = pair(price=Price(input=0.0, output=100.0))
    gate = asyncio.Event()
    slow.script(after(gate, says(usage=Usage(output=1000))))
    quick.script(after(gate, says(usage=Usage(output=3000))))
    bench = make_bench(slow, quick, hedge_after=SOON)
    answer = asyncio.create_task(bench.ask(asking()))
    await quick.arrived()
    gate.set()
    receipt = await answer
    assert tried(receipt) == [("slow", Outcome.OK), ("quick", Outcome.CANCELLED)]
    assert receipt.usage.output == 1000
    assert receipt.usd == pytest.approx(0.4)


async def test_a_stream_that_begins_a_moment_too_late_is_stopped(make_bench) -> None:
    slow, quick = pair()
    gate = asyncio.Event()
    slow.script(after(gate, says("one")))
    quick.script(after(gate, says("two")))
    bench = make_bench(slow, quick, hedge_after=SOON)
    answer = asyncio.create_task(bench.said(asking(stream=True)))
    await quick.arrived()
    gate.set()
    assert streamed_text(await answer) == "one"
    assert quick.heard[0].stopped.is_set()
    assert tried(bench.receipts[-1]) == [("quick", Outcome.CANCELLED), ("slow", Outcome.OK)]


async def test_a_stream_that_breaks_after_it_has_won_is_a_failure(make_bench) -> None:
    slow, quick = pair()
    slow.script(hangs())
    quick.script(breaks())
    bench = make_bench(slow, quick, hedge_after=SOON)
    with pytest.raises(ProviderBroken):
        await bench.ask(asking(stream=True))
    assert tried(bench.receipts[-1]) == [("slow", Outcome.CANCELLED), ("quick", Outcome.FAILED)]
