"""A provider's verdict on a request, retold in the client's dialect."""

from __future__ import annotations

from typing import Any

import msgspec

from freehold.ground.errors import ProviderRefused
from freehold.words.dialects import Dialect

_ANTHROPIC = frozenset({Dialect.MESSAGES, Dialect.COUNT_TOKENS})


class _Error(msgspec.Struct):
    message: str = ""
    type: str = ""
    param: str | None = None
    code: str | int | None = None


class _Body(msgspec.Struct):
    error: _Error


def retold(refused: ProviderRefused, dialect: Dialect) -> ProviderRefused:
    """The same refusal, with a body for a client of `dialect`; as it is where the body is nobody's we know."""
    try:
        error = msgspec.json.decode(refused.body, type=_Body).error
    except msgspec.DecodeError:
        return refused
    kind = error.type or "invalid_request_error"
    body: dict[str, Any]
    if dialect in _ANTHROPIC:
        body = {"type": "error", "error": {"type": kind, "message": error.message}}
    else:
        told = {"message": error.message, "type": kind, "param": error.param, "code": error.code}
        body = {"error": told}
    return ProviderRefused(refused.message, status=refused.status, body=msgspec.json.encode(body))
