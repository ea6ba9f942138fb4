"""Reasoning that comes back on the next turn.

Some providers want a model's reasoning handed back during a tool loop, each in a member of its own, and refuse or
ignore anyone else's. Messages and Responses let a client hand back only an opaque token (`signature`,
`encrypted_content`). So the token that Freehold writes there remembers whose reasoning it was and where it belongs;
when it comes back, the reasoning goes to that provider, in that member, and to nobody else: for all others the
reasoning of earlier turns is left out, which is what they would do with it themselves. The token is no secret and no
proof; a forged one only changes what its own client sends.

Anthropic's thinking blocks and their signatures travel through the hub as OpenRouter's `reasoning_details`.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from freehold.compute.dialects.pieces import Seal

CONTENT = "reasoning_content"
"""The member in which most providers write reasoning."""
DETAILS = "reasoning_details"
"""The member in which OpenRouter writes reasoning with its signatures."""
ANTHROPIC = "anthropic-claude-v1"
"""How `reasoning_details` marks what came from an Anthropic model."""

_PREFIX = "freehold:"
_FIELDS = frozenset({CONTENT, "reasoning", DETAILS})


class Token(msgspec.Struct, omit_defaults=True):
    """What the opaque token says."""

    provider: str
    field: str
    text: str = ""
    details: list[dict[str, Any]] | None = None

    def member(self, text: str = "") -> Any:
        """The value of the member in which the reasoning goes back."""
        return self.details if self.field == DETAILS else self.text or text


def seal_token(provider: str, seal: Seal, text: str = "") -> str:
    """The token for a stretch of reasoning. `text` only where the client may not hand the words back beside it."""
    record = Token(provider, seal.field, "" if seal.details else text, seal.details)
    return _PREFIX + base64.urlsafe_b64encode(msgspec.json.encode(record)).decode()


def open_token(token: str | None, provider: str) -> Token | None:
    """What the token says, if it is one of ours and `provider`'s; None otherwise."""
    if token is None or not token.startswith(_PREFIX):
        return None
    try:
        record = msgspec.json.decode(base64.urlsafe_b64decode(token[len(_PREFIX) :]), type=Token)
    except (msgspec.DecodeError, binascii.Error, ValueError):
        return None
    if record.provider != provider or record.field not in _FIELDS or not record.member("."):
        return None
    return record


def hand_back(message: dict[str, Any], token: Token, text: str = "") -> None:
    """Put reasoning into an assistant message of a chat request, after what is there already."""
    value = token.member(text)
    if value:
        before = message.get(token.field)
        message[token.field] = value if before is None else before + value


def merge_details(sofar: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
    """Add streamed parts of `reasoning_details` to those that came before: words of one entry are joined."""
    for part in new:
        last = sofar[-1] if sofar else None
        if last is None or any(last.get(key) != part.get(key, last.get(key)) for key in ("type", "index")):
            sofar.append(dict(part))
            continue
        for key, value in part.items():
            if key in ("text", "summary", "data") and isinstance(value, str) and isinstance(last.get(key), str):
                last[key] += value
            elif value is not None:
                last[key] = value
