"""From an error to what goes over the wire: OpenAI's shape for its dialects, Anthropic's for its own.

The status follows from the error's class, in one table that a test keeps complete.
"""

from __future__ import annotations

import math

import msgspec

from freehold.ground import errors
from freehold.ground.errors import FixRequest, FreeholdError, Overloaded, ProviderRefused
from freehold.words.dialects import Dialect

_JSON = b"content-type: application/json\r\n"
_ANTHROPIC = frozenset({Dialect.MESSAGES, Dialect.COUNT_TOKENS})

STATUS: dict[type[FreeholdError], int] = {
    errors.TryAnother: 502,
    errors.ProviderTimedOut: 504,
    errors.ProviderBusy: 503,
    errors.CannotServe: 502,
    errors.RateLimited: 429,
    errors.AllBusy: 429,
    errors.Wait: 503,
    errors.FixRequest: 400,
    errors.UnknownModel: 404,
    errors.NotFound: 404,
    errors.NotAuthenticated: 401,
    errors.NotAllowed: 403,
    errors.RequestTooLarge: 413,
    errors.HeadTooLarge: 431,
    errors.BudgetExhausted: 429,
    errors.NothingFits: 400,
    errors.AllFailed: 502,
    errors.AllTimedOut: 504,
    errors.DeadlineExceeded: 504,
    errors.StorageFailed: 503,
    errors.NotAvailable: 501,
    errors.GiveUp: 500,
    errors.FreeholdError: 500,
}
_OPENAI_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "invalid_request_error",
    413: "invalid_request_error",
    431: "invalid_request_error",
    429: "rate_limit_error",
}
_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    431: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}


def status_of(error: BaseException) -> int:
    """The HTTP status for an error: its own where a provider judged, else by the nearest class in the table."""
    if isinstance(error, ProviderRefused):
        return error.status
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return 500


def render(error: BaseException, dialect: Dialect | None, request_id: str) -> tuple[int, bytes, bytes]:
    """Status, header lines and body. What is not a FreeholdError is an internal error and says nothing of itself."""
    status = status_of(error)
    if isinstance(error, ProviderRefused) and _fits(error.body, dialect):
        return status, _JSON, error.body
    return status, _JSON + _retry_after(error), _body(error, dialect, status, request_id)


def render_event(error: BaseException, dialect: Dialect, request_id: str) -> bytes:
    """The same as the last event of a stream that has begun."""
    body = _body(error, dialect, status_of(error), request_id)
    if dialect is Dialect.MESSAGES:
        return b"event: error\ndata: %b\n\n" % body
    if dialect is Dialect.RESPONSES:
        detail = _detail(error, status_of(error))
        event = {"type": "error", "code": detail["code"], "message": detail["message"], "param": None}
        return b"event: error\ndata: %b\n\n" % msgspec.json.encode(event)
    return b"data: %b\n\n" % body


def refuse_early(error: FixRequest | Overloaded, path: str) -> tuple[int, bytes, bytes]:
    """For what is wrong before any route is known."""
    return render(error, Dialect.MESSAGES if path.startswith("/v1/messages") else None, "")


def _body(error: BaseException, dialect: Dialect | None, status: int, request_id: str) -> bytes:
    detail = _detail(error, status)
    if dialect in _ANTHROPIC:
        kind = _ANTHROPIC_TYPES.get(status, "api_error")
        shaped: dict[str, object] = {
            "type": "error",
            "error": {"type": kind, "message": detail["message"]},
            "request_id": request_id,
        }
    else:
        shaped = {"error": detail}
    return msgspec.json.encode(shaped)


def _detail(error: BaseException, status: int) -> dict[str, object]:
    if not isinstance(error, FreeholdError):
        message, code = "Freehold failed internally; its log says how.", "internal_error"
    else:
        message, code = f"{error.message} {error.advice}".strip(), error.code
    kind = "insufficient_quota" if code == "insufficient_quota" else _OPENAI_TYPES.get(status, "api_error")
    return {"message": message, "type": kind, "param": getattr(error, "parameter", None), "code": code}


def _retry_after(error: BaseException) -> bytes:
    seconds = getattr(error, "retry_after", None)
    return b"" if seconds is None else b"retry-after: %d\r\n" % math.ceil(seconds)


def _fits(body: bytes, dialect: Dialect | None) -> bool:
    """Whether a provider's own error is in the shape that this dialect's clients expect."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return False
    return "error" in fields and (fields.get("type") is not None) == (dialect in _ANTHROPIC)
