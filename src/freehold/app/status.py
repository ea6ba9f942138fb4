"""From a running house to its report: what `GET /admin/status` answers, put together only when someone asks.

Counts come from receipts as they are written, so they trail by the receipts' window. They are this process's own.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable

import msgspec

from freehold import __version__
from freehold.app.build import House
from freehold.app.config.watch import Watcher, needs_restart
from freehold.app.report import (
    KeyReport,
    ProviderReport,
    ReceiptsReport,
    RequestsReport,
    StatusReport,
)
from freehold.app.settings import Settings
from freehold.compute.provider import Inference
from freehold.ground.errors import CannotServe
from freehold.ground.units import Seconds, Usd
from freehold.stack.tally import Tally
from freehold.words.offers import Place
from freehold.words.receipts import Outcome, Receipt

RECENT_SECONDS = 60.0
_MOST_RECENT = 4096


class Recent:
    """The requests of the last minute, at most so many. Written by the clerk's thread, read by the event loop."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float | None]] = deque(maxlen=_MOST_RECENT)

    def add(self, receipts: Iterable[Receipt]) -> None:
        """Take note of a batch."""
        now = time.monotonic()
        self._seen.extend((now, receipt.first_byte) for receipt in receipts)

    def per_second(self, now: float, uptime: float) -> float:
        """Requests a second; a lower bound where more came than are kept."""
        return len(self._since(now)) / max(1.0, min(RECENT_SECONDS, uptime))

    def first_bytes(self, now: float) -> list[float]:
        """Seconds to the first byte of each, ascending."""
        return sorted(first for _, first in self._since(now) if first is not None)

    def _since(self, now: float) -> list[tuple[float, float | None]]:
        return [seen for seen in self._seen.copy() if seen[0] > now - RECENT_SECONDS]


class StatusMaker:
    """Makes reports about one house. `watcher` is None where nobody watches a configuration."""

    def __init__(self, house: House, *, listening: str, watcher: Watcher | None = None) -> None:
        self._house = house
        self._listening = listening
        self._watcher = watcher
        self._at_start: Settings = house.settings
        self._started = time.time()
        self._began = time.monotonic()
        self._recent = Recent()
        house.desk.receipts.on_batch(self._recent.add)

    def make(self) -> StatusReport:
        """How the house fares now."""
        house, now = self._house, time.monotonic()
        uptime = now - self._began
        return StatusReport(
            version=__version__,
            pid=os.getpid(),
            started=self._started,
            uptime=Seconds(uptime),
            workers=self._at_start.server.workers,
            listening=self._listening,
            config_file=str(self._watcher.loaded.file or "") if self._watcher else "",
            config_errors=self._watcher.problems if self._watcher else (),
            needs_restart=needs_restart(self._at_start, house.settings),
            providers=tuple(self._provider(provider) for provider in house.catalog.providers),
            requests=self._requests(now, uptime),
            receipts=self._receipts(),
            cache_entries=len(house.desk.cache),
            cache_bytes=house.desk.cache.bytes,
        )

    def encode(self) -> bytes:
        """The same as JSON."""
        return msgspec.json.encode(self.make())

    def _provider(self, provider: Inference) -> ProviderReport:
        house, status, offers = self._house, provider.status(), provider.offers()
        breakers = dict(house.desk.dispatch.health.report())
        own = [breakers[name] for name in (provider.name, *(offer.name for offer in offers)) if name in breakers]
        asked, failed = _attempts(house.desk.tally, provider.name)
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
            requests=asked,
            failures=failed,
        )

    def _requests(self, now: float, uptime: float) -> RequestsReport:
        desk = self._house.desk
        by_outcome = _outcomes(desk.tally)
        first_bytes = self._recent.first_bytes(now)
        return RequestsReport(
            total=sum(by_outcome.values()),
            ok=by_outcome[Outcome.OK],
            failed=by_outcome[Outcome.FAILED],
            refused=by_outcome[Outcome.REFUSED],
            cancelled=by_outcome[Outcome.CANCELLED],
            cached=desk.tally.cached,
            in_flight=desk.in_flight,
            per_second=self._recent.per_second(now, uptime),
            first_byte_p50=_percentile(first_bytes, 0.5),
            first_byte_p99=_percentile(first_bytes, 0.99),
            usd=Usd(sum(desk.tally.usd.copy().values())),
        )

    def _receipts(self) -> ReceiptsReport:
        state = self._house.desk.receipts.state
        return ReceiptsReport(
            backlog=state.waiting,
            dropped=state.dropped + state.refused,
            fault=state.fault.message if state.fault is not None else "",
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


def _outcomes(tally: Tally) -> dict[Outcome, int]:
    found = dict.fromkeys(Outcome, 0)
    for labels, count in tally.requests.copy().items():
        found[Outcome(labels[4])] += count
    return found


def _attempts(tally: Tally, provider: str) -> tuple[int, int]:
    """How often a provider was asked, and how often it failed. That it does not do something is no failure."""
    mine = [(labels, count) for labels, count in tally.attempts.copy().items() if labels[0] == provider]
    failed = sum(
        count for (_, _, outcome, error), count in mine if outcome == Outcome.FAILED and error != CannotServe.code
    )
    return sum(count for _, count in mine), failed


def _percentile(ascending: list[float], share: float) -> Seconds | None:
    """The value that `share` of all values do not exceed."""
    return Seconds(ascending[min(len(ascending) - 1, int(len(ascending) * share))]) if ascending else None
