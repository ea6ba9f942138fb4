"""From receipts to OpenTelemetry's metrics: how long it took, how many tokens, how much money.

Attributes are names of providers and models on offer, never a client's own text, so their number is bounded.
"""

from __future__ import annotations

from opentelemetry.metrics import Meter

from freehold.app.telemetry import FindOrigin, names
from freehold.app.telemetry.spans import Attributes, input_tokens, output_tokens
from freehold.words.receipts import Receipt

# The boundaries that the conventions recommend.
_SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
_FIRST = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0]
_TOKENS = [4.0**power for power in range(14)]


class Measures:
    """The instruments."""

    def __init__(self, meter: Meter, find_origin: FindOrigin) -> None:
        self._find_origin = find_origin
        self._duration = meter.create_histogram(
            names.DURATION,
            "s",
            "From the request to its complete answer.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._first_chunk = meter.create_histogram(
            names.TIME_TO_FIRST_CHUNK, "s", "Until a stream began.", explicit_bucket_boundaries_advisory=_FIRST
        )
        self._tokens = meter.create_histogram(
            names.TOKEN_USAGE, "{token}", "Tokens of a request.", explicit_bucket_boundaries_advisory=_TOKENS
        )
        self._cost = meter.create_counter(names.COST_SUM, "USD", "Money spent, where the price is known.")

    def record(self, receipt: Receipt) -> None:
        """Count one request."""
        who = self._who(receipt)
        ended = {**who, names.ERROR: receipt.error} if receipt.error else who
        self._duration.record(receipt.seconds, ended)
        if receipt.stream and receipt.first_byte is not None:
            self._first_chunk.record(receipt.first_byte, who)
        for kind, count in (("input", input_tokens(receipt.usage)), ("output", output_tokens(receipt.usage))):
            if count:
                self._tokens.record(count, {**who, names.TOKEN_TYPE: kind})
        if receipt.usd:
            self._cost.add(receipt.usd, who)

    def _who(self, receipt: Receipt) -> Attributes:
        who: Attributes = {
            names.OPERATION: names.operation_of(receipt.dialect),
            names.PROVIDER: names.provider_of(receipt.provider),
        }
        if receipt.model:
            who |= {names.REQUEST_MODEL: receipt.model, names.RESPONSE_MODEL: receipt.model}
        if not receipt.cached and (origin := self._find_origin(receipt.provider)) is not None:
            who |= {names.SERVER_ADDRESS: origin.host, names.SERVER_PORT: origin.port}
        return who
