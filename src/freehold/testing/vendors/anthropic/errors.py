"""Anthropic's errors, in its shape and with its types."""

from __future__ import annotations

from typing import Any

from freehold.testing.vendors.loopback import Failure

_REQUEST = "req_loopback"


def failure(status: int, kind: str, message: str, *, headers: dict[str, str] | None = None, **details: str) -> Failure:
    """Any error of Anthropic's."""
    error: dict[str, Any] = {"type": kind, "message": message}
    if details:
        error["details"] = details
    return Failure(status, {"type": "error", "error": error, "request_id": _REQUEST}, headers)


def invalid(message: str) -> Failure:
    """The request is wrong."""
    return failure(400, "invalid_request_error", message)


def unauthenticated(message: str) -> Failure:
    """No key, or not one of theirs."""
    return failure(401, "authentication_error", message)


def unknown_model(model: str) -> Failure:
    """No such model, or not for this key."""
    return failure(404, "not_found_error", f"model: {model}")


def rate_limited(seconds: int = 20) -> Failure:
    """429 that passes: wait the stated time."""
    message = "This request would exceed your organization's rate limit of 50 requests per minute."
    headers = {"retry-after": str(seconds), "anthropic-ratelimit-requests-remaining": "0"}
    return failure(429, "rate_limit_error", message, headers=headers)


def spend_limit_reached() -> Failure:
    """429 that does not pass before next month, told apart only by its details and the missing retry-after."""
    message = "Your organization has reached its monthly spend limit."
    return failure(429, "rate_limit_error", message, error_code="enforced_spend_limit_reached")


def out_of_credit() -> Failure:
    """400, of all things: the account has no money left."""
    return invalid(
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to purchase credits."
    )


def billing() -> Failure:
    """402."""
    return failure(402, "billing_error", "There is an issue with your billing or payment information.")


def forbidden() -> Failure:
    """403."""
    return failure(403, "permission_error", "Your API key does not have permission to use the specified resource.")


def server_error() -> Failure:
    """500."""
    return failure(500, "api_error", "Internal server error")


def overloaded() -> Failure:
    """529."""
    return failure(529, "overloaded_error", "Overloaded")
