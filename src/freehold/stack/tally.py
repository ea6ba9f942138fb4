"""Running totals over receipts: what `/metrics` and `freehold top` show. Fed in batches, off the hot path."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable

from freehold.words.receipts import Receipt

LATENCY_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Upper bounds of the histograms' buckets, in seconds."""
_BUCKETS = ("input", "cache_read", "cache_write", "output", "reasoning")
_MAX_SERIES = 5_000
"""Label sets kept of each kind; what goes beyond is counted under "other", so that names cannot fill the memory."""

Labels = tuple[str, ...]
OTHER = "other"


class Histogram:
    """Counts by upper bound, and the sum."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(LATENCY_BOUNDS) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(LATENCY_BOUNDS, value)] += 1
        self.total += value


class Tally:
    """Totals since the process started. Written by one thread, read by another: readers copy."""

    def __init__(self) -> None:
        self.requests: Counter[Labels] = Counter()
        """(provider, model, layer, dialect, outcome, error)"""
        self.attempts: Counter[Labels] = Counter()
        """(provider, model, outcome, error)"""
        self.tokens: Counter[Labels] = Counter()
        """(provider, model, bucket)"""
        self.usd: defaultdict[Labels, float] = defaultdict(float)
        """(provider, model)"""
        self.unpriced: Counter[Labels] = Counter()
        """(provider, model): requests whose cost is not known."""
        self.joules: defaultdict[Labels, float] = defaultdict(float)
        """(provider, model, basis)"""
        self.cached = 0
        self.seconds: defaultdict[Labels, Histogram] = defaultdict(Histogram)
        """(provider, model)"""
        self.first_byte: defaultdict[Labels, Histogram] = defaultdict(Histogram)

    def add(self, receipts: Iterable[Receipt]) -> None:
        """Count a batch."""
        for receipt in receipts:
            self._add(receipt)

    def _add(self, receipt: Receipt) -> None:
        who = self._bounded(receipt.provider, receipt.model)
        layer = "" if receipt.layer is None else str(receipt.layer)
        self.requests[(*who, layer, receipt.dialect, receipt.outcome, receipt.error)] += 1
        for attempt in receipt.attempts:
            tried = self._bounded(attempt.provider, attempt.model)
            self.attempts[(*tried, attempt.outcome, attempt.error)] += 1
        self.cached += receipt.cached
        self.seconds[who].add(receipt.seconds)
        if receipt.first_byte is not None:
            self.first_byte[who].add(receipt.first_byte)
        self._add_cost(who, receipt)

    def _add_cost(self, who: Labels, receipt: Receipt) -> None:
        for bucket in _BUCKETS:
            if count := getattr(receipt.usage, bucket):
                self.tokens[(*who, bucket)] += count
        if receipt.usd is None:
            self.unpriced[who] += 1
        elif receipt.usd:
            self.usd[who] += receipt.usd
        if receipt.energy is not None:
            self.joules[(*who, receipt.energy.basis)] += receipt.energy.joules

    def _bounded(self, provider: str, model: str) -> Labels:
        who = (provider, model)
        return who if who in self.seconds or len(self.seconds) < _MAX_SERIES else (provider, OTHER)
