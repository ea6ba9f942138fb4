"""Running totals over receipts: what `/metrics` and `freehold top` show. Fed in batches, off the hot path."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from freehold.words.receipts import Receipt

LATENCY_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Upper bounds of the histograms' buckets, in seconds."""
_BUCKETS = ("input", "cache_read", "cache_write", "output", "reasoning")
_MAX_SERIES = 5_000
"""Label sets kept of each kind; what goes beyond is counted under "other", so that names cannot fill the memory."""

Labels = tuple[str, ...]
OTHER = "other"


Count = TypeVar("Count", int, float)


class Histogram(msgspec.Struct):
    """Counts by upper bound, and the sum."""

    counts: list[int] = msgspec.field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS) + 1))
    total: float = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(LATENCY_BOUNDS, value)] += 1
        self.total += value

    def absorb(self, other: Histogram) -> None:
        """Count what another counted."""
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        self.total += other.total


class Tally(msgspec.Struct, kw_only=True):
    """Totals that only grow. Written by one thread; others copy before they read."""

    requests: dict[Labels, int] = {}
    """(provider, model, layer, dialect, outcome, error)"""
    attempts: dict[Labels, int] = {}
    """(provider, model, outcome, error)"""
    tokens: dict[Labels, int] = {}
    """(provider, model, bucket)"""
    usd: dict[Labels, float] = {}
    """(provider, model)"""
    unpriced: dict[Labels, int] = {}
    """(provider, model): requests whose cost is not known."""
    joules: dict[Labels, float] = {}
    """(provider, model, basis)"""
    cached: int = 0
    seconds: dict[Labels, Histogram] = {}
    """(provider, model)"""
    first_byte: dict[Labels, Histogram] = {}
    """(provider, model)"""

    def add(self, receipts: Iterable[Receipt]) -> None:
        """Count a batch."""
        for receipt in receipts:
            self._add(receipt)

    def absorb(self, other: Tally) -> None:
        """Count what another counted."""
        for labels, count in other.requests.items():
            _more(self.requests, labels, count)
        for labels, count in other.attempts.items():
            _more(self.attempts, labels, count)
        for labels, count in other.tokens.items():
            _more(self.tokens, labels, count)
        for labels, count in other.unpriced.items():
            _more(self.unpriced, labels, count)
        for labels, amount in other.usd.items():
            _more(self.usd, labels, amount)
        for labels, amount in other.joules.items():
            _more(self.joules, labels, amount)
        self.cached += other.cached
        for mine, theirs in ((self.seconds, other.seconds), (self.first_byte, other.first_byte)):
            for labels, histogram in theirs.items():
                _of(mine, labels).absorb(histogram)

    def _add(self, receipt: Receipt) -> None:
        who = self._bounded(receipt.provider, receipt.model)
        layer = "" if receipt.layer is None else str(receipt.layer)
        _more(self.requests, (*who, layer, receipt.dialect, receipt.outcome, receipt.error), 1)
        for attempt in receipt.attempts:
            tried = self._bounded(attempt.provider, attempt.model)
            _more(self.attempts, (*tried, attempt.outcome, attempt.error), 1)
        self.cached += receipt.cached
        _of(self.seconds, who).add(receipt.seconds)
        if receipt.first_byte is not None:
            _of(self.first_byte, who).add(receipt.first_byte)
        self._add_cost(who, receipt)

    def _add_cost(self, who: Labels, receipt: Receipt) -> None:
        for bucket in _BUCKETS:
            if count := getattr(receipt.usage, bucket):
                _more(self.tokens, (*who, bucket), count)
        if receipt.usd is None:
            _more(self.unpriced, who, 1)
        elif receipt.usd:
            _more(self.usd, who, receipt.usd)
        if receipt.energy is not None:
            _more(self.joules, (*who, receipt.energy.basis), receipt.energy.joules)

    def _bounded(self, provider: str, model: str) -> Labels:
        who = (provider, model)
        return who if who in self.seconds or len(self.seconds) < _MAX_SERIES else (provider, OTHER)


def _more(counts: dict[Labels, Count], labels: Labels, count: Count) -> None:
    counts[labels] = counts[labels] + count if labels in counts else count


def _of(histograms: dict[Labels, Histogram], labels: Labels) -> Histogram:
    found = histograms.get(labels)
    if found is None:
        found = histograms[labels] = Histogram()
    return found
