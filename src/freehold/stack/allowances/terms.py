"""What a key may spend: one idea for budgets and rate limits."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from freehold.ground.errors import InvalidRequest
from freehold.ground.units import NANOS_PER_USD, NanoUsd

LARGEST = 10**15
"""Nano-dollars, tokens or requests: far from where a database's numbers end, also when thousands are added up."""


class Unit(StrEnum):
    """What is counted."""

    USD = "usd"
    TOKENS = "tokens"
    REQUESTS = "requests"


class Period(StrEnum):
    """The window in which it is counted, aligned to UTC."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class Allowance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most `limit` of `unit` in each `period`: "usd 5 a day", "requests 60 a minute".

    The limit is in US dollars, tokens or requests; 0 forbids. Raises ValueError where it is no number from 0 to a million
    dollars or 1e15 tokens or requests.
    """

    unit: Unit
    limit: float
    period: Period

    def __post_init__(self) -> None:
        most = LARGEST / NANOS_PER_USD if self.unit is Unit.USD else LARGEST
        if not 0 <= self.limit <= most:
            raise ValueError(f"the limit of {self.name} must lie between 0 and {most:g}")

    @property
    def name(self) -> str:
        """`unit/period`: a key has at most one allowance of each name."""
        return f"{self.unit.value}/{self.period.value}"

    @property
    def amount(self) -> int:
        """The limit in whole nano-dollars, tokens or requests."""
        return round(self.limit * NANOS_PER_USD) if self.unit is Unit.USD else int(self.limit)


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What a request takes, or may take at most. Raises ValueError where anything is negative."""

    requests: int = 1
    tokens: int = 0
    nano_usd: NanoUsd | None = NanoUsd(0)
    """None where the price is unknown."""

    def __post_init__(self) -> None:
        if self.requests < 0 or self.tokens < 0 or (self.nano_usd or 0) < 0:
            raise ValueError("a need cannot be negative")


NOTHING = Need(requests=0)


def check_distinct(allowances: tuple[Allowance, ...]) -> None:
    """Raises InvalidRequest where two allowances count the same thing over the same period."""
    names = [allowance.name for allowance in allowances]
    for name in names:
        if names.count(name) > 1:
            raise InvalidRequest(f"There are two allowances for {name}.", advice="Keep one.", parameter="allowances")


def needs_price(allowances: tuple[Allowance, ...]) -> bool:
    """True where a request can only be admitted if its price is known."""
    return any(allowance.unit is Unit.USD for allowance in allowances)
