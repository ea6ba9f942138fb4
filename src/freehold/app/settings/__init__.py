"""Everything a user can set, as one frozen tree.

Each field carries its bounds and its description, so that the checker, the JSON schema, the starter file and
the reference all say the same thing. The tree is data: reading and checking a file is `freehold.app.config`;
putting parts together from it is `freehold.app.build`. Spans are in seconds and sizes in bytes, everywhere.
"""

from freehold.app.settings.door import ServerSettings, TelemetrySettings
from freehold.app.settings.effort import (
    BreakerSettings,
    DeadlineSettings,
    HedgeSettings,
    RetrySettings,
    StreamSettings,
)
from freehold.app.settings.keeping import CacheSettings, LocalSettings, ReceiptSettings
from freehold.app.settings.providers import PriceSettings, PriceTier, ProviderDeadlines, ProviderSettings
from freehold.app.settings.secrets import Credential, Secret
from freehold.app.settings.tree import Settings

__all__ = [
    "BreakerSettings",
    "CacheSettings",
    "Credential",
    "DeadlineSettings",
    "HedgeSettings",
    "LocalSettings",
    "PriceSettings",
    "PriceTier",
    "ProviderDeadlines",
    "ProviderSettings",
    "ReceiptSettings",
    "RetrySettings",
    "Secret",
    "ServerSettings",
    "Settings",
    "StreamSettings",
    "TelemetrySettings",
]
