"""Every metric family, from the page of a gateway that has had two requests."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from freehold.app.report import ProviderReport
from freehold.app.standing import Counts, Levels, Standing
from freehold.gateway.metrics import render
from freehold.ground.units import Joules, Seconds, Usd
from freehold.stack.tally import Tally
from freehold.words.dialects import Dialect
from freehold.words.prices import Usage
from freehold.words.receipts import Attempt, Basis, Energy, Outcome, Receipt
from pages.tables import code, table

HEAD = """\
# Metrics

`GET /metrics` answers in Prometheus's text format, or in OpenMetrics where `Accept` asks for it, and counts all workers together. Counts
trail receipts by their window (`[receipts] window_ms`). The usual `process_*` metrics come with them. How to collect them:
[observe](../how-to/observe.md).
"""
_OF_SAMPLES = frozenset({"le"})
"""Labels that belong to a sample's own kind."""


def page() -> str:
    _, text = render(_standing(), "text/plain")
    families = text_string_to_metric_families(text.decode())
    rows = [_row(metric) for metric in families if not metric.name.startswith("process_")]
    return f"{HEAD}\n{table(('metric', 'type', 'labels', 'what it counts'), rows)}"


def _row(metric: Metric) -> tuple[str, str, str, str]:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    labels = dict.fromkeys(label for sample in metric.samples for label in sample.labels if label not in _OF_SAMPLES)
    return code(name), metric.type, ", ".join(code(label) for label in labels), metric.documentation


def _standing() -> Standing:
    tally = Tally()
    tally.add(_receipts())
    provider = ProviderReport(name="openai", place="cloud", ready=True, offers=1)
    return Standing(
        began=0.0, counts=Counts(tally=tally), levels=Levels(breakers={"openai": "closed"}, providers=(provider,))
    )


def _receipts() -> Iterator[Receipt]:
    """One whose cost is known and one whose is not."""
    for usd in (Usd(0.001), None):
        attempt = Attempt(
            provider="openai", model="gpt-4o", started=Seconds(0.0), seconds=Seconds(1.0), outcome=Outcome.OK, usd=usd
        )
        yield Receipt(
            id="req_0",
            time=0.0,
            dialect=Dialect.CHAT,
            asked="auto",
            outcome=Outcome.OK,
            provider="openai",
            model="gpt-4o",
            layer=6,
            usage=Usage(input=10, cache_read=1, cache_write=1, output=10, reasoning=1),
            usd=usd,
            energy=Energy(joules=Joules(1.0), basis=Basis.ESTIMATED),
            first_byte=Seconds(0.5),
            seconds=Seconds(1.0),
            attempts=(attempt,),
        )
