"""OpenTelemetry: a span for each request, one below it for each attempt, and histograms. An extra, off until asked for.

All of it is made from receipts, in the clerk's thread, after the client has its answer. What was said and the keys are not in a
receipt, so they cannot be exported. Names are those of OpenTelemetry's conventions for generative AI, and `freehold.*` for what
these have no names for. Nothing of the SDK is imported until telemetry is on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import Protocol

from freehold.app.settings import TelemetrySettings
from freehold.compute.upstream import Origin
from freehold.ground.errors import NotAvailable
from freehold.words.receipts import Receipt

FindOrigin = Callable[[str], Origin | None]
"""Where a provider is; None for one that is in this process."""
_NEEDED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


class Telemetry(Protocol):
    """Tells a collector about requests."""

    def record(self, receipts: Iterable[Receipt]) -> None:
        """Take note of a batch. Quick; touches no network."""
        ...

    def close(self) -> None:
        """Send what is unsent, for some seconds at most."""
        ...


def open_telemetry(settings: TelemetrySettings, *, worker: str, find_origin: FindOrigin) -> Telemetry | None:
    """Telemetry to the configured collector; None where none is. Raises NotAvailable without the `otel` extra."""
    require_telemetry(settings)
    if settings.endpoint is None:
        return None
    from freehold.app.telemetry.export import Export

    return Export(settings.endpoint, service=settings.service_name, worker=worker, find_origin=find_origin)


def require_telemetry(settings: TelemetrySettings) -> None:
    """Raises NotAvailable if telemetry is on and its libraries are not installed."""
    if settings.endpoint is not None and not all(_installed(name) for name in _NEEDED):
        raise NotAvailable(
            "[telemetry] endpoint is set, but OpenTelemetry is not installed.",
            advice="Install it with `pip install 'freehold[otel]'`, or take the endpoint out.",
        )


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
