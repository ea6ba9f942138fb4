"""A fake OpenAI: as strict as the real one about what it takes, and in its words about what it gives."""

from freehold.testing.vendors.openai.errors import (
    failure,
    out_of_quota,
    overloaded,
    rate_limited,
    server_error,
    wrong_key,
)
from freehold.testing.vendors.openai.vendor import KEY, MODELS, FakeOpenAI

__all__ = [
    "KEY",
    "MODELS",
    "FakeOpenAI",
    "failure",
    "out_of_quota",
    "overloaded",
    "rate_limited",
    "server_error",
    "wrong_key",
]
