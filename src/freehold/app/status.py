"""From how the gateway stands to its report: what `GET /admin/status` answers, put together only when someone asks.

Counts come from receipts as they are written, so they trail by the receipts' window. They are those of all workers.
"""

from __future__ import annotations

import os
import time

import msgspec

from freehold import __version__
from freehold.app.build import House
from freehold.app.config.watch import Watcher, needs_restart
from freehold.app.report import ProviderReport, ReceiptsReport, RequestsReport, StatusReport
from freehold.app.settings import Settings
from freehold.app.standing import Levels, Standing
from freehold.ground.errors import CannotServe
from freehold.ground.units import Seconds, Usd
from freehold.stack.tally import Tally
from freehold.words.receipts import Outcome


class StatusMaker:
    """Makes reports about one house. `watcher` is None where nobody watches a configuration."""

    def __init__(self, house: House, *, listening: str, watcher: Watcher | None = None) -> None:
        self._house = house
        self._listening = listening
        self._watcher = watcher
        self._at_start: Settings = house.settings

    async def make(self) -> StatusReport:
        """How the gateway fares now."""
        house = self._house
        # Before anything is waited for: what is said of the configuration is then never newer than its effects.
        problems = self._watcher.problems if self._watcher else ()
        restart = needs_restart(self._at_start, house.settings)
        standing = await house.census.take()
        levels, uptime = standing.levels, time.monotonic() - standing.began
        return StatusReport(
            version=__version__,
            pid=os.getpid(),
            started=time.time() - uptime,
            uptime=Seconds(uptime),
            workers=self._at_start.server.workers,
            listening=self._listening,
            config_file=str(self._watcher.loaded.file or "") if self._watcher else "",
            config_errors=problems,
            needs_restart=restart,
            providers=tuple(_counted(provider, standing.counts.tally) for provider in levels.providers),
            requests=_requests(standing.counts.tally, levels),
            receipts=_receipts(standing),
            cache_entries=levels.cache_entries,
            cache_bytes=levels.cache_bytes,
        )

    async def encode(self) -> bytes:
        """The same as JSON."""
        return msgspec.json.encode(await self.make())


def _requests(tally: Tally, levels: Levels) -> RequestsReport:
    by_outcome = _outcomes(tally)
    first_bytes = sorted(levels.first_bytes)
    return RequestsReport(
        total=sum(by_outcome.values()),
        ok=by_outcome[Outcome.OK],
        failed=by_outcome[Outcome.FAILED],
        refused=by_outcome[Outcome.REFUSED],
        cancelled=by_outcome[Outcome.CANCELLED],
        cached=tally.cached,
        in_flight=levels.in_flight,
        per_second=levels.per_second,
        first_byte_p50=_percentile(first_bytes, 0.5),
        first_byte_p99=_percentile(first_bytes, 0.99),
        usd=Usd(sum(tally.usd.values())),
    )


def _receipts(standing: Standing) -> ReceiptsReport:
    levels = standing.levels
    return ReceiptsReport(
        backlog=levels.receipts_waiting, dropped=standing.counts.receipts_dropped, fault=levels.receipts_fault
    )


def _outcomes(tally: Tally) -> dict[Outcome, int]:
    found = dict.fromkeys(Outcome, 0)
    for labels, count in tally.requests.items():
        found[Outcome(labels[4])] += count
    return found


def _counted(provider: ProviderReport, tally: Tally) -> ProviderReport:
    """With how often it was asked, and how often it failed. That it does not do something is no failure."""
    mine = [(labels, count) for labels, count in tally.attempts.items() if labels[0] == provider.name]
    failed = sum(
        count for (_, _, outcome, error), count in mine if outcome == Outcome.FAILED and error != CannotServe.code
    )
    return msgspec.structs.replace(provider, requests=sum(count for _, count in mine), failures=failed)


def _percentile(ascending: list[float], share: float) -> Seconds | None:
    """The value that `share` of all values do not exceed."""
    return Seconds(ascending[min(len(ascending) - 1, int(len(ascending) * share))]) if ascending else None
