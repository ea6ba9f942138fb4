"""From a receipt to spans: the request as its server saw it, and below it each attempt as a client's.

Tokens are told of the request only, so that nobody counts them twice. The status is an error where Freehold or a provider failed;
of a server's span, a refused request is none.
"""

from __future__ import annotations

from collections.abc import Iterator

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.util.types import AttributeValue

from freehold import __version__
from freehold.app.telemetry import FindOrigin, names
from freehold.words.prices import NO_USAGE, Usage
from freehold.words.receipts import Attempt, Outcome, Receipt, TracedReceipt
from freehold.words.traces import Span, attempt_span, read_traceparent, request_span

Attributes = dict[str, AttributeValue]
SCOPE = InstrumentationScope("freehold", __version__)
_FAILED = Status(StatusCode.ERROR)
_UNSET = Status(StatusCode.UNSET)


def spans_of(receipt: Receipt, *, resource: Resource, find_origin: FindOrigin) -> Iterator[ReadableSpan]:
    """The request's span, then those of its attempts."""
    client = read_traceparent(receipt.trace) if isinstance(receipt, TracedReceipt) else None
    request = request_span(receipt.id, client)
    began = _nanoseconds(receipt.time)
    yield ReadableSpan(
        name=_name(receipt),
        context=_context(request),
        parent=None if client is None else _context(client, remote=True),
        resource=resource,
        attributes=_of_request(receipt),
        kind=SpanKind.SERVER,
        status=_FAILED if receipt.outcome is Outcome.FAILED else _UNSET,
        start_time=began,
        end_time=began + _nanoseconds(receipt.seconds),
        instrumentation_scope=SCOPE,
    )
    for attempt in receipt.attempts:
        attributes, elsewhere = _of_attempt(attempt, receipt, find_origin)
        asked = began + _nanoseconds(attempt.started)
        offer = f"{attempt.provider}/{attempt.model}"
        yield ReadableSpan(
            name=f"{names.operation_of(receipt.dialect)} {attempt.model}",
            context=_context(attempt_span(receipt.id, request, offer, attempt.started)),
            parent=_context(request),
            resource=resource,
            attributes=attributes,
            kind=SpanKind.CLIENT if elsewhere else SpanKind.INTERNAL,
            status=_UNSET if attempt.outcome in (Outcome.OK, Outcome.CANCELLED) else _FAILED,
            start_time=asked,
            end_time=asked + _nanoseconds(attempt.seconds),
            instrumentation_scope=SCOPE,
        )


def _name(receipt: Receipt) -> str:
    """With the model, where there is one of that name: what clients make up would be names without end."""
    operation = names.operation_of(receipt.dialect)
    return f"{operation} {receipt.asked}" if receipt.attempts or receipt.provider else operation


def _of_request(receipt: Receipt) -> Attributes:
    found: Attributes = {
        names.OPERATION: names.operation_of(receipt.dialect),
        names.PROVIDER: names.provider_of(receipt.provider),
        names.REQUEST_MODEL: receipt.asked,
        names.REQUEST_ID: receipt.id,
        names.CACHED: receipt.cached,
        names.ATTEMPTS: len(receipt.attempts),
    }
    if receipt.model:
        found |= {names.RESPONSE_MODEL: receipt.model, names.PLACE: str(receipt.place)}
    if receipt.layer is not None:
        found[names.LAYER] = receipt.layer
    if receipt.error:
        found[names.ERROR] = receipt.error
    if receipt.stream:
        found[names.STREAM] = True
        if receipt.first_byte is not None:
            found[names.FIRST_CHUNK] = receipt.first_byte
    return found | _of_usage(receipt.usage) | _of_cost(receipt)


def _of_usage(usage: Usage) -> Attributes:
    """The conventions count parts within their whole; receipts keep them apart."""
    if usage == NO_USAGE:
        return {}
    found: Attributes = {names.INPUT_TOKENS: input_tokens(usage), names.OUTPUT_TOKENS: output_tokens(usage)}
    parts = (
        (names.CACHE_READ_TOKENS, usage.cache_read),
        (names.CACHE_WRITE_TOKENS, usage.cache_write),
        (names.REASONING_TOKENS, usage.reasoning),
    )
    return found | {name: count for name, count in parts if count}


def input_tokens(usage: Usage) -> int:
    """All that went in."""
    return usage.input + usage.cache_read + usage.cache_write


def output_tokens(usage: Usage) -> int:
    """All that came out."""
    return usage.output + usage.reasoning


def _of_cost(receipt: Receipt) -> Attributes:
    found: Attributes = {} if receipt.usd is None else {names.COST: receipt.usd}
    if receipt.energy is not None:
        found |= {names.ENERGY: receipt.energy.joules, names.ENERGY_BASIS: str(receipt.energy.basis)}
    return found


def _of_attempt(attempt: Attempt, receipt: Receipt, find_origin: FindOrigin) -> tuple[Attributes, bool]:
    """Its attributes, and whether it left this process."""
    found: Attributes = {
        names.OPERATION: names.operation_of(receipt.dialect),
        names.PROVIDER: names.provider_of(attempt.provider),
        names.REQUEST_MODEL: attempt.model,
    }
    if (origin := find_origin(attempt.provider)) is not None:
        found |= {names.SERVER_ADDRESS: origin.host, names.SERVER_PORT: origin.port}
    if attempt.outcome is not Outcome.OK:
        found[names.ERROR] = attempt.error or str(attempt.outcome)
    if attempt.status is not None:
        found[names.STATUS] = attempt.status
    if attempt.usd is not None:
        found[names.COST] = attempt.usd
    return found, origin is not None


def _context(span: Span, *, remote: bool = False) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if span.sampled else TraceFlags.DEFAULT)
    return SpanContext(span.trace_id, span.span_id, is_remote=remote, trace_flags=flags)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
