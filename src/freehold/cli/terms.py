"""Reading what people write: `5usd/day`, `60req/min`, `1M/month`, `2h`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from freehold.stack.allowances.terms import Allowance

_ALLOWANCE = re.compile(r"\$?(\d[\d_,]*(?:\.\d+)?)([kMG]?)\s*([a-zA-Z]*)\s*/\s*([a-z]+)")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw]?)")
_TIMES = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_PERIODS = {
    "min": "minute",
    "minute": "minute",
    "h": "hour",
    "hour": "hour",
    "day": "day",
    "d": "day",
    "month": "month",
}
_UNITS = {
    "usd": frozenset({"", "usd"}),
    "requests": frozenset({"", "req", "request", "requests"}),
    "tokens": frozenset({"", "tok", "token", "tokens"}),
}


def allowance(unit: str) -> Callable[[str], Allowance]:
    """Reads "at most so much per period"; `unit` is usd, requests or tokens."""

    def read(text: str) -> Allowance:
        from freehold.stack.allowances.terms import Allowance, Period, Unit

        match = _ALLOWANCE.fullmatch(text.strip())
        if match is None or match[3].lower() not in _UNITS[unit] or match[4] not in _PERIODS:
            raise click.BadParameter(f"{text!r} is not like {_EXAMPLES[unit]}; periods are min, hour, day and month.")
        limit = float(re.sub("[_,]", "", match[1])) * _TIMES[match[2]]
        try:
            return Allowance(unit=Unit(unit), limit=limit, period=Period(_PERIODS[match[4]]))
        except ValueError as error:
            raise click.BadParameter(f"{error}.") from error

    return read


def span(text: str) -> float:
    """A span of time in seconds: 90, 30s, 15m, 2h, 7d, 4w."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise click.BadParameter(f"{text!r} is not a span like 90, 30s, 15m, 2h, 7d or 4w.")
    return float(match[1]) * _SECONDS[match[2]]


_EXAMPLES = {"usd": "5usd/day", "requests": "60req/min", "tokens": "1M/month"}
