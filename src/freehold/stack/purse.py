"""The money of the asking key: reserved before it is spent, settled after."""

from __future__ import annotations

from freehold.ground.units import Usd
from freehold.stack.calls import Call
from freehold.stack.clerk import Clerk
from freehold.words.offers import Offer
from freehold.words.prices import Usage


class Purse:
    def __init__(self, clerk: Clerk, *, worker: str) -> None: ...

    async def admit(self, call: Call) -> object | None:
        return None

    async def reserve(self, call: Call, offer: Offer) -> object | None:
        return None

    def settle(self, hold: object, usd: Usd | None) -> None: ...

    def settle_request(self, hold: object, usage: Usage) -> None: ...
