"""The fakes that are shipped do what they say."""

from __future__ import annotations

import asyncio

import pytest
from contract_stages import asking

from freehold.compute.provider import Answer
from freehold.ground.clock import Clock, SystemClock
from freehold.ground.errors import ProviderBusy
from freehold.ground.units import Seconds
from freehold.testing import FakeProvider, FixedClock
from freehold.testing.fake_provider import after, fails, says
from freehold.words.prices import Usage


def test_a_fixed_clock_stands_still_until_told() -> None:
    clock: Clock = FixedClock()
    assert (clock.now(), clock.monotonic()) == (clock.now(), clock.monotonic())


def test_time_passes_on_both_clocks_and_the_wall_clock_may_jump() -> None:
    clock = FixedClock(100.0, monotonic=5.0)
    clock.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (102.5, 7.5)
    clock.set(50.0)
    assert (clock.now(), clock.monotonic()) == (50.0, 7.5)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)


def test_the_systems_own_clocks_fit_the_same_place() -> None:
    clock: Clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
    assert clock.now() > 1.7e9


async def test_turns_are_played_in_order_and_the_last_repeats() -> None:
    provider = FakeProvider().script(fails(ProviderBusy("full", retry_after=2.0)), says("Hi.", usage=Usage(input=1)))
    offer = provider.offers()[0]
    with pytest.raises(ProviderBusy) as caught:
        await provider.infer(asking(), offer)
    assert caught.value.retry_after == 2.0
    for _ in range(2):
        answer = await provider.infer(asking(), offer)
        assert isinstance(answer, Answer)
        assert answer.usage == Usage(input=1)
    assert len(provider.heard) == 3


async def test_each_failure_is_an_error_of_its_own() -> None:
    provider = FakeProvider().script(fails(ProviderBusy("full")))
    caught = [await _raised(provider) for _ in range(2)]
    assert caught[0] is not caught[1]


async def _raised(provider: FakeProvider) -> Exception:
    with pytest.raises(ProviderBusy) as caught:
        await provider.infer(asking(), provider.offers()[0])
    return caught.value


async def test_a_late_turn_waits_for_its_event_or_its_time() -> None:
    gate = asyncio.Event()
    provider = FakeProvider().script(after(gate, says()), after(Seconds(0.001), says()))
    offer = provider.offers()[0]
    work = asyncio.create_task(provider.infer(asking(), offer, timeout=Seconds(9.0)))
    heard = await provider.arrived()
    assert (provider.in_flight, heard.over.is_set(), heard.timeout) == (1, False, 9.0)
    gate.set()
    await work
    await provider.infer(asking(), offer)
    assert (provider.in_flight, heard.stopped.is_set()) == (0, False)


async def test_a_closed_provider_says_so() -> None:
    provider = FakeProvider()
    assert provider.status().ready
    await provider.aclose()
    assert provider.status().reason == "closed"
