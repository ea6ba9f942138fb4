"""To a collector by OTLP over HTTP, in batches, from threads of OpenTelemetry's own.

What a collector that is away does not take within seconds is dropped and said so in the log; requests never wait for it.
`OTEL_*` variables work as OpenTelemetry has them, for headers of the collector's own or how often to send.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from threading import Thread

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from freehold import __version__
from freehold.app.telemetry import FindOrigin
from freehold.app.telemetry.measures import Measures
from freehold.app.telemetry.spans import SCOPE, spans_of
from freehold.words.receipts import Receipt

_SECONDS = 5
"""For one batch, and for the last one at the end."""
_MOST_SPANS = 16_384
"""Kept while the collector is away; the oldest go first."""


class Export:
    """Keeps the promises of `Telemetry`. `worker` tells this process from the others of its gateway."""

    def __init__(self, endpoint: str, *, service: str, worker: str, find_origin: FindOrigin) -> None:
        base = endpoint.rstrip("/")
        self._resource = Resource.create(
            {
                "service.name": service,
                "service.version": __version__,
                "service.instance.id": f"{os.uname().nodename}-{worker}",
            }
        )
        self._find_origin = find_origin
        self._spans = BatchSpanProcessor(
            OTLPSpanExporter(f"{base}/v1/traces", timeout=_SECONDS), max_queue_size=_MOST_SPANS
        )
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{base}/v1/metrics", timeout=_SECONDS))
        self._meters = MeterProvider(metric_readers=[reader], resource=self._resource, shutdown_on_exit=False)
        self._measures = Measures(self._meters.get_meter(SCOPE.name, SCOPE.version), find_origin)

    def record(self, receipts: Iterable[Receipt]) -> None:
        for receipt in receipts:
            self._measures.record(receipt)
            for span in spans_of(receipt, resource=self._resource, find_origin=self._find_origin):
                self._spans.on_end(span)

    def close(self) -> None:
        # Left alone it would wait half a minute for a collector that does not answer.
        ending = Thread(target=self._spans.shutdown, name="freehold-telemetry", daemon=True)
        ending.start()
        self._meters.shutdown(timeout_millis=_SECONDS * 1000)
        ending.join(_SECONDS)
