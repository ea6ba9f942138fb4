"""What a worker holds for one owner: a slot per allowance, and the needs that wait for the next draw."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

from freehold.stack.allowances.refusals import refusal, unpriced
from freehold.stack.allowances.slices import Draw, Report, Slice
from freehold.stack.allowances.slots import Slot
from freehold.stack.allowances.terms import Allowance, Need, check_distinct, needs_price
from freehold.stack.allowances.windows import window_at

Amounts = tuple[int, int, int]
"""Nano-dollars, tokens, requests: the order of `slots.UNITS`."""


class Purse:
    """Touched on the event loop only. Its one draw at a time serves everyone who waits."""

    __slots__ = (
        "_least",
        "_needed",
        "allowances",
        "drawing",
        "gathering",
        "owner",
        "priced",
        "seen",
        "slots",
        "waiting",
    )

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.allowances: tuple[Allowance, ...] = ()
        self.slots: tuple[Slot, ...] = ()
        self.priced = False
        self.seen = 0.0
        """When a request last came."""
        self.drawing: asyncio.Future[BaseException | None] | None = None
        """The draw that is being gathered or under way; its result is what went wrong with it."""
        self.gathering = False
        """Whether that draw can still take in more needs."""
        self.waiting = 0
        """Requests that wait for it."""
        self._needed = [0, 0, 0]
        self._least: list[int | None] = [None, None, None]

    @property
    def at_rest(self) -> bool:
        """True while no request is under way."""
        return not self.waiting and all(slot.taken == slot.used for slot in self.slots)

    def agree(self, allowances: tuple[Allowance, ...], now: float) -> Iterator[Report]:
        """Go on under these allowances; what is in hand of those that stay is kept, of the others given back."""
        if allowances != self.allowances:
            check_distinct(allowances)
            held = {slot.allowance.name: slot for slot in self.slots}
            self.slots = tuple(self._slot(each, held.pop(each.name, None), now) for each in allowances)
            self.priced = needs_price(allowances)
            yield from (each for slot in held.values() for each in self._told(slot, give_back=True))
        self.allowances = allowances

    def amounts(self, need: Need) -> Amounts:
        """Raises BudgetExhausted where the price is unknown and must be known."""
        money = need.nano_usd
        if money is None and self.priced:
            raise unpriced()
        return (money or 0, need.tokens, need.requests)

    def check(self, amounts: Amounts, now: float) -> None:
        """Raises RateLimited or BudgetExhausted where `amounts` surely do not fit."""
        for slot in self.slots:
            if not slot.fits(amounts[slot.unit], now):
                raise refusal(slot, amounts[slot.unit], now)

    def require(self, amounts: Amounts) -> None:
        """Have the draw that is being gathered bring `amounts`."""
        for unit, amount in enumerate(amounts):
            self._needed[unit] += amount
            least = self._least[unit]
            self._least[unit] = amount if least is None else min(least, amount)

    def wishes(self, now: float) -> list[Draw]:
        """What to draw for all that was required; it is forgotten with that."""
        wishes = [slot.wish(self._needed[slot.unit], self._least[slot.unit] or 0, now) for slot in self.slots]
        self._needed = [0, 0, 0]
        self._least = [None, None, None]
        return [wish for wish in wishes if wish is not None]

    def receive(self, slices: Mapping[str, Slice], now: float) -> None:
        """Take in what was drawn, by name."""
        self.slots = tuple(
            slot.receive(slices[slot.allowance.name], now) if slot.allowance.name in slices else slot
            for slot in self.slots
        )

    def told(self, *, give_back: bool = False) -> Iterator[Report]:
        """What the database does not know yet; with `give_back` also all that is free."""
        for slot in self.slots:
            yield from self._told(slot, give_back=give_back)

    def _told(self, slot: Slot, *, give_back: bool) -> Iterator[Report]:
        used, slot.told = slot.used - slot.told, slot.used
        back = max(0, slot.free) if give_back else 0
        slot.granted -= back
        if used or back:
            yield Report(owner=self.owner, name=slot.allowance.name, window=slot.window, used=used, charged=-back)

    def _slot(self, allowance: Allowance, held: Slot | None, now: float) -> Slot:
        if held is None:
            return Slot(self.owner, allowance, window_at(allowance.period, now), now)
        held.amend(allowance)
        return held
