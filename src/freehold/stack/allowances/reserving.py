"""Reserve before the send, settle after it: atomically, in memory, on one event loop.

Between the look and the taking there is no await, so concurrent requests cannot pass a limit together. What is taken was
drawn from the database before (`slices`), so workers cannot pass it together either, and a crash forgets nothing.

Rules: a request is admitted only if every allowance of its key has room; nothing here blocks the loop; while the database is
out of order, what is in hand can still be spent, and after that requests are refused; owners not seen for a while take no
memory. What a request uses beyond its reservation is charged all the same, so a limit holds as well as the bounds that
callers state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec

from freehold.ground.clock import Clock, SystemClock
from freehold.ground.errors import Overloaded, StorageFailed
from freehold.ground.units import Seconds
from freehold.stack.allowances.purse import Amounts, Purse
from freehold.stack.allowances.slices import Report, Slice, draw, report
from freehold.stack.allowances.slots import Slot
from freehold.stack.allowances.terms import NOTHING, Allowance, Need
from freehold.stack.allowances.windows import SteadyTime
from freehold.stack.clerk import Clerk

TELL_EVERY = Seconds(1.0)
IDLE = Seconds(10.0)
"""After so long without a request, an owner's unused slices go back."""
_ROUNDS = 64
"""Draws that one request waits for at most, while others take what they bring."""


class Reservation(msgspec.Struct):
    """What was taken, and where. To be settled or released once; again is harmless."""

    slots: tuple[Slot, ...]
    amounts: Amounts


_FREE = Reservation((), (0, 0, 0))


