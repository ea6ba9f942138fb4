"""The whole tree."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated

import msgspec
from msgspec import Meta

from freehold.app.settings.door import ServerSettings, TelemetrySettings
from freehold.app.settings.effort import (
    BreakerSettings,
    DeadlineSettings,
    HedgeSettings,
    RetrySettings,
    StreamSettings,
)
from freehold.app.settings.keeping import CacheSettings, LocalSettings, ReceiptSettings
from freehold.app.settings.providers import PriceSettings, ProviderSettings, Text

Targets = Annotated[tuple[Text, ...], Meta(min_length=1)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The configuration of Freehold."""

    server: ServerSettings = ServerSettings()
    deadlines: DeadlineSettings = DeadlineSettings()
    retry: RetrySettings = RetrySettings()
    breaker: BreakerSettings = BreakerSettings()
    hedge: HedgeSettings = HedgeSettings()
    stream: StreamSettings = StreamSettings()
    cache: CacheSettings = CacheSettings()
    receipts: ReceiptSettings = ReceiptSettings()
    local: LocalSettings = LocalSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    providers: Annotated[
        Mapping[str, ProviderSettings],
        Meta(description="Providers by name. A known one also appears by itself once its key variable is set."),
    ] = msgspec.field(default_factory=dict)
    aliases: Annotated[
        Mapping[str, Targets],
        Meta(
            description='Names for offers, tried in order: fast = ["groq/llama-*", "local/*"]. '
            "Where a name holds a `*`, a target that ends in `/*` is the model that was asked for."
        ),
    ] = msgspec.field(default_factory=dict)
    prices: Annotated[
        Mapping[str, PriceSettings],
        Meta(description='Prices by "provider/model", which may hold wildcards; overrides the catalog.'),
    ] = msgspec.field(default_factory=dict)

    def price_of(self, offer: str) -> PriceSettings | None:
        """The price stated for the offer of that name: by its own name, or by the first pattern that matches it."""
        if (stated := self.prices.get(offer)) is not None:
            return stated
        patterns = (name for name in self.prices if "*" in name and fnmatchcase(offer, name))
        return self.prices[found] if (found := next(patterns, None)) is not None else None
