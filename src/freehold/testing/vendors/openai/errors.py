"""OpenAI's errors, in its shape and with its types and codes."""

from __future__ import annotations

from freehold.testing.vendors.loopback import Failure, Json

PROSE_400 = "invalid_request_error"


def failure(
    status: int, message: str, *, kind: str = PROSE_400, param: str | None = None, code: str | None = None
) -> Failure:
    """Any error of OpenAI's."""
    return Failure(status, {"error": {"message": message, "type": kind, "param": param, "code": code}})


def invalid(message: str, param: str | None = None, code: str | None = None) -> Failure:
    """The request is wrong."""
    return failure(400, message, param=param, code=code)


def missing(param: str) -> Failure:
    """A field that has to be there is not."""
    return invalid(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def unknown_model(model: str) -> Failure:
    """No such model, or not for this key."""
    message = f"The model `{model}` does not exist or you do not have access to it."
    return failure(404, message, code="model_not_found")


def no_key() -> Failure:
    """Nothing to authenticate with."""
    return failure(401, "You didn't provide an API key. You need to provide your API key in an Authorization header.")


def wrong_key(shown: str) -> Failure:
    """A key that is not, or no longer, one. As OpenAI does, it shows only the ends of it."""
    masked = f"{shown[:7]}{'*' * 8}{shown[-4:]}" if len(shown) > 11 else "*" * len(shown)
    message = f"Incorrect API key provided: {masked}. You can find your API key at your account page."
    return failure(401, message, code="invalid_api_key")


def rate_limited(seconds: int = 20, limit: int = 3) -> Failure:
    """429 that passes: wait the stated time."""
    message = (
        f"Rate limit reached for requests: Limit {limit}, Used {limit}, Requested 1. Please try again in {seconds}s."
    )
    body: Json = {"error": {"message": message, "type": "requests", "param": None, "code": "rate_limit_exceeded"}}
    headers = {
        "retry-after": str(seconds),
        "retry-after-ms": str(seconds * 1000),
        "x-ratelimit-limit-requests": str(limit),
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": f"{seconds}s",
    }
    return Failure(429, body, headers)


def out_of_quota(code: str = "insufficient_quota") -> Failure:
    """429 that does not pass: the account has no money left, or `code` says which limit on spending is reached."""
    message = "You exceeded your current quota, please check your plan and billing details."
    return failure(429, message, kind="insufficient_quota", code=code)


def server_error() -> Failure:
    """500."""
    return failure(500, "The server had an error while processing your request. Sorry about that!", kind="server_error")


def overloaded() -> Failure:
    """503."""
    return failure(503, "The engine is currently overloaded, please try again later.", kind="server_error")
