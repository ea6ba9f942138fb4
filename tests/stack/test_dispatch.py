"""Whoever can answer, answers; what everyone did on the way is in the record."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from stack_bench import asking, key_with, text_of

from freehold.compute.health import BreakerPolicy
from freehold.ground.errors import (
    AllFailed,
    BudgetExhausted,
    CannotServe,
    CredentialRejected,
    DeadlineExceeded,
    FreeholdError,
    NothingFits,
    ProviderBroken,
    ProviderBusy,
    ProviderRefused,
    ProviderTimedOut,
    ProviderUnreachable,
    RateLimited,
    UnknownModel,
)
from freehold.ground.units import Seconds, Usd
from freehold.stack.allowances import Allowance, Period, Unit
from freehold.testing import FakeProvider
from freehold.testing.fake_provider import after, fails, hangs, says
from freehold.words.asks import ComputeRequirements, Privacy
from freehold.words.offers import Place
from freehold.words.prices import FREE, Price, Usage
from freehold.words.receipts import Outcome, Receipt


def tried(receipt: Receipt) -> list[tuple[str, str]]:
    return [(attempt.provider, attempt.error or attempt.outcome.value) for attempt in receipt.attempts]


def providers(count: int = 2, **details: object) -> list[FakeProvider]:
    return [FakeProvider(name, preference=number, **details) for number, name in enumerate("abcd"[:count])]


@pytest.mark.parametrize(
    "error",
    [
        CannotServe("no"),
        ProviderUnreachable("gone"),
        ProviderTimedOut("slow"),
        ProviderBroken("boom"),
        ProviderBusy("full"),
        ProviderBusy("full", retry_after=30.0),
        CredentialRejected("banned"),
    ],
    ids=lambda error: error.code,
)
@pytest.mark.parametrize("stream", [False, True])
async def test_whatever_a_provider_fails_with_the_next_answers(make_bench, error: FreeholdError, stream: bool) -> None:
    a, b = providers()
    a.script(fails(error))
    bench = make_bench(a, b)
    receipt = await bench.ask(asking(stream=stream))
    assert tried(receipt) == [("a", error.code), ("b", "ok")]
    assert (receipt.outcome, receipt.provider) == (Outcome.OK, "b")


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_the_next_answers_whichever_breakers_have_opened(make_bench, count: int) -> None:
    """What opens a breaker at the first failure must not confuse the plan that is under way."""
    found = providers(count + 1)
    for each in found[:-1]:
        each.script(fails(ProviderBusy("full", retry_after=30.0)))
    bench = make_bench(*found, breaker=BreakerPolicy(failures=1))
    for _ in range(3):
        assert (await bench.ask(asking())).provider == found[-1].name


async def test_what_is_the_requests_own_fault_is_told_at_once(make_bench) -> None:
    a, b = providers()
    a.script(fails(ProviderRefused("too long", status=422, body=b'{"error":{}}')))
    bench = make_bench(a, b)
    with pytest.raises(ProviderRefused):
        await bench.ask(asking())
    receipt = bench.receipts[-1]
    assert (receipt.outcome, receipt.error) == (Outcome.REFUSED, "provider_refused")
    assert tried(receipt) == [("a", "provider_refused")]
    assert not b.heard


async def test_a_lone_provider_is_tried_again(make_bench) -> None:
    (a,) = providers(1)
    a.script(fails(ProviderBroken("boom")), says())
    assert tried(await make_bench(a).ask(asking())) == [("a", "provider_broken"), ("a", "ok")]


async def test_when_everyone_fails_the_client_is_told_why_and_when_to_come_back(make_bench) -> None:
    a, b = providers()
    a.script(fails(ProviderUnreachable("a is gone")))
    b.script(fails(ProviderBusy("b is full", retry_after=0.001)))
    bench = make_bench(a, b)
    with pytest.raises(AllFailed, match=r"a is gone; b is full") as caught:
        await bench.ask(asking())
    assert caught.value.retry_after == 0.001
    assert len(bench.receipts[-1].attempts) == 4


async def test_an_unknown_model_and_limits_nobody_meets_are_told_apart(make_bench) -> None:
    bench = make_bench(*providers())
    with pytest.raises(UnknownModel):
        await bench.ask(asking(model="nobody/has-this"))
    with pytest.raises(NothingFits, match="privacy is local"):
        await bench.ask(asking(requirements=ComputeRequirements(privacy=Privacy.LOCAL)))
    assert [receipt.error for receipt in bench.receipts] == ["model_not_found", "nothing_fits"]


async def test_equals_share_the_load(make_bench) -> None:
    twins = [FakeProvider(name).script(hangs()) for name in ("a", "b", "c")]
    bench = make_bench(*twins)
    calls = [asyncio.create_task(bench.said(asking())) for _ in range(9)]
    for twin in twins:
        await twin.arrived(3)
    assert Counter(bench.load()) == {"a/tiny": 3, "b/tiny": 3, "c/tiny": 3}
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


async def test_a_provider_that_keeps_failing_is_left_alone_and_then_probed(make_bench) -> None:
    a, b = providers()
    a.script(fails(ProviderBroken("boom")))
    bench = make_bench(a, b, breaker=BreakerPolicy(failures=3, open_seconds=Seconds(1e-9)))
    for _ in range(3):
        await bench.ask(asking())
    assert len(a.heard) == 3
    a.script(says("well again"))
    assert text_of(await bench.said(asking())) == "well again"
    bench = make_bench(*(found := providers()), breaker=BreakerPolicy(failures=3, open_seconds=Seconds(1000)))
    found[0].script(fails(ProviderBroken("boom")))
    for _ in range(10):
        await bench.ask(asking())
    assert len(found[0].heard) == 3


async def test_a_host_that_is_gone_is_left_alone_for_all_its_models(make_bench) -> None:
    a, b = FakeProvider("a", "one", "two", preference=0), FakeProvider("b", "one", "two", preference=1)
    a.script(fails(ProviderUnreachable("gone")))
    bench = make_bench(a, b, breaker=BreakerPolicy(failures=2, open_seconds=Seconds(1000)))
    for _ in range(2):
        await bench.ask(asking(model="one"))
    await bench.ask(asking(model="two"))
    assert len(a.heard) == 2


BUDGETS = (Allowance(unit=Unit.USD, limit=0.01, period=Period.DAY),)


async def test_a_budget_is_checked_again_at_every_hop(make_bench) -> None:
    cheap = FakeProvider("cheap", price=Price(input=0.0, output=1.0), preference=0)
    dear = FakeProvider("dear", price=Price(input=0.0, output=100.0), preference=1)
    free = FakeProvider("free", price=FREE, preference=2)
    cheap.script(fails(ProviderUnreachable("gone")))
    bench = make_bench(cheap, dear, free)
    receipt = await bench.ask(asking(max_tokens=1000), key_with(*BUDGETS))
    assert receipt.provider == "free"
    assert not dear.heard
    assert tried(receipt) == [("cheap", "provider_unreachable"), ("free", "ok")]


async def test_a_request_that_no_budget_allows_is_refused_with_the_first_reason(make_bench) -> None:
    dear = FakeProvider("dear", price=Price(input=0.0, output=100.0))
    bench = make_bench(dear)
    with pytest.raises(BudgetExhausted, match="the key is allowed"):
        await bench.ask(asking(max_tokens=1000), key_with(*BUDGETS))
    receipt = bench.receipts[-1]
    assert (receipt.outcome, receipt.error, receipt.attempts) == (Outcome.REFUSED, "insufficient_quota", ())


async def test_an_unknown_price_is_not_asked_for_a_key_with_a_budget(make_bench) -> None:
    unknown, known = FakeProvider("unknown", price=None, preference=0), FakeProvider("known", price=FREE, preference=1)
    bench = make_bench(unknown, known)
    assert (await bench.ask(asking(), key_with(*BUDGETS))).provider == "known"
    assert not unknown.heard


async def test_every_attempt_is_settled_by_what_it_used(make_bench) -> None:
    a, b = providers(price=Price(input=0.0, output=1.0))
    a.script(fails(ProviderBroken("boom")))
    b.script(says(usage=Usage(output=500)))
    bench = make_bench(a, b)
    key = key_with(Allowance(unit=Unit.TOKENS, limit=5000, period=Period.DAY))
    await bench.ask(asking(max_tokens=1000), key)
    (slot,) = bench.allowances._purses[key.id].slots
    assert slot.taken == slot.used == 500


async def test_whoever_leaves_early_gives_back_what_was_reserved(make_bench) -> None:
    a = FakeProvider("a", price=Price(input=0.0, output=1.0)).script(hangs())
    bench = make_bench(a)
    key = key_with(Allowance(unit=Unit.TOKENS, limit=5000, period=Period.DAY))
    client = asyncio.create_task(bench.said(asking(max_tokens=1000), key))
    await a.arrived()
    (slot,) = bench.allowances._purses[key.id].slots
    assert slot.taken > 1000
    client.cancel()
    await asyncio.wait([client])
    assert slot.taken == slot.used == 0


async def test_a_request_without_a_bound_is_given_one_where_money_is_limited(make_bench) -> None:
    a = FakeProvider("a", price=Price(input=0.0, output=1.0), max_output=None)
    bench = make_bench(a)
    await bench.ask(asking(), key_with(Allowance(unit=Unit.USD, limit=1.0, period=Period.DAY)))
    await bench.ask(asking(requirements=ComputeRequirements(max_usd=Usd(1.0))))
    await bench.ask(asking())
    assert ["max_tokens" in heard.ask.fields for heard in a.heard] == [True, True, False]


@pytest.mark.parametrize(
    ("limits", "chosen"),
    [
        (ComputeRequirements(privacy=Privacy.LOCAL), {"here"}),
        (ComputeRequirements(privacy=Privacy.OWN), {"here", "mine"}),
        (ComputeRequirements(region="eu"), {"europe"}),
        (ComputeRequirements(max_retention_days=0), {"europe"}),
        (ComputeRequirements(max_usd=Usd(0.0)), {"here"}),
    ],
)
async def test_limits_hold_at_every_hop(make_bench, limits: ComputeRequirements, chosen: set[str]) -> None:
    found = [
        FakeProvider("cloud"),
        FakeProvider("mine", place=Place.OWN),
        FakeProvider("here", place=Place.LOCAL, price=FREE),
        FakeProvider("europe", region="eu-west", retention_days=0),
    ]
    for each in found:
        each.script(fails(ProviderBroken("boom")))
    bench = make_bench(*found)
    with pytest.raises(AllFailed):
        await bench.ask(asking(requirements=limits))
    assert {each.name for each in found if each.heard} == chosen


async def test_a_key_narrows_how_far_its_requests_travel(make_bench) -> None:
    cloud, here = FakeProvider("cloud", preference=-1), FakeProvider("here", place=Place.LOCAL)
    bench = make_bench(cloud, here)
    await bench.ask(asking(), key_with(privacy=Privacy.OWN))
    await bench.ask(asking(requirements=ComputeRequirements(privacy=Privacy.LOCAL)), key_with(privacy=Privacy.OWN))
    await bench.ask(asking(requirements=ComputeRequirements(privacy=Privacy.OWN)), key_with(privacy=Privacy.LOCAL))
    assert not cloud.heard
    limits = [heard.ask.requirements.privacy for heard in here.heard]
    assert limits == [Privacy.OWN, Privacy.LOCAL, Privacy.LOCAL]


async def test_a_key_sees_only_the_models_on_its_list(make_bench) -> None:
    a, b = providers()
    bench = make_bench(a, b)
    assert (await bench.ask(asking(), key_with(models=("b/*",)))).provider == "b"
    with pytest.raises(NothingFits, match="allow-list"):
        await bench.ask(asking(), key_with(models=("c/*",)))


async def test_a_slow_beginning_is_given_up_in_time_for_others(make_bench) -> None:
    slow, quick = providers()
    slow.script(hangs())
    bench = make_bench(slow, quick)
    limits = ComputeRequirements(max_latency=Seconds(0.02))
    with pytest.raises(DeadlineExceeded):
        await bench.ask(asking(requirements=limits))
    assert slow.heard[0].stopped.is_set()
    assert tried(bench.receipts[-1]) == [("a", "provider_timed_out")]


async def test_latency_is_limited_to_the_first_byte_only(make_bench) -> None:
    a = FakeProvider("a")
    bench = make_bench(a)
    call = bench.open(asking(stream=True, requirements=ComputeRequirements(max_latency=Seconds(0.3))))
    stream = await bench.desk.answer(call)
    await asyncio.sleep(0.35)
    assert [piece async for piece in stream][-1] == b"data: [DONE]\n\n"
    bench.desk.close(call, None)


async def test_failures_leave_less_time_for_the_rest(make_bench) -> None:
    a, b = providers()
    a.script(after(Seconds(0.03), fails(ProviderBroken("boom"))))
    b.script(hangs())
    bench = make_bench(a, b)
    with pytest.raises(DeadlineExceeded):
        await bench.ask(asking(requirements=ComputeRequirements(max_latency=Seconds(0.4))))
    assert b.heard[0].stopped.is_set()


@pytest.mark.parametrize("stream", [False, True])
async def test_impatience_is_not_held_against_a_provider(make_bench, stream: bool) -> None:
    slow = FakeProvider("slow").script(hangs())
    bench = make_bench(slow, breaker=BreakerPolicy(failures=1))
    with pytest.raises(DeadlineExceeded):
        await bench.ask(asking(stream=stream, requirements=ComputeRequirements(max_latency=Seconds(0.001))))
    assert not bench.health.is_open(slow.offers()[0], float("inf"))


async def test_a_providers_own_timeout_is_held_against_it(make_bench) -> None:
    slow = FakeProvider("slow").script(fails(ProviderTimedOut("silent")))
    bench = make_bench(slow, breaker=BreakerPolicy(failures=1))
    with pytest.raises(AllFailed):
        await bench.ask(asking())
    assert bench.health.is_open(slow.offers()[0], 0.0)


async def test_a_rate_limit_of_the_key_is_told_as_such(make_bench) -> None:
    bench = make_bench(*providers())
    key = key_with(Allowance(unit=Unit.REQUESTS, limit=1, period=Period.MINUTE))
    await bench.ask(asking(), key)
    with pytest.raises(RateLimited):
        await bench.ask(asking(), key)
    assert bench.receipts[-1].outcome is Outcome.REFUSED


async def test_plans_follow_the_catalog(make_bench) -> None:
    a, b = providers()
    bench = make_bench(b)
    assert (await bench.ask(asking())).provider == "b"
    bench.catalog.add(a)
    assert (await bench.ask(asking())).provider == "a"
    bench.catalog.remove("a")
    assert (await bench.ask(asking())).provider == "b"
