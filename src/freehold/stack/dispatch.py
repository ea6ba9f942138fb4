"""Carrying out a plan: one offer after the other until one answers.

Everything that decides is elsewhere and pure (`selection`, `progress`); this is the hand that asks. Rules it keeps:

- Whatever happens to a call, each attempt is in its record.
- Money is reserved before an attempt and settled after it, for every hop anew.
- Nothing is switched after the first event of a stream has gone out.
- An error after the first event counts against the offer like any other failure.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Coroutine, Sequence
from typing import Any

import msgspec

from freehold.compute.catalog import Catalog
from freehold.compute.dialects import bridge
from freehold.compute.provider import Answer, AnswerStream
from freehold.ground.errors import (
    FixRequest,
    FreeholdError,
    NothingFits,
    ProviderTimedOut,
    TryAnother,
    UnknownModel,
)
from freehold.ground.units import Seconds, Usd
from freehold.stack.bounds import Bounds, bounds_of, with_bound
from freehold.stack.calls import Call
from freehold.stack.health import Health
from freehold.stack.hedge import Race
from freehold.stack.metering import Hold, Meter
from freehold.stack.progress import PASSING, Progress, RetryPolicy
from freehold.stack.selection import Choice, Plan, Wanted, make_plan
from freehold.stack.tracing import traced
from freehold.stack.verdict import verdict
from freehold.words.asks import NO_REQUIREMENTS, Ask
from freehold.words.offers import Offer
from freehold.words.prices import NO_USAGE, Usage, cost
from freehold.words.receipts import Attempt, Outcome

_MAX_PLANS = 4096
_HURRIED = 0.05
"""Seconds before the end of a request's time in which a provider's timeout is taken for the request's own."""


class Running(msgspec.Struct, kw_only=True):
    """An attempt that is going on."""

    offer: Offer
    started: float
    hold: Hold | None


