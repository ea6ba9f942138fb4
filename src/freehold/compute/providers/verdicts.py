"""What a provider's HTTP status means for whoever asked: one table, by status and declared error code, never by words.

400 409 413 422 ...   the request's own fault     ProviderRefused, passed on as it is
400 with code context_length_exceeded             CannotServe: a model with a longer context may
401 403               the key is banned           CredentialRejected
402, 429 with a billing code                      CredentialRejected: out of quota
404                   no such model there         CannotServe
408 425               too slow, too early         ProviderBroken
429, 503 with Retry-After, 529                    ProviderBusy
5xx and the rest                                  ProviderBroken
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from freehold.ground.errors import (
    CannotServe,
    CredentialRejected,
    FreeholdError,
    ProviderBroken,
    ProviderBusy,
    ProviderRefused,
)

MAX_RETRY_AFTER = 3600.0
"""Seconds; what asks for more is taken as this much."""


_OUT_OF_QUOTA = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "project_spend_limit_exceeded",
        "enforced_spend_limit_reached",
    }
)
"""Codes with which OpenAI and Anthropic say, with the status of a rate limit, that waiting will not help."""


class _More(msgspec.Struct):
    error_code: str | None = None


class _Detail(msgspec.Struct):
    code: str | int | None = None
    type: str | None = None
    message: str | None = None
    details: _More | None = None

    @property
    def out_of_quota(self) -> bool:
        stated = {self.code, self.type, self.details.error_code if self.details else None}
        return not stated.isdisjoint(_OUT_OF_QUOTA)


class _Body(msgspec.Struct):
    error: _Detail | str | None = None


def verdict(provider: str, status: int, headers: Mapping[bytes, bytes], body: bytes) -> FreeholdError:
    """The error for an answer whose status is not 2xx."""
    detail = _detail(body)
    told = f"{provider} answered {status}" + (f": {detail.message[:500]}" if detail.message else "")
    if status in (401, 403):
        return CredentialRejected(f"{provider} answered {status}: it does not take this key.", status=status)
    if status == 402 or (status == 429 and detail.out_of_quota):
        return CredentialRejected(f"{provider} answered {status}: the key is out of quota.", status=status)
    if status == 404 or detail.code == "context_length_exceeded":
        return CannotServe(told, status=status)
    if status in (429, 529) or (status == 503 and b"retry-after" in headers):
        return ProviderBusy(told, status=status, retry_after=retry_after(headers))
    if 400 <= status < 500 and status not in (408, 425):
        return ProviderRefused(told, status=status, body=body)
    return ProviderBroken(told, status=status, retry_after=retry_after(headers))


def retry_after(headers: Mapping[bytes, bytes]) -> float | None:
    """Seconds to wait, from Retry-After as a number or a date; None if it does not say or says nonsense."""
    text = headers.get(b"retry-after", b"").decode("latin-1").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER) if math.isfinite(seconds) else None


def error_event(data: bytes) -> ProviderBroken | None:
    """The error that a stream's event carries in place of an answer, if it does."""
    try:
        error = msgspec.json.decode(data, type=_Body).error
    except msgspec.DecodeError:
        return None
    if error is None:
        return None
    words = error if isinstance(error, str) else error.message or ""
    return ProviderBroken(f"The stream carried an error in place of an answer: {words[:500]}")


def _detail(body: bytes) -> _Detail:
    try:
        error = msgspec.json.decode(body, type=_Body).error
    except msgspec.DecodeError:
        return _Detail()
    return error if isinstance(error, _Detail) else _Detail(message=error)
