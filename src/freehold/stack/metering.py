"""What a key may spend, held against what its requests may come to.

The request itself is counted with its first attempt, or as such where the cache answers; tokens and money are reserved for
each attempt, as much as the offer can charge at most, and settled by what it did charge. So a request that falls back to a
dearer provider is checked again, one that falls back to a free one is not held up by an empty purse, and any number of
concurrent requests stay within the budget.
"""

from __future__ import annotations

import msgspec

from freehold.ground.units import Usd, nanos
from freehold.stack.allowances.reserving import Allowances, Reservation
from freehold.stack.allowances.terms import NOTHING, Need, Unit
from freehold.stack.bounds import bounds_of, with_bound, within
from freehold.stack.calls import Call
from freehold.words.asks import Ask
from freehold.words.offers import Offer
from freehold.words.prices import Usage, cost

_ONE_REQUEST = Need(requests=1)
_NO_MONEY = Usd(0.0)


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """What is reserved for an attempt, and the ask with the bound that this rests on."""

    reservation: Reservation
    ask: Ask
    requests: int
    """1 where the attempt carries the count of its request, which stays counted however it ends."""


class Meter:
    """Reserves and settles for every call whose key has allowances."""

    def __init__(self, allowances: Allowances) -> None:
        self._allowances = allowances

    async def admit(self, call: Call) -> None:
        """Count a request that no attempt will be made for. Raises RateLimited or BudgetExhausted."""
        if not call.counted:
            call.counted = True
            reservation = await self._reserve(call, _ONE_REQUEST)
            self._allowances.settle(reservation, _ONE_REQUEST)

    async def reserve(self, call: Call, offer: Offer) -> Hold:
        """Set aside what an attempt at `offer` may come to at most; the first one also counts the request.

        Raises RateLimited or BudgetExhausted where that is not to be had, or the key limits money and the price is unknown.
        """
        ask, requests = call.ask, 0 if call.counted else 1
        money = tokens = False
        for allowance in call.key.allowances:
            money = money or allowance.unit is Unit.USD
            tokens = tokens or allowance.unit is Unit.TOKENS
        if money or tokens:
            bounds = bounds_of(ask)
            most = within(bounds, offer)
            price = cost(offer.price, most) if money else _NO_MONEY
            need = Need(requests=requests, tokens=most.total, nano_usd=None if price is None else nanos(price))
            ask = with_bound(ask, offer, bounds)
        else:
            need = _ONE_REQUEST if requests else NOTHING
        reservation = await self._reserve(call, need)
        call.counted = True
        return Hold(reservation=reservation, ask=ask, requests=requests)

    def settle(self, hold: Hold, usage: Usage, usd: Usd | None) -> None:
        """Put the real use in place of what was set aside; an unknown cost counts as the whole of it."""
        nano_usd = None if usd is None else nanos(usd)
        actual = Need(requests=hold.requests, tokens=usage.total, nano_usd=nano_usd)
        self._allowances.settle(hold.reservation, actual)

    async def _reserve(self, call: Call, need: Need) -> Reservation:
        """From what is in hand where that is enough, else from the database."""
        key = call.key
        taken = self._allowances.take(key.id, key.allowances, need)
        return taken if taken is not None else await self._allowances.reserve(key.id, key.allowances, need)
