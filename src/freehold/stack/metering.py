"""What a key may spend, held against what its requests may come to.

The request itself is counted when it comes in; tokens and money are reserved for each attempt, as much as the offer can charge
at most, and settled by what it did charge. So a request that falls back to a dearer provider is checked again, one that falls
back to a free one is not held up by an empty purse, and any number of concurrent requests stay within the budget.
"""

from __future__ import annotations

import msgspec

from freehold.ground.units import Usd, nanos
from freehold.stack.allowances.reserving import Allowances, Reservation
from freehold.stack.allowances.terms import Need, Unit, needs_price
from freehold.stack.bounds import at_most, with_bound
from freehold.stack.calls import Call
from freehold.words.asks import Ask
from freehold.words.offers import Offer
from freehold.words.prices import Usage, cost

_ONE_REQUEST = Need(requests=1)


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """What is reserved for an attempt, and the ask with the bound that this rests on."""

    reservation: Reservation
    ask: Ask


class Meter:
    """Reserves and settles for every call whose key has allowances."""

    def __init__(self, allowances: Allowances) -> None:
        self._allowances = allowances

    async def admit(self, call: Call) -> None:
        """Count one request. Raises RateLimited or BudgetExhausted."""
        reservation = await self._allowances.reserve(call.key.id, call.key.allowances, _ONE_REQUEST)
        self._allowances.settle(reservation, _ONE_REQUEST)

    async def reserve(self, call: Call, offer: Offer) -> Hold | None:
        """Set aside what an attempt at `offer` may come to at most; None where the key limits neither tokens nor money.

        Raises RateLimited or BudgetExhausted where that is not to be had, or the key limits money and the price is unknown.
        """
        allowances = call.key.allowances
        if all(allowance.unit is Unit.REQUESTS for allowance in allowances):
            return None
        most = at_most(call.ask, offer)
        price = cost(offer.price, most) if needs_price(allowances) else Usd(0.0)
        need = Need(requests=0, tokens=most.total, nano_usd=None if price is None else nanos(price))
        reservation = await self._allowances.reserve(call.key.id, allowances, need)
        return Hold(reservation=reservation, ask=with_bound(call.ask, offer))

    def settle(self, hold: Hold, usage: Usage, usd: Usd | None) -> None:
        """Put the real use in place of what was set aside; an unknown cost counts as the whole of it."""
        actual = Need(requests=0, tokens=usage.total, nano_usd=None if usd is None else nanos(usd))
        self._allowances.settle(hold.reservation, actual)
