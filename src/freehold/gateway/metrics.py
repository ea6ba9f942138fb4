"""`/metrics` in Prometheus's text format, read from the running totals when asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from freehold.compute.health import BreakerState
from freehold.stack.desk import Desk
from freehold.stack.tally import LATENCY_BOUNDS, Histogram, Labels

_BREAKERS = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}
_WHO = ("provider", "model")


class DeskCollector(Collector):
    """Everything the desk knows, as metric families."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def collect(self) -> Iterable[Metric]:
        tally = self._desk.tally
        yield _counter(
            "freehold_requests", "Requests by how they ended.",
            (*_WHO, "layer", "dialect", "outcome", "error"), tally.requests,
        )  # fmt: skip
        yield _counter("freehold_attempts", "Tries at one offer.", (*_WHO, "outcome", "error"), tally.attempts)
        yield _counter("freehold_tokens", "Tokens in disjoint buckets.", (*_WHO, "bucket"), tally.tokens)
        yield _counter("freehold_cost_usd", "US dollars spent, where the price is known.", _WHO, tally.usd)
        yield _counter("freehold_unpriced_requests", "Requests whose cost is not known.", _WHO, tally.unpriced)
        yield _counter("freehold_energy_joules", "Joules, by how they are known.", (*_WHO, "basis"), tally.joules)
        yield _histogram("freehold_request_seconds", "Seconds from request to complete answer.", tally.seconds)
        yield _histogram("freehold_first_byte_seconds", "Seconds until the first byte.", tally.first_byte)
        yield from self._cache()
        yield from self._state()

    def _cache(self) -> Iterable[Metric]:
        cache = self._desk.cache
        yield CounterMetricFamily("freehold_cache_hits", "Answers from the exact cache.", value=cache.hits)
        yield CounterMetricFamily("freehold_cache_misses", "Look-ups that found nothing.", value=cache.misses)
        yield GaugeMetricFamily("freehold_cache_bytes", "Bytes the exact cache holds.", value=cache.bytes)

    def _state(self) -> Iterable[Metric]:
        desk = self._desk
        yield GaugeMetricFamily("freehold_requests_in_flight", "Requests being answered.", value=desk.in_flight)
        ledger = desk.receipts.state
        yield GaugeMetricFamily("freehold_receipts_backlog", "Receipts not yet written.", value=ledger.waiting)
        yield CounterMetricFamily("freehold_receipts_dropped", "Receipts lost to a full disk.", value=ledger.dropped)
        breakers = GaugeMetricFamily("freehold_breaker_state", "0 closed, 1 half open, 2 open.", labels=("breaker",))
        for name, breaker in desk.dispatch.health.report():
            breakers.add_metric((name,), _BREAKERS[breaker.state])
        yield breakers


def metrics_page(desk: Desk) -> Callable[[], bytes]:
    """Makes the page anew each time it is called."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(DeskCollector(desk))
    ProcessCollector(registry=registry)
    return lambda: generate_latest(registry)


def _counter(name: str, text: str, labels: Labels, values: Mapping[Labels, float]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=labels)
    for key, value in list(values.items()):
        family.add_metric(key, value)
    return family


def _histogram(name: str, text: str, values: Mapping[Labels, Histogram]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, text, labels=_WHO)
    bounds = [f"{bound:g}" for bound in LATENCY_BOUNDS] + ["+Inf"]
    for key, histogram in list(values.items()):
        running = accumulate(histogram.counts)
        family.add_metric(key, list(zip(bounds, map(float, running), strict=True)), sum_value=histogram.total)
    return family
