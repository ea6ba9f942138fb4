"""`/metrics` in the words of Prometheus or OpenMetrics, from how all workers stand together.

Imported when the page is first asked for: most gateways are never scraped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from freehold import __version__
from freehold.app.standing import Counts, Levels, Standing
from freehold.stack.tally import LATENCY_BOUNDS, Histogram, Labels

_BREAKERS = {"closed": 0, "half_open": 1, "open": 2}
_WHO = ("provider", "model")
_PROCESSOR = "process_cpu_seconds"
_EARLIEST = frozenset({"process_start_time_seconds", "process_max_fds"})
"""Of several processes, the smallest; all else of them is added up."""


def render(standing: Standing, accept: str) -> tuple[str, bytes]:
    """Content type and page, in the format that the Accept header asks for."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_StandingCollector(standing))
    encode, content_type = choose_encoder(accept)
    return content_type, encode(registry)


class _StandingCollector(Collector):
    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def collect(self) -> Iterable[Metric]:
        yield InfoMetricFamily("freehold_build", "What runs here.", value={"version": __version__})
        yield from _counts(self._standing.counts)
        yield from _levels(self._standing.levels)
        yield from _processes(self._standing)


def _counts(counts: Counts) -> Iterable[Metric]:
    tally = counts.tally
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
    yield CounterMetricFamily("freehold_cache_hits", "Answers from the exact cache.", value=counts.cache_hits)
    yield CounterMetricFamily("freehold_cache_misses", "Look-ups that found nothing.", value=counts.cache_misses)
    yield CounterMetricFamily(
        "freehold_receipts_dropped", "Receipts lost because the database would not take them.",
        value=counts.receipts_dropped,
    )  # fmt: skip


def _levels(levels: Levels) -> Iterable[Metric]:
    yield GaugeMetricFamily("freehold_cache_bytes", "Bytes the exact cache holds.", value=levels.cache_bytes)
    yield GaugeMetricFamily("freehold_requests_in_flight", "Requests being answered.", value=levels.in_flight)
    yield GaugeMetricFamily("freehold_receipts_backlog", "Receipts not yet written.", value=levels.receipts_waiting)
    yield GaugeMetricFamily("freehold_workers", "Processes that serve.", value=len(levels.processes))
    breakers = GaugeMetricFamily("freehold_breaker_state", "0 closed, 1 half open, 2 open.", labels=("breaker",))
    for name, state in levels.breakers.items():
        breakers.add_metric((name,), _BREAKERS[state])
    yield breakers
    offers = GaugeMetricFamily("freehold_offers", "Models on offer.", labels=("provider", "place"))
    for provider in levels.providers:
        offers.add_metric((provider.name, provider.place), provider.offers)
    yield offers


def _processes(standing: Standing) -> Iterable[Metric]:
    """What Prometheus's own clients tell of a process, of all workers; CPU time also of those that have ended."""
    told: dict[str, list[float]] = {}
    shapes: dict[str, Metric] = {}
    for pid in standing.levels.processes:
        for metric in _process(pid):
            shapes[metric.name] = metric
            told.setdefault(metric.name, []).extend(sample.value for sample in metric.samples)
    for name, metric in shapes.items():
        if name == _PROCESSOR:
            yield CounterMetricFamily(name, metric.documentation, value=standing.counts.processor)
        else:
            value = min(told[name]) if name in _EARLIEST else sum(told[name])
            yield GaugeMetricFamily(name, metric.documentation, value=value)


def _process(pid: int) -> Iterable[Metric]:
    return ProcessCollector(pid=lambda: pid, registry=None).collect()


def _counter(name: str, text: str, labels: Labels, values: Mapping[Labels, float]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _histogram(name: str, text: str, values: Mapping[Labels, Histogram]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, text, labels=_WHO)
    bounds = [f"{bound:g}" for bound in LATENCY_BOUNDS] + ["+Inf"]
    for key, histogram in values.items():
        running = accumulate(histogram.counts)
        family.add_metric(key, list(zip(bounds, map(float, running), strict=True)), sum_value=histogram.total)
    return family
