"""What happened to a request: one receipt each, success or not."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from freehold.ground.units import Joules, Seconds, Usd
from freehold.words.dialects import Dialect
from freehold.words.prices import NO_USAGE, Usage


class Outcome(StrEnum):
    """How an attempt or a whole request ended."""

    OK = "ok"
    FAILED = "failed"
    """A provider's fault, or no provider left."""
    REFUSED = "refused"
    """The request's own fault, or a limit of its key."""
    CANCELLED = "cancelled"
    """The client went away, or a hedge won elsewhere."""


class Basis(StrEnum):
    """How a joule count came about."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    STATIC = "static"


class Energy(msgspec.Struct, frozen=True, kw_only=True):
    """Joules, and how they are known."""

    joules: Joules
    basis: Basis


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try at one offer."""

    provider: str
    model: str
    started: Seconds
    """Since the request arrived."""
    seconds: Seconds
    outcome: Outcome
    error: str = ""
    """Code of the error that ended it (see `freehold.ground.errors`)."""
    status: int | None = None
    """HTTP status of the provider's answer."""
    usd: Usd | None = None
    """What this attempt cost; None where unknown. A failed attempt before any answer costs nothing."""
    key: str = ""
    """Label of the provider key that was used, never the key."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked, who answered, what it cost, and what was tried first."""

    id: str
    time: float
    """When the request arrived: seconds since the epoch."""
    owner: str = ""
    """Id of the virtual key."""
    dialect: Dialect
    asked: str
    """The model as the client named it."""
    outcome: Outcome
    error: str = ""
    provider: str = ""
    model: str = ""
    layer: int | None = None
    place: str = ""
    stream: bool = False
    cached: bool = False
    """Answered from Freehold's own exact cache, at no cost."""
    usage: Usage = NO_USAGE
    usd: Usd | None = None
    """Sum over all attempts; None where any part of it is unknown."""
    energy: Energy | None = None
    first_byte: Seconds | None = None
    """Until the first byte of the answer came in."""
    seconds: Seconds = Seconds(0.0)
    attempts: tuple[Attempt, ...] = ()


class TracedReceipt(Receipt, frozen=True, kw_only=True):
    """The receipt of a request that came with a trace. The record keeps it without."""

    trace: str
    """W3C traceparent of the client's span."""
