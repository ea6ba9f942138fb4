"""What OpenTelemetry calls things.

https://opentelemetry.io/docs/specs/semconv/gen-ai/ as of version 1.41, whose status is "development": names may yet change there.
They are written out here because the library that has them keeps them in a private package.
"""

from __future__ import annotations

from freehold.words.dialects import Dialect

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
STREAM = "gen_ai.request.stream"
FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_TOKENS = "gen_ai.usage.cache_creation.input_tokens"
REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
TOKEN_TYPE = "gen_ai.token.type"
ERROR = "error.type"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
STATUS = "http.response.status_code"

REQUEST_ID = "freehold.request.id"
LAYER = "freehold.layer"
PLACE = "freehold.place"
CACHED = "freehold.cached"
COST = "freehold.cost_usd"
ENERGY = "freehold.energy_joules"
ENERGY_BASIS = "freehold.energy_basis"
ATTEMPTS = "freehold.attempts"

DURATION = "gen_ai.client.operation.duration"
TOKEN_USAGE = "gen_ai.client.token.usage"
TIME_TO_FIRST_CHUNK = "gen_ai.client.operation.time_to_first_chunk"
COST_SUM = "freehold.cost"

_OPERATIONS = {
    Dialect.CHAT: "chat",
    Dialect.RESPONSES: "chat",
    Dialect.MESSAGES: "chat",
    Dialect.COMPLETIONS: "text_completion",
    Dialect.EMBEDDINGS: "embeddings",
}
_PROVIDERS = {"mistral": "mistral_ai", "gemini": "gcp.gemini"}
"""Those that OpenTelemetry calls otherwise than Freehold does."""


def operation_of(dialect: Dialect) -> str:
    """The operation; Freehold's own word where the conventions have none."""
    return _OPERATIONS.get(dialect, str(dialect))


def provider_of(name: str) -> str:
    """The provider; `freehold` itself where nobody was found to answer."""
    return _PROVIDERS.get(name, name) or "freehold"