class Dispatch:
    """Chooses, asks, fails over."""

    def __init__(
        self,
        catalog: Catalog,
        *,
        health: Health,
        retry: RetryPolicy,
        meter: Meter,
        hedge_after: Seconds | None = None,
        traced: bool = False,
    ) -> None:
        """`hedge_after` turns hedging on. With `traced`, providers are told which attempt asks them."""
        self.catalog = catalog
        self.health = health
        self.retry = retry
        self._meter = meter
        self._hedge_after = hedge_after
        self._traced = traced
        self._plans: dict[tuple[object, ...], Plan] = {}
        self._version = -1
        self._in_flight: dict[str, int] = {}
        self._running: dict[int, Running] = {}

    def plan(self, call: Call) -> Plan:
        """Which offers may answer, in order; cached until the catalog changes. Raises UnknownModel."""
        ask = call.ask
        size = ask.size.bit_length()
        key: tuple[object, ...] = (ask.model, ask.dialect, ask.needs, call.allowed, size)
        if ask.requirements is not NO_REQUIREMENTS:
            key = (*key, ask.requirements, _bounds(ask))
        if self._version != self.catalog.version:
            self._plans.clear()
            self._version = self.catalog.version
        found = self._plans.get(key)
        if found is None:
            if len(self._plans) >= _MAX_PLANS:
                self._plans.clear()
            found = self._plans[key] = self._make_plan(call, 1 << size)
        return found

    def _make_plan(self, call: Call, size: int) -> Plan:
        ask = call.ask
        ranks = self.catalog.find(ask.model)
        if not ranks:
            raise UnknownModel(f"There is no model named {ask.model[:200]!r} here.", parameter="model")
        wanted = Wanted(
            model=ask.model,
            dialect=ask.dialect,
            needs=ask.needs,
            requirements=ask.requirements,
            allowed=call.allowed,
            size=size,
            bounds=_bounds(ask),
        )
        return make_plan(ranks, wanted)

    async def answer(self, call: Call) -> Answer | AnswerStream:
        """The first good answer. A stream that is returned is still running: `finish` must be called for it."""
        choices = self._among_equals(self._fitting(call))
        first = choices[0]
        now = time.monotonic()
        if self._hedge_after is not None or self.health.is_open(first.offer, now):
            return await self.try_all(call, choices)
        try:
            return await self.attempt(call, first.offer, now)
        except PASSING as error:
            progress = self._progress(call, choices, now, tried=first)
            progress.step(now)
            progress.note(first, error, time.monotonic())
            return await self._work_through(call, progress, [error])

    async def try_all(self, call: Call, choices: Sequence[Choice]) -> Answer | AnswerStream:
        """As `answer`, among these choices only, in this order."""
        progress = self._progress(call, choices, time.monotonic())
        if self._hedge_after is None or len(choices) < 2:
            return await self._work_through(call, progress, [])
        if call.key.allowances:
            await self._meter.admit(call)
        race = Race(self, call, progress, after=self._hedge_after)
        answer = await race.run()
        if answer is None:
            raise verdict(race.errors, late=time.monotonic() >= call.begins_by)
        return answer

    def _progress(self, call: Call, choices: Sequence[Choice], now: float, *, tried: Choice | None = None) -> Progress:
        """`tried` is about to be told of: what its failure did to its breaker is no reason to pass it over now."""
        return Progress(
            choices,
            self.retry,
            is_open=lambda choice: choice is not tried and self.health.is_open(choice.offer, now),
            deadline=call.begins_by,
        )

    async def _work_through(self, call: Call, progress: Progress, errors: list[FreeholdError]) -> Answer | AnswerStream:
        """Everything beyond the first try."""
        while (step := progress.step(time.monotonic())) is not None:
            if step.wait:
                await asyncio.sleep(step.wait)
            try:
                return await self.attempt(call, step.choice.offer, time.monotonic())
            except PASSING as error:
                errors.append(error)
                progress.note(step.choice, error, time.monotonic())
        raise verdict(errors, late=time.monotonic() >= call.begins_by)

    def adopt(self, call: Call, fork: Call) -> None:
        """Go on with a fork's answer as the call's own."""
        running = self._running.pop(id(fork), None)
        if running is not None:
            self._running[id(call)] = running
        call.follow(fork)

    def finish(self, call: Call, error: BaseException | None) -> None:
        """A stream has ended, well or with `error`: settle the attempt behind it. Harmless if there is none."""
        running = self._running.pop(id(call), None)
        if running is not None:
            self._close(call, running, usage=call.usage, error=error, now=time.monotonic())

    def _fitting(self, call: Call) -> Sequence[Choice]:
        plan = self.plan(call)
        if not plan.choices:
            reasons = "; ".join(f"{r.offer.name}: {r.why}" for r in plan.rejected[:5])
            raise NothingFits(f"No offer fits this request. {reasons}.")
        return plan.choices

    def _among_equals(self, choices: Sequence[Choice]) -> Sequence[Choice]:
        """Equals in order of how much they have to do, ties left to chance."""
        if len(choices) < 2 or (choices[0].rank != choices[1].rank and len(choices) == 2):
            return choices
        load = self._in_flight
        return sorted(
            choices,
            key=lambda choice: (choice.rank, load.get(choice.offer.name, 0), random.random()),  # noqa: S311
        )

    async def attempt(self, call: Call, offer: Offer, now: float) -> Answer | AnswerStream:
        """Ask one offer once. Whatever comes of it is in the call's record, a stream's end once `finish` is called."""
        hold = await self._meter.reserve(call, offer) if call.key.allowances else None
        running = Running(offer=offer, started=now, hold=hold)
        self._in_flight[offer.name] = self._in_flight.get(offer.name, 0) + 1
        self.health.enter(offer, running.started)
        try:
            provider = self.catalog.provider(offer.provider)
            ask = call.ask if hold is None else hold.ask
            if ask.requirements.max_usd is not None:
                ask = with_bound(ask, offer)
            if self._traced:
                ask = traced(ask, offer, Seconds(now - call.started))
            asking = bridge.infer(provider, ask, offer, timeout=Seconds(call.deadline - now))
            answer = await (asking if call.first_byte_by is None else _in_time(call.first_byte_by, offer, asking))
        except BaseException as error:
            self._close(call, running, usage=NO_USAGE, error=error, now=time.monotonic())
            raise
        call.offer = offer
        ended = time.monotonic()
        call.first_byte = Seconds(ended - call.started)
        if isinstance(answer, Answer):
            call.usage, call.energy = answer.usage, answer.energy
            self._close(call, running, usage=answer.usage, error=None, now=ended)
        else:
            self._running[id(call)] = running
        return answer

    def _close(self, call: Call, running: Running, *, usage: Usage, error: BaseException | None, now: float) -> None:
        """Put the end of an attempt into every count: load, health, money, record."""
        offer = running.offer
        self._in_flight[offer.name] -= 1
        outcome = _outcome(error)
        if error is None:
            self.health.succeeded(offer)
        elif isinstance(error, TryAnother) and not _was_hurried(call, error, now):
            self.health.failed(offer, error, now)
        else:
            self.health.let_go(offer)
        usd = _paid(offer, usage, outcome)
        if running.hold is not None:
            self._meter.settle(running.hold, usage, usd)
        call.add_cost(usd)
        call.attempts.append(
            Attempt(
                provider=offer.provider,
                model=offer.model,
                started=Seconds(running.started - call.started),
                seconds=Seconds(now - running.started),
                outcome=outcome,
                usd=usd,
                **({} if error is None else _told(error)),
            )
        )


def _bounds(ask: Ask) -> Bounds | None:
    """What `ask` can come to, looked up only where its own limit on money depends on it."""
    return None if ask.requirements.max_usd is None else bounds_of(ask)


def _told(error: BaseException) -> dict[str, Any]:
    """What an attempt's record says of the error that ended it."""
    return {
        "error": error.code if isinstance(error, FreeholdError) else "",
        "status": getattr(error, "status", None),
        "key": getattr(error, "key", ""),
    }


def _outcome(error: BaseException | None) -> Outcome:
    if error is None:
        return Outcome.OK
    if isinstance(error, TryAnother):
        return Outcome.FAILED
    return Outcome.REFUSED if isinstance(error, FixRequest) else Outcome.CANCELLED


def _paid(offer: Offer, usage: Usage, outcome: Outcome) -> Usd | None:
    """What an attempt cost. One that brought no tokens and did not end well is taken to have cost nothing."""
    if outcome is not Outcome.OK and usage == NO_USAGE:
        return Usd(0.0)
    return cost(offer.price, usage)


async def _in_time(
    due: float, offer: Offer, asking: Coroutine[Any, Any, Answer | AnswerStream]
) -> Answer | AnswerStream:
    """The answer, if it begins before the request's own limit on latency."""
    try:
        async with asyncio.timeout(due - time.monotonic()):
            return await asking
    except TimeoutError:
        raise ProviderTimedOut(
            f"{offer.name} did not begin to answer within the latency that the request allows."
        ) from None


def _was_hurried(call: Call, error: TryAnother, now: float) -> bool:
    """Whether the request's own impatience ended the attempt, which says nothing about the offer's health."""
    due = call.begins_by if call.first_byte is None else call.deadline
    return isinstance(error, ProviderTimedOut) and now > due - _HURRIED
