"""How a house stands just now, put together when someone asks. Runs on the event loop, whose the house is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from freehold.app.report import KeyReport, ProviderReport
from freehold.app.settings import Settings
from freehold.app.standing import Levels
from freehold.compute.provider import Inference
from freehold.words.offers import Place

if TYPE_CHECKING:
    from freehold.app.build import House
    from freehold.app.recent import Recent
    from freehold.compute.health import Breaker


def levels_of(house: House, recent: Recent, *, now: float, began: float) -> Levels:
    """The levels of this process. `now` and `began` are monotonic seconds."""
    desk = house.desk
    receipts = desk.receipts.state
    breakers = dict(desk.dispatch.health.report())
    return Levels(
        processes=(os.getpid(),),
        in_flight=desk.in_flight,
        receipts_waiting=receipts.waiting,
        receipts_fault=receipts.fault.message if receipts.fault is not None else "",
        cache_entries=len(desk.cache),
        cache_bytes=desk.cache.bytes,
        per_second=recent.per_second(now, now - began),
        first_bytes=recent.first_bytes(now),
        breakers={name: str(breaker.state) for name, breaker in breakers.items()},
        providers=tuple(_provider(house, provider, breakers) for provider in house.catalog.providers),
    )


def _provider(house: House, provider: Inference, breakers: dict[str, Breaker]) -> ProviderReport:
    status, offers = provider.status(), provider.offers()
    own = [breakers[name] for name in (provider.name, *(offer.name for offer in offers)) if name in breakers]
    return ProviderReport(
        name=provider.name,
        place=_place(provider, house.settings),
        ready=status.ready,
        reason=status.reason,
        breaker=next((str(breaker.state) for breaker in own if breaker.state != "closed"), "closed"),
        in_flight=status.in_flight,
        offers=len(offers),
        keys=tuple(KeyReport(label=key.label, set_aside=key.set_aside) for key in status.keys),
        last_error=next((breaker.last_error for breaker in own if breaker.last_error), ""),
        discovered=house.finding is not None and provider.name in house.finding.names,
    )


def _place(provider: Inference, settings: Settings) -> str:
    offers = provider.offers()
    if offers:
        return offers[0].place
    configured = settings.providers.get(provider.name)
    if configured is None:
        return Place.LOCAL
    from freehold.app.config.rows import place_of

    return place_of(provider.name, configured)
