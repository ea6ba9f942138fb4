"""The only place that knows all parts: from settings to a house that answers.

    house = House(settings, home())
    await house.start()      # database, providers, background work; touches no network
    ... house.desk ...
    await house.stop()

A reload (`adopt`) puts new providers, aliases, prices and limits in force between two requests; requests on their way keep
what they started with.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, TypeVar

import msgspec

from freehold.app.background import Ticker
from freehold.app.census import Census, Seat
from freehold.app.hiring import hire_all
from freehold.app.settings import Settings
from freehold.app.telemetry import open_telemetry
from freehold.compute.catalog import Catalog
from freehold.compute.health import BreakerPolicy
from freehold.compute.prices import PriceBook
from freehold.compute.provider import Inference
from freehold.compute.upstream import Origin
from freehold.compute.upstream.opening import open_upstream
from freehold.ground.database import open_database
from freehold.ground.database.schema import migrate
from freehold.ground.errors import CannotServe
from freehold.ground.paths import Home
from freehold.ground.units import Seconds
from freehold.stack.allowances.reserving import Allowances
from freehold.stack.cache import CachePolicy, ExactCache
from freehold.stack.clerk import Clerk
from freehold.stack.desk import Desk, Door
from freehold.stack.dispatch import Dispatch
from freehold.stack.health import Health
from freehold.stack.keys import POLL_SECONDS, Keyring
from freehold.stack.metering import Meter
from freehold.stack.progress import RetryPolicy
from freehold.stack.receipts.writer import ReceiptWriter, Retention
from freehold.stack.tally import Tally

T = TypeVar("T")
_MOST_RECEIPTS = 10_000_000
"""About five gigabytes of SQLite; the oldest go first."""

if TYPE_CHECKING:
    from freehold.app.finding import Finding


class House:
    """Everything that one process runs, put together from its settings."""

    def __init__(self, settings: Settings, home: Home, *, worker: str = "", seat: Seat | None = None) -> None:
        self.settings = settings
        self.home = home
        self.ticker = Ticker()
        database = open_database(settings.receipts.database or home.state / "freehold.db")
        migrate(database)
        self._clerk = Clerk(database)
        self._keys = Keyring()
        self._keys.refresh(database)
        self._upstream = open_upstream()
        self._prices = PriceBook(home)
        self._local: list[Inference] = []
        self._preparing: asyncio.Task[None] | None = None
        self.finding: Finding | None = None
        self.catalog = Catalog(settings.aliases)
        worker = worker or f"{os.getpid()}"
        self._telemetry = open_telemetry(settings.telemetry, worker=worker, find_origin=self._origin_of)
        self.desk = self._desk(settings, worker)
        self.census = Census(self, seat)
        self._hire(settings)
        self._move_in(settings)

    async def start(self) -> None:
        """Begin to work."""
        self._clerk.start()
        self.ticker.start()
        if self.settings.local.discovery:
            self._discover()
        if self.settings.providers and not self._prices.ready:
            self._preparing = asyncio.create_task(self._prepare_prices())

    async def priced(self) -> None:
        """Return once the price catalog is in force; it is compiled, in about a second, on the first start only."""
        if self._preparing is not None:
            await asyncio.wait([self._preparing])

    async def stop(self) -> None:
        """Let go of everything; receipts and budgets are written first. Requests must have ended."""
        self.desk.stopping = True
        await self.ticker.stop()
        await self.priced()
        await asyncio.gather(*(provider.aclose() for provider in list(self.catalog.providers)), return_exceptions=True)
        await self._upstream.aclose()
        await self._allowances.close()
        await asyncio.to_thread(self._clerk.stop)
        await self.census.publish()
        if self._telemetry is not None:
            await asyncio.to_thread(self._telemetry.close)

    def adopt(self, settings: Settings) -> None:
        """Put new settings in force. What only a restart can change stays as it is."""
        gone = set(self.settings.providers) - {name for name, p in settings.providers.items() if p.enabled}
        for name in gone:
            self.catalog.remove(name)
        for name, before in self.settings.providers.items():
            if settings.providers.get(name) != before:
                self.desk.dispatch.health.clear(name)
        self.settings = settings
        self.catalog.rename(settings.aliases)
        self._hire(settings)

    def _hire(self, settings: Settings) -> None:
        known = {provider.name: provider for provider in self.catalog.providers}
        for hired in hire_all(settings, upstream=self._upstream, find_price=self._prices.find):
            before = known.get(hired.provider.name)
            if before is not None and (keyring := getattr(before, "keyring", None)) is not None:
                hired.provider.keyring.carry_over(keyring)
            self.catalog.add(hired.provider, maker=hired.maker)

    def _move_in(self, settings: Settings) -> None:
        """The providers that live on this machine."""
        local = settings.local
        if local.code:
            from freehold.compute.providers.code.provider import CodeProvider

            self.catalog.add(CodeProvider())
        if local.enabled:
            from freehold.app.locals import local_providers

            for provider in local_providers(settings, self.home):
                self.catalog.add(provider)

    def _desk(self, settings: Settings, worker: str) -> Desk:
        receipts = ReceiptWriter(
            self._clerk,
            worker=worker,
            window=Seconds(settings.receipts.window_ms / 1000),
            required=settings.receipts.required,
            retention=Retention(days=settings.receipts.keep_days, rows=_MOST_RECEIPTS),
        )
        tally = Tally()
        receipts.on_batch(tally.add)
        if self._telemetry is not None:
            receipts.on_batch(self._telemetry.record)
        self._clerk.every(POLL_SECONDS, self._keys.refresh)
        self._allowances = Allowances(self._clerk)
        meter = Meter(self._allowances)
        return Desk(
            door=Door(require_key=settings.server.require_key, total=settings.deadlines.total),
            dispatch=Dispatch(
                self.catalog,
                health=Health(_same(settings.breaker, BreakerPolicy)),
                retry=_same(settings.retry, RetryPolicy),
                meter=meter,
                hedge_after=settings.hedge.after,
                traced=self._telemetry is not None,
            ),
            cache=ExactCache(_same(settings.cache, CachePolicy)),
            keys=self._keys,
            meter=meter,
            receipts=receipts,
            tally=tally,
            continue_broken=settings.stream.continue_broken,
        )

    def _origin_of(self, provider: str) -> Origin | None:
        """Where a provider is, if it is reached over HTTP."""
        try:
            return getattr(self.catalog.provider(provider), "origin", None)
        except CannotServe:
            return None

    def _discover(self) -> None:
        from freehold.app.finding import LOOK_EVERY, Finding

        self.finding = Finding(self.catalog, self._upstream, self.settings)
        self.ticker.every(LOOK_EVERY, self.finding.look)

    async def _prepare_prices(self) -> None:
        """The first start compiles the price catalog, off the loop; offers are priced as soon as it is there."""
        if await asyncio.to_thread(self._prices.prepare):
            self._hire(self.settings)


def _same(section: msgspec.Struct, kind: type[T]) -> T:
    """A section of the settings as the room that it is meant for calls it: the fields have the same names."""
    return msgspec.convert(section, kind, from_attributes=True)