class Allowances:
    """All that is reserved and spent by this worker's requests. Belongs to one event loop."""

    def __init__(self, clerk: Clerk, *, clock: Clock | None = None, max_owners: int = 10_000) -> None:
        self._clerk = clerk
        self._time = SteadyTime(clock or SystemClock())
        self._max_owners = max_owners
        self._purses: dict[str, Purse] = {}
        self._drawing: set[asyncio.Future[BaseException | None]] = set()
        self._untold: dict[tuple[str, str, int], Report] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """Owners that take memory."""
        return len(self._purses)

    async def reserve(self, owner: str, allowances: tuple[Allowance, ...], need: Need) -> Reservation:
        """Take `need` from every one of the owner's `allowances`, or from none.

        Raises RateLimited (with the seconds to wait) or BudgetExhausted where it does not fit, or has no known price and
        must have one; StorageFailed where more has to be drawn and cannot be; Overloaded with too many owners at once.
        """
        return self.take(owner, allowances, need) or await self._draw_and_take(owner, allowances, need)

    def take(self, owner: str, allowances: tuple[Allowance, ...], need: Need) -> Reservation | None:
        """As `reserve`, from what is in hand; None where that is not enough, or not known to be."""
        if not allowances:
            return _FREE
        purse = self._purses.get(owner)
        if purse is None or purse.allowances is not allowances:
            return None
        amounts = purse.amounts(need)
        slots = purse.slots
        now = purse.seen = self._time.now()
        for slot in slots:
            if slot.taken + amounts[slot.unit] > slot.granted or now >= slot.ends:
                return None
        low = False
        for slot in slots:
            slot.taken += amounts[slot.unit]
            low = low or slot.taken > slot.low
        if low and purse.drawing is None:
            self._begin_draw(purse)
        return Reservation(slots, amounts)

    def settle(self, reservation: Reservation, actual: Need) -> None:
        """Put what was really used in place of what was reserved; an unknown price counts as all that was reserved."""
        reserved, slots = reservation.amounts, reservation.slots
        reservation.slots = ()
        money = reserved[0] if actual.nano_usd is None else actual.nano_usd
        amounts = (money, actual.tokens, actual.requests)
        for slot in slots:
            amount = amounts[slot.unit]
            slot.used += amount
            slot.taken += amount - reserved[slot.unit]
            if slot.taken > slot.granted:
                self._overdraw(slot)

    def release(self, reservation: Reservation) -> None:
        """Give everything back: the request was never sent."""
        self.settle(reservation, NOTHING)

    def tidy(self) -> None:
        """Tell the database what was used, and let go of owners not seen for a while. Goes by itself every second."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._time.now()
        for purse in list(self._purses.values()):
            idle = purse.at_rest and now - purse.seen > IDLE
            if idle:
                del self._purses[purse.owner]
            self._note(purse.told(give_back=idle))
        self._tell()
        if self._purses or self._untold:
            self._set_timer()

    async def close(self) -> None:
        """Give back what is unused. What running requests hold stays charged. To be called before the clerk stops."""
        if self._timer is not None:
            self._timer.cancel()
        for purse in self._purses.values():
            self._note(purse.told(give_back=True))
        self._purses.clear()
        if self._drawing:
            await asyncio.wait(self._drawing)
        self._tell()
        with suppress(StorageFailed):  # then it stays charged
            await asyncio.wrap_future(self._clerk.ask(lambda _: None))  # all that was told before is done by now

    async def _draw_and_take(self, owner: str, allowances: tuple[Allowance, ...], need: Need) -> Reservation:
        """Each round either refuses, or draws what was lacking. Others may be quicker to take it: then another round."""
        for _ in range(_ROUNDS):
            purse = self._purse(owner, allowances)
            amounts = purse.amounts(need)
            purse.check(amounts, self._time.now())
            await self._drawn(purse, amounts)
            if (reservation := self.take(owner, allowances, need)) is not None:
                return reservation
        raise Overloaded("Too many requests of this key come at once.", retry_after=1.0)

    def _purse(self, owner: str, allowances: tuple[Allowance, ...]) -> Purse:
        now = self._time.now()
        purse = self._purses.get(owner)
        if purse is None:
            self._make_room()
            purse = self._purses[owner] = Purse(owner)
            self._set_timer()
        purse.seen = now
        self._note(purse.agree(allowances, now))
        return purse

    async def _drawn(self, purse: Purse, amounts: Amounts) -> None:
        """Wait for a draw, the next one if it can still take in `amounts`. Raises what went wrong with it."""
        drawing = purse.drawing or self._begin_draw(purse)
        if purse.gathering:
            purse.require(amounts)
        purse.waiting += 1
        try:
            fault = await asyncio.shield(drawing)
        finally:
            purse.waiting -= 1
        if isinstance(fault, StorageFailed):
            raise StorageFailed(fault.message, advice=fault.advice) from fault
        if fault is not None:
            raise fault

    def _begin_draw(self, purse: Purse) -> asyncio.Future[BaseException | None]:
        """Draw in the next turn of the loop, so that all needs of this turn go into one draw."""
        loop = self._running_loop()
        purse.drawing = loop.create_future()
        self._drawing.add(purse.drawing)
        purse.gathering = True
        loop.call_soon(self._draw, purse)
        return purse.drawing

    def _draw(self, purse: Purse) -> None:
        purse.gathering = False
        wishes = purse.wishes(self._time.now())
        if not wishes:
            self._end_draw(purse, None)
            return
        asked = self._clerk.ask(lambda database: draw(database, purse.owner, wishes))
        asked.add_done_callback(self._on_loop(partial(self._receive, purse)))

    def _receive(self, purse: Purse, asked: Future[dict[str, Slice]]) -> None:
        fault = asked.exception()
        if fault is None:
            purse.receive(asked.result(), self._time.now())
            if self._purses.get(purse.owner) is not purse:  # let go meanwhile
                self._note(purse.told(give_back=True))
                self._set_timer()
        self._end_draw(purse, fault)

    def _end_draw(self, purse: Purse, fault: BaseException | None) -> None:
        drawing, purse.drawing = purse.drawing, None
        if drawing is not None:
            self._drawing.discard(drawing)
            drawing.set_result(fault)

    def _overdraw(self, slot: Slot) -> None:
        """More was used than was drawn: charge it at once, for a crash must not make it undone."""
        excess = slot.taken - slot.granted
        slot.granted = slot.taken
        self._note([Report(owner=slot.owner, name=slot.allowance.name, window=slot.window, used=0, charged=excess)])
        self._tell()

    def _note(self, reports: Iterable[Report]) -> None:
        """Keep for the next telling, added up."""
        for new in reports:
            key = (new.owner, new.name, new.window)
            old = self._untold.get(key)
            self._untold[key] = new if old is None else old.plus(new)

    def _tell(self) -> None:
        if not self._untold:
            return
        reports, self._untold = list(self._untold.values()), {}
        told = self._clerk.ask(lambda database: report(database, reports))
        told.add_done_callback(self._on_loop(partial(self._was_told, reports)))

    def _was_told(self, reports: Sequence[Report], told: Future[None]) -> None:
        """Try again what failed, but give nothing back twice: whether a lost commit took effect cannot be known."""
        if told.exception() is not None:
            self._note(msgspec.structs.replace(each, charged=max(0, each.charged)) for each in reports)

    def _set_timer(self) -> None:
        if self._timer is None:
            self._timer = self._running_loop().call_later(TELL_EVERY, self.tidy)

    def _make_room(self) -> None:
        if len(self._purses) < self._max_owners:
            return
        for purse in self._purses.values():
            if purse.at_rest:
                self._note(purse.told(give_back=True))
                del self._purses[purse.owner]
                return
        raise Overloaded("Too many keys are in use at once.", retry_after=1.0)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def _on_loop(self, then: Callable[[Future[Any]], None]) -> Callable[[Future[Any]], None]:
        """A callback for the clerk's thread that does `then` on the loop, or nothing if that has ended."""
        loop = self._running_loop()

        def hand_over(future: Future[Any]) -> None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(then, future)

        return hand_over
