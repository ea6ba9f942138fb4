"""Hedging: while an offer is slow to answer, the next one is asked too, and the first good answer is taken.

Rules it keeps:

- At most two offers are asked at a time, the second only after the first has been silent for the stated seconds. A whole
  answer counts as begun when it is complete: nothing of it is seen before.
- Both are attempts like any other: reserved, counted as load, recorded. Who loses is stopped at its provider, and is in the
  receipt as cancelled, with what it is known to have cost.
- The second is asked only where both together stay within the request's own limit on money. A key whose budget has no room
  for two is served by one.
- A failure of one leaves the other running. Only when nobody runs is a verdict on the request itself passed on, or the next
  offer in the plan tried.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import Protocol

import msgspec

from freehold.compute.provider import Answer, AnswerStream
from freehold.ground.errors import FreeholdError
from freehold.ground.units import Seconds
from freehold.stack.bounds import most_usd
from freehold.stack.calls import Call
from freehold.stack.progress import PASSING, Progress
from freehold.stack.selection import Choice
from freehold.words.offers import Offer
from freehold.words.receipts import Outcome

Answering = asyncio.Task[Answer | AnswerStream]


class Hand(Protocol):
    """Whoever carries out attempts: see `freehold.stack.dispatch.Dispatch`."""

    async def attempt(self, call: Call, offer: Offer, now: float) -> Answer | AnswerStream: ...

    def adopt(self, call: Call, fork: Call) -> None: ...

    def finish(self, call: Call, error: BaseException | None) -> None: ...


class _Runner(msgspec.Struct, frozen=True, eq=False):
    choice: Choice
    fork: Call


class Race:
    """One call, answered by whoever is first. `errors` says why those failed who did."""

    def __init__(self, hand: Hand, call: Call, progress: Progress, *, after: Seconds) -> None:
        self.errors: list[FreeholdError] = []
        self._hand = hand
        self._call = call
        self._progress = progress
        self._after = after
        self._runners: dict[Answering, _Runner] = {}
        self._verdict: BaseException | None = None

    async def run(self) -> Answer | AnswerStream | None:
        """The first good answer, or None if nobody is left. Raises what one offer says of the request itself."""
        try:
            while self._runners or await self._start_next():
                for task in await self._ended():
                    if self._won(task):
                        return task.result()
            return None
        finally:
            await self._stop()

    async def _start_next(self) -> bool:
        """Go on as without hedging: the next step of the plan."""
        if self._verdict is not None:
            raise self._verdict
        step = self._progress.step(time.monotonic())
        if step is None:
            return False
        if step.wait:
            await asyncio.sleep(step.wait)
        self._start(step.choice)
        return True

    def _start(self, choice: Choice) -> None:
        fork = self._call.fork()
        task = asyncio.create_task(self._hand.attempt(fork, choice.offer, time.monotonic()))
        self._runners[task] = _Runner(choice, fork)

    async def _ended(self) -> Collection[Answering]:
        """Those who have come to an end, in the order in which they were asked; a second is asked in the meantime."""
        patience = self._after if len(self._runners) == 1 else None
        await asyncio.wait(self._runners, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        ended = [task for task in self._runners if task.done()]
        if not ended and (other := self._progress.beside(self._fits)) is not None:
            self._start(other)
        elif not ended:
            await asyncio.wait(self._runners)
            ended = list(self._runners)
        return ended

    def _won(self, task: Answering) -> bool:
        """Whether the attempt brought the answer. If it failed, that is noted."""
        runner = self._runners.pop(task)
        error = task.exception()
        if error is None:
            self._hand.adopt(self._call, runner.fork)
            return True
        self._call.join(runner.fork)
        if isinstance(error, PASSING):
            self.errors.append(error)
            self._progress.note(runner.choice, error, time.monotonic())
        else:
            self._verdict = self._verdict or error
        return False

    def _fits(self, choice: Choice) -> bool:
        """Whether the request's own limit on money has room for everyone who runs and for `choice`."""
        limit, ask = self._call.ask.requirements.max_usd, self._call.ask
        if limit is None:
            return True
        most = [most_usd(ask, each.offer) for each in (choice, *(r.choice for r in self._runners.values()))]
        known = [usd for usd in (self._call.usd, *most) if usd is not None]
        return len(known) == len(most) + 1 and sum(known) <= limit

    async def _stop(self) -> None:
        """Stop those who have lost, wait until they have, and record them."""
        for task in self._runners:
            task.cancel()
        cancelled: asyncio.CancelledError | None = None
        while not all(task.done() for task in self._runners):
            try:
                await asyncio.wait(self._runners)
            except asyncio.CancelledError as error:
                cancelled = error  # they have been told already, and are about to end
        for task, runner in self._runners.items():
            await self._discard(task, runner.fork)
        self._runners.clear()
        if cancelled is not None:
            raise cancelled

    async def _discard(self, task: Answering, fork: Call) -> None:
        """Record an attempt that has lost, even if its answer came a moment too late."""
        answer = None if task.cancelled() or task.exception() is not None else task.result()
        if answer is not None and not isinstance(answer, Answer):
            fork.usage = answer.usage
            await answer.aclose()
            self._hand.finish(fork, asyncio.CancelledError())
        elif answer is not None:
            fork.attempts[-1] = msgspec.structs.replace(fork.attempts[-1], outcome=Outcome.CANCELLED)
        self._call.join(fork)
