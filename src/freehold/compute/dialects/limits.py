"""The bound on the tokens of an answer, as the upstream can take it."""

from __future__ import annotations

from typing import Any

from freehold.words.offers import Offer

DEFAULT_MAX_TOKENS = 8192
"""Where Messages must have a bound, the request has none, and the offer's own is unknown."""


def chat_limit(asked: int | None, offer: Offer) -> dict[str, int]:
    """The bound as a chat field.

    It is lowered to what the offer can do, and left out where the whole context is smaller: there it binds nothing, and
    some servers refuse it. A service that wants OpenAI's newer name for it says so in its row.
    """
    if asked is None:
        return {}
    if offer.max_output is not None:
        asked = min(asked, offer.max_output)
    elif offer.context is not None and asked >= offer.context:
        return {}
    return {"max_tokens": asked}


def messages_limit(asked: int | None, offer: Offer) -> int:
    """The bound as Messages wants it."""
    if asked is None:
        return offer.max_output or DEFAULT_MAX_TOKENS
    return asked if offer.max_output is None else min(asked, offer.max_output)


def text_only(parts: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """Content parts of a chat message, as a plain string where there is one text: not every server reads lists."""
    if len(parts) == 1 and parts[0]["type"] == "text":
        return str(parts[0]["text"])
    return parts
