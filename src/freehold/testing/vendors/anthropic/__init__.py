"""A fake Anthropic: as strict as the real one about what it takes, and in its words about what it gives."""

from freehold.testing.vendors.anthropic.errors import (
    billing,
    failure,
    forbidden,
    out_of_credit,
    overloaded,
    rate_limited,
    server_error,
    spend_limit_reached,
)
from freehold.testing.vendors.anthropic.vendor import KEY, MODELS, VERSIONS, FakeAnthropic

__all__ = [
    "KEY",
    "MODELS",
    "VERSIONS",
    "FakeAnthropic",
    "billing",
    "failure",
    "forbidden",
    "out_of_credit",
    "overloaded",
    "rate_limited",
    "server_error",
    "spend_limit_reached",
]
