"""How a worker stands, and how all of them stand together.

`Counts` only grow; those of a worker that died still count. `Levels` are how it is just now; the dead have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from freehold.app.report import ProviderReport
from freehold.ground.units import Seconds
from freehold.stack.tally import Tally

_WORST_FIRST = ("open", "half_open", "closed")


class Counts(msgspec.Struct, kw_only=True):
    """What a worker, and those in its seat before it, have counted."""

    tally: Tally = msgspec.field(default_factory=Tally)
    cache_hits: int = 0
    cache_misses: int = 0
    receipts_dropped: int = 0
    processor: Seconds = Seconds(0.0)
    """CPU time, in seconds."""

    def absorb(self, other: Counts) -> None:
        """Count what another counted."""
        self.tally.absorb(other.tally)
        self.cache_hits += other.cache_hits
        self.cache_misses += other.cache_misses
        self.receipts_dropped += other.receipts_dropped
        self.processor = Seconds(self.processor + other.processor)


class Levels(msgspec.Struct, kw_only=True):
    """How it is just now."""

    processes: tuple[int, ...] = ()
    """Process ids."""
    in_flight: int = 0
    receipts_waiting: int = 0
    receipts_fault: str = ""
    cache_entries: int = 0
    cache_bytes: int = 0
    per_second: float = 0.0
    """Requests a second over the last minute, or since the start where that is shorter."""
    first_bytes: tuple[float, ...] = ()
    """Seconds to the first byte of the newest requests of the last minute."""
    breakers: dict[str, str] = {}
    """State by the name of a provider or offer."""
    providers: tuple[ProviderReport, ...] = ()
    """Without their counts."""

    def absorb(self, other: Levels) -> None:
        """Take in how another worker is."""
        self.processes += other.processes
        self.in_flight += other.in_flight
        self.receipts_waiting += other.receipts_waiting
        self.receipts_fault = self.receipts_fault or other.receipts_fault
        self.cache_entries += other.cache_entries
        self.cache_bytes += other.cache_bytes
        self.per_second += other.per_second
        self.first_bytes += other.first_bytes
        for name, state in other.breakers.items():
            self.breakers[name] = _worse(self.breakers.get(name, state), state)
        self.providers = _joined((*self.providers, *other.providers))


class Standing(msgspec.Struct, kw_only=True):
    """One worker, or all of them together."""

    began: float
    """Monotonic seconds when the first worker began; the clock is the machine's, the same for every process."""
    counts: Counts
    levels: Levels


def together(standings: Sequence[Standing]) -> Standing:
    """All in one; the first is changed."""
    first, *others = standings
    for other in others:
        first.began = min(first.began, other.began)
        first.counts.absorb(other.counts)
        first.levels.absorb(other.levels)
    return first


def _joined(reports: Iterable[ProviderReport]) -> tuple[ProviderReport, ...]:
    """One report for each provider, which shows the worst that any worker sees."""
    found: dict[str, ProviderReport] = {}
    for report in reports:
        known = found.get(report.name)
        found[report.name] = report if known is None else _join(known, report)
    return tuple(found.values())


def _join(one: ProviderReport, other: ProviderReport) -> ProviderReport:
    aside = {key.label: key for key in other.keys if key.set_aside}
    return msgspec.structs.replace(
        one,
        ready=one.ready and other.ready,
        reason=one.reason or other.reason,
        breaker=_worse(one.breaker, other.breaker),
        in_flight=one.in_flight + other.in_flight,
        offers=max(one.offers, other.offers),
        keys=tuple(key if key.set_aside else aside.get(key.label, key) for key in one.keys),
        last_error=one.last_error or other.last_error,
        discovered=one.discovered or other.discovered,
    )


def _worse(one: str, other: str) -> str:
    return min(one, other, key=_WORST_FIRST.index)
