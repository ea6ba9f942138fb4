"""What can go wrong, at whose door it is provoked, and with which status it reaches the client."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from .upstreams import OPENAI, Upstream


class Fault(StrEnum):
    """Something that goes wrong, and has to reach a client as the error that it knows for it."""

    WRONG_KEY = "wrong_key"
    UNKNOWN_HERE = "unknown_here"
    UNKNOWN_THERE = "unknown_there"
    BUSY = "busy"
    DOWN = "down"


class Provoked(msgspec.Struct, frozen=True, kw_only=True):
    """How a fault is told in the table, provoked and recognised."""

    title: str
    model: str
    status: int


FAULTS = {
    Fault.WRONG_KEY: Provoked(title="Key that is not the gateway's", model=OPENAI.model, status=401),
    Fault.UNKNOWN_HERE: Provoked(title="Model that nobody offers", model="nobody/has-this", status=404),
    Fault.UNKNOWN_THERE: Provoked(
        title="Model that its provider does not have", model="anthropic/claude-0", status=404
    ),
    Fault.BUSY: Provoked(title="Every provider busy, with Retry-After", model="busy/gpt-4o-mini", status=429),
    Fault.DOWN: Provoked(title="No provider within reach", model="gone/gpt-4o-mini", status=502),
}


def asking_for(model: str) -> Upstream:
    """Any question, put to that model."""
    return msgspec.structs.replace(OPENAI, model=model)


ENDLESS = asking_for("endless/gpt-4o-mini")
"""Says "Well" to who streams, nothing to who does not, and never comes to an end."""
